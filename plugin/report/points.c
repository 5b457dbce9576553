/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the report tells of capture points: what passed between them, how fast, and what was rewritten. */
#include "points.h"

#include "tcptriage/points.h"
#include "words.h"

static void append_delay(GString *out, int64_t ns)
{
    g_string_append_printf(out, ns < 1000000 ? "%.3f ms" : "%.1f ms", (double)ns / 1e6);
}

static void write_way(GString *out, const tcpt_point *from, const tcpt_point *to, tcpt_share share, uint64_t matched,
                      int64_t delay_ns)
{
    if (share.total == 0 && matched == 0)
        return;
    g_string_append_printf(out, "%*s%s -> %s: ", LABEL_AT, "", from->name, to->name);
    append_count(out, share.total, "segment");
    g_string_append_printf(out, ", %u not seen at %s", share.missing, to->name);
    if (matched) {
        g_string_append(out, "; at least ");
        append_delay(out, delay_ns);
        g_string_append(out, " on the way");
    }
    g_string_append_c(out, '\n');
}

static void append_rewriting(GString *out, const tcpt_path *path, const char *before, const char *after)
{
    if (path->translated)
        g_string_append_printf(out,
                               "%sthe device between %s and %s translates addresses or ports (%u of %u connections)%s",
                               before, path->a->name, path->b->name, path->translated, path->connections, after);
    if (path->renumbered)
        g_string_append_printf(out,
                               "%sthe device between %s and %s rewrites sequence numbers (%u of %u connections)%s%s",
                               before, path->a->name, path->b->name, path->renumbered, path->connections,
                               path->sack_not_adjusted ? ", SACK blocks are not adjusted" : "", after);
}

static void append_unordered(GString *out, const tcpt_path *path, const char *before)
{
    g_string_append(out, before);
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

/* By clocks that differ nothing can be said but the sum of both delays: each is taken for half of it. */
static void write_path(const tcpt_path *path, void *data)
{
    GString *out = data;
    int64_t offset_ns = path->clocks_differ ? path->clock_offset_ns : 0;

    g_string_append_printf(out, "\n  %s and %s: ", path->a->name, path->b->name);
    append_count(out, path->connections, "connection");
    g_string_append(out, " seen at both\n");
    write_way(out, path->a, path->b, path->to_b, path->matched_to_b, path->delay_to_b_ns - offset_ns);
    write_way(out, path->b, path->a, path->to_a, path->matched_to_a, path->delay_to_a_ns + offset_ns);
    if (path->clocks_differ) {
        append_clocks(out, path, "    The clock of ");
        g_string_append(out, ", give or take half of both ways\n");
    }
    if (path->matched_unordered) {
        append_unordered(out, path, "    ");
        g_string_append_c(out, '\n');
    }
    append_rewriting(out, path, "    ", "\n");
}

/* A clean capture is told in one line. */
static void append_path(const tcpt_path *path, void *data)
{
    GString *out = data;
    int64_t offset_ns = path->clocks_differ ? path->clock_offset_ns : 0;

    if (path->matched_to_a + path->matched_to_b == 0) {
        append_unordered(out, path, "; ");
        append_rewriting(out, path, "; ", "");
        return;
    }
    g_string_append(out, "; of ");
    append_count(out, (uint64_t)path->to_a.total + path->to_b.total, "segment");
    g_string_append_printf(out, " %u lost between %s and %s", path->to_a.missing + path->to_b.missing, path->a->name,
                           path->b->name);
    if (path->matched_to_b && path->matched_to_a) {
        g_string_append(out, " (");
        append_delay(out, path->delay_to_b_ns - offset_ns);
        g_string_append(out, " there, ");
        append_delay(out, path->delay_to_a_ns + offset_ns);
        g_string_append(out, " back)");
    }
    if (path->clocks_differ)
        append_clocks(out, path, "; the clock of ");
    append_rewriting(out, path, "; ", "");
}

void tcpt_report_points(GString *out, const tcpt_analysis *analysis)
{
    if (tcpt_point_count(analysis) < 2)
        return;
    g_string_append(out, "\nCapture points\n");
    tcpt_each_path(analysis, write_path, out);
}

void tcpt_report_points_briefly(GString *out, const tcpt_analysis *analysis)
{
    tcpt_each_path(analysis, append_path, out);
}
