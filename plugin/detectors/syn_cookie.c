/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SYN-ACK lacks what its SYN offers and other SYN-ACKs of that port had: a SYN cookie. */
#include "detectors/detectors.h"
#include "tcptriage/peers.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_listener *listener = context->seen->listener;
    unsigned lacks;
    tcpt_finding *finding;

    (void)memory;
    if (!context->seen->syn_cookie || context->seen->really_bad || context->seen->other_syn)
        return;
    lacks = context->flow->ends[context->flow->client].syn_options & listener->given;
    finding =
        tcpt_raise(context, context->segment->ttl == listener->given_ttl ? TCPT_MEDIUM : TCPT_LOW,
                   "SYN cookie? The SYN-ACK has no %s, the one in frame %u had: the queue of half-open connections "
                   "is full (flood, or backlog too small)",
                   !(lacks & TCPT_OPTION_WSCALE)          ? "SACK"
                   : (lacks & TCPT_OPTION_SACK_PERMITTED) ? "window scale and no SACK"
                                                          : "window scale",
                   listener->given_record->frame);
    tcpt_relate(finding, listener->given_record);
    tcpt_relate(finding, context->flow->ends[context->flow->client].last_record);
    tcpt_rule_out(finding, "A server that knows no such options: it gave them to others on this port.");
}

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "nstat -az TcpExtSyncookiesSent TcpExtSyncookiesRecv TcpExtTCPReqQFullDoCookies",
     "they grow: the kernel sends cookies"},
    {TCPT_ON_SERVER, "ss -tan state syn-recv 'sport = :%port%' | wc -l", "how many connections are half open"},
    {TCPT_ON_SERVER, "ss -ltn 'sport = :%port%'", "Send-Q is the backlog of listen()"},
    {TCPT_ON_SERVER, "sysctl net.ipv4.tcp_syncookies net.ipv4.tcp_max_syn_backlog net.core.somaxconn",
     "2: cookies for every SYN"},
    {0},
};

const tcpt_detector tcpt_syn_cookie = {
    .id = "syn_cookie",
    .message = "The SYN-ACK looks like a SYN cookie: options are missing",
    .brief = "SYN cookie? No window scale or SACK: half-open queue full",
    .mistaken = "a host without window scale and SACK",
    .explanation =
        "A server under SYN pressure keeps nothing of a SYN and puts all that it needs into its sequence number, which "
        "has "
        "no room for window scale and SACK unless the client has timestamps. Such a connection moves at most 64 KiB "
        "per "
        "round trip and recovers badly from loss. A device that takes options away, a proxy that answers instead, or "
        "another server behind the same address looks the same. Told once per listening port.",
    .remedy = "Look whether the server sees a SYN flood, or whether its backlog is too small for its clients: raise "
              "listen()'s backlog, net.core.somaxconn and net.ipv4.tcp_max_syn_backlog.",
    .commands = commands,
    .reference = "RFC 4987 section 3.6; Linux cookie_v4_init_sequence(), tcp_conn_request(), net.ipv4.tcp_syncookies",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_LISTENER,
    .wants = TCPT_TRAIT_SYN_MORE,
    .judge = judge,
};
