/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A bounded table of pairs (peers.h) in two generations. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_PAIR_TABLE_H
#define TCPTRIAGE_CORE_PEERS_PAIR_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "tcptriage/peers.h"

/** Pairs by hash, open-addressed. */
typedef struct tcpt_generation {
    tcpt_pair *slots;
    uint32_t slot_count; /**< a power of two */
    uint32_t used;
    uint32_t busy; /**< pairs that have more than their slot */
    int64_t born_ns;
} tcpt_generation;

/** When the young generation is full, or old enough, it becomes the old one, and that is dropped. Zeroed to begin with.
 */
typedef struct tcpt_pair_table {
    tcpt_generation young;
    tcpt_generation old;
    uint32_t slots_max; /**< of one generation, a power of two; half of them are used at the most */
} tcpt_pair_table;

/** @return the pair where it is, or NULL */
tcpt_pair *tcpt_pairs_find(const tcpt_pair_table *in, uint64_t hash);

/** Find the pair and move it to the young generation, which has room for one more then. @return NULL when it is new */
tcpt_pair *tcpt_pairs_refresh(tcpt_pair_table *in, uint64_t hash, int64_t now_ns);

/** Put a pair into the young generation, which has room. Where it comes from its hash stays, for the chain of slots. */
tcpt_pair *tcpt_pairs_adopt(tcpt_pair_table *in, tcpt_pair *from);

/** Free what the table holds. */
void tcpt_pairs_clear(tcpt_pair_table *pairs);

/** Bytes that it takes. */
size_t tcpt_pairs_bytes(const tcpt_pair_table *pairs);

#endif
