/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench.h"

#include <glib.h>
#include <string.h>

#include "core/finding/raising.h"
#include "core/state.h"

void bench_open(bench *on)
{
    tcpt_settings settings = tcpt_settings_default();

    *on = (bench){.analysis = tcpt_analysis_new(&settings)};
    tcpt_findings_open(&on->store, TCPT_DIAGNOSES_MOST_BYTES);
}

void bench_close(bench *on)
{
    tcpt_cases_clear(&on->list);
    tcpt_findings_clear(&on->store);
    tcpt_analysis_free(on->analysis);
}

int64_t bench_time(const bench *on)
{
    return INT64_C(1700000000) * 1000000000 + on->now_ns + on->frame;
}

tcpt_record *bench_syn_of(bench *on, uint8_t family, const uint8_t *from, const uint8_t *to, uint16_t port)
{
    tcpt_segment segment = {
        .time_ns = bench_time(on),
        .frame = ++on->frame,
        .point = on->point,
        .point_name = on->point ? "far" : "near",
        .depth = 1,
        .family = family,
        .src = from,
        .dst = to,
        .src_port = 40000,
        .dst_port = port,
        .seq = on->frame,
        .end_seq = on->frame + 1,
        .flags = TCPT_SYN,
        .header_bytes = 20,
        .window = 1000,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };

    return tcpt_analyse(on->analysis, &segment);
}

tcpt_record *bench_syn(bench *on, uint8_t client, uint8_t server)
{
    const uint8_t from[4] = {192, 0, 2, client}, to[4] = {198, 51, 100, server};

    return bench_syn_of(on, 4, from, to, 80);
}

tcpt_finding *bench_raise(bench *on, tcpt_record *record, const tcpt_detector *detector)
{
    static const tcpt_segment nothing;
    tcpt_context context = {
        .flow = tcpt_flow_of(record), .segment = &nothing, .record = record, .detector = detector, .store = &on->store};

    return tcpt_raise(&context, TCPT_MEDIUM, "by hand");
}

const tcpt_case *bench_cases(bench *on, unsigned *count)
{
    tcpt_cases_make(&on->list, tcpt_first_flow(on->analysis), NULL, on->analysis->peers);
    *count = on->list.cases->len;
    return *count ? on->list.cases->pdata[0] : NULL;
}

const tcpt_detector *bench_detector(const char *id)
{
    unsigned number = 0;

    while (tcpt_detectors[number] && strcmp(tcpt_detectors[number]->id, id) != 0)
        number++;
    g_assert_nonnull(tcpt_detectors[number]);
    return tcpt_detectors[number];
}
