/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SYNs of many sources to one port, and hardly any completes (rule K.1). */
#include <glib.h>

#include "detectors/detectors.h"
#include "detectors/shared/crowd.h"

/* A target that has answered nobody for so long does not go on. */
enum { STILL_SECONDS = 1, HARDLY_ANY_PART = 10 };

typedef struct flood_memory {
    tcpt_told_crowd told;
    bool answers;
} flood_memory;

static void say_flood(tcpt_finding *finding, const tcpt_crowd_sum *sum, uint32_t sources, bool answers)
{
    tcpt_resummarise(finding,
                     "SYN flood: %u SYNs from about %u addresses to this port in %.1f s, %u completed. The target %s",
                     sum->attempts, sources, tcpt_as_seconds(sum->last_ns - sum->since_ns), sum->good,
                     answers ? "goes on answering" : "does not answer");
    tcpt_brief(finding, "SYN flood: %u SYNs, %u completed; target %s", sum->attempts, sum->good,
               answers ? "answers" : "is silent");
}

/* What it looked like when it was told of has not come true for all. */
static void say_mixed(tcpt_finding *finding, const tcpt_crowd_sum *sum, uint32_t sources)
{
    tcpt_resummarise(finding,
                     "%u SYNs from about %u addresses to this port in %.1f s, %u of them completed, however late. A "
                     "SYN flood among real clients, or more of these than the target serves",
                     sum->attempts, sources, tcpt_as_seconds(sum->last_ns - sum->since_ns), sum->good);
    tcpt_brief(finding, "Flood, or too many clients: %u SYNs, %u completed", sum->attempts, sum->good);
    tcpt_set_confidence(finding, TCPT_LOW);
}

static void complete(tcpt_finding *finding, const tcpt_crowd_sum *sum, bool answers)
{
    uint32_t sources = MIN(sum->members, sum->attempts); /* an estimate may be too high */

    if (sum->good > sum->attempts / HARDLY_ANY_PART)
        say_mixed(finding, sum, sources);
    else
        say_flood(finding, sum, sources, answers);
    tcpt_set_number(finding, TCPT_F_FLOOD_SYNS, sum->attempts);
    tcpt_set_number(finding, TCPT_F_FLOOD_SOURCES, sources);
    tcpt_set_number(finding, TCPT_F_FLOOD_COMPLETED, sum->good);
    tcpt_set_until(finding, sum->last_ns);
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_listener *listener = context->seen->listener;
    int64_t now_ns = context->segment->time_ns;
    flood_memory *mine = memory;
    tcpt_crowd_sum so_far;
    bool answers;

    if (!context->seen->crossing || context->seen->crowd != TCPT_CROWD_FLOOD || context->seen->really_bad)
        return;
    so_far = tcpt_crowd_so_far(context);
    answers = listener && listener->answered_ns && now_ns - listener->answered_ns <= tcpt_seconds_ns(STILL_SECONDS);
    mine->answers = answers;
    tcpt_crowd_tell(context, &mine->told);
    complete(mine->told.finding, &so_far, answers);
    if (answers)
        tcpt_relate(mine->told.finding, listener->given_record);
    tcpt_rule_out(mine->told.finding,
                  "A rush of real clients alone: nearly all of these complete the handshake one round trip later.");
}

/* Round trips may be longer than it takes to send so many SYNs, and hosts busier. What failed among them is told of
 * nowhere else. */
static void settle(const tcpt_context *context, const void *memory)
{
    const flood_memory *mine = memory;
    const tcpt_crowd_sum *whole;
    tcpt_finding *finding = tcpt_crowd_settle(context, &mine->told, &whole);

    if (finding)
        complete(finding, whole, mine->answers);
}

static const tcpt_field fields[] = {TCPT_F_FLOOD_SYNS, TCPT_F_FLOOD_SOURCES, TCPT_F_FLOOD_COMPLETED, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "ss -tan state syn-recv 'sport = :%port%' | wc -l", "half-open connections"},
    {TCPT_ON_SERVER, "nstat -az TcpExtSyncookiesSent TcpExtListenDrops TcpExtTCPReqQFullDrop",
     "cookies are sent, or SYNs dropped"},
    {TCPT_ON_SERVER, "sysctl net.ipv4.tcp_syncookies net.ipv4.tcp_max_syn_backlog",
     "1: cookies when the queue is full"},
    {TCPT_ON_THE_WAY, "nft list ruleset | grep -n synproxy", "is there one before the server?"},
    {0},
};

static const char *const explains[] = {"syn_cookie",
                                       "accept_queue_overflow",
                                       "syn_unanswered",
                                       "connect_unanswered",
                                       "connection_refused",
                                       "syn_delayed",
                                       "first_syn_always_lost",
                                       "connection_failed",
                                       NULL};

const tcpt_detector tcpt_syn_flood = {
    .id = "syn_flood",
    .message = "SYN flood: many SYNs to one port, hardly any completes",
    .mistaken = "a busy hour",
    .explanation =
        "At least 500 SYNs of at least 50 addresses came to one port within ten seconds, and at most one in ten "
        "completed "
        "the handshake. Their sources are invented as a rule, or do not get the answers. The queue of half-open "
        "connections is full then: real clients get no answer, or SYN cookies.",
    .remedy =
        "Keep SYN cookies on and the backlog large; filter before the server (SYN proxy, rate limit, the provider's "
        "scrubbing). The addresses are hardly those of the senders: blocking them helps nobody.",
    .commands = commands,
    .reference = "RFC 4987; Linux tcp_conn_request(), net.ipv4.tcp_syncookies",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_LISTENER,
    .explains = explains,
    .wants = TCPT_TRAIT_SYN_MORE,
    .memory_bytes = sizeof(flood_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
