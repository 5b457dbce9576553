/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases: what explains what, whom it blames, and how cases are ranked; with findings raised by hand. */
#include <glib.h>
#include <string.h>

#include "core/finding/cases.h"
#include "core/finding/raising.h"
#include "core/finding/store.h"
#include "tcptriage/analysis.h"
#include "unit.h"

/** A capture of lone SYNs from several clients to one server, and findings raised on them. */
typedef struct bench {
    tcpt_analysis *analysis;
    tcpt_findings store;
    tcpt_case_list list;
    uint32_t frame;
} bench;

static void bench_open(bench *on)
{
    tcpt_settings settings = tcpt_settings_default();

    *on = (bench){.analysis = tcpt_analysis_new(&settings)};
    tcpt_findings_open(&on->store, TCPT_DIAGNOSES_MOST_BYTES);
}

static void bench_close(bench *on)
{
    tcpt_cases_clear(&on->list);
    for (tcpt_flow *flow = tcpt_first_flow(on->analysis); flow; flow = flow->next)
        tcpt_found_free(flow);
    tcpt_findings_clear(&on->store);
    tcpt_analysis_free(on->analysis);
}

static tcpt_record *bench_syn(bench *on, uint8_t client, uint8_t server)
{
    const uint8_t from[4] = {192, 0, 2, client}, to[4] = {198, 51, 100, server};
    tcpt_segment segment = {
        .time_ns = INT64_C(1700000000) * 1000000000 + on->frame,
        .frame = ++on->frame,
        .depth = 1,
        .family = 4,
        .src = from,
        .dst = to,
        .src_port = 40000,
        .dst_port = 80,
        .seq = on->frame,
        .end_seq = on->frame + 1,
        .flags = TCPT_SYN,
        .header_bytes = 20,
        .window = 1000,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };

    return tcpt_analyse(on->analysis, &segment);
}

static tcpt_finding *bench_raise(bench *on, tcpt_record *record, const tcpt_detector *detector)
{
    static const tcpt_segment nothing;
    tcpt_context context = {
        .flow = record->flow, .segment = &nothing, .record = record, .detector = detector, .store = &on->store};

    return tcpt_raise(&context, TCPT_MEDIUM, "by hand");
}

static const tcpt_case *bench_cases(bench *on, unsigned *count)
{
    tcpt_cases_make(&on->list, tcpt_first_flow(on->analysis), NULL);
    *count = on->list.cases->len;
    return *count ? on->list.cases->pdata[0] : NULL;
}

/* ---- each arrow ---- */

typedef struct arrow {
    const tcpt_detector *cause;
    const tcpt_detector *consequence;
} arrow;

static void test_arrow(gconstpointer data)
{
    const arrow *row = data;
    unsigned count;
    bench on;

    bench_open(&on);
    tcpt_finding *alone = bench_raise(&on, bench_syn(&on, 1, 1), row->consequence);
    tcpt_record *both = bench_syn(&on, 2, 2);
    tcpt_finding *consequence = bench_raise(&on, both, row->consequence);
    tcpt_finding *cause = bench_raise(&on, both, row->cause);
    bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpstr(tcpt_role_in_case(alone->diagnosis), ==, "cause");
    g_assert_cmpstr(tcpt_role_in_case(cause->diagnosis), ==, "cause");
    g_assert_cmpstr(tcpt_role_in_case(consequence->diagnosis), ==, "consequence");
    g_assert_true(tcpt_case_of(consequence->diagnosis) == tcpt_case_of(cause->diagnosis));
    g_assert_true(tcpt_case_of(alone->diagnosis) != tcpt_case_of(cause->diagnosis));
    g_assert_cmpuint(tcpt_case_of(cause->diagnosis)->consequences[tcpt_detector_number(row->consequence)], ==, 1);
    bench_close(&on);
}

static const tcpt_detector *detector_of(const char *id)
{
    unsigned number = 0;

    while (strcmp(tcpt_detectors[number]->id, id) != 0)
        number++;
    return tcpt_detectors[number];
}

/* ---- one place, one case ---- */

static void test_one_listener(void)
{
    const tcpt_detector *detector = detector_of("syn_unanswered"); /* blames the listening port */
    unsigned count;
    bench on;

    bench_open(&on);
    for (uint8_t client = 1; client <= 5; client++)
        tcpt_set_delay(bench_raise(&on, bench_syn(&on, client, 1), detector), client * INT64_C(1000000000));
    bench_raise(&on, bench_syn(&on, 1, 2), detector);
    const tcpt_case *first = bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpuint(first->number, ==, 1);
    g_assert_cmpuint(first->flow_count, ==, 5);
    g_assert_cmpuint(first->cause_count, ==, 5);
    g_assert_cmpint(first->delay_ns, ==, INT64_C(15000000000));
    g_assert_cmpuint(first->example_count, ==, TCPT_CASE_EXAMPLES);
    g_assert_cmpint(first->examples[0].delay_ns, ==, INT64_C(5000000000));
    g_assert_cmpuint(first->frame, ==, 1);
    bench_close(&on);
}

/* A case is as grave as the gravest finding in it; of equals the one that hit more connections comes first. */
static void test_ranking(void)
{
    unsigned count;
    bench on;

    bench_open(&on);
    bench_raise(&on, bench_syn(&on, 1, 1), detector_of("checksum_unverifiable"));
    bench_raise(&on, bench_syn(&on, 2, 2), detector_of("stale_segment"));
    bench_raise(&on, bench_syn(&on, 3, 3), detector_of("syn_unanswered"));
    const tcpt_case *first = bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 3);
    g_assert_cmpstr(first->detector->id, ==, "syn_unanswered");
    g_assert_cmpint(first->severity, ==, TCPT_WARN);
    g_assert_cmpint(((const tcpt_case *)on.list.cases->pdata[2])->severity, ==, TCPT_CHAT);
    bench_close(&on);
}

/* Many places: what is beyond the bound is one case of its kind, and nothing is lost. */
static void test_bounded(void)
{
    enum { FLOWS = TCPT_CASES_MOST + 1000 };
    const tcpt_detector *detector = detector_of("checksum_bad"); /* blames the sender */
    uint64_t findings = 0;
    unsigned count;
    bench on;

    bench_open(&on);
    for (unsigned i = 0; i < FLOWS; i++) {
        uint8_t from[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        static const uint8_t to[4] = {198, 51, 100, 1};
        tcpt_segment segment = {.time_ns = i + 1,
                                .frame = i + 1,
                                .depth = 1,
                                .family = 4,
                                .src = from,
                                .dst = to,
                                .src_port = 40000,
                                .dst_port = 80,
                                .seq = 1,
                                .end_seq = 2,
                                .flags = TCPT_SYN,
                                .header_bytes = 20,
                                .checksum_is = TCPT_CHECKSUM_GOOD};

        bench_raise(&on, tcpt_analyse(on.analysis, &segment), detector);
    }
    bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, TCPT_CASES_MOST + 1);
    for (unsigned i = 0; i < count; i++)
        findings += ((const tcpt_case *)on.list.cases->pdata[i])->finding_count;
    g_assert_cmpuint(findings, ==, FLOWS);
    g_assert_true(((const tcpt_case *)on.list.cases->pdata[0])->scattered);
    bench_close(&on);
}

void add_cases_tests(void)
{
    g_test_add_func("/cases/one-listener", test_one_listener);
    g_test_add_func("/cases/ranking", test_ranking);
    g_test_add_func("/cases/bounded", test_bounded);
    for (unsigned i = 0; tcpt_detectors[i]; i++)
        for (const char *const *id = tcpt_detectors[i]->explains; id && *id; id++) {
            arrow *row = g_new(arrow, 1); /* as long as the program */
            char *path = g_strdup_printf("/cases/%s/%s", tcpt_detectors[i]->id, *id);

            *row = (arrow){tcpt_detectors[i], detector_of(*id)};
            g_test_add_data_func_full(path, row, test_arrow, g_free);
            g_free(path);
        }
}
