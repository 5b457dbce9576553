/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection failed, and nothing else says why. Last in detectors.def: it asks what all others have found. */
#include "detectors/detectors.h"
#include "detectors/shared/failed.h"
#include "detectors/shared/silence.h"
#include "detectors/shared/too_soon.h"

#include <glib.h>
#include <string.h>

#include "tcptriage/limits.h"
#include "tcptriage/outcome.h"
#include "tcptriage/points.h"
#include "tcptriage/queries.h"

enum {
    /* Points of one connection that are looked at. */
    ELSEWHERE_MOST = 8,
    /* Tries in vain of one that gives up: one more than a loss costs as a rule. */
    TRIES_LEAST = 2,
    ANSWER_RTTS = 3,
};

static bool same_ports(const tcpt_flow *flow, const tcpt_flow *other)
{
    return memcmp(flow->key.address, other->key.address, sizeof flow->key.address) == 0 &&
           memcmp(flow->key.port, other->key.port, sizeof flow->key.port) == 0;
}

/* A finding at another point speaks for this one too where addresses and ports are the same: Wireshark has both in one
 * stream. */
static bool explained(const tcpt_flow *flow)
{
    const tcpt_flow *other;

    if (tcpt_is_explained(flow))
        return true;
    for (unsigned i = 0; i < ELSEWHERE_MOST && (other = tcpt_flow_elsewhere(flow, i)); i++)
        if (same_ports(flow, other) && tcpt_was_explained(other))
            return true;
    return false;
}

/* Another point saw more of the connection: there it did not fail. The same end is no other. */
static bool fine_elsewhere(const tcpt_flow *flow, tcpt_outcome here)
{
    const tcpt_flow *other;

    for (unsigned i = 0; i < ELSEWHERE_MOST && (other = tcpt_flow_elsewhere(flow, i)); i++) {
        tcpt_outcome outcome = other->handshake_done ? tcpt_outcome_of(other) : TCPT_OUTCOME_PARTIAL;

        if (outcome == here)
            continue;
        if (outcome == TCPT_OUTCOME_CLOSED || outcome == TCPT_OUTCOME_RESET || outcome == TCPT_OUTCOME_OPEN)
            return true;
    }
    return false;
}

static uint32_t unanswered(const tcpt_endpoint *end)
{
    return end->unanswered_ns ? end->unanswered_repeats + end->unanswered_fins + end->unanswered_probes : 0;
}

/* ---- by outcome: what is seen, how long it took, what would settle it ---- */

static void blame_silent(tcpt_finding *finding, const tcpt_flow *flow, unsigned silent)
{
    if (silent == flow->client)
        tcpt_blame_way(finding); /* the row's place is the server */
}

/* All behind one segment is taken, and that one never: nobody is silent, the way picks it out. mtu_blackhole has the
 * long ones. */
static tcpt_finding *raise_picked_out(const tcpt_context *context, tcpt_confidence confidence, unsigned asks)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *sender = &flow->ends[asks];
    tcpt_finding *finding = tcpt_raise_among(context, TCPT_OUTCOME_SILENT, confidence,
                                             "One segment of the %s never gets through: %u more tries in %.1f s, while "
                                             "all behind it arrives (SACK): dropped for what is in it?",
                                             tcpt_role(flow, asks), unanswered(sender),
                                             tcpt_as_seconds(tcpt_since_ns(context, sender->unanswered_ns)));

    tcpt_brief(finding, "One segment never arrives, all behind it does: a filter?");
    tcpt_blame_way(finding);
    tcpt_relate(finding, sender->unanswered_record);
    tcpt_relate(finding, flow->ends[!asks].last_record);
    tcpt_set_delay(finding, flow->last_ns - sender->unanswered_ns);
    tcpt_rule_out(finding, "A host that is gone: it has taken what was sent behind that segment.");
    return finding;
}

static tcpt_finding *raise_silent(const tcpt_context *context, tcpt_confidence confidence)
{
    const tcpt_flow *flow = context->flow;
    unsigned asks =
        unanswered(&flow->ends[!flow->client]) > unanswered(&flow->ends[flow->client]) ? !flow->client : flow->client;
    const tcpt_endpoint *sender = &flow->ends[asks];
    const char *silent = tcpt_role(flow, !asks);
    tcpt_finding *finding;

    if (!unanswered(sender))
        return tcpt_raise_abandoned(context, tcpt_is_abandoned(flow, flow->client) ? flow->client : !flow->client);
    if (tcpt_only_oldest_missing(flow, asks) && sender->unanswered_repeats >= TCPT_REPEATS_PROVE)
        return raise_picked_out(context, confidence, asks);
    finding =
        tcpt_raise_among(context, TCPT_OUTCOME_SILENT, confidence,
                         "The %s went silent: %s asked %u more time%s, nothing came in %.1f s. Capture at the %s: does "
                         "that arrive?",
                         silent, tcpt_role(flow, asks), unanswered(sender), unanswered(sender) == 1 ? "" : "s",
                         tcpt_as_seconds(tcpt_since_ns(context, sender->unanswered_ns)), silent);
    tcpt_brief(finding, "The %s went silent, no cause captured", silent);
    blame_silent(finding, flow, !asks);
    tcpt_relate(finding, sender->unanswered_record);
    tcpt_set_delay(finding, flow->last_ns - sender->unanswered_ns);
    return finding;
}

/* The end that gave up with a RST what the other one did not answer, 2 for none. */
static unsigned gave_up(const tcpt_flow *flow)
{
    for (unsigned end = 0; end < 2; end++) {
        const tcpt_endpoint *asks = &flow->ends[end];

        if (asks->rst_count && !flow->ends[!end].rst_count && unanswered(asks) >= TRIES_LEAST &&
            asks->rst_ns - asks->unanswered_ns >= tcpt_seconds_ns(TCPT_FIRST_RTO_SECONDS))
            return end;
    }
    return 2;
}

static tcpt_finding *raise_given_up(const tcpt_context *context, tcpt_confidence confidence, unsigned asks)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *sender = &flow->ends[asks];
    const char *role = tcpt_role(flow, asks), *silent = tcpt_role(flow, !asks);
    int64_t waited_ns = sender->rst_ns - sender->unanswered_ns;
    tcpt_finding *finding = tcpt_raise_among(
        context, TCPT_OUTCOME_RESET, confidence,
        "The %s gave up with a RST after %.1f s: the %s answered none of its %u more tries. Capture at "
        "the %s: do they arrive?",
        role, tcpt_as_seconds(waited_ns), silent, unanswered(sender), silent);

    tcpt_brief(finding, "No answer of the %s for %.1f s: given up by RST", silent, tcpt_as_seconds(waited_ns));
    blame_silent(finding, flow, !asks);
    tcpt_relate(finding, sender->unanswered_record);
    tcpt_relate(finding, sender->rst_record);
    tcpt_set_delay(finding, waited_ns);
    return finding;
}

/* One hop less is a device on the way, or a route that has changed since: it proves nothing, but is to be known. */
static tcpt_finding *raise_other_ttl(const tcpt_context *context, tcpt_confidence confidence,
                                     const tcpt_failed_memory *mine)
{
    tcpt_finding *finding = tcpt_raise_among(
        context, TCPT_FAILED_OTHER_TTL, confidence,
        "A RST without ACK answers frame %u, no close was captured. Its TTL is %u, the server's %u: a device's RST, or "
        "does the server know the connection no more?",
        mine->asked->frame, mine->ttl, mine->usual_ttl);

    tcpt_brief(finding, "RST to data, TTL %u not %u: a device's, or the server's?", mine->ttl, mine->usual_ttl);
    tcpt_relate(finding, mine->asked);
    tcpt_relate(finding, mine->nobody);
    return finding;
}

static tcpt_finding *raise_unknown(const tcpt_context *context, tcpt_confidence confidence,
                                   const tcpt_failed_memory *mine)
{
    tcpt_finding *finding = tcpt_raise_among(
        context, TCPT_FAILED_UNKNOWN, confidence,
        "The server knows the connection no more: it answers frame %u by a RST without ACK, no close was captured. "
        "Did its process end, or is that a device's RST?",
        mine->asked->frame);

    tcpt_brief(finding, "The server knows the connection no more");
    tcpt_relate(finding, mine->asked);
    tcpt_relate(finding, mine->nobody);
    return finding;
}

/* Its frame says enough of the connection: whether it lives on at the server nobody knows. */
static tcpt_finding *raise_too_soon(const tcpt_context *context, const tcpt_failed_memory *mine)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];
    double ms = tcpt_as_seconds(mine->abort_ns - client->payload_ns) * 1e3;
    double least_ms = tcpt_as_seconds(server->rtt_ns) * 1e3;
    tcpt_finding *finding = tcpt_raise_among(
        context, TCPT_FAILED_TOO_SOON, TCPT_MEDIUM,
        "A RST comes %.1f ms behind frame %u; the server never took less than %.0f ms to answer: a device on the way "
        "sent it in the server's name",
        ms, client->payload_record->frame, least_ms);

    tcpt_brief(finding, "RST after %.1f ms, RTT %.0f ms: a device's", ms, least_ms);
    tcpt_blame_way(finding);
    tcpt_relate(finding, client->payload_record);
    tcpt_relate(finding, mine->nobody ? mine->nobody : mine->abort);
    tcpt_rule_out(finding, "The server's application: its host is farther away than that.");
    return finding;
}

/* A RST ends many a connection that was in order. */
static tcpt_finding *raise_reset(const tcpt_context *context, tcpt_confidence confidence,
                                 const tcpt_failed_memory *mine)
{
    unsigned asks = gave_up(context->flow);

    if (asks != 2)
        return raise_given_up(context, confidence, asks);
    if (mine->too_soon && (mine->nobody || mine->abort))
        return raise_too_soon(context, mine);
    if (mine->nobody)
        return mine->ttl ? raise_other_ttl(context, confidence, mine) : raise_unknown(context, confidence, mine);
    if (mine->abort)
        return tcpt_raise_abort(context, confidence, mine);
    return mine->upload ? tcpt_raise_upload(context, confidence, mine) : NULL;
}

/* tuple_changed stands on the other connection, and Wireshark has that in a stream of its own. */
static bool raise_moved(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    bool to_first = tcpt_goes_on_elsewhere(flow, 0);
    const char *moved = tcpt_role(flow, to_first);
    const tcpt_endpoint *asks = &flow->ends[!to_first];
    tcpt_finding *finding;

    if (!to_first && !tcpt_goes_on_elsewhere(flow, 1))
        return false;
    if (flow->ends[to_first].segment_count) {
        finding =
            tcpt_raise(context, TCPT_MEDIUM,
                       "The %s goes on under another address or port, as behind a NAT that has lost its entry: what "
                       "is sent to it here is sent in vain",
                       moved);
        tcpt_brief(finding, "The %s goes on under another port or address", moved);
    } else {
        finding = tcpt_raise(context, TCPT_MEDIUM,
                             "The %s answers this SYN under another address or port: its answer goes around a NAT or "
                             "load balancer, and its client knows no such connection",
                             moved);
        tcpt_brief(finding, "The %s answers under another port or address", moved);
    }
    tcpt_set_blamed(finding, to_first);
    tcpt_relate(finding, asks->unanswered_record);
    if (asks->unanswered_ns)
        tcpt_set_delay(finding, flow->last_ns - asks->unanswered_ns);
    return true;
}

static void note_ttl(tcpt_failed_memory *mine, const tcpt_endpoint *server, uint8_t ttl)
{
    uint8_t usual = tcpt_only_ttl(server);
    bool differs = usual && ttl && ttl != usual;

    mine->ttl = differs ? ttl : 0;
    mine->usual_ttl = differs ? usual : 0;
}

/* The server answers payload in time, exactly, while nobody has begun to close: a socket that aborts says so with RST
 * and ACK, and one that was closed has sent its FIN (RFC 9293, section 3.10.7.1). */
static bool knows_nothing(const tcpt_context *context, const tcpt_endpoint *client, const tcpt_endpoint *server)
{
    int64_t most_ns = MAX(ANSWER_RTTS * tcpt_rtt_ns(context->flow), TCPT_ANSWER_MS * TCPT_MS_NS);

    return !(context->segment->flags & TCPT_ACK) && server->payload_segments && !server->holed && !client->holed &&
           client->unanswered_ns && client->payload_record && context->segment->time_ns - client->payload_ns <= most_ns;
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];
    tcpt_failed_memory *mine = memory;

    if (context->seen->from == flow->client || !flow->handshake_done || context->seen->really_bad ||
        context->seen->stale || context->seen->rst.mismatch)
        return;
    if (!flow->ending && knows_nothing(context, client, server)) {
        mine->nobody = context->record;
        mine->asked = client->payload_record;
    } else if (!flow->ending && tcpt_aborts_request(context)) {
        mine->abort = context->record;
    } else {
        tcpt_note_upload(context, mine);
    }
    if (!mine->nobody && !mine->abort && !mine->upload)
        return;
    note_ttl(mine, server, context->segment->ttl);
    mine->abort_ns = context->segment->time_ns;
    mine->too_soon = tcpt_resets_too_soon(context);
}

static void settle(const tcpt_context *context, const void *memory)
{
    static tcpt_finding *(*const raise[TCPT_OUTCOMES])(const tcpt_context *, tcpt_confidence) = {
        [TCPT_OUTCOME_REFUSED] = tcpt_raise_refused,
        [TCPT_OUTCOME_NO_ANSWER] = tcpt_raise_no_answer,
        [TCPT_OUTCOME_HANDSHAKE_FAILED] = tcpt_raise_handshake_failed,
        [TCPT_OUTCOME_SILENT] = raise_silent,
    };
    const tcpt_flow *flow = context->flow;
    tcpt_outcome outcome = tcpt_outcome_of(flow);
    tcpt_confidence confidence = flow->ends[0].holed || flow->ends[1].holed ? TCPT_LOW : TCPT_MEDIUM;
    tcpt_finding *finding;

    if (flow->crowd != TCPT_CROWD_NONE)
        return; /* a scan or a flood is told of as a whole */
    if (outcome == TCPT_OUTCOME_STUCK || outcome == TCPT_OUTCOME_OPEN || outcome == TCPT_OUTCOME_PARTIAL ||
        explained(flow))
        return; /* that it is stuck is what other findings say */
    if (raise[outcome] && raise_moved(context))
        return;
    finding = raise[outcome] ? raise[outcome](context, confidence) : raise_reset(context, confidence, memory);
    if (!raise[outcome] && !finding)
        tcpt_raise_unanswered(context, confidence);
    if (!finding || !fine_elsewhere(flow, outcome))
        return;
    tcpt_set_confidence(finding, TCPT_LOW);
    tcpt_rule_out(finding, "A connection that failed for its hosts: at another capture point it went on. What is "
                           "missing, this point lacks.");
}

static bool settles_lone_syn(const tcpt_lone_syn *syn)
{
    return syn->crowd == TCPT_CROWD_NONE && tcpt_outcome_of_syn(syn->waited_ns) == TCPT_OUTCOME_NO_ANSWER;
}

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "tcpdump -ni any '%traffic%'", "does each segment arrive, and does an answer leave?"},
    {TCPT_ON_CLIENT, "tcpdump -ni any '%traffic%'", "does the answer arrive?"},
    {0},
};

const tcpt_detector tcpt_connection_failed = {
    .id = "connection_failed",
    .message = "The connection failed, and nothing else in the capture says why",
    .explanation =
        "How it ended is seen, why is not. Looked at without result: how often the SYN was sent and what came back, "
        "resets and where they point, repeats and probes without an answer, sizes, windows and closes, checksums, "
        "timestamps, what connection tracking makes of each segment, other connections of these hosts, and other "
        "capture points. Few tries are no proof: one lost segment, or a client that gave up early, ends the same way; "
        "many connections that end so are a filter or a host that is down. A request that was acknowledged and not "
        "answered has arrived: the network has no part in that; a person who stops waiting ends alike. A server that "
        "ends the connection with bytes unread makes its host reset it: clients that send first and read then never "
        "see "
        "its answer.",
    .remedy =
        "Capture at both ends at once, from before the connection opens until it is given up, and join the two by "
        "time: then each segment is seen to arrive, or not. Refused or no answer: begin at the server. Handshake "
        "not confirmed: at the client. Silent: at the side that went silent. A request without an answer: the logs of "
        "the service, and of a proxy before it, at that time. Reset in the middle of an upload: let the server read on "
        "before it closes (lingering close), and the client read while it sends, or ask first (Expect: 100-continue).",
    .commands = commands,
    .reference = "RFC 9293 sections 3.5, 3.8.3 and 3.10",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_LISTENER,
    .wants = TCPT_TRAIT_RST_FIRST,
    .memory_bytes = sizeof(tcpt_failed_memory),
    .judge = judge,
    .settle = settle,
    .settles_lone_syn = settles_lone_syn,
};
