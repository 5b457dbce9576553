/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/rst_loop.h"

#include <glib.h>

#include "core/flow/trouble.h"
#include "tcptriage/limits.h"
#include "tcptriage/times.h"

enum {
    /* One or two rounds are a challenge and its answer (RFC 5961, section 3.2), once more where that was lost. */
    LOOP_ROUNDS = 4,
    /* They come as fast as the path allows, or as the limit of answers (TCPT_ANSWER_LIMIT_MS). */
    LOOP_GAP_SECONDS = 2,
    /* Where no round trip is known it is hardly longer. */
    UNKNOWN_RTT_MS = 500,
    /* Repeats of payload that may still be in a queue on the way. */
    PAYLOAD_REPEATS_MOST = 16,
};

/* ---- observing ---- */

static bool in_time(const tcpt_flow *flow, const tcpt_segment *segment)
{
    return segment->time_ns - flow->last_ns <= MAX(2 * tcpt_rtt_ns(flow), tcpt_seconds_ns(LOOP_GAP_SECONDS));
}

/* A round is a round trip at least. ACKs that were on their way when the first RST was sent draw one each, too, but all
 * of them within one. An eighth less for jitter. */
static bool lasts(const tcpt_flow *flow, const tcpt_segment *segment, uint32_t rounds)
{
    int64_t rtt_ns = tcpt_rtt_ns(flow);
    int64_t least_ns = rtt_ns ? (rounds - 1) * (rtt_ns - rtt_ns / 8) : UNKNOWN_RTT_MS * TCPT_MS_NS;

    return segment->time_ns - flow->rare->rst_run.first_ns >= least_ns;
}

/* Behind a queue of seconds each repeat of a FIN or payload has drawn an ACK that meets a closed socket: as many rounds
 * answer no RST. */
static uint32_t rounds_of_repeats(const tcpt_flow *flow)
{
    const tcpt_endpoint *end = &flow->ends[flow->rare->rst_run.from];

    return end->fin_repeats + MIN(end->payload_repeats, PAYLOAD_REPEATS_MOST);
}

static bool is_loop(const tcpt_flow *flow, const tcpt_segment *segment, uint32_t rounds)
{
    return rounds >= LOOP_ROUNDS && rounds >= LOOP_ROUNDS + rounds_of_repeats(flow) && lasts(flow, segment, rounds);
}

static uint32_t round_of_rst(const tcpt_rst_run *run, const tcpt_segment *segment, unsigned from)
{
    if (!run->rounds || !run->answered || run->from != from || (run->rounds > 1 && segment->seq != run->seq))
        return 0;
    return run->rounds + 1;
}

/* The first one answers a RST that is the newest segment of its end: of that nothing has been noted. */
static uint32_t round_of_ack(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *other = &flow->ends[!from];
    const tcpt_rst_run *run = &flow->rare->rst_run;

    if (run->rounds && run->from != from && run->ack == segment->ack)
        return run->rounds;
    return other->rst_record && other->rst_record == other->last_record ? 1 : 0;
}

void tcpt_observe_rst_loop(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    if (seen->really_bad || !in_time(flow, segment))
        return;
    if (segment->flags & TCPT_RST)
        seen->rst_rounds = round_of_rst(&flow->rare->rst_run, segment, seen->from);
    else if (seen->pure_ack && !seen->probe)
        seen->rst_rounds = round_of_ack(flow, segment, seen->from);
    if (is_loop(flow, segment, seen->rst_rounds))
        seen->traits |= TCPT_TRAIT_RST_LOOP;
}

/* ---- committing ---- */

static void begin(tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    tcpt_rarities_of(flow)->rst_run = (tcpt_rst_run){
        .first = flow->ends[!from].rst_record,
        .first_ns = flow->ends[!from].rst_ns,
        .ack = segment->ack,
        .acked_before = flow->ends[from].rcv_nxt,
        .rounds = 1,
        .from = (uint8_t)!from,
        .answered = true,
    };
}

void tcpt_commit_rst_loop(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    tcpt_rst_run *run;

    if (!seen->rst_rounds) {
        if (flow->rare->rst_run.rounds)
            tcpt_rarities_of(flow)->rst_run.rounds = 0;
        return;
    }
    if (seen->rst_rounds == 1 && !(flow->rare->rst_run.rounds == 1 && flow->rare->rst_run.ack == segment->ack)) {
        begin(flow, segment, seen->from);
        return;
    }
    run = &tcpt_rarities_of(flow)->rst_run;
    run->rounds = seen->rst_rounds;
    run->answered = !(segment->flags & TCPT_RST);
    if (segment->flags & TCPT_RST)
        run->seq = segment->seq;
}
