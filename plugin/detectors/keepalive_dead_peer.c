/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes, of an idle connection or of a closed window, one after the other, without an answer. */
#include "detectors/shared/silence.h"
#include "detectors/shared/timeouts.h"
#include "detectors/detectors.h"

#include "tcptriage/limits.h"

/* One probe may be lost, and a second one goes unanswered by a busy path; by the third there is nobody. */
enum { PROVEN_BY = 3 };

typedef struct keepalive_memory {
    tcpt_finding *finding[2]; /* by the end that probes, until the other end is heard again */
    int64_t raised_ns[2];
    int64_t first_ns[2];   /* of the first probe, where RSTs that it has not taken came since; else 0 */
    int64_t idle_ns[2];    /* how long both were silent before the probes */
    uint32_t probes[2];    /* up to the newest of those */
    bool behind_window[2]; /* its probes are of a closed window */
    bool alive[2];         /* a probe of that end was answered before */
} keepalive_memory;

/* A RST of numbers that nobody uses is no answer to a probe: a closed socket's has the number that the probe
 * acknowledges (RFC 9293, section 3.10.7.1). Whoever has sent it, the prober takes no notice, and probes on. */
static void note_foreign_rst(const tcpt_context *context, keepalive_memory *memory, unsigned prober)
{
    const tcpt_endpoint *asks = &context->flow->ends[prober];

    if (!memory->first_ns[prober])
        memory->first_ns[prober] = asks->unanswered_ns;
    memory->probes[prober] += asks->unanswered_probes;
}

/* It has kept the connection, and was silent: neither gone nor forgotten. */
static void say_heard(const tcpt_context *context, const keepalive_memory *memory, tcpt_finding *finding,
                      unsigned prober)
{
    const tcpt_endpoint *asks = &context->flow->ends[prober];
    const char *who = tcpt_role(context->flow, !prober);
    int64_t first_ns = memory->first_ns[prober] ? memory->first_ns[prober] : asks->unanswered_ns;
    int64_t silent_ns = context->segment->time_ns - first_ns;

    tcpt_resummarise(
        finding,
        "%u keep-alive probes of the %s, after %.0f s of silence, without an answer; the %s is heard again "
        "%.1f s after the first (frame %u)",
        memory->probes[prober] + asks->unanswered_probes, tcpt_role(context->flow, prober),
        tcpt_as_seconds(memory->idle_ns[prober]), who, tcpt_as_seconds(silent_ns), context->record->frame);
    tcpt_brief(finding, "No answer to keep-alive for %.0f s, then the %s again", tcpt_as_seconds(silent_ns), who);
    tcpt_set_delay(finding, silent_ns);
}

/* As fast as the path allows: two were lost, and the peer is there. Later: it was not gone, and what a closed window
 * cost is zero_window_stall's. By a RST it says that it was. */
static void judge_heard(const tcpt_context *context, keepalive_memory *memory)
{
    unsigned prober = !context->seen->from;
    tcpt_finding *finding = memory->finding[prober];
    int64_t since_ns = context->segment->time_ns - memory->raised_ns[prober];

    if (context->seen->really_bad || context->seen->stale)
        return;
    if (context->seen->rst.mismatch) {
        note_foreign_rst(context, memory, prober);
        return;
    }
    memory->finding[prober] = NULL;
    if (since_ns <= 2 * tcpt_rtt_ns(context->flow) + TCPT_ANSWER_LIMIT_MS * TCPT_MS_NS)
        tcpt_withdraw(context, finding);
    else if (context->segment->flags & TCPT_RST)
        return;
    else if (memory->behind_window[prober])
        tcpt_withdraw(context, finding);
    else
        say_heard(context, memory, finding, prober);
}

/* A host that is gone and a device on the way that has forgotten the connection, be it by a failover behind probes that
 * were answered, look alike from one point. */
static tcpt_finding *raise_idle(const tcpt_context *context, bool alive)
{
    unsigned from = context->seen->from;
    int64_t idle_ns = context->flow->ends[from].idle_before_ns;
    tcpt_finding *finding = tcpt_raise(
        context, TCPT_MEDIUM,
        "Three keep-alive probes of the %s, after %.0f s of silence, without an answer: %s gone, or forgotten "
        "by a NAT or firewall",
        tcpt_role(context->flow, from), tcpt_as_seconds(idle_ns), tcpt_role(context->flow, !from));

    tcpt_take_text(finding, TCPT_F_IDLE_HINT, tcpt_idle_hint(idle_ns, 0));
    if (!alive && idle_ns >= tcpt_seconds_ns(context->settings->idle_seconds))
        tcpt_brief(finding, "Keep-alive unanswered after %.0f s: %s gone, or NAT?", tcpt_as_seconds(idle_ns),
                   tcpt_role(context->flow, !from));
    else
        tcpt_brief(finding, "No answer to keep-alive probes: %s gone, or NAT?", tcpt_role(context->flow, !from));
    return finding;
}

/* A host answers probes of its closed window as long as it lives (RFC 9293, section 3.8.6.1; RFC 1122, section
 * 4.2.2.17). */
static tcpt_finding *raise_behind_window(const tcpt_context *context)
{
    unsigned from = context->seen->from;
    int64_t since_ns = context->segment->time_ns - context->flow->ends[from].unanswered_ns;
    tcpt_finding *finding =
        tcpt_raise(context, TCPT_MEDIUM,
                   "The %s closed its window, and three probes of the %s in %.1f s got no answer: it is gone, or cut "
                   "off",
                   tcpt_role(context->flow, !from), tcpt_role(context->flow, from), tcpt_as_seconds(since_ns));

    tcpt_brief(finding, "No answer to window probes: %s gone, or cut off?", tcpt_role(context->flow, !from));
    tcpt_set_delay(finding, since_ns);
    return finding;
}

/* Probes without the timestamps agreed on, where such were answered before, are not refused for that. */
static bool explained(const tcpt_context *context, bool alive)
{
    return tcpt_silence_explained(context) && !(alive && tcpt_drops_timestamps(context->flow, context->segment));
}

static void judge(const tcpt_context *context, void *memory)
{
    keepalive_memory *mine = memory;
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from];
    const tcpt_endpoint *receiver = &context->flow->ends[!from];
    tcpt_finding *finding;

    if (mine->finding[!from])
        judge_heard(context, mine);
    if ((context->seen->traits & TCPT_TRAIT_PROBED) && !context->seen->really_bad)
        mine->alive[!from] = true;
    if (!context->seen->probe || context->seen->really_bad || !context->flow->both_ways)
        return;
    if (!context->seen->new_round || context->seen->unanswered_probes != PROVEN_BY)
        return;
    if (explained(context, mine->alive[from]))
        return;
    finding = tcpt_window_is_shut(receiver) ? raise_behind_window(context) : raise_idle(context, mine->alive[from]);
    tcpt_set_number(finding, TCPT_F_IDLE_GAP, sender->idle_before_ns);
    mine->finding[from] = finding;
    mine->behind_window[from] = tcpt_window_is_shut(receiver);
    mine->raised_ns[from] = context->segment->time_ns;
    mine->idle_ns[from] = sender->idle_before_ns;
    mine->first_ns[from] = 0;
    mine->probes[from] = 0;
    tcpt_relate(finding, sender->unanswered_record);
    tcpt_relate(finding, receiver->last_record);
}

static const tcpt_field fields[] = {TCPT_F_IDLE_GAP, TCPT_F_IDLE_HINT, TCPT_FIELD_COUNT};

static const char *const explains[] = {"fin_unacked", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "ss -tno '%socket%'", "does it still have the connection?"},
    {TCPT_ON_THE_WAY, "conntrack -L -f %family% -p tcp -s %client% -d %server% --dport %port%",
     "does the tracker still know it?"},
    {TCPT_ON_THE_WAY, "sysctl net.netfilter.nf_conntrack_tcp_timeout_established",
     "the idle limit of Linux's tracker, in seconds"},
    {0},
};

const tcpt_detector tcpt_keepalive_dead_peer = {
    .id = "keepalive_dead_peer",
    .message = "Probes of the other side without an answer",
    .mistaken = "an idle connection in order",
    .explanation =
        "One side asks whether the other is still there, or whether its window has opened again, and hears "
        "nothing: consistent with a host that is gone, or with a device on the way that has forgotten the "
        "idle connection. From one capture point both look alike; an answer on another connection between the "
        "same two hosts, later than the probes, would show that the host is up and can be reached.",
    .remedy =
        "Is the other host up, and are other connections to it answered? Then a NAT or firewall has forgotten the "
        "flow: make the keep-alive period shorter than its idle limit, and where earlier probes were answered look for "
        "a failover or restart on the way.",
    .commands = commands,
    .reference = "RFC 9293 sections 3.8.4 and 3.8.6.1; Linux tcp_keepalive_timer()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_RECEIVER,
    .silence = TCPT_SILENCE_OF_PROBES,
    .explains = explains,
    .wants = TCPT_TRAIT_UNANSWERED | TCPT_TRAIT_PROBED,
    .memory_bytes = sizeof(keepalive_memory),
    .fields = fields,
    .judge = judge,
};
