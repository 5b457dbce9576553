/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text on a page: never markup, never invisible, whatever its bytes are. */
#include <string.h>

#include <glib.h>

#include "html_page.h"
#include "html_text.h"
#include "unit.h"

static const struct row {
    const char *name, *text, *wanted;
} rows[] = {
    {"plain", "frame 7 \xe6\x9d\xb1", "frame 7 \xe6\x9d\xb1"},
    {"markup", "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
    {"entities", "a && b &lt;", "a &amp;&amp; b &amp;lt;"},
    {"quotes", "\"'`", "&quot;&#39;`"},
    {"terminal", "\x1b[31m", "\\x1b[31m"},
    {"c1", "\xc2\x9b", "\\u009b"},
    {"turned-round", "\xe2\x80\xae", "\\u202e"},
    {"isolated", "\xe2\x81\xa6", "\\u2066"},
    {"invisible", "a\xe2\x80\x8b\xef\xbb\xbf", "a\\u200b\\ufeff"},
    {"lines", "a\nb\xe2\x80\xa8", "a\\x0ab\\u2028"},
    {"no-utf-8", "\xff\xc3", "\\xff\\xc3"},
    {"cut-short", "\xe2\x80", "\\xe2\\x80"},
    {"private", "\xee\x80\x80", "\\ue000"},
};

static void test_row(gconstpointer data)
{
    const struct row *row = data;
    GString *text = g_string_new(NULL), *element = g_string_new(NULL);
    char *wanted = g_strdup_printf("<i class=\"%s\">%s</i>", row->wanted, row->wanted);

    tcpt_html_text(text, row->text);
    g_assert_cmpstr(text->str, ==, row->wanted);
    tcpt_html_element(element, "i", row->text, row->text);
    g_assert_cmpstr(element->str, ==, wanted);
    g_free(wanted);
    g_string_free(text, TRUE);
    g_string_free(element, TRUE);
}

static void test_any_bytes(void)
{
    for (unsigned i = 0; i < 20000; i++) {
        GString *out = g_string_new(NULL);
        char text[100];

        for (unsigned j = 0; j < sizeof text; j++)
            text[j] = (char)g_test_rand_int();
        text[g_test_rand_int_range(0, sizeof text)] = '\0';
        tcpt_html_text(out, text);
        g_assert_true(g_utf8_validate(out->str, -1, NULL));
        g_assert_null(strpbrk(out->str, "<>\"'"));
        for (const char *at = out->str; *at; at = g_utf8_next_char(at))
            g_assert_true(g_unichar_isprint(g_utf8_get_char(at)));
        g_string_free(out, TRUE);
    }
}

/* Any page, not only the report's: an index of several can be made of the same parts. */
static void test_page(void)
{
    GString *out = g_string_new(NULL);

    tcpt_page_begin(out, "a <b>", ".own { color: red }");
    tcpt_page_copyable(out, "filter", "tcp && ip");
    tcpt_page_end(out, NULL);
    g_assert_true(g_str_has_prefix(out->str, "<!DOCTYPE html>\n"));
    g_assert_true(g_str_has_suffix(out->str, "</html>\n"));
    g_assert_nonnull(strstr(out->str, "<title>a &lt;b&gt;</title>"));
    g_assert_nonnull(strstr(out->str, ".own { color: red }</style>"));
    g_assert_nonnull(strstr(out->str, "<code>tcp &amp;&amp; ip</code><button type=\"button\" hidden"));
    g_string_free(out, TRUE);
}

void add_html_tests(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *path = g_strdup_printf("/html/text/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], test_row);
        g_free(path);
    }
    g_test_add_func("/html/any-bytes", test_any_bytes);
    g_test_add_func("/html/page", test_page);
}
