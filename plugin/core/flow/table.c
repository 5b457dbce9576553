/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/table.h"

#include <glib.h>
#include <string.h>

enum { PLACES_FIRST = 64 };

static const tcpt_flow_key *key_of(const void *owner)
{
    return (const tcpt_flow_key *)((const char *)owner - tcpt_is_lone(owner));
}

/* The place of a key, or the free one where it belongs. */
static uint32_t place_of(const tcpt_flow_table *table, const tcpt_flow_key *key, uint32_t hash)
{
    uint32_t at = hash & (table->places - 1);

    while (table->hashes[at] && !(table->hashes[at] == hash && tcpt_same_key(key_of(table->owners[at]), key)))
        at = (at + 1) & (table->places - 1);
    return at;
}

void *tcpt_flow_table_find(const tcpt_flow_table *table, const tcpt_flow_key *key, uint32_t hash)
{
    uint32_t at;

    if (!table->places)
        return NULL;
    at = place_of(table, key, hash);
    return table->hashes[at] ? table->owners[at] : NULL;
}

static void grow(tcpt_flow_table *table)
{
    tcpt_flow_table old = *table;

    table->places = old.places ? old.places * 2 : PLACES_FIRST;
    table->hashes = g_new0(uint32_t, table->places);
    table->owners = g_new(void *, table->places);
    for (uint32_t i = 0; i < old.places; i++) {
        uint32_t at = old.hashes[i] & (table->places - 1);

        if (!old.hashes[i])
            continue;
        while (table->hashes[at]) /* all keys differ */
            at = (at + 1) & (table->places - 1);
        table->hashes[at] = old.hashes[i];
        table->owners[at] = old.owners[i];
    }
    tcpt_flow_table_clear(&old);
}

void tcpt_flow_table_set(tcpt_flow_table *table, void *owner, uint32_t hash)
{
    uint32_t at;

    if ((uint64_t)table->used * 4 >= (uint64_t)table->places * 3)
        grow(table);
    at = place_of(table, key_of(owner), hash);
    table->used += !table->hashes[at];
    table->hashes[at] = hash;
    table->owners[at] = owner;
}

/* What lies behind a free place moves up, unless that were before the place where it belongs. */
static void close_gap(tcpt_flow_table *table, uint32_t gap)
{
    uint32_t mask = table->places - 1;

    for (uint32_t at = (gap + 1) & mask; table->hashes[at]; at = (at + 1) & mask) {
        uint32_t home = table->hashes[at] & mask;

        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        table->hashes[gap] = table->hashes[at];
        table->owners[gap] = table->owners[at];
        gap = at;
    }
    table->hashes[gap] = 0;
}

void tcpt_flow_table_remove(tcpt_flow_table *table, const void *owner, uint32_t hash)
{
    uint32_t at = place_of(table, key_of(owner), hash);

    if (!table->hashes[at] || table->owners[at] != owner)
        return;
    table->used--;
    close_gap(table, at);
}

void tcpt_flow_table_clear(tcpt_flow_table *table)
{
    g_free(table->hashes);
    g_free(table->owners);
    *table = (tcpt_flow_table){0};
}
