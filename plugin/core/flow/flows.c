/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/commit.h"

#include <glib.h>
#include <string.h>

#include "core/flow/ack_steps.h"
#include "core/flow/key.h"
#include "core/flow/life.h"
#include "core/flow/stow.h"
#include "core/flow/table.h"
#include "core/flow/trouble.h"
#include "core/tracker/tracker.h"
#include "tcptriage/lines.h"
#include "tcptriage/points.h"
#include "tcptriage/portable.h"

enum { LINE = TCPT_LINE_BYTES };

/* A flow begins with a line, and a tracker. */
typedef union place {
    tcpt_flow flow;
    uint8_t lines[(sizeof(tcpt_flow) + LINE - 1) / LINE][LINE];
} place;

typedef union tracker_place {
    tcpt_tracker tracker;
    uint8_t lines[(sizeof(tcpt_tracker) + LINE - 1) / LINE][LINE];
} tracker_place;

/* What segments ask for together lies in one line, of the flow and of either end. Where pointers have 32 bits both are
 * smaller, and larger where enumerations are not one byte long. */
enum { IN_LINES = sizeof(void *) == 8 && TCPT_GNU_C };
#define BEGINS_LINE(type, member, number) (offsetof(type, member) == (size_t)(number)*LINE)
G_STATIC_ASSERT(!IN_LINES || (BEGINS_LINE(tcpt_flow, last_ns, 1) && BEGINS_LINE(tcpt_flow, tracker, 2) &&
                              BEGINS_LINE(tcpt_flow, seen, 3) && sizeof(tcpt_lone) == LINE + LINE / 2 &&
                              offsetof(tcpt_flow, ends) % LINE == 0));
G_STATIC_ASSERT(!IN_LINES || (BEGINS_LINE(tcpt_endpoint, last_ns, 1) && BEGINS_LINE(tcpt_endpoint, payload_record, 2) &&
                              BEGINS_LINE(tcpt_endpoint, trouble, 3) && BEGINS_LINE(tcpt_endpoint, rst_ns, 4) &&
                              sizeof(tcpt_endpoint) % LINE == 0));

/* Slabs grow with what there is. Lone SYNs, that are written whole, lie in slabs that are not cleared. */
enum { SLAB_LEAST = 128, SLAB_PART = 64, PIECE_FLOWS = 1024 };

/* Where there are many flows slabs have large pages: of the newest slab one of those may be nearly empty. */
enum { MANY_BYTES = 24 * TCPT_LARGE_PAGE_BYTES, LARGE_SLAB_BYTES = 4 * TCPT_LARGE_PAGE_BYTES };

/* Things of one size, from slabs. */
typedef struct pool {
    uint8_t *next; /* in the newest slab */
    uint32_t left; /* there */
    uint32_t had;  /* in all slabs */
} pool;

struct tcpt_flows {
    tcpt_flow_table table; /* tcpt_flow_key -> newest life */
    GHashTable *tuples;    /* 4-tuple without capture point -> one of its flows; NULL while there is only one point */
    GPtrArray *all;        /* pieces of a list of flows, or what stands for them, by number: see tcpt_record.owner */
    uint32_t count;
    GPtrArray *slabs, *zero_slabs;
    place *blank;                /* one that was had, and not written to but for what opens a flow; or NULL */
    tcpt_tracker *blank_tracker; /* of the blank place */
    void **newest;               /* place of the newest flow in the table */
    pool places, trackers, lones;
    void *spare_lones;  /* each begins with the next one */
    void *spare_places; /* of flows that were given back or stowed away: all else of them is zero */
    void *spare_trackers;
    uint32_t resting; /* flows that lone SYNs stand for */
    uint32_t stowed;  /* flows that are stowed away */
    bool stows;       /* flows may be stowed away: nobody keeps an address of one */
    tcpt_stow_room stow_room;
    tcpt_trouble_room troubles;
    const struct tcpt_records *records;
    struct tcpt_findings *findings;
    tcpt_flow *first; /* of the list of all others: tcpt_flows_first_awake() */
    uint32_t linked;  /* flows when that was made; none of those that rested then has woken since */
    tcpt_ack_step_room ack_steps;
    uint64_t looked; /* at flows, one by one: see tcpt_flows_moved_to() */
};

/* The same connection at another capture point, or another life: everything but interface and depth. */
static guint tuple_hash(gconstpointer record)
{
    tcpt_flow_key tuple = *tcpt_key_of(((const tcpt_record *)record)->owner);

    tuple.point = 0;
    tuple.depth = 0;
    return tcpt_key_hash(&tuple);
}

static gboolean tuple_equal(gconstpointer a, gconstpointer b)
{
    const tcpt_flow_key *key = tcpt_key_of(((const tcpt_record *)b)->owner);
    tcpt_flow_key tuple = *tcpt_key_of(((const tcpt_record *)a)->owner);

    tuple.point = key->point;
    tuple.depth = key->depth;
    return tcpt_same_key(&tuple, key);
}

static void link_twins(tcpt_flows *flows, tcpt_flow *flow)
{
    tcpt_record *known = g_hash_table_lookup(flows->tuples, flow->record);
    tcpt_flow *twin;

    if (known) {
        twin = tcpt_flow_of(known);
        flow->twin = twin->twin ? twin->twin : known;
        twin->twin = flow->record;
        return;
    }
    g_hash_table_add(flows->tuples, flow->record);
}

static void **owner_at(const tcpt_flows *flows, uint32_t number)
{
    return (void **)g_ptr_array_index(flows->all, number / PIECE_FLOWS) + number % PIECE_FLOWS;
}

bool tcpt_flows_know_twins(const tcpt_flows *flows)
{
    return flows->tuples;
}

void tcpt_flows_link_twins(tcpt_flows *flows)
{
    if (flows->tuples)
        return;
    flows->tuples = g_hash_table_new(tuple_hash, tuple_equal);
    for (uint32_t i = 0; i < flows->count; i++) {
        tcpt_flow *flow = tcpt_flow_owning(*owner_at(flows, i));

        flow->twin = NULL; /* they may have been linked before tcpt_flows_forget_twins() */
        link_twins(flows, flow);
    }
}

void tcpt_flows_forget_twins(tcpt_flows *flows)
{
    g_clear_pointer(&flows->tuples, g_hash_table_destroy);
}

static void *new_slab(tcpt_flows *flows, size_t bytes, bool zero)
{
    void *slab, *lines;

    if (zero)
        lines = slab = tcpt_zero_lines_new(bytes);
    else
        lines = tcpt_lines_new(bytes, &slab);
    g_ptr_array_add(zero ? flows->zero_slabs : flows->slabs, slab);
    return lines;
}

/* How many lie in the next slab. */
static uint32_t slab_of(uint32_t had, size_t bytes, bool zero)
{
    uint32_t count = had * bytes < MANY_BYTES ? MAX(SLAB_LEAST, had / SLAB_PART) : (uint32_t)(LARGE_SLAB_BYTES / bytes);

    return zero ? (uint32_t)(tcpt_zero_lines_filling(count * bytes) / bytes) : count;
}

static void *take_from(tcpt_flows *flows, pool *from, size_t bytes, bool zero)
{
    void *taken;

    if (from->left == 0) {
        from->left = slab_of(from->had, bytes, zero);
        from->had += from->left;
        from->next = new_slab(flows, from->left * bytes, zero);
    }
    taken = from->next;
    from->next += bytes;
    from->left--;
    return taken;
}

static void put_spare(void **first, void *given_back, size_t bytes)
{
    memcpy(given_back, first, sizeof *first);
    *first = given_back;
    tcpt_forbid(given_back, bytes);
}

/* The first bytes are all zero again. NULL where there is none. */
static void *take_spare(void **first, size_t bytes)
{
    void *taken = *first;

    if (!taken)
        return NULL;
    tcpt_allow(taken, bytes);
    memcpy(first, taken, sizeof *first);
    memset(taken, 0, sizeof *first);
    return taken;
}

static void append(tcpt_flows *flows, tcpt_flow *flow)
{
    if (flows->count % PIECE_FLOWS == 0)
        g_ptr_array_add(flows->all, g_new(void *, PIECE_FLOWS));
    *owner_at(flows, flows->count++) = flow;
}

/* A page of which something is read first is had twice: shared by all, all zero, and anew when it is written to. */
static void own_pages(place *taken)
{
    uint8_t *first = taken->lines[0], *last = (uint8_t *)(taken + 1) - 1;
    uint8_t *begins = last - (uintptr_t)last % TCPT_PAGE_BYTES;

    *(volatile uint8_t *)(begins > first ? begins : first) = 0;
}

static place *take_place(tcpt_flows *flows)
{
    place *taken = flows->blank;

    flows->blank = NULL;
    if (!taken)
        taken = take_spare(&flows->spare_places, sizeof(place));
    if (taken)
        return taken;
    taken = take_from(flows, &flows->places, sizeof(place), true);
    own_pages(taken);
    return taken;
}

/* Nothing of it is written to before its entry is made. */
static tcpt_tracker *take_tracker(tcpt_flows *flows)
{
    tcpt_tracker *taken = flows->blank_tracker;

    flows->blank_tracker = NULL;
    if (!taken)
        taken = take_spare(&flows->spare_trackers, sizeof(tcpt_tracker));
    return taken ? taken : take_from(flows, &flows->trackers, sizeof(tracker_place), true);
}

static tcpt_lone *take_lone(tcpt_flows *flows)
{
    tcpt_lone *taken = take_spare(&flows->spare_lones, sizeof(tcpt_lone));

    return taken ? taken : take_from(flows, &flows->lones, sizeof(tcpt_lone), false);
}

static tcpt_flow *open_flow(tcpt_flows *flows, const tcpt_flow_key *key, struct tcpt_point *at, uint32_t number)
{
    tcpt_flow *flow = &take_place(flows)->flow;

    flow->key = *key;
    flow->at = at;
    flow->number = number;
    tcpt_trouble_open(&flows->troubles, flow);
    return flow;
}

/* An entry knows nothing of lives. */
static tcpt_tracker *hand_over(tcpt_flow *previous)
{
    tcpt_tracker *tracker = previous->tracker;

    if (previous->tracker_lags || previous->tracker_blank)
        tcpt_tracker_catch_up(previous);
    previous->tracker_lags = previous->tracker_blank = false;
    previous->tracker = NULL;
    return tracker;
}

tcpt_flow *tcpt_flows_open(tcpt_flows *flows, const tcpt_flow_key *key, uint32_t hash, const tcpt_segment *segment,
                           unsigned from, tcpt_flow *previous, struct tcpt_point *at)
{
    tcpt_flow *flow = open_flow(flows, key, at, flows->count);

    if (previous) {
        flow->previous = previous->record;
        flow->later = true;
    }
    tcpt_life_open(flow, segment, from);
    flow->tracker = previous ? hand_over(previous) : take_tracker(flows);
    append(flows, flow);
    flows->newest =
        previous ? tcpt_flow_table_replace(&flows->table, flow, hash) : tcpt_flow_table_add(&flows->table, flow, hash);
    return flow;
}

void tcpt_flows_record(tcpt_flows *flows, tcpt_flow *flow, tcpt_record *record)
{
    flow->record = record;
    if (flows->tuples)
        link_twins(flows, flow);
}

tcpt_lone *tcpt_flows_rest(tcpt_flows *flows, tcpt_flow *flow)
{
    tcpt_lone *lone = take_lone(flows);

    *lone = (tcpt_lone){.key = flow->key, .at = flow->at, .number = flow->number};
    *owner_at(flows, flow->number) = tcpt_lone_owner(lone);
    *flows->newest = tcpt_lone_owner(lone);
    flows->resting++;
    flow->twin = NULL;
    flows->blank = (place *)flow;
    flows->blank_tracker = flow->tracker;
    return lone;
}

tcpt_flow *tcpt_flows_wake(tcpt_lone *lone, const tcpt_segment *segment)
{
    tcpt_flows *flows = lone->at->flows;
    tcpt_flow *flow = open_flow(flows, &lone->key, lone->at, lone->number);

    tcpt_life_open(flow, segment, lone->from);
    flow->tracker = take_tracker(flows);
    *owner_at(flows, flow->number) = flow;
    tcpt_flow_table_replace(&flows->table, flow, tcpt_key_hash(&flow->key));
    flows->linked = 0;
    flows->resting--;
    put_spare(&flows->spare_lones, lone, sizeof *lone);
    return flow;
}

/* ---- stowed away ---- */

static void free_place(tcpt_flows *flows, tcpt_flow *flow)
{
    if (flow->tracker) {
        memset(flow->tracker, 0, sizeof *flow->tracker);
        put_spare(&flows->spare_trackers, flow->tracker, sizeof *flow->tracker);
    }
    memset(flow, 0, sizeof *flow);
    put_spare(&flows->spare_places, flow, sizeof(place));
}

static void exchange(tcpt_flows *flows, uint32_t number, void *was, void *owner)
{
    *owner_at(flows, number) = owner;
    tcpt_flow_table_exchange(&flows->table, was, owner, tcpt_key_hash(tcpt_key_of(owner)));
}

void *tcpt_flows_stow(tcpt_flows *flows, tcpt_flow *flow)
{
    tcpt_stowed *stowed = tcpt_stow(&flows->stow_room, flow, flows);
    void *owner;

    if (!stowed)
        return NULL;
    owner = tcpt_stowed_owner(stowed);
    exchange(flows, flow->number, flow, owner);
    tcpt_stow_give_back_hanging(flow, &flows->ack_steps);
    free_place(flows, flow);
    flows->stowed++;
    return owner;
}

tcpt_flow *tcpt_flows_unstow(void *owner)
{
    tcpt_stowed *stowed = tcpt_stowed_of(owner);
    tcpt_flows *flows = tcpt_stowed_in(stowed);
    tcpt_flow *flow = &take_place(flows)->flow;
    tcpt_tracker *tracker = take_tracker(flows);

    tcpt_stow_read(&flows->stow_room, stowed, flow, tracker, &flows->troubles, &flows->ack_steps);
    if (!flow->tracker)
        put_spare(&flows->spare_trackers, tracker, sizeof *tracker);
    exchange(flows, flow->number, owner, flow);
    flows->linked = 0;
    flows->stowed--;
    tcpt_stow_give_back(&flows->stow_room, stowed);
    return flow;
}

bool tcpt_flows_may_stow(const tcpt_flows *flows)
{
    return flows->stows;
}

tcpt_flows *tcpt_flows_of(void *owner)
{
    return tcpt_is_lone(owner) ? tcpt_lone_of(owner)->at->flows : tcpt_stowed_in(tcpt_stowed_of(owner));
}

const struct tcpt_records *tcpt_flows_records(const tcpt_flows *flows)
{
    return flows->records;
}

struct tcpt_findings *tcpt_flows_findings(const tcpt_flows *flows)
{
    return flows->findings;
}

/* ---- found ---- */

void *tcpt_flows_find(const tcpt_flows *flows, const tcpt_flow_key *key, uint32_t hash)
{
    return tcpt_flow_table_find(&flows->table, key, hash);
}

void *tcpt_flows_at(const tcpt_flows *flows, uint32_t number)
{
    return *owner_at(flows, number);
}

const tcpt_flow_key *tcpt_flows_first_key(const tcpt_flows *flows)
{
    return tcpt_key_of(tcpt_flows_at(flows, 0));
}

void tcpt_flows_stow_none(tcpt_flows *flows)
{
    flows->stows = false;
}

tcpt_flow *tcpt_flows_first_awake(tcpt_flows *flows)
{
    tcpt_flow *next = NULL;

    tcpt_flows_stow_none(flows);
    for (uint32_t i = 0; flows->stowed > 0 && i < flows->count; i++)
        if (!tcpt_is_lone(*owner_at(flows, i)))
            tcpt_flow_owning(*owner_at(flows, i));
    if (flows->linked == flows->count)
        return flows->first;
    for (uint32_t i = flows->count; i-- > 0;) {
        tcpt_flow *flow = *owner_at(flows, i);

        if (!flow || tcpt_is_lone(flow))
            continue;
        flow->next = next;
        next = flow;
    }
    flows->first = next;
    flows->linked = flows->count;
    return flows->first;
}

tcpt_flow *tcpt_flows_first(tcpt_flows *flows)
{
    for (uint32_t i = 0; flows->resting > 0 && i < flows->count; i++)
        tcpt_flow_owning(*owner_at(flows, i));
    return tcpt_flows_first_awake(flows);
}

/* ---- given back ---- */

static void give_back(tcpt_flows *flows, tcpt_flow *flow)
{
    tcpt_flow_table_remove(&flows->table, flow, tcpt_key_hash(&flow->key));
    for (unsigned end = 0; end < 2; end++)
        tcpt_ack_steps_give_back(&flows->ack_steps, &flow->ends[end]);
    tcpt_life_clear(flow);
    free_place(flows, flow);
}

static void give_back_lone(tcpt_flows *flows, tcpt_lone *lone)
{
    tcpt_flow_table_remove(&flows->table, tcpt_lone_owner(lone), tcpt_key_hash(&lone->key));
    put_spare(&flows->spare_lones, lone, sizeof *lone);
    flows->resting--;
}

static void give_back_owner(tcpt_flows *flows, void *owner)
{
    tcpt_lone *lone = tcpt_lone_of(owner);

    if (lone)
        give_back_lone(flows, lone);
    else
        give_back(flows, owner);
}

static void number_anew(tcpt_flows *flows, void *owner, uint32_t number)
{
    tcpt_lone *lone = tcpt_lone_of(owner);

    *owner_at(flows, number) = owner;
    if (lone)
        lone->number = number;
    else if (owner)
        ((tcpt_flow *)owner)->number = number;
}

void tcpt_flows_release(tcpt_flows *flows, bool (*leaves)(void *owner, void *data), void *data)
{
    bool twins = flows->tuples;
    uint32_t kept = 0;

    g_return_if_fail(flows->stowed == 0);
    tcpt_flows_forget_twins(flows);
    for (uint32_t number = 0; number < flows->count; number++) {
        void *owner = *owner_at(flows, number);

        if (owner && leaves(owner, data))
            give_back_owner(flows, owner);
        else
            number_anew(flows, owner, kept++);
    }
    flows->count = kept;
    g_ptr_array_set_size(flows->all, (int)((kept + PIECE_FLOWS - 1) / PIECE_FLOWS));
    flows->first = NULL;
    flows->linked = 0;
    if (twins)
        tcpt_flows_link_twins(flows);
}

uint32_t tcpt_flows_count(const tcpt_flows *flows)
{
    return flows->count;
}

uint32_t tcpt_flows_weight(const tcpt_flows *flows)
{
    enum { LONES = 8 }; /* with its record one takes an eighth of a flow with its records */

    return flows->count - flows->resting + flows->resting / LONES;
}

tcpt_ack_step_room *tcpt_flows_ack_steps(tcpt_flows *flows)
{
    return &flows->ack_steps;
}

uint64_t *tcpt_flows_looked(tcpt_flows *flows)
{
    return &flows->looked;
}

tcpt_flows *tcpt_flows_new(const struct tcpt_records *records, struct tcpt_findings *findings)
{
    tcpt_flows *flows = g_new0(tcpt_flows, 1);

    flows->records = records;
    flows->findings = findings;
    flows->stows = true;
    tcpt_trouble_room_open(&flows->troubles);
    tcpt_stow_room_open(&flows->stow_room);
    flows->all = g_ptr_array_new_with_free_func(g_free);
    flows->slabs = g_ptr_array_new_with_free_func(g_free);
    flows->zero_slabs = g_ptr_array_new_with_free_func(tcpt_zero_lines_free);
    return flows;
}

/* What an owner is or stands for has elsewhere than in what goes at once. */
static void clear_owner(const tcpt_flows *flows, void *owner)
{
    if (tcpt_is_lone(owner))
        return;
    if (tcpt_rests(owner))
        tcpt_stow_clear(&flows->stow_room, tcpt_stowed_of(owner));
    else
        tcpt_tracker_clear(((const tcpt_flow *)owner)->tracker);
}

void tcpt_flows_free(tcpt_flows *flows)
{
    for (uint32_t i = 0; i < flows->count; i++)
        clear_owner(flows, *owner_at(flows, i));
    g_ptr_array_free(flows->all, TRUE);
    g_ptr_array_free(flows->slabs, TRUE);
    g_ptr_array_free(flows->zero_slabs, TRUE);
    tcpt_stow_room_clear(&flows->stow_room);
    tcpt_pieces_clear(&flows->troubles.pieces);
    tcpt_ack_step_room_clear(&flows->ack_steps);
    tcpt_flow_table_clear(&flows->table);
    if (flows->tuples)
        g_hash_table_destroy(flows->tuples);
    g_free(flows);
}
