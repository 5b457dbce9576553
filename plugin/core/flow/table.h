/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * From a key to the newest life of its 4-tuple. Asked for each segment: open addressing, with the hashes in an array of
 * their own, so that a look-up touches one flow, the right one.
 */
#ifndef TCPTRIAGE_CORE_FLOW_TABLE_H
#define TCPTRIAGE_CORE_FLOW_TABLE_H

#include "core/flow/key.h"

/** All zero is an empty table. What it leads to is not owned. */
typedef struct tcpt_flow_table {
    uint32_t *hashes; /**< 0 is a free place */
    void **owners;    /**< flows, or what stands for them: see tcpt_record.owner. Both begin with their key */
    uint32_t places;  /**< a power of two, or 0 */
    uint32_t used;
} tcpt_flow_table;

/** What has that key, or NULL. */
void *tcpt_flow_table_find(const tcpt_flow_table *table, const tcpt_flow_key *key, uint32_t hash);

/** Add a flow, or what stands for it, by its key, or put it in the place of what has the same key. */
void tcpt_flow_table_set(tcpt_flow_table *table, void *owner, uint32_t hash);

/** Take out what is there under its key, unless another owner has taken its place. */
void tcpt_flow_table_remove(tcpt_flow_table *table, const void *owner, uint32_t hash);

/** Free what the table owns. */
void tcpt_flow_table_clear(tcpt_flow_table *table);

#endif
