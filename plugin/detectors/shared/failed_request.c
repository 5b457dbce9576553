/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request arrived, and was not answered. */
#include <string.h>

#include "detectors/shared/failed.h"
#include "detectors/shared/slow.h"
#include "detectors/shared/timeouts.h"
#include "tcptriage/limits.h"
#include "tcptriage/outcome.h"
#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"

/* From here on hosts take ports for what is over soon (Linux ip_local_port_range): data of FTP, not a service. */
enum { FLEETING_PORT = 32768 };

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

/* It acknowledges all that the client said, and the server has said nothing since. On a connection that has been idle
 * since then a RST is no answer, but where one is owed. */
bool tcpt_aborts_request(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];
    int64_t waited_ns = context->segment->time_ns - client->payload_ns;

    if (!(context->segment->flags & TCPT_ACK) || context->segment->ack != client->snd_nxt || client->rst_count ||
        client->fin || !waits_for_answer(client, server, TCPT_ASKS_LIKELY))
        return false;
    return client->asks == TCPT_ASKS_SURELY || waited_ns < tcpt_seconds_ns(context->settings->idle_seconds);
}

/* Who resets behind a long silence, or with another TTL, may be a device that names the server: it keeps no idle
 * connection longer, or likes no such request. */
static tcpt_finding *ask_who_aborts(const tcpt_context *context, const tcpt_failed_memory *mine, uint32_t frame,
                                    double seconds)
{
    tcpt_finding *finding;

    if (mine->ttl) {
        finding = tcpt_raise_among(context, TCPT_FAILED_OTHER_ABORT, TCPT_LOW,
                                   "No answer to the client's request (frame %u), but a RST %.1f s later. Its TTL is "
                                   "%u, the server's %u: a device's, or the server's?",
                                   frame, seconds, mine->ttl, mine->usual_ttl);
        tcpt_brief(finding, "RST to a request, TTL %u not %u: a device's?", mine->ttl, mine->usual_ttl);
        return finding;
    }
    finding = tcpt_raise_among(context, TCPT_FAILED_IDLE_ABORT, TCPT_LOW,
                               "No answer to the client's request (frame %u) for %.1f s, then a RST: the server's "
                               "application, or a device on the way that ends idle connections?",
                               frame, seconds);
    tcpt_brief(finding, "No answer, then reset: by the server, or an idle limit?");
    return finding;
}

tcpt_finding *tcpt_raise_abort(const tcpt_context *context, tcpt_confidence confidence, const tcpt_failed_memory *mine)
{
    const tcpt_endpoint *client = &context->flow->ends[context->flow->client];
    int64_t waited_ns = mine->abort_ns - client->payload_ns;
    double seconds = tcpt_as_seconds(waited_ns);
    uint32_t frame = client->payload_record->frame;
    tcpt_finding *finding;

    if (mine->ttl || waited_ns >= tcpt_seconds_ns(context->settings->idle_seconds)) {
        finding = ask_who_aborts(context, mine, frame, seconds);
    } else {
        finding = tcpt_raise_among(context, TCPT_FAILED_ABORT, confidence,
                                   "The server had acknowledged all of the client's request (frame %u), and reset the "
                                   "connection %.3f s later without an answer: its application, or a proxy there",
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
        tcpt_raise_among(context, TCPT_FAILED_CLOSE, confidence,
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
    tcpt_finding *finding = tcpt_raise_among(context, TCPT_FAILED_CLOSE_AT_ONCE, confidence,
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

/* It has waited as long before, and was answered: a long poll, which is cancelled when its reason is gone. */
static bool is_used_to_wait(const tcpt_flow *flow, int64_t waited_ns)
{
    const tcpt_slow_memory *slow = tcpt_memory_of(flow, &tcpt_slow_response);

    return slow && waited_ns <= slow->longest_ns;
}

/* People wait for so long, and programs by the clock. Where nothing says that an answer is owed the clock has to fit:
 * as long a pause before the close of an idle connection is rare. */
static bool lost_patience(const tcpt_flow *flow, const tcpt_endpoint *client, const tcpt_endpoint *server)
{
    enum { PATIENCE_SECONDS = 10 };
    int64_t waited_ns = left_ns(client, server) - client->payload_ns;

    if (waited_ns < tcpt_seconds_ns(PATIENCE_SECONDS) - TCPT_ANSWER_MS * TCPT_MS_NS || is_used_to_wait(flow, waited_ns))
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
        context, TCPT_FAILED_NO_PATIENCE, confidence,
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
void tcpt_raise_unanswered(const tcpt_context *context, tcpt_confidence confidence)
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
