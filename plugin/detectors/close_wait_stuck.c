/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One side's FIN was acknowledged, and the other owes its own close for long. */
#include "detectors/shared/lacking.h"
#include "detectors/shared/timeouts.h"
#include "detectors/detectors.h"

#include <glib.h>

#include "tcptriage/limits.h"
#include "tcptriage/points.h"

/* What is known of the wait for one end's close. */
typedef struct overdue {
    bool raised;
    int64_t blocked_ns; /* newest time that the closer's window was closed: the other end could not send, nor close */
    int64_t pause_ns;   /* longest between data of the end that owes, all of it taken by the closer: its own rhythm */
    int64_t owed_ns;    /* what by_data says */
    tcpt_finding *by_data; /* raised when the end that owes sent data: taken back if the closer takes that */
    bool asked;            /* that data answers a request */
    bool taken;            /* the closer has acknowledged it */
    tcpt_record *hurt; /* newest segment by which the closer shows that it suffers: it sends again, probes, or drew a
                        * RST */
} overdue;

typedef struct close_memory {
    overdue by[2]; /* the end that owes */
} close_memory;

/* Since when `owing` owes its close, with nothing new sent since; 0 when it does not. A half-closed connection
 * over which data still flows is in order (RFC 9293, section 3.6). */
static int64_t owed_since_ns(const tcpt_flow *flow, unsigned owing)
{
    const tcpt_endpoint *closer = &flow->ends[!owing];
    const tcpt_endpoint *ower = &flow->ends[owing];

    if (!closer->fin || !closer->fin_acked || ower->fin || ower->fin_acked || closer->reset_peer)
        return 0;
    if (!tcpt_shows_bare(ower) || tcpt_window_is_shut(closer))
        return 0;
    return MAX(ower->payload_ns, closer->fin_acked_ns);
}

/* For how long it has owed it; 0 while that is not too long. */
static int64_t overdue_ns(const tcpt_context *context, const overdue *owed, unsigned owing)
{
    int64_t since_ns = owed_since_ns(context->flow, owing), owed_ns;

    if (!since_ns || owed->raised)
        return 0;
    owed_ns = tcpt_since_ns(context, MAX(since_ns, owed->blocked_ns));
    return owed_ns > MAX(tcpt_seconds_ns(context->settings->close_wait_seconds), owed->pause_ns + owed->pause_ns / 2)
               ? owed_ns
               : 0;
}

/* A client may keep a connection that an idle server has closed until it wants to use it again: pools do. */
static bool matters(const tcpt_context *context, const overdue *owed, unsigned owing)
{
    return owing != context->flow->client || owed->hurt;
}

/* How many connections its host does not close either, this one included, as far as its oldest ones tell. */
static unsigned pile(const tcpt_context *context, unsigned owing)
{
    const tcpt_host *host = context->flow->ends[owing].host;
    int64_t limit_ns = tcpt_seconds_ns(context->settings->close_wait_seconds);
    unsigned count = 1;

    for (unsigned i = 0; host && i < TCPT_PILE; i++) {
        const tcpt_flow *other = host->waits[i] ? tcpt_flow_of(host->waits[i]) : NULL;
        int64_t since_ns;

        if (!other || other == context->flow)
            continue;
        since_ns = owed_since_ns(other, other->ends[1].host == host);
        count += since_ns && tcpt_since_ns(context, since_ns) > limit_ns;
    }
    return count;
}

/* The closer has asked for something and then closed, as "nc -N" does: until the answer is there the other end is at
 * work on it, for all that the capture can tell. */
static bool at_work(const tcpt_flow *flow, unsigned owing)
{
    const tcpt_endpoint *closer = &flow->ends[!owing];

    return closer->payload_ns && closer->payload_ns >= flow->ends[owing].payload_ns;
}

static bool answers_at_once(const tcpt_context *context, const tcpt_endpoint *asking)
{
    return context->segment->time_ns - asking->last_ns <= 2 * tcpt_rtt_ns(context->flow) + TCPT_ANSWER_MS * TCPT_MS_NS;
}

/* The closer is gone, or a device on the way has forgotten a connection of which it had seen a FIN. */
static void say_too_late(const tcpt_context *context, const overdue *owed, unsigned owing)
{
    const char *who = tcpt_role(context->flow, owing), *other = tcpt_role(context->flow, !owing);

    tcpt_resummarise(owed->by_data,
                     "The %s answered %.1f s after the %s's FIN: too late, a RST (frame %u). The %s has given up, or a "
                     "device forgets half-closed connections so soon",
                     who, tcpt_as_seconds(owed->owed_ns), other, context->record->frame, other);
    tcpt_brief(owed->by_data, "%s answered %.1f s after the FIN: RST",
               owing == context->flow->client ? "Client" : "Server", tcpt_as_seconds(owed->owed_ns));
    tcpt_relate(owed->by_data, context->record);
}

static void take_back(const tcpt_context *context, overdue *owed)
{
    tcpt_withdraw(context, owed->by_data);
    owed->by_data = NULL;
    owed->raised = false; /* its close may still be long in coming, from that data on */
}

/* Whoever acknowledges an answer after its own FIN had meant to hear it: nobody was stuck, it took its time. What was
 * not asked for may be no more than a farewell, a FIN behind it; if more of it comes, and in its time, it is not. */
static void judge_answer(const tcpt_context *context, overdue *owed, unsigned owing)
{
    bool by_closer = context->seen->from != owing;

    if (!owed->by_data)
        return;
    if (by_closer && (context->segment->flags & TCPT_RST)) {
        if (owed->asked && answers_at_once(context, &context->flow->ends[owing]))
            say_too_late(context, owed, owing);
        owed->by_data = NULL;
    } else if (by_closer && (context->seen->traits & TCPT_TRAIT_ACKS_NEW)) {
        owed->taken = true;
        if (owed->asked)
            take_back(context, owed);
    } else if (by_closer) {
        owed->by_data = NULL;
    } else if (owed->taken && context->seen->new_payload && !context->flow->ends[owing].fin &&
               context->segment->time_ns - context->flow->ends[owing].payload_ns >
                   tcpt_seconds_ns(TCPT_FIRST_RTO_SECONDS)) {
        owed->pause_ns = MAX(owed->pause_ns, owed->owed_ns);
        take_back(context, owed);
    }
}

/* At the end of the capture nothing but silence tells that it has not closed. */
static tcpt_confidence confidence_in(const tcpt_context *context, unsigned owing)
{
    const tcpt_flow *flow = context->flow;

    if (flow->ends[owing].holed)
        return TCPT_LOW;
    if (context->segment)
        return TCPT_MEDIUM;
    return at_work(flow, owing) || tcpt_capture_lacks_since(flow, flow->ends[!owing].fin_acked_ns) ? TCPT_LOW
                                                                                                   : TCPT_MEDIUM;
}

static tcpt_finding *raise_stuck(const tcpt_context *context, const overdue *owed, unsigned owing, int64_t owed_ns,
                                 const char *until)
{
    const tcpt_endpoint *closer = &context->flow->ends[!owing];
    const char *who = tcpt_role(context->flow, owing);
    tcpt_finding *finding =
        tcpt_raise(context, confidence_in(context, owing),
                   "The %s did not close for %.1f s after the %s's FIN (acknowledged in frame %u)%s", who,
                   tcpt_as_seconds(owed_ns), tcpt_role(context->flow, !owing), closer->fin_acked_record->frame, until);

    tcpt_brief(finding, "%s did not close for %.1f s (CLOSE-WAIT)",
               owing == context->flow->client ? "Client" : "Server", tcpt_as_seconds(owed_ns));
    tcpt_set_delay(finding, owed_ns);
    tcpt_set_blamed(finding, owing);
    tcpt_set_text(finding, TCPT_F_CLOSE_OWED_BY, who);
    tcpt_set_number(finding, TCPT_F_CLOSE_DURATION, owed_ns);
    tcpt_relate(finding, closer->fin_record);
    tcpt_relate(finding, closer->fin_acked_record);
    tcpt_relate(finding, closer->rst_record);
    tcpt_relate(finding, owed->hurt);
    tcpt_rule_out(finding, "Loss of the FIN: it was acknowledged.");
    return finding;
}

/* What ends the wait: the owing side speaks again or closes, or the other side gives up. */
static bool ends_wait(const tcpt_context *context, unsigned owing)
{
    if (context->segment->flags & TCPT_RST)
        return context->seen->from == owing || !context->seen->rst.mismatch;
    return context->seen->from == owing && ((context->segment->flags & TCPT_FIN) || context->seen->new_payload);
}

static const char *what_ends(const tcpt_context *context, unsigned owing)
{
    if (context->seen->from != owing)
        return "; then the other side reset the connection";
    if (context->segment->flags & TCPT_RST)
        return "; then it sent a RST";
    return context->segment->flags & TCPT_FIN ? "; then it sent its FIN" : "; then it sent data";
}

/* The closer's window was closed up to this segment, or is from now on. */
static void note_blocked(const tcpt_context *context, close_memory *memory)
{
    unsigned from = context->seen->from;
    const tcpt_endpoint *closer = &context->flow->ends[from];

    if (context->segment->flags & TCPT_RST)
        return;
    if (context->segment->window == 0 || tcpt_window_is_shut(closer))
        memory->by[!from].blocked_ns = context->segment->time_ns;
}

/* What crosses the ACK of the FIN on its way, or was sent by a timer that had just run, suffers from nothing. */
static bool sent_late(const tcpt_context *context, const tcpt_endpoint *closer)
{
    return closer->fin_acked && context->segment->time_ns - closer->fin_acked_ns >
                                    2 * tcpt_rtt_ns(context->flow) + tcpt_seconds_ns(TCPT_FIRST_RTO_SECONDS);
}

/* The end whose FIN was acknowledged sends again or probes, or what it has sent since draws a RST. */
static void note_hurt(const tcpt_context *context, close_memory *memory)
{
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from], *closer = &context->flow->ends[!from];
    bool rst = context->segment->flags & TCPT_RST;

    if (!rst && sent_late(context, sender) && (context->seen->probe || (context->seen->traits & TCPT_TRAIT_REPEAT)))
        memory->by[!from].hurt = context->record;
    if (rst && sent_late(context, closer) && closer->last_ns > closer->fin_acked_ns && answers_at_once(context, closer))
        memory->by[from].hurt = closer->last_record;
}

/* An answer may be the last that is sent; what was not asked for is a farewell then. */
static bool is_data(const tcpt_context *context, unsigned owing, bool asked)
{
    uint8_t ends = asked ? TCPT_RST : TCPT_RST | TCPT_FIN;

    return context->seen->from == owing && context->seen->new_payload && !(context->segment->flags & ends);
}

static void judge(const tcpt_context *context, void *memory)
{
    close_memory *mine = memory;

    if (context->seen->really_bad || context->seen->stale)
        return;
    note_hurt(context, mine);
    for (unsigned owing = 0; owing < 2; owing++) {
        int64_t owed_ns;
        tcpt_finding *finding;

        judge_answer(context, &mine->by[owing], owing);
        owed_ns = overdue_ns(context, &mine->by[owing], owing);
        if (!owed_ns || !ends_wait(context, owing) || !matters(context, &mine->by[owing], owing))
            continue;
        mine->by[owing].raised = true;
        mine->by[owing].asked = at_work(context->flow, owing);
        mine->by[owing].owed_ns = owed_ns;
        mine->by[owing].taken = false;
        finding = raise_stuck(context, &mine->by[owing], owing, owed_ns, what_ends(context, owing));
        tcpt_take_text(finding, TCPT_F_CLOSE_HINT, tcpt_timeout_hint(context->flow, context->seen->from, owed_ns));
        mine->by[owing].by_data = is_data(context, owing, mine->by[owing].asked) ? finding : NULL;
    }
    note_blocked(context, mine);
}

/* The closer had asked first: that it got no answer is what hurts. */
static void raise_unanswered(const tcpt_context *context, const overdue *owed, unsigned owing, int64_t owed_ns)
{
    const tcpt_endpoint *closer = &context->flow->ends[!owing];
    const char *who = tcpt_role(context->flow, owing), *other = tcpt_role(context->flow, !owing);
    tcpt_finding *finding = raise_stuck(context, owed, owing, owed_ns, "");
    char *until = tcpt_end_of_capture(context->flow, closer->fin_acked_ns);

    tcpt_resummarise(finding,
                     "The %s acknowledged the %s's data and FIN (in frame %u), but neither answered nor closed for "
                     "%.1f s to %s%s",
                     who, other, closer->fin_acked_record->frame, tcpt_as_seconds(owed_ns), until,
                     tcpt_capture_lacks_since(context->flow, closer->fin_acked_ns) ? "" : ": still at work on it?");
    g_free(until);
    tcpt_brief(finding, "%s neither answered nor closed for %.1f s",
               owing == context->flow->client ? "Client" : "Server", tcpt_as_seconds(owed_ns));
    if (closer->payload_record->frame < closer->fin_acked_record->frame)
        tcpt_relate(finding, closer->payload_record);
}

static void raise_at_end(const tcpt_context *context, const overdue *owed, unsigned owing, int64_t owed_ns,
                         const char *besides)
{
    char *end = tcpt_end_of_capture(context->flow, context->flow->ends[!owing].fin_acked_ns);
    char *until = g_strconcat(", up to ", end, besides, NULL);

    raise_stuck(context, owed, owing, owed_ns, until);
    g_free(until);
    g_free(end);
}

/* Its close and the ACK of it may both lie in holes of the capture: one connection of a holed one proves nothing unless
 * the closer shows that it suffers, or it is not the only one. */
static bool by_chance(const tcpt_context *context, const overdue *owed, unsigned owing)
{
    return !owed->hurt && tcpt_capture_is_holed(context->flow) && pile(context, owing) < TCPT_PILE;
}

static void settle(const tcpt_context *context, const void *memory)
{
    const close_memory *mine = memory;

    for (unsigned owing = 0; owing < 2; owing++) {
        int64_t owed_ns = overdue_ns(context, &mine->by[owing], owing);

        if (!owed_ns || context->flow->ends[owing].reset || by_chance(context, &mine->by[owing], owing))
            continue;
        if (matters(context, &mine->by[owing], owing) && at_work(context->flow, owing))
            raise_unanswered(context, &mine->by[owing], owing, owed_ns);
        else if (matters(context, &mine->by[owing], owing))
            raise_at_end(context, &mine->by[owing], owing, owed_ns, "");
        else if (pile(context, owing) >= TCPT_PILE)
            raise_at_end(context, &mine->by[owing], owing, owed_ns, ", as others of its connections");
    }
}

static const tcpt_field fields[] = {TCPT_F_CLOSE_OWED_BY, TCPT_F_CLOSE_DURATION, TCPT_F_CLOSE_HINT, TCPT_FIELD_COUNT};

static const char *const explains[] = {"data_after_close", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "ss -tanp state close-wait '%socket%'",
     "the process that holds it, and how many more of them there are"},
    {0},
};

const tcpt_detector tcpt_close_wait_stuck = {
    .id = "close_wait_stuck",
    .message = "One side has closed, the other has not for a long time (CLOSE-WAIT)",
    .brief = "The other side closed, this one does not (CLOSE-WAIT)",
    .mistaken = "a FIN that got lost",
    .explanation = "The peer's FIN was received and acknowledged, so this side's kernel is in CLOSE-WAIT: only its "
                   "application can end the connection, and it does not. Consistent with an application that does "
                   "not notice the end of input, or waits for a timeout of its own.",
    .remedy = "Look for the process that holds the socket, and for why it does not read the end of file and close. A "
              "duration that matches a well-known timeout names the setting to look at (close.hint).",
    .commands = commands,
    .reference = "RFC 9293 sections 3.3.2 and 3.6",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_SENDER,
    .explains = explains,
    .wants = TCPT_TRAIT_CLOSE_DUE,
    .memory_bytes = sizeof(close_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
