/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * From a key to the newest life of its 4-tuple. Asked for each segment: open addressing, with the hashes in an array of
 * their own, so that a look-up touches one flow, the right one.
 */
#ifndef TCPTRIAGE_CORE_FLOW_TABLE_H
#define TCPTRIAGE_CORE_FLOW_TABLE_H

#include "core/flow/key.h"

/** All zero is an empty table. Flows are not owned. */
typedef struct tcpt_flow_table {
    uint32_t *hashes; /**< 0 is a free place */
    tcpt_flow **flows;
    uint32_t places; /**< a power of two, or 0 */
    uint32_t used;
} tcpt_flow_table;

/** The flow with that key, or NULL. */
tcpt_flow *tcpt_flow_table_find(const tcpt_flow_table *table, const tcpt_flow_key *key, uint32_t hash);

/** Add a flow by its key, or put it in the place of the one that has the same key. */
void tcpt_flow_table_set(tcpt_flow_table *table, tcpt_flow *flow, uint32_t hash);

/** Free what the table owns. */
void tcpt_flow_table_clear(tcpt_flow_table *table);

#endif
