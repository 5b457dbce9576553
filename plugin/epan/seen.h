/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Which flows were seen: a bit for each, as there may be millions.
 */
#ifndef TCPTRIAGE_EPAN_SEEN_H
#define TCPTRIAGE_EPAN_SEEN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <glib.h>

/** @return whether a flow's number is noted for the first time */
static inline bool tcpt_seen_first(GByteArray *seen, uint32_t number)
{
    unsigned at = number / 8, before = seen->len;
    uint8_t bit = (uint8_t)(1 << number % 8);
    bool first;

    if (at >= before) {
        g_byte_array_set_size(seen, at + 1);
        memset(seen->data + before, 0, at + 1 - before);
    }
    first = !(seen->data[at] & bit);
    seen->data[at] |= bit;
    return first;
}

#endif
