/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "html_text.h"

#include <stdbool.h>

/* Quotes too: one rule for text and for values in quotes. */
static const char *entity(gunichar c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* Ends of lines and paragraphs, and characters for private use, are printable for g_unichar_isprint(). */
static bool is_visible(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR &&
           type != G_UNICODE_PRIVATE_USE;
}

static void append_character(GString *out, gunichar c)
{
    const char *escaped = entity(c);

    if (escaped)
        g_string_append(out, escaped);
    else if (is_visible(c))
        g_string_append_unichar(out, c);
    else
        g_string_append_printf(out, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
}

void tcpt_html_text(GString *out, const char *text)
{
    while (*text) {
        gunichar c = g_utf8_get_char_validated(text, -1);

        if (c < 0x110000) { /* else (gunichar)-1 or -2 */
            append_character(out, c);
            text = g_utf8_next_char(text);
        } else {
            g_string_append_printf(out, "\\x%02x", (unsigned)(guchar)*text++);
        }
    }
}

void tcpt_html_take(GString *out, char *text)
{
    tcpt_html_text(out, text);
    g_free(text);
}

void tcpt_html_attribute(GString *out, const char *name, const char *value)
{
    g_string_append_printf(out, " %s=\"", name);
    tcpt_html_text(out, value);
    g_string_append_c(out, '"');
}

void tcpt_html_element(GString *out, const char *tag, const char *classes, const char *text)
{
    g_string_append_printf(out, "<%s", tag);
    if (classes)
        tcpt_html_attribute(out, "class", classes);
    g_string_append_c(out, '>');
    tcpt_html_text(out, text);
    g_string_append_printf(out, "</%s>", tag);
}

void tcpt_html_take_element(GString *out, const char *tag, const char *classes, char *text)
{
    tcpt_html_element(out, tag, classes, text);
    g_free(text);
}
