/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures with odd clocks: every scenario with its times moved to where 64 bits end, stretched, turned round and
 * shuffled. Nothing is expected but that the core goes through it; the sanitized build reports what overflows. */
#include <glib.h>

#include "core/flow/commit_syn.h"
#include "scenario.h"
#include "tcptriage/analysis.h"
#include "tcptriage/settings.h"
#include "tcptriage/times.h"
#include "text.h"

typedef struct odd_clock {
    const char *name;
    int64_t (*time_ns)(int64_t time_ns, unsigned frame);
} odd_clock;

static int64_t sum(int64_t a, int64_t b)
{
    if (b > 0 && a > INT64_MAX - b)
        return INT64_MAX;
    return b < 0 && a < INT64_MIN - b ? INT64_MIN : a + b;
}

static int64_t at_the_end(int64_t time_ns, unsigned frame)
{
    (void)frame;
    return sum(INT64_MAX - tcpt_seconds_ns(3), time_ns);
}

static int64_t at_the_begin(int64_t time_ns, unsigned frame)
{
    (void)frame;
    return INT64_MIN + time_ns;
}

static int64_t around_zero(int64_t time_ns, unsigned frame)
{
    (void)frame;
    return time_ns - tcpt_seconds_ns(1);
}

static int64_t backwards(int64_t time_ns, unsigned frame)
{
    (void)frame;
    return INT64_MAX - time_ns;
}

/* Times are up to some hours, 2^44 ns. */
static int64_t stretched(int64_t time_ns, unsigned frame)
{
    const int64_t factor = INT64_C(1) << 20;

    (void)frame;
    return time_ns > INT64_MAX / factor ? INT64_MAX : time_ns * factor;
}

static int64_t to_and_fro(int64_t time_ns, unsigned frame)
{
    return frame & 1 ? INT64_MAX - time_ns : INT64_MIN + time_ns;
}

static int64_t zero_then_end(int64_t time_ns, unsigned frame)
{
    return frame & 1 ? INT64_MAX : time_ns;
}

static int64_t leaps(int64_t time_ns, unsigned frame)
{
    return sum(time_ns, (int64_t)((uint64_t)frame << 58));
}

static int64_t by_chance(int64_t time_ns, unsigned frame)
{
    uint64_t mixed = ((uint64_t)time_ns + frame) * UINT64_C(0x9e3779b97f4a7c15);

    mixed ^= mixed >> 29;
    return (int64_t)(mixed * UINT64_C(0xbf58476d1ce4e5b9));
}

static const odd_clock clocks[] = {
    {"at-the-end", at_the_end},       {"at-the-begin", at_the_begin},
    {"around-zero", around_zero},     {"backwards", backwards},
    {"stretched", stretched},         {"to-and-fro", to_and_fro},
    {"zero-then-end", zero_then_end}, {"leaps", leaps},
    {"by-chance", by_chance},
};

static void write_report(tcpt_analysis *analysis)
{
    tcpt_model *model = tcpt_model_new(&(tcpt_report){.analysis = analysis});
    GString *text = g_string_new(NULL);

    tcpt_report_text(text, model);
    g_assert_cmpuint(text->len, >, 0);
    g_string_free(text, TRUE);
    tcpt_model_free(model);
}

static void run_scenario(const scn_scenario *scenario, void *data)
{
    const odd_clock *clock = data;
    tcpt_settings settings = tcpt_settings_default();
    tcpt_analysis *analysis = tcpt_analysis_new(&settings);

    if (scenario->across_ns)
        tcpt_expect_points(analysis);
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        tcpt_segment segment = {.time_ns = clock->time_ns(frame->time_ns, i), .frame = i + 1, .point = frame->point};

        if (scn_decode(&segment, frame->bytes->data, frame->bytes->len, frame->wire_bytes))
            tcpt_settle(analysis, tcpt_flow_of(tcpt_analyse(analysis, &segment)));
    }
    tcpt_settle_all(analysis);
    write_report(analysis);
    tcpt_analysis_free(analysis);
}

/* One test per script and clock would be hundreds: one per clock, all scripts. */
static void run_clock(gconstpointer data)
{
    scn_each(SCENARIOS, run_scenario, (void *)data);
}

static void test_bounds(void)
{
    static const struct {
        int64_t time_ns, moved_ns;
    } rows[] = {
        {INT64_MIN, TCPT_TIME_FIRST_NS},
        {-1, TCPT_TIME_FIRST_NS},
        {0, TCPT_TIME_FIRST_NS},
        {TCPT_TIME_FIRST_NS, TCPT_TIME_FIRST_NS},
        {INT64_C(1700000000123456789), INT64_C(1700000000123456789)},
        {TCPT_TIME_LAST_NS, TCPT_TIME_LAST_NS},
        {TCPT_TIME_LAST_NS + 1, TCPT_TIME_LAST_NS},
        {INT64_MAX, TCPT_TIME_LAST_NS},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        static const uint8_t address[16];
        tcpt_settings settings = tcpt_settings_default();
        tcpt_analysis *analysis = tcpt_analysis_new(&settings);
        tcpt_segment segment = {
            .time_ns = rows[i].time_ns, .frame = 1, .family = 4, .src = address, .dst = address, .flags = TCPT_SYN};

        g_assert_cmpint(tcpt_time_moved(rows[i].time_ns), ==, rows[i].moved_ns);
        g_assert_true(tcpt_time_fits(rows[i].time_ns) == (rows[i].time_ns == rows[i].moved_ns));
        g_assert_cmpint(tcpt_flow_of(tcpt_analyse(analysis, &segment))->first_ns, ==, rows[i].moved_ns);
        tcpt_analysis_free(analysis);
    }
}

/* Round trips are multiplied. */
static void test_round_trip(void)
{
    tcpt_endpoint end = {0};

    tcpt_note_rtt(&end, 0);
    g_assert_cmpint(end.rtt_ns, ==, 0);
    tcpt_note_rtt(&end, TCPT_TIME_LAST_NS);
    g_assert_cmpint(end.rtt_ns, ==, TCPT_RTT_MOST_NS);
    tcpt_note_rtt(&end, TCPT_MS_NS);
    tcpt_note_rtt(&end, 2 * TCPT_MS_NS);
    g_assert_cmpint(end.rtt_ns, ==, TCPT_MS_NS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/times/bounds", test_bounds);
    g_test_add_func("/times/round-trip", test_round_trip);
    for (unsigned i = 0; i < G_N_ELEMENTS(clocks); i++) {
        char *path = g_strconcat("/times/", clocks[i].name, NULL);

        g_test_add_data_func(path, &clocks[i], run_clock);
        g_free(path);
    }
    return g_test_run();
}
