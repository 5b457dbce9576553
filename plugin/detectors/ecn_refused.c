/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SYN that asks for ECN is refused or unanswered, one without is answered (rule K.1). */
#include "detectors/detectors.h"
#include "tcptriage/peers.h"

/* Whether a RST came; without one, two that got nothing are hardly loss. */
static tcpt_confidence confidence(bool reset, unsigned failed)
{
    if (reset && failed > 1)
        return TCPT_HIGH;
    return reset || failed > 1 ? TCPT_MEDIUM : TCPT_LOW;
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_record *refused = context->seen->ecn_refused;
    const tcpt_flow *flow = context->flow, *other;
    const tcpt_endpoint *server;
    tcpt_finding *finding;
    unsigned failed;

    (void)memory;
    if (!refused || context->seen->really_bad || context->seen->other_syn)
        return;
    other = tcpt_flow_of(refused);
    server = &other->ends[!other->client];
    failed = context->seen->listener->ecn_failed;
    finding =
        tcpt_raise(context, confidence(server->rst_count > 0, failed),
                   "A SYN with ECN (frame %u) %s, one without is answered: a device or stack that %s SYNs with ECE "
                   "and CWR set (%u failed)",
                   refused->frame, server->rst_count ? "is refused" : "gets no answer",
                   server->rst_count ? "rejects" : "drops", failed);
    tcpt_brief(finding, "ECN %s: %u SYN%s with it failed, without answered", server->rst_count ? "rejected" : "dropped",
               failed, failed == 1 ? "" : "s");
    if (other == flow)
        tcpt_set_delay(finding, flow->ends[flow->client].syn_ns - flow->first_ns);
    tcpt_set_number(finding, TCPT_F_ECN_REFUSED_IN, refused->frame);
    tcpt_relate(finding, (tcpt_record *)refused);
    tcpt_relate(finding, server->rst_record);
    tcpt_relate(finding, flow->ends[flow->client].last_record);
    tcpt_rule_out(finding, "A service that is down, or a filter on these addresses: the SYN without ECN is answered.");
}

static const tcpt_field fields[] = {TCPT_F_ECN_REFUSED_IN, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_CLIENT, "sysctl net.ipv4.tcp_ecn net.ipv4.tcp_ecn_fallback", "1: this host asks for ECN"},
    {TCPT_ON_CLIENT, "sysctl -w net.ipv4.tcp_ecn=0", "as a test: does every connection succeed now?"},
    {TCPT_ON_SERVER, "tcpdump -ni any '%traffic%'", "does the SYN with ECN arrive?"},
    {0},
};

static const char *const explains[] = {"connection_refused",
                                       "connect_unanswered",
                                       "syn_unanswered",
                                       "syn_delayed",
                                       "first_syn_always_lost",
                                       "vantage_loss",
                                       NULL};

const tcpt_detector tcpt_ecn_refused = {
    .id = "ecn_refused",
    .message = "A SYN with ECN fails, one without is answered",
    .mistaken = "a server that is down now and then",
    .explanation = "The client offers ECN by the flags ECE and CWR in its SYN. A device or stack that does not know "
                   "them as that resets "
                   "or drops it, while the same SYN without them is answered; many clients fall back to it after a "
                   "time-out, so that "
                   "each connection begins late. A single SYN without an answer may be ordinary loss.",
    .remedy =
        "Switch ECN off on the client as a test. If that helps mend or replace the device or stack: it must ignore "
        "flags that it does not know.",
    .commands = commands,
    .reference = "RFC 3168 section 6.1.1 and 6.1.1.1; Linux net.ipv4.tcp_ecn, tcp_ecn_clear_syn()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_LISTENER,
    .explains = explains,
    .wants = TCPT_TRAIT_SYN_MORE,
    .fields = fields,
    .judge = judge,
};
