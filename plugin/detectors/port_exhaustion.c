/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A source runs out of ports toward one server port. */
#include "detectors/detectors.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_settings *settings = context->settings;
    uint64_t line = (uint64_t)settings->ephemeral_ports * settings->port_pressure_percent;
    uint32_t in_use = context->seen->ports_in_use;
    tcpt_finding *finding;

    (void)memory;
    if (!in_use || (uint64_t)in_use * 100 < line || context->seen->really_bad)
        return;
    finding = tcpt_raise(
        context, TCPT_MEDIUM,
        "%u of %u client ports toward this server port are open or in TIME-WAIT: connect() will soon fail with "
        "EADDRNOTAVAIL, which leaves no trace on the wire",
        in_use, settings->ephemeral_ports);
    tcpt_brief(finding, "%u of %u client ports in use, EADDRNOTAVAIL soon", in_use, settings->ephemeral_ports);
    tcpt_set_number(finding, TCPT_F_PORTS_IN_USE, in_use);
    tcpt_set_number(finding, TCPT_F_PORTS_RANGE, settings->ephemeral_ports);
}

static const tcpt_field fields[] = {TCPT_F_PORTS_IN_USE, TCPT_F_PORTS_RANGE, TCPT_FIELD_COUNT};

static const char *const explains[] = {"time_wait_reuse", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_CLIENT, "ss -Htan state time-wait '%socket%' | wc -l", "ports that are taken for a minute"},
    {TCPT_ON_CLIENT, "sysctl net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse",
     "the range, and whether they are used again sooner"},
    {0},
};

const tcpt_detector tcpt_port_exhaustion = {
    .id = "port_exhaustion",
    .message = "A client is running out of ports toward one server port",
    .mistaken = "an overloaded server",
    .explanation =
        "Every connection takes a port until it is closed, and for another 60 s when the client closed first. At this "
        "rate the client's range toward this server port is nearly used up.",
    .remedy =
        "Keep connections open (HTTP keep-alive) or pool them; use more client or server addresses; let the server "
        "close "
        "first; widen net.ipv4.ip_local_port_range; net.ipv4.tcp_tw_reuse=1 on the connecting side. tcp_tw_recycle "
        "never helped and is gone since Linux 4.12.",
    .commands = commands,
    .reference = "RFC 6056 section 3.2; Linux ip-sysctl (ip_local_port_range, tcp_tw_reuse)",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PAIR,
    .picture = TCPT_DRAWN_AS_PORTS,
    .explains = explains,
    .wants = TCPT_TRAIT_SYN_MORE,
    .fields = fields,
    .judge = judge,
};
