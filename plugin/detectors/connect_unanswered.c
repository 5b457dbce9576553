/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SYN is sent again and again, and nothing comes back. */
#include "detectors/shared/unanswered_syn.h"

#include <string.h>

#include "detectors/detectors.h"
#include "tcptriage/address.h"
#include "tcptriage/icmp.h"
#include "tcptriage/limits.h"
#include "tcptriage/peers.h"
#include "tcptriage/points.h"
#include "tcptriage/queries.h"

typedef struct unanswered_memory {
    tcpt_finding *finding;
    uint32_t tries; /* when it was raised */
    bool goes_on;   /* an older connection to this port is answered */
} unanswered_memory;

/* Two tries in a row may be lost together; Linux sends its third after 1 + 2 s (TCP_TIMEOUT_INIT, doubled), BSD after 2
 * and the fourth after 3. */
enum { WAIT_SECONDS = 3 };

/* Flows of a 4-tuple that are looked at: points, and lives within the seconds of a handshake. */
enum { TWINS_MOST = 8 };

/* An answer was captured, at another point of its way. */
static bool answered_elsewhere(const tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    unsigned count = 0;

    for (const tcpt_flow *twin = tcpt_next_twin(flow); twin != flow && count < TWINS_MOST;
         twin = tcpt_next_twin(twin), count++)
        if (twin->client == flow->client && twin->ends[flow->client].syn &&
            twin->ends[flow->client].iss == client->iss && twin->ends[!flow->client].segment_count)
            return true;
    return false;
}

/* A SYN-ACK of this SYN, at a point that has not seen the SYN: what comes back takes another way. */
static const tcpt_flow *answer_on_another_way(const tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    unsigned count = 0;

    for (const tcpt_flow *twin = tcpt_next_twin(flow); twin != flow && count < TWINS_MOST;
         twin = tcpt_next_twin(twin), count++) {
        const tcpt_endpoint *server = &twin->ends[!flow->client];

        if (twin->at != flow->at && server->syn && server->acked &&
            server->rcv_nxt == client->iss + 1 + client->syn_payload_bytes && !twin->ends[flow->client].segment_count)
            return twin;
    }
    return NULL;
}

/* Where both ways are not one, what keeps state on either has seen half of it. */
static void say_another_way(tcpt_finding *finding, const tcpt_flow *answer, uint32_t tries, int64_t waited_ns,
                            const char *after)
{
    tcpt_resummarise(finding,
                     "The SYN-ACK is at %s (frame %u), which lacks the SYN, and does not get here: %u tries in %.1f "
                     "s%s. Another way back, with a stateful filter?",
                     answer->at->name, answer->record->frame, tries, tcpt_as_seconds(waited_ns), after);
    tcpt_brief(finding, "SYN-ACK lost on another way back: %u SYNs unanswered", tries);
    tcpt_relate(finding, answer->record);
    tcpt_blame_way(finding);
}

/* What is on its way says why: somebody else has answered. */
static void say_icmp(tcpt_finding *finding, const tcpt_icmp_told *told, unsigned family, uint32_t tries,
                     int64_t waited_ns, const char *after)
{
    const char *says = tcpt_icmp_kind_words(told->kind);
    char from[TCPT_ADDRESS_BYTES];

    tcpt_resummarise(finding, "Nothing came back for this SYN but ICMP from %s (frame %u), %u tries in %.1f s%s: %s",
                     tcpt_address_text(from, family, told->from), told->record->frame, tries,
                     tcpt_as_seconds(waited_ns), after, says);
    tcpt_brief(finding, "ICMP: %s. No answer to %u SYNs", says, tries);
    tcpt_relate(finding, told->record);
}

/* Whose key differs, or who has none, drops it without a word (RFC 2385, section 2.0; RFC 5925, section 7.3). */
static void say_signed(tcpt_finding *finding, uint32_t tries, int64_t waited_ns, const char *after)
{
    tcpt_resummarise(finding,
                     "Nothing came back for this SYN, %u tries in %.1f s%s. It is signed (TCP-MD5 or TCP-AO): another "
                     "key at the server or none, or a host that is down, a filter or route",
                     tries, tcpt_as_seconds(waited_ns), after);
    tcpt_brief(finding, "Key, host or filter? No answer to %u signed SYNs", tries);
}

/* The port answers all the while: only what is new finds no room, or is not let through. Behind a balancer one of
 * several servers may be down. */
static void say_goes_on(tcpt_finding *finding, uint32_t tries, int64_t waited_ns, const char *after)
{
    tcpt_resummarise(finding,
                     "Nothing came back for this SYN, %u tries in %.1f s%s. An older one to this port goes on: a full "
                     "queue or table, a filter, or a balancer's dead server",
                     tries, tcpt_as_seconds(waited_ns), after);
    tcpt_brief(finding, "Queue or filter? New connections only: %u SYNs unanswered", tries);
}

static void say_causes(tcpt_finding *finding, bool others, uint32_t tries, int64_t waited_ns, const char *after)
{
    tcpt_resummarise(finding, "Nothing came back for this SYN, %u tries in %.1f s%s. Consistent with %s", tries,
                     tcpt_as_seconds(waited_ns), after,
                     others ? "a filter on this address, or no way back to it: others are answered on this port"
                            : "a host that is down, a filter that drops, a wrong route, or no way back");
    tcpt_brief(finding,
               others ? "Filter or no way back? %u SYNs unanswered, others are not"
                      : "Host down, filter or route? No answer to %u SYNs",
               tries);
}

static void complete(const tcpt_context *context, const unanswered_memory *mine, const char *after)
{
    const tcpt_flow *flow = context->flow;
    tcpt_finding *finding = mine->finding;
    const tcpt_listener *listener = context->seen->listener;
    const tcpt_icmp_told *told = tcpt_told_by_icmp(flow, flow->client, flow->first_ns);
    bool others = listener && listener->answered_ns >= flow->first_ns;
    const tcpt_flow *answer = answer_on_another_way(flow);
    bool goes_on = mine->goes_on && !others;
    uint32_t tries = flow->ends[flow->client].syn_count + (*after ? 0 : 1);
    int64_t waited_ns = context->segment->time_ns - flow->first_ns;

    if (told)
        say_icmp(finding, told, flow->key.family, tries, waited_ns, after);
    else if (answer)
        say_another_way(finding, answer, tries, waited_ns, after);
    else if (flow->ends[flow->client].syn_options & TCPT_OPTION_SIGNED)
        say_signed(finding, tries, waited_ns, after);
    else if (goes_on)
        say_goes_on(finding, tries, waited_ns, after);
    else
        say_causes(finding, others, tries, waited_ns, after);
    tcpt_set_number(finding, TCPT_F_SYN_TRIES, tries);
    tcpt_set_number(finding, TCPT_F_SYN_SILENCE, waited_ns);
    tcpt_set_delay(finding, waited_ns);
    tcpt_rule_out_nothing(finding);
    if (others)
        tcpt_rule_out(finding, "A service or host that is down: another SYN to this port was answered between the "
                               "tries.");
    if (goes_on)
        tcpt_rule_out(finding, "A host that is down, unless a balancer stands before it: an older connection to this "
                               "port goes on.");
    if (answer)
        tcpt_rule_out(finding, "A server that does not answer: its SYN-ACK was captured.");
}

/* Routers ask for a neighbour for seconds before they give up: their ICMP comes behind the last try. */
static void judge_icmp(const tcpt_context *context, const unanswered_memory *mine)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client];
    const tcpt_icmp *icmp = context->seen->icmp;
    tcpt_icmp_told told = {.record = context->record, .kind = (uint8_t)icmp->kind};

    if (!mine->finding || context->seen->from != flow->client || tcpt_told_by_icmp(flow, flow->client, flow->first_ns))
        return;
    memcpy(told.from, icmp->from, icmp->family == 6 ? sizeof told.from : 4);
    say_icmp(mine->finding, &told, flow->key.family, client->syn_count, client->syn_ns - flow->first_ns, "");
}

static void take_back(const tcpt_context *context, unanswered_memory *mine)
{
    if (mine->finding)
        tcpt_withdraw(context, mine->finding);
    mine->finding = NULL;
}

/* The last try brought an answer: one that was raised on it was raised too soon. */
static void judge_answer(const tcpt_context *context, unanswered_memory *mine)
{
    if (context->flow->ends[context->flow->client].syn_count == mine->tries) {
        take_back(context, mine);
        return;
    }
    complete(context, mine, context->segment->flags & TCPT_RST ? ", then a RST" : ", then answered");
    mine->finding = NULL;
}

static void judge(const tcpt_context *context, void *memory)
{
    unanswered_memory *mine = memory;

    if (context->seen->icmp) {
        judge_icmp(context, mine);
        return;
    }
    if (mine->finding && context->seen->from != context->flow->client && !context->seen->really_bad) {
        judge_answer(context, mine);
        return;
    }
    if (mine->finding && !(context->segment->flags & TCPT_SYN) && (context->segment->flags & TCPT_ACK)) {
        take_back(context, mine); /* the client goes on: it has an answer that was not captured */
        return;
    }
    if (!tcpt_syn_retried(context))
        return;
    if (tcpt_syn_left_out(context) || tcpt_goes_on_elsewhere(context->flow, context->flow->client)) {
        /* syn_unanswered, tuple_changed know more */
        take_back(context, mine);
        return;
    }
    if (context->segment->time_ns - context->flow->first_ns < tcpt_seconds_ns(WAIT_SECONDS) ||
        answered_elsewhere(context->flow))
        return;
    mine->goes_on |= context->seen->older_goes_on;
    if (!mine->finding) {
        mine->finding = tcpt_raise(context, TCPT_MEDIUM, " ");
        mine->tries = context->seen->syn_count;
        tcpt_relate(mine->finding, context->flow->ends[context->flow->client].last_record);
    }
    complete(context, mine, "");
}

static const tcpt_field fields[] = {TCPT_F_SYN_TRIES, TCPT_F_SYN_SILENCE, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "tcpdump -ni any '%traffic%'", "does the SYN arrive, and does an answer leave?"},
    {TCPT_ON_CLIENT, "ip route get %server%", "the interface and the address that it leaves by"},
    {TCPT_ON_CLIENT, "traceroute -nT -p %port% %server%", "how far it comes"},
    {TCPT_ON_SERVER,
     "nstat -az TcpExtListenDrops TcpExtIPReversePathFilter TcpExtTCPMD5NotFound TcpExtTCPMD5Unexpected "
     "TcpExtTCPMD5Failure",
     "does one grow with each SYN?"},
    {TCPT_ON_SERVER, "ss -ltn 'sport = :%port%'", "Recv-Q at or above Send-Q: the accept queue is full"},
    {TCPT_ON_SERVER, "nft list ruleset | grep -n drop", "the server's own rules"},
    {0},
};

static const char *const explains[] = {"syn_delayed", "icmp_error", NULL};

const tcpt_detector tcpt_connect_unanswered = {
    .id = "connect_unanswered",
    .message = "A SYN is sent again and again, and nothing comes back",
    .mistaken = "a closed port, which would answer with a RST",
    .explanation =
        "Neither SYN-ACK nor RST of the server's address came to this capture point, nor an answer to another SYN from "
        "this address to this port in the last minute. A host that is up and reachable answers: with a RST where "
        "nobody listens. (One whose accept queue is full does not; nor do devices that have no room for new "
        "connections, while open ones go on.) So either the SYN does not arrive (host down, wrong address or route, a "
        "filter that drops), or the answer does not (no route back, a filter on the way back, a NAT that has no entry "
        "for it; with another capture point on that way its SYN-ACK may be in the file). A capture of one direction "
        "only would show no answer either.",
    .remedy =
        "If the SYN does not arrive at the server, look at the route and at the devices before it. If the SYN arrives "
        "and nothing leaves, look at the server's own filter and counters. If the SYN-ACK leaves, look at the way "
        "back.",
    .commands = commands,
    .reference = "RFC 9293 section 3.8.3; Linux net.ipv4.tcp_syn_retries",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_LISTENER,
    .silence = TCPT_SILENCE_OF_HOST,
    .explains = explains,
    .wants = TCPT_TRAIT_SYN_MORE | TCPT_TRAIT_ICMP,
    .follows = TCPT_TRAIT_SYN | TCPT_TRAIT_HANDSHAKE,
    .memory_bytes = sizeof(unanswered_memory),
    .fields = fields,
    .judge = judge,
};
