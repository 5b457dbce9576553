/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection failed, and nothing else says why. Last in detectors.def: it asks what all others have found. */
#include "detectors/detectors.h"
#include "detectors/shared/silence.h"
#include "detectors/shared/timeouts.h"

#include <glib.h>
#include <string.h>

#include "tcptriage/limits.h"
#include "tcptriage/outcome.h"
#include "tcptriage/points.h"
#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"

typedef struct failed_memory {
    tcpt_record *nobody; /* the RST of a host that has no such connection, in answer to payload; NULL for none */
    tcpt_record *asked;  /* that payload */
    uint8_t ttl;         /* of the RST, and the only one that the server has used before; both 0 where they are alike */
    uint8_t usual_ttl;
    tcpt_record *abort; /* the RST of a server that has its client's request, and answers nothing; NULL for none */
    int64_t abort_ns;
} failed_memory;

/* What is told as one beside the outcomes. */
enum {
    TELLS_UNKNOWN = TCPT_OUTCOMES,
    TELLS_OTHER_TTL,
    TELLS_ABORT,
    TELLS_IDLE_ABORT,
    TELLS_OTHER_ABORT,
    TELLS_CLOSE,
    TELLS_CLOSE_AT_ONCE,
    TELLS_NO_PATIENCE,
};

enum {
    /* Points of one connection that are looked at. */
    ELSEWHERE_MOST = 8,
    /* Tries in vain of one that gives up: one more than a loss costs as a rule. */
    TRIES_LEAST = 2,
    /* By the third SYN-ACK, 1 + 2 s after the first, a client without one has asked again. */
    SYN_ACKS_LEAST = 3,
    ANSWER_RTTS = 3,
    /* Segments that tell which TTL a host uses: rst_foreign.c has the same. */
    TTL_KNOWN_BY = 3,
    /* From here on hosts take ports for what is over soon (Linux ip_local_port_range): data of FTP, not a service. */
    FLEETING_PORT = 32768,
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

/* Whoever gets no SYN-ACK asks again. One that does not has it, and what it says since does not come here; or nobody is
 * there any more. */
static tcpt_finding *raise_unconfirmed(const tcpt_context *context, tcpt_confidence confidence)
{
    tcpt_finding *finding =
        tcpt_raise_among(context, TCPT_OUTCOME_HANDSHAKE_FAILED, confidence,
                         "The server sent its SYN-ACK %u times; the client neither confirmed it nor asked again: gone, "
                         "or does a stateful filter drop its ACKs? Capture there",
                         context->flow->ends[!context->flow->client].syn_count);

    tcpt_blame_way(finding);
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
    else if (server->syn && client->syn_count == 1 && server->syn_count >= SYN_ACKS_LEAST)
        finding = raise_unconfirmed(context, confidence);
    else if (server->syn)
        finding = tcpt_raise_among(context, TCPT_OUTCOME_HANDSHAKE_FAILED, confidence,
                                   "The server answered (%u SYN-ACK%s), the client never confirmed. Capture at the "
                                   "client: does the SYN-ACK arrive?",
                                   server->syn_count, server->syn_count == 1 ? "" : "s");
    else if (client->rst_count)
        finding = tcpt_raise_among(context, TCPT_OUTCOME_HANDSHAKE_FAILED, confidence,
                                   "What the server answers acknowledges another number than the SYN's, and the "
                                   "client resets it: an old connection there, or a SYN proxy?");
    else
        finding = tcpt_raise_among(context, TCPT_OUTCOME_HANDSHAKE_FAILED, confidence,
                                   "The server answered the SYN, but with no SYN-ACK, and the handshake ended there. "
                                   "Capture at the server: what leaves it?");
    tcpt_brief(finding, !server->syn && client->rst_count ? "Handshake failed: the answer is not to this SYN"
                        : !server->syn                    ? "Handshake failed: no SYN-ACK came"
                        : flow->handshake_done            ? "Handshake failed: SYN-ACK sent again and again"
                                                          : "Handshake failed: SYN-ACK never confirmed");
    tcpt_relate(finding, server->last_record);
    tcpt_set_delay(finding, flow->last_ns - flow->first_ns);
    return finding;
}

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
static tcpt_finding *raise_other_ttl(const tcpt_context *context, tcpt_confidence confidence, const failed_memory *mine)
{
    tcpt_finding *finding = tcpt_raise_among(
        context, TELLS_OTHER_TTL, confidence,
        "A RST without ACK answers frame %u, no close was captured. Its TTL is %u, the server's %u: a device's RST, or "
        "does the server know the connection no more?",
        mine->asked->frame, mine->ttl, mine->usual_ttl);

    tcpt_brief(finding, "RST to data, TTL %u not %u: a device's, or the server's?", mine->ttl, mine->usual_ttl);
    tcpt_relate(finding, mine->asked);
    tcpt_relate(finding, mine->nobody);
    return finding;
}

static tcpt_finding *raise_unknown(const tcpt_context *context, tcpt_confidence confidence, const failed_memory *mine)
{
    tcpt_finding *finding = tcpt_raise_among(
        context, TELLS_UNKNOWN, confidence,
        "The server knows the connection no more: it answers frame %u by a RST without ACK, no close was captured. "
        "Did its process end, or is that a device's RST?",
        mine->asked->frame);

    tcpt_brief(finding, "The server knows the connection no more");
    tcpt_relate(finding, mine->asked);
    tcpt_relate(finding, mine->nobody);
    return finding;
}

/* ---- a request arrived, and was not answered ---- */

/* Where the client's payload ends. */
static uint32_t payload_end(const tcpt_endpoint *client)
{
    return client->snd_nxt - (client->fin && client->snd_nxt == client->fin_end);
}

/* The client has spoken last, what it said asks for an answer, at least so much, and the capture has all of it. */
static bool waits_for_answer(const tcpt_endpoint *client, const tcpt_endpoint *server, tcpt_asks least)
{
    return client->asks >= least && client->payload_ns > server->payload_ns && !client->holes && !server->holes &&
           !client->above_count && !server->above_count;
}

/* By its kind it is owed one; else where the server has answered on this connection before: there are protocols that
 * only take (syslog, printing). */
static bool is_owed(const tcpt_endpoint *client, const tcpt_endpoint *server)
{
    return client->asks == TCPT_ASKS_SURELY || server->payload_segments;
}

/* Who resets behind a long silence, or with another TTL, may be a device that names the server: it keeps no idle
 * connection longer, or likes no such request. */
static tcpt_finding *ask_who_aborts(const tcpt_context *context, const failed_memory *mine, uint32_t frame,
                                    double seconds)
{
    tcpt_finding *finding;

    if (mine->ttl) {
        finding = tcpt_raise_among(context, TELLS_OTHER_ABORT, TCPT_LOW,
                                   "No answer to the client's request (frame %u), but a RST %.1f s later. Its TTL is "
                                   "%u, the server's %u: a device's, or the server's?",
                                   frame, seconds, mine->ttl, mine->usual_ttl);
        tcpt_brief(finding, "RST to a request, TTL %u not %u: a device's?", mine->ttl, mine->usual_ttl);
        return finding;
    }
    finding = tcpt_raise_among(context, TELLS_IDLE_ABORT, TCPT_LOW,
                               "No answer to the client's request (frame %u) for %.1f s, then a RST: the server's "
                               "application, or a device on the way that ends idle connections?",
                               frame, seconds);
    tcpt_brief(finding, "No answer, then reset: by the server, or an idle limit?");
    return finding;
}

static tcpt_finding *raise_abort(const tcpt_context *context, tcpt_confidence confidence, const failed_memory *mine)
{
    const tcpt_endpoint *client = &context->flow->ends[context->flow->client];
    int64_t waited_ns = mine->abort_ns - client->payload_ns;
    double seconds = tcpt_as_seconds(waited_ns);
    uint32_t frame = client->payload_record->frame;
    tcpt_finding *finding;

    if (mine->ttl || waited_ns >= tcpt_seconds_ns(context->settings->idle_seconds)) {
        finding = ask_who_aborts(context, mine, frame, seconds);
    } else {
        finding = tcpt_raise_among(context, TELLS_ABORT, confidence,
                                   "The server had the client's whole request (frame %u), and reset the connection "
                                   "%.3f s later without an answer: its application, or a proxy there",
                                   frame, seconds);
        tcpt_brief(finding, "Request not answered: reset by the server");
    }
    tcpt_relate(finding, client->payload_record);
    tcpt_relate(finding, mine->abort);
    tcpt_set_delay(finding, waited_ns);
    tcpt_rule_out(finding, "A request that got lost: the RST acknowledges it.");
    return finding;
}

/* The server has closed first, and its FIN acknowledges the request. What nobody can read may be a message that takes
 * none, but where the close itself looks like an answer: later it is that of an idle connection. */
static bool closed_on_request(const tcpt_endpoint *client, const tcpt_endpoint *server)
{
    int64_t waited_ns = server->fin_ns - client->payload_ns;

    if (!server->fin || server->fin_refuted || waited_ns < 0 || (client->fin && client->fin_ns <= server->fin_ns))
        return false;
    if (server->fin_last_ack != payload_end(client) || !waits_for_answer(client, server, TCPT_ASKS_LIKELY) ||
        !is_owed(client, server))
        return false;
    return client->asks == TCPT_ASKS_SURELY || waited_ns < tcpt_seconds_ns(TCPT_LATE_REPLY_SECONDS);
}

static void raise_close(const tcpt_context *context, tcpt_confidence confidence)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];
    int64_t waited_ns = server->fin_ns - client->payload_ns;
    tcpt_finding *finding =
        tcpt_raise_among(context, TELLS_CLOSE, confidence,
                         "The server had the client's whole request (frame %u), and closed %.3f s later (frame %u) "
                         "without an answer: its "
                         "application, or a proxy there",
                         client->payload_record->frame, tcpt_as_seconds(waited_ns), server->fin_record->frame);

    tcpt_brief(finding, "Request not answered: closed by the server");
    tcpt_relate(finding, client->payload_record);
    tcpt_relate(finding, server->fin_record);
    tcpt_set_delay(finding, waited_ns);
    tcpt_rule_out(finding, "A request that got lost: the server's FIN acknowledges it.");
}

/* Other ports of the server are in use by that client meanwhile: the connection may be one of several that belong
 * together (FTP: a directory that is empty). */
static bool belongs_to_another(const tcpt_flow *flow)
{
    const tcpt_host *server = flow->ends[!flow->client].host;
    const tcpt_flow *other = server && server->open ? tcpt_flow_of(server->open) : NULL;

    return other && memcmp(other->key.address, flow->key.address, sizeof flow->key.address) == 0 &&
           other->client == flow->client && other->key.port[!flow->client] != flow->key.port[!flow->client] &&
           other->first_ns <= flow->first_ns && other->last_ns >= flow->first_ns;
}

/* Nobody has said a word, and the server closes as soon as it has the connection. */
static bool closed_at_once(const tcpt_flow *flow, const tcpt_endpoint *client, const tcpt_endpoint *server)
{
    if (!server->fin || server->fin_refuted || server->payload_segments || client->syn_payload_bytes || client->holes ||
        (client->fin && client->fin_ns <= server->fin_ns))
        return false;
    if (flow->key.port[!flow->client] >= FLEETING_PORT || belongs_to_another(flow))
        return false;
    return client->syn && server->fin_last_ack == client->iss + 1 && server->fin_ns >= flow->first_ack_ns &&
           server->fin_ns - flow->first_ack_ns <= tcpt_rtt_ns(flow) + TCPT_ANSWER_MS * TCPT_MS_NS;
}

static void raise_close_at_once(const tcpt_context *context, tcpt_confidence confidence)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *server = &flow->ends[!flow->client];
    double ms = tcpt_as_seconds(server->fin_ns - flow->first_ack_ns) * 1e3;
    tcpt_finding *finding = tcpt_raise_among(context, TELLS_CLOSE_AT_ONCE, confidence,
                                             "The server accepted the connection and closed it %.0f ms later, before "
                                             "any request came: a limit of connections, an "
                                             "access list, or a proxy without a backend?",
                                             ms);

    tcpt_brief(finding, "Accepted, and closed by the server after %.0f ms", ms);
    tcpt_relate(finding, flow->first_ack_record);
    tcpt_relate(finding, server->fin_record);
}

/* When the client ended it, and nobody before; 0 where it did not. */
static int64_t left_ns(const tcpt_endpoint *client, const tcpt_endpoint *server)
{
    int64_t left_ns = client->fin ? client->fin_ns : client->rst_count == 1 ? client->rst_ns : 0;

    return server->rst_count || (server->fin && server->fin_ns <= left_ns) ? 0 : left_ns;
}

/* People wait for so long, and programs by the clock. Where nothing says that an answer is owed the clock has to fit:
 * as long a pause before the close of an idle connection is rare. */
static bool lost_patience(const tcpt_flow *flow, const tcpt_endpoint *client, const tcpt_endpoint *server)
{
    enum { PATIENCE_SECONDS = 10 };
    int64_t waited_ns = left_ns(client, server) - client->payload_ns;

    if (waited_ns < tcpt_seconds_ns(PATIENCE_SECONDS) - TCPT_ANSWER_MS * TCPT_MS_NS)
        return false;
    if (!waits_for_answer(client, server, TCPT_ASKS_PERHAPS) || !is_owed(client, server) || !server->acked ||
        seq_before(server->rcv_nxt, payload_end(client)))
        return false;
    return client->asks == TCPT_ASKS_SURELY || tcpt_is_timeout(flow, flow->client, waited_ns);
}

static void raise_no_patience(const tcpt_context *context, tcpt_confidence confidence)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];
    int64_t waited_ns = left_ns(client, server) - client->payload_ns;
    tcpt_finding *finding = tcpt_raise_among(
        context, TELLS_NO_PATIENCE, confidence,
        "The server had the client's request (frame %u), and the client gave up after %.1f s without an answer: the "
        "server's time, not the network's",
        client->payload_record->frame, tcpt_as_seconds(waited_ns));

    tcpt_brief(finding, "No answer for %.1f s to a request that had arrived", tcpt_as_seconds(waited_ns));
    tcpt_relate(finding, client->payload_record);
    tcpt_relate(finding, client->fin ? client->fin_record : client->rst_record);
    tcpt_set_delay(finding, waited_ns);
    tcpt_rule_out(finding, "A request that got lost: it was acknowledged.");
}

/* The clock has ended it, and no idle connection's. */
static bool is_sure_of_patience(const tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    return client->asks >= TCPT_ASKS_LIKELY &&
           tcpt_is_timeout(flow, flow->client, left_ns(client, server) - client->payload_ns);
}

/* The connection ended in order, for TCP. */
static void raise_unanswered(const tcpt_context *context, tcpt_confidence confidence)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    if (!flow->handshake_done || !flow->client_known || flow->reordered)
        return;
    if (closed_on_request(client, server))
        raise_close(context, confidence);
    else if (closed_at_once(flow, client, server))
        raise_close_at_once(context, confidence);
    else if (lost_patience(flow, client, server))
        raise_no_patience(context, is_sure_of_patience(flow) ? confidence : TCPT_LOW);
}

/* A RST ends many a connection that was in order. */
static tcpt_finding *raise_reset(const tcpt_context *context, tcpt_confidence confidence, const failed_memory *mine)
{
    unsigned asks = gave_up(context->flow);

    if (asks != 2)
        return raise_given_up(context, confidence, asks);
    if (mine->nobody)
        return mine->ttl ? raise_other_ttl(context, confidence, mine) : raise_unknown(context, confidence, mine);
    return mine->abort ? raise_abort(context, confidence, mine) : NULL;
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

static void note_ttl(failed_memory *mine, const tcpt_endpoint *server, uint8_t ttl)
{
    bool differs = server->ttl_least && server->ttl_least == server->ttl_most && ttl && ttl != server->ttl_most &&
                   server->segment_count >= server->rst_count + TTL_KNOWN_BY;

    mine->ttl = differs ? ttl : 0;
    mine->usual_ttl = differs ? server->ttl_most : 0;
}

/* It acknowledges all that the client said, and the server has said nothing since. On a connection that has been idle
 * since then a RST is no answer, but where one is owed. */
static bool aborts_request(const tcpt_context *context, const tcpt_endpoint *client, const tcpt_endpoint *server)
{
    int64_t waited_ns = context->segment->time_ns - client->payload_ns;

    if (!(context->segment->flags & TCPT_ACK) || context->segment->ack != client->snd_nxt || client->rst_count ||
        client->fin || !waits_for_answer(client, server, TCPT_ASKS_LIKELY))
        return false;
    return client->asks == TCPT_ASKS_SURELY || waited_ns < tcpt_seconds_ns(context->settings->idle_seconds);
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
    failed_memory *mine = memory;

    if (context->seen->from == flow->client || !flow->handshake_done || flow->ending || context->seen->really_bad ||
        context->seen->stale || context->seen->rst.mismatch)
        return;
    if (knows_nothing(context, client, server)) {
        note_ttl(mine, server, context->segment->ttl);
        mine->nobody = context->record;
        mine->asked = client->payload_record;
    } else if (aborts_request(context, client, server)) {
        note_ttl(mine, server, context->segment->ttl);
        mine->abort = context->record;
        mine->abort_ns = context->segment->time_ns;
    }
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
        raise_unanswered(context, confidence);
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
        "answered has arrived: the network has no part in that; a person who stops waiting ends alike.",
    .remedy =
        "Capture at both ends at once, from before the connection opens until it is given up, and join the two by "
        "time: then each segment is seen to arrive, or not. Refused or no answer: begin at the server. Handshake "
        "not confirmed: at the client. Silent: at the side that went silent. A request without an answer: the logs of "
        "the service, and of a proxy before it, at that time.",
    .commands = commands,
    .reference = "RFC 9293 sections 3.5, 3.8.3 and 3.10",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_LISTENER,
    .wants = TCPT_TRAIT_RST_FIRST,
    .memory_bytes = sizeof(failed_memory),
    .judge = judge,
    .settle = settle,
    .settles_lone_syn = settles_lone_syn,
};
