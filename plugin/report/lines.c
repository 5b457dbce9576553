/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lines.h"

#include <inttypes.h>

#include "tcptriage/times.h"

static void append_seconds(GString *out, int64_t ns)
{
    g_string_append_printf(out, "\t%" PRId64 ".%09" PRId64, ns / TCPT_SECOND_NS, ns % TCPT_SECOND_NS);
}

static void write_point(GString *out, const tcpt_model *model, const tcpt_point *point)
{
    uint32_t interface = model->report.interface_of ? model->report.interface_of(point) : point->id;

    g_string_append_printf(out, "point\t%u\t%u\t%u\t%" PRIu64, point->index, interface, point->depth, point->segments);
    append_seconds(out, point->first_ns);
    append_seconds(out, point->newest_ns);
    g_string_append_printf(out, "\t%s\n", point->name);
}

static void write_path(GString *out, const tcpt_path *path)
{
    g_string_append_printf(out, "path\t%u\t%u\t%u\t%u\t%u\t%u\t%u\t", path->a->index, path->b->index, path->connections,
                           path->to_b.total, path->to_b.missing, path->to_a.total, path->to_a.missing);
    if (path->clocks_differ)
        g_string_append_printf(out, "%" PRId64 "\n", path->clock_offset_ns);
    else
        g_string_append(out, "-\n");
}

void tcpt_report_lines(GString *out, const tcpt_model *model)
{
    if (!model->report.analysis)
        return;
    for (const tcpt_point *point = tcpt_first_point(model->report.analysis); point; point = point->next)
        write_point(out, model, point);
    for (unsigned i = 0; i < model->paths->len; i++)
        write_path(out, &g_array_index(model->paths, tcpt_path, i));
}
