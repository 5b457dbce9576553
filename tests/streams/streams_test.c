/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traffic by chance, the same every time: what the core makes of it changes on purpose, or not at all.
 *
 * expected.txt holds a line per stream: its number, and a sum over all that is known of its frames, flows, cases and
 * points. `streams-test --show N` prints what the sum of stream N is made over, to be compared with what the code
 * before printed; `streams-test --update` writes the file. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "core/state.h"
#include "describe.h"
#include "input.h"
#include "tcptriage/cases.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"
#include "made.h"
#include "states.h"
#include "talk.h"
#include "world.h"

enum { STREAMS = 4800, FEW = 8, MANY = 60 };

/* ---- What is known. */

static void describe_path(const tcpt_path *path, void *data)
{
    g_string_append_printf(data, "path %s-%s: %u connections, %u %u %u, to one %u of %u, to the other %u of %u",
                           path->a->name, path->b->name, path->connections, path->translated, path->renumbered,
                           path->sack_not_adjusted, path->to_a.missing, path->to_a.total, path->to_b.missing,
                           path->to_b.total);
    g_string_append_printf(data, ", matched %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                           (guint64)path->matched_to_a, (guint64)path->matched_to_b, (guint64)path->matched_unordered);
    g_string_append_printf(data, ", delays %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ", clocks %d %" G_GINT64_FORMAT "\n",
                           path->delay_to_a_ns, path->delay_to_b_ns, path->clocks_differ, path->clock_offset_ns);
}

static void describe_case(const tcpt_case *one, GString *text)
{
    g_string_append_printf(text, "case %u: %s at %d %u, %s %u, %u flows, %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT,
                           one->number, one->detector->id, one->flow ? (int)one->flow->number : -1, one->blamed_end,
                           tcpt_severity_name(one->severity), one->confidence, one->flow_count,
                           (guint64)one->cause_count, (guint64)one->finding_count);
    g_string_append_printf(text, ", cost %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ", frames",
                           one->delay_ns, one->first_ns, one->last_ns);
    for (unsigned i = 0; i < one->frame_count; i++)
        g_string_append_printf(text, " %u", one->frames[i]->frame);
    for (unsigned i = 0; i < one->example_count; i++)
        g_string_append_printf(text, ", flow %u cost %" G_GINT64_FORMAT, one->examples[i].flow->number,
                               one->examples[i].delay_ns);
    for (unsigned i = 0; i < TCPT_DETECTORS_MOST; i++) {
        if (one->consequences[i])
            g_string_append_printf(text, ", %s", tcpt_detectors[i]->id);
    }
    g_string_append_c(text, '\n');
}

static void describe_across(GString *text, tcpt_analysis *analysis)
{
    unsigned count = 0;
    const tcpt_case *const *cases = tcpt_cases(analysis, &count);
    for (unsigned i = 0; i < count; i++)
        describe_case(cases[i], text);
    const tcpt_pressure *pressures = tcpt_highest_pressures(analysis, &count);
    for (unsigned i = 0; i < count; i++)
        g_string_append_printf(text, "pressure %u of %u in %u\n", pressures[i].in_use, pressures[i].range,
                               pressures[i].at->frame);
    tcpt_each_path(analysis, describe_path, text);
    tcpt_totals totals = tcpt_analysis_totals(analysis);
    g_string_append_printf(text,
                           "totals: %" G_GUINT64_FORMAT " segments, %" G_GUINT64_FORMAT " flows, %" G_GINT64_FORMAT
                           " to %" G_GINT64_FORMAT "\n",
                           (guint64)totals.segments, (guint64)totals.flows, totals.first_ns, totals.newest_ns);
}

/** What is known so far. */
typedef struct knowledge {
    GString *text;
    states *states;
} knowledge;

static void note_changes(const tcpt_record *record, void *data)
{
    knowledge *known = data;
    g_string_append_printf(known->text, "%u ", record->frame);
    states_append_changes(known->states, tcpt_flow_of(record), known->text);
}

static void describe_all(tcpt_analysis *analysis, const GPtrArray *records, void *data)
{
    knowledge *known = data;
    tcpt_settle_all(analysis);
    for (unsigned i = 0; i < records->len; i++)
        scn_describe_frame(known->text, records->pdata[i]);
    for (const tcpt_flow *flow = tcpt_first_flow(analysis); flow; flow = flow->next)
        states_append_changes(known->states, flow, known->text);
    describe_across(known->text, analysis);
}

/* ---- Streams. */

/** Numbers that look like chance (splitmix, Steele et al. 2014). */
static uint32_t mixed(uint64_t number)
{
    number += UINT64_C(0x9e3779b97f4a7c15);
    number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(number ^ number >> 31);
}

/** What chance decides of a stream; changes are numbered from 1. */
enum { PICK_CHANGES = 0, PICK_MODE = MANY + 1, PICK_WORLD, PICK_OPTION, PICK_PADDING };

static uint32_t pick(unsigned stream, uint32_t what)
{
    return mixed((uint64_t)stream << 32 | what);
}

static void play_to(unsigned stream, const fuzz_watch *watch)
{
    static const uint8_t modes[] = {0,
                                    0,
                                    1,
                                    2,
                                    3,
                                    FUZZ_MODE_SMALL,
                                    FUZZ_MODE_SMALL | 1,
                                    FUZZ_MODE_EXPECT_POINTS,
                                    FUZZ_MODE_PASSING,
                                    FUZZ_MODE_PASSING | FUZZ_MODE_EXPECT_POINTS,
                                    FUZZ_MODE_PASSING | FUZZ_MODE_SMALL,
                                    FUZZ_MODE_PASSING | FUZZ_MODE_SMALL | FUZZ_MODE_CLOCK,
                                    FUZZ_MODE_PASSING | FUZZ_MODE_TRANSLATED,
                                    FUZZ_MODE_PASSING | FUZZ_MODE_DEPTH};
    static const uint8_t options[] = {0, 0, FUZZ_ABOUT_STAMPED, FUZZ_ABOUT_STAMPED, 5 /* of made.c: SACK */};
    unsigned talk = stream % talk_count();
    uint8_t mode = modes[pick(stream, PICK_MODE) % sizeof modes];
    uint8_t world = pick(stream, PICK_WORLD) & (FUZZ_WORLD_WRAP | FUZZ_WORLD_POINTS | FUZZ_WORLD_SUSPECT);
    uint8_t option = options[pick(stream, PICK_OPTION) % sizeof options];
    uint8_t control = pick(stream, PICK_PADDING) % 5 ? 0 : FUZZ_PADDED;
    uint8_t data[TALK_ROOM] = {mode, world};
    uint32_t changes = talk ? pick(stream, PICK_CHANGES) % FEW : MANY;
    size_t size = talk_write(data, talk, control, option);
    for (uint32_t i = 1; i <= changes; i++)
        size = fuzz_change(data, size, sizeof data, pick(stream, i));
    fuzz_play(data, size, watch);
}

static GString *play(unsigned stream)
{
    knowledge known = {g_string_new(NULL), states_new()};
    play_to(stream, &(const fuzz_watch){.seen = note_changes, .end = describe_all, .user = &known});
    states_free(known.states);
    return known.text;
}

/** FNV-1a. */
static uint64_t sum_of(const GString *text)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (gsize i = 0; i < text->len; i++)
        sum = (sum ^ (uint8_t)text->str[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static char *line_of(unsigned stream)
{
    GString *text = play(stream);
    char *line = g_strdup_printf("%u %016" G_GINT64_MODIFIER "x", stream, sum_of(text));
    g_string_free(text, TRUE);
    return line;
}

/** A tenth of the streams: every tenth from the given one on. */
static void check_tenth(gconstpointer data)
{
    char *text = NULL;
    g_assert_true(g_file_get_contents(EXPECTED, &text, NULL, NULL));
    char **lines = g_strsplit(text, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, STREAMS + 2);
    for (unsigned stream = GPOINTER_TO_UINT(data); stream < STREAMS; stream += 10) {
        char *line = line_of(stream);
        if (strcmp(line, lines[stream + 1]) != 0) {
            g_test_message("something else is made of stream %u (streams-test --show %u); on purpose: --update", stream,
                           stream);
            g_test_fail();
        }
        g_free(line);
    }
    g_strfreev(lines);
    g_free(text);
}

/* ---- Where records and flows are given back on the way the same is found. */

static void describe_found(tcpt_analysis *analysis, G_GNUC_UNUSED const GPtrArray *records, void *data)
{
    scn_describe_found(data, analysis);
}

static char *found(unsigned stream, unsigned release_every, int64_t quiet_ns)
{
    GString *text = g_string_new(NULL);
    play_to(stream, &(const fuzz_watch){
                        .end = describe_found, .user = text, .release_every = release_every, .quiet_ns = quiet_ns});
    return g_string_free(text, FALSE);
}

enum { STEP = 40, EACH = 1, SOME = 7 /* segments */ };

static void check_same(unsigned stream, int64_t quiet_ns)
{
    char *whole = found(stream, 0, 0);
    for (unsigned every = EACH; every <= SOME; every += SOME - EACH) {
        char *released = found(stream, every, quiet_ns);
        if (strcmp(whole, released) != 0) {
            g_test_message("stream %u, released every %u segments:\n%s\ninstead of\n%s", stream, every, released,
                           whole);
            g_test_fail();
        }
        g_free(released);
    }
    g_free(whole);
}

static void check_records(void)
{
    for (unsigned stream = 0; stream < STREAMS; stream += STEP)
        check_same(stream, INT64_MAX);
}

static void check_flows(void)
{
    for (unsigned stream = 1; stream < STREAMS; stream += STEP)
        check_same(stream, tcpt_seconds_ns(240));
}

/** Flows that are given back as soon as they are over: more may come of them, and other things be found. Nothing that
 * is still in use goes. */
static void check_early(void)
{
    for (unsigned stream = 2; stream < STREAMS; stream += STEP / 4)
        g_free(found(stream, EACH, 0));
}

/* ---- Where there is no room for what is found all of a kind is told as one: flows go with their share of it. */

static void take_room(tcpt_analysis *analysis)
{
    analysis->findings.most_bytes = 0;
}

/** How many there are of each finding, and of flows. */
typedef struct counts {
    GString *found;
    uint32_t flows;
} counts;

static void count(tcpt_analysis *analysis, G_GNUC_UNUSED const GPtrArray *records, void *data)
{
    counts *into = data;
    tcpt_settle_all(analysis);
    for (unsigned i = 0; tcpt_detectors[i]; i++)
        for (const tcpt_diagnosis *wide = tcpt_first_wide_diagnosis(analysis); wide; wide = wide->next)
            if (wide->detector == tcpt_detectors[i])
                g_string_append_printf(into->found, "%s %u\n", wide->detector->id, tcpt_alike(wide));
    into->flows = tcpt_flow_weight(analysis);
}

static counts counted(unsigned stream, void (*begin)(tcpt_analysis *), unsigned release_every, int64_t quiet_ns)
{
    counts into = {g_string_new(NULL), 0};
    play_to(stream,
            &(const fuzz_watch){
                .begin = begin, .end = count, .user = &into, .release_every = release_every, .quiet_ns = quiet_ns});
    return into;
}

/** Nothing that is still in use goes, and what has gone is counted on. */
static void check_crowded(void)
{
    unsigned went = 0;
    for (unsigned stream = 3; stream < STREAMS; stream += STEP / 2) {
        counts roomy = counted(stream, NULL, EACH, 0), whole = counted(stream, take_room, 0, 0),
               released = counted(stream, take_room, EACH, tcpt_seconds_ns(240)),
               early = counted(stream, take_room, EACH, 0);
        went += early.flows < roomy.flows;
        if (strcmp(whole.found->str, released.found->str) != 0) {
            g_test_message("stream %u:\n%s\ninstead of\n%s", stream, released.found->str, whole.found->str);
            g_test_fail();
        }
        g_string_free(roomy.found, TRUE);
        g_string_free(whole.found, TRUE);
        g_string_free(released.found, TRUE);
        g_string_free(early.found, TRUE);
    }
    g_assert_cmpuint(went, >, 0); /* flows with findings */
}

static int update(void)
{
    GString *text = g_string_new("# SPDX-License-Identifier: GPL-2.0-or-later\n");
    for (unsigned stream = 0; stream < STREAMS; stream++) {
        char *line = line_of(stream);
        g_string_append_printf(text, "%s\n", line);
        g_free(line);
    }
    bool written = g_file_set_contents(EXPECTED, text->str, (gssize)text->len, NULL);
    g_string_free(text, TRUE);
    return written ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "--update"))
        return update();
    if (argc == 3 && !strcmp(argv[1], "--show")) {
        GString *text = play((unsigned)atoi(argv[2]));
        fputs(text->str, stdout);
        g_string_free(text, TRUE);
        return 0;
    }
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < 10; i++) {
        char *path = g_strdup_printf("/streams/%u", i);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), check_tenth);
        g_free(path);
    }
    g_test_add_func("/streams/release/records", check_records);
    g_test_add_func("/streams/release/flows", check_flows);
    g_test_add_func("/streams/release/early", check_early);
    g_test_add_func("/streams/release/crowded", check_crowded);
    return g_test_run();
}
