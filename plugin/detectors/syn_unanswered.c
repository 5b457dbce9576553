/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SYN gets no answer while others of its address to the same port do. */
#include "detectors/shared/unanswered_syn.h"
#include "detectors/detectors.h"
#include "tcptriage/peers.h"
#include "tcptriage/queries.h"

typedef struct unanswered_memory {
    tcpt_finding *finding;
} unanswered_memory;

enum { SUMMARY_MOST = 160 }; /* characters that a column shows */

/* The causes with this judgement, as far as they fit behind `text`. */
static void name_causes(const tcpt_context *context, tcpt_judgement wanted, const char *title, GString *text)
{
    GString *evidence = g_string_new(NULL);
    const char *unused;
    bool any = false;

    for (const tcpt_syn_cause *cause = tcpt_syn_causes; cause->name; cause++) {
        gsize before = text->len;

        g_string_truncate(evidence, 0);
        if (cause->judge(context, evidence, &unused) != wanted)
            continue;
        g_string_append_printf(text, "%s%s", any ? ", " : title, cause->name);
        if (evidence->len)
            g_string_append_printf(text, " (%s)", evidence->str);
        if (text->len > SUMMARY_MOST) {
            g_string_truncate(text, before);
            break;
        }
        any = true;
    }
    g_string_free(evidence, TRUE);
}

static const char *first_suspect(const tcpt_context *context)
{
    const char *unused, *suspect = NULL;
    GString *evidence = g_string_new(NULL);

    for (const tcpt_syn_cause *cause = tcpt_syn_causes; cause->name && !suspect; cause++)
        if (cause->judge(context, evidence, &unused) == TCPT_CAUSE_LIKELY)
            suspect = cause->name;
    g_string_free(evidence, TRUE);
    return suspect;
}

static void rule_out(const tcpt_context *context, tcpt_finding *finding)
{
    GString *unused = g_string_new(NULL);
    const char *why_not;

    tcpt_rule_out_nothing(finding); /* what came since the last try may have changed it */
    for (const tcpt_syn_cause *cause = tcpt_syn_causes; cause->name; cause++)
        if (cause->judge(context, unused, &why_not) == TCPT_CAUSE_RULED_OUT)
            tcpt_rule_out(finding, why_not);
    g_string_free(unused, TRUE);
}

static void complete(const tcpt_context *context, tcpt_finding *finding, uint32_t tries)
{
    uint32_t siblings = context->seen->pair->answered;
    int64_t waited_ns = context->segment->time_ns - context->flow->first_ns;
    const char *suspect = first_suspect(context);
    GString *text = g_string_new(NULL);

    /* The newest try may be the one that is answered. */
    g_string_printf(text,
                    "No answer to this SYN for %.1f s, %u tries; %u other%s from this address to this port answered.",
                    tcpt_as_seconds(waited_ns), tries, siblings, siblings == 1 ? "" : "s");
    name_causes(context, TCPT_CAUSE_LIKELY, " Likely: ", text);
    name_causes(context, TCPT_CAUSE_POSSIBLE, suspect ? ". Possible: " : " Possible: ", text);
    tcpt_resummarise(finding, "%s", text->str);
    g_string_free(text, TRUE);
    if (suspect)
        tcpt_brief(finding, "%s? SYN unanswered, others are not", suspect);
    else
        tcpt_brief(finding, "SYN unanswered for %.1f s, %u other%s answered", tcpt_as_seconds(waited_ns), siblings,
                   siblings == 1 ? "" : "s");
    tcpt_set_delay(finding, waited_ns);
    tcpt_set_number(finding, TCPT_F_SYN_TRIES, tries);
    tcpt_set_number(finding, TCPT_F_SYN_SIBLINGS_ANSWERED, siblings);
    rule_out(context, finding);
}

/* Frames that speak for a cause. */
static void relate_evidence(const tcpt_context *context, tcpt_finding *finding)
{
    const tcpt_flow *old = tcpt_life_in_time_wait(context->flow, context->settings);

    tcpt_relate(finding, context->flow->ends[context->flow->client].last_record);
    tcpt_relate(finding, context->seen->pair->answered_record);
    if (context->seen->listener)
        tcpt_relate(finding, context->seen->listener->ignored_record);
    tcpt_relate(finding, old ? old->last_record : NULL);
}

static void judge(const tcpt_context *context, void *memory)
{
    unanswered_memory *mine = memory;
    uint32_t tries = context->seen->syn_count;

    if (mine->finding && context->seen->from != context->flow->client && !context->seen->really_bad)
        tcpt_set_delay(mine->finding, context->segment->time_ns - context->flow->first_ns); /* answered at last */
    if (!tcpt_syn_left_out(context))
        return;
    if (mine->finding) {
        complete(context, mine->finding, tries);
        return;
    }
    mine->finding = tcpt_raise(context, TCPT_MEDIUM, " ");
    complete(context, mine->finding, tries);
    relate_evidence(context, mine->finding);
}

static const tcpt_field fields[] = {TCPT_F_SYN_TRIES, TCPT_F_SYN_SIBLINGS_ANSWERED, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "tcpdump -ni any '%traffic%'", "does the SYN arrive, and does an answer leave?"},
    {TCPT_ON_SERVER, "ss -ltn 'sport = :%port%'", "Recv-Q at or above Send-Q: the accept queue is full"},
    {TCPT_ON_SERVER, "nstat -az TcpExtListenDrops TcpExtListenOverflows TcpExtPAWSPassive TcpExtTCPReqQFullDrop",
     "which of them grows with each SYN?"},
    {TCPT_ON_THE_WAY, "conntrack -S", "\"drop\" or \"insert_failed\" grows: the table is full"},
    {0},
};

static const char *const explains[] = {"syn_delayed", "icmp_error", NULL};

const tcpt_detector tcpt_syn_unanswered = {
    .id = "syn_unanswered",
    .message = "SYN without an answer while others of its address are answered",
    .mistaken = "a server that is down: it answers others",
    .explanation =
        "Within a minute the server answered this very address on this very port, only not this SYN, repeats included. "
        "So something is selective: a queue that is full at times, a filter, rate limit or full tracker table on the "
        "way, a connection of the same ports that is still remembered, or a host that compares timestamps "
        "(net.ipv4.tcp_tw_recycle). Where no SYN was answered between the tries the service may have been down "
        "meanwhile.",
    .remedy = "If the SYN arrives at the server, look at its counters. If not, look at the devices before it.",
    .commands = commands,
    .reference = "Linux tcp_conn_request(), tcp_peer_is_proven() (before 4.12); RFC 9293 section 3.5",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_LISTENER,
    .silence = TCPT_SILENCE_OF_SYN,
    .explains = explains,
    .wants = TCPT_TRAIT_SYN_MORE,
    .follows = TCPT_TRAIT_SYN,
    .memory_bytes = sizeof(unanswered_memory),
    .fields = fields,
    .judge = judge,
};
