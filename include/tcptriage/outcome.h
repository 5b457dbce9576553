/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * How a connection ended, as far as it was captured.
 */
#ifndef TCPTRIAGE_OUTCOME_H
#define TCPTRIAGE_OUTCOME_H

#include <stdbool.h>

#include "tcptriage/flow.h"

typedef enum tcpt_outcome {
    TCPT_OUTCOME_CLOSED,      /**< both ends closed, and both FINs were acknowledged or the last ACK alone is missing */
    TCPT_OUTCOME_HALF_CLOSED, /**< one end closed, the other may still send */
    TCPT_OUTCOME_RESET,
    TCPT_OUTCOME_OPEN,      /**< the capture ends while it lives */
    TCPT_OUTCOME_REFUSED,   /**< a RST answered the SYN */
    TCPT_OUTCOME_NO_ANSWER, /**< SYNs, and nothing back */
    TCPT_OUTCOME_HANDSHAKE_FAILED,
    TCPT_OUTCOME_SILENT,  /**< ends in unanswered data, FIN or probes; sent again, or for long not even that */
    TCPT_OUTCOME_STUCK,   /**< an end owes its close, or its window */
    TCPT_OUTCOME_PARTIAL, /**< no handshake, or one direction: the capture does not tell */
    TCPT_OUTCOMES
} tcpt_outcome;

/** "closed", "half_closed", ...: the value of tcptriage.flow.outcome. */
const char *tcpt_outcome_name(tcpt_outcome outcome);

/** The same in words, for a report: "no answer". */
const char *tcpt_outcome_words(tcpt_outcome outcome);

/** Whether the connection failed: such a flow never goes without a finding. */
bool tcpt_outcome_is_failure(tcpt_outcome outcome);

/** The outcome of a flow of which only one SYN was seen, that long ago. */
tcpt_outcome tcpt_outcome_of_syn(int64_t waited_ns);

/** The outcome of a settled flow. */
tcpt_outcome tcpt_outcome_of(const tcpt_flow *flow);

/** Whether an end has sent what is not acknowledged, and has not sent it again for longer than any timer waits, while
 * the capture went on. */
bool tcpt_is_abandoned(const tcpt_flow *flow, unsigned sender);

/** How many bytes of its answer a server had sent, and not got acknowledged, when it reset the connection right behind
 * them: its process was killed, or closed it with unread bytes of the client's, or told its socket not to linger. 0
 * where that is not so. */
uint32_t tcpt_answer_cut_short(const tcpt_flow *flow);

#endif
