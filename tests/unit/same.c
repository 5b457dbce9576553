/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pointers differ: each is compared by what it points to, and then cleared. One that is not known here makes the
 * comparison of the rest fail. */
#include "same.h"

#include <glib.h>
#include <string.h>

#include "core/flow/commit_answers.h"
#include "core/flow/flow.h"
#include "core/tracker/judge.h"
#include "core/tracker/tracker.h"
#include "tcptriage/points.h"

static uint32_t number_of(const tcpt_record *record)
{
    return record ? record->frame : 0;
}

static void same_record(tcpt_record **a, tcpt_record **b)
{
    g_assert_cmpuint(number_of(*a), ==, number_of(*b));
    *a = *b = NULL;
}

void same_bytes(const void *a, const void *b, size_t bytes)
{
    g_assert_true((a == NULL) == (b == NULL));
    for (size_t i = 0; a && i < bytes; i++)
        if (((const uint8_t *)a)[i] != ((const uint8_t *)b)[i])
            g_error("byte %zu of %zu differs", i, bytes);
}

static void same_steps(tcpt_endpoint *a, tcpt_endpoint *b)
{
    g_assert_cmpuint(a->ack_step_count, ==, b->ack_step_count);
    for (unsigned i = 0; i < a->ack_step_count; i++) {
        tcpt_ack_step step[2] = {a->ack_steps[i], b->ack_steps[i]};
        g_assert_cmpuint(step[0].record, ==, step[1].record);
        g_assert_cmpint(step[0].time_ns, ==, step[1].time_ns);
        g_assert_cmpuint(step[0].ack, ==, step[1].ack);
    }
    a->ack_steps = b->ack_steps = NULL;
}

static void same_damages(const tcpt_damages *a, const tcpt_damages *b)
{
    g_assert_true((a == NULL) == (b == NULL));
    if (!a)
        return;
    g_assert_cmpuint(a->count, ==, b->count);
    for (unsigned i = 0; i < a->count; i++) {
        tcpt_damage one = a->at[i], other = b->at[i];
        same_record(&one.record, &other.record);
        same_record(&one.sound, &other.sound);
        same_bytes(&one, &other, sizeof one);
    }
}

static void same_trouble(const tcpt_trouble *one, const tcpt_trouble *other)
{
    tcpt_trouble a = *one, b = *other;
    same_record(&a.provoked.record, &b.provoked.record);
    same_record(&a.refused.record, &b.refused.record);
    same_damages(a.damages, b.damages);
    a.damages = b.damages = NULL;
    a.in = b.in = NULL;
    same_bytes(&a, &b, sizeof a);
}

/** Flows of two analyses, by their newest frames. */
static void same_host(const tcpt_host *one, const tcpt_host *other)
{
    g_assert_true((one == NULL) == (other == NULL));
    if (!one)
        return;
    tcpt_host a = *one, b = *other;
    for (unsigned i = 0; i < TCPT_PILE; i++)
        same_record(&a.waits[i], &b.waits[i]);
    same_record(&a.open, &b.open);
    same_record(&a.stray, &b.stray);
    same_bytes(&a, &b, sizeof a);
}

static void same_end(tcpt_endpoint *a, tcpt_endpoint *b)
{
    same_record(&a->payload_record, &b->payload_record);
    same_record(&a->last_record, &b->last_record);
    same_record(&a->fin_record, &b->fin_record);
    same_record(&a->fin_acked_record, &b->fin_acked_record);
    same_record(&a->rst_record, &b->rst_record);
    same_record(&a->unanswered_record, &b->unanswered_record);
    same_record(&a->said_record, &b->said_record);
    same_trouble(a->trouble, b->trouble);
    a->trouble = b->trouble = NULL;
    same_steps(a, b);
    same_host(a->host, b->host);
    a->host = b->host = NULL;
}

static void same_rarities(const tcpt_rarities *one, const tcpt_rarities *other)
{
    tcpt_rarities a = *one, b = *other;
    same_record(&a.rst_run.first, &b.rst_run.first);
    same_record(&a.gone_to, &b.gone_to);
    same_record(&a.early_record, &b.early_record);
    same_record(&a.divergent[0], &b.divergent[0]);
    same_record(&a.divergent[1], &b.divergent[1]);
    memset(&a.rst_again, 0, sizeof a.rst_again); /* a note of how it was judged, not of what was seen */
    memset(&b.rst_again, 0, sizeof b.rst_again);
    same_bytes(&a, &b, sizeof a);
}

static void same_tracker(const tcpt_tracker *a, const tcpt_tracker *b)
{
    g_assert_true((a == NULL) == (b == NULL));
    if (!a)
        return;
    g_assert_true(a->follows == b->follows);
    same_bytes(&a->models.current, &b->models.current, sizeof a->models.current);
    same_bytes(a->models.old, b->models.old, sizeof *a->models.old);
}

static void same_again(const tcpt_again *a, const tcpt_again *b)
{
    g_assert_true((a == NULL) == (b == NULL));
    if (!a)
        return;
    g_assert_cmpuint(a->count, ==, b->count);
    g_assert_cmpuint(a->bytes, ==, b->bytes);
    g_assert_cmpuint(a->from, ==, b->from);
    g_assert_cmpint(a->last_ns, ==, b->last_ns);
    g_assert_cmpuint(number_of(a->first), ==, number_of(b->first));
    g_assert_cmpuint(number_of(a->ignored_ack), ==, number_of(b->ignored_ack));
}

/* Frees both. */
static void same_text(char *one, char *other)
{
    g_assert_cmpstr(one, ==, other);
    g_free(one);
    g_free(other);
}

/* Also of those that share one: what is not told is no value. */
static void same_values(const tcpt_diagnosis *a, const tcpt_diagnosis *b)
{
    tcpt_value one, other;

    g_assert_cmpuint(a->set, ==, b->set);
    g_assert_cmpuint(a->differs, ==, b->differs);
    for (unsigned at = 0; tcpt_next_value(&a->first, &at, &one);) {
        g_assert_true(tcpt_value_of(&b->first, one.field, &other));
        g_assert_cmpint(one.number, ==, other.number);
        g_assert_cmpstr(one.text, ==, other.text);
    }
    g_assert_true((a->run == NULL) == (b->run == NULL));
    if (!a->run)
        return;
    g_assert_cmpuint(a->run->joined, ==, b->run->joined);
    g_assert_cmpint(a->run->last_ns, ==, b->run->last_ns);
}

static void same_ruled_out(const tcpt_diagnosis *a, const tcpt_diagnosis *b)
{
    g_assert_cmpuint(a->ruled_out_count, ==, b->ruled_out_count);
    for (unsigned i = 0; i < a->ruled_out_count; i++)
        g_assert_cmpstr(a->ruled_out[i], ==, b->ruled_out[i]);
}

static void same_diagnosis(const tcpt_diagnosis *a, const tcpt_diagnosis *b)
{
    g_assert_true((a == NULL) == (b == NULL));
    if (!a)
        return;
    g_assert_cmpstr(a->detector->id, ==, b->detector->id);
    g_assert_cmpuint(number_of(a->first.on), ==, number_of(b->first.on));
    g_assert_cmpuint(tcpt_alike(a), ==, tcpt_alike(b));
    same_text(tcpt_summary(&a->first), tcpt_summary(&b->first));
    same_text(tcpt_brief_text(&a->first), tcpt_brief_text(&b->first));
    same_ruled_out(a, b);
    same_values(a, b);
    g_assert_cmpint(a->first.time_ns, ==, b->first.time_ns);
    g_assert_cmpint(a->time_ns, ==, b->time_ns);
    g_assert_cmpint(a->delay_ns, ==, b->delay_ns);
    g_assert_cmpint(a->until_ns, ==, b->until_ns);
    g_assert_cmpuint(a->blamed, ==, b->blamed);
    g_assert_cmpuint(a->kind, ==, b->kind);
    g_assert_cmpint(a->confidence, ==, b->confidence);
    g_assert_cmpuint(a->related_count, ==, b->related_count);
    for (unsigned i = 0; i < a->related_count; i++)
        g_assert_cmpuint(number_of(a->related[i]), ==, number_of(b->related[i]));
}

static void same_newest(const tcpt_found *a, const tcpt_found *b)
{
    g_assert_true((a == NULL) == (b == NULL));
    if (!a || !a->first || !b->first)
        return; /* taken back, all of them: same_list() looks */
    same_diagnosis(a->first->previous, b->first->previous);
}

/** All of a flow: looked through once, as a conversation may raise one with every segment. */
void same_list(const tcpt_diagnosis *a, const tcpt_diagnosis *b)
{
    for (; a && b; a = a->next, b = b->next)
        same_diagnosis(a, b);
    g_assert_true(!a && !b);
}

void same_notes(const tcpt_record *a, const tcpt_record *b)
{
    const tcpt_finding *one, *other;

    g_assert_true((a->mark & 1) == (b->mark & 1));
    if (a->mark & 1)
        return;
    for (one = a->notes, other = b->notes; one && other; one = one->next, other = other->next) {
        g_assert_cmpuint(number_of(one->on), ==, number_of(other->on));
        g_assert_cmpint(one->time_ns, ==, other->time_ns);
        g_assert_cmpstr(one->diagnosis->detector->id, ==, other->diagnosis->detector->id);
    }
    g_assert_true(!one && !other);
}

static void same_resets(const tcpt_rst_toward *one, const tcpt_rst_toward *other)
{
    g_assert_true((one == NULL) == (other == NULL));
    for (unsigned end = 0; one && end < 2; end++) {
        tcpt_rst_toward a = one[end], b = other[end];
        same_record(&a.record, &b.record);
        same_bytes(&a, &b, sizeof a);
    }
}

/** What is left of an exchange of pure ACKs that is none any more says nothing. */
static void forget_exchange(tcpt_flow *flow)
{
    if (flow->acks.as_sent)
        tcpt_keep_pure_ack(flow);
    for (unsigned end = 0; end < 2; end++)
        if (flow->acks.count == 0 || (flow->acks.count == 1 && flow->acks.from != end))
            memset(&flow->ends[end].pure_ack, 0, sizeof flow->ends[end].pure_ack);
    if (!flow->acks.count)
        memset(&flow->acks, 0, sizeof flow->acks);
}

/* In the copy of a flow alone. */
static void catch_up(tcpt_flow *flow, tcpt_tracker *tracker)
{
    if (!flow->tracker_lags && !flow->tracker_blank)
        return;
    *tracker = *flow->tracker;
    flow->tracker = tracker;
    tcpt_tracker_catch_up(flow);
    flow->tracker_lags = flow->tracker_blank = false;
}

void same_flow(const tcpt_flow *fast, const tcpt_flow *slow)
{
    static tcpt_flow a, b;
    memcpy(&a, fast, sizeof a);
    memcpy(&b, slow, sizeof b);
    tcpt_tracker caught_up[2];
    catch_up(&a, &caught_up[0]);
    catch_up(&b, &caught_up[1]);
    forget_exchange(&a);
    forget_exchange(&b);
    for (unsigned end = 0; end < 2; end++) {
        same_end(&a.ends[end], &b.ends[end]);
    }
    same_rarities(a.rare, b.rare);
    a.rare = b.rare = NULL;
    same_record(&a.last_record, &b.last_record);
    same_record(&a.first_ack_record, &b.first_ack_record);
    same_record(&a.acks_first, &b.acks_first);
    same_tracker(a.tracker, b.tracker);
    same_again(a.again, b.again);
    same_resets(a.toward, b.toward);
    same_newest(a.found, b.found);
    g_assert_true((a.memory == NULL) == (b.memory == NULL));
    g_assert_cmpuint(a.at->index, ==, b.at->index);
    a.at = b.at = NULL;
    a.tracker = b.tracker = NULL;
    a.again = b.again = NULL;
    a.toward = b.toward = NULL;
    a.found = b.found = NULL;
    a.memory = b.memory = NULL;
    same_record(&a.record, &b.record);
    same_record(&a.previous, &b.previous);
    same_record(&a.twin, &b.twin);
    a.next = b.next = NULL;
    same_bytes(&a, &b, sizeof a);
}

void same_records(const tcpt_record *fast, const tcpt_record *slow)
{
    tcpt_record a = *fast, b = *slow;
    g_assert_true((a.notes == NULL) == (b.notes == NULL));
    a.owner = b.owner = NULL;
    a.notes = b.notes = NULL;
    same_bytes(&a, &b, sizeof a);
}
