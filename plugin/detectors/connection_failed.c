/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection failed, and nothing else says why. Last in detectors.def: it asks what all others have found. */
#include "detectors/detectors.h"
#include "detectors/shared/silence.h"

#include <string.h>

#include "tcptriage/limits.h"
#include "tcptriage/outcome.h"
#include "tcptriage/points.h"
#include "tcptriage/queries.h"

/* Points of one connection that are looked at. */
enum { ELSEWHERE_MOST = 8 };

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

/* Another point saw more of the connection: there it did not fail. */
static bool fine_elsewhere(const tcpt_flow *flow)
{
    const tcpt_flow *other;

    for (unsigned i = 0; i < ELSEWHERE_MOST && (other = tcpt_flow_elsewhere(flow, i)); i++) {
        tcpt_outcome outcome = other->handshake_done ? tcpt_outcome_of(other) : TCPT_OUTCOME_PARTIAL;

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

static tcpt_finding *raise_refused(const tcpt_context *context, tcpt_confidence confidence)
{
    const tcpt_flow *flow = context->flow;
    uint32_t tries = flow->ends[flow->client].syn_count;
    tcpt_finding *finding =
        tcpt_raise_among(context, TCPT_OUTCOME_REFUSED, confidence,
                         "Refused: a RST came for %u SYN%s, but not as its answer. Capture at the server: does that "
                         "RST leave it?",
                         tries, tries == 1 ? "" : "s");

    tcpt_brief(finding, "Refused by a RST, no cause captured");
    tcpt_relate(finding, flow->ends[!flow->client].rst_record);
    tcpt_set_delay(finding, flow->last_ns - flow->first_ns);
    return finding;
}

static tcpt_finding *raise_no_answer(const tcpt_context *context, tcpt_confidence confidence)
{
    const tcpt_flow *flow = context->flow;
    uint32_t tries = flow->ends[flow->client].syn_count;
    tcpt_finding *finding =
        tcpt_raise_among(context, TCPT_OUTCOME_NO_ANSWER, confidence,
                         "Nothing came back for %u SYN%s in %.1f s: loss, a filter, or a host that is down. Capture "
                         "at the server: does the SYN arrive?",
                         tries, tries == 1 ? "" : "s", tcpt_as_seconds(tcpt_since_ns(context, flow->first_ns)));

    tcpt_brief(finding, "No answer to %u SYN%s: loss, filter, or host down?", tries, tries == 1 ? "" : "s");
    tcpt_set_delay(finding, flow->last_ns - flow->first_ns);
    return finding;
}

/* The client has sent its SYN again, and that draws a RST where the first one drew a SYN-ACK. */
static bool refuses_again(const tcpt_endpoint *client, const tcpt_endpoint *server)
{
    return server->syn && server->rst_count && client->syn_count > 1 && client->syn_ns > server->syn_ns &&
           server->rst_ns >= client->syn_ns;
}

static tcpt_finding *raise_refused_again(const tcpt_context *context, tcpt_confidence confidence)
{
    const tcpt_endpoint *client = &context->flow->ends[context->flow->client],
                        *server = &context->flow->ends[!context->flow->client];
    tcpt_finding *finding = tcpt_raise_among(context, TCPT_OUTCOME_HANDSHAKE_FAILED, confidence,
                                             "A SYN-ACK answered the SYN, and a RST (frame %u) the same SYN sent again "
                                             "(try %u). Two hosts with one address, "
                                             "or a SYN-ACK that the client never got?",
                                             server->rst_record->frame, client->syn_count);

    tcpt_brief(finding, "Handshake failed: SYN-ACK, then RST to the same SYN");
    tcpt_relate(finding, client->last_record);
    tcpt_relate(finding, server->rst_record);
    tcpt_set_delay(finding, context->flow->last_ns - context->flow->first_ns);
    return finding;
}

static tcpt_finding *raise_handshake_failed(const tcpt_context *context, tcpt_confidence confidence)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];
    tcpt_finding *finding;

    if (!flow->handshake_done && refuses_again(client, server))
        return raise_refused_again(context, confidence);
    if (server->syn && flow->handshake_done && client->checksums_unexplained)
        finding =
            tcpt_raise_among(context, TCPT_OUTCOME_HANDSHAKE_FAILED, confidence,
                             "The server sent its SYN-ACK %u times although the client confirmed it, with a wrong "
                             "checksum (%u such): damaged behind its SYN?",
                             server->syn_count, client->checksums_unexplained);
    else if (server->syn && flow->handshake_done)
        finding = tcpt_raise_among(context, TCPT_OUTCOME_HANDSHAKE_FAILED, confidence,
                                   "The server sent its SYN-ACK %u times although the client confirmed it. Capture "
                                   "at the server: does that ACK arrive?",
                                   server->syn_count);
    else if (server->syn)
        finding = tcpt_raise_among(context, TCPT_OUTCOME_HANDSHAKE_FAILED, confidence,
                                   "The server answered (%u SYN-ACK%s), the client never confirmed. Capture at the "
                                   "client: does the SYN-ACK arrive?",
                                   server->syn_count, server->syn_count == 1 ? "" : "s");
    else
        finding = tcpt_raise_among(context, TCPT_OUTCOME_HANDSHAKE_FAILED, confidence,
                                   "The server answered the SYN, but with no SYN-ACK, and the handshake ended there. "
                                   "Capture at the server: what leaves it?");
    tcpt_brief(finding, !server->syn           ? "Handshake failed: no SYN-ACK came"
                        : flow->handshake_done ? "Handshake failed: SYN-ACK sent again and again"
                                               : "Handshake failed: SYN-ACK never confirmed");
    tcpt_relate(finding, server->last_record);
    tcpt_set_delay(finding, flow->last_ns - flow->first_ns);
    return finding;
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

    if (tcpt_only_oldest_missing(flow, asks) && sender->unanswered_repeats >= TCPT_REPEATS_PROVE)
        return raise_picked_out(context, confidence, asks);
    finding =
        tcpt_raise_among(context, TCPT_OUTCOME_SILENT, confidence,
                         "The %s went silent: %s asked %u more time%s, nothing came in %.1f s. Capture at the %s: does "
                         "that arrive?",
                         silent, tcpt_role(flow, asks), unanswered(sender), unanswered(sender) == 1 ? "" : "s",
                         tcpt_as_seconds(tcpt_since_ns(context, sender->unanswered_ns)), silent);
    tcpt_brief(finding, "The %s went silent, no cause captured", silent);
    tcpt_relate(finding, sender->unanswered_record);
    tcpt_set_delay(finding, flow->last_ns - sender->unanswered_ns);
    return finding;
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

static void settle(const tcpt_context *context, const void *memory)
{
    static tcpt_finding *(*const raise[TCPT_OUTCOMES])(const tcpt_context *, tcpt_confidence) = {
        [TCPT_OUTCOME_REFUSED] = raise_refused,
        [TCPT_OUTCOME_NO_ANSWER] = raise_no_answer,
        [TCPT_OUTCOME_HANDSHAKE_FAILED] = raise_handshake_failed,
        [TCPT_OUTCOME_SILENT] = raise_silent,
    };
    const tcpt_flow *flow = context->flow;
    tcpt_outcome outcome = tcpt_outcome_of(flow);
    tcpt_finding *finding;

    (void)memory;
    if (flow->crowd != TCPT_CROWD_NONE)
        return;                             /* a scan or a flood is told of as a whole */
    if (!raise[outcome] || explained(flow)) /* that it is stuck is what other findings say */
        return;
    if (raise_moved(context))
        return;
    finding = raise[outcome](context, flow->ends[0].holed || flow->ends[1].holed ? TCPT_LOW : TCPT_MEDIUM);
    if (!fine_elsewhere(flow))
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
        "many connections that end so are a filter or a host that is down.",
    .remedy =
        "Capture at both ends at once, from before the connection opens until it is given up, and join the two by "
        "time: then each segment is seen to arrive, or not. Refused or no answer: begin at the server. Handshake "
        "not confirmed: at the client. Silent: at the side that went silent.",
    .commands = commands,
    .reference = "RFC 9293 sections 3.5, 3.8.3 and 3.10",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_LISTENER,
    .settle = settle,
    .settles_lone_syn = settles_lone_syn,
};
