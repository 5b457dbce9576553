/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Draws the cases of every scenario: one test path per scenario, /picture/<id>/<name>. What is drawn is well-formed,
 * small, without style of its own, and inside of its frame.
 * --page FILE ID... writes the pictures of those scripts as a page to look at instead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "picture.h"

/** Bytes: 50 of them are most of a page of a megabyte. */
enum { PICTURE_MOST = 15000 };

static tcpt_record *feed(tcpt_analysis *analysis, const scn_frame *frame, unsigned number)
{
    int64_t time_ns = INT64_C(1700000000000000000) + frame->time_ns;
    tcpt_segment segment = {.time_ns = time_ns, .frame = number, .point = frame->point};
    tcpt_icmp icmp = {.time_ns = time_ns, .frame = number, .point = frame->point};
    if (scn_decode(&segment, frame->bytes->data, frame->bytes->len, frame->wire_bytes))
        return tcpt_analyse(analysis, &segment);
    return scn_decode_icmp(&icmp, frame->bytes->data, frame->bytes->len) ? tcpt_analyse_icmp(analysis, &icmp) : NULL;
}

/** @return what was drawn of each case, one behind the other
 *  @param visit  for each case, with its picture or "" */
static void each_picture(const scn_scenario *scenario,
                         void (*visit)(const scn_scenario *, const tcpt_case *, const char *, void *), void *data)
{
    tcpt_settings settings = tcpt_settings_default();
    for (unsigned i = 0; i < scenario->settings->len; i++)
        scn_apply_setting(&settings, scenario->settings->pdata[i]);
    tcpt_analysis *analysis = tcpt_analysis_new(&settings);
    tcpt_expect_pictures(analysis);
    if (scenario->across_ns)
        tcpt_expect_points(analysis);
    for (unsigned i = 0; i < scenario->frames->len; i++)
        feed(analysis, scenario->frames->pdata[i], i + 1);
    tcpt_model *model = tcpt_model_new(
        &(tcpt_report){.analysis = analysis, .least = TCPT_NOTE, .zero_ns = INT64_C(1700000000000000000)});
    for (unsigned i = 0; i < model->case_count; i++)
        if (tcpt_model_tells(model, model->cases[i])) {
            GString *out = g_string_new(NULL);
            bool drawn = tcpt_picture(out, model, model->cases[i]);
            g_assert_true(drawn == (out->len > 0));
            visit(scenario, model->cases[i], out->str, data);
            g_string_free(out, TRUE);
        }
    tcpt_model_free(model);
    tcpt_analysis_free(analysis);
}

/* ---- Checks. */

typedef struct parsed {
    int width;
    int height;
    unsigned titles;
    unsigned texts;
    int x;
    const char *classes; /**< of the text that is read, borrowed from `kept` */
    char *kept;
    GString *wrong;
} parsed;

static int number_of(const char **names, const char **values, const char *name)
{
    for (unsigned i = 0; names[i]; i++)
        if (!strcmp(names[i], name))
            return atoi(values[i]);
    return 0;
}

static void begin_element(GMarkupParseContext *context, const char *name, const char **names, const char **values,
                          gpointer data, GError **error)
{
    (void)context, (void)error;
    parsed *in = data;
    g_clear_pointer(&in->kept, g_free);
    for (unsigned i = 0; names[i]; i++) {
        g_assert_cmpstr(names[i], !=, "style");
        if (!strcmp(names[i], "viewBox"))
            g_assert_cmpint(sscanf(values[i], "0 0 %d %d", &in->width, &in->height), ==, 2);
        if (!strcmp(names[i], "class"))
            in->kept = g_strdup(values[i]);
    }
    in->titles += !strcmp(name, "title") || !strcmp(name, "desc");
    if (strcmp(name, "text") != 0)
        return;
    in->texts++;
    in->x = number_of(names, values, "x");
    int y = number_of(names, values, "y");
    if (y < 8 || y > in->height)
        g_string_append_printf(in->wrong, "text at y %d of %d; ", y, in->height);
}

/** By a wide sans serif: digits of 12 pixels are 7 wide at the most. */
static void read_text(GMarkupParseContext *context, const char *text, gsize bytes, gpointer data, GError **error)
{
    (void)error;
    parsed *in = data;
    if (strcmp(g_markup_parse_context_get_element(context), "text") != 0 || !bytes)
        return;
    int width = (int)g_utf8_strlen(text, (gssize)bytes) * 13 / 2, left = in->x;
    char **classes = g_strsplit(in->kept ? in->kept : "", " ", -1);
    if (g_strv_contains((const char *const *)classes, "e"))
        left -= width;
    else if (g_strv_contains((const char *const *)classes, "c"))
        left -= width / 2;
    g_strfreev(classes);
    if (left < -4 || left + width > in->width + 4)
        g_string_append_printf(in->wrong, "text of %d pixels from %d: %.*s; ", width, left, (int)bytes, text);
}

static void check_picture(const scn_scenario *scenario, const tcpt_case *made, const char *picture, void *data)
{
    static const GMarkupParser parser = {.start_element = begin_element, .text = read_text};
    (void)data;
    if (!*picture) {
        g_test_message("%s:%u: nothing is drawn of %s", scenario->file, scenario->line, made->detector->id);
        g_test_fail();
        return;
    }
    parsed in = {.wrong = g_string_new(NULL)};
    GError *error = NULL;
    GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, &in, NULL);
    g_markup_parse_context_parse(context, picture, (gssize)strlen(picture), &error);
    if (!error)
        g_markup_parse_context_end_parse(context, &error);
    g_markup_parse_context_free(context);
    g_assert_no_error(error);
    g_assert_cmpuint(in.titles, ==, 2);
    g_assert_cmpuint(in.texts, >, 3);
    g_assert_cmpuint(strlen(picture), <=, PICTURE_MOST);
    if (in.wrong->len) {
        g_test_message("%s:%u: %s: %s", scenario->file, scenario->line, made->detector->id, in.wrong->str);
        g_test_fail();
    }
    g_string_free(in.wrong, TRUE);
    g_free(in.kept);
}

static void check_scenario(gconstpointer data)
{
    each_picture(data, check_picture, NULL);
}

/* ---- A page to look at. */

static void print_picture(const scn_scenario *scenario, const tcpt_case *made, const char *picture, void *page)
{
    fprintf(page, "<h2>%s: %s (%s)</h2>\n%s\n", scenario->id, scenario->name, made->detector->id, picture);
}

static int write_page(const char *path, char **ids)
{
    FILE *page = fopen(path, "w");
    if (!page)
        return 1;
    fprintf(
        page,
        "<!doctype html><meta charset=utf-8><style>:root{--bg:#fff;--fg:#1c2127;--muted:#565f6b;--line:#d5dae0;"
        "--accent:#0b57c4;--warn:#b3261e;--note:#855300;--good:#17703a;--client:#0a5c9e;--server:#7d3c98;"
        "--sans:sans-serif}@media (prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e4e7eb;--muted:#a3adb9;"
        "--line:#353c45;--accent:#83b7ff;--warn:#ff9b90;--good:#71d28f;--client:#7cc0f8;--server:#d7a9f0}}"
        "body{background:var(--bg);color:var(--fg);font:16px sans-serif;max-width:50rem;margin:auto}h2{font-size:1rem}"
        "%s</style>\n",
        tcpt_picture_style());
    for (; *ids; ids++) {
        char *script = g_strdup_printf("%s/%s.pkt", SCENARIOS, *ids);
        GPtrArray *scenarios = scn_read(script);
        for (unsigned i = 0; i < scenarios->len; i++)
            each_picture(scenarios->pdata[i], print_picture, page);
        g_ptr_array_unref(scenarios);
        g_free(script);
    }
    return fclose(page) != 0;
}

static void add_script(const char *path, GPtrArray *kept)
{
    GPtrArray *scenarios = scn_read(path);
    g_ptr_array_add(kept, scenarios);
    for (unsigned i = 0; i < scenarios->len; i++) {
        const scn_scenario *scenario = scenarios->pdata[i];
        char *name = g_strdelimit(g_strdup(scenario->name), " /,", '-');
        char *test = g_strdup_printf("/picture/%s/%s", scenario->id, name);
        g_test_add_data_func(test, scenario, check_scenario);
        g_free(test);
        g_free(name);
    }
}

int main(int argc, char **argv)
{
    GPtrArray *kept = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    if (argc > 3 && !strcmp(argv[1], "--page"))
        return write_page(argv[2], argv + 3);
    g_test_init(&argc, &argv, NULL);
    GPtrArray *paths = scn_scripts(SCENARIOS);
    for (unsigned i = 0; i < paths->len; i++)
        add_script(paths->pdata[i], kept);
    int status = g_test_run();
    g_ptr_array_unref(paths);
    g_ptr_array_unref(kept);
    return status;
}
