/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments without the timestamps that both SYNs have agreed on have no effect on their receiver (rule K.4). */
#include "detectors/detectors.h"

#include "detectors/shared/silence.h"
#include "tcptriage/limits.h"
#include "tcptriage/queries.h"

/* One or two repeats without any answer are ordinary loss. */
enum { PROVEN_BY = 3 };

typedef struct timestamps_memory {
    tcpt_finding *finding; /* while it may be taken back */
    int64_t raised_ns;
    uint8_t end; /* that sends without */
    bool raised;
    bool by_probes;       /* raised */
    bool probes_taken[2]; /* a probe of that end was answered that lacked them */
} timestamps_memory;

/* The first segment without is its first after the SYN: else the newest that waits for an answer. */
static tcpt_record *first_without(const tcpt_flow *flow, unsigned end)
{
    if (flow->first_ack_record && end == flow->client && tcpt_lacks_timestamps(flow, end))
        return flow->first_ack_record;
    return flow->ends[end].unanswered_record;
}

static void raise_missing(const tcpt_context *context, timestamps_memory *mine, unsigned end,
                          tcpt_confidence confidence, const char *what, int64_t since_ns)
{
    const tcpt_flow *flow = context->flow;
    tcpt_record *first = first_without(flow, end);
    int64_t lost_ns = context->segment->time_ns - since_ns;

    mine->raised = true;
    mine->raised_ns = context->segment->time_ns;
    mine->end = (uint8_t)end;
    mine->finding = tcpt_raise(context, confidence,
                               "Segments of the %s lack the timestamps that both SYNs agreed on (since frame %u) and "
                               "have no effect for %.1f s: %s",
                               tcpt_role(flow, end), first->frame, tcpt_as_seconds(lost_ns), what);
    tcpt_brief(mine->finding, "No timestamps since frame %u: no effect for %.1f s", first->frame,
               tcpt_as_seconds(lost_ns));
    tcpt_set_delay(mine->finding, lost_ns);
    tcpt_set_blamed(mine->finding, end);
    tcpt_set_number(mine->finding, TCPT_F_TIMESTAMPS_FIRST, first->frame);
    tcpt_relate(mine->finding, first);
    tcpt_relate(mine->finding, context->seen->probe ? flow->ends[!end].last_record : flow->ends[end].payload_record);
}

/* Something without them was taken: its receiver does not insist, and what had no effect was lost. */
static void judge_answer(const tcpt_context *context, timestamps_memory *mine)
{
    const tcpt_endpoint *end = &context->flow->ends[mine->end];

    if (context->seen->from == mine->end || !(context->seen->traits & TCPT_TRAIT_ACKS_NEW))
        return;
    if (end->tsval_ns < end->unanswered_ns || tcpt_lacks_timestamps(context->flow, mine->end))
        tcpt_withdraw(context, mine->finding);
    mine->finding = NULL;
}

/* Its receiver has taken such segments before. */
static bool tolerated(const tcpt_flow *flow, unsigned end)
{
    const tcpt_endpoint *sender = &flow->ends[end], *receiver = &flow->ends[!end];

    return tcpt_lacks_timestamps(flow, end) && (receiver->rcv_nxt != sender->iss + 1 || receiver->payload_segments);
}

/* None of what waits for an answer has them. */
static bool repeats_without(const tcpt_context *context)
{
    const tcpt_endpoint *sender = &context->flow->ends[context->seen->from];

    return (context->seen->traits & TCPT_TRAIT_UNANSWERED) && !context->seen->probe &&
           context->seen->unanswered_repeats + context->seen->unanswered_fins >= PROVEN_BY &&
           tcpt_drops_timestamps(context->flow, context->segment) && !context->segment->options_cut &&
           sender->tsval_ns < sender->unanswered_ns && !tolerated(context->flow, context->seen->from);
}

/* Stacks of Apple's and Microsoft's have sent keep-alive probes without. Of a host that is gone, or a device that has
 * forgotten the connection, the same is seen. */
static bool probes_without(const tcpt_context *context, const timestamps_memory *mine)
{
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from];

    return context->seen->probe && context->seen->new_round && context->seen->unanswered_probes == PROVEN_BY &&
           context->flow->both_ways && tcpt_drops_timestamps(context->flow, context->segment) &&
           !context->segment->options_cut && sender->tsval_ns < sender->unanswered_ns && !mine->probes_taken[from] &&
           !tolerated(context->flow, from);
}

/* The other end answers: none of its timestamps is newer than what it had not answered. */
static void judge_probed(const tcpt_context *context, timestamps_memory *mine)
{
    unsigned prober = !context->seen->from;
    const tcpt_endpoint *end = &context->flow->ends[prober];

    if (!(context->flow->ends[0].syn_options & context->flow->ends[1].syn_options & TCPT_OPTION_TIMESTAMPS))
        return;
    if (context->segment->time_ns - end->last_ns > 2 * tcpt_rtt_ns(context->flow) + TCPT_ANSWER_LIMIT_MS * TCPT_MS_NS)
        return; /* it speaks for itself */
    mine->probes_taken[prober] |= end->tsval_ns < end->unanswered_ns;
    if (mine->finding && mine->end == prober && mine->raised_ns == end->last_ns) {
        tcpt_withdraw(context, mine->finding);
        mine->finding = NULL;
    }
}

/* Behind the probes the same end repeats what has them, and is not answered either: nobody is there. */
static bool answers_neither(const tcpt_context *context, const timestamps_memory *mine)
{
    return mine->by_probes && context->seen->from == mine->end && (context->seen->traits & TCPT_TRAIT_UNANSWERED) &&
           !context->seen->probe && context->seen->unanswered_repeats >= PROVEN_BY &&
           !tcpt_drops_timestamps(context->flow, context->segment);
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    timestamps_memory *mine = memory;

    if (context->seen->really_bad || context->seen->stale)
        return;
    if (context->seen->traits & TCPT_TRAIT_PROBED)
        judge_probed(context, mine);
    if (mine->finding)
        judge_answer(context, mine);
    if (mine->finding && answers_neither(context, mine)) {
        tcpt_withdraw(context, mine->finding);
        mine->finding = NULL;
    }
    if (mine->raised)
        return;
    mine->by_probes = probes_without(context, mine);
    if (context->seen->timestamps_wanted)
        raise_missing(context, mine, flow->client, TCPT_MEDIUM, "the server sends its SYN-ACK again",
                      flow->first_ack_ns);
    else if (repeats_without(context))
        raise_missing(context, mine, context->seen->from, TCPT_MEDIUM, "repeats are not answered",
                      flow->ends[context->seen->from].unanswered_ns);
    else if (mine->by_probes)
        raise_missing(context, mine, context->seen->from, TCPT_LOW, "probes go unanswered (or is nobody there?)",
                      flow->ends[context->seen->from].unanswered_ns);
}

static const tcpt_field fields[] = {TCPT_F_TIMESTAMPS_FIRST, TCPT_FIELD_COUNT};

static const char *const explains[] = {"peer_silent", "keepalive_dead_peer", "fin_unacked",       "fin_missing",
                                       "idle_drop",   "close_wait_stuck",    "conntrack_invalid", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "tcpdump -ni any -v '%traffic%'", "do the segments leave with 'TS val', and only lose it behind?"},
    {TCPT_ON_BLAMED, "sysctl net.ipv4.tcp_timestamps", "0 ends the offer: then neither side expects them"},
    {0},
};

const tcpt_detector tcpt_timestamps_missing = {
    .id = "timestamps_missing",
    .message = "Segments without the timestamps agreed on have no effect",
    .mistaken = "a server that hangs after the handshake",
    .explanation = "Both SYNs have offered timestamps, so every segment but a RST has to carry them; a receiver should "
                   "drop one that "
                   "does not (FreeBSD and gVisor do, Linux accepts it). A stack that forgets the option, or a device "
                   "on the way that "
                   "takes it off, makes a connection that opens and then stands still.",
    .remedy =
        "See where the option gets lost: capture at the sender and behind each device on the way (rules that strip "
        "TCP options, normalisation, proxies). Until that is mended switch timestamps off at one end "
        "(net.ipv4.tcp_timestamps=0), or let FreeBSD accept them (net.inet.tcp.tolerate_missing_ts=1).",
    .commands = commands,
    .reference = "RFC 7323 section 3.2; FreeBSD tcp_do_segment(), net.inet.tcp.tolerate_missing_ts",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_SENDER,
    .explains = explains,
    .wants = TCPT_TRAIT_SYN_MORE | TCPT_TRAIT_UNANSWERED | TCPT_TRAIT_PROBED,
    .follows = TCPT_TRAIT_SYN | TCPT_TRAIT_HEARD_AGAIN,
    .memory_bytes = sizeof(timestamps_memory),
    .fields = fields,
    .judge = judge,
};
