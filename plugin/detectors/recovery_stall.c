/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lost data is repaired only by time-outs, and nothing moves until one of them gets through. */
#include "detectors/shared/big_ones.h"
#include "detectors/shared/silence.h"
#include "detectors/detectors.h"

#include "tcptriage/limits.h"
#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"

#include <glib.h>

enum {
    /* So many of a flow are told, the longest ones. */
    STALLS_MOST = 4,
    /* What goes unanswered by then is told by peer_silent; after a long silence by idle_drop. */
    SILENT_BY = 5,
    DROPPED_BY = 3,
    /* A segment that got lost so often in full, and not in pieces, is told by mtu_blackhole. */
    TOO_BIG_BY = 2,
    /* At the end of a capture one repeat may just be on its way. */
    REPEATS_AT_THE_END = 2,
};

/* A time without progress. */
typedef struct stall {
    tcpt_record *on;     /* the retransmission that got through; NULL for none */
    tcpt_record *first;  /* the first that was not answered */
    tcpt_record *answer; /* NULL at the end of the capture */
    int64_t time_ns;     /* of `on` */
    int64_t duration_ns;
    uint32_t timeouts;
    uint8_t from;
    bool sure;
    bool held_back;    /* the first got through, late: the answer echoes its timestamp, and no repeat's */
    bool was_there;    /* what the answer is to had arrived before, by its D-SACK */
    bool only_syn_ack; /* more time-outs than chance explains, and nothing else had come from the other end */
} stall;

/* What one end sends again and again since it had an answer: payload bytes, as packets on the wire. */
typedef struct repeats {
    int64_t since_ns; /* its tcpt_endpoint.unanswered_ns */
    uint32_t longest;
    uint32_t newest;
    uint32_t in_full; /* rounds with the longest */
    uint32_t tsval;   /* of the first repeat; valid with stamped */
    bool stamped;
} repeats;

typedef struct recovery_memory {
    stall stalls[STALLS_MOST];
    repeats of[2];            /* by sender */
    uint32_t refused_from[2]; /* by receiver: the first byte that it has refused behind its closed window, */
    bool refused[2];          /* if it has */
} recovery_memory;

/* Whether the newest try began with a repeat that no time-out had called for: duplicate ACKs or SACK had. */
static bool began_fast(const tcpt_endpoint *sender, const tcpt_endpoint *receiver)
{
    return sender->payload_ns < sender->unanswered_ns &&
           sender->unanswered_ns - receiver->last_ns < TCPT_SHORTEST_RTO_MS * TCPT_MS_NS;
}

/* From what moved last to the newest retransmission: new bytes of `from`, a fast retransmission, or
 * anything of the other end. */
static stall stall_of(const tcpt_context *context, unsigned from)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];
    bool fast = began_fast(sender, receiver);
    int64_t moved_ns = fast ? sender->unanswered_ns : MAX(sender->payload_ns, receiver->last_ns);

    return (stall){
        .on = sender->last_record,
        .first = sender->unanswered_record,
        .time_ns = sender->round_ns,
        .duration_ns = sender->round_ns - MAX(moved_ns, context->piece_ns),
        .timeouts = sender->unanswered_repeats - (fast && sender->unanswered_repeats),
        .from = (uint8_t)from,
        .sure = !sender->holed && !receiver->holed,
        .only_syn_ack = receiver->syn_count && receiver->segment_count == receiver->syn_count &&
                        sender->unanswered_repeats >= SILENT_BY,
    };
}

/* A server that sends its SYN-ACK again does not take the data before its application accepts the connection; nor does
 * one that has sent nothing else, where the data was captured at its doorstep (SYN cookies). */
static bool not_accepted(const tcpt_endpoint *receiver)
{
    return receiver->segment_count == receiver->syn_count && (receiver->syn_count > 1 || tcpt_is_near(receiver));
}

/* No timer waits longer than its longest: else somebody slept, or a clock was set. */
static bool as_timers_wait(const stall *found)
{
    return found->duration_ns <= found->timeouts * tcpt_seconds_ns(TCPT_LONGEST_RTO_SECONDS + 1);
}

/* Whether that has no better name. Into a closed window nothing gets. */
static bool is_recovery(const tcpt_context *context, const stall *found)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *receiver = &flow->ends[!found->from];

    return as_timers_wait(found) && found->duration_ns >= tcpt_seconds_ns(context->settings->stall_seconds) &&
           flow->both_ways && !not_accepted(receiver) && !tcpt_window_is_shut(receiver);
}

/* Whether it is told as silence, if it lasts. */
static bool counts_as_silence(const tcpt_context *context, unsigned from)
{
    const tcpt_endpoint *sender = &context->flow->ends[from];

    return sender->unanswered_repeats >= SILENT_BY ||
           (sender->idle_before_ns >= tcpt_seconds_ns(context->settings->idle_seconds) &&
            sender->unanswered_repeats + sender->unanswered_fins >= DROPPED_BY);
}

/* Fills the places in order, then that of the shortest. */
static void keep(recovery_memory *memory, const stall *found)
{
    stall *least = &memory->stalls[0];

    for (unsigned i = 1; i < STALLS_MOST; i++)
        if (memory->stalls[i].duration_ns < least->duration_ns)
            least = &memory->stalls[i];
    if (found->duration_ns > least->duration_ns)
        *least = *found;
}

static void note_repeat(const tcpt_context *context, recovery_memory *memory)
{
    unsigned from = context->seen->from;
    repeats *mine = &memory->of[from];

    if (!context->seen->new_round || context->seen->probe)
        return;
    if (mine->since_ns != context->flow->ends[from].unanswered_ns)
        *mine = (repeats){
            .since_ns = context->flow->ends[from].unanswered_ns,
            .tsval = context->segment->tsval,
            .stamped = context->segment->options & TCPT_OPTION_TIMESTAMPS,
        };
    mine->newest = tcpt_wire_payload(context->flow, context->segment, from);
    if (mine->newest > mine->longest) {
        mine->longest = mine->newest;
        mine->in_full = 0;
    }
    mine->in_full += mine->newest == mine->longest;
}

/* Whether only its length keeps it from getting through. */
static bool too_big(const tcpt_flow *flow, const repeats *mine, unsigned from)
{
    if (mine->since_ns != flow->ends[from].unanswered_ns || mine->in_full < TOO_BIG_BY)
        return false;
    return mine->newest < mine->longest || tcpt_only_shorter_pass(flow, from, mine->longest);
}

/* Behind the place where it was lost: a gap is filled at last, and nobody has said anything for long. */
static void judge_fill(const tcpt_context *context, recovery_memory *memory)
{
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from];
    stall found = {
        .on = context->record,
        .first = sender->last_record,
        .time_ns = context->segment->time_ns,
        .duration_ns = context->seen->since_ns,
        .timeouts = 1,
        .from = (uint8_t)from,
    };

    if (!context->seen->new_payload || context->seen->short_way || !sender->above_count ||
        seq_after(context->segment->seq, sender->snd_contig) || !is_recovery(context, &found))
        return;
    keep(memory, &found);
}

/* What is sent into a closed window is dropped there, and answered with the same ACK (RFC 9293, section 3.10.7.4): when
 * the window opens the sender's timer is long, and yet nothing was lost on the way. */
static void note_refusal(const tcpt_context *context, recovery_memory *memory)
{
    unsigned from = context->seen->from;

    if (context->segment->window || context->segment->ack != context->flow->ends[from].rcv_nxt)
        return;
    memory->refused_from[from] = context->segment->ack;
    memory->refused[from] = true;
}

static bool was_refused(const tcpt_context *context, const recovery_memory *memory)
{
    unsigned from = context->seen->from;

    return memory->refused[from] && memory->refused_from[from] == context->flow->ends[from].rcv_nxt;
}

/* Of a gap the echo is that of what has filled it (RFC 7323, section 4.3; RFC 3522): older than each repeat. */
static bool echoes_original(const tcpt_context *context, const repeats *mine, unsigned from)
{
    const tcpt_segment *segment = context->segment;

    return mine->stamped && mine->since_ns == context->flow->ends[from].unanswered_ns &&
           (segment->options & TCPT_OPTION_TIMESTAMPS) && (context->seen->traits & TCPT_TRAIT_ACKS_NEW) &&
           seq_before(segment->tsecr, mine->tsval);
}

/* A D-SACK of the oldest bytes that are due: they came twice, and the ACK of what came first did not get here, or not
 * yet (RFC 2883, section 4; Linux tcp_check_dsack()). One above the ACK is of what lies behind a gap. It answers the
 * newest repeat at once: much later both may have been held back, and the ACK of the first one delayed. What is
 * refused as old leaves the timestamp to be echoed as it was (RFC 7323, section 4.3), so the echo says nothing here. */
static bool had_it(const tcpt_context *context, const stall *found)
{
    const tcpt_segment *segment = context->segment;
    uint32_t due = context->flow->ends[context->seen->from].rcv_nxt;

    if (segment->time_ns - found->time_ns > tcpt_rtt_ns(context->flow) + TCPT_ANSWER_MS * TCPT_MS_NS)
        return false;
    return segment->sack_count && !seq_after(segment->sack_left[0], due) && seq_after(segment->sack_right[0], due) &&
           !seq_after(segment->sack_right[0], segment->ack);
}

/* An end is heard again that had been sent the same bytes again. */
static void judge_answer(const tcpt_context *context, recovery_memory *memory)
{
    unsigned from = !context->seen->from;
    stall found = stall_of(context, from);

    if (!(context->seen->traits & TCPT_TRAIT_ACKS_NEW) && !context->segment->sack_count) {
        note_refusal(context, memory);
        return; /* what it says answers nothing */
    }
    if (was_refused(context, memory))
        return;
    if (tcpt_left_by_rst(context->flow, from) || too_big(context->flow, &memory->of[from], from) ||
        !is_recovery(context, &found))
        return;
    if (counts_as_silence(context, from) && !tcpt_heard_in_time(context))
        return;
    found.answer = context->record;
    found.was_there = had_it(context, &found);
    found.held_back = !found.was_there && echoes_original(context, &memory->of[from], from);
    if (found.held_back)
        found.duration_ns += context->segment->time_ns - found.time_ns;
    keep(memory, &found);
}

static void judge(const tcpt_context *context, void *memory)
{
    if (context->seen->really_bad || context->seen->stale || (context->segment->flags & TCPT_RST))
        return;
    if (context->seen->traits & TCPT_TRAIT_SILENCE)
        judge_fill(context, memory);
    if (context->seen->traits & TCPT_TRAIT_HEARD_AGAIN)
        judge_answer(context, memory);
    if (context->seen->traits & TCPT_TRAIT_UNANSWERED)
        note_repeat(context, memory);
}

/* What it cost, and how it was seen. */
static void complete(tcpt_finding *finding, const stall *found)
{
    tcpt_brief(finding,
               found->held_back      ? "Held back for %.1f s, not lost: %u time-out%s in vain"
               : found->was_there    ? "ACK lost or late, not the data: %.1f s, %u time-out%s"
               : found->only_syn_ack ? "Lost, or accept queue full? %.1f s, %u time-out%s"
                                     : "Stood still for %.1f s: %u retransmission time-out%s",
               tcpt_as_seconds(found->duration_ns), found->timeouts, found->timeouts == 1 ? "" : "s");
    tcpt_set_delay(finding, found->duration_ns);
    tcpt_set_number(finding, TCPT_F_STALL_DURATION, found->duration_ns);
    tcpt_set_number(finding, TCPT_F_STALL_TIMEOUTS, found->timeouts);
    tcpt_relate(finding, found->first);
    tcpt_relate(finding, found->answer);
}

static void raise_stall(const tcpt_context *context, const stall *found)
{
    const char *who = tcpt_role(context->flow, found->from), *plural = found->timeouts == 1 ? "" : "s";
    double lost = tcpt_as_seconds(found->duration_ns);
    tcpt_finding *finding;

    if (found->held_back) {
        finding = tcpt_raise_on(context, found->on, found->time_ns, TCPT_MEDIUM,
                                "Data of the %s, or the ACKs of it, were held back for %.1f s: %u time-out%s in vain, "
                                "the answer (frame %u) echoes the first timestamp",
                                who, lost, found->timeouts, plural, found->answer->frame);
        tcpt_rule_out(finding, "Loss: what was sent first arrived, by its timestamp.");
    } else if (found->was_there)
        finding = tcpt_raise_on(context, found->on, found->time_ns, found->sure ? TCPT_HIGH : TCPT_MEDIUM,
                                "Data of the %s had arrived (D-SACK in frame %u), the ACK of it was lost or late: %.1f "
                                "s without progress, %u retransmission time-out%s",
                                who, found->answer->frame, lost, found->timeouts, plural);
    else if (found->answer && found->only_syn_ack)
        finding =
            tcpt_raise_on(context, found->on, found->time_ns, TCPT_MEDIUM,
                          "The %s's first data had no answer for %.1f s, %u time-outs (frame %u answers): lost, or "
                          "no room in the server's accept queue (SYN cookies)?",
                          who, lost, found->timeouts, found->answer->frame);
    else if (found->answer)
        finding = tcpt_raise_on(context, found->on, found->time_ns, found->sure ? TCPT_HIGH : TCPT_MEDIUM,
                                "Data of the %s was lost: %.1f s without progress, %u retransmission time-out%s until "
                                "one got through (answered in frame %u)",
                                who, lost, found->timeouts, plural, found->answer->frame);
    else
        finding = tcpt_raise_on(context, found->on, found->time_ns, TCPT_MEDIUM,
                                "Data of the %s was lost before it came here: %.1f s without progress until a "
                                "retransmission filled the gap",
                                who, lost);
    complete(finding, found);
}

/* It still goes on at the end. */
static void settle_open(const tcpt_context *context, const repeats *mine, unsigned from)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *sender = &flow->ends[from];
    stall found = stall_of(context, from);

    if (!sender->unanswered_ns || flow->last_record != found.on)
        return;
    if (!is_recovery(context, &found) || counts_as_silence(context, from) || tcpt_left_by_rst(flow, !from) ||
        flow->ends[from].reset || tcpt_goes_on_elsewhere(flow, from) || too_big(flow, mine, from))
        return;
    complete(tcpt_raise(context, found.sure ? TCPT_MEDIUM : TCPT_LOW,
                        "Data of the %s is not answered: %.1f s without progress, %u retransmission time-outs up to "
                        "the end of the capture",
                        tcpt_role(flow, from), tcpt_as_seconds(found.duration_ns), found.timeouts),
             &found);
}

static void settle(const tcpt_context *context, const void *memory)
{
    const recovery_memory *mine = memory;

    if (!context->flow->both_ways)
        return;
    for (unsigned i = 0; i < STALLS_MOST && mine->stalls[i].duration_ns; i++)
        raise_stall(context, &mine->stalls[i]);
    for (unsigned from = 0; from < 2; from++)
        if (context->flow->ends[from].unanswered_repeats >= REPEATS_AT_THE_END)
            settle_open(context, &mine->of[from], from);
}

static const tcpt_field fields[] = {TCPT_F_STALL_DURATION, TCPT_F_STALL_TIMEOUTS, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_CLIENT, "ss -tin '%socket%'", "retrans, rto and backoff of the connection, if it lives"},
    {TCPT_ON_SERVER, "ss -tin '%socket%'", "the same on the other end"},
    {TCPT_ON_CLIENT, "nstat -az TcpExtTCPTimeouts TcpExtTCPLostRetransmit TcpRetransSegs", "do they grow?"},
    {0},
};

const tcpt_detector tcpt_recovery_stall = {
    .id = "recovery_stall",
    .message = "Nothing moved until a retransmission time-out repaired a loss",
    .brief = "Stood still: loss was repaired by time-outs only",
    .mistaken = "a slow server",
    .explanation =
        "Segments were lost and no fast recovery was possible: nothing behind them was acknowledged (the last ones of "
        "a burst), their retransmission was lost too, or SACK does not work. The sender then waits for its timer, "
        "which doubles each time, and all that time the connection stands still. Consistent with loss in bursts, a "
        "path that was interrupted, or a device that drops while it is busy. Where the answer is to what was sent "
        "first, by its timestamp, that was held back and not lost. Where it says by a D-SACK (RFC 2883) that the bytes "
        "came "
        "twice, they had arrived before: what was lost, or late, is the ACK.",
    .remedy =
        "Find where it is lost: drops of interfaces and queues on the way, a radio or failover that takes as long as "
        "the stall. Loss of single segments is repaired faster where SACK and tail loss probes (RFC 8985) are on. "
        "What was held back and not lost: look for what queues or waits for so long, a radio that sleeps or changes "
        "its cell, a full queue, a device that keeps packets, a host that stood still (a virtual machine that was "
        "paused or moved).",
    .commands = commands,
    .reference = "RFC 6298 section 5; RFC 2883 section 4; RFC 8985 section 7; Linux tcp_retransmit_timer()",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_PATH,
    .picture = TCPT_DRAWN_AS_SEQUENCE,
    .wants = TCPT_TRAIT_HEARD_AGAIN | TCPT_TRAIT_UNANSWERED | TCPT_TRAIT_SILENCE,
    .memory_bytes = sizeof(recovery_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
