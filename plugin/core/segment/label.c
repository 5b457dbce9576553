/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcptriage/label.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

enum {
    MARKS_MOST = 2,      /* on one letter: some scripts need two, heaps of them hide the lines around */
    REPLACEMENT = 0xfffd /* stands for bytes that are no UTF-8; Wireshark 4.4 puts it there */
};

/* What is seen as itself. Marks of writing direction and zero-width characters are G_UNICODE_FORMAT, which is not
 * printable. */
static bool is_visible(gunichar c, unsigned marks)
{
    GUnicodeType type = g_unichar_type(c);

    if (type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR || c == REPLACEMENT)
        return false;
    return g_unichar_isprint(c) && (!g_unichar_ismark(c) || marks < MARKS_MOST);
}

/* How many characters from here on are seen as themselves and take a byte and a column each; blanks are not among them.
 */
static size_t plain(const char *text)
{
    size_t count = 0;

    while (text[count] > ' ' && text[count] < 0x7f)
        count++;
    return count;
}

/* The text without what cannot be shown; blanks only between words. */
static GString *cleaned(const char *text)
{
    GString *out = g_string_new(NULL);
    bool blank = false;
    unsigned marks = 0;

    while (*text) {
        size_t usual = plain(text);
        gunichar c;
        bool valid;

        if (usual) {
            if (blank)
                g_string_append_c(out, ' ');
            g_string_append_len(out, text, (gssize)usual);
            blank = false;
            marks = 0;
            text += usual;
            continue;
        }
        c = g_utf8_get_char_validated(text, -1);
        valid = c < 0x110000; /* else (gunichar)-1 or -2 */
        if (valid && g_unichar_type(c) == G_UNICODE_SPACE_SEPARATOR) {
            blank = out->len > 0;
            text = g_utf8_next_char(text);
            continue;
        }
        if (blank)
            g_string_append_c(out, ' ');
        blank = false;
        if (!valid)
            g_string_append_printf(out, "\\x%02x", (unsigned)(guchar)*text);
        else if (is_visible(c, marks))
            g_string_append_unichar(out, c);
        else
            g_string_append_printf(out, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
        marks = valid && g_unichar_ismark(c) ? marks + 1 : 0;
        text = valid ? g_utf8_next_char(text) : text + 1;
    }
    return out;
}

static unsigned columns_of(const char *at)
{
    gunichar c = g_utf8_get_char(at);

    return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

/* Behind as much of the text as fits into so many columns. */
static const char *head_end(const char *text, unsigned most)
{
    for (; *text; text = g_utf8_next_char(text)) {
        unsigned wide = columns_of(text);

        if (wide > most)
            break;
        most -= wide;
    }
    return text;
}

/* Where as much of the text's end begins as fits into so many columns. */
static const char *tail_begin(const char *text, const char *end, unsigned most)
{
    const char *begin = end;

    while (begin > text) {
        const char *before = g_utf8_prev_char(begin);
        unsigned wide = columns_of(before);

        if (wide > most)
            break;
        most -= wide;
        begin = before;
    }
    return begin;
}

char *tcpt_label(const char *text)
{
    static const char gap[] = "...";
    const unsigned each = (TCPT_LABEL_COLUMNS - strlen(gap)) / 2;
    GString *all = cleaned(text);
    const char *head, *tail;
    char *label;

    if (!*head_end(all->str, TCPT_LABEL_COLUMNS))
        return g_string_free(all, FALSE);
    head = head_end(all->str, each);
    tail = tail_begin(all->str, all->str + all->len, each);
    label = g_strdup_printf("%.*s%s%s", (int)(head - all->str), all->str, gap, tail);
    g_string_free(all, TRUE);
    return label;
}
