/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one entry: find the flow, judge, let the detectors look, advance. */
#include "tcptriage/analysis.h"

#include <glib.h>
#include <string.h>

#include "core/dispatch.h"
#include "core/flow/checksums.h"
#include "core/flow/final_ack.h"
#include "core/flow/flow.h"
#include "core/flow/table.h"
#include "core/peers/hosts.h"
#include "core/peers/padding.h"
#include "core/peers/peers.h"
#include "core/finding/memory.h"
#include "core/finding/raising.h"
#include "core/tracker/commit.h"
#include "core/points/commit.h"
#include "core/records.h"

struct tcpt_analysis {
    tcpt_settings settings;
    tcpt_flow_table flows; /* tcpt_flow_key -> newest life */
    GHashTable *tuples;    /* 4-tuple without capture point -> one of its flows; NULL while there is only one point */
    tcpt_peers *peers;
    tcpt_points *points;
    tcpt_hosts hosts;
    tcpt_padding_budget padding;
    tcpt_records records;
    tcpt_flow *first_flow;
    tcpt_flow *newest_flow;
    uint64_t generation; /* segments so far: what a settled flow is compared with */
    uint64_t flow_count;
    bool points_expected; /* several, for certain */
    tcpt_dispatch dispatch;
};

/* ---- keys ---- */

/* The same connection at another capture point, or another life: everything but interface and depth. */
static guint tuple_hash(gconstpointer key)
{
    tcpt_flow_key tuple = *(const tcpt_flow_key *)key;

    tuple.point = 0;
    tuple.depth = 0;
    return tcpt_key_hash(&tuple);
}

static gboolean tuple_equal(gconstpointer a, gconstpointer b)
{
    tcpt_flow_key tuple = *(const tcpt_flow_key *)a;

    tuple.point = ((const tcpt_flow_key *)b)->point;
    tuple.depth = ((const tcpt_flow_key *)b)->depth;
    return tcpt_same_key(&tuple, b);
}

void tcpt_settle(tcpt_analysis *analysis, tcpt_flow *flow)
{
    if (flow->settled_at == analysis->generation || !flow->last_record)
        return;
    flow->settled_at = analysis->generation;
    tcpt_dispatch_settle(&analysis->dispatch, flow);
}

void tcpt_settle_all(tcpt_analysis *analysis)
{
    for (tcpt_flow *flow = analysis->first_flow; flow; flow = flow->next)
        tcpt_settle(analysis, flow);
}

/* ---- segments ---- */

static bool same_point(const tcpt_flow_key *a, const tcpt_flow_key *b)
{
    return a->point == b->point && a->depth == b->depth;
}

static void join_twins(tcpt_analysis *analysis, tcpt_flow *flow)
{
    tcpt_flow *twin = g_hash_table_lookup(analysis->tuples, &flow->key);

    if (twin) {
        flow->twin = twin->twin;
        twin->twin = flow;
        return;
    }
    g_hash_table_insert(analysis->tuples, &flow->key, flow);
}

/* From now on flows may have twins. */
static void join_all_twins(tcpt_analysis *analysis)
{
    if (analysis->tuples)
        return;
    analysis->tuples = g_hash_table_new(tuple_hash, tuple_equal);
    for (tcpt_flow *flow = analysis->first_flow; flow; flow = flow->next)
        join_twins(analysis, flow);
}

static tcpt_flow *open_flow(tcpt_analysis *analysis, const tcpt_flow_key *key, uint32_t hash,
                            const tcpt_segment *segment, unsigned from, tcpt_flow *previous)
{
    tcpt_flow *flow = g_new0(tcpt_flow, 1);

    flow->key = *key;
    flow->at = tcpt_points_at(analysis->points, key->point, key->depth, segment->point_name);
    flow->previous = previous;
    tcpt_flow_open(flow, segment, from);
    if (previous) { /* a tracker's entry knows nothing of lives */
        flow->tracker = previous->tracker;
        previous->tracker = NULL;
    }
    if (analysis->newest_flow)
        analysis->newest_flow->next = flow;
    else
        analysis->first_flow = flow;
    analysis->newest_flow = flow;
    analysis->flow_count++;
    tcpt_flow_table_set(&analysis->flows, flow, hash);
    flow->twin = flow;
    if (analysis->tuples)
        join_twins(analysis, flow);
    if (!same_point(&analysis->first_flow->key, key)) {
        join_all_twins(analysis);
        tcpt_points_watch(analysis->points);
    }
    return flow;
}

/* A source that sends one packet, without being asked, and never another gets no entry: a flood has millions of them.
 */
static void find_host(tcpt_analysis *analysis, tcpt_flow *flow, unsigned from)
{
    tcpt_endpoint *sender = &flow->ends[from];

    sender->host = tcpt_host_of(&analysis->hosts, &flow->key, from,
                                sender->segment_count > 0 || flow->ends[!from].segment_count > 0);
    if (!sender->host)
        return;
    sender->host->good += sender->checksums_good;
    sender->host->wrong += sender->checksums_unexplained;
    sender->host->unverifiable += sender->checksums_wrong;
    sender->host->bare |= sender->segment_count > sender->payload_segments;
}

/* What other connections tell about a SYN, or about a SYN-ACK that comes again. */
static void look_up_peers(const tcpt_analysis *analysis, const tcpt_flow *flow, const tcpt_segment *segment,
                          tcpt_observation *seen)
{
    if (segment->flags & TCPT_ACK) {
        seen->final_ack_ignored = tcpt_final_ack_ignored(flow, segment, seen->from);
        return;
    }
    seen->pair = tcpt_peers_find(analysis->peers, flow);
    seen->listener = tcpt_peers_listener(analysis->peers, flow);
}

/* Ordering errors at a point: never less than a millisecond, or twice the largest step back seen. Steps of
 * seconds are a clock set back, not an ordering. */
static int64_t tolerance_ns(const tcpt_point *point)
{
    int64_t tolerance = 2 * MIN(point->back_step_ns, tcpt_seconds_ns(1));

    return MAX(tolerance, TCPT_MS_NS);
}

/* The record of the packet that `behind` others of the flow lie behind. Looked for among the newest records: bursts
 * that are handed over before their copies are short. */
static tcpt_record *find_original(const tcpt_analysis *analysis, const tcpt_flow *flow, unsigned behind)
{
    enum { RECORDS_MOST = 4096 };
    uint32_t number = analysis->records.count - 1; /* the newest is the copy's own */

    for (unsigned looked = 0; looked < RECORDS_MOST && number > 0; looked++) {
        tcpt_record *record = tcpt_records_at(&analysis->records, --number);

        if (record->flow == flow && !record->copy && behind-- == 0)
            return record;
    }
    return NULL;
}

/* A second copy of a captured packet changes nothing. */
static void take_copy(const tcpt_analysis *analysis, tcpt_flow *flow, tcpt_record *record, unsigned behind)
{
    tcpt_record *original = find_original(analysis, flow, behind);

    record->copy = true;
    flow->duplicates = true;
    tcpt_record_states(record, flow);
    if (analysis->settings.tracker_models) /* a tracker saw the packet once */
        record->ct_state = TCPT_CT_UNKNOWN;
    if (!original)
        return;
    record->same_as = original->frame;
    if (original->same_as)
        return;
    original->same_as = record->frame;
    original->copied = true;
}

/* A SYN that its receiver drops for its checksum begins nothing. */
static bool begins_life(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    return (segment->flags & TCPT_SYN) && tcpt_flow_ends_before(flow, segment, from) &&
           !tcpt_really_bad(flow, segment, from);
}

static tcpt_record *take(tcpt_analysis *analysis, const tcpt_segment *segment)
{
    tcpt_flow_key key;
    tcpt_observation seen;
    tcpt_tracker_proposal tracker;
    tcpt_record *record = tcpt_records_add(&analysis->records);
    unsigned from = tcpt_flow_key_of(&key, segment);
    uint32_t hash;
    unsigned behind;
    tcpt_flow *flow;

    if (!analysis->settings.capture_points)
        key.point = 0;
    hash = tcpt_key_hash(&key);
    flow = tcpt_flow_table_find(&analysis->flows, &key, hash);
    if (!flow || begins_life(flow, segment, from))
        flow = open_flow(analysis, &key, hash, segment, from, flow);
    tcpt_point_note(flow->at, segment);
    analysis->generation++;

    record->flow = flow;
    record->frame = segment->frame;
    record->pad_bytes = segment->pad_bytes;
    record->uncut_good =
        segment->checksum_is != TCPT_CHECKSUM_GOOD || segment->checksum_over_padding == segment->checksum_expected;
    record->from = (uint8_t)from;
    if (tcpt_flow_is_copy(flow, segment, from, &behind)) {
        take_copy(analysis, flow, record, behind);
        return record;
    }

    if (!flow->ends[from].host)
        find_host(analysis, flow, from);
    tcpt_observe(&seen, flow, segment, from, &analysis->settings, tolerance_ns(flow->at));
    tracker.course = TCPT_TRACKER_STAYS;
    if (analysis->settings.tracker_models)
        tcpt_track(&seen, &tracker, flow, segment);
    tcpt_record_tracker(record, &seen.tracker);
    if (segment->flags & TCPT_SYN)
        look_up_peers(analysis, flow, segment, &seen);
    if (segment->pad_bytes)
        seen.padding_tells = tcpt_padding_tells(&analysis->padding, flow, segment, &seen);
    if (seen.traits & analysis->dispatch.wanted)
        tcpt_dispatch_judge(&analysis->dispatch, flow, segment, &seen, record);
    tcpt_tracker_commit(&flow->tracker, segment, from, &tracker);
    if (seen.padding_tells)
        tcpt_padding_note(&analysis->padding, flow, segment, &seen);
    tcpt_flow_advance(flow, segment, &seen, record);
    if (flow->ending || (segment->flags & TCPT_SYN) ||
        (flow->port_use == TCPT_PORT_UNCOUNTED && flow->handshake_done)) {
        tcpt_padding_refund(&analysis->padding, flow);
        tcpt_peers_advance(analysis->peers, flow, segment, &seen, &analysis->settings, record);
    }
    if (tcpt_points_watching(analysis->points))
        tcpt_points_note(analysis->points, flow, segment, &seen, record);
    tcpt_record_states(record, flow);
    return record;
}

/* An odd clock's segment, at the nearest time that can be worked with. */
static tcpt_record *take_moved(tcpt_analysis *analysis, const tcpt_segment *segment)
{
    tcpt_segment moved = *segment;

    moved.time_ns = tcpt_time_moved(segment->time_ns);
    return take(analysis, &moved);
}

tcpt_record *tcpt_analyse(tcpt_analysis *analysis, const tcpt_segment *segment)
{
    return tcpt_time_fits(segment->time_ns) ? take(analysis, segment) : take_moved(analysis, segment);
}

/* ---- the analysis itself ---- */

tcpt_analysis *tcpt_analysis_new(const tcpt_settings *settings)
{
    tcpt_analysis *analysis = g_new0(tcpt_analysis, 1);

    analysis->settings = *settings;
    tcpt_hosts_open(&analysis->hosts);
    tcpt_records_open(&analysis->records);
    analysis->peers = tcpt_peers_new();
    analysis->points = tcpt_points_new(settings);
    tcpt_dispatch_open(&analysis->dispatch, &analysis->settings);
    return analysis;
}

void tcpt_analysis_free(tcpt_analysis *analysis)
{
    tcpt_flow *flow;

    if (!analysis)
        return;
    flow = analysis->first_flow;
    while (flow) {
        tcpt_flow *next = flow->next;

        tcpt_findings_clear(flow);
        tcpt_memory_clear(flow);
        tcpt_flow_clear(flow);
        g_free(flow);
        flow = next;
    }
    tcpt_flow_table_clear(&analysis->flows);
    if (analysis->tuples)
        g_hash_table_destroy(analysis->tuples);
    tcpt_hosts_clear(&analysis->hosts);
    tcpt_peers_free(analysis->peers);
    tcpt_points_free(analysis->points);
    tcpt_records_clear(&analysis->records);
    tcpt_dispatch_clear(&analysis->dispatch);
    g_free(analysis);
}

tcpt_flow *tcpt_first_flow(const tcpt_analysis *analysis)
{
    return analysis->first_flow;
}

void tcpt_suspect_points(tcpt_analysis *analysis)
{
    if (!analysis->settings.capture_points || tcpt_points_watching(analysis->points))
        return;
    join_all_twins(analysis);
    tcpt_points_suspect(analysis->points);
}

void tcpt_expect_points(tcpt_analysis *analysis)
{
    if (!analysis->settings.capture_points)
        return;
    join_all_twins(analysis);
    tcpt_points_watch(analysis->points);
    analysis->points_expected = true;
}

void tcpt_each_path(const tcpt_analysis *analysis, void (*visit)(const tcpt_path *, void *), void *data)
{
    tcpt_points_each_path(analysis->points, visit, data);
}

bool tcpt_has_points(const tcpt_analysis *analysis)
{
    return analysis->points_expected || tcpt_points_count(analysis->points) > 1;
}

const tcpt_point *tcpt_first_point(const tcpt_analysis *analysis)
{
    return tcpt_points_first(analysis->points);
}

unsigned tcpt_point_count(const tcpt_analysis *analysis)
{
    return tcpt_points_count(analysis->points);
}

const tcpt_pressure *tcpt_highest_pressures(const tcpt_analysis *analysis, unsigned *count)
{
    return tcpt_peers_pressures(analysis->peers, count);
}

size_t tcpt_bytes_across_flows(const tcpt_analysis *analysis)
{
    return tcpt_peers_bytes(analysis->peers) + tcpt_hosts_bytes(&analysis->hosts);
}

tcpt_totals tcpt_analysis_totals(const tcpt_analysis *analysis)
{
    tcpt_totals totals = {
        .segments = analysis->generation,
        .flows = analysis->flow_count,
        .kept = tcpt_points_kept(analysis->points),
    };
    const tcpt_point *point = tcpt_points_first(analysis->points);

    for (bool first = true; point; point = point->next, first = false) {
        totals.first_ns = first ? point->first_ns : MIN(totals.first_ns, point->first_ns);
        totals.newest_ns = first ? point->newest_ns : MAX(totals.newest_ns, point->newest_ns);
        totals.bare += point->bare;
    }
    return totals;
}
