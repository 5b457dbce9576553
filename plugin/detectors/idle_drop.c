/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A healthy flow was idle for long, and what comes next meets silence or a RST. */
#include <glib.h>

#include "detectors/shared/close_due.h"
#include "detectors/shared/silence.h"
#include "detectors/shared/timeouts.h"
#include "detectors/shared/too_soon.h"
#include "detectors/detectors.h"

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

typedef struct idle_memory {
    bool raised[2];           /* by the end that speaks first again */
    bool waits;               /* the end that broke the newest silence has not been answered yet, as far as was asked */
    uint8_t speaker;          /* that end */
    tcpt_finding *finding[2]; /* the same as raised, while an answer may come */
    int64_t spoke_ns;         /* when it broke that silence; valid with waits, as the next */
    int64_t silence_ns;       /* how long that was */
    int64_t survived_ns;      /* the longest silence after which the other end answered */
} idle_memory;

enum {
    /* The third repeat without any answer: one or two are ordinary loss. */
    PROVEN_BY = 3,
    /* Linux nf_conntrack-sysctl: tcp_timeout_close_wait. */
    HALF_CLOSED_SECONDS = 60,
};

/* The other side has closed, and this one still sends: allowed for as long as it likes (rule H.1), but trackers keep
 * such a connection for less (Linux: tcp_timeout_close_wait). */
static bool half_closed(const tcpt_flow *flow, unsigned speaker)
{
    return flow->ends[!speaker].fin && flow->ends[!speaker].fin_acked && !flow->ends[speaker].fin;
}

/* ---- silences that did no harm ---- */

static void note_answer(const tcpt_flow *flow, idle_memory *memory)
{
    if (!memory->waits || flow->ends[!memory->speaker].last_ns <= memory->spoke_ns)
        return;
    memory->waits = false;
    memory->survived_ns = MAX(memory->survived_ns, memory->silence_ns);
}

static void note_silence(const tcpt_context *context, idle_memory *memory)
{
    int64_t silence_ns = context->segment->time_ns - context->flow->last_ns;

    note_answer(context->flow, memory);
    if (silence_ns < tcpt_seconds_ns(context->settings->idle_seconds))
        return;
    memory->waits = true;
    memory->speaker = context->seen->from;
    memory->spoke_ns = context->segment->time_ns;
    memory->silence_ns = silence_ns;
}

/* A device that forgets after so long had forgotten before. Timers of applications are early by a little at times. */
static bool survived(const idle_memory *memory, int64_t idle_ns)
{
    return memory->survived_ns >= idle_ns - idle_ns / 50;
}

/* Nothing has shown that the server had the connection: one whose queue was full, or that defers accept(), forgets a
 * handshake that it has answered (Linux TCP_DEFER_ACCEPT), and a device before it may have answered in its place. */
static bool only_answered_syn(const tcpt_flow *flow, unsigned speaker)
{
    const tcpt_endpoint *other = &flow->ends[!speaker];

    return speaker == flow->client && other->syn && other->segment_count <= other->syn_count;
}

/* ---- what is said ---- */

/* Behind what happened: which limit may have been reached. */
static char *limit_text(const tcpt_context *context, unsigned speaker, const idle_memory *memory)
{
    int64_t idle_ns = context->flow->ends[speaker].idle_before_ns;
    char *limit;

    if (half_closed(context->flow, speaker))
        return g_strdup(idle_ns >= tcpt_seconds_ns(HALF_CLOSED_SECONDS)
                            ? "; half-closed before: limit of 60 s (Linux conntrack)?"
                            : "; half-closed before");
    if (survived(memory, idle_ns))
        return g_strdup_printf(", though %.0f s did no harm before: a failover or restart?",
                               tcpt_as_seconds(memory->survived_ns));
    limit = tcpt_idle_limit_text(idle_ns, memory->survived_ns);
    if (*limit || !only_answered_syn(context->flow, speaker))
        return limit;
    g_free(limit);
    return g_strdup("; the server had said no more than its SYN-ACK: did it ever have it?");
}

static tcpt_finding *raise_drop(const tcpt_context *context, unsigned speaker, const idle_memory *memory,
                                const char *how)
{
    const tcpt_endpoint *end = &context->flow->ends[speaker];
    bool half = half_closed(context->flow, speaker), harmless = !half && survived(memory, end->idle_before_ns);
    bool never = only_answered_syn(context->flow, speaker);
    char *limit = limit_text(context, speaker, memory);
    tcpt_finding *finding =
        tcpt_raise(context, TCPT_MEDIUM, "After %.0f s of silence the %s speaks again (frame %u) and gets %s%s",
                   tcpt_as_seconds(end->idle_before_ns), tcpt_role(context->flow, speaker),
                   end->unanswered_record->frame, how, limit);

    g_free(limit);
    tcpt_brief(finding,
               harmless ? "Gone, not for its %.0f s of silence: the %s gets %s"
               : never  ? "Nothing before %.0f s of silence: the %s gets %s"
                        : "Gone after %.0f s of silence: the %s gets %s",
               tcpt_as_seconds(end->idle_before_ns), tcpt_role(context->flow, speaker), how);
    tcpt_set_delay(finding, context->segment->time_ns - end->unanswered_ns);
    tcpt_set_number(finding, TCPT_F_IDLE_GAP, end->idle_before_ns);
    if (!harmless)
        tcpt_take_text(finding, TCPT_F_IDLE_HINT, tcpt_idle_hint(end->idle_before_ns, memory->survived_ns));
    tcpt_relate(finding, end->unanswered_record);
    tcpt_relate(finding, context->flow->ends[!speaker].last_record);
    if (half)
        tcpt_relate(finding, context->flow->ends[!speaker].fin_record);
    else
        tcpt_rule_out(finding, "A close: neither FIN nor RST was captured before the silence.");
    if (harmless)
        tcpt_rule_out(finding, "An idle limit: a silence as long before did no harm.");
    return finding;
}

/* Heard again: taken back, or the summary says when. */
static void judge_answer(const tcpt_context *context, idle_memory *memory)
{
    unsigned speaker = !context->seen->from;
    const tcpt_endpoint *end = &context->flow->ends[speaker];
    tcpt_finding *finding = memory->finding[speaker];
    bool rst = context->segment->flags & TCPT_RST;

    memory->finding[speaker] = NULL;
    if (!rst && !tcpt_answers(context))
        return;
    if (!rst && tcpt_heard_in_time(context)) {
        tcpt_withdraw(context, finding);
        memory->raised[speaker] = false;
        return;
    }
    tcpt_resummarise(finding,
                     "After %.0f s of silence the %s speaks again (frame %u) and gets no answer for %.1f s, then %s "
                     "(frame %u)",
                     tcpt_as_seconds(end->idle_before_ns), tcpt_role(context->flow, speaker),
                     end->unanswered_record->frame, tcpt_as_seconds(tcpt_waited_ns(context)), rst ? "a RST" : "one",
                     context->record->frame);
    tcpt_set_delay(finding, tcpt_waited_ns(context));
    tcpt_relate(finding, context->record);
}

/* No host answers a RST, and each of the two is what the other end expects: one in between that knows the numbers has
 * ended the connection for both. */
static bool resets_both_ends(const tcpt_context *context, const idle_memory *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *other = &flow->ends[!context->seen->from];
    int64_t since_ns = context->segment->time_ns - memory->spoke_ns;

    return memory->waits && memory->speaker != context->seen->from && !flow->ends[0].fin && !flow->ends[1].fin &&
           other->rst_count == 1 && other->rst_ns == memory->spoke_ns && !flow->ends[context->seen->from].rst_count &&
           !context->seen->rst.mismatch && since_ns <= MAX(tcpt_rtt_ns(flow), TCPT_REACT_MS * TCPT_MS_NS);
}

static void raise_both(const tcpt_context *context, const idle_memory *memory)
{
    const tcpt_endpoint *other = &context->flow->ends[!context->seen->from];
    char *limit = tcpt_idle_limit_text(memory->silence_ns, memory->survived_ns);
    double seconds = tcpt_as_seconds(memory->silence_ns);
    tcpt_finding *finding = tcpt_raise(
        context, TCPT_MEDIUM,
        "After %.0f s of silence RSTs go both ways, unasked: a device on the way has ended the connection for both%s",
        seconds, limit);

    g_free(limit);
    tcpt_brief(finding, "Ended on the way after %.0f s of silence: RST to both ends", seconds);
    tcpt_set_number(finding, TCPT_F_IDLE_GAP, memory->silence_ns);
    tcpt_take_text(finding, TCPT_F_IDLE_HINT, tcpt_idle_hint(memory->silence_ns, memory->survived_ns));
    tcpt_relate(finding, other->rst_record);
    tcpt_rule_out(finding, "A host that aborts: the other one would take its RST and say nothing.");
}

/* Comes when an answer is due: a host that does not know the connection, or a device, resets it at once. Or several
 * tries have gone unanswered; of one the capture may lack the answer. */
static bool answers(const tcpt_context *context)
{
    const tcpt_endpoint *speaker = &context->flow->ends[!context->seen->from];

    return speaker->unanswered_probes > 1 || speaker->unanswered_repeats || speaker->unanswered_fins > 1 ||
           context->segment->time_ns - speaker->last_ns <=
               2 * tcpt_rtt_ns(context->flow) + tcpt_seconds_ns(TCPT_FIRST_RTO_SECONDS);
}

/* It acknowledges what it answers: a socket was there, and its application closed on the request. */
static bool takes_it(const tcpt_context *context)
{
    const tcpt_segment *segment = context->segment;

    return (segment->flags & TCPT_ACK) && seq_after(segment->ack, context->flow->ends[context->seen->from].rcv_nxt);
}

/* No matter of the silence. A device answers for the host by RST and ACK as well. */
static bool is_close(const tcpt_context *context)
{
    return (takes_it(context) && !tcpt_resets_too_soon(context)) || !answers(context);
}

/* What broke the silence is not answered, or by a RST. */
static void judge_gone(const tcpt_context *context, idle_memory *mine, unsigned speaker)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *end = &flow->ends[speaker];
    bool rst = context->segment->flags & TCPT_RST, data = context->segment->payload_bytes;

    if (!flow->both_ways || !flow->synchronised || mine->raised[speaker] || !(rst || context->seen->new_round))
        return;
    if (!end->unanswered_ns || end->idle_before_ns < tcpt_seconds_ns(context->settings->idle_seconds))
        return;
    if (rst ? end->ending_before || end->unanswered_fin : end->ending_before && !(half_closed(flow, speaker) && data))
        return; /* a close is another story: data_after_close, fin_missing */
    if (tcpt_close_due_from(flow, !speaker))
        return; /* the other side was to close in that silence */
    if (!rst &&
        (context->seen->probe || context->seen->unanswered_repeats + context->seen->unanswered_fins < PROVEN_BY))
        return;
    if (rst && tcpt_window_is_shut(&flow->ends[!speaker]))
        return; /* zero_window_stall */
    if (rst ? is_close(context) : tcpt_silence_explained(context))
        return;
    mine->raised[speaker] = true;
    if (rst)
        raise_drop(context, speaker, mine, "a RST");
    else
        mine->finding[speaker] = raise_drop(context, speaker, mine, "no answer");
}

static void judge(const tcpt_context *context, void *memory)
{
    idle_memory *mine = memory;
    bool rst = context->segment->flags & TCPT_RST;
    unsigned speaker = rst ? !context->seen->from : context->seen->from;
    const tcpt_endpoint *end = &context->flow->ends[speaker];

    if (context->seen->really_bad)
        return;
    if (context->seen->traits & TCPT_TRAIT_SILENCE)
        note_silence(context, mine);
    if ((context->seen->traits & TCPT_TRAIT_HEARD_AGAIN) && mine->finding[!context->seen->from])
        judge_answer(context, mine);
    if (context->seen->new_round && end->unanswered_ns && mine->finding[speaker]) /* still nothing */
        tcpt_set_delay(mine->finding[speaker], context->segment->time_ns - end->unanswered_ns);
    if (rst && !mine->raised[speaker] && resets_both_ends(context, mine)) {
        mine->raised[speaker] = true;
        raise_both(context, mine);
        return;
    }
    judge_gone(context, mine, speaker);
}

static const tcpt_field fields[] = {TCPT_F_IDLE_GAP, TCPT_F_IDLE_HINT, TCPT_FIELD_COUNT};

static const char *const explains[] = {"peer_silent",      "keepalive_dead_peer", "fin_unacked",
                                       "fin_missing",      "close_wait_stuck",    "data_after_close",
                                       "rst_seq_mismatch", "conntrack_invalid",   NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_CLIENT, "ss -tno '%socket%'", "is a keepalive timer set, and does it end before the limit?"},
    {TCPT_ON_CLIENT, "sysctl net.ipv4.tcp_keepalive_time", "for sockets that switch keep-alive on"},
    {TCPT_ON_THE_WAY, "sysctl net.netfilter.nf_conntrack_tcp_timeout_established",
     "the idle limit of Linux's tracker, in seconds"},
    {0},
};

const tcpt_detector tcpt_idle_drop = {
    .id = "idle_drop",
    .message = "After a long silence the connection is gone",
    .mistaken = "a server that crashed",
    .explanation =
        "The connection was healthy and idle; the first data after the silence gets no answer, or a RST. "
        "Consistent with a NAT, firewall or load balancer on the way that has forgotten the idle "
        "connection. The other host may still believe in it, or have closed it while this one slept. Where the server "
        "had said no more than its "
        "SYN-ACK it may never have had the connection (a full accept queue, a deferred accept, a SYN proxy).",
    .remedy =
        "Switch TCP keep-alive on with a period below the device's idle limit (net.ipv4.tcp_keepalive_time or "
        "TCP_KEEPIDLE), or raise that limit, or let the application close idle connections sooner. Where as long a "
        "silence before did no harm that is no remedy: look for what failed over, restarted or was reconfigured "
        "at that time, the other host or a device on the way.",
    .commands = commands,
    .reference = "RFC 5382 section 5; RFC 9293 section 3.8.4; Linux nf_conntrack-sysctl",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PATH,
    .explains = explains,
    .wants = TCPT_TRAIT_UNANSWERED | TCPT_TRAIT_RST | TCPT_TRAIT_HEARD_AGAIN | TCPT_TRAIT_SILENCE,
    .repeats_itself = true,
    .memory_bytes = sizeof(idle_memory),
    .fields = fields,
    .judge = judge,
};
