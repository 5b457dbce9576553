/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server ends a connection in the middle of what its client sends. */
#include <glib.h>

#include "detectors/shared/failed.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

/* More than one full segment, which may have crossed the RST by chance; where the server has not told its MSS of the
 * size that all hosts take (RFC 9293, section 3.7.1). */
static bool is_upload(const tcpt_endpoint *server, uint32_t bytes)
{
    enum { MSS_LEAST = 536 };

    return bytes > MAX(server->mss, MSS_LEAST) && bytes < TCPT_SEQ_NEAR;
}

/* What answers something does so within this. */
static int64_t answer_ns(const tcpt_flow *flow)
{
    return MAX(tcpt_rtt_ns(flow), TCPT_ANSWER_MS * TCPT_MS_NS);
}

/* What the client had sent and the server had not acknowledged when it ended the connection; 0 where it did not. A
 * socket is there, and resets; or it has been closed, and what comes then draws a RST without ACK. */
static uint32_t bytes_under_way(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    if (context->segment->flags & TCPT_ACK)
        return flow->ending || context->segment->time_ns - client->payload_ns > answer_ns(flow)
                   ? 0
                   : client->snd_nxt - server->rcv_nxt;
    if (!server->fin || server->fin_refuted || client->fin ||
        ABS(client->payload_ns - server->fin_ns) > answer_ns(flow))
        return 0;
    return client->snd_nxt - server->fin_last_ack;
}

static bool has_all(const tcpt_context *context)
{
    return context->segment->flags & TCPT_ACK &&
           context->segment->ack == context->flow->ends[context->flow->client].snd_nxt;
}

void tcpt_note_upload(const tcpt_context *context, tcpt_failed_memory *mine)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];
    uint32_t bytes = bytes_under_way(context);
    int64_t ended_ns = server->fin ? server->fin_ns : context->segment->time_ns;

    if (!is_upload(server, bytes) || client->rst_count || client->holes || server->holes)
        return;
    mine->upload = context->record;
    mine->upload_bytes = bytes;
    mine->answered = server->payload_record && ended_ns - server->payload_ns <= answer_ns(flow);
    if (!mine->answered && has_all(context))
        mine->upload = NULL; /* what takes only, and owes no answer, may end so (syslog) */
}

static tcpt_finding *raise_of_device(const tcpt_context *context, const tcpt_failed_memory *mine)
{
    tcpt_finding *finding;

    if (!mine->too_soon) {
        finding = tcpt_raise_among(context, TCPT_FAILED_UPLOAD_TTL, TCPT_LOW,
                                   "A RST ends the connection in the middle of what the client sends (%u bytes under "
                                   "way). Its TTL is %u, the server's %u: a device's, or the server's?",
                                   mine->upload_bytes, mine->ttl, mine->usual_ttl);
        tcpt_brief(finding, "RST in the middle of an upload, TTL %u not %u", mine->ttl, mine->usual_ttl);
        return finding;
    }
    finding = tcpt_raise_among(context, TCPT_FAILED_UPLOAD_SOON, TCPT_MEDIUM,
                               "A RST ends the connection in the middle of what the client sends (%u bytes under way), "
                               "sooner than the server ever answered: a device sent it",
                               mine->upload_bytes);
    tcpt_brief(finding, "RST in the middle of an upload: a device's, too soon");
    tcpt_blame_way(finding);
    return finding;
}

static tcpt_finding *raise_of_server(const tcpt_context *context, tcpt_confidence confidence,
                                     const tcpt_failed_memory *mine)
{
    const tcpt_endpoint *server = &context->flow->ends[!context->flow->client];
    const char *how = server->fin ? "closed" : "reset";
    tcpt_finding *finding;

    if (mine->answered) {
        finding = tcpt_raise_among(context, TCPT_FAILED_UPLOAD_ANSWERED, confidence,
                                   "The server answered (frame %u) and %s the connection while the client still sent "
                                   "(%u bytes under way): the RST may cost the client that answer",
                                   server->payload_record->frame, how, mine->upload_bytes);
        tcpt_brief(finding, "Answered, then %s in the middle of the upload", how);
        tcpt_relate(finding, server->payload_record);
        return finding;
    }
    finding = tcpt_raise_among(context, TCPT_FAILED_UPLOAD, confidence,
                               "The server %s the connection in the middle of what the client sent (%u bytes under "
                               "way), unanswered: did its process end, or refuse the rest?",
                               how, mine->upload_bytes);
    tcpt_brief(finding, "%s by the server in the middle of an upload", server->fin ? "Closed" : "Reset");
    return finding;
}

tcpt_finding *tcpt_raise_upload(const tcpt_context *context, tcpt_confidence confidence, const tcpt_failed_memory *mine)
{
    const tcpt_flow *flow = context->flow;
    tcpt_finding *finding =
        mine->too_soon || mine->ttl ? raise_of_device(context, mine) : raise_of_server(context, confidence, mine);

    tcpt_relate(finding, flow->ends[flow->client].payload_record);
    tcpt_relate(finding, mine->upload);
    tcpt_rule_out(finding, "A client that gave up: it was sending.");
    return finding;
}
