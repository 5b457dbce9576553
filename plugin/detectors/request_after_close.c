/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client with nothing under way sent a request to a server that had closed (rule K.1): its pool used a dead
 * connection, or the two have crossed. */
#include "detectors/detectors.h"

#include <glib.h>

#include "detectors/shared/met_closed.h"
#include "tcptriage/limits.h"
#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"

typedef struct request_memory {
    tcpt_record *request; /* the client's first payload since the server closed, or that its FIN has crossed */
    int64_t sent_ns;
    int64_t since_fin_ns;
    int64_t idle_ns; /* how long nobody had sent payload before */
    bool raised;
} request_memory;

/* The rest of an upload that was answered early, and what a client sends in one go, come without a pause. */
static bool paused(const tcpt_flow *flow, int64_t idle_ns)
{
    return idle_ns >= MAX(2 * tcpt_rtt_ns(flow), TCPT_ANSWER_MS * TCPT_MS_NS);
}

/* ---- the request comes behind the FIN ---- */

static bool says_farewell(const tcpt_segment *segment)
{
    return (segment->flags & TCPT_FIN) || tcpt_asks_of(segment) == TCPT_ASKS_NOTHING;
}

/* Nothing of the client's was on its way, and the server had spoken last. */
static bool nothing_under_way(const tcpt_endpoint *client, const tcpt_endpoint *server)
{
    if (client->payload_record && client->payload_ns >= server->payload_ns)
        return false;
    return !server->acked || server->rcv_nxt == client->snd_nxt;
}

static void note_request(const tcpt_context *context, request_memory *mine)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];
    int64_t last_ns = MAX(MAX(client->payload_ns, server->payload_ns), flow->first_ack_ns);
    int64_t idle_ns = context->segment->time_ns - last_ns;

    if (!server->fin || client->payload_ns >= server->fin_ns || client->fin || !last_ns)
        return;
    if (!nothing_under_way(client, server) || says_farewell(context->segment) || !paused(flow, idle_ns))
        return;
    mine->request = context->record;
    mine->sent_ns = context->segment->time_ns;
    mine->since_fin_ns = context->segment->time_ns - server->fin_ns;
    mine->idle_ns = idle_ns;
}

/* ---- the FIN comes behind the request, and does not know of it ---- */

/* Silence came behind a response, and its ACK, or behind the handshake. */
static bool was_answered(const tcpt_flow *flow, const tcpt_endpoint *client, const tcpt_endpoint *server)
{
    int64_t silence_ns = client->unanswered_ns - client->idle_before_ns;

    if (!server->payload_ns)
        return client->syn && server->rcv_nxt == client->iss + 1;
    return server->payload_ns >= silence_ns - tcpt_rtt_ns(flow) - TCPT_ANSWER_MS * TCPT_MS_NS;
}

static void note_crossing(const tcpt_context *context, request_memory *mine)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_segment *segment = context->segment;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    if (server->fin || client->fin || segment->payload_bytes || !(segment->flags & TCPT_ACK))
        return;
    if (!client->unanswered_ns || client->unanswered_repeats || client->said_close == TCPT_SAID_TLS_ALERT ||
        seq_delta(client->snd_nxt, segment->ack) < TCPT_REQUEST_BYTES_LEAST)
        return;
    if (seq_after(segment->ack, server->rcv_nxt))
        return; /* it knows of the request, or of a part of it */
    if (segment->time_ns - client->unanswered_ns > tcpt_rtt_ns(flow) + TCPT_REACT_MS * TCPT_MS_NS)
        return; /* the request was lost, or is looked at */
    if (!paused(flow, client->idle_before_ns) || !was_answered(flow, client, server))
        return;
    mine->request = client->unanswered_record;
    mine->sent_ns = client->unanswered_ns;
    mine->since_fin_ns = 0;
    mine->idle_ns = client->idle_before_ns;
}

/* ---- the RST ---- */

static bool crossed(const tcpt_flow *flow, const request_memory *mine)
{
    return mine->since_fin_ns < MAX(tcpt_rtt_ns(flow), TCPT_MS_NS);
}

static void judge_rst(const tcpt_context *context, request_memory *mine)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *server = &flow->ends[!flow->client];
    bool race = crossed(flow, mine);
    double since = tcpt_as_seconds(mine->since_fin_ns), idle = tcpt_as_seconds(mine->idle_ns);
    tcpt_finding *finding;

    if (mine->raised || server->rst_count || !server->fin || !tcpt_refuses_payload(context))
        return;
    mine->raised = true;
    finding = race ? tcpt_raise(context, TCPT_HIGH,
                                "The client's request (frame %u) and the server's close (frame %u) have crossed, after "
                                "%.1f s idle: the request is lost (keep-alive race)",
                                mine->request->frame, server->fin_record->frame, idle)
                   : tcpt_raise(context, TCPT_HIGH,
                                "The client sent a request (frame %u) %.1f s after the server had closed (frame %u): a "
                                "pool has used a dead connection, the request is lost",
                                mine->request->frame, since, server->fin_record->frame);
    if (race)
        tcpt_brief(finding, "Request crossed the server's close, idle %.1f s: RST", idle);
    else
        tcpt_brief(finding, "Request %.1f s after the server had closed: RST", since);
    tcpt_set_number(finding, TCPT_F_REQUEST_SINCE_FIN, mine->since_fin_ns);
    tcpt_set_text(finding, TCPT_F_REQUEST_RACE, race ? "crossed" : "late");
    tcpt_set_delay(finding, context->segment->time_ns - mine->sent_ns);
    tcpt_relate(finding, server->fin_record);
    tcpt_relate(finding, mine->request);
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    request_memory *mine = memory;

    if (context->seen->really_bad || context->seen->stale || !flow->both_ways)
        return;
    if (context->seen->from == flow->client) {
        if (context->seen->new_payload)
            note_request(context, mine);
    } else if (context->segment->flags & TCPT_RST) {
        if (mine->request)
            judge_rst(context, mine);
    } else if (context->segment->flags & TCPT_FIN) {
        note_crossing(context, mine);
    }
}

static const tcpt_field fields[] = {TCPT_F_REQUEST_SINCE_FIN, TCPT_F_REQUEST_RACE, TCPT_FIELD_COUNT};

static const char *const explains[] = {"data_after_close",
                                       "rst_seq_mismatch",
                                       "challenge_ack",
                                       "close_wait_stuck",
                                       "rst_ignored",
                                       "conntrack_invalid",
                                       NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_CLIENT, "ss -tanp '%socket%'", "connections in CLOSE-WAIT are dead ones that a pool still holds"},
    {TCPT_ON_SERVER, "ss -tanpo '%socket%'", "how long does the server keep idle connections?"},
    {0},
};

const tcpt_detector tcpt_request_after_close = {
    .id = "request_after_close",
    .message = "A request met a server that had closed: RST",
    .mistaken = "a server that crashed",
    .explanation =
        "The connection was idle, the server closed it (its keep-alive time was over, or it was restarted), and the "
        "client sent its next request all the same: its pool had not noticed the FIN, or both were on their way at the "
        "same time. The application sees \"connection reset\" or \"broken pipe\" although both sides work.",
    .remedy =
        "Let the client give up idle connections well before the server does (its idle or keep-alive limit below the "
        "server's, by a round trip and more), check a connection before it is taken from the pool, and send requests "
        "that may be repeated once more on a new connection (RFC 9110 section 9.2.2).",
    .commands = commands,
    .reference = "RFC 9112 sections 9.3.1 and 9.5; RFC 9293 section 3.10.7.1",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PAIR,
    .explains = explains,
    .wants = TCPT_TRAIT_FIN | TCPT_TRAIT_ENDING_PAYLOAD,
    .follows = TCPT_TRAIT_RST,
    .memory_bytes = sizeof(request_memory),
    .fields = fields,
    .judge = judge,
};
