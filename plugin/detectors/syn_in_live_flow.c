/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SYN or SYN-ACK of another handshake in a connection that is alive: one end has forgotten it (RFC 9293,
 * section 3.5.1, half-open connections), or somebody forges. */
#include "detectors/detectors.h"

#include "tcptriage/limits.h"

typedef struct syn_memory {
    tcpt_finding *finding; /* on the newest such SYN; NULL when there was none */
    uint32_t seq;          /* of that SYN */
    int64_t time_ns;
    uint8_t from;
    bool answered;  /* by the old numbers */
    bool twice;     /* it is a second answer to this connection's SYN */
    bool recovered; /* by the next life's SYN-ACK */
    uint32_t tries;
} syn_memory;

enum {
    /* After this long a silence the old connection may well be gone and the port in use again. */
    LONG_IDLE_SECONDS = 600,
    /* A retry comes within the longest pause between two SYNs. */
    RETRY_SECONDS = TCPT_LONGEST_RTO_SECONDS + 10,
};

/* Both have said that they are done, or one was reset: what follows is no intruder but the next connection, and only
 * the capture lacks the old one's end. */
static bool over(const tcpt_flow *flow)
{
    const tcpt_endpoint *a = &flow->ends[0], *b = &flow->ends[1];

    return a->reset || b->reset || ((a->fin || a->fin_acked) && (b->fin || b->fin_acked));
}

static const char *kind(const tcpt_context *context)
{
    return context->segment->flags & TCPT_ACK ? "SYN-ACK" : "SYN";
}

/* Another SYN-ACK for this connection's SYN, with numbers of its own. However late: who has the connection sends none,
 * and the client of another one has chosen another number. */
static bool answers_twice(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    return (context->segment->flags & TCPT_ACK) && context->seen->from != flow->client && client->syn && server->syn &&
           context->segment->ack - client->iss - 1 <= client->syn_payload_bytes;
}

static void say_twice(const tcpt_context *context, const syn_memory *memory)
{
    const tcpt_flow *flow = context->flow;

    tcpt_resummarise(memory->finding,
                     "A second SYN-ACK, with other numbers, answers the client's SYN (TTL %u, the first had %u): two "
                     "hosts use this address, or a device answers, too",
                     context->segment->ttl, flow->ends[!flow->client].syn_ttl);
    tcpt_brief(memory->finding, "Two SYN-ACKs of other numbers: address used twice?");
}

static void raise(const tcpt_context *context, syn_memory *memory)
{
    const tcpt_flow *flow = context->flow;
    bool idle = context->seen->since_ns >= tcpt_seconds_ns(LONG_IDLE_SECONDS);

    *memory = (syn_memory){
        .seq = context->segment->seq, .time_ns = context->segment->time_ns, .from = context->seen->from, .tries = 1};
    memory->finding =
        tcpt_raise(context, idle || !flow->both_ways ? TCPT_LOW : TCPT_MEDIUM,
                   "%s from the %s in a connection that is open, %.3f s after its last segment", kind(context),
                   tcpt_role(flow, context->seen->from), tcpt_as_seconds(context->seen->since_ns));
    tcpt_brief(memory->finding, "%s from the %s in an open connection", kind(context),
               tcpt_role(flow, context->seen->from));
    tcpt_relate(memory->finding, flow->ends[!context->seen->from].last_record);
    memory->twice = answers_twice(context);
    if (memory->twice)
        say_twice(context, memory);
}

static void judge_syn(const tcpt_context *context, syn_memory *memory)
{
    if (memory->finding && memory->seq == context->segment->seq && memory->from == context->seen->from) {
        memory->tries++; /* sent again: one story */
        return;
    }
    if (!over(context->flow))
        raise(context, memory);
}

static void judge_challenge(const tcpt_context *context, syn_memory *memory)
{
    if (!memory->finding || memory->from == context->seen->from || memory->answered)
        return;
    if (context->seen->challenged->frame < memory->finding->on->frame)
        return;
    memory->answered = true;
    tcpt_set_confidence(memory->finding, TCPT_HIGH);
    tcpt_set_text(memory->finding, TCPT_F_SYN_OUTCOME, "challenged");
    tcpt_relate(memory->finding, context->record);
    if (memory->twice)
        return;
    tcpt_resummarise(memory->finding,
                     "SYN from the %s in a connection that is open: the %s still has it and answers in frame %u with "
                     "its old numbers",
                     tcpt_role(context->flow, memory->from), tcpt_role(context->flow, context->seen->from),
                     context->record->frame);
    tcpt_brief(memory->finding, "SYN in an open connection: the %s still has the old one",
               tcpt_role(context->flow, context->seen->from));
}

/* The SYN-ACK of the next life: the end that had kept the old connection has let it go. */
static void judge_next_life(const tcpt_context *context)
{
    const tcpt_flow *previous = tcpt_life_before(context->flow);
    syn_memory *then = tcpt_memory_of(previous, context->detector);

    if (!then || !then->finding || then->from == context->seen->from || !(context->segment->flags & TCPT_ACK))
        return;
    if (!context->flow->ends[then->from].syn)
        return; /* it acknowledges another SYN */
    if (then->recovered || context->segment->time_ns - then->time_ns > tcpt_seconds_ns(RETRY_SECONDS))
        return;
    then->recovered = true;
    tcpt_resummarise(
        then->finding,
        then->answered
            ? "SYN from the %s in a connection that was open: challenged, and after a RST the new handshake "
              "was answered in frame %u, %.3f s later"
            : "SYN from the %s in a connection that looked open: answered with a SYN-ACK in frame %u, %.3f s "
              "later, so the other end did not have it any more",
        tcpt_role(previous, then->from), context->record->frame,
        tcpt_as_seconds(context->segment->time_ns - then->time_ns));
    tcpt_brief(then->finding, "SYN in an open connection: answered %.1f s later",
               tcpt_as_seconds(context->segment->time_ns - then->time_ns));
    tcpt_set_delay(then->finding, context->segment->time_ns - then->time_ns);
    tcpt_set_text(then->finding, TCPT_F_SYN_OUTCOME, "recovered");
    tcpt_relate(then->finding, context->record);
}

static void judge(const tcpt_context *context, void *memory)
{
    if (context->seen->really_bad)
        return;
    if (context->seen->other_syn)
        judge_syn(context, memory);
    else if (context->seen->traits & TCPT_TRAIT_CHALLENGE)
        judge_challenge(context, memory);
    else
        judge_next_life(context);
}

static void settle(const tcpt_context *context, const void *memory)
{
    const syn_memory *mine = memory;
    tcpt_finding *finding;

    if (!mine->finding || mine->answered || mine->recovered ||
        context->now_ns - mine->time_ns < tcpt_seconds_ns(TCPT_FIRST_RTO_SECONDS))
        return; /* an answer may still be on its way */
    finding = tcpt_instead_of(context, mine->finding);
    tcpt_set_text(finding, TCPT_F_SYN_OUTCOME, "unanswered");
    if (mine->twice)
        return;
    tcpt_brief(finding, "SYN in an open connection: never answered");
    tcpt_resummarise(
        finding,
        "SYN from the %s in a connection that is open: sent %u time%s, never answered, although a host that "
        "has the connection answers with its old numbers",
        tcpt_role(context->flow, mine->from), mine->tries, mine->tries == 1 ? "" : "s");
}

static const tcpt_field fields[] = {TCPT_F_SYN_OUTCOME, TCPT_FIELD_COUNT};

static const char *const explains[] = {"challenge_ack", "rst_seq_mismatch", "conntrack_invalid", "first_request_reset",
                                       NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "uptime", "was this host restarted?"},
    {TCPT_ON_OTHER, "ss -tno '%socket%'", "does it hold the old connection, and has that a keepalive timer?"},
    {TCPT_ON_OTHER, "tcpdump -ni any '%traffic%'", "does the SYN arrive, and does a challenge ACK leave?"},
    {0},
};

const tcpt_detector tcpt_syn_in_live_flow = {
    .id = "syn_in_live_flow",
    .message = "SYN in a connection that is open",
    .mistaken = "a new connection",
    .explanation =
        "One end begins a connection where the other still has one: consistent with a host that has crashed "
        "or restarted, a port used again too soon, or an address shared by two hosts. A host that has the old "
        "connection answers with an ACK of the old numbers; the newcomer resets that, and its next SYN "
        "succeeds.",
    .remedy = "syn.outcome challenged or recovered: look for the restart, and let the server find dead peers sooner "
              "(keep-alive). unanswered: a device on the path may swallow the challenge ACK; look for conntrack or "
              "firewall rules that drop INVALID packets.",
    .commands = commands,
    .reference = "RFC 9293 sections 3.5.1 and 3.10.7.4; RFC 5961 section 4.2; Linux tcp_validate_incoming()",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_SENDER,
    .explains = explains,
    .wants = TCPT_TRAIT_OTHER_SYN | TCPT_TRAIT_CHALLENGE,
    .memory_bytes = sizeof(syn_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
