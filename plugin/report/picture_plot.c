/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sequence numbers over time: what one end sent, what the other acknowledged, and how far its window reached. */
#include <inttypes.h>
#include <string.h>

#include "picture_axes.h"
#include "picture_forms.h"
#include "picture_words.h"
#include "svg.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

enum {
    POINTS_LEAST = 4, /* fewer are told better by a ladder */
    TICK = 3,         /* half of a mark, pixels */
    LEGEND = TCPT_PLOT_BOTTOM + 38,
};

typedef struct plot {
    tcpt_drawing *on;
    const tcpt_scene_segment *all; /* what is shown of the series */
    uint32_t count;
    unsigned sender;
    uint32_t base;  /* what values are counted from */
    bool relative;  /* that is where the sender's numbers begin */
    bool any_first; /* bytes that were not sent before */
    bool any_again;
    bool any_window; /* the window's end lies within */
    bool any_shut;
    tcpt_axes axes;
} plot;

/* ---- what is shown ---- */

static bool is_data(const plot *of, const tcpt_scene_segment *segment)
{
    return segment->record->from == of->sender && segment->payload_bytes && !segment->record->icmp;
}

static bool is_again(const tcpt_scene_segment *segment)
{
    return segment->again || segment->probe;
}

static bool is_answer(const plot *of, const tcpt_scene_segment *segment)
{
    return segment->record->from != of->sender && (segment->flags & TCPT_ACK) && !(segment->flags & TCPT_RST) &&
           !segment->record->icmp;
}

/* The end that has sent most. */
static unsigned sender_of(const tcpt_scene *scene, const tcpt_diagnosis *cause)
{
    uint64_t bytes[2] = {0};

    for (uint32_t i = 0; i < scene->series_count; i++)
        bytes[scene->series[i].record->from] += scene->series[i].payload_bytes;
    return bytes[0] == bytes[1] ? cause->first.on->from : bytes[1] > bytes[0];
}

static bool is_evidence(const tcpt_diagnosis *cause, const tcpt_record *record)
{
    if (record == cause->first.on)
        return true;
    for (uint32_t i = 0; i < cause->related_count && i < TCPT_SCENE_SEGMENTS; i++)
        if (cause->related[i] == record)
            return true;
    return false;
}

/* A silence before all that proves it, which would take most of the room: begin behind it. */
static void skip_idle(plot *of)
{
    const tcpt_scene_segment *all = of->all;
    int64_t whole_ns = all[of->count - 1].time_ns - all[0].time_ns;

    for (uint32_t i = 1; i < of->count && !is_evidence(of->on->cause, all[i - 1].record); i++)
        if (all[i].time_ns - all[i - 1].time_ns > whole_ns / 2) {
            of->all += i;
            of->count -= i;
            return;
        }
}

static int64_t value_of(const plot *of, uint32_t seq)
{
    int32_t from_own = seq_delta(seq, of->base);

    return from_own;
}

static void include(plot *of, int64_t value)
{
    of->axes.low = MIN(of->axes.low, value);
    of->axes.high = MAX(of->axes.high, value);
}

/* What was sent and acknowledged; the window's end where it is not so far away that the rest would be a line. */
static bool find_range(plot *of)
{
    unsigned data = 0;
    int64_t edge_most = INT64_MIN;

    of->axes.low = INT64_MAX;
    of->axes.high = INT64_MIN;
    for (uint32_t i = 0; i < of->count; i++) {
        const tcpt_scene_segment *segment = &of->all[i];

        if (is_data(of, segment)) {
            data++;
            include(of, value_of(of, segment->seq));
            include(of, value_of(of, tcpt_scene_end_seq(segment)));
        } else if (is_answer(of, segment)) {
            include(of, value_of(of, segment->ack));
            edge_most = MAX(edge_most, value_of(of, segment->ack) + segment->window);
        }
    }
    if (data == 0 || of->count < POINTS_LEAST || of->axes.low == of->axes.high)
        return false;
    of->any_window = edge_most != INT64_MIN && edge_most <= of->axes.high + (of->axes.high - of->axes.low) / 2;
    if (of->any_window)
        include(of, edge_most);
    return true;
}

/* Nothing is drawn on the axes themselves. */
static void widen(tcpt_axes *axes)
{
    enum { MARGIN_PART = 25 };
    int64_t more = (axes->high - axes->low) / MARGIN_PART + 1,
            later = (axes->to_ns - axes->from_ns) / MARGIN_PART / 2 + 1;

    axes->low -= more;
    axes->high += more;
    axes->from_ns -= later;
    axes->to_ns += later;
}

static bool prepare(plot *of, tcpt_drawing *drawing)
{
    const tcpt_scene *scene = drawing->scene;

    *of = (plot){.on = drawing, .all = scene->series, .count = scene->series_count};
    if (of->count < POINTS_LEAST)
        return false;
    of->sender = sender_of(scene, drawing->cause);
    skip_idle(of);
    of->relative = tcpt_drawn_base(drawing->flow, of->sender, &of->base) && !drawing->flow->ends[of->sender].far;
    for (uint32_t i = 0; !of->relative && i < of->count; i++)
        if (is_data(of, &of->all[i])) {
            of->base = of->all[i].seq;
            break;
        }
    of->axes.from_ns = of->all[0].time_ns;
    of->axes.to_ns = of->all[of->count - 1].time_ns;
    of->axes.zero_ns = drawing->model->report.zero_ns;
    if (of->axes.to_ns <= of->axes.from_ns || !find_range(of))
        return false;
    widen(&of->axes);
    return true;
}

/* ---- drawing ---- */

static void draw_data(const plot *of, GString *out, bool again)
{
    GString *path = g_string_new(NULL);

    for (uint32_t i = 0; i < of->count; i++) {
        const tcpt_scene_segment *segment = &of->all[i];
        int x = tcpt_axes_x(&of->axes, segment->time_ns);
        int low = tcpt_axes_y(&of->axes, value_of(of, segment->seq));
        int high = tcpt_axes_y(&of->axes, value_of(of, tcpt_scene_end_seq(segment)));

        if (!is_data(of, segment) || is_again(segment) != again)
            continue;
        if (again)
            g_string_append_printf(path, "M%d %dl6 6m0-6l-6 6", x - TICK, (low + high) / 2 - TICK);
        else
            g_string_append_printf(path, "M%d %dV%d", x, low, MIN(high, low - 2));
    }
    if (path->len)
        g_string_append_printf(out, "<path d=\"%s\" class=\"%s\"/>\n", path->str,
                               again                                ? "w"
                               : of->sender == of->on->flow->client ? "cl"
                                                                    : "sv");
    g_string_free(path, TRUE);
}

/* A step at each answer: what it acknowledges, or where its window ends. */
static void draw_steps(const plot *of, GString *out, bool window, const char *classes)
{
    GString *path = g_string_new(NULL);

    for (uint32_t i = 0; i < of->count; i++) {
        const tcpt_scene_segment *segment = &of->all[i];
        int64_t value = value_of(of, segment->ack) + (window ? segment->window : 0);

        if (is_answer(of, segment))
            g_string_append_printf(path, path->len ? "H%dV%d" : "M%d %d", tcpt_axes_x(&of->axes, segment->time_ns),
                                   tcpt_axes_y(&of->axes, value));
    }
    if (path->len)
        g_string_append_printf(out, "<path d=\"%sH%d\" class=\"%s\"/>\n", path->str, TCPT_PLOT_RIGHT, classes);
    g_string_free(path, TRUE);
}

static void draw_shut(plot *of, GString *out)
{
    for (uint32_t i = 0; i < of->count; i++) {
        const tcpt_scene_segment *segment = &of->all[i];

        if (!is_answer(of, segment) || segment->window || (segment->flags & TCPT_SYN))
            continue;
        of->any_shut = true;
        tcpt_svg_box(out, tcpt_axes_x(&of->axes, segment->time_ns) - TICK,
                     tcpt_axes_y(&of->axes, value_of(of, segment->ack)) - TICK, 2 * TICK, 2 * TICK, "w p");
    }
}

static void draw_own(const plot *of, GString *out)
{
    const tcpt_finding *finding = &of->on->cause->first;
    char *brief = tcpt_model_brief(of->on->model, finding);
    uint32_t frame = tcpt_model_frame(of->on->model, finding->on);
    char *text = frame ? g_strdup_printf("frame %u: %s", frame, brief) : g_strdup(brief);
    int x = tcpt_axes_x(&of->axes, finding->time_ns);

    tcpt_svg_line(out, x, TCPT_PLOT_TOP - 4, x, TCPT_PLOT_BOTTOM, "a d");
    tcpt_svg_take(out, TCPT_PLOT_RIGHT, TCPT_PLOT_TOP - 8, "e a b", tcpt_svg_shortened(text, 66));
    g_free(brief);
}

/* ---- what the signs mean ---- */

static int legend_line(GString *out, int x, int y, const char *classes, const char *words)
{
    tcpt_svg_line(out, x, y, x + 20, y, classes);
    return tcpt_legend_words(out, x, y, words);
}

static void draw_legend(plot *of, GString *out)
{
    bool client = of->sender == of->on->flow->client;
    int x = TCPT_PLOT_LEFT, y = LEGEND;
    char *sent = g_strdup_printf("sent by the %s", client ? "client" : "server");
    char *acked = g_strdup_printf("acknowledged by the %s", client ? "server" : "client");

    if (of->any_first) {
        tcpt_svg_line(out, x + 10, y - 5, x + 10, y + 5, client ? "cl" : "sv");
        x = tcpt_legend_words(out, x, y, sent);
    }
    legend_line(out, x, y, client ? "sv" : "cl", acked);
    x = TCPT_PLOT_LEFT;
    y += 18;
    if (of->any_again) {
        tcpt_svg_cross(out, x + 10, y, TICK, "w");
        x = tcpt_legend_words(out, x, y, "sent again");
    }
    if (of->any_window)
        x = legend_line(out, x, y, "m d", "end of the window");
    if (of->any_shut) {
        tcpt_svg_box(out, x + 7, y - TICK, 2 * TICK, 2 * TICK, "w p");
        x = tcpt_legend_words(out, x, y, "window 0");
    }
    of->on->height = (x > TCPT_PLOT_LEFT ? y : y - 18) + 14;
    g_free(sent);
    g_free(acked);
}

static void tell(const plot *of)
{
    tcpt_drawing *drawing = of->on;
    const tcpt_scene *scene = drawing->scene;
    char *sender = tcpt_drawn_name(drawing->flow, of->sender, 64);

    g_string_append_printf(drawing->words, "Sequence numbers that %s sent over time, and what was acknowledged.",
                           sender);
    tcpt_drawn_summary(drawing);
    g_string_append_printf(drawing->caption, "What %s sent over time.", sender);
    g_free(sender);
    if (scene->series_from > scene->series_count)
        g_string_append_printf(drawing->caption, " Thinned: drawn from %u of %u segments.", of->count,
                               scene->series_from);
    if (!of->any_window)
        g_string_append(drawing->caption, " The end of the window lies far above what is shown.");
}

static void note_kinds(plot *of)
{
    for (uint32_t i = 0; i < of->count; i++)
        if (is_data(of, &of->all[i]))
            *(is_again(&of->all[i]) ? &of->any_again : &of->any_first) = true;
}

bool tcpt_draw_sequence(tcpt_drawing *drawing)
{
    plot of;
    char *what;

    if (!prepare(&of, drawing))
        return false;
    note_kinds(&of);
    what = g_strdup_printf("bytes, %s", of.relative ? "relative SEQ" : "from the first one shown");
    tcpt_axes_draw(drawing->body, &of.axes, what);
    g_free(what);
    draw_own(&of, drawing->body);
    if (of.any_window)
        draw_steps(&of, drawing->body, true, "m d");
    draw_steps(&of, drawing->body, false, of.sender == drawing->flow->client ? "sv" : "cl");
    draw_data(&of, drawing->body, false);
    draw_data(&of, drawing->body, true);
    draw_shut(&of, drawing->body);
    draw_legend(&of, drawing->body);
    tell(&of);
    return true;
}
