/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What identifies a flow, compared. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_KEY_H
#define TCPTRIAGE_CORE_FLOW_KEY_H

#include <string.h>

#include "tcptriage/flow.h"

/** The key of a flow, or of what stands for one: it is the first in each. */
static inline const tcpt_flow_key *tcpt_key_of(const void *owner)
{
    return (const tcpt_flow_key *)(const void *)((const char *)owner - ((uintptr_t)owner & 3));
}

/** Whether two keys are the same. */
static inline bool tcpt_same_key(const tcpt_flow_key *a, const tcpt_flow_key *b)
{
    const uint8_t *at_a = (const uint8_t *)a, *at_b = (const uint8_t *)b;
    uint64_t differ = 0;

    for (unsigned at = 0; at < sizeof *a; at += 8) { /* inlined where memcmp() is a call */
        uint64_t word_a, word_b;

        memcpy(&word_a, at_a + at, 8);
        memcpy(&word_b, at_b + at, 8);
        differ |= word_a ^ word_b;
    }
    return differ == 0;
}

#endif
