/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handshake is complete, and the first request draws a RST (rule K.1). */
#include "detectors/detectors.h"
#include "detectors/shared/too_soon.h"

#include <glib.h>

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

enum {
    /* What is longer is an upload; HTTP servers take headers of 8 to 32 KiB. */
    REQUEST_BYTES_MOST = 64 << 10,
    /* By how much a round trip may fall short of the shortest one so far: one part in so many. */
    JITTER_PART = 32,
    ANSWER_RTTS = 3,
};

/* Nothing but its SYN-ACK and ACKs came from the server, here or at the client, nobody has begun to close, and the
 * SYN-ACK did not come again (that is the accept queue). */
static bool awaits_first_answer(const tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    return flow->handshake_done && !flow->ending && client->syn && server->syn && !server->payload_segments &&
           client->payload_record && !client->syn_payload_bytes && server->syn_ns <= flow->first_ack_ns &&
           client->rcv_nxt == server->iss + 1;
}

/* A socket was there and took at least a part of it. */
static bool took_payload(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    uint32_t first = flow->ends[flow->client].iss + 1;

    return seq_after(flow->ends[!flow->client].rcv_nxt, first) ||
           ((context->segment->flags & TCPT_ACK) && seq_after(context->segment->ack, first));
}

/* Comes when the answer to the bare ACK is due, and that to the payload is not. One from a live socket, with ACK,
 * answers neither. */
static bool answers_bare_ack(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    int64_t rtt_ns = flow->ends[!flow->client].rtt_ns, least_ns = rtt_ns - rtt_ns / JITTER_PART;
    int64_t since_ack_ns = context->segment->time_ns - flow->first_ack_ns;
    int64_t since_payload_ns = context->segment->time_ns - flow->ends[flow->client].unanswered_ns;

    if (context->segment->flags & TCPT_ACK)
        return false;
    if (!rtt_ns) /* the SYN was sent again: nobody knows which one was answered */
        return since_ack_ns <= TCPT_ANSWER_MS * TCPT_MS_NS;
    return since_ack_ns >= least_ns && since_payload_ns < least_ns && since_ack_ns - rtt_ns < rtt_ns - since_payload_ns;
}

/* Of the request, or of its first repeat where that was lost. Whoever repeats it more often has another trouble first.
 */
static bool in_time(const tcpt_context *context, const tcpt_endpoint *client)
{
    int64_t sent_ns = client->unanswered_repeats == 1 ? MAX(client->round_ns, client->payload_ns) : client->payload_ns;

    return context->segment->time_ns - sent_ns <=
           MAX(ANSWER_RTTS * tcpt_rtt_ns(context->flow), TCPT_ANSWER_MS * TCPT_MS_NS);
}

/* By as much as no route changes in a round trip: another host has sent it than the SYN-ACK, or another path of code.
 */
static bool another_ttl(const tcpt_context *context)
{
    enum { DISTANCE_LEAST = 2 };
    const tcpt_endpoint *server = &context->flow->ends[context->seen->from];

    return (context->seen->traits & TCPT_TRAIT_TTL_ODD) && server->syn_ttl &&
           ABS(context->segment->ttl - server->syn_ttl) >= DISTANCE_LEAST;
}

/* The handshake's first packet may have paid for ARP or a sleeping radio: what has come as far as the SYN-ACK, by its
 * TTL, is the host's. */
static bool sooner_than_host(const tcpt_context *context)
{
    if (!context->segment->ttl || context->segment->ttl == context->flow->ends[context->seen->from].syn_ttl)
        return false;
    return tcpt_answers_too_soon(context);
}

static tcpt_finding *raise_too_soon(const tcpt_context *context, uint32_t bytes, double ms)
{
    const tcpt_flow *flow = context->flow;
    double rtt_ms = tcpt_as_seconds(flow->ends[!flow->client].rtt_ns) * 1e3;
    tcpt_finding *finding =
        tcpt_raise(context, TCPT_MEDIUM,
                   "The client's first request (%u bytes, frame %u) draws a RST %.0f ms later, sooner than the server "
                   "can answer (its SYN-ACK took %.0f ms): by a filter on the way?",
                   bytes, flow->ends[flow->client].payload_record->frame, ms, rtt_ms);

    tcpt_brief(finding, "RST to the first request after %.0f ms, RTT %.0f: a filter?", ms, rtt_ms);
    tcpt_blame_way(finding);
    return finding;
}

static tcpt_finding *raise_filter(const tcpt_context *context, uint32_t bytes, double ms)
{
    const tcpt_endpoint *client = &context->flow->ends[context->flow->client];
    uint8_t ttl = context->segment->ttl, usual = context->flow->ends[context->seen->from].syn_ttl;
    tcpt_finding *finding =
        tcpt_raise(context, TCPT_MEDIUM,
                   "The client's first request (%u bytes, frame %u) draws a RST %.0f ms later: by a "
                   "filter on the way? Its TTL is %u, not %u as the SYN-ACK's",
                   bytes, client->payload_record->frame, ms, ttl, usual);

    tcpt_brief(finding, "RST to the first request, TTL %u not %u: a filter?", ttl, usual);
    if (tcpt_hops(ttl) != tcpt_hops(usual)) /* else it comes from as far away: the host itself, or a device before it */
        tcpt_blame_way(finding);
    return finding;
}

static tcpt_finding *raise_refusal(const tcpt_context *context, uint32_t bytes, double ms, bool took)
{
    const tcpt_endpoint *client = &context->flow->ends[context->flow->client];
    tcpt_finding *finding = tcpt_raise(context, took ? TCPT_HIGH : TCPT_MEDIUM,
                                       "The client's first request (%u bytes, frame %u) draws a RST %.0f ms later: %s "
                                       "refuses it, not a full accept queue",
                                       bytes, client->payload_record->frame, ms,
                                       took ? "the application or a proxy" : "an application, proxy or filter");

    tcpt_brief(finding, "First request (%u bytes) answered by a RST", bytes);
    return finding;
}

static void raise_reset(const tcpt_context *context, uint32_t bytes)
{
    const tcpt_endpoint *client = &context->flow->ends[context->flow->client];
    bool took = took_payload(context);
    /* A clock may have been set back. */
    double ms = tcpt_as_seconds(MAX(context->segment->time_ns - client->payload_ns, 0)) * 1e3;
    tcpt_finding *finding = another_ttl(context)        ? raise_filter(context, bytes, ms)
                            : sooner_than_host(context) ? raise_too_soon(context, bytes, ms)
                                                        : raise_refusal(context, bytes, ms, took);

    tcpt_set_number(finding, TCPT_F_REQUEST_BYTES, bytes);
    tcpt_relate(finding, context->flow->first_ack_record);
    tcpt_relate(finding, client->payload_record);
    tcpt_rule_out(finding, took ? "A full accept queue: the payload was acknowledged."
                                : "A full accept queue: its RST would have answered the handshake's bare ACK.");
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client];
    uint32_t bytes = client->snd_nxt - client->iss - 1;

    (void)memory;
    if (context->seen->from == flow->client || context->seen->really_bad || context->seen->stale)
        return;
    if (!awaits_first_answer(flow) || context->seen->rst.mismatch || bytes > REQUEST_BYTES_MOST)
        return;
    if (!in_time(context, client))
        return;
    if (took_payload(context)) {
        raise_reset(context, bytes);
        return;
    }
    if (answers_bare_ack(context) || client->idle_before_ns >= tcpt_seconds_ns(context->settings->idle_seconds))
        return; /* syn_refused_by_reset; idle_drop */
    raise_reset(context, bytes);
}

static const tcpt_field fields[] = {TCPT_F_REQUEST_BYTES, TCPT_FIELD_COUNT};

static const char *const explains[] = {"rst_seq_mismatch", "challenge_ack", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "tcpdump -ni any -vS '%traffic%'", "does the request arrive, does the RST leave here?"},
    {TCPT_ON_SERVER, "ss -ltnp 'sport = :%port%'", "which program listens there: its log at this time"},
    {0},
};

const tcpt_detector tcpt_first_request_reset = {
    .id = "first_request_reset",
    .message = "The first request of a connection is answered by a RST",
    .mistaken = "a closed port",
    .explanation =
        "The handshake was complete, so the port is open and the way is free; what the client then sent drew a RST. A "
        "RST that acknowledges the request comes from a program that read it, or closed without reading it: wrong "
        "protocol on this port (TLS or not), a proxy without a backend, an access list. One that does not may also "
        "come "
        "from a filter on the way that reads requests (host name in the TLS client hello); so does one that comes "
        "sooner "
        "than the server can answer, whatever it acknowledges.",
    .remedy =
        "Send the same request from the server itself (curl -v, openssl s_client -connect): if it works there, the "
        "cause "
        "is on the way. Look at the logs of service and proxy at this time. Compare the RST's TTL with that of the "
        "SYN-ACK; capture at the server: a RST that does not leave there comes from a device on the way.",
    .commands = commands,
    .reference = "RFC 9293 section 3.10.7.4; RFC 2525 section 2.17; Linux tcp_close()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_LISTENER,
    .explains = explains,
    .wants = TCPT_TRAIT_RST_FIRST,
    .fields = fields,
    .judge = judge,
};
