/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where each segment enters: find the flow, judge, let the detectors look, then commit. Until the commit nothing
 * changes of what was known before the segment. */
#include "tcptriage/analysis.h"

#include "core/lone.h"
#include "core/repeated.h"
#include "core/state.h"
#include "core/stowing.h"
#include "core/tracker/commit.h"

/* What a segment is to what was known before it, and what becomes of that. */
typedef struct judgement {
    tcpt_packet_id packet;
    tcpt_observation seen;
    tcpt_tracker_proposal tracker;
    tcpt_host *host;   /* what is known of its source address, or NULL */
    tcpt_identity who; /* what the tables know its hosts by; `pair` is 0 while nobody has asked */
} judgement;

/* ---- judge ---- */

/* The second segment of a flow, or the second RST: when it is asked whether it goes on another one. A SYN-ACK that
 * nobody answers is asked about a few times, as the SYN's own retry may come later. */
static bool early(const tcpt_flow *flow, const tcpt_segment *segment)
{
    enum { SYN_ACKS = 4 };
    uint32_t before = flow->ends[0].segment_count + flow->ends[1].segment_count;

    if (segment->flags & TCPT_SYN)
        return (segment->flags & TCPT_ACK) && before && before < SYN_ACKS;
    return before == 1 || (before == 3 && (segment->flags & TCPT_RST));
}

/* The SYN that a SYN-ACK under another name answers came again since: that was no answer to its sender. */
static bool asked_again(const tcpt_flow *asks, const tcpt_flow *stray, unsigned began)
{
    const tcpt_endpoint *client = &asks->ends[asks->client];

    return stray->ends[began].syn && !stray->ends[!began].segment_count && client->syn_count > 1 &&
           client->syn_ns > stray->first_ns;
}

/* The second segment of a connection that began without a SYN: does it go on another one? Apart from what every segment
 * passes. */
static void TCPT_NOINLINE observe_moved(const tcpt_analysis *analysis, tcpt_observation *seen, const tcpt_flow *flow,
                                        const tcpt_segment *segment)
{
    unsigned began = !flow->ends[0].acked, end;

    if (flow->ends[!began].syn || flow->later)
        return;
    if (flow->ends[began].syn && !(segment->flags & (TCPT_RST | TCPT_SYN)))
        return; /* its SYN-ACK is welcome: only its SYN was not captured */
    seen->moved =
        tcpt_flows_moved_to(analysis->flows, flow, began, segment->flags & TCPT_RST, analysis->generation, &end);
    if (!seen->moved || ((segment->flags & TCPT_SYN) && !asked_again(seen->moved, flow, began)))
        return;
    seen->moved_end = (uint8_t)end;
    seen->traits |= TCPT_TRAIT_MOVED;
}

static void judge(const tcpt_analysis *analysis, judgement *found, const tcpt_flow *flow, const tcpt_segment *segment,
                  unsigned from)
{
    found->host = flow->ends[from].host;
    if (!found->host)
        found->host = tcpt_peers_host(analysis->peers, &flow->key, from);
    tcpt_observe(&found->seen, flow, segment, from, found->host, &analysis->settings);
    found->tracker.course = TCPT_TRACKER_STAYS;
    found->who.pair = 0;
    if (analysis->settings.tracker_models)
        tcpt_track(&found->seen, &found->tracker, flow, segment);
    if ((segment->flags & TCPT_SYN) || (found->seen.traits & TCPT_TRAIT_RST_FIRST) ||
        (segment->pad_bytes && tcpt_padding_may_tell(&flow->ends[from], segment)))
        tcpt_peers_observe(analysis->peers, &found->seen, &found->who, flow, segment, &analysis->settings);
    if (!found->seen.short_way && early(flow, segment))
        observe_moved(analysis, &found->seen, flow, segment);
}

/* ---- commit ---- */

/* The end that may have asked under another name for what comes here, 2 for none: of a flow that begins without a SYN,
 * or whose client resets the answer to its SYN. A SYN-ACK each time, as its client may not be known as a host at the
 * first. */
static unsigned stray_for(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    if (segment->flags & TCPT_SYN)
        return (segment->flags & TCPT_ACK) && !flow->ends[!from].syn ? !from : 2;
    if (segment->flags & TCPT_RST)
        return flow->ends[from].syn && flow->ends[!from].syn && !flow->handshake_done ? from : 2;
    return flow->last_record ? 2 : !from;
}

/* What is known of its sender's address, once its host is kept. */
static tcpt_host *commit_host(const tcpt_analysis *analysis, const judgement *found, const tcpt_flow *flow)
{
    unsigned from = found->seen.from;

    return flow->ends[from].host ? found->host : tcpt_peers_commit_host(analysis->peers, found->host, flow, from);
}

/* It goes on another flow, of which the frames so far prove it. */
static void TCPT_NOINLINE commit_moved(tcpt_analysis *analysis, tcpt_flow *flow, const tcpt_observation *seen)
{
    tcpt_flow_commit_moved(flow, seen);
    analysis->records.held++;
}

/* The flow, and what its change means across flows. */
static void commit_flow(tcpt_analysis *analysis, judgement *found, tcpt_flow *flow, const tcpt_segment *segment,
                        tcpt_record *record)
{
    const tcpt_observation *seen = &found->seen;
    tcpt_flow_before before = {flow->port_use, flow->padding_spent, flow->asks_ecn};
    unsigned stray = stray_for(flow, segment, seen->from);

    if (stray != 2)
        tcpt_peers_commit_stray(analysis->peers, flow, stray);
    if (seen->traits & TCPT_TRAIT_MOVED)
        commit_moved(analysis, flow, seen);
    tcpt_flow_commit(tcpt_flows_ack_steps(analysis->flows), flow, segment, seen, commit_host(analysis, found, flow),
                     record);
    if (flow->ending || (segment->flags & TCPT_SYN) || flow->port_use != before.port_use ||
        flow->padding_spent != before.padding_spent)
        tcpt_peers_commit(analysis->peers, flow, &found->who, &before, segment, seen, &analysis->settings, record);
}

/* The same where the ordinary ACK of a handshake completes it. */
static void TCPT_NOINLINE commit_opening(tcpt_analysis *analysis, judgement *found, tcpt_flow *flow,
                                         const tcpt_segment *segment, tcpt_record *record)
{
    const tcpt_observation *seen = &found->seen;
    tcpt_flow_before before = {flow->port_use, flow->padding_spent, flow->asks_ecn};

    tcpt_flow_commit_opening(tcpt_flows_ack_steps(analysis->flows), flow, segment, seen,
                             commit_host(analysis, found, flow), record);
    tcpt_peers_commit(analysis->peers, flow, &found->who, &before, segment, seen, &analysis->settings, record);
    tcpt_record_open(record);
}

static int holes_of(const tcpt_flow *flow)
{
    return flow->ends[0].holes + flow->ends[1].holes;
}

/* What goes the short way means nothing across flows, and changes no state. */
static void commit_states(tcpt_analysis *analysis, judgement *found, tcpt_flow *flow, const tcpt_segment *segment,
                          tcpt_record *record)
{
    tcpt_assumed assumed = tcpt_assumed_of(flow);
    int holes = holes_of(flow);
    uint32_t contig = flow->ends[!found->seen.from].snd_contig;

    commit_flow(analysis, found, flow, segment, record);
    /* One number is a FIN, or what a keep-alive probe repeats of a connection that is older than the capture. */
    if (holes_of(flow) != holes && flow->ends[!found->seen.from].snd_contig - contig != 1)
        tcpt_point_commit_holes(flow->at, holes_of(flow) - holes, segment->time_ns);
    tcpt_record_states(record, flow);
    if (assumed.any)
        tcpt_records_correct(&analysis->records, flow, &found->seen, &assumed);
}

/* What few captures need. */
static void TCPT_NOINLINE commit_watched(tcpt_analysis *analysis, const tcpt_observation *seen, const tcpt_flow *flow,
                                         const tcpt_segment *segment, tcpt_record *record)
{
    if (!tcpt_points_watching(analysis->points)) { /* no second point has shown */
        analysis->watched = analysis->scenes != NULL;
        tcpt_flows_forget_twins(analysis->flows);
    }
    if (analysis->scenes)
        tcpt_scenes_note(analysis->scenes, flow, segment, seen, record);
}

static void commit(tcpt_analysis *analysis, judgement *found, tcpt_flow *flow, const tcpt_segment *segment,
                   tcpt_record *record)
{
    const tcpt_observation *seen = &found->seen;

    tcpt_point_commit(flow->at, segment);
    tcpt_flow_remember(flow, segment, seen->from, &found->packet, analysis->records.newest);
    if (found->tracker.course != TCPT_TRACKER_STAYS)
        tcpt_tracker_commit(flow->tracker, segment, seen->from, &found->tracker);
    tcpt_record_judged(record, seen);
    if (seen->short_way || seen->short_repeat) {
        tcpt_flow_commit_short_way(tcpt_flows_ack_steps(analysis->flows), flow, segment, seen,
                                   commit_host(analysis, found, flow), record);
        tcpt_record_open(record);
    } else if (seen->opens) {
        commit_opening(analysis, found, flow, segment, record);
    } else {
        commit_states(analysis, found, flow, segment, record);
    }
    if (!analysis->watched)
        return;
    if (tcpt_points_watching(analysis->points))
        tcpt_points_commit(analysis->points, flow, segment, seen, record);
    if (analysis->scenes || !tcpt_points_watching(analysis->points))
        commit_watched(analysis, seen, flow, segment, record);
}

/* What few captures have many of, and some hardly anything else. */
static void TCPT_NOINLINE commit_rst(tcpt_analysis *analysis, judgement *found, tcpt_flow *flow,
                                     const tcpt_segment *segment, tcpt_record *record)
{
    tcpt_rst_marks before = tcpt_rst_marks_of(flow);

    commit(analysis, found, flow, segment, record);
    if (!analysis->watched)
        tcpt_keep_rst(analysis, flow, segment, &found->seen, record, &before);
}

/* A SYN of which nothing more may ever be heard is kept itself, until its flow is asked for. */
static void rest(tcpt_analysis *analysis, judgement *found, tcpt_flow *flow, const tcpt_segment *segment,
                 tcpt_record *record, bool tracked)
{
    const tcpt_flow_before before = {TCPT_PORT_UNCOUNTED, 0, false};
    tcpt_host *host = commit_host(analysis, found, flow);

    tcpt_point_commit(flow->at, segment);
    tcpt_record_judged(record, &found->seen);
    tcpt_peers_commit(analysis->peers, flow, &found->who, &before, segment, &found->seen, &analysis->settings, record);
    tcpt_rest(analysis->flows, flow, segment, &found->seen, host, record, analysis->records.newest, tracked);
}

/* A flood is of such: judged without asking for what cannot be of the first segment. @return false where a detector is
 * to look at it: nothing has changed then */
static bool rest_at_once(tcpt_analysis *analysis, tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                         tcpt_record *record)
{
    judgement found;

    if (analysis->watched || !tcpt_is_lone_syn(flow, segment))
        return false;
    tcpt_observe_first_syn(&found.seen, from);
    if (analysis->settings.tracker_models)
        tcpt_track_first_syn(&found.seen);
    found.who.pair = 0;
    tcpt_peers_observe(analysis->peers, &found.seen, &found.who, flow, segment, &analysis->settings);
    if (tcpt_dispatch_asks(&analysis->dispatch, flow, found.seen.traits))
        return false;
    found.host = tcpt_peers_host(analysis->peers, &flow->key, from);
    rest(analysis, &found, flow, segment, record, analysis->settings.tracker_models);
    return true;
}

/* A second copy of a captured packet changes nothing. */
static void commit_copy(const tcpt_analysis *analysis, tcpt_flow *flow, const tcpt_segment *segment,
                        tcpt_record *record, uint32_t original)
{
    tcpt_point_commit(flow->at, segment);
    tcpt_flow_commit_copy(flow, record->from);
    tcpt_point_commit_copy(flow);
    tcpt_record_copy(record, tcpt_records_at(&analysis->records, original));
    tcpt_record_states(record, flow);
    if (analysis->settings.tracker_models) /* a tracker saw the packet once */
        record->ct_state = TCPT_CT_UNKNOWN;
    if (analysis->scenes)
        tcpt_scenes_note(analysis->scenes, flow, segment, NULL, record);
}

/* ---- segments ---- */

static bool same_point(const tcpt_flow_key *a, const tcpt_flow_key *b)
{
    return a->point == b->point && a->depth == b->depth;
}

static tcpt_flow *begin_life(tcpt_analysis *analysis, const tcpt_flow_key *key, uint32_t hash,
                             const tcpt_segment *segment, unsigned from, tcpt_flow *previous)
{
    tcpt_point *at = tcpt_points_at(analysis->points, key->point, key->depth, segment->point_name);

    at->flows = analysis->flows;
    return tcpt_flows_open(analysis->flows, key, hash, segment, from, previous, at);
}

static void open_life(tcpt_analysis *analysis, tcpt_flow *flow, tcpt_record *record)
{
    tcpt_flows_record(analysis->flows, flow, record);
    if (!same_point(tcpt_flows_first_key(analysis->flows), &flow->key))
        tcpt_watch_points(analysis); /* the second one has shown */
}

/* Judge a segment of a flow and take it in. */
TCPT_INLINE void take_into(tcpt_analysis *analysis, tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                           tcpt_record *record)
{
    judgement found;

    if (tcpt_is_copy(&found.packet, flow, segment, from)) {
        commit_copy(analysis, flow, segment, record, found.packet.original);
        return;
    }
    if ((segment->flags & TCPT_RST) && !analysis->watched && tcpt_rst_comes_again(flow, segment, from) &&
        tcpt_take_rst_again(analysis, flow, segment, &found.packet, record))
        return;
    judge(analysis, &found, flow, segment, from);
    if (tcpt_dispatch_asks(&analysis->dispatch, flow, found.seen.traits))
        tcpt_dispatch_judge(&analysis->dispatch, flow, segment, &found.seen, record);
    if (!analysis->watched && tcpt_may_rest(flow, segment, &found.seen))
        rest(analysis, &found, flow, segment, record, found.tracker.course != TCPT_TRACKER_STAYS);
    else if (segment->flags & TCPT_RST)
        commit_rst(analysis, &found, flow, segment, record);
    else
        commit(analysis, &found, flow, segment, record);
}

static tcpt_record *take(tcpt_analysis *analysis, const tcpt_segment *segment)
{
    tcpt_flow_key key;
    tcpt_record *record;
    unsigned from = tcpt_flow_key_of(&key, segment);
    uint32_t hash;
    tcpt_flow *flow;
    bool begins;

    if (!analysis->settings.capture_points)
        key.point = 0;
    hash = tcpt_key_hash(&key);
    flow = tcpt_flow_owning(tcpt_flows_find(analysis->flows, &key, hash)); /* its newest life */
    begins = !flow || tcpt_begins_life(flow, segment, from);
    if (begins)
        flow = begin_life(analysis, &key, hash, segment, from, flow);
    record = tcpt_records_add(&analysis->records, flow, segment, from);
    if (begins)
        open_life(analysis, flow, record);
    analysis->generation++;
    if (!begins || !rest_at_once(analysis, flow, segment, from, record))
        take_into(analysis, flow, segment, from, record);
    if (begins)
        tcpt_stow_old(analysis, segment->time_ns);
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
