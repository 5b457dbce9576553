/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings raised on frames that are no capture's: told as one, taken back, superseded, kept short. */
#include "finding_test.h"

#include <glib.h>
#include <string.h>
#include <time.h>

#include "finding_bench.h"
#include "tcptriage/analysis.h"
#include "tcptriage/queries.h"

/* ---- runs ---- */

static void test_apart(void)
{
    bench on;
    bench_open(&on, SIZE_MAX);
    raise_many(&on, 0, TCPT_ALIKE_MOST);
    g_assert_cmpuint(list_length(tcpt_first_diagnosis(on.flows)), ==, TCPT_ALIKE_MOST);
    assert_says(on_frame(&on, 9), "number 9");
    g_assert_cmpint(number_of(on_frame(&on, 9), TCPT_F_RST_EXPECTED_SEQ), ==, 9);
    g_assert_cmpuint(on_frame(&on, 9)->diagnosis->first.on->frame, ==, 9);
    g_assert_cmpuint(on.store.folding.in_flows, ==, 0);
    bench_close(&on);
}

/* The 17th begins a run; what is behind it says what is true of all. */
static void test_run(void)
{
    bench on;
    bench_open(&on, SIZE_MAX);
    raise_many(&on, 0, 100);
    const tcpt_finding *first = on_frame(&on, 17), *later = on_frame(&on, 60);
    tcpt_value position;
    g_assert_cmpuint(list_length(tcpt_first_diagnosis(on.flows)), ==, TCPT_ALIKE_MOST + 1);
    g_assert_cmpuint(tcpt_alike(first->diagnosis), ==, 84);
    g_assert_cmpuint(on.store.folding.in_flows, ==, 83);
    assert_says(first, "number 17");
    assert_says(later, "As in frame 17, one of 84 alike in this connection: number 17");
    g_assert_cmpint(number_of(first, TCPT_F_RST_EXPECTED_SEQ), ==, 17);
    g_assert_cmpint(number_of(later, TCPT_F_RST_EXPECTED_SEQ), ==, -1);
    g_assert_cmpint(number_of(later, TCPT_F_RST_SEQ_DELTA), ==, 7);
    g_assert_true(tcpt_value_of(later, TCPT_F_RST_POSITION, &position));
    g_assert_cmpstr(position.text, ==, "stale");
    g_assert_true(on_frame(&on, 100)->diagnosis == first->diagnosis);
    g_assert_cmpint(first->diagnosis->run->last_ns, ==, on_frame(&on, 100)->time_ns);
    bench_close(&on);
}

/* Only those of one detector, one sender and one flow are alike. */
static void test_kinds(void)
{
    bench on;
    bench_open(&on, SIZE_MAX);
    raise_many(&on, 0, TCPT_ALIKE_MOST);
    next_frame(&on, 0, 1);
    g_assert_null(tcpt_raise(&on.context, TCPT_LOW, "by the other end")->diagnosis->run);
    next_frame(&on, 1, 0);
    g_assert_null(tcpt_raise(&on.context, TCPT_LOW, "in another flow")->diagnosis->run);
    on.context.detector = row("challenge_ack");
    next_frame(&on, 0, 0);
    g_assert_null(tcpt_raise(&on.context, TCPT_LOW, "by another detector")->diagnosis->run);
    bench_close(&on);
}

/* Values that a sentence names are written as they are when it is read. */
static void test_named_values(void)
{
    bench on;
    bench_open(&on, SIZE_MAX);
    on.context.detector = row("acked_retransmit_storm");
    next_frame(&on, 0, 0);
    tcpt_finding *finding =
        tcpt_raise(&on.context, TCPT_HIGH, "%s: {storm.count} in {storm.duration} s, {not.there}%u", "{}", 7u);
    tcpt_brief(finding, "{storm.bytes}{storm.count}");
    tcpt_set_number(finding, TCPT_F_STORM_COUNT, 4000000000);
    tcpt_set_number(finding, TCPT_F_STORM_DURATION, 0);
    assert_says(finding, "{}: 4000000000 in 0.0 s, 7");
    tcpt_set_number(finding, TCPT_F_STORM_COUNT, 5);
    tcpt_set_number(finding, TCPT_F_STORM_BYTES, 12);
    tcpt_set_number(finding, TCPT_F_STORM_DURATION, 2 * TCPT_SECOND_NS + 160 * TCPT_MS_NS);
    assert_says(finding, "{}: 5 in 2.2 s, 7");
    char *brief = tcpt_brief_text(finding);
    g_assert_cmpstr(brief, ==, "125");
    g_free(brief);
    bench_close(&on);
}

/* What is told of many is as sure as the least sure of them, and what is set later is told of none but one. */
static void test_completed_later(void)
{
    bench on;
    bench_open(&on, SIZE_MAX);
    raise_many(&on, 0, TCPT_ALIKE_MOST);
    tcpt_finding *first = raise_next(&on, 0, TCPT_HIGH);
    tcpt_resummarise(first, "more is known");
    tcpt_set_number(first, TCPT_F_RST_EXPECTED_SEQ, 1);
    tcpt_finding *later = raise_next(&on, 0, TCPT_MEDIUM);
    g_assert_true(later != first && later->diagnosis == first->diagnosis);
    tcpt_resummarise(later, "of this one");
    tcpt_set_number(later, TCPT_F_RST_SEQ_DELTA, 8);
    tcpt_take_text(later, TCPT_F_RST_POSITION, g_strdup("stale"));
    tcpt_take_text(later, TCPT_F_RST_VERDICT, g_strdup("reset"));
    g_assert_cmpint(first->diagnosis->confidence, ==, TCPT_MEDIUM);
    tcpt_set_confidence(later, TCPT_HIGH);
    g_assert_cmpint(first->diagnosis->confidence, ==, TCPT_MEDIUM);
    tcpt_set_confidence(later, TCPT_LOW);
    g_assert_cmpint(first->diagnosis->confidence, ==, TCPT_LOW);
    assert_says(first, "more is known");
    g_assert_cmpint(number_of(first, TCPT_F_RST_EXPECTED_SEQ), ==, 1);
    g_assert_cmpint(number_of(first, TCPT_F_RST_SEQ_DELTA), ==, 7);
    g_assert_cmpint(number_of(later, TCPT_F_RST_SEQ_DELTA), ==, -1);
    bench_close(&on);
}

static void test_number_of_all(void)
{
    bench on;
    bench_open(&on, SIZE_MAX);
    raise_many(&on, 0, 20);
    next_frame(&on, 0, 0);
    tcpt_set_number_of_all(&on.context, TCPT_F_RST_RESOLVED_IN, on.used);
    for (uint32_t frame = 1; frame <= 20; frame++)
        g_assert_cmpint(number_of(on_frame(&on, frame), TCPT_F_RST_RESOLVED_IN), ==, 21);
    raise_next(&on, 0, TCPT_HIGH); /* not resolved by what was before it */
    g_assert_cmpint(number_of(on_frame(&on, 22), TCPT_F_RST_RESOLVED_IN), ==, -1);
    bench_close(&on);
}

/* ---- taking back ---- */

/* Whatever is taken back in whatever order: at the end nothing is left. */
static void test_withdraw(gconstpointer data)
{
    enum { COUNT = 100 };
    const unsigned step = GPOINTER_TO_UINT(data); /* has no divisor in common with COUNT */
    const tcpt_record *raised[COUNT];
    bench on;
    bench_open(&on, SIZE_MAX);
    tcpt_record *proof = next_frame(&on, 0, 1);
    for (unsigned i = 0; i < COUNT; i++) {
        tcpt_finding *finding = raise_next(&on, 0, TCPT_HIGH);
        tcpt_relate(finding, proof);
        tcpt_rule_out(finding, "something");
        raised[i] = finding->on;
    }
    for (unsigned i = 0, at = 0; i < COUNT; i++, at = (at + step) % COUNT) {
        const tcpt_record *record = raised[at];
        g_assert_cmpuint(findings_on(record), ==, 1);
        tcpt_withdraw(&on.context, tcpt_raised_on(&on.context, record));
        g_assert_cmpuint(findings_on(record), ==, 0);
    }
    g_assert_null(tcpt_first_diagnosis(on.flows));
    g_assert_null(proof->notes);
    g_assert_cmpuint(on.store.bytes, ==, 0);
    g_assert_cmpuint(on.store.folding.in_flows, ==, 0);
    raise_many(&on, 0, 3);
    g_assert_cmpuint(list_length(tcpt_first_diagnosis(on.flows)), ==, 3);
    bench_close(&on);
}

static void test_withdraw_newest(void)
{
    bench on;
    bench_open(&on, SIZE_MAX);
    raise_many(&on, 0, 40);
    const tcpt_diagnosis *run = on_frame(&on, 40)->diagnosis;
    tcpt_withdraw(&on.context, (tcpt_finding *)on_frame(&on, 40));
    g_assert_cmpuint(findings_on(&on.records[39]), ==, 0);
    g_assert_true(on_frame(&on, 39)->diagnosis == run);
    g_assert_cmpuint(tcpt_alike(run), ==, 23);
    bench_close(&on);
}

/* Taking back costs the same however many there are; a walk over all of them would take minutes (processor time). */
static void test_withdraw_many(void)
{
    enum { MOST_SECONDS = 5 };
    bench on;
    bench_open(&on, SIZE_MAX);
    clock_t begun = clock();
    raise_many(&on, 0, FRAMES);
    for (uint32_t frame = FRAMES; frame > 0; frame--)
        tcpt_withdraw(&on.context, (tcpt_finding *)on_frame(&on, frame));
    g_assert_cmpuint((clock() - begun) / CLOCKS_PER_SEC, <, MOST_SECONDS);
    g_assert_null(tcpt_first_diagnosis(on.flows));
    bench_close(&on);
}

/* ---- proofs ---- */

static void test_proofs(void)
{
    bench on;
    bench_open(&on, SIZE_MAX);
    tcpt_record *proof = next_frame(&on, 0, 1);
    for (unsigned i = 0; i < FLOWS; i++) {
        tcpt_finding *finding = raise_next(&on, i, TCPT_HIGH);
        tcpt_relate(finding, proof);
        tcpt_relate(finding, proof);
        tcpt_relate(finding, finding->on);
        tcpt_relate(finding, NULL);
        g_assert_cmpuint(finding->diagnosis->related_count, ==, 1);
    }
    g_assert_cmpuint(proven_by(proof), ==, TCPT_PROOFS_MOST);
    g_assert_cmpuint(findings_on(proof), ==, 0);
    g_assert_cmpuint(on.store.folding.proofs, ==, FLOWS - TCPT_PROOFS_MOST);
    bench_close(&on);
}

static void test_related(void)
{
    bench on;
    bench_open(&on, SIZE_MAX);
    tcpt_finding *finding = raise_next(&on, 0, TCPT_HIGH);
    for (unsigned i = 0; i < 20; i++)
        tcpt_relate(finding, next_frame(&on, 0, 0));
    g_assert_cmpuint(finding->diagnosis->related_count, ==, TCPT_MAX_RELATED);
    for (uint32_t i = 0; i < TCPT_MAX_RELATED; i++)
        g_assert_cmpuint(finding->diagnosis->related[i]->frame, ==, i + 2);
    bench_close(&on);
}

/* One by one behind those that were all related at once, however many these are. */
static void test_related_all(void)
{
    for (uint32_t count = 1; count <= TCPT_MAX_RELATED + 1; count++) {
        bench on;
        bench_open(&on, SIZE_MAX);
        tcpt_record *lost[TCPT_MAX_RELATED + 1];
        for (uint32_t i = 0; i < count; i++)
            lost[i] = next_frame(&on, 0, 0);
        next_frame(&on, 0, 0);
        on.context.segment = NULL;
        tcpt_finding *finding = tcpt_raise(&on.context, TCPT_HIGH, "end");
        tcpt_relate_all(finding, lost, count);
        for (unsigned i = 0; i < TCPT_MAX_RELATED; i++)
            tcpt_relate(finding, &on.records[on.used + i]);
        g_assert_cmpuint(finding->diagnosis->related_count, ==, MAX(count, TCPT_MAX_RELATED));
        for (uint32_t i = 0; i < count; i++)
            g_assert_true(finding->diagnosis->related[i] == lost[i]);
        bench_close(&on);
    }
}

/* A run's proof is not a frame of its own; without its first finding nothing more is related to it. */
static void test_related_run(void)
{
    bench on;
    bench_open(&on, SIZE_MAX);
    raise_many(&on, 0, TCPT_ALIKE_MOST);
    tcpt_finding *first = raise_next(&on, 0, TCPT_HIGH), *later = raise_next(&on, 0, TCPT_HIGH);
    tcpt_record *proof = next_frame(&on, 0, 1);
    tcpt_relate(later, first->on);
    tcpt_relate(first, proof);
    g_assert_cmpuint(later->diagnosis->related_count, ==, 1);
    tcpt_withdraw(&on.context, first);
    tcpt_relate(later, next_frame(&on, 0, 1));
    g_assert_cmpuint(later->diagnosis->related_count, <=, 1);
    bench_close(&on);
}

/* Texts that are its own and others in turn: each is freed once. */
static void test_texts(void)
{
    bench on;
    bench_open(&on, SIZE_MAX);
    tcpt_finding *finding = raise_next(&on, 0, TCPT_HIGH);
    tcpt_value value;
    tcpt_take_text(finding, TCPT_F_RST_POSITION, g_strdup("one"));
    tcpt_take_text(finding, TCPT_F_RST_VERDICT, g_strdup("other"));
    tcpt_set_text(finding, TCPT_F_RST_POSITION, "not its own");
    tcpt_take_text(finding, TCPT_F_RST_POSITION, g_strdup("again"));
    tcpt_set_text(finding, TCPT_F_RST_VERDICT, "nor this");
    tcpt_set_text(finding, TCPT_F_RST_VERDICT, "nor that");
    g_assert_true(tcpt_value_of(finding, TCPT_F_RST_POSITION, &value));
    g_assert_cmpstr(value.text, ==, "again");
    g_assert_true(tcpt_value_of(finding, TCPT_F_RST_VERDICT, &value));
    g_assert_cmpstr(value.text, ==, "nor that");
    bench_close(&on);
}

/* ---- the end ---- */

static void test_superseded(gconstpointer data)
{
    const uint32_t frame = GPOINTER_TO_UINT(data); /* kept apart, the first of a run, or within it */
    char *before;
    bench on;
    bench_open(&on, SIZE_MAX);
    raise_many(&on, 0, 30);
    tcpt_finding *judged = (tcpt_finding *)on_frame(&on, frame);
    uint32_t alike = tcpt_alike(judged->diagnosis);
    before = tcpt_summary(judged);
    for (unsigned i = 0; i < 3; i++) {
        supersede(&on, judged);
        assert_says(on_frame(&on, frame), "at the end");
        g_assert_cmpint(number_of(on_frame(&on, frame), TCPT_F_RST_SEQ_DELTA), ==, 99);
        g_assert_cmpint(number_of(on_frame(&on, frame), TCPT_F_RST_EXPECTED_SEQ), ==,
                        number_of(judged, TCPT_F_RST_EXPECTED_SEQ));
        g_assert_cmpuint(tcpt_alike(judged->diagnosis), ==, alike - 1);
        tcpt_end_findings_forget(on.flows);
        assert_says(on_frame(&on, frame), before);
        g_assert_cmpint(number_of(judged, TCPT_F_RST_SEQ_DELTA), ==, 7);
        g_assert_cmpuint(tcpt_alike(judged->diagnosis), ==, alike);
    }
    supersede(&on, judged);
    tcpt_withdraw(&on.context, judged);
    g_assert_cmpuint(findings_on(&on.records[frame - 1]), ==, 0);
    g_assert_null(tcpt_first_end_diagnosis(on.flows));
    g_free(before);
    bench_close(&on);
}

static void test_end_again(void)
{
    bench on;
    bench_open(&on, SIZE_MAX);
    tcpt_record *last = next_frame(&on, 0, 0);
    on.context.segment = NULL;
    for (unsigned i = 0; i < 100; i++) {
        tcpt_end_findings_forget(on.flows);
        tcpt_finding *finding = tcpt_raise(&on.context, TCPT_HIGH, "end %u", i);
        tcpt_relate_all(finding, (tcpt_record *[]){next_frame(&on, 0, 0), next_frame(&on, 0, 0)}, 2);
        on.context.record = last;
        g_assert_cmpuint(findings_on(last), ==, 1);
    }
    g_assert_cmpuint(proven_by(&on.records[1]), ==, 0);
    g_assert_cmpuint(proven_by(&on.records[on.used - 1]), ==, 1);
    bench_close(&on);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_sentence_tests();
    add_wide_tests();
    g_test_add_func("/finding/apart", test_apart);
    g_test_add_func("/finding/run", test_run);
    g_test_add_func("/finding/kinds", test_kinds);
    g_test_add_func("/finding/completed-later", test_completed_later);
    g_test_add_func("/finding/named-values", test_named_values);
    g_test_add_func("/finding/number-of-all", test_number_of_all);
    g_test_add_data_func("/finding/withdraw-forward", GUINT_TO_POINTER(1), test_withdraw);
    g_test_add_data_func("/finding/withdraw-backward", GUINT_TO_POINTER(99), test_withdraw);
    g_test_add_data_func("/finding/withdraw-scattered", GUINT_TO_POINTER(37), test_withdraw);
    g_test_add_func("/finding/withdraw-newest", test_withdraw_newest);
    g_test_add_func("/finding/withdraw-many", test_withdraw_many);
    g_test_add_func("/finding/proofs", test_proofs);
    g_test_add_func("/finding/related", test_related);
    g_test_add_func("/finding/related-all", test_related_all);
    g_test_add_func("/finding/related-run", test_related_run);
    g_test_add_func("/finding/texts", test_texts);
    g_test_add_data_func("/finding/superseded", GUINT_TO_POINTER(5), test_superseded);
    g_test_add_data_func("/finding/superseded-first-of-run", GUINT_TO_POINTER(17), test_superseded);
    g_test_add_data_func("/finding/superseded-in-run", GUINT_TO_POINTER(25), test_superseded);
    g_test_add_func("/finding/end-again", test_end_again);
    return g_test_run();
}
