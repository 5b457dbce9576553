/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/case_sums.h"

#include <string.h>

#include "tcptriage/analysis.h"
#include "tcptriage/limits.h"
#include "tcptriage/times.h"

static void note_time(tcpt_case *made, const tcpt_diagnosis *diagnosis)
{
    int64_t last_ns = MAX(diagnosis->time_ns, diagnosis->until_ns);

    if (diagnosis->run)
        last_ns = MAX(last_ns, diagnosis->run->last_ns);
    if (!made->finding_count || diagnosis->time_ns < made->first_ns)
        made->first_ns = diagnosis->time_ns;
    if (!made->finding_count || last_ns > made->last_ns)
        made->last_ns = last_ns;
}

void tcpt_case_take(tcpt_case *made, tcpt_diagnosis *diagnosis, bool consequence)
{
    uint32_t count = tcpt_alike(diagnosis);

    note_time(made, diagnosis);
    diagnosis->part_of = made;
    diagnosis->consequence = consequence;
    made->finding_count += count;
    made->severity = MAX(made->severity, diagnosis->detector->severity);
    if (consequence)
        made->consequences[diagnosis->number] += count;
    else
        made->cause_count += count;
}

void tcpt_case_note_example(tcpt_case *made, const tcpt_diagnosis *cause)
{
    tcpt_case_example *examples = made->examples;
    const tcpt_flow *flow = tcpt_flow_of(cause->first.on);
    unsigned at = 0;

    for (unsigned i = 0; i < made->example_count; i++)
        if (examples[i].flow == flow)
            return;
    while (at < made->example_count && examples[at].delay_ns >= cause->delay_ns)
        at++;
    if (at == TCPT_CASE_EXAMPLES)
        return;
    if (made->example_count < TCPT_CASE_EXAMPLES)
        made->example_count++;
    for (unsigned i = made->example_count - 1u; i > at; i--)
        examples[i] = examples[i - 1];
    examples[at] = (tcpt_case_example){flow, cause, cause->delay_ns};
}

static bool same_address(const tcpt_flow *a, unsigned end_of_a, const tcpt_flow *b, unsigned end_of_b)
{
    return memcmp(a->key.address[end_of_a], b->key.address[end_of_b], sizeof a->key.address[0]) == 0;
}

void tcpt_case_note_place(tcpt_case *made, const tcpt_flow *flow)
{
    const tcpt_flow *first = made->flow;

    if (flow == first)
        return;
    if (!same_address(flow, flow->client, first, first->client))
        made->differs |= TCPT_DIFFERENT_CLIENTS;
    if (!same_address(flow, !flow->client, first, !first->client))
        made->differs |= TCPT_DIFFERENT_SERVERS;
    if (flow->key.port[!flow->client] != first->key.port[!first->client])
        made->differs |= TCPT_DIFFERENT_PORTS;
}

void tcpt_case_note_frame(tcpt_case *made, const tcpt_diagnosis *diagnosis)
{
    if (made->frame_count == TCPT_CASE_FRAMES)
        return;
    made->frames_ns[made->frame_count] = diagnosis->time_ns;
    made->frames[made->frame_count++] = diagnosis->first.on;
}

bool tcpt_case_close_in_time(const tcpt_case *a, const tcpt_case *b)
{
    int64_t most_ns = tcpt_seconds_ns(TCPT_SIBLING_SECONDS);

    return a->first_ns - b->last_ns <= most_ns && b->first_ns - a->last_ns <= most_ns;
}

tcpt_case *tcpt_case_root(tcpt_case *made)
{
    while (made->joined)
        made = made->joined;
    return made;
}

/* What both ways of adding one up have in common. */
static void add_sums(tcpt_case *into, const tcpt_case *made)
{
    into->flow_count += made->flow_count;
    into->delay_ns = MIN(into->delay_ns + made->delay_ns, TCPT_DELAY_MOST_NS);
    into->differs |= made->differs;
    tcpt_case_note_place(into, made->flow);
    into->finding_count += made->finding_count;
    into->first_ns = MIN(into->first_ns, made->first_ns);
    into->last_ns = MAX(into->last_ns, made->last_ns);
    into->severity = MAX(into->severity, made->severity);
}

void tcpt_case_add_way(tcpt_case *into, const tcpt_case *made)
{
    into->ways_more++;
    tcpt_case_add_causes(into, made);
}

void tcpt_case_add_causes(tcpt_case *into, const tcpt_case *made)
{
    add_sums(into, made);
    into->cause_count += made->cause_count;
    into->confidence = MAX(into->confidence, made->confidence);
    for (unsigned i = 0; i < made->example_count; i++)
        tcpt_case_note_example(into, made->examples[i].cause);
    for (unsigned i = 0; i < made->frame_count && into->frame_count < TCPT_CASE_FRAMES; i++) {
        into->frames_ns[into->frame_count] = made->frames_ns[i];
        into->frames[into->frame_count++] = made->frames[i];
    }
}

void tcpt_case_add_consequences(tcpt_case *into, const tcpt_case *made)
{
    add_sums(into, made);
    into->consequences[tcpt_detector_number(made->detector)] += made->cause_count;
    for (unsigned number = 0; tcpt_detectors[number]; number++)
        into->consequences[number] += made->consequences[number];
}

static int compare(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

int tcpt_case_compare(gconstpointer a, gconstpointer b)
{
    const tcpt_case *left = *(const tcpt_case *const *)a, *right = *(const tcpt_case *const *)b;
    int order = compare(left->severity, right->severity);

    if (!order)
        order = compare(left->flow_count, right->flow_count);
    if (!order)
        order = compare((uint64_t)left->delay_ns, (uint64_t)right->delay_ns);
    if (!order)
        order = compare(left->confidence, right->confidence);
    if (!order)
        order = -compare((uint64_t)left->first_ns, (uint64_t)right->first_ns);
    return order ? order : -compare(left->frame, right->frame);
}
