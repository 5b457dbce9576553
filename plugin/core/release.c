/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving back what nobody refers to any more: most records, and flows that are over and have no finding.
 *
 * Who refers to what is found by looking: each word in the rooms' blocks that may be a pointer to a record or a flow is
 * taken for one, as collectors of garbage for C do (H.-J. Boehm). So detectors may keep what they like in their
 * memories, and the worst that a number can do that looks like a pointer is to keep one record more. */
#include <string.h>

#include <glib.h>

#include "core/finding/memory.h"
#include "core/state.h"
#include "tcptriage/analysis.h"
#include "tcptriage/blocks.h"
#include "tcptriage/cases.h"
#include "tcptriage/outcome.h"

/* One collection. */
typedef struct collection {
    tcpt_analysis *from;
    int64_t quiet_ns;
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
    record = tcpt_records_at(&of->from->records, number);
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
    for (uint32_t number = 0; number < of->from->records.count; number++) {
        const tcpt_record *record = tcpt_records_at(&of->from->records, number);

        if (!tcpt_record_is_spare(record) && record->notes)
            use_record(of, number);
    }
}

/* What the end of the capture would tell of it is asked for now: it will not change any more. */
static bool may_leave(const collection *of, tcpt_flow *flow)
{
    tcpt_outcome outcome;

    if (flow->found || !flow->ending || flow->at->newest_ns - flow->last_ns <= of->quiet_ns)
        return false;
    tcpt_settle(of->from, flow);
    outcome = tcpt_outcome_of(flow);
    return !flow->found &&
           (outcome == TCPT_OUTCOME_CLOSED || outcome == TCPT_OUTCOME_RESET || outcome == TCPT_OUTCOME_PARTIAL);
}

static void ask_flows(collection *of)
{
    if (tcpt_points_know_flows(of->from->points))
        return;
    for (uint32_t number = 0; number < tcpt_flows_count(of->from->flows); number++) {
        void *owner = tcpt_flows_at(of->from->flows, number);

        if (tcpt_is_lone(owner) || !may_leave(of, owner))
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
    tcpt_findings_each_block(&of->from->findings, look_into, of);
    while (of->to_look_at->len > 0)
        look_into_flow(of, g_ptr_array_remove_index_fast(of->to_look_at, of->to_look_at->len - 1));
}

static bool leaves(const tcpt_flow *flow, void *data)
{
    return g_hash_table_contains(((const collection *)data)->leaving, flow);
}

static void release_flows(collection *of, void (*gone)(const tcpt_flow *flow, void *data), void *data)
{
    GHashTableIter each;
    gpointer flow;

    if (g_hash_table_size(of->leaving) == 0)
        return;
    g_hash_table_iter_init(&each, of->leaving);
    while (g_hash_table_iter_next(&each, &flow, NULL)) {
        if (gone)
            gone(flow, data);
        tcpt_peers_commit_gone(of->from->peers, flow);
        tcpt_memory_clear(flow);
    }
    of->from->flows_gone += g_hash_table_size(of->leaving);
    tcpt_flows_release(of->from->flows, leaves, of);
}

static void release_records(collection *of)
{
    for (uint32_t number = 0; number < of->from->records.count; number++)
        if (!(of->used[number / 8] & 1u << number % 8))
            tcpt_records_release(&of->from->records, number);
}

void tcpt_release(tcpt_analysis *analysis, int64_t quiet_ns, void (*gone)(const tcpt_flow *flow, void *data),
                  void *data)
{
    collection of;

    if (analysis->scenes)
        return;
    tcpt_cases_clear(&analysis->cases);
    of = (collection){.from = analysis,
                      .quiet_ns = quiet_ns,
                      .map = tcpt_record_map_new(&analysis->records),
                      .used = g_malloc0(analysis->records.count / 8 + 1),
                      .leaving = g_hash_table_new(NULL, NULL),
                      .lowest = UINTPTR_MAX,
                      .to_look_at = g_ptr_array_new()};
    ask_flows(&of);
    find_used(&of);
    release_flows(&of, gone, data);
    release_records(&of);
    g_ptr_array_free(of.to_look_at, TRUE);
    g_hash_table_destroy(of.leaving);
    g_free(of.used);
    tcpt_record_map_free(of.map);
}

uint32_t tcpt_record_count(const tcpt_analysis *analysis)
{
    return analysis->records.count - analysis->records.spares;
}
