/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One source tries many ports of an address, or one port of many addresses, and hardly any answers (rule K.1). */
#include <glib.h>

#include "detectors/detectors.h"
#include "detectors/shared/crowd.h"

typedef struct scan_memory {
    tcpt_told_crowd told;
    bool ports;
} scan_memory;

/* What became of the very first try is not kept; `pending` have just been made. */
static bool leaves_silent(const tcpt_crowd_sum *sum, uint32_t pending)
{
    return sum->attempts > sum->refused + sum->good + 1 + pending;
}

static void complete(tcpt_finding *finding, const tcpt_crowd_sum *sum, bool ports, bool so_far)
{
    uint32_t targets = MIN(sum->members, sum->attempts); /* an estimate may be too high */
    double seconds = tcpt_as_seconds(sum->last_ns - sum->since_ns);
    const char *about = sum->about ? "about " : "";

    tcpt_resummarise(
        finding,
        "The client tries %s, %s%u of them in %.1f s%s: %u refused, %u answered%s. A scan, or a client that "
        "looks for its server",
        ports ? "the ports of this address" : "this port of many addresses", about, targets, seconds,
        so_far ? " so far" : "", sum->refused, sum->good, leaves_silent(sum, so_far) ? ", the rest silent" : "");
    tcpt_brief(finding, "Scan: %s%u %s in %.1f s, %u open", about, targets,
               ports ? "ports of one address" : "addresses, one port", seconds, sum->good);
    tcpt_set_number(finding, TCPT_F_SCAN_TARGETS, targets);
    tcpt_set_number(finding, TCPT_F_SCAN_OPEN, sum->good);
    tcpt_set_until(finding, sum->last_ns);
}

static void judge(const tcpt_context *context, void *memory)
{
    scan_memory *mine = memory;
    tcpt_crowd_sum so_far;

    if (!context->seen->crossing || context->seen->crowd == TCPT_CROWD_FLOOD || context->seen->really_bad)
        return;
    so_far = tcpt_crowd_so_far(context);
    so_far.members += so_far.members < TCPT_CROWD_MEMBERS; /* this one */
    tcpt_crowd_tell(context, &mine->told);
    mine->ports = context->seen->crowd == TCPT_CROWD_PORTS;
    complete(mine->told.finding, &so_far, mine->ports, true);
    tcpt_rule_out(mine->told.finding, "A single service that is to blame: the tries that fail are of as many others.");
}

/* Ports and addresses are tried on, and may answer later. What failed among them is told of nowhere else. */
static void settle(const tcpt_context *context, const void *memory)
{
    const scan_memory *mine = memory;
    const tcpt_crowd_sum *whole;
    tcpt_finding *finding = tcpt_crowd_settle(context, &mine->told, &whole);

    if (finding)
        complete(finding, whole, mine->ports, false);
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
    .memory_bytes = sizeof(scan_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
