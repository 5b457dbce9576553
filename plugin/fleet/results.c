/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "results.h"

#include <string.h>

#include <glib/gstdio.h>

static void clear_file(void *data)
{
    g_free(((tcpt_planned_file *)data)->path);
}

static void free_planned(void *data)
{
    tcpt_planned *planned = data;

    g_free(planned->key);
    g_free(planned->kind);
    g_array_unref(planned->files);
    g_free(planned);
}

static tcpt_planned *planned_of(tcpt_plan *plan, const char *key, const char *kind)
{
    tcpt_planned *last = plan->captures->len ? plan->captures->pdata[plan->captures->len - 1] : NULL;

    if (last && strcmp(last->key, key) == 0)
        return last;
    last = g_new0(tcpt_planned, 1);
    last->key = g_strdup(key);
    last->kind = g_strdup(kind);
    last->files = g_array_new(FALSE, FALSE, sizeof(tcpt_planned_file));
    g_array_set_clear_func(last->files, clear_file);
    g_ptr_array_add(plan->captures, last);
    return last;
}

static void read_line(tcpt_plan *plan, const char *line)
{
    char **words = g_strsplit(line, "\t", 4);

    if (g_strv_length(words) == 4) {
        tcpt_planned *planned = planned_of(plan, words[0], words[1]);
        tcpt_planned_file file = {g_filename_display_name(words[3]), g_ascii_strtoull(words[2], NULL, 10)};

        g_array_append_val(planned->files, file);
    } else if (g_strv_length(words) == 2)
        plan->skipped = g_ascii_strtoull(words[1], NULL, 10);
    g_strfreev(words);
}

bool tcpt_plan_read(tcpt_plan *plan, const char *out, char **problem)
{
    char *path = g_build_filename(out, "plan", NULL), *text = NULL;
    GError *error = NULL;
    char **lines;

    *plan = (tcpt_plan){.captures = g_ptr_array_new_with_free_func(free_planned)};
    *problem = NULL;
    if (!g_file_get_contents(path, &text, NULL, &error)) {
        *problem = g_strdup(error->message);
        g_error_free(error);
    }
    g_free(path);
    if (!text)
        return false;
    lines = g_strsplit(text, "\n", -1);
    g_free(text);
    for (char **line = lines; *line; line++)
        read_line(plan, *line);
    g_strfreev(lines);
    return true;
}

void tcpt_plan_clear(tcpt_plan *plan)
{
    g_ptr_array_unref(plan->captures);
    *plan = (tcpt_plan){0};
}

static char *path_of(const char *out, const char *folder, const char *key, const char *ending)
{
    char *name = g_strconcat(key, ending, NULL), *path = g_build_filename(out, folder, name, NULL);

    g_free(name);
    return path;
}

/* NULL without such a file. Lines become one. */
static char *said(const char *out, const char *key, const char *ending)
{
    char *path = path_of(out, "results", key, ending), *text = NULL;

    if (g_file_get_contents(path, &text, NULL, NULL)) {
        g_strstrip(text);
        g_strdelimit(text, "\n", ' ');
    }
    g_free(path);
    return text;
}

static char *page_of(const char *out, const char *key)
{
    char *path = path_of(out, "pages", key, ".html");
    char *page = g_file_test(path, G_FILE_TEST_EXISTS) ? g_strconcat("pages/", key, ".html", NULL) : NULL;

    g_free(path);
    return page;
}

tcpt_result tcpt_result_load(const char *out, const tcpt_planned *of)
{
    tcpt_result result = {.of = of, .state = TCPT_RESULT_FAILED};
    char *path = path_of(out, "results", of->key, ".json");

    if (g_file_get_contents(path, &result.report, NULL, NULL)) {
        result.reason = said(out, of->key, ".said");
        result.state = result.reason ? TCPT_RESULT_PARTLY : TCPT_RESULT_READ;
        result.page = page_of(out, of->key);
    } else {
        result.reason = said(out, of->key, ".failed");
        if (!result.reason)
            result.reason = g_strdup("it was not come to: run the same command again");
    }
    g_free(path);
    return result;
}

void tcpt_result_clear(tcpt_result *result)
{
    g_free(result->reason);
    g_free(result->page);
    g_free(result->report);
    *result = (tcpt_result){0};
}

void tcpt_result_refuse(tcpt_result *result, const char *out)
{
    const tcpt_planned *of = result->of;
    char *path = path_of(out, "results", of->key, ".json");

    g_unlink(path);
    g_free(path);
    tcpt_result_clear(result);
    result->of = of;
    result->state = TCPT_RESULT_FAILED;
    result->reason = g_strdup("its report is damaged: run the same command again");
}

const char *tcpt_result_state_name(tcpt_result_state state)
{
    static const char *const names[] = {"read", "partly", "failed"};

    return names[state];
}
