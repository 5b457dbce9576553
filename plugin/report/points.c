/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the report tells of capture points: what passed between them, how fast, and what was rewritten. */
#include "points.h"

#include "moments.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"
#include "words.h"

static void write_line(GString *out, GString *line)
{
    g_string_append_printf(out, "%*s", LABEL_AT, "");
    write_wrapped(out, line->str, LABEL_AT, LABEL_AT + 2);
    g_string_free(line, TRUE);
}

static void write_way(GString *out, const tcpt_point *from, const tcpt_point *to, tcpt_share share, uint64_t matched,
                      int64_t delay_ns)
{
    GString *line;

    if (share.total == 0 && matched == 0)
        return;
    line = g_string_new(NULL);
    g_string_append_printf(line, "%s -> %s: ", from->name, to->name);
    append_count(line, share.total, "segment");
    g_string_append_printf(line, ", %u not seen at %s", share.missing, to->name);
    if (matched) {
        g_string_append(line, "; at least ");
        tcpt_append_milliseconds(line, delay_ns);
        g_string_append(line, " on the way");
    }
    write_line(out, line);
}

static void append_translation(GString *out, const tcpt_path *path)
{
    g_string_append_printf(out, "the device between %s and %s translates addresses or ports (%u of %u connections)",
                           path->a->name, path->b->name, path->translated, path->connections);
}

static void append_renumbering(GString *out, const tcpt_path *path)
{
    g_string_append_printf(out, "the device between %s and %s rewrites sequence numbers (%u of %u connections)%s",
                           path->a->name, path->b->name, path->renumbered, path->connections,
                           path->sack_not_adjusted ? ", SACK blocks are not adjusted" : "");
}

static void append_unordered(GString *out, const tcpt_path *path)
{
    append_count(out, path->matched_unordered, "segment");
    g_string_append_printf(out, " seen at both %s and %s; which is nearer to the sender nothing tells", path->a->name,
                           path->b->name);
}

static void append_clocks(GString *out, const tcpt_path *path, const char *before)
{
    int64_t offset_ns = path->clock_offset_ns;

    g_string_append_printf(out, "%s%s is %.6f s %s that of %s", before, path->b->name, (double)ABS(offset_ns) / 1e9,
                           offset_ns < 0 ? "behind" : "ahead of", path->a->name);
}

static void append_clock_line(GString *out, const tcpt_path *path)
{
    append_clocks(out, path, "The clock of ");
    g_string_append(out, ", give or take half of both ways");
}

/* Else "0 lost" would be read as a proof that nothing was. */
static void append_uncaptured(GString *out, const tcpt_path *path)
{
    append_count(out, path->uncaptured, "more segment");
    g_string_append(
        out,
        " captured at one of them only: the other capture lacks packets, or they took another way, so what was lost "
        "between the two cannot be told");
}

static void say(GPtrArray *remarks, const tcpt_path *path, void (*append)(GString *, const tcpt_path *))
{
    GString *line = g_string_new(NULL);

    append(line, path);
    g_ptr_array_add(remarks, g_string_free(line, FALSE));
}

GPtrArray *tcpt_path_remarks(const tcpt_path *path)
{
    GPtrArray *remarks = g_ptr_array_new_with_free_func(g_free);

    if (path->clocks_differ)
        say(remarks, path, append_clock_line);
    if (path->uncaptured)
        say(remarks, path, append_uncaptured);
    if (path->matched_unordered)
        say(remarks, path, append_unordered);
    if (path->translated)
        say(remarks, path, append_translation);
    if (path->renumbered)
        say(remarks, path, append_renumbering);
    return remarks;
}

/* By clocks that differ nothing can be said but the sum of both delays: each is taken for half of it. */
static void write_path(GString *out, const tcpt_path *path)
{
    int64_t offset_ns = path->clocks_differ ? path->clock_offset_ns : 0;
    GPtrArray *remarks = tcpt_path_remarks(path);

    g_string_append_printf(out, "\n  %s and %s: ", path->a->name, path->b->name);
    append_count(out, path->connections, "connection");
    g_string_append(out, " seen at both\n");
    write_way(out, path->a, path->b, path->to_b, path->matched_to_b, path->delay_to_b_ns - offset_ns);
    write_way(out, path->b, path->a, path->to_a, path->matched_to_a, path->delay_to_a_ns + offset_ns);
    for (unsigned i = 0; i < remarks->len; i++)
        write_line(out, g_string_new(remarks->pdata[i]));
    g_ptr_array_free(remarks, TRUE);
}

static void append_rewriting(GString *out, const tcpt_path *path)
{
    if (path->translated) {
        g_string_append(out, "; ");
        append_translation(out, path);
    }
    if (path->renumbered) {
        g_string_append(out, "; ");
        append_renumbering(out, path);
    }
}

/* A clean capture is told in one line. */
static void append_path(GString *out, const tcpt_path *path)
{
    int64_t offset_ns = path->clocks_differ ? path->clock_offset_ns : 0;

    if (path->matched_to_a + path->matched_to_b == 0) {
        g_string_append(out, "; ");
        append_unordered(out, path);
        append_rewriting(out, path);
        return;
    }
    g_string_append(out, "; of ");
    append_count(out, (uint64_t)path->to_a.total + path->to_b.total, "segment");
    g_string_append_printf(out, " %u lost between %s and %s", path->to_a.missing + path->to_b.missing, path->a->name,
                           path->b->name);
    if (path->matched_to_b && path->matched_to_a) {
        g_string_append(out, " (");
        tcpt_append_milliseconds(out, path->delay_to_b_ns - offset_ns);
        g_string_append(out, " there, ");
        tcpt_append_milliseconds(out, path->delay_to_a_ns + offset_ns);
        g_string_append(out, " back)");
    }
    if (path->uncaptured) {
        g_string_append(out, "; ");
        append_uncaptured(out, path);
    }
    if (path->clocks_differ)
        append_clocks(out, path, "; the clock of ");
    append_rewriting(out, path);
}

/* ---- Nothing in common ---- */

static const char *reason(tcpt_apart apart)
{
    switch (apart) {
    case TCPT_APART_TRAFFIC:
        return "no connection has the same addresses and ports at two of them. They hold other traffic, or addresses "
               "are translated on the way and the handshakes are not in the capture.";
    case TCPT_APART_DIRECTIONS:
        return "each has one direction of the connections, as the two interfaces of a tap have. Switch the preference "
               "tcptriage.capture_points off: they are one point.";
    case TCPT_APART_TIMES:
        return "the same addresses and ports were seen at other times. The captures were taken one after the other, or "
               "their clocks are far apart; plugin/compare.sh joins two captures and sets the clocks right.";
    case TCPT_APART_SEGMENTS:
        return "connections of the same addresses and ports have other segments there. They are other connections, or "
               "a device between them ends the connections and opens its own (a proxy).";
    case TCPT_APART_NOT:
        break;
    }
    return "";
}

static void append_utc(GString *out, int64_t time_ns, const char *format)
{
    char *text = tcpt_utc_text(time_ns, format);

    g_string_append(out, text ? text : "?");
    g_free(text);
}

char *tcpt_point_line(const tcpt_point *point)
{
    GString *line = g_string_new(point->name);

    g_string_append(line, ": ");
    append_count(line, point->segments, "segment");
    g_string_append(line, ", ");
    append_utc(line, point->first_ns, "%F %T");
    g_string_append(line, " to ");
    append_utc(line, point->newest_ns, "%F %T UTC");
    return g_string_free(line, FALSE);
}

char *tcpt_apart_sentence(const tcpt_model *model)
{
    return g_strdup_printf("Nothing was seen at more than one of these %u capture points: %s",
                           tcpt_point_count(model->report.analysis), reason(model->apart));
}

static void write_apart(GString *out, const tcpt_model *model)
{
    unsigned count = tcpt_point_count(model->report.analysis), listed = 0;
    char *text = tcpt_apart_sentence(model), *line;

    g_string_append(out, "\n  ");
    write_wrapped(out, text, 2, LABEL_AT);
    g_free(text);
    for (const tcpt_point *point = tcpt_first_point(model->report.analysis); point && listed < TCPT_POINTS_LISTED;
         point = point->next, listed++) {
        line = tcpt_point_line(point);
        write_line(out, g_string_new(line));
        g_free(line);
    }
    if (listed < count)
        g_string_append_printf(out, "%*sand %u more\n", LABEL_AT, "", count - listed);
}

void tcpt_report_points(GString *out, const tcpt_model *model)
{
    if (model->paths->len == 0 && model->apart == TCPT_APART_NOT)
        return;
    g_string_append(out, "\nCapture points\n");
    for (unsigned i = 0; i < model->paths->len && i < TCPT_PATHS_LISTED; i++)
        write_path(out, &g_array_index(model->paths, tcpt_path, i));
    if (model->paths->len > TCPT_PATHS_LISTED)
        g_string_append_printf(out, "\n  and %u more pairs of points\n", model->paths->len - TCPT_PATHS_LISTED);
    if (model->paths->len == 0)
        write_apart(out, model);
}

void tcpt_report_points_briefly(GString *out, const tcpt_model *model)
{
    for (unsigned i = 0; i < model->paths->len && i < TCPT_PATHS_IN_SENTENCE; i++)
        append_path(out, &g_array_index(model->paths, tcpt_path, i));
    if (model->paths->len > TCPT_PATHS_IN_SENTENCE)
        g_string_append_printf(out, "; and %u more pairs of points", model->paths->len - TCPT_PATHS_IN_SENTENCE);
    if (model->apart != TCPT_APART_NOT)
        g_string_append_printf(out, "; nothing was seen at more than one of %u capture points",
                               tcpt_point_count(model->report.analysis));
}
