/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports in use over time, with what there is of them. */
#include <inttypes.h>

#include "picture_axes.h"
#include "picture_forms.h"
#include "picture_words.h"
#include "svg.h"
#include "tcptriage/address.h"
#include "tcptriage/times.h"

static uint32_t range_of(const tcpt_diagnosis *cause)
{
    tcpt_value range;

    return tcpt_value_of(&cause->first, TCPT_F_PORTS_RANGE, &range) ? (uint32_t)range.number : 0;
}

static void draw_curve(const tcpt_axes *axes, const tcpt_pressure_curve *curve, GString *out)
{
    GString *path = g_string_new(NULL);
    uint32_t held = 0;

    for (uint32_t i = 0; i < curve->count; i++) {
        held = curve->most[i] ? curve->most[i] : held; /* none was taken: as many as before, at most */
        g_string_append_printf(path, path->len ? "H%dV%d" : "M%d %d",
                               tcpt_axes_x(axes, curve->begin_ns + (int64_t)i * curve->step_ns),
                               tcpt_axes_y(axes, held));
    }
    g_string_append_printf(out, "<path d=\"%sH%d\" class=\"cl\"/>\n", path->str, TCPT_PLOT_RIGHT);
    g_string_free(path, TRUE);
}

/* What there is, and where the finding is raised: at the port that it counts. */
static void draw_lines(tcpt_drawing *drawing, const tcpt_axes *axes, uint32_t range)
{
    const tcpt_finding *finding = &drawing->cause->first;
    uint32_t frame = tcpt_model_frame(drawing->model, finding->on);
    tcpt_value in_use = {.number = 0};
    int y = tcpt_axes_y(axes, range);

    tcpt_svg_line(drawing->body, TCPT_PLOT_LEFT, y, TCPT_PLOT_RIGHT, y, "w");
    tcpt_svg_take(drawing->body, TCPT_PLOT_LEFT + 6, y + 14, "s w",
                  g_strdup_printf("%u ports are all that the client has", range));
    if (!tcpt_value_of(finding, TCPT_F_PORTS_IN_USE, &in_use))
        return;
    y = tcpt_axes_y(axes, in_use.number);
    tcpt_svg_line(drawing->body, TCPT_PLOT_LEFT, y, TCPT_PLOT_RIGHT, y, "a d");
    tcpt_svg_take(drawing->body, TCPT_PLOT_LEFT + 6, y + 15, "a b",
                  g_strdup_printf("frame %u: %" PRId64 " in use (%" PRId64 " %%)", frame, in_use.number,
                                  in_use.number * 100 / MAX(range, 1)));
    tcpt_svg_line(drawing->body, tcpt_axes_x(axes, finding->time_ns), y, tcpt_axes_x(axes, finding->time_ns),
                  TCPT_PLOT_BOTTOM, "a d");
}

bool tcpt_draw_ports(tcpt_drawing *drawing)
{
    const tcpt_pressure_curve *curve = tcpt_pressure_curve_of(drawing->model->report.analysis, drawing->flow);
    uint32_t range = range_of(drawing->cause);
    tcpt_axes axes = {.zero_ns = drawing->model->report.zero_ns, .high = range};
    const tcpt_flow_key *key = &drawing->flow->key;
    char client[TCPT_ADDRESS_BYTES], *server;

    if (!curve || !range)
        return false;
    server = tcpt_drawn_name(drawing->flow, !drawing->flow->client, 64);
    tcpt_address_text(client, key->family, key->address[drawing->flow->client]);
    axes.from_ns = curve->begin_ns;
    axes.to_ns = curve->begin_ns + (int64_t)curve->count * curve->step_ns;
    tcpt_axes_draw(drawing->body, &axes, "client ports in use");
    draw_curve(&axes, curve, drawing->body);
    draw_lines(drawing, &axes, range);
    drawing->height = TCPT_PLOT_BOTTOM + 26;
    g_string_append_printf(drawing->words, "Ports in use toward %s over time: %u at most, of %u.", server,
                           curve->highest, range);
    tcpt_drawn_summary(drawing);
    g_string_append_printf(drawing->caption, "Ports that %s has open or in TIME-WAIT toward %s: the most in each ",
                           client, server);
    g_free(server);
    if (curve->step_ns == TCPT_SECOND_NS)
        g_string_append(drawing->caption, "second");
    else
        g_string_append_printf(drawing->caption, "%" PRId64 " s", curve->step_ns / TCPT_SECOND_NS);
    g_string_append(drawing->caption, ", from a tenth of the range on.");
    return true;
}
