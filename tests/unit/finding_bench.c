/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "finding_bench.h"

#include <string.h>

#include "tcptriage/analysis.h"

const tcpt_detector *row(const char *id)
{
    unsigned i = 0;
    while (strcmp(tcpt_detectors[i]->id, id) != 0)
        i++;
    return tcpt_detectors[i];
}

void bench_open(bench *on, size_t most_bytes)
{
    *on = (bench){.flows = g_new0(tcpt_flow, FLOWS), .records = g_new0(tcpt_record, FRAMES)};
    tcpt_findings_open(&on->store, most_bytes);
    on->context = (tcpt_context){.settings = &on->settings,
                                 .flow = on->flows,
                                 .segment = &on->segment,
                                 .seen = &on->seen,
                                 .detector = row("rst_seq_mismatch"),
                                 .store = &on->store};
}

void bench_close(bench *on)
{
    tcpt_findings_clear(&on->store);
    g_free(on->flows);
    g_free(on->records);
}

tcpt_record *next_frame(bench *on, unsigned flow, unsigned from)
{
    tcpt_record *record = &on->records[on->used++];
    g_assert_cmpuint(on->used, <=, FRAMES);
    record->frame = on->used;
    record->owner = &on->flows[flow];
    record->from = from & 1;
    on->segment.time_ns += TCPT_MS_NS;
    on->seen.from = record->from;
    on->context.flow = tcpt_flow_of(record);
    on->context.record = record;
    return record;
}

tcpt_finding *raise_next(bench *on, unsigned flow, tcpt_confidence confidence)
{
    tcpt_record *record = next_frame(on, flow, 0);
    tcpt_finding *finding = tcpt_raise(&on->context, confidence, "number %u", record->frame);
    tcpt_set_number(finding, TCPT_F_RST_SEQ_DELTA, 7);
    tcpt_set_number(finding, TCPT_F_RST_EXPECTED_SEQ, record->frame);
    tcpt_set_text(finding, TCPT_F_RST_POSITION, "stale");
    return finding;
}

void raise_many(bench *on, unsigned flow, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        raise_next(on, flow, TCPT_HIGH);
}

static void count_one(const tcpt_finding *finding, void *data)
{
    (void)finding;
    ++*(unsigned *)data;
}

unsigned findings_on(const tcpt_record *record)
{
    unsigned count = 0;
    tcpt_each_finding(record, count_one, &count);
    return count;
}

unsigned proven_by(const tcpt_record *record)
{
    unsigned count = 0;
    tcpt_each_proven(record, count_one, &count);
    return count;
}

static void keep_one(const tcpt_finding *finding, void *data)
{
    *(const tcpt_finding **)data = finding;
}

const tcpt_finding *on_frame(const bench *on, uint32_t frame)
{
    const tcpt_finding *finding = NULL;
    g_assert_cmpuint(findings_on(&on->records[frame - 1]), ==, 1);
    tcpt_each_finding(&on->records[frame - 1], keep_one, &finding);
    return finding;
}

void assert_says(const tcpt_finding *finding, const char *wanted)
{
    char *text = tcpt_summary(finding);
    g_assert_cmpstr(text, ==, wanted);
    g_free(text);
}

int64_t number_of(const tcpt_finding *finding, tcpt_field field)
{
    tcpt_value value;
    return tcpt_value_of(finding, field, &value) ? value.number : -1;
}

unsigned list_length(const tcpt_diagnosis *diagnosis)
{
    unsigned count = 0;
    for (; diagnosis; diagnosis = diagnosis->next)
        count++;
    return count;
}

tcpt_finding *supersede(bench *on, tcpt_finding *judged)
{
    tcpt_context at_end = on->context;
    at_end.segment = NULL;
    tcpt_finding *finding = tcpt_instead_of(&at_end, judged);
    tcpt_resummarise(finding, "at the end");
    tcpt_set_number(finding, TCPT_F_RST_SEQ_DELTA, 99);
    return finding;
}
