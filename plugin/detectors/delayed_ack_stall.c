/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Write, write, read: the second small segment waits for the delayed ACK of the first. Or a sender that has room for
 * one segment only waits for that of each. */
#include "detectors/detectors.h"

#include <glib.h>

#include "tcptriage/limits.h"

/* Once or twice is chance: a pause of the application that ends with a timer of the other side. */
enum { PROVEN_BY = 5 };

/* What one end was held back by. */
typedef struct held {
    tcpt_finding *finding;
    tcpt_record *first; /* the first ACK that came late */
    int64_t newest_ns;
    int64_t total_ns;
    uint32_t count;
} held;

/* Full segments, each sent alone. */
typedef struct alone {
    held held;
    uint32_t segments; /* with payload, that its sender had sent before the newest */
} alone;

typedef struct delayed_memory {
    held by[2]; /* sender of what is held back */
    alone alone[2];
} delayed_memory;

static void complete(const tcpt_context *context, const held *mine, bool one_at_a_time)
{
    unsigned from = context->seen->from;
    const char *sender = tcpt_role(context->flow, from), *receiver = tcpt_role(context->flow, !from);
    int64_t each_ns = mine->total_ns / mine->count;
    double each_ms = (double)each_ns / TCPT_MS_NS;

    tcpt_resummarise(mine->finding,
                     one_at_a_time
                         ? "The %s sends one full segment at a time, and each waits for the %s's delayed ACK: %u "
                           "times, %.0f ms each, %.1f s in all"
                         : "The %s's second small segment waited for the %s's delayed ACK %u times, %.0f ms each: "
                           "%.1f s in all",
                     sender, receiver, mine->count, each_ms, tcpt_as_seconds(mine->total_ns));
    tcpt_brief(mine->finding,
               one_at_a_time ? "One segment at a time: %u delayed ACKs, %.0f ms each"
                             : "Nagle waits for the delayed ACK: %u times %.0f ms",
               mine->count, each_ms);
    tcpt_set_delay(mine->finding, mine->total_ns);
    tcpt_set_number(mine->finding, TCPT_F_STALL_COUNT, mine->count);
    tcpt_set_number(mine->finding, TCPT_F_STALL_EACH, each_ns);
}

/* The delayed ACKs that prove it, and each one after. */
static void tell(const tcpt_context *context, held *mine, bool one_at_a_time, tcpt_confidence confidence)
{
    const tcpt_endpoint *sender = &context->flow->ends[context->seen->from],
                        *receiver = &context->flow->ends[!context->seen->from];

    if (mine->count == PROVEN_BY) {
        mine->finding = tcpt_raise(context, confidence, " ");
        tcpt_relate(mine->finding, sender->payload_record);
        tcpt_relate(mine->finding, receiver->last_record);
        tcpt_relate(mine->finding, mine->first);
    }
    if (mine->finding)
        complete(context, mine, one_at_a_time);
}

static bool is_full(const tcpt_context *context)
{
    uint32_t mss = context->flow->ends[!context->seen->from].mss;

    return mss && context->segment->payload_bytes + context->segment->header_bytes - TCPT_TCP_HEADER_BYTES >= mss;
}

/* As long as stacks delay an ACK for: 40 ms (Linux, FreeBSD), 100 (macOS, older BSD), 200 (Windows).
 * What a slow line takes for a full segment is another time by chance only. */
static bool as_stacks_delay(int64_t delay_ns)
{
    static const unsigned usual_ms[] = {40, 100, 200};

    for (unsigned i = 0; i < G_N_ELEMENTS(usual_ms); i++)
        if (ABS(delay_ns - usual_ms[i] * (int64_t)TCPT_MS_NS) <= TCPT_TICK_MS * TCPT_MS_NS)
            return true;
    return false;
}

/* One behind the other without a gap: a sender that has more to send, and no room for it. */
static void judge_alone(const tcpt_context *context, alone *mine)
{
    const tcpt_endpoint *sender = &context->flow->ends[context->seen->from],
                        *receiver = &context->flow->ends[!context->seen->from];
    int64_t delay_ns = receiver->last_ns - sender->payload_ns - receiver->rtt_ns;
    bool goes_on = mine->held.count && sender->payload_segments == mine->segments + 1;

    mine->segments = sender->payload_segments;
    if (!as_stacks_delay(delay_ns) || sender->holed || receiver->holed) {
        mine->held = (held){0};
        return;
    }
    if (!goes_on)
        mine->held = (held){.first = receiver->last_record};
    mine->held.count++;
    mine->held.total_ns += delay_ns;
    tell(context, &mine->held, true, TCPT_MEDIUM);
}

static void judge(const tcpt_context *context, void *memory)
{
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from], *receiver = &context->flow->ends[!from];
    held *mine = &((delayed_memory *)memory)->by[from];

    if (context->seen->really_bad || context->seen->stale)
        return;
    if (is_full(context)) {
        judge_alone(context, &((delayed_memory *)memory)->alone[from]);
        return;
    }
    /* Without an answer in between it is a stream of small messages, which may come in the pace of the ACKs. */
    if (mine->count && receiver->payload_ns <= mine->newest_ns)
        return;
    mine->newest_ns = context->segment->time_ns;
    mine->total_ns += receiver->last_ns - sender->payload_ns - receiver->rtt_ns;
    if (!mine->count++)
        mine->first = receiver->last_record;
    tell(context, mine, false, sender->holed || receiver->holed ? TCPT_LOW : TCPT_HIGH);
}

static const tcpt_field fields[] = {TCPT_F_STALL_COUNT, TCPT_F_STALL_EACH, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "ss -tanp '%socket%'", "the process; strace -f -e trace=write,sendto shows it writing in pieces"},
    {0},
};

const tcpt_detector tcpt_delayed_ack_stall = {
    .id = "delayed_ack_stall",
    .message = "Small segments wait for the delayed ACK of the one before (Nagle)",
    .brief = "Small segments wait for delayed ACKs (Nagle)",
    .mistaken = "a slow network: each wait is 40 or 200 ms, however short the way",
    .explanation =
        "The sender writes a message in pieces and then waits for the answer. Nagle's algorithm holds the second small "
        "piece until the first one is acknowledged, and the receiver delays that ACK because it has nothing to say "
        "before the message is complete: 40 ms on Linux, about 200 ms on Windows and BSD, each time, however short the "
        "way. A sender whose buffer holds one segment waits likewise behind each: an ACK is due at once for every "
        "second "
        "segment only.",
    .remedy =
        "On the side that sends: TCP_NODELAY, or one write for the whole message (writev(), MSG_MORE, TCP_CORK, a "
        "buffered stream that is flushed once). Where it sends one full segment at a time: room for several in its "
        "send "
        "buffer (SO_SNDBUF; lwIP's TCP_SND_BUF). On the receiving side TCP_QUICKACK helps for a while.",
    .commands = commands,
    .reference = "RFC 896; RFC 1122 sections 4.2.3.2 and 4.2.3.4; Linux tcp_nagle_check(), tcp_delack_timer()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_SENDER,
    .picture = TCPT_DRAWN_AS_SEQUENCE,
    .wants = TCPT_TRAIT_FREED,
    .memory_bytes = sizeof(delayed_memory),
    .fields = fields,
    .judge = judge,
};
