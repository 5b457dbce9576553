/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/release.h"

#include <string.h>

#include <glib.h>

#include "tcptriage/blocks.h"
#include "core/finding/memory.h"

/* One collection. */
typedef struct collection {
    const tcpt_release_from *from;
    tcpt_record_map *map;
    uint8_t *used;       /* a bit for each record, by number */
    GHashTable *leaving; /* set of tcpt_flow: those that nobody has been found to refer to so far */
    uintptr_t lowest;    /* addresses of those */
    uintptr_t highest;
    GPtrArray *to_look_at; /* flows that stay, and were not looked into yet */
} collection;

static void stay(collection *of, tcpt_flow *flow)
{
    if (g_hash_table_remove(of->leaving, flow))
        g_ptr_array_add(of->to_look_at, flow);
}

static void use_record(collection *of, uint32_t number)
{
    const tcpt_record *record;

    if (of->used[number / 8] & 1u << number % 8)
        return;
    record = tcpt_records_at(of->from->records, number);
    if (tcpt_record_is_spare(record))
        return;
    of->used[number / 8] |= (uint8_t)(1u << number % 8);
    if (!tcpt_is_lone(record->owner))
        stay(of, record->owner);
}

static void look_at_word(collection *of, const void *word)
{
    uintptr_t address = (uintptr_t)word;
    uint32_t number;

    if (tcpt_record_map_find(of->map, address, &number))
        use_record(of, number);
    else if (address >= of->lowest && address <= of->highest && g_hash_table_contains(of->leaving, word))
        stay(of, g_hash_table_lookup(of->leaving, word));
}

static void look_into(const void *block, size_t bytes, void *data)
{
    const char *at = block, *end = at + bytes / sizeof(void *) * sizeof(void *);

    for (; at < end; at += sizeof(void *)) {
        const void *word;

        memcpy(&word, at, sizeof word);
        look_at_word(data, word);
    }
}

static void look_into_flow(collection *of, const tcpt_flow *flow)
{
    tcpt_flow_each_block(flow, look_into, of);
    tcpt_memory_each_block(flow, look_into, of);
    tcpt_found_each_block(flow, look_into, of);
    for (unsigned i = 0; i < TCPT_FINGERPRINTS; i++)
        if (flow->seen[i].hash)
            use_record(of, flow->seen[i].record);
}

/* What is shown of a frame stays, and what it is shown of. */
static void keep_noted(collection *of)
{
    for (uint32_t number = 0; number < of->from->records->count; number++) {
        const tcpt_record *record = tcpt_records_at(of->from->records, number);

        if (!tcpt_record_is_spare(record) && record->notes)
            use_record(of, number);
    }
}

static void ask_flows(collection *of)
{
    for (uint32_t number = 0; number < tcpt_flows_count(of->from->flows); number++) {
        void *owner = tcpt_flows_at(of->from->flows, number);

        if (tcpt_is_lone(owner) || !of->from->may_go(owner, of->from->data))
            continue;
        g_hash_table_add(of->leaving, owner);
        of->lowest = MIN(of->lowest, (uintptr_t)owner);
        of->highest = MAX(of->highest, (uintptr_t)owner);
    }
}

static void look_into_flows(collection *of)
{
    for (uint32_t number = 0; number < tcpt_flows_count(of->from->flows); number++) {
        void *owner = tcpt_flows_at(of->from->flows, number);

        if (tcpt_is_lone(owner))
            use_record(of, tcpt_lone_of(owner)->record_number);
        else if (!g_hash_table_contains(of->leaving, owner))
            look_into_flow(of, owner);
    }
}

static void find_used(collection *of)
{
    keep_noted(of);
    g_ptr_array_set_size(of->to_look_at, 0); /* they are looked into with all others that stay */
    look_into_flows(of);
    tcpt_peers_each_block(of->from->peers, look_into, of);
    tcpt_points_each_block(of->from->points, look_into, of);
    tcpt_findings_each_block(of->from->findings, look_into, of);
    while (of->to_look_at->len > 0)
        look_into_flow(of, g_ptr_array_remove_index_fast(of->to_look_at, of->to_look_at->len - 1));
}

static bool leaves(const tcpt_flow *flow, void *data)
{
    return g_hash_table_contains(((const collection *)data)->leaving, flow);
}

static void release_flows(collection *of)
{
    GHashTableIter each;
    gpointer flow;

    if (g_hash_table_size(of->leaving) == 0)
        return;
    g_hash_table_iter_init(&each, of->leaving);
    while (g_hash_table_iter_next(&each, &flow, NULL)) {
        of->from->gone(flow, of->from->data);
        tcpt_memory_clear(flow);
    }
    tcpt_flows_release(of->from->flows, leaves, of);
}

static void release_records(const collection *of)
{
    for (uint32_t number = 0; number < of->from->records->count; number++)
        if (!(of->used[number / 8] & 1u << number % 8))
            tcpt_records_release(of->from->records, number);
}

void tcpt_release_unused(const tcpt_release_from *from)
{
    collection of = {.from = from,
                     .map = tcpt_record_map_new(from->records),
                     .used = g_malloc0(from->records->count / 8 + 1),
                     .leaving = g_hash_table_new(NULL, NULL),
                     .lowest = UINTPTR_MAX,
                     .to_look_at = g_ptr_array_new()};

    ask_flows(&of);
    find_used(&of);
    release_flows(&of);
    release_records(&of);
    g_ptr_array_free(of.to_look_at, TRUE);
    g_hash_table_destroy(of.leaving);
    g_free(of.used);
    tcpt_record_map_free(of.map);
}
