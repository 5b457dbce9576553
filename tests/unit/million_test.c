/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A capture with a million findings: what its report takes, in lines, time and memory. */
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/finding/store.h"
#include "html.h"
#include "model.h"
#include "tcptriage/analysis.h"
#include "text.h"
#include "unit.h"

enum {
    FINDINGS = 1000000,
    LINES_MOST = 200,
    REPORT_MS_MOST = 2000,
    PAGE_MOST_BYTES = 1000000,
    FINDINGS_MOST_BYTES = 64 << 20,
    PER_FLOW = 50,
};

typedef struct million {
    tcpt_analysis *analysis;
    uint32_t frame;
} million;

static void say(million *on, uint32_t flow, bool from_server, uint8_t flags, uint32_t seq, uint32_t ack)
{
    const uint8_t client[4] = {10, (uint8_t)(flow >> 16), (uint8_t)(flow >> 8), (uint8_t)flow};
    static const uint8_t server[4] = {198, 51, 100, 1};
    tcpt_segment segment = {
        .time_ns = INT64_C(1700000000000000000) + on->frame * INT64_C(10000),
        .frame = ++on->frame,
        .depth = 1,
        .family = 4,
        .ttl = 64,
        .src = from_server ? server : client,
        .dst = from_server ? client : server,
        .src_port = from_server ? 80 : 40000,
        .dst_port = from_server ? 40000 : 80,
        .seq = seq,
        .ack = ack,
        .end_seq = seq + !!(flags & TCPT_SYN),
        .flags = flags,
        .header_bytes = 20,
        .window = 65535,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };

    tcpt_analyse(on->analysis, &segment);
}

/* RSTs that fall short, many in each of many connections, all at once. */
static void reset_all(million *on)
{
    enum { FLOWS = FINDINGS / PER_FLOW };

    for (uint32_t flow = 0; flow < FLOWS; flow++) {
        say(on, flow, false, TCPT_SYN, 1000, 0);
        say(on, flow, true, TCPT_SYN | TCPT_ACK, 9000, 1001);
        say(on, flow, false, TCPT_ACK, 1001, 9001);
    }
    for (uint32_t i = 0; i < FINDINGS; i++)
        say(on, i % FLOWS, false, TCPT_RST, 1101 + i / FLOWS, 0);
}

static void count(const tcpt_finding *finding, void *data)
{
    (void)finding;
    ++*(uint64_t *)data;
}

static size_t store_bytes(const tcpt_analysis *analysis)
{
    const tcpt_findings *store = tcpt_first_diagnosis(tcpt_first_flow(analysis))->store;
    enum { SLAB_BYTES = 512 * sizeof(tcpt_finding) }; /* core/finding/store.c */

    return store->bytes + (store->slabs ? store->slabs->len * (size_t)SLAB_BYTES : 0);
}

static unsigned lines_of(const char *text)
{
    unsigned lines = 0;

    for (; (text = strchr(text, '\n')) != NULL; text++)
        lines++;
    return lines;
}

/* A capture of that kind, and how long it takes until its report is written. */
static double report_ms(bool pictures, void (*report)(const tcpt_model *model, void *data), void *data)
{
    tcpt_settings settings = tcpt_settings_default();
    million on = {.analysis = tcpt_analysis_new(&settings)};
    uint64_t findings = 0;
    tcpt_model *model;
    clock_t begun;
    double ms;

    if (pictures)
        tcpt_expect_pictures(on.analysis);
    reset_all(&on);
    begun = clock();
    model = tcpt_model_new(&(tcpt_report){.analysis = on.analysis, .least = TCPT_NOTE});
    report(model, data);
    ms = (double)(clock() - begun) * 1000 / CLOCKS_PER_SEC;
    tcpt_each_found(on.analysis, count, &findings);
    g_assert_cmpuint(findings, >=, FINDINGS);
    g_assert_cmpuint(store_bytes(on.analysis), <, FINDINGS_MOST_BYTES);
    g_test_message("%" G_GUINT64_FORMAT " findings: %.0f ms, %.1f MiB", findings, ms,
                   (double)store_bytes(on.analysis) / (1 << 20));
    tcpt_model_free(model);
    tcpt_analysis_free(on.analysis);
    return ms;
}

static void write_text(const tcpt_model *model, void *data)
{
    tcpt_report_text(data, model);
}

static void test_text(void)
{
    GString *text = g_string_new(NULL);

    g_assert_cmpfloat(report_ms(false, write_text, text), <, REPORT_MS_MOST);
    g_assert_cmpuint(lines_of(text->str), <, LINES_MOST);
    g_string_free(text, TRUE);
}

static void write_page(const tcpt_model *model, void *data)
{
    tcpt_report_html(data, model);
}

static void test_page(void)
{
    FILE *file = tmpfile();

    g_assert_nonnull(file);
    g_assert_cmpfloat(report_ms(true, write_page, file), <, REPORT_MS_MOST);
    g_test_message("%ld bytes", ftell(file));
    g_assert_cmpint(ftell(file), <, PAGE_MOST_BYTES);
    fclose(file);
}

void add_million_tests(void)
{
    g_test_add_func("/report/million/text", test_text);
    g_test_add_func("/report/million/page", test_page);
}
