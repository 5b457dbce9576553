/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "svg.h"

#include <stdlib.h>
#include <string.h>

#include "html_text.h"

void tcpt_svg_text(GString *out, int x, int y, const char *classes, const char *text)
{
    g_string_append_printf(out, "<text x=\"%d\" y=\"%d\"", x, y);
    if (*classes)
        g_string_append_printf(out, " class=\"%s\"", classes);
    g_string_append_c(out, '>');
    tcpt_html_text(out, text);
    g_string_append(out, "</text>\n");
}

void tcpt_svg_take(GString *out, int x, int y, const char *classes, char *text)
{
    tcpt_svg_text(out, x, y, classes, text);
    g_free(text);
}

void tcpt_svg_line(GString *out, int x1, int y1, int x2, int y2, const char *classes)
{
    g_string_append_printf(out, "<path d=\"M%d %dL%d %d\" class=\"%s\"/>\n", x1, y1, x2, y2, classes);
}

void tcpt_svg_box(GString *out, int x, int y, int width, int height, const char *classes)
{
    g_string_append_printf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"%s\"/>\n", x, y, width,
                           height, classes);
}

void tcpt_svg_arrow(GString *out, int x1, int y1, int x2, int y2, const char *classes)
{
    enum { LONG = 8, HALF = 4 };
    int back = x2 > x1 ? -LONG : LONG;
    int rise = x2 == x1 ? 0 : (y2 - y1) * LONG / abs(x2 - x1);

    tcpt_svg_line(out, x1, y1, x2, y2, classes);
    g_string_append_printf(out, "<path d=\"M%d %dl%d %dv%dz\" class=\"%s h\"/>\n", x2, y2, back, -HALF - rise, 2 * HALF,
                           classes);
}

void tcpt_svg_cross(GString *out, int x, int y, int arm, const char *classes)
{
    g_string_append_printf(out, "<path d=\"M%d %dl%d %dm0 %dl%d %d\" class=\"%s\"/>\n", x - arm, y - arm, 2 * arm,
                           2 * arm, -2 * arm, -2 * arm, 2 * arm, classes);
}

/* Where a line of at most `most` characters ends: at a blank, if there is one in its second half. */
static const char *line_end(const char *text, unsigned most)
{
    const char *at = text, *blank = NULL;
    unsigned count = 0;

    for (; *at && count < most; at = g_utf8_next_char(at), count++)
        if (*at == ' ' && count > most / 2)
            blank = at;
    return *at && blank ? blank : at;
}

int tcpt_svg_take_lines(GString *out, int x, int y, int line_height, unsigned most, const char *classes, char *text)
{
    char *valid = g_utf8_make_valid(text, -1);

    for (const char *at = valid; *at; y += line_height) {
        const char *end = line_end(at, most);

        tcpt_svg_take(out, x, y, classes, g_strndup(at, (gsize)(end - at)));
        at = end + strspn(end, " ");
    }
    g_free(valid);
    g_free(text);
    return y;
}

char *tcpt_svg_short(const char *text, unsigned most)
{
    char *valid = g_utf8_make_valid(text, -1);
    glong count = g_utf8_strlen(valid, -1);
    glong left = ((glong)most - 1) / 2, right = (glong)most - 1 - left;
    char *head, *tail, *some;

    if (count <= (glong)most)
        return valid;
    head = g_utf8_substring(valid, 0, left);
    tail = g_utf8_substring(valid, count - right, count);
    some = g_strconcat(head, "\u2026", tail, NULL);
    g_free(head);
    g_free(tail);
    g_free(valid);
    return some;
}

char *tcpt_svg_shortened(char *text, unsigned most)
{
    char *some = tcpt_svg_short(text, most);

    g_free(text);
    return some;
}
