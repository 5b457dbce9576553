/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept for pictures: what proves a finding, however long ago; never more than is said. */
#include <glib.h>
#include <string.h>

#include "core/finding/history.h"
#include "core/peers/pressure.h"
#include "tcptriage/analysis.h"
#include "tcptriage/scene.h"
#include "unit.h"
#include "wire.h"

enum { ONE_POINT = 0 };

static wire *begin(void)
{
    wire *on = wire_begin(false);
    tcpt_expect_pictures(on->analysis);
    on->timestamps = false;
    return on;
}

static tcpt_record *say(wire *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    on->now_ns += 10 * TCPT_MS_NS;
    wire_capture(on, ONE_POINT, wire_make(on, from, flags, seq, ack, payload_bytes));
    return on->at[ONE_POINT];
}

static void handshake(wire *on)
{
    say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    say(on, SERVER, TCPT_SYN | TCPT_ACK, 5000, 1001, 0);
    say(on, CLIENT, TCPT_ACK, 1001, 5001, 0);
}

/** So many segments of the server, each acknowledged. @return its next SEQ */
static uint32_t transfer(wire *on, unsigned segments)
{
    uint32_t seq = 5001;
    for (unsigned i = 0; i < segments; i++, seq += 1000) {
        say(on, SERVER, TCPT_ACK, seq, 1001, 1000);
        say(on, CLIENT, TCPT_ACK, 1001, seq + 1000, 0);
    }
    return seq;
}

static const tcpt_diagnosis *diagnosis_of(const tcpt_record *record, const char *id)
{
    for (const tcpt_finding *note = record->notes; note; note = note->next)
        if (note->on == record && !strcmp(note->diagnosis->detector->id, id))
            return note->diagnosis;
    return NULL;
}

static const tcpt_scene_segment *with_flags(const tcpt_scene *scene, uint8_t flags)
{
    for (unsigned i = 0; i < scene->count; i++)
        if (scene->segments[i].flags == flags)
            return &scene->segments[i];
    return NULL;
}

/** A FIN that no RST counts, behind so much data that nothing of the beginning is left in the ring. */
static tcpt_record *reset_below_fin(wire *on)
{
    handshake(on);
    uint32_t next = transfer(on, 100);
    say(on, SERVER, TCPT_FIN | TCPT_ACK, next, 1001, 0);
    say(on, CLIENT, TCPT_ACK, 1001, next + 1, 0);
    return say(on, SERVER, TCPT_RST, next, 0, 0);
}

static void test_not_asked(void)
{
    wire *on = wire_begin(false);
    on->timestamps = false;
    tcpt_record *reset = reset_below_fin(on);
    const tcpt_diagnosis *found = diagnosis_of(reset, "rst_seq_mismatch");
    g_assert_nonnull(found);
    g_assert_null(tcpt_scene_of(on->analysis, found));
    wire_end(on);
}

static void test_beginning_and_end(void)
{
    wire *on = begin();
    tcpt_record *reset = reset_below_fin(on);
    const tcpt_diagnosis *found = diagnosis_of(reset, "rst_seq_mismatch");
    for (unsigned i = 0; i < 60; i++) /* what comes behind it pushes nothing out */
        say(on, CLIENT, TCPT_ACK, 1001, 105002, 0);
    tcpt_scene *scene = tcpt_scene_of(on->analysis, found);
    g_assert_nonnull(scene);
    g_assert_cmpuint(scene->count, <=, TCPT_SCENE_SEGMENTS);
    g_assert_cmpuint(scene->segments[0].flags, ==, TCPT_SYN);
    g_assert_cmpuint(scene->segments[0].number, ==, 1);
    g_assert_cmpuint(with_flags(scene, TCPT_FIN | TCPT_ACK)->seq, ==, 105001);
    g_assert_true(with_flags(scene, TCPT_RST)->record == reset);
    g_assert_cmpuint(with_flags(scene, TCPT_RST)->seq, ==, 105001);
    g_assert_cmpuint(with_flags(scene, TCPT_RST)->number, ==, 206);
    g_assert_cmpuint(scene->segments[scene->count - 1].number, ==, 210); /* four that follow */
    g_assert_null(scene->series);
    tcpt_scene_free(scene);
    wire_end(on);
}

static void test_end_of_silence(void)
{
    wire *on = begin();
    tcpt_record *reset = reset_below_fin(on);
    const tcpt_diagnosis *found = diagnosis_of(reset, "rst_seq_mismatch");
    for (unsigned i = 0; i < 20; i++)
        say(on, CLIENT, TCPT_ACK, 1001, 105002, 0);
    on->now_ns += 60 * TCPT_SECOND_NS;
    tcpt_record *late = say(on, CLIENT, TCPT_FIN | TCPT_ACK, 1001, 105002, 0);
    for (unsigned i = 0; i < 60; i++)
        say(on, CLIENT, TCPT_ACK, 1002, 105002, 0);
    tcpt_scene *scene = tcpt_scene_of(on->analysis, found);
    g_assert_true(scene->segments[scene->count - 1].record == late);
    tcpt_scene_free(scene);
    wire_end(on);
}

/** A finding of the capture's end is drawn from what is left then. */
static void test_at_the_end(void)
{
    wire *on = begin();
    handshake(on);
    uint32_t next = transfer(on, 3);
    say(on, CLIENT, TCPT_FIN | TCPT_ACK, 1001, next, 0);
    tcpt_record *last = say(on, SERVER, TCPT_ACK, next, 1002, 0);
    on->now_ns += 60 * TCPT_SECOND_NS;
    tcpt_segment other = wire_make(on, CLIENT, TCPT_SYN, 1, 0, 0); /* the capture goes on */
    other.frame = ++on->frame;
    other.src = (const uint8_t[4]){10, 0, 0, 1};
    other.dst = (const uint8_t[4]){10, 0, 0, 2};
    tcpt_analyse(on->analysis, &other);
    tcpt_settle_all(on->analysis);
    const tcpt_diagnosis *found = tcpt_first_end_diagnosis(tcpt_flow_of(last));
    g_assert_nonnull(found);
    tcpt_scene *scene = tcpt_scene_of(on->analysis, found);
    g_assert_nonnull(scene);
    g_assert_nonnull(with_flags(scene, TCPT_FIN | TCPT_ACK));
    g_assert_cmpuint(scene->count, ==, 11);
    tcpt_scene_free(scene);
    wire_end(on);
}

/** Acknowledged data sent again and again: the series has its points, and tells how many there were. */
static void test_storm(void)
{
    wire *on = begin();
    handshake(on);
    transfer(on, 2);
    tcpt_record *third = NULL;
    for (unsigned i = 0; i < 5000; i++) {
        tcpt_record *record = say(on, SERVER, TCPT_ACK, 5001, 1001, 1000);
        if (!third && diagnosis_of(record, "acked_retransmit_storm"))
            third = record;
        say(on, CLIENT, TCPT_ACK, 1001, 7001, 0);
    }
    g_assert_nonnull(third);
    tcpt_scene *scene = tcpt_scene_of(on->analysis, diagnosis_of(third, "acked_retransmit_storm"));
    unsigned again = 0;
    for (unsigned i = 0; i < scene->series_count; i++)
        again += scene->series[i].again;
    g_assert_cmpuint(scene->series_count, <=, TCPT_SERIES_POINTS + TCPT_HISTORY_SEGMENTS + TCPT_KEPT);
    g_assert_cmpuint(again, >=, TCPT_SERIES_POINTS / 3);
    g_assert_cmpuint(scene->series_from, ==, 10007);
    g_assert_cmpuint(scene->series[scene->series_count - 1].number, ==, 10007);
    g_assert_false(scene->series[0].again);
    tcpt_scene_free(scene);
    wire_end(on);
}

/** Further findings of one place get none: the report draws one of them. */
static void test_few_of_a_place(void)
{
    wire *on = begin();
    tcpt_record *resets[10];
    for (unsigned i = 0; i < G_N_ELEMENTS(resets); i++) {
        resets[i] = reset_below_fin(on);
        for (unsigned more = 0; more < 40; more++) /* nothing of it stays in the ring */
            say(on, CLIENT, TCPT_ACK, 1001, 105002, 0);
        on->now_ns += 300 * TCPT_SECOND_NS;
    }
    unsigned followed = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(resets); i++) {
        const tcpt_diagnosis *found = diagnosis_of(resets[i], "rst_seq_mismatch");
        g_assert_nonnull(found);
        tcpt_scene *scene = tcpt_scene_of(on->analysis, found);
        for (unsigned at = 1; scene && at < scene->count; at++) /* the ring has begun anew since */
            followed += scene->segments[at - 1].record == resets[i] &&
                        scene->segments[at].number == scene->segments[at - 1].number + 1;
        tcpt_scene_free(scene);
    }
    g_assert_cmpuint(followed, ==, TCPT_SCENES_ALIKE);
    wire_end(on);
}

static tcpt_scene_segment plain_segment(const tcpt_record *record, uint8_t flags)
{
    return (tcpt_scene_segment){.record = record, .window = 1, .flags = flags};
}

/** Of flows that are silent for longest the histories go first. */
static void test_histories_bounded(void)
{
    enum { FLOWS = 300 };
    tcpt_histories histories = {.most_bytes = 40000};
    tcpt_flow *flows = g_new0(tcpt_flow, FLOWS);
    tcpt_record record = {0};
    for (unsigned i = 0; i < FLOWS; i++) {
        tcpt_scene_segment segment = plain_segment(&record, TCPT_SYN), busy = plain_segment(&record, TCPT_ACK);
        flows[i].number = i;
        tcpt_history_note(&histories, &flows[i], &segment);
        tcpt_history_note(&histories, &flows[0], &busy);
        g_assert_cmpuint(histories.bytes, <=, histories.most_bytes + 4096);
    }
    g_assert_nonnull(tcpt_history_of(&histories, &flows[0]));
    g_assert_cmpuint(tcpt_history_of(&histories, &flows[0])->segments, ==, FLOWS + 1);
    g_assert_null(tcpt_history_of(&histories, &flows[1]));
    g_assert_nonnull(tcpt_history_of(&histories, &flows[FLOWS - 1]));
    tcpt_histories_clear(&histories);
    g_assert_cmpuint(histories.bytes, ==, 0);
    g_free(flows);
}

/** Closed windows stay when ordinary segments go. */
static void test_series_keeps_closed_windows(void)
{
    tcpt_histories histories = {.most_bytes = 1 << 20};
    tcpt_flow *flow = g_new0(tcpt_flow, 1);
    tcpt_record record = {0};
    tcpt_series *series = NULL;
    for (unsigned i = 0; i < 100000; i++) {
        tcpt_scene_segment segment = plain_segment(&record, TCPT_ACK);
        segment.window = i % 2000 != 0;
        tcpt_history *history = tcpt_history_note(&histories, flow, &segment);
        if (!series)
            series = tcpt_history_series(&histories, history);
    }
    unsigned closed = 0;
    for (unsigned i = 0; i < series->count; i++)
        closed += !series->points[i].window;
    g_assert_cmpuint(closed, ==, 50);
    g_assert_cmpuint(series->from, ==, 100000);
    tcpt_histories_clear(&histories);
    g_free(flow);
}

/** Steps grow with the time, and keep the most. */
static void test_curve(void)
{
    tcpt_pressures pressures = {.curves = g_new0(tcpt_pressure_curve, TCPT_PRESSURES)};
    tcpt_settings settings = tcpt_settings_default();
    tcpt_record record = {0};
    tcpt_pair pair = {.hash = 7};
    for (unsigned second = 0; second < 1000; second++) {
        pair.open = 3000 + second;
        tcpt_pressures_note(&pressures, &pair, &settings, &record, tcpt_seconds_ns(1700000000u + second));
    }
    const tcpt_pressure_curve *curve = &pressures.curves[0];
    g_assert_cmpuint(curve->pair, ==, 7);
    g_assert_cmpint(curve->step_ns, ==, 8 * TCPT_SECOND_NS);
    g_assert_cmpuint(curve->count, ==, 125);
    g_assert_cmpuint(curve->most[124], ==, 3999);
    g_assert_cmpuint(curve->most[0], ==, 3007);
    g_assert_cmpuint(curve->highest, ==, 3999);
    g_free(pressures.curves);
}

void add_scene_tests(void)
{
    g_test_add_func("/scene/not-asked", test_not_asked);
    g_test_add_func("/scene/beginning-and-end", test_beginning_and_end);
    g_test_add_func("/scene/end-of-silence", test_end_of_silence);
    g_test_add_func("/scene/at-the-end", test_at_the_end);
    g_test_add_func("/scene/storm", test_storm);
    g_test_add_func("/scene/few-of-a-place", test_few_of_a_place);
    g_test_add_func("/scene/histories-bounded", test_histories_bounded);
    g_test_add_func("/scene/series-keeps-closed-windows", test_series_keeps_closed_windows);
    g_test_add_func("/scene/curve", test_curve);
}
