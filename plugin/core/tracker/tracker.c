/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When may a model of the tracker be believed? It begins with a SYN, and ends where the capture shows that it lacks
 * packets: one that was not captured looks to the model like one that was never sent. */
#include "core/tracker/tracker.h"

#include <glib.h>
#include <string.h>

#include "core/tracker/judge.h"
#include "core/tracker/lag.h"
#include "tcptriage/limits.h"
#include "tcptriage/points.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

static bool plain_syn(const tcpt_segment *segment)
{
    return (segment->flags & (TCPT_SYN | TCPT_ACK | TCPT_RST | TCPT_FIN)) == TCPT_SYN;
}

/* The models' start: a SYN that opens a flow. One in the middle of a flow meets an entry nobody knows. */
static bool begins(const tcpt_flow *flow, const tcpt_segment *segment)
{
    return !flow->last_record && plain_syn(segment);
}

/* The entries that the segment meets, or NULL where nothing is believed. */
static const tcpt_ct_models *models_for(const tcpt_tracker *tracker, bool begin)
{
    static const tcpt_ct_models none;

    if (tracker->follows)
        return &tracker->models;
    return begin ? &none : NULL;
}

/* The other end must have spoken before it can be acknowledged, and with its SYN before it can go on. */
static bool handshake_missed(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];

    if (!(segment->flags & TCPT_ACK) || (segment->flags & TCPT_RST))
        return false;
    if (!receiver->sent)
        return true;
    return !(segment->flags & TCPT_SYN) && !sender->syn && receiver->syn &&
           seq_after(segment->ack, tcpt_lowest_seq(receiver)) && !seq_after(segment->ack, receiver->snd_nxt);
}

/* What the capture cannot have held back: it never had it. */
static bool capture_lacks(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    if (segment->fragment || segment->options_cut)
        return true;
    if (flow->ends[0].holes || flow->ends[1].holes || flow->reordered)
        return true;
    return handshake_missed(flow, segment, from);
}

static bool acks_uncaptured(const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    if (!receiver->sent || seq_after(segment->ack, receiver->snd_contig))
        return true;
    for (unsigned i = 0; i < segment->sack_count; i++)
        if (seq_after(segment->sack_right[i], receiver->snd_nxt))
            return true;
    return false;
}

/* Numbers that no hole of the capture explains: what they acknowledge was beyond every window that their sender gave,
 * while its own bytes have no gap. */
static bool beyond_any_hole(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from], *receiver = &flow->ends[!seen->from];
    int64_t window = MAX(sender->max_wnd, 65535); /* the largest without a scale, where none was seen */

    if (!receiver->sent || !sender->sent || seq_after(segment->seq, sender->snd_contig))
        return false;
    if (seen->odd_ack)
        return true;
    for (unsigned i = 0; i < segment->sack_count; i++)
        if (seq_delta(segment->sack_right[i], receiver->snd_nxt) > window)
            return true;
    return false;
}

/* Far beyond the largest right edge ever seen. A sender that ignores the window runs into loss within a round or two:
 * after three whole windows it is the ACKs that moved the edge that were not captured. */
static bool outran_window(const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    return receiver->acked && seq_delta(segment->end_seq, receiver->rcv_edge) > 3 * (int64_t)receiver->max_wnd;
}

/* Numbers that leap beyond the window, by a hundred times of what this end has sent in all the time before, in less
 * time than that: it would have to be a capture's hole over many windows of data and every answer to them, of a
 * connection that has carried next to nothing so far. */
static bool leaps(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    enum { TIMES = 100, SENT_LEAST = 1460 }; /* of a connection that has not sent a segment yet nothing is known */
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];
    int64_t sent = sender->snd_nxt - sender->iss;

    if (!sender->syn || sender->far || !receiver->acked || sent < SENT_LEAST)
        return false;
    if (segment->time_ns - flow->last_ns > flow->last_ns - flow->first_ns)
        return false;
    return seq_delta(segment->seq, sender->snd_nxt) > TIMES * sent &&
           seq_delta(segment->seq, receiver->rcv_edge) > (int64_t)receiver->max_wnd;
}

/* New data beyond the receiver's window for longer than two round trips, and not a word from the receiver: it answers
 * the first such segment at once (RFC 9293, section 3.10.7.4), so what it sent was not captured, or none of this ever
 * was on a wire. */
static bool overrun_unanswered(tcpt_tracker_proposal *proposal, const tcpt_flow *flow, const tcpt_segment *segment,
                               unsigned from)
{
    const tcpt_endpoint *receiver = &flow->ends[!from];
    int64_t since_ns = flow->tracker->overrun_ns[from];

    if (!seq_after(segment->end_seq, flow->ends[from].snd_nxt))
        return false; /* a probe or a retransmission goes unanswered where the receiver is gone */
    if (!receiver->acked || !seq_after(segment->end_seq, receiver->rcv_edge))
        return false; /* only a tracker's own edge was crossed, for example one that lost the scale */
    if (!since_ns || receiver->last_ns > since_ns)
        since_ns = segment->time_ns;
    proposal->overrun_ns = since_ns;
    return segment->time_ns - since_ns > 2 * tcpt_rtt_ns(flow);
}

/* A window's edge was crossed according to the model. The capture proves it only when it holds all that went before. */
static bool unproven(tcpt_tracker_proposal *proposal, const tcpt_flow *flow, const tcpt_segment *segment,
                     const tcpt_observation *seen, uint8_t reason)
{
    unsigned from = seen->from;
    const tcpt_endpoint *sender = &flow->ends[from];

    switch (reason) {
    case TCPT_CT_ACK_OVER:
        return acks_uncaptured(&flow->ends[!from], segment) && !beyond_any_hole(flow, segment, seen);
    case TCPT_CT_SEQ_OVER:
    case TCPT_CT_OVERSHOOT:
        if ((segment->flags & (TCPT_RST | TCPT_SYN)) || leaps(flow, segment, from))
            return false;
        return !sender->sent || seq_after(segment->seq, sender->snd_contig) ||
               outran_window(&flow->ends[!from], segment) || overrun_unanswered(proposal, flow, segment, from);
    default:
        return false;
    }
}

/* The sum on the wire is not known: filled in or changed behind the capture point. */
static bool sum_unknown(const tcpt_segment *segment, const tcpt_observation *seen)
{
    return segment->checksum_is == TCPT_CHECKSUM_PARTIAL || segment->checksum_is == TCPT_CHECKSUM_BOTH_WRONG ||
           (segment->checksum_is == TCPT_CHECKSUM_WRONG && !seen->really_bad);
}

static bool far_from(uint32_t a, uint32_t b)
{
    enum { WINDOW = 65535 }; /* a host whose IP IDs stand still goes on within that */

    return ABS((int64_t)seq_delta(a, b)) > WINDOW;
}

/* The sender's newest packet once more, by its IP ID, with numbers from elsewhere: the capture holds both sides of a
 * device that shifts them, and no tracker sees both. */
static bool on_both_sides(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from];

    if (!segment->has_ip_id || !segment->ip_id || !sender->segment_count || sender->ip_id != segment->ip_id ||
        segment->time_ns - sender->last_ns >= TCPT_SHORTEST_RTO_MS * TCPT_MS_NS)
        return false;
    return (sender->sent && far_from(segment->seq, sender->snd_nxt)) ||
           ((segment->flags & TCPT_ACK) && sender->acked && far_from(segment->ack, sender->rcv_nxt));
}

/* No time of the tracker's: its entries do not age by it. */
static int64_t jump_ns(const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_flow *before = flow->last_record ? flow : tcpt_life_before(flow);

    if (!before || (before->piece == flow->at->piece && !tcpt_begins_piece(flow->at, segment->time_ns)))
        return 0;
    return segment->time_ns - before->last_ns;
}

static void show(tcpt_ct_view *view, const tcpt_ct_result *current, const tcpt_ct_result *old)
{
    view->state = current->state;
    view->current = current->verdict;
    view->before_5_18 = old->verdict;
    view->old_reason = old->reason;
    view->reason = current->verdict == TCPT_CT_VALID ? old->reason : current->reason;
}

static void show_open(tcpt_ct_view *view)
{
    view->state = TCPT_CT_ESTABLISHED;
    view->current = view->before_5_18 = TCPT_CT_VALID;
}

static void show_answered(tcpt_ct_view *view)
{
    view->state = TCPT_CT_SYN_RECV;
    view->current = view->before_5_18 = TCPT_CT_VALID;
}

static void hide(tcpt_ct_view *view)
{
    view->current = view->before_5_18 = TCPT_CT_VERDICT_UNKNOWN;
    view->reason = TCPT_CT_REASON_NONE;
}

static void note_traits(tcpt_observation *seen)
{
    const tcpt_ct_view *view = &seen->tracker;

    if (view->scale_reset)
        seen->traits |= TCPT_TRAIT_SCALE_RESET;
    if (view->current == TCPT_CT_INVALID && view->reason != TCPT_CT_BAD_CHECKSUM)
        seen->traits |= TCPT_TRAIT_CT_INVALID;
    if (view->divergent && view->current != TCPT_CT_VERDICT_UNKNOWN)
        seen->traits |= TCPT_TRAIT_CT_DIVERGENT;
}

/* A segment of the short way meets an entry that both rule sets share and take for established: VALID, nothing else to
 * ask. */
static bool fits_short_way(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    const tcpt_tracker *tracker = flow->tracker;

    if (!seen->short_way || tracker->models.old || !flow->ends[seen->from].syn || flow->ends[0].holes ||
        flow->ends[1].holes || flow->reordered)
        return false;
    return tcpt_ct_fits_short_way(&tracker->models.current, segment, seen->from);
}

/* The same of an ACK that is sent again, of the handshake's last, and of others that the flow itself takes the long way
 * with. */
static bool fits_plain(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    const tcpt_tracker *tracker = flow->tracker;

    if ((segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST | TCPT_ACK)) != TCPT_ACK || tracker->models.old)
        return false;
    if (segment->sack_count || segment->checksum_is > TCPT_CHECKSUM_GOOD || capture_lacks(flow, segment, seen->from) ||
        on_both_sides(flow, segment, seen->from))
        return false;
    return tcpt_ct_fits_short_way(&tracker->models.current, segment, seen->from) ||
           tcpt_ct_completes(&tracker->models.current, segment, seen->from);
}

static void propose_plain(tcpt_tracker_proposal *proposal)
{
    proposal->overrun_ns = 0;
    proposal->course = TCPT_TRACKER_FOLLOWS;
    proposal->models.short_way[TCPT_CT_CURRENT] = true;
    proposal->models.parted = false;
}

/* Flags that no host sends together are invalid whatever was before. */
static void judge_flags(tcpt_ct_view *view, const tcpt_segment *segment)
{
    if (!segment->odd_flags && tcpt_legal_flags(segment->flags))
        return;
    view->current = view->before_5_18 = TCPT_CT_INVALID;
    view->reason = view->old_reason = TCPT_CT_BAD_FLAGS;
}

/* At length, by both rule sets. */
static void track(tcpt_observation *seen, tcpt_tracker_proposal *proposal, const tcpt_ct_models *models,
                  const tcpt_flow *flow, const tcpt_segment *segment)
{
    tcpt_ct_view *view = &seen->tracker;
    tcpt_ct_result results[TCPT_CT_RULE_SETS];
    const tcpt_ct_result *current = &results[TCPT_CT_CURRENT], *old = &results[TCPT_CT_BEFORE_5_18];
    tcpt_ct_packet packet;

    proposal->overrun_ns = 0;
    proposal->course = TCPT_TRACKER_LOSES;
    if (capture_lacks(flow, segment, seen->from) || on_both_sides(flow, segment, seen->from))
        return;
    packet = tcpt_ct_packet_of(segment, seen->from, seen->really_bad);
    packet.jump_ns = jump_ns(flow, segment);
    tcpt_ct_judge_both(models, &packet, &proposal->models, results);
    if ((current->reason && unproven(proposal, flow, segment, seen, current->reason)) ||
        (old->reason && unproven(proposal, flow, segment, seen, old->reason)))
        return;
    proposal->course = TCPT_TRACKER_FOLLOWS;
    show(view, current, old);
    view->scale_reset = old->scale_reset;
    view->divergent = flow->scale_reset && !flow->rare->divergent[seen->from] && old->verdict == TCPT_CT_INVALID &&
                      current->verdict != TCPT_CT_INVALID;
    if (sum_unknown(segment, seen))
        hide(view);
    note_traits(seen);
}

static bool may_lag(const tcpt_flow *flow, const tcpt_observation *seen)
{
    return flow->tracker->learned && tcpt_ct_may_lag(&flow->tracker->models.current, flow, seen);
}

void tcpt_tracker_catch_up(const tcpt_flow *flow)
{
    tcpt_tracker *tracker = flow->tracker;

    if (flow->tracker_blank) {
        tracker->follows = true;
        tcpt_ct_make(&tracker->models.current, flow);
        tracker->learned = flow->tracker_lags;
    }
    if (flow->tracker_lags)
        tcpt_ct_catch_up(&tracker->models.current, flow);
}

/* Of a flow that lags, or whose handshake has no entry so far: whether this goes on. */
static bool needs_no_entry(const tcpt_flow *flow, const tcpt_segment *segment, tcpt_observation *seen)
{
    tcpt_ct_view *view = &seen->tracker;

    if (flow->tracker_lags) {
        view->lags = tcpt_ct_lags_on(flow, segment, seen);
    } else if (tcpt_ct_answers_blank(flow, segment, seen)) {
        view->blank = true;
        show_answered(view);
        return true;
    } else {
        view->lags = tcpt_ct_opens_blank(flow, segment, seen);
    }
    if (!view->lags)
        return false;
    view->blank = flow->tracker_blank;
    show_open(view);
    return true;
}

void tcpt_track(tcpt_observation *seen, tcpt_tracker_proposal *proposal, const tcpt_flow *flow,
                const tcpt_segment *segment)
{
    const tcpt_ct_models *models;
    tcpt_ct_view *view = &seen->tracker;

    if (flow->tracker_lags || flow->tracker_blank) {
        if (needs_no_entry(flow, segment, seen))
            return;
        tcpt_tracker_catch_up(flow);
    }
    proposal->begins = begins(flow, segment);
    models = models_for(flow->tracker, proposal->begins);
    view->state = TCPT_CT_UNKNOWN;
    if (!models) {
        judge_flags(view, segment);
        note_traits(seen);
    } else if (fits_short_way(flow, segment, seen)) {
        show_open(view);
        view->lags = may_lag(flow, seen);
        proposal->course = view->lags ? TCPT_TRACKER_STAYS : TCPT_TRACKER_SHORT_WAY;
    } else if (fits_plain(flow, segment, seen)) {
        show_open(view);
        propose_plain(proposal);
    } else {
        track(seen, proposal, models, flow, segment);
    }
}

void tcpt_track_first_syn(tcpt_observation *seen)
{
    seen->tracker.state = TCPT_CT_SYN_SENT;
    seen->tracker.current = seen->tracker.before_5_18 = TCPT_CT_VALID;
}

bool tcpt_tracks_rst_again(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_tracker *tracker = flow->tracker;

    return tracker->follows && !tracker->models.old && !flow->ends[0].holes && !flow->ends[1].holes &&
           !on_both_sides(flow, segment, from) && tcpt_ct_fits_rst_again(&tracker->models.current, segment, from);
}

void tcpt_tracker_clear(tcpt_tracker *tracker)
{
    if (tracker)
        tcpt_ct_clear(&tracker->models);
}
