/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What several detectors ask about a flow's close.
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_CLOSE_DUE_H
#define TCPTRIAGE_DETECTORS_SHARED_CLOSE_DUE_H

#include "tcptriage/flow.h"

/** How sure it is that an end must have closed by what its payload said. */
typedef enum tcpt_close_due {
    TCPT_CLOSE_NOT_DUE,
    TCPT_CLOSE_DUE_MAYBE,   /**< it said so, but the end of its message cannot be told */
    TCPT_CLOSE_DUE_COMPLETE /**< and its message is complete */
} tcpt_close_due;

/** Whether `end` owes a close by its own payload, all of which was captured, and none of its close was seen. */
tcpt_close_due tcpt_close_due_from(const tcpt_flow *flow, unsigned end);

/** Why, as the rest of a sentence: "its response said Connection: close". */
const char *tcpt_close_due_reason(const tcpt_flow *flow, unsigned end);

/** Whether nothing of `end`'s close shows: no FIN seen, none acknowledged, no RST of it, and no hole to hide one. */
bool tcpt_close_unseen(const tcpt_flow *flow, unsigned end);

#endif
