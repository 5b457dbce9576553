/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving back what nobody refers to any more: most records, and flows that are over and have no finding of their own.
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
    bool crowded;
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

static bool is_leaving(const collection *of, const tcpt_record *record)
{
    return !tcpt_is_lone(record->owner) && g_hash_table_contains(of->leaving, record->owner);
}

/* What is shown of a frame stays, unless it is told of many others, too, and its flow goes. */
static void keep_noted(collection *of)
{
    for (uint32_t number = 0; number < of->from->records.count; number++) {
        const tcpt_record *record = tcpt_records_at(&of->from->records, number);

        if (!tcpt_record_is_spare(record) && record->notes && !is_leaving(of, record))
            use_record(of, number);
    }
}

/* Many flows, or no room for what is found. */
static bool is_crowded(const tcpt_analysis *analysis)
{
    enum { CROWD_FLOWS = 1 << 20 };

    return tcpt_store_is_full(&analysis->findings) || tcpt_flows_count(analysis->flows) > CROWD_FLOWS;
}

/* Whether nothing more is to be expected of a connection. One that nobody has answered may be tried again long after:
 * it is kept while there is room. */
static bool is_over(const collection *of, const tcpt_flow *flow)
{
    switch (tcpt_outcome_of(flow)) {
    case TCPT_OUTCOME_CLOSED:
    case TCPT_OUTCOME_RESET:
    case TCPT_OUTCOME_PARTIAL:
        return flow->ending;
    case TCPT_OUTCOME_REFUSED:
        return true;
    case TCPT_OUTCOME_NO_ANSWER:
    case TCPT_OUTCOME_HANDSHAKE_FAILED:
        return of->crowded;
    default:
        return false;
    }
}

/* What the end of the capture would tell of it is asked for now: it will not change any more. */
static bool may_leave(const collection *of, tcpt_flow *flow)
{
    if (!tcpt_found_nothing_own(flow) || flow->at->newest_ns - flow->last_ns <= of->quiet_ns || !is_over(of, flow))
        return false;
    tcpt_settle(of->from, flow);
    return tcpt_found_nothing_own(flow);
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

static bool leaves_with(const tcpt_record *on, void *data)
{
    return is_leaving(data, on);
}

static void find_used(collection *of)
{
    g_ptr_array_set_size(of->to_look_at, 0); /* they are looked into with all others that stay */
    look_into_flows(of);
    tcpt_peers_each_block(of->from->peers, look_into, of);
    tcpt_points_each_block(of->from->points, look_into, of);
    tcpt_findings_each_block(&of->from->findings, leaves_with, look_into, of);
    while (of->to_look_at->len > 0)
        look_into_flow(of, g_ptr_array_remove_index_fast(of->to_look_at, of->to_look_at->len - 1));
    keep_noted(of);
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
        tcpt_found_release(&of->from->findings, flow);
    }
    of->from->flows_gone += g_hash_table_size(of->leaving);
    tcpt_flows_release(of->from->flows, leaves, of);
}

static void release_records(collection *of)
{
    for (uint32_t number = 0; number < of->from->records.count; number++) {
        tcpt_record *record = tcpt_records_at(&of->from->records, number);

        if (of->used[number / 8] & 1u << number % 8)
            continue;
        if (!tcpt_record_is_spare(record))
            tcpt_notes_release(&of->from->findings, record);
        tcpt_records_release(&of->from->records, number);
    }
}

void tcpt_expect_release(tcpt_analysis *analysis)
{
    tcpt_flows_first_awake(analysis->flows);
}

void tcpt_release(tcpt_analysis *analysis, int64_t quiet_ns, void (*gone)(const tcpt_flow *flow, void *data),
                  void *data)
{
    collection of;

    if (analysis->scenes)
        return;
    tcpt_cases_clear(&analysis->cases);
    tcpt_flows_first_awake(analysis->flows); /* none is stowed away any more: each is looked into */
    of = (collection){.from = analysis,
                      .quiet_ns = quiet_ns,
                      .crowded = is_crowded(analysis),
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

uint32_t tcpt_flow_count_kept(const tcpt_analysis *analysis)
{
    return tcpt_flows_count(analysis->flows);
}
