/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of the SYN: a RST, nothing, or no end of the handshake. */
#include "detectors/shared/failed.h"
#include "tcptriage/outcome.h"
#include "tcptriage/queries.h"

/* By the third SYN-ACK, 1 + 2 s after the first, a client without one has asked again. */
enum { SYN_ACKS_LEAST = 3 };

tcpt_finding *tcpt_raise_refused(const tcpt_context *context, tcpt_confidence confidence)
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

tcpt_finding *tcpt_raise_no_answer(const tcpt_context *context, tcpt_confidence confidence)
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

tcpt_finding *tcpt_raise_handshake_failed(const tcpt_context *context, tcpt_confidence confidence)
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
