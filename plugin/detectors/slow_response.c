/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server takes its time to answer a request that it has. */
#include "detectors/shared/slow.h"
#include "detectors/detectors.h"

#include <glib.h>

#include "tcptriage/limits.h"

/* No ACK is delayed for longer: RFC 1122, section 4.2.3.2. One that comes later answers a request that got lost. */
enum { ACKED_WITHIN_MS = 500 };

/* The ACK that covers all that the client has sent, or NULL. */
static const tcpt_ack_step *acked(const tcpt_endpoint *server, const tcpt_endpoint *client)
{
    if (!server->acked || !server->ack_step_count || server->rcv_nxt != client->snd_nxt)
        return NULL;
    return &server->ack_steps[server->ack_step_count - 1];
}

static void judge(const tcpt_context *context, void *memory)
{
    tcpt_slow_memory *mine = memory;
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];
    const tcpt_ack_step *ack = acked(server, client);
    int64_t took_ns = context->segment->time_ns - client->payload_ns;
    int64_t rtt_ns = tcpt_rtt_ns(flow);
    tcpt_finding *finding;
    tcpt_record *record;

    if (context->seen->from == flow->client || !context->seen->new_payload || context->seen->really_bad || !ack)
        return;
    if (ack->time_ns < client->payload_ns || ack->time_ns - client->payload_ns > rtt_ns + ACKED_WITHIN_MS * TCPT_MS_NS)
        return;
    record = tcpt_step_record(flow, ack);
    mine->longest_ns = MAX(mine->longest_ns, took_ns);
    finding = tcpt_raise(context, flow->client_known ? TCPT_HIGH : TCPT_LOW,
                         "The server took %.1f s to respond to frame %u, which it had acknowledged after %.3f s (frame "
                         "%u): its own time, not the network's",
                         tcpt_as_seconds(took_ns), client->payload_record->frame,
                         tcpt_as_seconds(ack->time_ns - client->payload_ns), record->frame);
    tcpt_brief(finding, "Slow server: %.1f s to the first byte of the response", tcpt_as_seconds(took_ns));
    tcpt_set_number(finding, TCPT_F_RESPONSE_TIME, took_ns);
    tcpt_set_number(finding, TCPT_F_RESPONSE_RTT, rtt_ns);
    tcpt_set_delay(finding, took_ns);
    tcpt_relate(finding, client->payload_record);
    tcpt_relate(finding, record);
}

static const tcpt_field fields[] = {TCPT_F_RESPONSE_TIME, TCPT_F_RESPONSE_RTT, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "ss -tnp '%socket%'", "the process; Recv-Q above 0: it has not read the request yet"},
    {0},
};

const tcpt_detector tcpt_slow_response = {
    .id = "slow_response",
    .message = "The server takes long to respond to a request that it has",
    .mistaken = "a slow network",
    .explanation =
        "The server's host acknowledged the request at once, so it arrived; the first byte of the response left two "
        "seconds or more later. What lies between is the application: a slow query, a lock, a backend or name "
        "service that it waits for, or a reply that is held back on purpose (long polling, delayed greetings).",
    .remedy = "Look into the server's application at that time: its log with times, the backends that it calls, the "
              "waits of its threads. The network has no part in it: look for loss only where other findings do.",
    .commands = commands,
    .reference = "RFC 1122 section 4.2.3.2 (a delayed ACK waits for less than 0.5 s)",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_CHAT,
    .blames = TCPT_BLAMES_LISTENER,
    .wants = TCPT_TRAIT_LATE_REPLY,
    .memory_bytes = sizeof(tcpt_slow_memory),
    .fields = fields,
    .judge = judge,
};
