/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the report tells of capture points: what passed between them, how fast, and what was rewritten. */
#include "points.h"

#include "tcptriage/vantage.h"
#include "words.h"

static void append_delay(GString *out, int64_t ns)
{
    g_string_append_printf(out, ns < 1000000 ? "%.3f ms" : "%.1f ms", (double)ns / 1e6);
}

static void write_way(GString *out, const tcpt_point *from, const tcpt_point *to, tcpt_share share, uint64_t crossed,
                      int64_t delay_ns)
{
    if (share.total == 0 && crossed == 0)
        return;
    g_string_append_printf(out, "%*s%s -> %s: ", LABEL_AT, "", from->name, to->name);
    append_count(out, share.total, "segment");
    g_string_append_printf(out, ", %u not seen at %s", share.missing, to->name);
    if (crossed) {
        g_string_append(out, "; at least ");
        append_delay(out, delay_ns);
        g_string_append(out, " on the way");
    }
    g_string_append_c(out, '\n');
}

static void append_rewriting(GString *out, const tcpt_passage *passage, const char *before, const char *after)
{
    if (passage->translated)
        g_string_append_printf(
            out, "%sthe device between %s and %s translates addresses or ports (%u of %u connections)%s", before,
            passage->a->name, passage->b->name, passage->translated, passage->connections, after);
    if (passage->renumbered)
        g_string_append_printf(out,
                               "%sthe device between %s and %s rewrites sequence numbers (%u of %u connections)%s%s",
                               before, passage->a->name, passage->b->name, passage->renumbered, passage->connections,
                               passage->sack_not_adjusted ? ", SACK blocks are not adjusted" : "", after);
}

static void append_unordered(GString *out, const tcpt_passage *passage, const char *before)
{
    g_string_append(out, before);
    append_count(out, passage->crossed_unordered, "segment");
    g_string_append_printf(out, " seen at both %s and %s; which is nearer to the sender nothing tells",
                           passage->a->name, passage->b->name);
}

static void append_clocks(GString *out, const tcpt_passage *passage, const char *before)
{
    int64_t offset_ns = passage->clock_offset_ns;

    g_string_append_printf(out, "%s%s is %.6f s %s that of %s", before, passage->b->name, (double)ABS(offset_ns) / 1e9,
                           offset_ns < 0 ? "behind" : "ahead of", passage->a->name);
}

/* By clocks that differ nothing can be said but the sum of both delays: each is taken for half of it. */
static void write_passage(const tcpt_passage *passage, void *data)
{
    GString *out = data;
    int64_t offset_ns = passage->clocks_differ ? passage->clock_offset_ns : 0;

    g_string_append_printf(out, "\n  %s and %s: ", passage->a->name, passage->b->name);
    append_count(out, passage->connections, "connection");
    g_string_append(out, " seen at both\n");
    write_way(out, passage->a, passage->b, passage->to_b, passage->crossed_to_b, passage->delay_to_b_ns - offset_ns);
    write_way(out, passage->b, passage->a, passage->to_a, passage->crossed_to_a, passage->delay_to_a_ns + offset_ns);
    if (passage->clocks_differ) {
        append_clocks(out, passage, "    The clock of ");
        g_string_append(out, ", give or take half of both ways\n");
    }
    if (passage->crossed_unordered) {
        append_unordered(out, passage, "    ");
        g_string_append_c(out, '\n');
    }
    append_rewriting(out, passage, "    ", "\n");
}

/* A clean capture is told in one line. */
static void append_passage(const tcpt_passage *passage, void *data)
{
    GString *out = data;
    int64_t offset_ns = passage->clocks_differ ? passage->clock_offset_ns : 0;

    if (passage->crossed_to_a + passage->crossed_to_b == 0) {
        append_unordered(out, passage, "; ");
        append_rewriting(out, passage, "; ", "");
        return;
    }
    g_string_append(out, "; of ");
    append_count(out, (uint64_t)passage->to_a.total + passage->to_b.total, "segment");
    g_string_append_printf(out, " %u lost between %s and %s", passage->to_a.missing + passage->to_b.missing,
                           passage->a->name, passage->b->name);
    if (passage->crossed_to_b && passage->crossed_to_a) {
        g_string_append(out, " (");
        append_delay(out, passage->delay_to_b_ns - offset_ns);
        g_string_append(out, " there, ");
        append_delay(out, passage->delay_to_a_ns + offset_ns);
        g_string_append(out, " back)");
    }
    if (passage->clocks_differ)
        append_clocks(out, passage, "; the clock of ");
    append_rewriting(out, passage, "; ", "");
}

void tcpt_report_points(GString *out, const tcpt_analysis *analysis)
{
    if (tcpt_point_count(analysis) < 2)
        return;
    g_string_append(out, "\nCapture points\n");
    tcpt_each_passage(analysis, write_passage, out);
}

void tcpt_report_points_briefly(GString *out, const tcpt_analysis *analysis)
{
    tcpt_each_passage(analysis, append_passage, out);
}
