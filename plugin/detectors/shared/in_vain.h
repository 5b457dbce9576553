/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Data sent again and again to an end that speaks, and acknowledges none of it.
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_IN_VAIN_H
#define TCPTRIAGE_DETECTORS_SHARED_IN_VAIN_H

#include "tcptriage/detector.h"

/** What one end has sent again since the other's ACK moved last. */
typedef struct tcpt_in_vain {
    tcpt_finding *finding;
    tcpt_record *first;  /**< the first repeat */
    tcpt_record *heard;  /**< the other end's newest segment that was due to acknowledge one */
    tcpt_record *answer; /**< its newest bare ACK that refuses one; NULL for none */
    int64_t first_ns;
    int64_t round_ns;     /**< newest repeat that counts */
    uint32_t payloads;    /**< of the other end, up to that repeat */
    uint32_t acked;       /**< where the other end's ACK stands; valid with rounds */
    bool told;            /**< that nothing at all came back has been said */
    uint16_t rounds;      /**< repeats of the oldest bytes, a round trip and more apart; saturating */
    uint16_t heard_often; /**< how many of them the other end had time to acknowledge when it spoke; saturating */
    uint16_t refused;     /**< how many of them drew a bare ACK that acknowledges nothing new; saturating */
} tcpt_in_vain;

/** Count the context's segment if it is such a repeat. */
void tcpt_count_in_vain(const tcpt_context *context, tcpt_in_vain *mine);

/** Whether there were enough of them, and the other end was heard often enough in between. */
bool tcpt_is_in_vain(const tcpt_in_vain *mine);

/** Whether (nearly) each of them was answered by a bare ACK: they arrive, and are refused. */
bool tcpt_is_refused(const tcpt_in_vain *mine);

/** Whether the other end has not acknowledged a byte since. */
bool tcpt_still_in_vain(const tcpt_context *context, const tcpt_in_vain *mine, unsigned sender);

#endif
