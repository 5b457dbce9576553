/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings come and go: raised on a frame or at the end of what was captured, and taken back. */
#include "core/finding/raising.h"

#include <glib.h>
#include <stdarg.h>

#include "tcptriage/analysis.h"
#include "tcptriage/detector.h"

static void free_finding(tcpt_finding *finding)
{
    g_free(finding->summary);
    g_free(finding->owned_text);
    if (finding->related != finding->few)
        g_free(finding->related);
    g_free(finding);
}

static void free_list(tcpt_finding *finding)
{
    while (finding) {
        tcpt_finding *next = finding->next_in_flow;

        free_finding(finding);
        finding = next;
    }
}

void tcpt_end_findings_forget(tcpt_flow *flow)
{
    for (const tcpt_finding *finding = flow->end_findings; finding; finding = finding->next_in_flow)
        if (finding->instead_of)
            finding->instead_of->superseded = false;
    free_list(flow->end_findings);
    flow->end_findings = NULL;
}

void tcpt_findings_clear(tcpt_flow *flow)
{
    tcpt_end_findings_forget(flow);
    free_list(flow->findings);
    flow->findings = NULL;
}

static void append_end_finding(tcpt_flow *flow, tcpt_finding *finding)
{
    tcpt_finding **place = &flow->end_findings;

    while (*place)
        place = &(*place)->next_in_flow;
    *place = finding;
}

static void append_finding(tcpt_flow *flow, tcpt_finding *finding)
{
    tcpt_finding **place = &finding->on->findings;

    if (flow->newest_finding)
        flow->newest_finding->next_in_flow = finding;
    else
        flow->findings = finding;
    flow->newest_finding = finding;
    while (*place)
        place = &(*place)->next_on_frame;
    *place = finding;
}

static tcpt_finding *new_finding(const tcpt_context *context, tcpt_record *on, int64_t time_ns,
                                 tcpt_confidence confidence)
{
    tcpt_finding *finding = g_new0(tcpt_finding, 1);

    finding->detector = context->detector;
    finding->flow = on->flow;
    finding->on = on;
    finding->time_ns = time_ns;
    finding->confidence = confidence;
    finding->related = finding->few;
    finding->at_end = !context->segment;
    if (finding->at_end)
        append_end_finding(finding->flow, finding);
    else
        append_finding(finding->flow, finding);
    return finding;
}

tcpt_finding *tcpt_raise(const tcpt_context *context, tcpt_confidence confidence, const char *summary, ...)
{
    int64_t time_ns = !context->segment ? context->flow->last_ns : context->segment->time_ns;
    tcpt_finding *finding = new_finding(context, context->record, time_ns, confidence);
    va_list arguments;

    va_start(arguments, summary);
    finding->summary = g_strdup_vprintf(summary, arguments);
    va_end(arguments);
    return finding;
}

tcpt_finding *tcpt_raise_on(const tcpt_context *context, tcpt_record *on, int64_t time_ns, tcpt_confidence confidence,
                            const char *summary, ...)
{
    tcpt_finding *finding = new_finding(context, on, time_ns, confidence);
    va_list arguments;

    va_start(arguments, summary);
    finding->summary = g_strdup_vprintf(summary, arguments);
    va_end(arguments);
    return finding;
}

static void copy_values(tcpt_finding *copy, const tcpt_finding *judged)
{
    for (unsigned i = 0; i < judged->value_count; i++) {
        const tcpt_value *value = &judged->values[i];

        if (value->text && value->text == judged->owned_text)
            tcpt_take_text(copy, value->field, g_strdup(value->text));
        else if (value->text)
            tcpt_set_text(copy, value->field, value->text);
        else
            tcpt_set_number(copy, value->field, value->number);
    }
}

tcpt_finding *tcpt_instead_of(const tcpt_context *context, tcpt_finding *judged)
{
    tcpt_finding *copy = new_finding(context, judged->on, judged->time_ns, judged->confidence);

    copy->summary = g_strdup(judged->summary);
    copy_values(copy, judged);
    for (unsigned i = 0; i < judged->related_count; i++)
        tcpt_relate(copy, judged->related[i]);
    for (unsigned i = 0; i < judged->ruled_out_count; i++)
        tcpt_rule_out(copy, judged->ruled_out[i]);
    copy->instead_of = judged;
    judged->superseded = true;
    return copy;
}

tcpt_finding *tcpt_raised_on(const tcpt_context *context, const tcpt_record *record)
{
    tcpt_finding *finding = record->findings;

    while (finding && finding->detector != context->detector)
        finding = finding->next_on_frame;
    return finding;
}

static void unlink_proofs(tcpt_finding *finding)
{
    for (unsigned i = 0; i < finding->related_count; i++) {
        tcpt_proof **place = &finding->related[i]->proofs;

        while (*place && *place != &finding->proofs[i])
            place = &(*place)->next;
        if (*place)
            *place = finding->proofs[i].next;
    }
}

void tcpt_withdraw(const tcpt_context *context, tcpt_finding *finding)
{
    tcpt_flow *flow = context->record->flow;
    tcpt_finding **on_frame = &finding->on->findings, **in_flow = &flow->findings;
    tcpt_finding *before = NULL;

    while (*on_frame != finding)
        on_frame = &(*on_frame)->next_on_frame;
    *on_frame = finding->next_on_frame;
    while (*in_flow != finding) {
        before = *in_flow;
        in_flow = &before->next_in_flow;
    }
    *in_flow = finding->next_in_flow;
    if (flow->newest_finding == finding)
        flow->newest_finding = before;
    unlink_proofs(finding);
    free_finding(finding);
}

/* ---- what a frame has ---- */

static unsigned place_in_list(const tcpt_detector *detector)
{
    unsigned place = 0;

    while (tcpt_detectors[place] != detector)
        place++;
    return place;
}

/* Negative when `a` is to be read before `b`: severity, confidence, then the order of the detectors. */
static int compare_gravity(const tcpt_finding *a, const tcpt_finding *b)
{
    if (a->detector->severity != b->detector->severity)
        return (int)b->detector->severity - (int)a->detector->severity;
    if (a->confidence != b->confidence)
        return (int)b->confidence - (int)a->confidence;
    return (int)place_in_list(a->detector) - (int)place_in_list(b->detector);
}

/* The findings of one frame, gravest first: few, so that each finds its place by walking. */
typedef struct on_frame {
    unsigned count;
    const tcpt_finding *sorted[TCPT_ON_FRAME_MOST];
} on_frame;

static void sort_in(on_frame *all, const tcpt_finding *finding)
{
    unsigned place = all->count;

    if (finding->superseded || all->count == TCPT_ON_FRAME_MOST)
        return;
    for (; place > 0 && compare_gravity(finding, all->sorted[place - 1]) < 0; place--)
        all->sorted[place] = all->sorted[place - 1];
    all->sorted[place] = finding;
    all->count++;
}

void tcpt_each_finding(const tcpt_record *record, void (*visit)(const tcpt_finding *, void *), void *data)
{
    on_frame all;

    all.count = 0;
    for (const tcpt_finding *finding = record->findings; finding; finding = finding->next_on_frame)
        sort_in(&all, finding);
    for (const tcpt_finding *finding = record->flow->end_findings; finding; finding = finding->next_in_flow)
        if (finding->on == record)
            sort_in(&all, finding);
    for (unsigned i = 0; i < all.count; i++)
        visit(all.sorted[i], data);
}

void tcpt_each_proven(const tcpt_record *record, void (*visit)(const tcpt_finding *, void *), void *data)
{
    for (const tcpt_proof *proof = record->proofs; proof; proof = proof->next)
        if (!proof->finding->superseded)
            visit(proof->finding, data);
    if (!record->end_proof)
        return;
    for (const tcpt_finding *finding = record->flow->end_findings; finding; finding = finding->next_in_flow)
        for (unsigned i = 0; i < finding->related_count; i++)
            if (finding->related[i] == record)
                visit(finding, data);
}
