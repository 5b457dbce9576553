/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * SYNs without an answer: what syn_unanswered, connect_unanswered and tsval_backwards share.
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_UNANSWERED_SYN_H
#define TCPTRIAGE_DETECTORS_SHARED_UNANSWERED_SYN_H

#include <glib.h>

#include "tcptriage/detector.h"

/** Whether this segment is a SYN's second retry or a later one, and nothing has come back so far. */
bool tcpt_syn_retried(const tcpt_context *context);

/** The same, while a SYN of the same address to the same port was answered within 60 s. */
bool tcpt_syn_left_out(const tcpt_context *context);

/** Whether its TSval lies behind what the server last saw of this address, by the rule of tcp_tw_recycle
 * (tcp_peer_is_proven() of Linux before 4.12), on one clock that at least two connections fitted. `delta` is set then.
 */
bool tcpt_tsval_behind(const tcpt_context *context, int32_t *delta);

/** What the capture says of one possible cause. */
typedef enum tcpt_judgement { TCPT_CAUSE_POSSIBLE, TCPT_CAUSE_LIKELY, TCPT_CAUSE_RULED_OUT } tcpt_judgement;

/** A cause of rule C.5: `name` is a few words for the summary. */
typedef struct tcpt_syn_cause {
    const char *name;
    /** `evidence` takes a few words more for the name, in brackets; `why_not` is set, to a static sentence, where the
     * cause is ruled out. */
    tcpt_judgement (*judge)(const tcpt_context *context, GString *evidence, const char **why_not);
} tcpt_syn_cause;

/** All of them, ended by one without a name. To be asked on SYNs of which tcpt_syn_left_out() is true. */
extern const tcpt_syn_cause tcpt_syn_causes[];

#endif
