/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings -> cases, in rounds over the flows that have some: first the causes make cases, those of one host's ways
 * join, then consequences join them, then cases of one listening port, then those of a host that falls silent. */
#include "core/finding/cases.h"

#include "core/finding/case_sums.h"
#include "core/finding/explains.h"
#include "core/finding/hubs.h"
#include "core/finding/places.h"
#include "core/finding/silent_hosts.h"
#include "core/finding/tuples.h"
#include "tcptriage/analysis.h"
#include "tcptriage/limits.h"
#include "tcptriage/points.h"

typedef struct making {
    tcpt_tuples tuples;
    uint64_t *present;    /* by group (tcpt_tuple_of()): detectors, as bits */
    GHashTable *by_place; /* placed -> tcpt_case */
    GHashTable *of_group; /* group and detector in one number -> tcpt_case of the first such cause */
    GPtrArray *cases;
    uint64_t of_sources; /* detectors that blame a source for something, as bits */
} making;

/* One connection is a flow at each capture point: those of the point that has most of them are counted. Further points
 * count together. */
enum { POINTS_COUNTED = 8 };

/* A place with its case, as a key and as a value. */
typedef struct placed {
    tcpt_place place; /* first: tcpt_place_hash() */
    tcpt_case *made;
    const tcpt_flow *counted; /* newest: a flow's findings come one behind the other */
    uint32_t flows[POINTS_COUNTED];
    int64_t delays_ns[POINTS_COUNTED];
} placed;

/* Every diagnosis that some frame shows, end findings too. */
static void each_of(const tcpt_flow *flow, void (*visit)(making *, uint32_t, tcpt_diagnosis *), making *all,
                    uint32_t place)
{
    tcpt_diagnosis *lists[] = {(tcpt_diagnosis *)tcpt_first_diagnosis(flow),
                               (tcpt_diagnosis *)tcpt_first_end_diagnosis(flow)};

    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
        for (tcpt_diagnosis *at = lists[i]; at; at = at->next)
            visit(all, place, at);
}

static void each_flow(making *all, void (*visit)(making *, uint32_t, tcpt_diagnosis *))
{
    for (uint32_t place = 0; place < all->tuples.flows->len; place++)
        each_of(all->tuples.flows->pdata[place], visit, all, place);
}

/* ---- what a tuple has ---- */

static void note_present(making *all, uint32_t place, tcpt_diagnosis *diagnosis)
{
    diagnosis->part_of = NULL;
    if (tcpt_alike(diagnosis) == 0)
        return; /* an end finding stands in its place */
    all->present[tcpt_tuple_of(&all->tuples, place)] |= UINT64_C(1) << diagnosis->number;
}

static gint64 group_key(uint32_t group, unsigned detector)
{
    return (gint64)((uint64_t)group << 8 | detector);
}

/* ---- cases ---- */

static placed *placed_case(making *all, const tcpt_place *place)
{
    placed *known = g_hash_table_lookup(all->by_place, place);

    if (known)
        return known;
    known = g_new0(placed, 1);
    known->place = *place;
    known->made = g_new0(tcpt_case, 1);
    known->made->detector = tcpt_detectors[place->detector];
    g_hash_table_add(all->by_place, known);
    g_ptr_array_add(all->cases, known->made);
    return known;
}

static placed *case_at(making *all, const tcpt_place *place)
{
    placed *known = g_hash_table_lookup(all->by_place, place);
    tcpt_place nowhere;

    if (known || all->cases->len < TCPT_CASES_MOST)
        return known ? known : placed_case(all, place);
    nowhere = tcpt_nowhere(place->detector);
    known = placed_case(all, &nowhere);
    known->made->scattered = true;
    return known;
}

static unsigned point_of(const tcpt_flow *flow)
{
    return MIN(flow->at->index, POINTS_COUNTED - 1u);
}

/* Of the point that has seen most of it: others have seen the same connections wait. */
static void add_delay(placed *at, const tcpt_diagnosis *cause)
{
    int64_t *delay_ns = &at->delays_ns[point_of(tcpt_flow_of(cause->first.on))];

    *delay_ns = MIN(*delay_ns + cause->delay_ns, TCPT_DELAY_MOST_NS);
    at->made->delay_ns = MAX(at->made->delay_ns, *delay_ns);
}

static void count_flow(placed *at, const tcpt_flow *flow)
{
    uint32_t *flows = &at->flows[point_of(flow)];

    if (at->counted == flow)
        return;
    at->counted = flow;
    ++*flows;
    at->made->flow_count = MAX(at->made->flow_count, *flows);
}

/* ---- what one source does ---- */

/* The case of what the client does that explains it, whatever it was done to; or NULL. */
static placed *case_of_source(const making *all, const tcpt_diagnosis *diagnosis)
{
    uint64_t set = tcpt_explained_by(diagnosis->number) & all->of_sources;
    int64_t most_ns = tcpt_seconds_ns(TCPT_SIBLING_SECONDS);

    for (; set; set &= set - 1) {
        tcpt_place source = tcpt_source_of(tcpt_flow_of(diagnosis->first.on), tcpt_lowest_bit(set));
        placed *at = g_hash_table_lookup(all->by_place, &source);

        if (at && diagnosis->time_ns >= at->made->first_ns - most_ns &&
            diagnosis->time_ns <= at->made->last_ns + most_ns)
            return at;
    }
    return NULL;
}

/* Asked for by what else the tuple has. */
static void keep_group(making *all, uint32_t group, unsigned detector, tcpt_case *made)
{
    gint64 key = group_key(group, detector), *kept;
    bool alone = !(all->present[group] & ~(UINT64_C(1) << detector));

    if (alone || g_hash_table_contains(all->of_group, &key))
        return;
    kept = g_new(gint64, 1);
    *kept = key;
    g_hash_table_insert(all->of_group, kept, made);
}

static void join_source(making *all, uint32_t group, tcpt_diagnosis *diagnosis, placed *at)
{
    const tcpt_flow *flow = tcpt_flow_of(diagnosis->first.on);

    tcpt_case_take(at->made, diagnosis, true);
    tcpt_case_note_place(at->made, flow);
    count_flow(at, flow);
    keep_group(all, group, diagnosis->number, at->made);
}

static bool blames_source(const tcpt_diagnosis *diagnosis)
{
    return diagnosis->detector->blames == TCPT_BLAMES_SOURCE;
}

/* ---- causes ---- */

static void make_cause(making *all, uint32_t place, tcpt_diagnosis *diagnosis)
{
    uint32_t group = tcpt_tuple_of(&all->tuples, place);
    unsigned detector = diagnosis->number;
    const tcpt_record *on = diagnosis->first.on;
    tcpt_place blamed;
    placed *at;
    uint8_t end;

    if (tcpt_alike(diagnosis) == 0 || tcpt_root_of(detector, all->present[group]) != detector)
        return;
    at = case_of_source(all, diagnosis);
    if (at) {
        join_source(all, group, diagnosis, at);
        return;
    }
    blamed = tcpt_place_of(diagnosis, detector, &end);
    at = case_at(all, &blamed);
    if (!at->made->flow) {
        at->made->flow = tcpt_flow_of(on);
        at->made->blamed_end = end;
        at->made->frame = on->frame;
    }
    tcpt_case_note_place(at->made, tcpt_flow_of(on));
    tcpt_case_note_frame(at->made, diagnosis);
    at->made->confidence = MAX(at->made->confidence, (tcpt_confidence)diagnosis->confidence);
    add_delay(at, diagnosis);
    tcpt_case_take(at->made, diagnosis, false);
    tcpt_case_note_example(at->made, diagnosis);
    count_flow(at, tcpt_flow_of(on));
    keep_group(all, group, detector, at->made);
}

static void make_of_sources(making *all, uint32_t place, tcpt_diagnosis *diagnosis)
{
    if (!blames_source(diagnosis))
        return;
    make_cause(all, place, diagnosis);
    all->of_sources |= UINT64_C(1) << diagnosis->number;
}

static void make_other(making *all, uint32_t place, tcpt_diagnosis *diagnosis)
{
    if (!blames_source(diagnosis))
        make_cause(all, place, diagnosis);
}

/* ---- many ways of one host, one problem ---- */

static void point_to_hub(making *all, uint32_t place, tcpt_diagnosis *diagnosis)
{
    (void)all, (void)place;
    if (diagnosis->part_of)
        diagnosis->part_of = tcpt_case_root(diagnosis->part_of);
}

static void group_to_hub(making *all)
{
    GHashTableIter at;
    gpointer made;

    g_hash_table_iter_init(&at, all->of_group);
    while (g_hash_table_iter_next(&at, NULL, &made))
        g_hash_table_iter_replace(&at, tcpt_case_root(made));
}

/* Each that is part of another one is added to the root of both, and is no case any more. */
static void fold_joined(making *all, void (*add)(tcpt_case *, const tcpt_case *),
                        void (*point)(making *, uint32_t, tcpt_diagnosis *))
{
    for (unsigned i = 0; i < all->cases->len; i++) {
        tcpt_case *made = all->cases->pdata[i];

        if (made->joined)
            add(tcpt_case_root(made), made);
    }
    each_flow(all, point);
    for (unsigned i = all->cases->len; i-- > 0;)
        if (((tcpt_case *)all->cases->pdata[i])->joined)
            g_ptr_array_remove_index_fast(all->cases, i);
}

/* Before consequences join: they find the case that is left. */
static void join_at_hubs(making *all, const tcpt_flow *first)
{
    if (!tcpt_hubs_join(all->cases, first))
        return;
    group_to_hub(all);
    fold_joined(all, tcpt_case_add_way, point_to_hub);
}

static void join_consequence(making *all, uint32_t place, tcpt_diagnosis *diagnosis)
{
    uint32_t group = tcpt_tuple_of(&all->tuples, place);
    unsigned detector = diagnosis->number;
    unsigned root = tcpt_root_of(detector, all->present[group]);
    gint64 key = group_key(group, root);
    tcpt_case *made = root == detector ? NULL : g_hash_table_lookup(all->of_group, &key);

    if (made && tcpt_alike(diagnosis) > 0)
        tcpt_case_take(made, diagnosis, true);
}

/* ---- one listening port, one problem ---- */

/* What no flow has room for comes of a flood as a rule: where one case explains it that is there at the time it is that
 * one's consequence. NULL for none, or where several may. */
static tcpt_case *explaining_wide(const making *all, const tcpt_diagnosis *wide)
{
    uint64_t by = tcpt_explained_by(tcpt_detector_number(wide->detector));
    tcpt_case span = {.first_ns = wide->time_ns, .last_ns = MAX(wide->time_ns, wide->run ? wide->run->last_ns : 0)};
    tcpt_case *found = NULL;

    for (unsigned i = 0; i < all->cases->len; i++) {
        tcpt_case *made = all->cases->pdata[i];

        if (!(by & UINT64_C(1) << tcpt_detector_number(made->detector)) || !tcpt_case_close_in_time(made, &span))
            continue;
        if (found)
            return NULL;
        found = made;
    }
    return found;
}

static void make_wide(making *all, tcpt_diagnosis *wide)
{
    for (; wide; wide = wide->next) {
        tcpt_place nowhere = tcpt_nowhere(tcpt_detector_number(wide->detector));
        tcpt_case *made;

        if (tcpt_alike(wide) == 0)
            continue;
        made = explaining_wide(all, wide);
        if (made) {
            made->flow_count += tcpt_alike(wide);
            tcpt_case_take(made, wide, true);
            continue;
        }
        made = placed_case(all, &nowhere)->made;
        made->scattered = true;
        made->confidence = MAX(made->confidence, (tcpt_confidence)wide->confidence);
        if (!wide->first_gone)
            tcpt_case_note_frame(made, wide);
        made->flow_count += tcpt_alike(wide); /* at the most: flows of their own have no room either */
        tcpt_case_take(made, wide, false);
    }
}

static tcpt_case *case_of_listener(making *all, const tcpt_case *made, unsigned detector)
{
    tcpt_blame blames = tcpt_detectors[detector]->blames;
    placed key, *known;

    if (blames != TCPT_BLAMES_LISTENER && blames != made->detector->blames)
        return NULL; /* that one client's is no cause of all clients' */
    key.place = tcpt_listener_of(made->flow, detector, blames == TCPT_BLAMES_PAIR);
    known = g_hash_table_lookup(all->by_place, &key);
    return known && tcpt_case_close_in_time(known->made, made) && known->made->severity >= made->severity ? known->made
                                                                                                          : NULL;
}

/* What explains a finding on one connection to a listening port explains it on others to the same port. */
static tcpt_case *explaining(making *all, const tcpt_case *made)
{
    tcpt_blame blames = made->detector->blames;
    uint64_t set = tcpt_explained_by(tcpt_detector_number(made->detector));
    tcpt_case *best = NULL;

    if (made->scattered || (blames != TCPT_BLAMES_LISTENER && blames != TCPT_BLAMES_PAIR))
        return NULL;
    for (; set; set &= set - 1) {
        tcpt_case *next = case_of_listener(all, made, tcpt_lowest_bit(set));

        if (next && (!best || next->severity > best->severity))
            best = next;
    }
    return best;
}

static void point_to_root(making *all, uint32_t place, tcpt_diagnosis *diagnosis)
{
    (void)all, (void)place;
    if (!diagnosis->part_of || !diagnosis->part_of->joined)
        return;
    diagnosis->part_of = tcpt_case_root(diagnosis->part_of);
    diagnosis->consequence = true;
}

static void join_at_listeners(making *all)
{
    bool any = false;

    for (unsigned i = 0; i < all->cases->len; i++) {
        tcpt_case *made = all->cases->pdata[i];

        made->joined = explaining(all, made);
        any |= made->joined != NULL;
    }
    if (any)
        fold_joined(all, tcpt_case_add_consequences, point_to_root);
}

/* ---- one silent host, one problem ---- */

static void add_silence(tcpt_case *into, const tcpt_case *made)
{
    if (into->detector == made->detector)
        tcpt_case_add_causes(into, made);
    else
        tcpt_case_add_consequences(into, made);
}

static void point_to_silence(making *all, uint32_t place, tcpt_diagnosis *diagnosis)
{
    const tcpt_case *made = diagnosis->part_of;

    if (!made || !made->joined)
        return;
    if (tcpt_case_root(diagnosis->part_of)->detector == made->detector)
        point_to_hub(all, place, diagnosis);
    else
        point_to_root(all, place, diagnosis);
}

static void join_at_silent_hosts(making *all, const tcpt_flow *first, const tcpt_peers *peers)
{
    if (tcpt_silent_hosts_join(all->cases, first, peers))
        fold_joined(all, add_silence, point_to_silence);
}

void tcpt_cases_make(tcpt_case_list *list, const tcpt_flow *first, tcpt_diagnosis *wide, const tcpt_peers *peers)
{
    making all = {
        .by_place = g_hash_table_new_full(tcpt_place_hash, tcpt_place_equal, g_free, NULL),
        .of_group = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
        .cases = g_ptr_array_new_with_free_func(g_free),
    };

    tcpt_cases_clear(list);
    tcpt_tuples_open(&all.tuples, first);
    all.present = g_new0(uint64_t, all.tuples.flows->len + 1);
    each_flow(&all, note_present);
    each_flow(&all, make_of_sources);
    each_flow(&all, make_other);
    join_at_hubs(&all, first);
    each_flow(&all, join_consequence);
    join_at_listeners(&all);
    join_at_silent_hosts(&all, first, peers);
    make_wide(&all, wide);
    g_ptr_array_sort(all.cases, tcpt_case_compare);
    for (unsigned i = 0; i < all.cases->len; i++)
        ((tcpt_case *)all.cases->pdata[i])->number = i + 1;
    list->cases = all.cases;
    g_free(all.present);
    tcpt_tuples_clear(&all.tuples);
    g_hash_table_destroy(all.by_place);
    g_hash_table_destroy(all.of_group);
}

void tcpt_cases_clear(tcpt_case_list *list)
{
    if (list->cases)
        g_ptr_array_unref(list->cases);
    list->cases = NULL;
}

const tcpt_case *tcpt_case_of(const tcpt_diagnosis *diagnosis)
{
    return diagnosis->part_of;
}

const char *tcpt_role_in_case(const tcpt_diagnosis *diagnosis)
{
    return diagnosis->consequence ? "consequence" : "cause";
}
