/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving back what nobody refers to any more: most records, and flows that are over and have no finding of their own.
 *
 * Who refers to what is found by looking: each word in the rooms' blocks that may be a pointer to a record or a flow is
 * taken for one, as collectors of garbage for C do (H.-J. Boehm). So detectors may keep what they like in their
 * memories, and the worst that a number can do that looks like a pointer is to keep one record more. */
#include <string.h>

#include <glib.h>

#include "core/finding/memory.h"
#include "core/lone.h"
#include "core/state.h"
#include "tcptriage/analysis.h"
#include "tcptriage/blocks.h"
#include "tcptriage/cases.h"
#include "tcptriage/outcome.h"
#include "tcptriage/times.h"

/* How far two points' clocks may be apart where no segment has told. */
static const int64_t CLOCKS_APART_NS = 60 * TCPT_SECOND_NS;

/* One collection. */
typedef struct collection {
    tcpt_analysis *from;
    int64_t quiet_ns;
    bool many_flows;
    bool crowded; /* with flows, or with what is found */
    tcpt_record_map *map;
    uint8_t *used;       /* a bit for each record, by number */
    GHashTable *leaving; /* set of tcpt_flow: those that nobody has been found to refer to so far */
    uint8_t *lones;      /* a bit for each flow, by number: the same of those that lone SYNs stand for */
    uintptr_t lowest;    /* addresses of those */
    uintptr_t highest;
    GPtrArray *to_look_at; /* flows that stay, and were not looked into yet */
} collection;

static void stay(collection *of, tcpt_flow *flow)
{
    if (g_hash_table_remove(of->leaving, flow))
        g_ptr_array_add(of->to_look_at, flow);
}

static void lone_stays(collection *of, const tcpt_lone *lone)
{
    of->lones[lone->number / 8] &= (uint8_t) ~(1u << lone->number % 8);
}

static bool lone_leaves(const collection *of, const tcpt_lone *lone)
{
    return of->lones[lone->number / 8] & 1u << lone->number % 8;
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
    if (tcpt_is_lone(record->owner))
        lone_stays(of, tcpt_lone_of(record->owner));
    else
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

static bool same_time(const tcpt_flow *a, const tcpt_flow *b)
{
    return a->first_ns <= b->last_ns + CLOCKS_APART_NS && b->first_ns <= a->last_ns + CLOCKS_APART_NS;
}

/* The same connection at other points, though no segment of it may have told so. Of other lives at its own point none
 * matters once it is over; in a ring that new flows do not join they leave together. */
static void keep_twins(collection *of, const tcpt_flow *flow)
{
    enum { TWINS_MOST = 32 };
    unsigned looked = 0;

    if (flow->twin && !tcpt_flows_know_twins(of->from->flows))
        look_at_word(of, flow->twin);
    for (tcpt_flow *twin = (tcpt_flow *)tcpt_next_twin(flow); twin != flow && looked < TWINS_MOST;
         twin = (tcpt_flow *)tcpt_next_twin(twin), looked++)
        if (twin->at != flow->at && same_time(twin, flow))
            stay(of, twin);
}

static void use_steps(collection *of, const tcpt_endpoint *end)
{
    for (unsigned i = 0; i < end->ack_step_count; i++)
        use_record(of, end->ack_steps[i].record);
}

static void look_into_flow(collection *of, const tcpt_flow *flow)
{
    tcpt_flow_each_block(flow, look_into, of);
    tcpt_points_each_block_of(flow, look_into, of);
    for (unsigned end = 0; end < 2; end++)
        use_steps(of, &flow->ends[end]);
    keep_twins(of, flow);
    tcpt_memory_each_block(flow, look_into, of);
    tcpt_found_each_block(flow, look_into, of);
    for (unsigned i = 0; i < TCPT_FINGERPRINTS; i++)
        if (tcpt_seen_at(flow, i)->hash)
            use_record(of, tcpt_seen_at(flow, i)->record);
}

static bool owner_leaves(void *owner, void *data)
{
    const collection *of = data;

    return tcpt_is_lone(owner) ? lone_leaves(of, tcpt_lone_of(owner)) : g_hash_table_contains(of->leaving, owner);
}

/* What is shown of a frame stays, unless it is told of many others, too, and its flow goes. */
static void keep_noted(collection *of)
{
    for (uint32_t number = 0; number < of->from->records.count; number++) {
        const tcpt_record *record = tcpt_records_at(&of->from->records, number);

        if (!tcpt_record_is_spare(record) && record->notes && !owner_leaves(record->owner, of))
            use_record(of, number);
    }
}

static bool has_many_flows(const tcpt_analysis *analysis)
{
    enum { CROWD_FLOWS = 1 << 20 };

    return tcpt_flows_weight(analysis->flows) > CROWD_FLOWS;
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

static bool is_silent(const collection *of, const tcpt_point *at, int64_t last_ns)
{
    return at->newest_ns - last_ns > of->quiet_ns;
}

/* What the end of the capture would tell of it is asked for now: it will not change any more. */
static bool may_leave(const collection *of, tcpt_flow *flow)
{
    if (!tcpt_found_nothing_own(flow) || !is_silent(of, flow->at, flow->last_ns) || !is_over(of, flow))
        return false;
    if (!of->many_flows && tcpt_points_expect_more(of->from->points, flow))
        return false;
    tcpt_settle(of->from, flow);
    return tcpt_found_nothing_own(flow);
}

static void ask_flow(collection *of, tcpt_flow *flow)
{
    if (!may_leave(of, flow))
        return;
    g_hash_table_add(of->leaving, flow);
    of->lowest = MIN(of->lowest, (uintptr_t)flow);
    of->highest = MAX(of->highest, (uintptr_t)flow);
}

/* A SYN that nobody has answered: as a flow with several, but that most of a flood have nothing to tell at the end. */
static void ask_lone(collection *of, tcpt_lone *lone)
{
    tcpt_lone_syn syn = tcpt_lone_at_end(lone);

    if (!of->crowded || !is_silent(of, lone->at, lone->time_ns))
        return;
    if (tcpt_dispatch_settles(&of->from->dispatch, &syn))
        ask_flow(of, tcpt_wake(tcpt_lone_owner(lone)));
    else
        of->lones[lone->number / 8] |= (uint8_t)(1u << lone->number % 8);
}

static void ask_flows(collection *of)
{
    for (uint32_t number = 0; number < tcpt_flows_count(of->from->flows); number++) {
        void *owner = tcpt_flows_at(of->from->flows, number);

        if (tcpt_is_lone(owner))
            ask_lone(of, tcpt_lone_of(owner));
        else
            ask_flow(of, owner);
    }
}

static void look_into_flows(collection *of)
{
    for (uint32_t number = 0; number < tcpt_flows_count(of->from->flows); number++) {
        void *owner = tcpt_flows_at(of->from->flows, number);

        if (tcpt_is_lone(owner) && !lone_leaves(of, tcpt_lone_of(owner)))
            use_record(of, tcpt_lone_of(owner)->record_number);
        else if (!tcpt_is_lone(owner) && !g_hash_table_contains(of->leaving, owner))
            look_into_flow(of, owner);
    }
}

static bool leaves_with(const tcpt_record *on, void *data)
{
    return owner_leaves(on->owner, data);
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

/* How a lone SYN's connection ended is counted on. */
static void count_lone(collection *of, tcpt_lone *lone)
{
    of->from->lones_gone[tcpt_outcome_of_syn(tcpt_lone_at_end(lone).waited_ns)]++;
    of->from->flows_gone++;
    if (lone->host)
        tcpt_peers_commit_host_gone(of->from->peers, lone->host);
}

static void count_lones(collection *of)
{
    for (uint32_t number = 0; number < tcpt_flows_count(of->from->flows); number++) {
        tcpt_lone *lone = tcpt_lone_of(tcpt_flows_at(of->from->flows, number));

        if (lone && lone_leaves(of, lone))
            count_lone(of, lone);
    }
}

static void release_flows(collection *of, void (*gone)(const tcpt_flow *flow, void *data), void *data)
{
    GHashTableIter each;
    gpointer flow;

    tcpt_points_release(of->from->points, leaves, of);
    count_lones(of);
    g_hash_table_iter_init(&each, of->leaving);
    while (g_hash_table_iter_next(&each, &flow, NULL)) {
        if (gone)
            gone(flow, data);
        tcpt_peers_commit_gone(of->from->peers, flow);
        tcpt_memory_release(&of->from->findings, flow);
        tcpt_found_release(&of->from->findings, flow);
    }
    of->from->flows_gone += g_hash_table_size(of->leaving);
    tcpt_flows_release(of->from->flows, owner_leaves, of);
    tcpt_points_number_anew(of->from->points, tcpt_flows_count(of->from->flows));
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
    tcpt_flows_stow_none(analysis->flows);
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
                      .many_flows = has_many_flows(analysis),
                      .crowded = has_many_flows(analysis) || tcpt_store_is_full(&analysis->findings),
                      .map = tcpt_record_map_new(&analysis->records),
                      .used = g_malloc0(analysis->records.count / 8 + 1),
                      .leaving = g_hash_table_new(NULL, NULL),
                      .lones = g_malloc0(tcpt_flows_count(analysis->flows) / 8 + 1),
                      .lowest = UINTPTR_MAX,
                      .to_look_at = g_ptr_array_new()};
    ask_flows(&of);
    find_used(&of);
    release_flows(&of, gone, data);
    release_records(&of);
    g_ptr_array_free(of.to_look_at, TRUE);
    g_hash_table_destroy(of.leaving);
    g_free(of.lones);
    g_free(of.used);
    tcpt_record_map_free(of.map);
}

uint32_t tcpt_record_count(const tcpt_analysis *analysis)
{
    return analysis->records.count - analysis->records.spares;
}

uint32_t tcpt_flow_weight(const tcpt_analysis *analysis)
{
    return tcpt_flows_weight(analysis->flows);
}
