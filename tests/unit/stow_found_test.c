/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was found in a flow that is stowed away comes back in every field; what others point to is left as it is. */
#include "stow_test.h"

#include <glib.h>
#include <inttypes.h>
#include <string.h>

#include "core/finding/notes.h"
#include "core/finding/stowed.h"
#include "core/state.h"
#include "core/stowing.h"
#include "tcptriage/times.h"

enum { FRAMES = 6, OTHERS = 2 };

/* A flow that nothing was found in, and the frames of it and of another one. */
typedef struct bench {
    tcpt_analysis *analysis;
    tcpt_segment segment;
    tcpt_observation seen;
    tcpt_context context;
    tcpt_record *records[FRAMES];
    tcpt_record *others[OTHERS];
} bench;

static tcpt_record *analyse(bench *on, uint16_t port, unsigned number)
{
    static const uint8_t client[4] = {192, 0, 2, 1}, server[4] = {198, 51, 100, 2};
    unsigned from_server = number % 2, flags = number > 1 ? TCPT_ACK : number ? TCPT_SYN | TCPT_ACK : TCPT_SYN;

    on->segment = (tcpt_segment){
        .time_ns = on->segment.time_ns + TCPT_MS_NS,
        .frame = on->segment.frame + 1,
        .depth = 1,
        .family = 4,
        .src = from_server ? server : client,
        .dst = from_server ? client : server,
        .src_port = from_server ? 443 : port,
        .dst_port = from_server ? port : 443,
        .seq = number > 1 ? 1001 : 1000,
        .ack = number ? 1001 : 0,
        .flags = (uint8_t)flags,
        .header_bytes = 20,
        .window = (uint16_t)(1000 + number),
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };
    on->segment.end_seq = on->segment.seq + (number < 2);
    return tcpt_analyse(on->analysis, &on->segment);
}

static const tcpt_detector *row(const char *id)
{
    unsigned i = 0;
    while (strcmp(tcpt_detectors[i]->id, id) != 0)
        i++;
    return tcpt_detectors[i];
}

static void bench_open(bench *on)
{
    tcpt_settings settings = tcpt_settings_default();
    *on = (bench){.analysis = tcpt_analysis_new(&settings), .segment.time_ns = INT64_C(1700000000000000000)};
    for (unsigned i = 0; i < OTHERS; i++)
        on->others[i] = analyse(on, 50000, i);
    for (unsigned i = 0; i < FRAMES; i++)
        on->records[i] = analyse(on, 40000, i);
    on->context = (tcpt_context){.settings = &on->analysis->settings,
                                 .flow = tcpt_flow_of(on->records[0]),
                                 .segment = &on->segment,
                                 .seen = &on->seen,
                                 .record = on->records[FRAMES - 1],
                                 .detector = row("rst_seq_mismatch"),
                                 .store = &on->analysis->findings};
    g_assert_null(on->context.flow->found);
}

static void bench_close(bench *on)
{
    tcpt_analysis_free(on->analysis);
}

static tcpt_flow *flow_of(const bench *on)
{
    return tcpt_flow_of(on->records[0]);
}

static tcpt_finding *raise_on(const bench *on, unsigned frame)
{
    return tcpt_raise_on(&on->context, on->records[frame], 5 * TCPT_SECOND_NS + frame, TCPT_MEDIUM, "%s, %u, %f",
                         "a text that is kept once", 7 * frame, 0.5 * frame);
}

/* ---- every field ---- */

static void write_texts(GString *out, const tcpt_diagnosis *of)
{
    char *sentence = tcpt_sentence_of(of), *brief = tcpt_brief_text(&of->first);
    g_string_append_printf(out, "%s|%s", sentence, brief);
    for (unsigned i = 0; i < of->ruled_out_count; i++)
        g_string_append_printf(out, "|%s", of->ruled_out[i]);
    g_free(sentence);
    g_free(brief);
}

static void write_values(GString *out, const tcpt_diagnosis *of)
{
    tcpt_value value;
    for (unsigned at = 0; tcpt_next_value(&of->first, &at, &value);)
        g_string_append_printf(out, "|%s %" PRId64 " %s", tcpt_fields[value.field].filter, value.number,
                               value.text ? value.text : "");
}

static void write_frames(GString *out, const tcpt_diagnosis *of)
{
    g_string_append_printf(out, "|on %u, proven by", of->first.on->frame);
    for (uint32_t i = 0; i < of->related_count; i++)
        g_string_append_printf(out, " %u", of->related[i]->frame);
}

/* All members but those that tell where others lie. */
static void write_members(GString *out, const tcpt_diagnosis *of)
{
    g_string_append_printf(out, "|%s %u %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, of->detector->id, of->number,
                           of->first.time_ns, of->time_ns, of->delay_ns, of->until_ns);
    g_string_append_printf(out, "|%u %u %u %u %u", of->bytes, of->superseded, of->set, of->differs, of->owned);
    g_string_append_printf(out, "|%u %u %u %u", of->brief_bytes, of->argument_bytes, of->argument_room, of->own_room);
    g_string_append_printf(out, "|%u %u %u %u %u", of->next_place, of->confidence, of->related_room, of->kind,
                           of->blamed);
    g_string_append_printf(out, "|%d%d%d%d%d%d%d", of->at_end, of->consequence, of->wide, of->first_gone, of->unseen,
                           of->refuted, of->run || of->instead_of || of->part_of);
    g_string_append_printf(out, "|%d", of->related == of->few);
}

static void write_notes(GString *out, const tcpt_record *record)
{
    g_string_append_printf(out, "%u:", record->frame);
    for (const tcpt_finding *note = record->notes; note; note = note->next)
        g_string_append_printf(out, " %s %u %" PRId64, note == &note->diagnosis->first ? "is" : "proves",
                               note->on->frame, note->time_ns);
    g_string_append_c(out, '\n');
}

/* All that was found in the flow, as text. */
static char *written(const bench *on)
{
    const tcpt_found *found = flow_of(on)->found;
    GString *out = g_string_new(NULL);
    const tcpt_diagnosis *last = NULL;
    for (const tcpt_diagnosis *of = found->first; of; last = of, of = of->next) {
        write_texts(out, of);
        write_values(out, of);
        write_frames(out, of);
        write_members(out, of);
        g_assert_true(of->store == &on->analysis->findings && of->first.diagnosis == of);
        g_assert_true(of == found->first || of->previous == last);
        g_string_append_c(out, '\n');
    }
    g_assert_true(found->first->previous == last);
    for (unsigned i = 0; i < FRAMES; i++)
        write_notes(out, on->records[i]);
    g_string_append_printf(out, "%u %u %zu\n", found->weighty[0], found->weighty[1], on->analysis->findings.bytes);
    return g_string_free(out, FALSE);
}

static void stow(bench *on)
{
    tcpt_found_stow(&on->analysis->findings, flow_of(on), on->records, FRAMES);
}

static void unstow(bench *on)
{
    tcpt_found_unstow(&on->analysis->findings, flow_of(on), on->records);
}

static unsigned stowed_lists(const bench *on)
{
    unsigned count = 0;
    for (unsigned i = 0; i < FRAMES; i++)
        count += !tcpt_notes_are_listed(on->records[i]);
    return count;
}

/* It is stowed away so often, each time the same comes back. */
static void assert_comes_back(bench *on, unsigned lists)
{
    char *before = written(on);
    for (unsigned i = 0; i < 3; i++) {
        const tcpt_found *found = flow_of(on)->found;
        stow(on);
        g_assert_true(flow_of(on)->found != found);
        g_assert_cmpuint(stowed_lists(on), ==, lists);
        unstow(on);
        g_assert_cmpuint(stowed_lists(on), ==, 0);
        char *after = written(on);
        g_assert_cmpstr(after, ==, before);
        g_free(after);
    }
    g_free(before);
}

static void complete(const bench *on, tcpt_finding *finding)
{
    tcpt_set_number(finding, TCPT_F_RST_SEQ_DELTA, INT32_MIN);
    tcpt_set_number(finding, TCPT_F_RST_EXPECTED_SEQ, UINT32_MAX);
    tcpt_set_text(finding, TCPT_F_RST_POSITION, "stale");
    tcpt_take_text(finding, TCPT_F_RST_VERDICT, g_strdup("of its own"));
    tcpt_brief(finding, "in %s, %u", "short", 12u);
    tcpt_rule_out(finding, "one thing");
    tcpt_rule_out(finding, "another");
    tcpt_set_delay(finding, 123456789);
    tcpt_set_until(finding, 6 * TCPT_SECOND_NS);
    tcpt_set_blamed(finding, 1);
    tcpt_set_confidence(finding, TCPT_HIGH);
    tcpt_relate(finding, on->records[0]);
    tcpt_relate(finding, on->records[4]);
}

static void test_plain(void)
{
    bench on;
    bench_open(&on);
    raise_on(&on, 2);
    assert_comes_back(&on, 1);
    bench_close(&on);
}

static void test_every_field(void)
{
    bench on;
    bench_open(&on);
    complete(&on, raise_on(&on, 1));
    tcpt_finding *finding = raise_on(&on, 1), *longest = raise_on(&on, 5);
    complete(&on, finding);
    tcpt_relate(finding, on.records[5]); /* the third: they lie elsewhere */
    tcpt_resummarise(longest, "%s and %s", "more arguments than there is room for", "so that they have their own");
    tcpt_set_number(longest, TCPT_F_RST_RESOLVED_IN, 6);
    assert_comes_back(&on, 4);
    bench_close(&on);
}

/* Whoever asks for a frame's findings, or adds to them, finds them. */
static void test_asked(void)
{
    bench on;
    bench_open(&on);
    tcpt_flow *flow = flow_of(&on);
    complete(&on, raise_on(&on, 1));
    char *before = written(&on);
    tcpt_stow_flow(on.analysis, flow);
    g_assert_true(tcpt_rests(on.records[0]->owner));
    g_assert_cmpuint(stowed_lists(&on), ==, 3);
    on.context.flow = tcpt_flow_of(on.others[1]);
    on.context.record = on.others[1];
    tcpt_relate(tcpt_raise(&on.context, TCPT_LOW, "another flow's"), on.records[4]);
    g_assert_false(tcpt_rests(on.records[0]->owner));
    g_assert_true(on.records[4]->notes->on == on.others[1]);
    g_assert_true(on.records[4]->notes->next->on == on.records[1]);
    on.records[4]->notes = on.records[4]->notes->next;
    g_assert_cmpuint(stowed_lists(&on), ==, 0);
    on.analysis->findings.bytes -= on.analysis->findings.bytes - (size_t)tcpt_first_diagnosis(flow_of(&on))->bytes;
    char *after = written(&on);
    g_assert_cmpstr(after, ==, before);
    g_free(before);
    g_free(after);
    bench_close(&on);
}

/* ---- what stays ---- */

static void with_memory(bench *on)
{
    on->context.detector = row("challenge_ack");
    raise_on(on, 1);
}

static void with_end(bench *on)
{
    on->context.segment = NULL;
    raise_on(on, 1);
}

static void superseded(bench *on)
{
    tcpt_finding *finding = raise_on(on, 1);
    on->context.segment = NULL;
    tcpt_instead_of(&on->context, finding);
}

static void proven_elsewhere(bench *on)
{
    tcpt_relate(raise_on(on, 1), on->others[0]);
}

static void proves_elsewhere(bench *on)
{
    raise_on(on, 1);
    on->context.record = on->others[0];
    tcpt_relate(tcpt_raise(&on->context, TCPT_LOW, "another flow's"), on->records[1]);
}

static void many(bench *on)
{
    for (unsigned i = 0; i < TCPT_ALIKE_MOST; i++)
        raise_on(on, i % FRAMES);
}

static void run(bench *on)
{
    for (unsigned i = 0; i < TCPT_ALIKE_MOST + 3; i++)
        raise_on(on, i % FRAMES);
}

static void much(bench *on)
{
    char *text = g_strnfill(600, 'x'); /* longer than texts that are kept once: it lies behind the values */
    tcpt_raise(&on->context, TCPT_LOW, "%s", text);
    g_free(text);
}

static const struct staying {
    const char *name;
    void (*raise)(bench *on);
} staying[] = {
    {"with-memory", with_memory},
    {"end", with_end},
    {"superseded", superseded},
    {"proven-elsewhere", proven_elsewhere},
    {"proves-elsewhere", proves_elsewhere},
    {"many", many},
    {"run", run},
    {"much", much},
};

static void test_stays(const void *data)
{
    const struct staying *what = data;
    bench on;
    bench_open(&on);
    what->raise(&on);
    const tcpt_found *found = flow_of(&on)->found;
    g_assert_nonnull(found);
    stow(&on);
    g_assert_true(flow_of(&on)->found == found);
    unstow(&on);
    g_assert_true(flow_of(&on)->found == found);
    bench_close(&on);
}

void add_stow_found_tests(void)
{
    g_test_add_func("/stow/found/plain", test_plain);
    g_test_add_func("/stow/found/every-field", test_every_field);
    g_test_add_func("/stow/found/asked", test_asked);
    for (unsigned i = 0; i < G_N_ELEMENTS(staying); i++) {
        char *path = g_strdup_printf("/stow/found/stays/%s", staying[i].name);
        g_test_add_data_func(path, &staying[i], test_stays);
        g_free(path);
    }
}
