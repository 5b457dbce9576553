/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decisive segments between both ends, from top to bottom as time passes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "picture_forms.h"
#include "picture_rows.h"
#include "picture_words.h"
#include "svg.h"
#include "tcptriage/label.h"
#include "tcptriage/points.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

/* Pixels. */
enum {
    CLIENT_X = 94, /* left of it frame and time */
    SERVER_X = TCPT_PICTURE_WIDTH - 10,
    MIDDLE_X = (CLIENT_X + SERVER_X) / 2,
    LOST_PERCENT = 42,   /* of its way, where a lost segment ends: beside it there are its words */
    SLOPE = 7,           /* later below: it takes time */
    SILENCE_MOST = 66,   /* height of the longest; the others in proportion */
    SILENCES_MOST = 200, /* of all of them: many are drawn to a smaller scale */
    SILENCE_LEAST = 20,
};

enum { LABEL_MOST = 56, BRIEF_MOST = 54 }; /* characters between both lines */

typedef struct ladder {
    tcpt_drawing *on;
    const tcpt_rows *rows;
    GString *out;
    int y;
    int lines_from;      /* where the lifelines go on from */
    tcpt_state state[2]; /* shown last, by end; valid with `known` */
    bool known[2];
} ladder;

static int x_of(const tcpt_flow *flow, unsigned end)
{
    return end == flow->client ? CLIENT_X : SERVER_X;
}

/* ---- lifelines ---- */

static void draw_lifelines(ladder *on, int to)
{
    if (to > on->lines_from) {
        tcpt_svg_line(on->out, CLIENT_X, on->lines_from, CLIENT_X, to, "cl");
        tcpt_svg_line(on->out, SERVER_X, on->lines_from, SERVER_X, to, "sv");
    }
    on->lines_from = to;
}

static void draw_head(ladder *on)
{
    const tcpt_flow *flow = on->on->flow;

    tcpt_svg_text(on->out, 0, 14, "m s", "frame");
    tcpt_svg_text(on->out, 0, 28, "m s", "seconds");
    tcpt_svg_text(on->out, CLIENT_X - 4, 14, "b cl", flow->client_known ? "client" : "taken for the client");
    tcpt_svg_take(on->out, CLIENT_X - 4, 28, "s", tcpt_drawn_name(flow, flow->client, 29));
    tcpt_svg_text(on->out, SERVER_X + 4, 14, "b e sv", "server");
    tcpt_svg_take(on->out, SERVER_X + 4, 28, "e s", tcpt_drawn_name(flow, !flow->client, 29));
    on->y = on->lines_from = 36;
}

/* ---- silence, to scale ---- */

/* What the lines do meanwhile. */
static void draw_zigzag(ladder *on, int x, int height, const char *classes)
{
    g_string_append_printf(on->out, "<path d=\"M%d %d", x, on->y);
    for (int at = 0; at + 8 <= height; at += 8)
        g_string_append(on->out, "l4 2l-8 4l4 2");
    g_string_append_printf(on->out, "V%d\" class=\"%s d\"/>\n", on->y + height, classes);
}

static int silence_height(const ladder *on, int64_t silence_ns)
{
    double most = MIN(SILENCE_MOST, SILENCES_MOST * (double)on->rows->longest_ns / (double)on->rows->silences_ns);
    int height = (int)(most * (double)silence_ns / (double)on->rows->longest_ns);

    return CLAMP(height, SILENCE_LEAST, SILENCE_MOST);
}

static void draw_silence(ladder *on, int64_t silence_ns, const char *until, const char *hint)
{
    GString *text = g_string_new(NULL);
    int height = silence_height(on, silence_ns), below;

    draw_lifelines(on, on->y);
    tcpt_append_span(text, silence_ns);
    g_string_append(text, until);
    below = tcpt_svg_take_lines(on->out, MIDDLE_X, on->y + 14, TCPT_PICTURE_LINE, BRIEF_MOST, "c b",
                                g_string_free(text, FALSE));
    if (hint)
        below = tcpt_svg_take_lines(on->out, MIDDLE_X, below, 13, BRIEF_MOST, "c s m",
                                    tcpt_svg_shortened(g_strconcat("matches ", hint, NULL), 3 * BRIEF_MOST));
    height = MAX(height, below - 8 - on->y);
    draw_zigzag(on, CLIENT_X, height, "cl");
    draw_zigzag(on, SERVER_X, height, "sv");
    on->y += height;
    on->lines_from = on->y;
}

static void draw_left_out(ladder *on, uint32_t count)
{
    tcpt_svg_take(on->out, MIDDLE_X, on->y + 13, "c m",
                  g_strdup_printf("\u2026 %u segment%s", count, count == 1 ? "" : "s"));
    on->y += 19;
}

/* ---- a segment ---- */

static void draw_when(ladder *on, const tcpt_row *row)
{
    uint32_t frame = tcpt_model_frame(on->on->model, row->segment->record);
    int64_t since_ns = row->segment->time_ns - on->on->model->report.zero_ns;
    uint64_t us = (uint64_t)ABS(since_ns) / 1000;

    if (frame)
        tcpt_svg_take(on->out, 0, on->y + 14,
                      row->own       ? "b a"
                      : row->related ? "b"
                                     : "",
                      g_strdup_printf("%s%u", row->own || row->related ? "\u25cf " : "", frame));
    tcpt_svg_take(on->out, 0, on->y + 28, "s m",
                  g_strdup_printf("%s%" PRIu64 ".%06" PRIu64, since_ns < 0 ? "-" : "", us / 1000000, us % 1000000));
}

static void append_relative(GString *text, const char *word, const tcpt_flow *flow, unsigned end, uint32_t number)
{
    uint32_t base;

    g_string_append_printf(text, " %s %u", word, tcpt_drawn_base(flow, end, &base) ? number - base : number);
}

static void append_sack(GString *text, const tcpt_flow *flow, unsigned end, tcpt_range block)
{
    append_relative(text, "sack", flow, end, block.left);
    append_relative(text, "to", flow, end, block.right);
}

static char *label_of(const tcpt_row *row)
{
    const tcpt_scene_segment *segment = row->segment;
    const tcpt_flow *flow = tcpt_flow_of(segment->record);
    unsigned from = segment->record->from;
    GString *text = g_string_new(NULL);

    if (segment->record->icmp) {
        g_string_append(text, "ICMP error about");
        append_relative(text, "seq", flow, from, segment->seq);
        return g_string_free(text, FALSE);
    }
    tcpt_append_flags(text, segment->flags);
    append_relative(text, "seq", flow, from, segment->seq);
    if (segment->flags & TCPT_ACK)
        append_relative(text, "ack", flow, !from, segment->ack);
    if (segment->payload_bytes)
        g_string_append_printf(text, " len %u", segment->payload_bytes);
    if ((segment->flags & (TCPT_ACK | TCPT_RST)) == TCPT_ACK && !segment->window)
        g_string_append(text, " win 0");
    if (segment->sack_count && text->len < LABEL_MOST / 2)
        append_sack(text, flow, !from, segment->sack[0]);
    if (segment->again || segment->probe)
        g_string_append(text, segment->probe ? ", probe" : ", again");
    return g_string_free(text, FALSE);
}

static const char *line_classes(const tcpt_row *row)
{
    if (row->lost)
        return row->own ? "a d" : "w d";
    if (row->own)
        return "a";
    return row->segment->record->icmp ? "w d" : row->foreign ? "m d" : "";
}

static void draw_lost(ladder *on, const tcpt_row *row, int from_x, int to_x)
{
    int x = from_x + (to_x - from_x) * LOST_PERCENT / 100, y = on->y + 19 + SLOPE * LOST_PERCENT / 100;
    bool rightwards = to_x > from_x;

    tcpt_svg_line(on->out, from_x, on->y + 19, x, y, line_classes(row));
    tcpt_svg_cross(on->out, x + (rightwards ? 6 : -6), y, 5, "w");
    tcpt_svg_text(on->out, x + (rightwards ? 16 : -16), y + 8, rightwards ? "s w" : "s w e", row->lost);
}

static void draw_arrow(ladder *on, const tcpt_row *row)
{
    const tcpt_record *record = row->segment->record;
    const tcpt_flow *flow = tcpt_flow_of(record);
    int from_x = x_of(flow, record->from), to_x = x_of(flow, !record->from);

    if (record->icmp) { /* back to the sender of what it quotes, from somewhere on the way */
        to_x = from_x;
        from_x = MIDDLE_X;
    }
    if (row->lost)
        draw_lost(on, row, from_x, to_x);
    else
        tcpt_svg_arrow(on->out, from_x, on->y + 19, to_x, on->y + 19 + SLOPE, line_classes(row));
}

/* What both ends have come to by it, where that is something else than above. */
static void draw_states(ladder *on, const tcpt_row *row)
{
    const tcpt_flow *flow = tcpt_flow_of(row->segment->record);
    bool any = false;

    if (row->foreign || row->segment->record->icmp)
        return;
    for (unsigned end = 0; end < 2; end++) {
        tcpt_state state = tcpt_state_in(row->segment->record, end);
        bool client = end == flow->client;

        if ((on->known[end] && state == on->state[end]) || (row->lost && end != row->segment->record->from))
            continue;
        on->known[end] = true;
        on->state[end] = state;
        tcpt_svg_text(on->out, client ? CLIENT_X + 7 : SERVER_X - 7, on->y + 12, client ? "s cl" : "s sv e",
                      tcpt_state_name(state));
        any = true;
    }
    if (any)
        on->y += 14;
}

/* The number that would have fitted, of whichever finding on the frame tells. */
static void note_expected(const tcpt_finding *finding, void *data)
{
    tcpt_value value;

    if (tcpt_value_of(finding, TCPT_F_RST_EXPECTED_SEQ, &value))
        *(int64_t *)data = value.number;
}

/* That beside the one that came. */
static void draw_expected(ladder *on, const tcpt_row *row)
{
    const tcpt_scene_segment *segment = row->segment;
    GString *text;
    int64_t expected = -1;

    tcpt_each_finding(segment->record, note_expected, &expected);
    if (expected < 0 || (uint32_t)expected == segment->seq)
        return;
    text = g_string_new("expected");
    append_relative(text, "seq", tcpt_flow_of(segment->record), segment->record->from, (uint32_t)expected);
    append_relative(text, "\u2260 seq", tcpt_flow_of(segment->record), segment->record->from, segment->seq);
    tcpt_svg_take(on->out, MIDDLE_X, on->y + 12, row->own ? "c b a" : "c b w", g_string_free(text, FALSE));
    on->y += TCPT_PICTURE_LINE;
}

/* The finding in a few words. */
static void draw_verdict(ladder *on)
{
    char *brief = tcpt_model_brief(on->on->model, &on->on->cause->first);

    on->y = tcpt_svg_take_lines(on->out, MIDDLE_X, on->y + 12, TCPT_PICTURE_LINE, BRIEF_MOST, "c a", brief) - 10;
}

static void draw_row(ladder *on, const tcpt_row *row)
{
    const char *classes = row->own ? "c b a" : row->related ? "c b" : "c";

    draw_when(on, row);
    tcpt_svg_take(on->out, MIDDLE_X, on->y + 14, classes, tcpt_svg_shortened(label_of(row), LABEL_MOST));
    draw_arrow(on, row);
    on->y += 19 + SLOPE + 6;
    if (row->foreign) {
        tcpt_svg_take(on->out, MIDDLE_X, on->y + 8, "c s m", tcpt_svg_short(row->foreign, BRIEF_MOST));
        on->y += 13;
    }
    draw_states(on, row);
    draw_expected(on, row);
    if (row->own)
        draw_verdict(on);
    on->y += 3;
}

/* ---- all of it ---- */

/* Of one of the flow's findings: the time-out that fits its silence, if that is the one that is drawn. They are a
 * twentieth apart at most: a finding may measure from an answer, where the picture does from the segment before it. */
static const char *hint_of(const tcpt_diagnosis *diagnosis, int64_t silence_ns)
{
    const char *hint = NULL;
    bool fits = false;
    tcpt_value value;

    for (unsigned at = 0; tcpt_next_value(&diagnosis->first, &at, &value);) {
        if (g_str_has_suffix(tcpt_fields[value.field].filter, ".hint"))
            hint = value.text;
        else if (tcpt_fields[value.field].type == TCPT_TYPE_DURATION)
            fits |= llabs(value.number - silence_ns) <= value.number / 20;
    }
    return fits ? hint : NULL;
}

/* Of any: what explains a silence may have another cause, as a FIN that a device drops. */
static const char *hint_for(const ladder *on, int64_t silence_ns)
{
    const tcpt_flow *flow = tcpt_flow_of(on->on->cause->first.on);
    const tcpt_diagnosis *lists[] = {tcpt_first_diagnosis(flow), tcpt_first_end_diagnosis(flow)};
    const char *hint = NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
        for (const tcpt_diagnosis *diagnosis = lists[i]; diagnosis && !hint; diagnosis = diagnosis->next)
            hint = hint_of(diagnosis, silence_ns);
    return hint;
}

static void draw_rows(ladder *on)
{
    const tcpt_rows *rows = on->rows;
    for (unsigned i = 0; i < rows->count; i++) {
        const tcpt_row *row = &rows->at[i];

        if (row->left_out)
            draw_left_out(on, row->left_out);
        if (row->silence_ns)
            draw_silence(on, row->silence_ns, " of silence", hint_for(on, row->silence_ns));
        draw_row(on, row);
    }
    if (rows->behind)
        draw_left_out(on, rows->behind);
    if (rows->end_silence_ns)
        draw_silence(on, rows->end_silence_ns, " without more, to the end of the capture",
                     hint_for(on, rows->end_silence_ns));
    draw_lifelines(on, on->y + 6);
}

/* The first and the last that have a number: a read filter leaves frames out. */
static void append_frames(GString *out, const tcpt_model *model, const tcpt_rows *rows)
{
    uint32_t first = 0, last = 0;

    for (unsigned i = 0; i < rows->count; i++) {
        uint32_t frame = tcpt_model_frame(model, rows->at[i].segment->record);

        first = first ? first : frame;
        last = frame ? frame : last;
    }
    if (first)
        g_string_append_printf(out, ", from frame %u to %u", first, last);
}

static void tell(const ladder *on)
{
    const tcpt_rows *rows = on->rows;
    tcpt_drawing *drawing = on->on;
    const tcpt_flow *flow = drawing->flow;
    char *client = tcpt_drawn_name(flow, flow->client, 64), *server = tcpt_drawn_name(flow, !flow->client, 64);

    g_string_append_printf(drawing->words, "%u segments between client %s and server %s", rows->count, client, server);
    append_frames(drawing->words, drawing->model, rows);
    g_string_append_c(drawing->words, '.');
    tcpt_drawn_summary(drawing);
    g_string_append(drawing->caption, "The segments that tell, with the states of both ends as they are inferred. ");
    g_string_append(drawing->caption, rows->related ? "\u25cf marks the finding\u2019s frame and those that prove it. "
                                                    : "\u25cf marks the finding\u2019s frame. ");
    g_string_append(drawing->caption, flow->ends[0].syn && flow->ends[1].syn ? "Sequence numbers are relative."
                                      : flow->ends[0].syn || flow->ends[1].syn
                                          ? "Sequence numbers are relative where the SYN was captured."
                                          : "Sequence numbers are absolute: no SYN was captured.");
    if (rows->silences)
        g_string_append(drawing->caption, " Silences are drawn to one scale.");
    if (tcpt_point_count(drawing->model->report.analysis) > 1)
        g_string_append_printf(drawing->caption, " Seen at %s.", flow->at->name);
    g_free(client);
    g_free(server);
}

bool tcpt_draw_ladder(tcpt_drawing *drawing)
{
    tcpt_rows rows;
    ladder on = {.on = drawing, .rows = &rows, .out = drawing->body};

    tcpt_rows_make(&rows, drawing);
    draw_head(&on);
    draw_rows(&on);
    drawing->height = on.y + 8;
    tell(&on);
    tcpt_rows_clear(&rows);
    return true;
}
