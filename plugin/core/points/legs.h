/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What two members of a connection have in common: the way of its segments between them. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_LEGS_H
#define TCPTRIAGE_CORE_POINTS_LEGS_H

#include "core/points/connection.h"

struct tcpt_loss_table;

/** Two members of a connection, and the segments that both have seen. */
typedef struct tcpt_leg {
    struct tcpt_leg *next;
    uint8_t a; /**< smaller index */
    uint8_t b;
    bool recut;                /**< one has in pieces what the other has whole */
    bool learned[2];           /**< by way: the two below tell something */
    int32_t ids_changed[2];    /**< segments whose IP ID was rewritten between them, minus those that kept it */
    int32_t tsvals_changed[2]; /**< the same for timestamps */
    bool sack_not_adjusted;
    bool tsval_shift_known[2];
    uint32_t tsval_shift[2];  /**< by way: timestamp at b minus timestamp at a, of the first that both have seen */
    int64_t complete_from_ns; /**< by a's clock: what b has from then on can be looked for at a */
    uint32_t matched[2];      /**< segments seen at both, by way */
    int64_t least_ns[2];      /**< time at b minus time at a, by way */
    int64_t most_ns[2];
    int64_t newest_ns[2];
    uint32_t ttl_falls[2]; /**< lower at b than at a */
    uint32_t ttl_rises[2];
    struct tcpt_loss_table
        *losses[2][2]; /**< by way; 0 seen at a and looked for at b, 1 the reverse. NULL while empty */
} tcpt_leg;

/** The leg between two members, made when it is new. */
tcpt_leg *tcpt_leg_of(tcpt_connection *connection, unsigned a, unsigned b);

/** The same, or NULL. */
static inline const tcpt_leg *tcpt_leg_between(const tcpt_connection *connection, unsigned a, unsigned b)
{
    const tcpt_leg *leg = connection->legs;

    while (leg && (leg->a != (a < b ? a : b) || leg->b != (a < b ? b : a)))
        leg = leg->next;
    return leg;
}

#endif
