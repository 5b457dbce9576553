/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first SYN got no answer, or a false one; its retry gets one at once: the connection began later by the retry's
 * timer. */
#include "detectors/detectors.h"
#include "tcptriage/limits.h"

typedef struct delayed_memory {
    tcpt_finding *finding;
    tcpt_record *odd; /* the SYN-ACK that answers no SYN of the client's, and that it has reset; NULL for none */
    uint8_t left_out; /* options of the first SYN that the newest try lacks */
} delayed_memory;

/* A SYN-ACK for each try, as far apart as the tries: none was lost, they were on their way for longer than the client
 * waits. Where they come together the server sent the lost one again by a timer of its own, or held both for as long.
 */
static bool answers_the_retry_too(const tcpt_context *context, const tcpt_finding *finding)
{
    enum { APART_MS = 500 }; /* half of the shortest wait for a retry */
    const tcpt_flow *flow = context->flow;

    return context->segment->time_ns - finding->time_ns >= APART_MS * TCPT_MS_NS &&
           context->seen->from != flow->client && context->seen->syn_count == 2 &&
           flow->ends[flow->client].syn_ns <= finding->time_ns &&
           context->segment->seq == flow->ends[!flow->client].iss;
}

/* Some hosts give an option up when their SYN is not answered: then it may be the option that a device drops. Of one
 * lost try that says nothing; tfo_handshake tells of Fast Open. */
static const char *without(unsigned left_out, uint32_t tries)
{
    enum { TRIES = 3 };

    return tries < TRIES                       ? NULL
           : left_out & TCPT_OPTION_MULTIPATH  ? "Multipath TCP"
           : left_out & TCPT_OPTION_TIMESTAMPS ? "timestamps"
           : left_out & TCPT_OPTION_WSCALE     ? "window scaling"
                                               : NULL;
}

static void say_without(tcpt_finding *finding, const tcpt_endpoint *client, const char *option, int64_t delay_ns)
{
    tcpt_resummarise(finding,
                     "%.1f s without an answer until try %u, the first without %s, was answered. Consistent with a "
                     "device that drops SYNs with that option, or with loss",
                     tcpt_as_seconds(delay_ns), client->syn_count, option);
    tcpt_brief(finding, "%s dropped? Try %u without it answered: %.1f s", option, client->syn_count,
               tcpt_as_seconds(delay_ns));
}

/* At a retry: all that came so far was an answer with another ACK number, and the client's host resets that (RFC 9293,
 * section 3.10.7.3). What speaks of an earlier connection by a bare ACK is told as challenge_ack. */
static void note_odd_answer(const tcpt_flow *flow, delayed_memory *mine)
{
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];
    bool right = server->syn && server->acked && server->rcv_nxt - client->iss - 1 <= client->syn_payload_bytes;

    if (server->segment_count == 1 && !right && !server->rst_count && client->rst_count &&
        client->rst_ns >= server->last_ns && client->segment_count == client->syn_count + client->rst_count &&
        !flow->rare->refusal.seen)
        mine->odd = server->last_record;
}

/* Its successor is right. */
static void judge_odd_answer(const tcpt_context *context, delayed_memory *mine)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client];
    int64_t delay_ns = client->syn_ns - flow->first_ns;
    tcpt_finding *finding;

    if (context->segment->ack - client->iss - 1 > client->syn_payload_bytes || delay_ns <= 0 ||
        delay_ns > tcpt_seconds_ns(TCPT_LONGEST_RTO_SECONDS))
        return; /* no retry by a timer */
    finding = tcpt_raise(context, TCPT_MEDIUM,
                         "The first answer (frame %u) acknowledges another number, so the client resets it and asks "
                         "again: %.1f s. A SYN proxy that tests clients, or an old connection?",
                         mine->odd->frame, tcpt_as_seconds(delay_ns));
    tcpt_brief(finding, "SYN-ACK with a wrong ACK, reset: %.1f s lost (SYN proxy?)", tcpt_as_seconds(delay_ns));
    tcpt_set_number(finding, TCPT_F_SYN_TRIES, client->syn_count);
    tcpt_set_number(finding, TCPT_F_SYN_DELAY, delay_ns);
    tcpt_set_delay(finding, delay_ns);
    tcpt_relate(finding, mine->odd);
    tcpt_relate(finding, client->rst_record);
    tcpt_rule_out(finding, "Loss: each SYN is answered.");
    tcpt_blame_way(finding);
    mine->odd = NULL;
}

static void judge(const tcpt_context *context, void *memory)
{
    delayed_memory *mine = memory;
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client];
    int64_t delay_ns = client->syn_ns - flow->first_ns;
    tcpt_syn_delay kind = context->seen->syn_delay;
    bool answer_lost = kind == TCPT_SYN_DELAY_ANSWER_LOST;
    const char *option = answer_lost ? NULL : without(mine->left_out, client->syn_count);

    if (context->seen->really_bad)
        return;
    if ((context->segment->flags & (TCPT_SYN | TCPT_ACK)) == TCPT_SYN && context->seen->from == flow->client) {
        note_odd_answer(flow, mine);
        mine->left_out = client->syn_options & ~context->segment->options & UINT8_MAX;
    }
    if (mine->odd && (context->segment->flags & TCPT_SYN) && (context->segment->flags & TCPT_ACK) &&
        context->seen->from != flow->client)
        judge_odd_answer(context, mine);
    if (mine->finding && answers_the_retry_too(context, mine->finding)) {
        tcpt_withdraw(context, mine->finding);
        mine->finding = NULL;
    }
    if (kind == TCPT_SYN_DELAY_NONE)
        return;
    mine->finding =
        tcpt_raise(context, kind == TCPT_SYN_DELAY_CERTAIN ? TCPT_HIGH : TCPT_MEDIUM,
                   "%s: %.1f s until try %u, which was answered in %.0f ms. %s",
                   answer_lost ? "The answer to the first SYN was lost" : "The first SYN or its answer was lost",
                   tcpt_as_seconds(delay_ns), client->syn_count,
                   tcpt_as_seconds(context->segment->time_ns - client->syn_ns) * 1000,
                   answer_lost ? "The SYN-ACK echoes the first SYN's timestamp"
                               : "Consistent with loss, or a device that drops the first");
    tcpt_brief(mine->finding, "%s lost? Try %u answered after %.1f s", answer_lost ? "SYN-ACK" : "First SYN",
               client->syn_count, tcpt_as_seconds(delay_ns));
    if (option)
        say_without(mine->finding, client, option, delay_ns);
    tcpt_set_number(mine->finding, TCPT_F_SYN_TRIES, client->syn_count);
    tcpt_set_number(mine->finding, TCPT_F_SYN_DELAY, delay_ns);
    tcpt_set_delay(mine->finding, delay_ns);
    tcpt_relate(mine->finding, client->last_record);
    tcpt_rule_out(mine->finding, "A slow server: it answers this try soon.");
}

static const tcpt_field fields[] = {TCPT_F_SYN_TRIES, TCPT_F_SYN_DELAY, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "tcpdump -ni any '%traffic%'", "does the first SYN arrive, and does its answer leave?"},
    {TCPT_ON_SERVER, "nstat -az TcpExtListenDrops TcpExtTCPReqQFullDrop", "do they grow with each delay?"},
    {TCPT_ON_CLIENT, "nstat -az TcpExtTCPSynRetrans", "how many SYNs were sent again, to whomever"},
    {0},
};

const tcpt_detector tcpt_syn_delayed = {
    .id = "syn_delayed",
    .message = "The first SYN got no answer, a retry does at once",
    .mistaken = "a slow server: the wait is the client's own timer",
    .explanation =
        "The client waits for its retry timer (1 s, 3 s in all for the third try; 3 s and 9 s with old stacks) before "
        "anything happens: that is the delay, not the network's or the server's. Now and then it is ordinary loss. On "
        "connection after connection it is a device that drops the first SYN (first_syn_always_lost), a full SYN queue "
        "or a rate limit. An answer with a wrong ACK number that the client has to reset is how a SYN proxy in its "
        "\"safe "
        "reset\" mode tests that the client is real: each new client pays a retry.",
    .remedy =
        "Capture at the server, too. If the first SYN does not arrive, look at the devices on the way. If the SYN "
        "arrives and nothing leaves, look at the server's queues and filters. If the SYN-ACK leaves, look at the way "
        "back.",
    .commands = commands,
    .reference = "RFC 6298 section 2 and 5.7; Linux TCP_TIMEOUT_INIT, net.ipv4.tcp_syn_retries",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_PAIR,
    .wants = TCPT_TRAIT_SYN_MORE,
    .follows = TCPT_TRAIT_SYN,
    .memory_bytes = sizeof(delayed_memory),
    .fields = fields,
    .judge = judge,
};
