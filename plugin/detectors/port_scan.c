/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One source tries many ports of an address, or one port of many addresses, and hardly any answers (rule K.1). */
#include "detectors/detectors.h"
#include "tcptriage/peers.h"

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_tally *tally = context->seen->crossing;
    bool ports = context->seen->crowd == TCPT_CROWD_PORTS;
    tcpt_finding *finding;
    uint32_t targets;
    double seconds;

    (void)memory;
    if (!tally || context->seen->crowd == TCPT_CROWD_FLOOD || context->seen->really_bad)
        return;
    targets = tcpt_tally_members(tally);
    targets += targets < TCPT_CROWD_MEMBERS; /* this one */
    seconds = tcpt_as_seconds(context->segment->time_ns - tally->since_ns);
    finding =
        tcpt_raise(context, TCPT_MEDIUM,
                   "The client tries %s, %u of them in %.1f s so far: %u refused, %u answered, the rest silent. A "
                   "scan, or a client that looks for its server",
                   ports ? "the ports of this address" : "this port of many addresses", targets, seconds,
                   tally->refused, tally->good);
    tcpt_brief(finding, "Scan: %u %s in %.1f s, %u open", targets,
               ports ? "ports of one address" : "addresses, one port", seconds, tally->good);
    tcpt_set_number(finding, TCPT_F_SCAN_TARGETS, targets);
    tcpt_set_number(finding, TCPT_F_SCAN_OPEN, tally->good);
    tcpt_rule_out(finding, "A single service or filter that is to blame: hardly any of the tries succeeds.");
}

static const tcpt_field fields[] = {TCPT_F_SCAN_TARGETS, TCPT_F_SCAN_OPEN, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_CLIENT, "ss -tnp state syn-sent", "which program does it, while it lasts"},
    {TCPT_ON_THE_WAY, "tcpdump -ni any 'tcp and src host %client%'", "does it go on, and where to?"},
    {0},
};

static const char *const explains[] = {"connection_refused",
                                       "connect_unanswered",
                                       "syn_unanswered",
                                       "syn_delayed",
                                       "syn_refused_by_reset",
                                       "connection_failed",
                                       NULL};

const tcpt_detector tcpt_port_scan = {
    .id = "port_scan",
    .message = "One source tries many ports or addresses, and hardly any answers",
    .mistaken = "servers that are down",
    .explanation =
        "Within a minute one address has tried at least 50 ports of one address, or one port of 50 addresses, and at "
        "most "
        "one in ten was answered: a port scanner, a monitoring or inventory tool, a worm, or a client that looks for "
        "its "
        "server. What its single tries met says nothing of a fault; from here on it is told of as a whole, once per "
        "source.",
    .remedy =
        "Find out which program runs there. If it is meant to be there, leave its address out (not ip.addr == ...) and "
        "read the rest.",
    .commands = commands,
    .reference = "RFC 9293 section 3.10.7.1",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_SOURCE,
    .explains = explains,
    .wants = TCPT_TRAIT_SYN_MORE,
    .fields = fields,
    .judge = judge,
};
