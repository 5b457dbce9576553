/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * SYNs without an answer: what syn_unanswered and tsval_backwards share.
 */
#ifndef TCPTRIAGE_CORE_UNANSWERED_SYN_H
#define TCPTRIAGE_CORE_UNANSWERED_SYN_H

#include "tcptriage/detector.h"

/** Whether this segment is a SYN's second retry or a later one, unanswered so far, while a SYN of the same address to the
 * same port was answered within 60 s. */
bool tcpt_syn_left_out(const tcpt_context *context);

/** Whether its TSval lies behind what the server last saw of this address, by the rule of tcp_tw_recycle
 * (tcp_peer_is_proven() of Linux before 4.12), on one clock that at least two connections fitted. `delta` is set then. */
bool tcpt_tsval_behind(const tcpt_context *context, int32_t *delta);

#endif
