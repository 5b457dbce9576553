/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SYN gets no answer while others of its address to the same port do. */
#include "detectors/shared/unanswered_syn.h"
#include "detectors/detectors.h"
#include "tcptriage/peers.h"
#include "tcptriage/queries.h"

typedef struct unanswered_memory {
    tcpt_finding *finding;
} unanswered_memory;

/* The causes with this judgement, in words. */
static char *names(const tcpt_context *context, tcpt_judgement wanted)
{
    GString *list = g_string_new(NULL), *evidence = g_string_new(NULL);

    for (const tcpt_syn_cause *cause = tcpt_syn_causes; cause->name; cause++) {
        g_string_truncate(evidence, 0);
        if (cause->judge(context, evidence) != wanted)
            continue;
        g_string_append_printf(list, "%s%s", list->len ? ", " : "", cause->name);
        if (evidence->len)
            g_string_append_printf(list, " (%s)", evidence->str);
    }
    g_string_free(evidence, TRUE);
    return g_string_free(list, FALSE);
}

static void rule_out(const tcpt_context *context, tcpt_finding *finding)
{
    GString *unused = g_string_new(NULL);

    tcpt_rule_out_nothing(finding); /* what came since the last try may have changed it */
    for (const tcpt_syn_cause *cause = tcpt_syn_causes; cause->name; cause++)
        if (cause->judge(context, unused) == TCPT_CAUSE_RULED_OUT)
            tcpt_rule_out(finding, cause->why_not);
    g_string_free(unused, TRUE);
}

static void complete(const tcpt_context *context, tcpt_finding *finding, uint32_t tries)
{
    char *likely = names(context, TCPT_CAUSE_LIKELY), *possible = names(context, TCPT_CAUSE_POSSIBLE);
    char *ruled_out = names(context, TCPT_CAUSE_RULED_OUT);
    uint32_t siblings = context->seen->pair->answered;

    tcpt_resummarise(
        finding,
        "SYN without an answer, %u tries in %.1f s, while %u other%s of this address to this port %s answered: "
        "%s%s%spossible are %s%s%s",
        tries, tcpt_as_seconds(context->segment->time_ns - context->flow->first_ns), siblings, siblings == 1 ? "" : "s",
        siblings == 1 ? "was" : "were", *likely ? "first of all suspect " : "", likely, *likely ? "; " : "", possible,
        *ruled_out ? "; ruled out are " : "", ruled_out);
    tcpt_set_number(finding, TCPT_F_SYN_TRIES, tries);
    tcpt_set_number(finding, TCPT_F_SYN_SIBLINGS_ANSWERED, siblings);
    rule_out(context, finding);
    g_free(likely);
    g_free(possible);
    g_free(ruled_out);
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

const tcpt_detector tcpt_syn_unanswered = {
    .id = "syn_unanswered",
    .message = "SYN without an answer while others of its address are answered",
    .explanation =
        "The server is up and answers this very address on this very port, only not this SYN, repeats included. "
        "So something picks: a queue that is full for moments, a filter, or a host that compares timestamps.",
    .remedy =
        "Capture on the server: does the SYN arrive? If so look at nstat (TcpExtListenDrops, TcpExtListenOverflows, "
        "TcpExtPAWSPassive, TcpExtTCPReqQFullDrop) and conntrack -S (drop, insert_failed); if not, at the devices "
        "before "
        "it.",
    .reference = "Linux tcp_conn_request(), tcp_peer_is_proven() (before 4.12); RFC 9293 section 3.5",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_LISTENER,
    .wants = TCPT_TRAIT_SYN,
    .memory_bytes = sizeof(unanswered_memory),
    .fields = fields,
    .judge = judge,
};
