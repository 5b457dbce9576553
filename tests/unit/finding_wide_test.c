/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings that no flow has room for, and what explains a flow. */
#include "finding_test.h"

#include <glib.h>
#include <string.h>

#include "finding_bench.h"
#include "tcptriage/analysis.h"
#include "tcptriage/queries.h"

/* ---- too many in all ---- */

/* A finding on the next frame of each flow. */
static void raise_everywhere(bench *on)
{
    for (unsigned flow = 0; flow < FLOWS; flow++)
        raise_next(on, flow, TCPT_HIGH);
}

static void test_wide(void)
{
    bench on;
    bench_open(&on, 4000); /* some twenty */
    raise_everywhere(&on);
    raise_everywhere(&on);
    const tcpt_diagnosis *wide = on.store.wide;
    const tcpt_finding *last = on_frame(&on, on.used);
    g_assert_cmpuint(on.store.bytes, <, 5000);
    g_assert_true(wide && !wide->next && last->diagnosis == wide);
    g_assert_cmpuint(tcpt_alike(wide), ==, on.store.folding.wide);
    g_assert_cmpuint(tcpt_alike(wide), >, FLOWS);
    g_assert_cmpint(number_of(last, TCPT_F_RST_SEQ_DELTA), ==, 7);
    g_assert_cmpint(number_of(last, TCPT_F_RST_EXPECTED_SEQ), ==, -1);
    supersede(&on, (tcpt_finding *)last); /* nobody has room for it */
    g_assert_true(on_frame(&on, on.used) == last);
    g_assert_cmpint(number_of(last, TCPT_F_RST_SEQ_DELTA), ==, 7);
    for (uint32_t frame = 1; frame <= on.used; frame++)
        tcpt_withdraw(&on.context, (tcpt_finding *)on_frame(&on, frame));
    g_assert_null(on.store.wide);
    g_assert_cmpuint(on.store.folding.wide, ==, 0);
    bench_close(&on);
}

/* What the end raises joins them, and leaves them when it is judged again. */
static void test_wide_at_end(void)
{
    bench on;
    bench_open(&on, 4000);
    raise_everywhere(&on);
    uint32_t before = tcpt_alike(on.store.wide);
    for (unsigned i = 0; i < 5; i++) {
        for (unsigned flow = 0; flow < FLOWS; flow++) {
            tcpt_end_findings_forget(&on.flows[flow]);
            next_frame(&on, flow, 0);
            on.context.segment = NULL;
            tcpt_raise(&on.context, TCPT_HIGH, "the end");
            on.context.segment = &on.segment;
        }
        g_assert_cmpuint(tcpt_alike(on.store.wide), ==, before + FLOWS);
    }
    for (unsigned flow = 0; flow < FLOWS; flow++)
        tcpt_end_findings_forget(&on.flows[flow]);
    g_assert_cmpuint(tcpt_alike(on.store.wide), ==, before);
    g_assert_cmpuint(on.store.folding.wide, ==, before);
    bench_close(&on);
}

/* ---- what explains a flow ---- */

/* Notes and warnings count while they are there, whether they have a diagnosis of their own or not; chats do not. */
static void test_explained(gconstpointer most_bytes)
{
    bench on;
    bench_open(&on, GPOINTER_TO_UINT(most_bytes));
    raise_many(&on, 1, 40); /* a run */
    g_assert_true(tcpt_is_explained(&on.flows[1]) && tcpt_was_explained(&on.flows[1]));
    g_assert_false(tcpt_is_explained(&on.flows[0]) || tcpt_is_explained(&on.flows[2]));
    for (uint32_t frame = 1; frame <= on.used; frame++) {
        g_assert_true(tcpt_is_explained(&on.flows[1]));
        tcpt_withdraw(&on.context, (tcpt_finding *)on_frame(&on, frame));
    }
    g_assert_false(tcpt_is_explained(&on.flows[1]));
    on.context.detector = row("checksum_unverifiable");
    next_frame(&on, 2, 0);
    tcpt_raise(&on.context, TCPT_HIGH, "a chat");
    g_assert_false(tcpt_is_explained(&on.flows[2]));
    bench_close(&on);
}

/* What the end raises counts until the end is judged again. */
static void test_explained_at_end(void)
{
    bench on;
    bench_open(&on, TCPT_DIAGNOSES_MOST_BYTES);
    raise_next(&on, 1, TCPT_HIGH);
    next_frame(&on, 2, 0);
    on.context.segment = NULL;
    tcpt_raise(&on.context, TCPT_HIGH, "the end");
    tcpt_instead_of(&on.context, (tcpt_finding *)on_frame(&on, 1));
    g_assert_true(tcpt_is_explained(&on.flows[1]) && tcpt_was_explained(&on.flows[1]));
    g_assert_true(tcpt_is_explained(&on.flows[2]) && !tcpt_was_explained(&on.flows[2]));
    tcpt_end_findings_forget(&on.flows[1]);
    tcpt_end_findings_forget(&on.flows[2]);
    g_assert_true(tcpt_is_explained(&on.flows[1]) && !tcpt_is_explained(&on.flows[2]));
    bench_close(&on);
}

void add_wide_tests(void)
{
    g_test_add_func("/finding/wide", test_wide);
    g_test_add_func("/finding/wide-at-end", test_wide_at_end);
    g_test_add_data_func("/finding/explained", GUINT_TO_POINTER(TCPT_DIAGNOSES_MOST_BYTES), test_explained);
    g_test_add_data_func("/finding/explained-wide", GUINT_TO_POINTER(1), test_explained);
    g_test_add_func("/finding/explained-at-end", test_explained_at_end);
}
