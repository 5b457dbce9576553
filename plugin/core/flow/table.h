/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * From a key to the newest life of its 4-tuple. Asked for each segment: what is looked at lies in one line of the
 * processor's cache as a rule, and of the flows only the right one is touched.
 */
#ifndef TCPTRIAGE_CORE_FLOW_TABLE_H
#define TCPTRIAGE_CORE_FLOW_TABLE_H

#include "core/flow/key.h"

/** As many as a line of 64 bytes holds with their hashes. */
#define TCPT_LINE_OWNERS 5

/** Owners of hashes that lead here, or to a line before this one where all was taken. */
typedef struct tcpt_flow_line {
    uint32_t hashes[TCPT_LINE_OWNERS]; /**< 0 is a free place */
    uint32_t passed;                   /**< owners that belong here or before and are farther on */
    void *owners[TCPT_LINE_OWNERS];    /**< flows, or what stands for them: see tcpt_record.owner. Both begin with
                                        * their key */
} tcpt_flow_line;

/** All zero is an empty table. What it leads to is not owned. */
typedef struct tcpt_flow_table {
    tcpt_flow_line *lines;
    void *room;     /**< that they lie in */
    uint32_t count; /**< of lines: a power of two, or 0 */
    uint32_t used;  /**< places */
} tcpt_flow_table;

/** What has that key, or NULL. */
void *tcpt_flow_table_find(const tcpt_flow_table *table, const tcpt_flow_key *key, uint32_t hash);

/** Add a flow, or what stands for it, of whose key there is nothing yet. The result is its place, until the next one is
 * added or one removed. */
void **tcpt_flow_table_add(tcpt_flow_table *table, void *owner, uint32_t hash);

/** Put a flow, or what stands for it, in the place of what has the same key. */
void **tcpt_flow_table_replace(tcpt_flow_table *table, void *owner, uint32_t hash);

/** Put what has the same key in the place of what was there, unless another owner has taken that. */
void tcpt_flow_table_exchange(const tcpt_flow_table *table, const void *was, void *owner, uint32_t hash);

/** Take out what is there under its key, unless another owner has taken its place. */
void tcpt_flow_table_remove(tcpt_flow_table *table, const void *owner, uint32_t hash);

/** Free what the table owns. */
void tcpt_flow_table_clear(tcpt_flow_table *table);

#endif
