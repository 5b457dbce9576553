/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs scenario scripts through the core: one test path per scenario, /scenario/<id>/<name>; again with the end judged
 * after every frame, /live/<id>/<name>; in other guises, /turned/<id>/<name>; with records and flows given
 * back, /released/<id>/<name>; and with pictures asked for, /pictured/<id>/<name>.
 * --facts prints what is found instead, for update.py. */

#include "check.h"
#include "facts.h"
#include "live.h"
#include "tcptriage/scene.h"
#include "turned.h"

/** Not all that is quoted belongs to a flow: there may be no record. */
static void feed_icmp(scn_run *test, unsigned index, int64_t time_ns)
{
    const scn_frame *frame = test->scenario->frames->pdata[index];
    tcpt_icmp icmp = {.time_ns = time_ns, .frame = index + 1, .point = frame->point};
    uint8_t src[16], dst[16];
    if (!scn_decode_icmp(&icmp, frame->bytes->data, frame->bytes->len))
        return;
    if (test->guise)
        scn_disguise_icmp(&icmp, test->guise, src, dst);
    test->records[index] = tcpt_analyse_icmp(test->analysis, &icmp);
}

static void feed(scn_run *test, unsigned index)
{
    const scn_frame *frame = test->scenario->frames->pdata[index];
    tcpt_segment segment = {
        .time_ns = INT64_C(1700000000000000000) + frame->time_ns, .frame = index + 1, .point = frame->point};
    if (!scn_decode(&segment, frame->bytes->data, frame->bytes->len, frame->wire_bytes)) {
        feed_icmp(test, index, segment.time_ns);
        return;
    }
    uint8_t src[16], dst[16];
    if (test->guise)
        scn_disguise(&segment, test->guise, src, dst);
    test->records[index] = tcpt_analyse(test->analysis, &segment);
    g_assert_nonnull(test->records[index]);
}

/** How a scenario is run, and what is done with it on its way; NULL for nothing. */
typedef struct steps {
    const scn_guise *guise;
    void (*frame)(scn_run *test, unsigned index); /**< after each frame */
    void (*end)(scn_run *test);                   /**< when all is settled */
    bool pictures;                                /**< are asked for */
} steps;

static void run_scenario(const scn_scenario *scenario, const steps *todo, GString *described)
{
    tcpt_settings settings = tcpt_settings_default();
    scn_run test;
    for (unsigned i = 0; i < scenario->settings->len; i++)
        scn_apply_setting(&settings, scenario->settings->pdata[i]);
    scn_run_open(&test, scenario);
    test.described = described;
    test.guise = todo->guise;
    test.analysis = tcpt_analysis_new(&settings);
    if (scenario->across_ns)
        tcpt_expect_points(test.analysis);
    if (todo->pictures)
        tcpt_expect_pictures(test.analysis);
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        feed(&test, i);
        if (todo->frame)
            todo->frame(&test, i);
    }
    tcpt_settle_all(test.analysis);
    todo->end(&test);
    tcpt_analysis_free(test.analysis);
    scn_run_close(&test);
}

static void check_frame(scn_run *test, unsigned index)
{
    scn_check_frame(test, index);
    scn_check_taken_back(test, index);
    scn_check_states(test, index);
}

static void check_scenario(gconstpointer data)
{
    static const steps checks = {NULL, check_frame, scn_check_end, false};
    run_scenario(data, &checks, NULL);
}

/** Two ways to run a scenario find the same. */
static void compare_runs(const scn_scenario *scenario, const steps *one, const steps *other, const char *how)
{
    GString *text = g_string_new(NULL), *again = g_string_new(NULL);
    run_scenario(scenario, one, text);
    run_scenario(scenario, other, again);
    if (strcmp(text->str, again->str) != 0) {
        char **plain = g_strsplit(text->str, "\n", -1), **changed = g_strsplit(again->str, "\n", -1);
        unsigned line = 0;
        while (plain[line] && changed[line] && !strcmp(plain[line], changed[line]))
            line++;
        g_test_message("%s:%u: found: %s", scenario->file, scenario->line, plain[line] ? plain[line] : "nothing more");
        g_test_message("%s: %s", how, changed[line] ? changed[line] : "nothing more");
        g_test_fail();
        g_strfreev(plain);
        g_strfreev(changed);
    }
    g_string_free(text, TRUE);
    g_string_free(again, TRUE);
}

/** The end judged after every frame leaves what the end judged once finds. */
static void check_live(gconstpointer data)
{
    static const steps at_end = {NULL, NULL, scn_describe, false}, always = {NULL, scn_settle_now, scn_describe, false};
    compare_runs(data, &at_end, &always, "settled after every frame");
}

/** Neither the order of addresses nor where sequence numbers begin changes what is found. */
static void check_turned(gconstpointer data)
{
    static const steps plain = {NULL, NULL, scn_describe, false};
    for (const scn_guise *guise = scn_guises; guise->name; guise++) {
        const steps disguised = {guise, NULL, scn_describe, false};
        compare_runs(data, &plain, &disguised, guise->name);
    }
}

static void check_scene(const tcpt_finding *finding, void *data)
{
    const scn_run *test = data;
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    if (diagnosis->detector->severity == TCPT_CHAT || tcpt_is_folded(finding))
        return;
    tcpt_scene *scene = tcpt_scene_of(test->analysis, diagnosis);
    if (!scene) {
        g_test_message("%s:%u: frame %u: nothing to draw %s from", test->scenario->file, test->scenario->line,
                       finding->on->frame, diagnosis->detector->id);
        g_test_fail();
        return;
    }
    g_assert_cmpuint(scene->count, <=, TCPT_SCENE_SEGMENTS);
    bool own = false;
    for (unsigned i = 0; i < scene->count; i++) {
        own |= scene->segments[i].record == finding->on;
        g_assert_true(i == 0 || scene->segments[i - 1].record->frame <= scene->segments[i].record->frame);
    }
    g_assert_true(own);
    tcpt_scene_free(scene);
}

static void check_scenes(scn_run *test)
{
    scn_describe(test);
    tcpt_each_found(test->analysis, check_scene, test);
}

/** Pictures change nothing of what is found, and there is something to draw each of them from. */
static void check_pictured(gconstpointer data)
{
    static const steps plain = {NULL, NULL, scn_describe, false}, pictured = {NULL, NULL, check_scenes, true};
    compare_runs(data, &plain, &pictured, "with pictures");
}

/** What nobody needs is given back after every frame: the same is found. */
static void check_released(gconstpointer data)
{
    static const steps kept = {NULL, NULL, scn_describe_found_in, false},
                       records = {NULL, scn_release_records, scn_describe_found_in, false},
                       flows = {NULL, scn_release_flows, scn_describe_found_in, false},
                       forgotten = {NULL, scn_forget_newest, scn_describe_found_in, false},
                       released = {NULL, scn_release_forgotten, scn_describe_found_in, false};
    compare_runs(data, &kept, &records, "with records given back");
    compare_runs(data, &kept, &flows, "with flows given back");
    compare_runs(data, &forgotten, &released, "with records given back that copies would be told by");
}

/** For update.py: what is found, and where. */
static void tell_facts(GPtrArray *kept)
{
    static const steps facts = {NULL, scn_tell_frame, scn_tell_end, false};
    for (unsigned i = 0; i < kept->len; i++) {
        const GPtrArray *scenarios = kept->pdata[i];
        for (unsigned s = 0; s < scenarios->len; s++)
            run_scenario(scenarios->pdata[s], &facts, NULL);
    }
}

/* ---- Discovery. */

static void add_test(const char *folder, const scn_scenario *scenario, GTestDataFunc check)
{
    char *name = g_strdelimit(g_strdup(scenario->name), " /,", '-');
    char *test = g_strdup_printf("/%s/%s/%s", folder, scenario->id, name);
    g_test_add_data_func(test, scenario, check);
    g_free(test);
    g_free(name);
}

static void add_script(const char *path, GPtrArray *kept)
{
    GPtrArray *scenarios = scn_read(path);
    g_ptr_array_add(kept, scenarios);
    for (unsigned i = 0; i < scenarios->len; i++) {
        add_test("scenario", scenarios->pdata[i], check_scenario);
        add_test("live", scenarios->pdata[i], check_live);
        add_test("turned", scenarios->pdata[i], check_turned);
        add_test("released", scenarios->pdata[i], check_released);
        add_test("pictured", scenarios->pdata[i], check_pictured);
    }
}

static void add_scripts(const char *folder, GPtrArray *kept)
{
    GPtrArray *paths = scn_scripts(folder);
    for (unsigned i = 0; i < paths->len; i++)
        add_script(paths->pdata[i], kept);
    g_ptr_array_unref(paths);
}

int main(int argc, char **argv)
{
    GPtrArray *kept = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    bool facts = argc == 2 && !strcmp(argv[1], "--facts");
    g_test_init(&argc, &argv, NULL);
    add_scripts(SCENARIOS, kept);
    add_scripts(STATES, kept);
    if (facts)
        tell_facts(kept);
    int status = facts ? 0 : g_test_run();
    g_ptr_array_unref(kept);
    return status;
}
