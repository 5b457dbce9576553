/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#include <string.h>

static unsigned columns = 100;

void set_columns(unsigned wanted)
{
    columns = wanted;
}

unsigned get_columns(void)
{
    return columns;
}

/* Letters of the Far East take two. Nearly all others are ASCII: those need not be looked up. */
static unsigned columns_of(const char *text, size_t bytes)
{
    unsigned count = 0;

    for (const char *at = text; at < text + bytes; at = g_utf8_next_char(at))
        count += (*at & 0x80) && g_unichar_iswide(g_utf8_get_char(at)) ? 2 : 1;
    return count;
}

void write_wrapped(GString *out, const char *text, unsigned at, unsigned further)
{
    unsigned column = at, begin = at;

    for (const char *word = text; *word;) {
        size_t bytes = strcspn(word, " \n");
        unsigned width = columns_of(word, bytes);

        if (column > begin && column + 1 + width > columns) {
            g_string_append_printf(out, "\n%*s", (int)further, "");
            column = begin = further;
        } else if (column > begin) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append_len(out, word, (gssize)bytes);
        column += width;
        word += bytes;
        word += strspn(word, " \n");
    }
    g_string_append_c(out, '\n');
}

void write_labelled(GString *out, const char *label, const char *text)
{
    if (!text || !*text)
        return;
    g_string_append_printf(out, "%*s%-*s", LABEL_AT, "", TEXT_AT - LABEL_AT, label);
    write_wrapped(out, text, TEXT_AT, TEXT_AT);
}

void write_filter_line(GString *out, const char *label, char *filter)
{
    g_string_append_printf(out, "%*s%-*s%s\n", LABEL_AT, "", TEXT_AT - LABEL_AT, label, filter);
    g_free(filter);
}
