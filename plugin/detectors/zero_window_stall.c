/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One side's window stays closed while the other has data for it. */
#include "detectors/detectors.h"

#include <glib.h>

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

enum {
    /* Unanswered probes and repeats are the story of keepalive_dead_peer and peer_silent from there on. */
    PROBES_OF_THE_DEAD = 3,
    REPEATS_TO_THE_DEAD = 5,
    /* The smallest segment that all hosts take (RFC 9293, section 3.7.1), where no SYN says more. */
    MSS_LEAST = 536,
    /* A sender that probes does so at least as often as its longest timeout; some seconds for the way. */
    PROBE_GAP_SECONDS = TCPT_LONGEST_RTO_SECONDS + 5,
};

/* What is known of one end's closed window. */
typedef struct shut_window {
    int64_t since_ns;    /* 0 while it is open */
    tcpt_record *record; /* by which it was closed */
    tcpt_record *probe;  /* the first one */
    int64_t probe_ns;    /* the newest one */
    uint32_t probes;
    bool at_once; /* by the SYN-ACK already */
    bool full;    /* the other end had used all of it */
    bool waiting; /* something was sent into it: there is more to send */
} shut_window;

typedef struct shut_memory {
    shut_window of[2]; /* the end that has closed it */
} shut_memory;

/* Less than a segment was left of it: a sender with more to send holds that back (RFC 9293, section 3.8.6.2.1). */
static bool used_up(const tcpt_flow *flow, unsigned closer, const tcpt_segment *segment)
{
    const tcpt_endpoint *end = &flow->ends[closer];

    return end->acked && end->max_wnd && !flow->ends[!closer].fin &&
           seq_delta(end->rcv_edge, segment->ack) < (int32_t)MAX(end->mss, MSS_LEAST);
}

static void note_closed(const tcpt_context *context, shut_window *window)
{
    if (context->segment->window || !(context->segment->flags & TCPT_ACK))
        return;
    *window = (shut_window){.since_ns = context->segment->time_ns,
                            .record = context->record,
                            .at_once = context->segment->flags & TCPT_SYN,
                            .full = used_up(context->flow, context->seen->from, context->segment)};
}

/* Sent by the other end while it is closed: probes, or bytes that it does not take. */
static void note_sent_into(const tcpt_context *context, shut_window *window)
{
    const tcpt_segment *segment = context->segment;
    const tcpt_endpoint *closer = &context->flow->ends[!context->seen->from];
    bool beyond = segment->payload_bytes && seq_after(segment->seq + segment->payload_bytes, closer->rcv_nxt);

    if (segment->flags & TCPT_FIN)
        window->full = false; /* nothing is behind it */
    if (!context->seen->probe && !beyond && !context->seen->fin_again)
        return;
    window->waiting = true;
    if (segment->time_ns - window->since_ns < tcpt_rtt_ns(context->flow) + TCPT_TICK_MS * TCPT_MS_NS)
        return; /* on its way when the window was closed */
    window->probes++;
    window->probe_ns = segment->time_ns;
    if (!window->probe)
        window->probe = context->record;
}

/* `back`: it is heard again, and alive, however many probes it has left unanswered. */
static bool matters(const tcpt_context *context, const shut_window *window, unsigned closer, bool back)
{
    const tcpt_endpoint *prober = &context->flow->ends[!closer];

    if ((!window->waiting && !window->full) || !context->flow->both_ways)
        return false; /* nothing waits, or what does is not captured */
    return (back || prober->unanswered_probes < PROBES_OF_THE_DEAD) && prober->unanswered_repeats < REPEATS_TO_THE_DEAD;
}

static tcpt_confidence confidence(const shut_window *window)
{
    if (window->at_once)
        return TCPT_MEDIUM; /* nothing was taken yet: what keeps it shut need not be an application */
    if (window->probes)
        return TCPT_HIGH;
    return window->waiting ? TCPT_MEDIUM : TCPT_LOW;
}

static void complete(const tcpt_context *context, tcpt_finding *finding, const shut_window *window, unsigned closer,
                     const char *outcome)
{
    const tcpt_endpoint *prober = &context->flow->ends[!closer];
    int64_t stall_ns = tcpt_since_ns(context, window->since_ns);

    tcpt_set_delay(finding, stall_ns);
    tcpt_set_blamed(finding, closer);
    tcpt_set_text(finding, TCPT_F_WINDOW_CLOSED_BY, tcpt_role(context->flow, closer));
    tcpt_set_number(finding, TCPT_F_WINDOW_STALL, stall_ns);
    tcpt_set_number(finding, TCPT_F_WINDOW_PROBES, window->probes);
    tcpt_set_text(finding, TCPT_F_WINDOW_OUTCOME, outcome);
    tcpt_relate(finding, window->record);
    tcpt_relate(finding, window->probe);
    if (prober->unanswered_probes >= PROBES_OF_THE_DEAD)
        tcpt_rule_out(finding, "A dead host or path: it has opened its window, though it answered no probe.");
    else if (window->probes > prober->unanswered_probes + prober->unanswered_repeats)
        tcpt_rule_out(finding, "A dead host or path: the probes of the closed window were answered.");
}

/* No host begins so: what answers the SYN for the server opens the window once the server itself has answered. */
static void raise_at_once(const tcpt_context *context, const shut_window *window, unsigned closer, const char *outcome,
                          const char *end)
{
    tcpt_finding *finding =
        tcpt_raise(context, confidence(window),
                   "Window 0 from the SYN-ACK (frame %u) on, for %.1f s, %u %s%s: consistent with a SYN proxy that "
                   "waits for its own connection to the server",
                   window->record->frame, tcpt_as_seconds(tcpt_since_ns(context, window->since_ns)), window->probes,
                   window->probes == 1 ? "probe" : "probes", end);

    tcpt_brief(finding, "Window 0 since the SYN-ACK: SYN proxy without server?");
    complete(context, finding, window, closer, outcome);
}

/* The window is closed, and its owner's application does not read. */
static void raise_unread(const tcpt_context *context, const shut_window *window, unsigned closer, const char *outcome,
                         const char *end, const char *short_end)
{
    const char *who = tcpt_role(context->flow, closer);
    double stall = tcpt_as_seconds(tcpt_since_ns(context, window->since_ns));
    tcpt_finding *finding;

    if (window->at_once) {
        raise_at_once(context, window, closer, outcome, *short_end ? short_end : end);
        return;
    }
    finding = tcpt_raise(context, confidence(window),
                         "The %s's application does not read: window 0 for %.1f s from frame %u on, %u %s%s", who,
                         stall, window->record->frame, window->probes, window->probes == 1 ? "probe" : "probes", end);

    tcpt_brief(finding, "The %s does not read: window 0 for %.1f s%s", who, stall, short_end);
    complete(context, finding, window, closer, outcome);
}

/* Nobody asks whether it has opened again. */
static void raise_deadlock(const tcpt_context *context, const shut_window *window, unsigned closer)
{
    const char *who = tcpt_role(context->flow, closer), *other = tcpt_role(context->flow, !closer);
    int64_t asked_ns = window->probes ? window->probe_ns : window->since_ns;
    double silent = tcpt_as_seconds(tcpt_since_ns(context, asked_ns));
    tcpt_finding *finding =
        tcpt_raise(context, window->waiting ? TCPT_MEDIUM : TCPT_LOW,
                   "Deadlock: the %s closed its window (frame %u), the %s does not probe it for %.1f s, and no "
                   "update came",
                   who, window->record->frame, other, silent);

    tcpt_brief(finding, "Deadlock: window of the %s closed, no probe for %.1f s", who, silent);
    complete(context, finding, window, closer, "deadlock");
}

/* It opens again. */
static void judge_update(const tcpt_context *context, shut_window *window)
{
    unsigned closer = context->seen->from;
    bool probed_in_vain = context->flow->ends[!closer].unanswered_probes >= PROBES_OF_THE_DEAD;

    if (!context->segment->window)
        return;
    if (tcpt_since_ns(context, window->since_ns) >= tcpt_seconds_ns(context->settings->window_stall_seconds) &&
        matters(context, window, closer, true))
        raise_unread(context, window, closer, "reopened",
                     probed_in_vain ? " without an answer, then it opened" : ", then it opened", "");
    window->since_ns = 0;
}

/* A RST of either end. After a moment it is a user who has seen enough, or a tool that wants no more. */
static void judge_rst(const tcpt_context *context, shut_window *window, unsigned closer)
{
    bool own = context->seen->from == closer;

    if (context->seen->rst.mismatch)
        return; /* it ends nothing */
    if (tcpt_since_ns(context, window->since_ns) >= tcpt_seconds_ns(context->settings->stall_seconds) &&
        matters(context, window, closer, false))
        raise_unread(context, window, closer, "reset",
                     own ? ", then it closed unread (RST)" : ", then the other gave up", ", then RST");
    window->since_ns = 0;
}

/* Whether hosts take its window, or what else it says. */
static bool foreign(const tcpt_observation *seen)
{
    return seen->really_bad || seen->stale || seen->old_numbers || seen->other_syn || seen->odd_ack;
}

static void judge(const tcpt_context *context, void *memory)
{
    shut_memory *mine = memory;
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from];
    bool rst = context->segment->flags & TCPT_RST;

    if (foreign(context->seen))
        return;
    if (mine->of[!from].since_ns) {
        if (rst)
            judge_rst(context, &mine->of[!from], !from);
        else
            note_sent_into(context, &mine->of[!from]);
    }
    if (!rst && sender->acked && seq_before(context->segment->ack, sender->rcv_nxt))
        return; /* overtaken on the way */
    if (mine->of[from].since_ns) {
        if (rst)
            judge_rst(context, &mine->of[from], from);
        else
            judge_update(context, &mine->of[from]);
    } else if (!rst) {
        note_closed(context, &mine->of[from]);
    }
}

static void settle(const tcpt_context *context, const void *memory)
{
    const shut_memory *mine = memory;

    if (!context->flow->both_ways)
        return;
    for (unsigned closer = 0; closer < 2; closer++) {
        const shut_window *window = &mine->of[closer];

        if (!window->since_ns || context->flow->ends[closer].reset || !matters(context, window, closer, false))
            continue;
        if (tcpt_since_ns(context, window->since_ns) < tcpt_seconds_ns(context->settings->window_stall_seconds))
            continue;
        if (!window->probes || tcpt_since_ns(context, window->probe_ns) >= tcpt_seconds_ns(PROBE_GAP_SECONDS))
            raise_deadlock(context, window, closer);
        else
            raise_unread(context, window, closer, "open_end", ", to the end of the capture", "");
    }
}

static const tcpt_field fields[] = {TCPT_F_WINDOW_CLOSED_BY, TCPT_F_WINDOW_STALL, TCPT_F_WINDOW_PROBES,
                                    TCPT_F_WINDOW_OUTCOME, TCPT_FIELD_COUNT};

static const char *const explains[] = {
    "idle_drop", "peer_silent", "keepalive_dead_peer", "close_wait_stuck", "fin_unacked", "data_after_close", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "ss -tmnp '%socket%'", "the bytes that wait (Recv-Q), and the process that does not read them"},
    {TCPT_ON_OTHER, "ss -tin '%socket%'", "does it wait for the window (rwnd_limited), and does it probe (backoff)?"},
    {0},
};

const tcpt_detector tcpt_zero_window_stall = {
    .id = "zero_window_stall",
    .message = "A window stays closed, and data waits for it",
    .mistaken = "a slow network",
    .explanation =
        "The side that closed its window has its receive buffer full of bytes that its application does not read: "
        "it hangs, it waits for something else, or it has lost interest. The network and the other side are not the "
        "cause. Seconds of it are ordinary (players, back-pressure). Where nobody probes, the update was lost or "
        "never sent, and both sides wait for ever. A window that the SYN-ACK has closed already is a SYN proxy's "
        "(Linux "
        "SYNPROXY, synproxy of pf, scrubbers): it opens it once the server has answered the proxy.",
    .remedy =
        "Look at what the process on the side that closed it does instead of reading: its stack, its log, a full "
        "disk, a lock. After a deadlock look at the side that does not probe: RFC 9293 obliges it to. Behind a SYN "
        "proxy see whether the server's own SYN-ACK reaches it.",
    .commands = commands,
    .reference = "RFC 9293 sections 3.8.6 and 3.8.6.1; RFC 1122 section 4.2.2.17; Linux tcp_probe_timer()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_SENDER,
    .picture = TCPT_DRAWN_AS_SEQUENCE,
    .explains = explains,
    .wants = TCPT_TRAIT_SHUT,
    .memory_bytes = sizeof(shut_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
