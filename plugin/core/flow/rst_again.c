/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/rst_again.h"

#include <string.h>

#include "core/flow/short_way.h"
#include "core/flow/trouble.h"
#include "tcptriage/limits.h"
#include "tcptriage/points.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

enum {
    /* Of the RSTs before, so that a flow with one or two keeps nothing. */
    RSTS_LEAST = 4,
    /* A pause is something that many ask for; no setting counts in less. */
    PAUSE_SECONDS = 1,
};

tcpt_rst_marks tcpt_rst_marks_of(const tcpt_flow *flow)
{
    const tcpt_endpoint *a = &flow->ends[0], *b = &flow->ends[1];

    return (tcpt_rst_marks){{(uint8_t)a->state, (uint8_t)b->state},
                            {a->reset, b->reset},
                            {a->reset_peer, b->reset_peer},
                            (uint8_t)flow->port_use};
}

static bool same_marks(const tcpt_flow *flow, const tcpt_rst_marks *before)
{
    const tcpt_rst_marks now = tcpt_rst_marks_of(flow);

    return memcmp(&now, before, sizeof now) == 0;
}

/* ---- keeping ---- */

/* Nothing but a header: a RST that brings more is looked at each time. Its timestamps count for the small entry of
 * FIN-WAIT-2 only, which is_plain() leaves out. */
static bool is_bare(const tcpt_segment *segment)
{
    return (segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST)) == TCPT_RST && !segment->payload_bytes &&
           !(segment->options & ~TCPT_OPTION_TIMESTAMPS) && !segment->options_cut && !segment->fragment &&
           !segment->fragments && !segment->odd_flags && !segment->pad_bytes &&
           segment->checksum_is <= TCPT_CHECKSUM_GOOD;
}

/* No gap in its bytes, no FIN, nothing that waits for an answer: what moves with time or sequence numbers otherwise. */
static bool is_plain(const tcpt_endpoint *end)
{
    return end->syn && end->sent && end->acked && !end->holed && !end->above_count && !end->sack_held && !end->fin &&
           !end->fin_acked && !end->trouble->refused.record && end->host && end->last_record;
}

static bool is_open(const tcpt_flow *flow)
{
    return flow->handshake_done && flow->client_known && flow->ending && flow->synchronised && !flow->later &&
           !flow->damaged && !flow->reordered && !flow->padded && !flow->acks.count && !flow->rare->rst_run.rounds &&
           !flow->rare->refusal.seen && is_plain(&flow->ends[0]) && is_plain(&flow->ends[1]);
}

/* By the stack's limit: what is over it stays so until it ends. Where nobody knows whether an answer was given, nobody
 * does of the next one before the limit's end, either; each moves that. */
static bool is_settled(const tcpt_receiver_view *view)
{
    return !view->limited || view->over_limit || view->verdict == TCPT_VERDICT_UNDETERMINED;
}

bool tcpt_rst_may_come_again(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                             const tcpt_rst_marks *before)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from], *receiver = &flow->ends[!seen->from];

    if (seen->traits != (TCPT_TRAIT_RST | TCPT_TRAIT_ENDING | TCPT_TRAIT_RST_SENDER) ||
        sender->rst_count < RSTS_LEAST || !is_bare(segment) || !is_settled(&seen->receiver) || seen->really_bad ||
        seen->rst_rounds || seen->tracker.lags)
        return false;
    return is_open(flow) && segment->time_ns == flow->last_ns && receiver->last_record->ct_current != TCPT_CT_INVALID &&
           same_marks(flow, before);
}

/* Where a RST may lie to be judged as this one: from the first to the last SEQ, none where it is no other's. */
static tcpt_range alike(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from], *receiver = &flow->ends[!seen->from];
    uint32_t next = seq_max(seq_max(sender->snd_contig, sender->snd_nxt), receiver->rcv_nxt);
    uint32_t edge = receiver->rcv_nxt + receiver->rcv_wnd;
    tcpt_range range = {next + 1, seq_before(edge, receiver->rcv_edge) ? edge : receiver->rcv_edge};

    if (seen->rst.position != TCPT_RST_IN_WINDOW || seq_before(segment->seq, range.left) ||
        seq_after(segment->seq, range.right)) /* also where the sender has sent beyond the window: no such place */
        return (tcpt_range){segment->seq, segment->seq};
    return range;
}

void tcpt_rst_keep(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record,
                   unsigned detector, bool any_seq)
{
    tcpt_rst_again *again = &tcpt_rarities_of(flow)->rst_again;

    *again = (tcpt_rst_again){
        .last = record,
        .alike = any_seq ? alike(flow, segment, seen) : (tcpt_range){segment->seq, segment->seq},
        .ack = segment->ack,
        .window = segment->window,
        .flags = segment->flags,
        .ttl = segment->ttl,
        .from = seen->from,
        .checksum_is = (uint8_t)segment->checksum_is,
        .detector = (uint8_t)detector,
        .verdict = seen->receiver.verdict,
        .drop = seen->receiver.drop,
        .over_limit = seen->receiver.over_limit,
        .counts = seen->receiver.limited && !seen->receiver.over_limit,
        .provokes = seen->provokes,
        .by_data_too = seen->rst.position == TCPT_RST_EXACT_UNACKED,
    };
}

/* ---- the next one ---- */

static bool looks_alike(const tcpt_rst_again *again, const tcpt_segment *segment, unsigned from)
{
    return again->from == from && again->flags == segment->flags && again->ttl == segment->ttl &&
           again->window == segment->window && again->ack == segment->ack &&
           again->checksum_is == (unsigned)segment->checksum_is && is_bare(segment) &&
           segment->seq - again->alike.left <= again->alike.right - again->alike.left;
}

static bool in_time(const tcpt_flow *flow, const tcpt_rst_again *again, int64_t now_ns)
{
    int64_t since_ns = now_ns - flow->last_ns;
    int64_t limited_ns = now_ns - flow->ends[!again->from].trouble->limited_ns;

    if (since_ns < 0 || since_ns >= PAUSE_SECONDS * TCPT_SECOND_NS || flow->piece != flow->at->piece ||
        tcpt_begins_piece(flow->at, now_ns))
        return false;
    if (again->counts)
        return limited_ns < (TCPT_ANSWER_LIMIT_MS + TCPT_TICK_MS) * TCPT_MS_NS;
    return !again->over_limit || limited_ns <= (TCPT_ANSWER_LIMIT_MS - TCPT_TICK_MS) * TCPT_MS_NS;
}

bool tcpt_rst_comes_again(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_rst_again *again = &flow->rare->rst_again;

    return again->last && again->last == flow->last_record && looks_alike(again, segment, from) &&
           in_time(flow, again, segment->time_ns);
}

void tcpt_rst_observe_again(tcpt_observation *seen, const tcpt_rst_again *again)
{
    tcpt_clear_observation(seen);
    seen->from = again->from;
    seen->receiver.verdict = (tcpt_verdict)again->verdict;
    seen->receiver.drop = (tcpt_drop)again->drop;
    seen->receiver.over_limit = again->over_limit;
}

void tcpt_flow_commit_rst_again(tcpt_flow *flow, const tcpt_segment *segment, tcpt_record *record)
{
    tcpt_rst_again *again = &tcpt_rarities_of(flow)->rst_again;
    tcpt_endpoint *sender = &flow->ends[again->from], *receiver = &flow->ends[!again->from];

    if (segment->checksum_is == TCPT_CHECKSUM_GOOD) {
        sender->checksums_good++;
        sender->host->good++;
    }
    if (again->provokes)
        tcpt_trouble_of(receiver)->provoked = (tcpt_provocation){record, segment->time_ns, again->by_data_too};
    if (again->counts)
        tcpt_trouble_of(receiver)->limited_ns = segment->time_ns;
    sender->rst_count++;
    sender->rst_ns = segment->time_ns;
    sender->rst_record = record;
    sender->segment_count++;
    if (segment->options & TCPT_OPTION_TIMESTAMPS)
        sender->newest_tsval = segment->tsval;
    sender->short_segments += tcpt_short_on_the_wire(segment);
    sender->last_ns = segment->time_ns;
    sender->last_record = record;
    flow->last_ns = segment->time_ns;
    flow->last_record = record;
    again->last = record;
}

bool tcpt_rst_leaves(tcpt_flow *flow, uint32_t held, uint32_t *number)
{
    tcpt_rst_again *again = &tcpt_rarities_of(flow)->rst_again;
    bool all = again->remembered == TCPT_FINGERPRINTS && again->held == held;

    again->remembered = again->held == held ? (uint8_t)(again->remembered + !all) : 1;
    again->held = held;
    *number = flow->seen[flow->seen_next].record;
    return all;
}

void tcpt_rst_share(tcpt_flow *flow, uint32_t number)
{
    tcpt_rst_again *again = &tcpt_rarities_of(flow)->rst_again;

    again->shared = number;
    again->shares = true;
}

void tcpt_rst_forget(tcpt_flow *flow)
{
    if (flow->rare->rst_again.last)
        tcpt_rarities_of(flow)->rst_again.last = NULL;
}
