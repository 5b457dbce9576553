/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Which padded frames are told of: one per direction of a flow, and few where handshakes are never finished. Inside the
 * room only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_PADDING_H
#define TCPTRIAGE_CORE_PEERS_PADDING_H

#include "tcptriage/observation.h"
#include "tcptriage/segment.h"

/** A capture's budget for handshakes without an end. */
typedef struct tcpt_padding_budget {
    uint32_t spent; /**< frames told of in flows whose handshake is not finished */
} tcpt_padding_budget;

/** Whether a padded segment is told of. Its flow keeps that it was, and how much of the budget that took. */
bool tcpt_padding_tells(const tcpt_padding_budget *budget, const tcpt_flow *flow, const tcpt_segment *segment,
                        const tcpt_observation *seen);

#endif
