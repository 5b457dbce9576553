/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/observe_repeat.h"

#include <glib.h>

#include "tcptriage/limits.h"
#include "tcptriage/points.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

enum {
    /* A run of acknowledged data sent again is one story; a gap longer than any timeout begins another. */
    RUN_GAP_SECONDS = TCPT_LONGEST_RTO_SECONDS + 5,
};

/* First step at which everything up to `end` was acknowledged; the caller knows that there is one or none. */
static const tcpt_ack_step *step_covering(const tcpt_endpoint *acker, uint32_t end)
{
    unsigned low = 0, high = acker->ack_step_count;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (seq_before(acker->ack_steps[middle].ack, end))
            low = middle + 1;
        else
            high = middle;
    }
    return low < acker->ack_step_count ? &acker->ack_steps[low] : NULL;
}

/* New bytes were sent, or acknowledged, since. */
static bool went_on_since(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, int64_t when_ns)
{
    return sender->payload_ns > when_ns ||
           (receiver->ack_step_count && receiver->ack_steps[receiver->ack_step_count - 1].time_ns > when_ns);
}

/* One after the other without progress, or the same bytes whatever happens in between: else they are spurious repeats
 * of a sender that gets its ACKs. */
static bool continues_run(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_again *again = flow->again;

    if (!again || again->from != from || segment->time_ns - again->last_ns > tcpt_seconds_ns(RUN_GAP_SECONDS))
        return false;
    return (again->same && segment->seq == again->seq) ||
           !went_on_since(&flow->ends[from], &flow->ends[!from], again->last_ns);
}

/* Ordering errors at a point: never less than a millisecond, or twice the largest step back seen. Steps of
 * seconds are a clock set back, not an ordering. */
static int64_t tolerance_ns(const tcpt_point *point, int64_t now_ns)
{
    int64_t back_step_ns = MAX(point->back_step_ns, point->newest_ns - now_ns);

    return MAX(2 * MIN(back_step_ns, TCPT_SECOND_NS), TCPT_MS_NS);
}

/* How far a sender's timestamps have moved on since its newest, at the pace that they had since its SYN. */
static double ticks_since(const tcpt_flow *flow, const tcpt_endpoint *sender, int64_t now_ns)
{
    uint32_t ticks = sender->tsval_highest - sender->syn_tsval;

    if (sender->tsval_ns <= flow->first_ns || ticks > INT32_MAX)
        return 0;
    return (double)(now_ns - sender->tsval_ns) / (double)(sender->tsval_ns - flow->first_ns) * ticks;
}

/* What its sender sent before others that are here already: late on its way, and overtaken by its own repeat. A segment
 * that is sent again has the time of now (RFC 7323, section 3.2). */
static bool comes_late(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    return (segment->options & TCPT_OPTION_TIMESTAMPS) && sender->tsval_ns &&
           seq_before(segment->tsval, sender->tsval_highest);
}

/* No new packet of its sender, which would carry the time of now (RFC 7323, section 3.2): captured again elsewhere, by
 * another clock, as its SYN was, too. */
static bool sent_long_ago(const tcpt_flow *flow, const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    enum { TICKS_LEAST = 2 };

    if (!(segment->options & TCPT_OPTION_TIMESTAMPS) || !sender->tsval_ns || sender->syn_count < 2)
        return false;
    return comes_late(sender, segment) ||
           (segment->tsval == sender->tsval_highest && ticks_since(flow, sender, segment->time_ns) >= TICKS_LEAST);
}

static void observe_acked_again(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_endpoint *sender = &flow->ends[seen->from];
    const tcpt_endpoint *receiver = &flow->ends[!seen->from];
    uint32_t payload_end = segment->seq + segment->payload_bytes;
    const tcpt_ack_step *step;
    int64_t ago_ns, least_ns;

    if (!segment->payload_bytes || (segment->flags & (TCPT_SYN | TCPT_RST)) || seen->probe)
        return;
    if (!receiver->acked || seq_after(payload_end, receiver->rcv_nxt) || !sender->sent ||
        seq_after(payload_end, sender->snd_nxt))
        return;
    /* What lies before the flow's own numbers belongs to an earlier life or to another number space (rule I.8). */
    if (sender->syn && !seq_after(segment->seq, tcpt_lowest_seq(sender)))
        return;
    step = step_covering(receiver, payload_end);
    if (!step)
        return;
    ago_ns = segment->time_ns - step->time_ns;
    /* "Well before": a sender cannot have missed it by a hair. */
    least_ns = flow->ends[0].rtt_ns && flow->ends[1].rtt_ns ? tcpt_rtt_ns(flow) : TCPT_SHORTEST_RTO_MS * TCPT_MS_NS;
    least_ns = MAX(MAX(least_ns, TCPT_TICK_MS * TCPT_MS_NS), tolerance_ns(flow->at, segment->time_ns));
    if (ago_ns < least_ns)
        return;
    seen->traits |= TCPT_TRAIT_ACKED_AGAIN;
    seen->acked_in = tcpt_step_record(flow, step);
    seen->acked_ago_ns = ago_ns;
    seen->again_count = 1;
    seen->again_bytes = segment->payload_bytes;
    if (!continues_run(flow, segment, seen->from))
        return;
    seen->again_count += flow->again->count;
    seen->again_bytes += flow->again->bytes;
}

void tcpt_observe_repeat(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    seen->traits |= TCPT_TRAIT_REPEAT;
    if (sent_long_ago(flow, &flow->ends[seen->from], segment))
        return;
    if (!comes_late(&flow->ends[seen->from], segment))
        observe_acked_again(seen, flow, segment);
    if (!(seen->traits & TCPT_TRAIT_ACKED_AGAIN))
        seen->traits |= TCPT_TRAIT_MISSED;
}
