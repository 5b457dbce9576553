/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include <glib.h>

#include "tcptriage/label.h"
#include "unit.h"

static const struct row {
    const char *name, *text, *wanted;
} rows[] = {
    {"plain", "eth0", "eth0"},
    {"windows", "\\Device\\NPF_{3A539706-0000-1111-2222-333344445555}",
     "\\Device\\NPF_{3A539706-0000-1111-2222-333344445555}"},
    {"letters", "Büro-Süd 東京", "Büro-Süd 東京"},
    {"one-mark", "e\u0301th", "e\u0301th"},
    {"empty", "", ""},
    {"blanks", " \u00a0\u3000 ", ""},
    {"blanks-inside", "  a \u2003 b ", "a b"},
    {"lines", "a\nb\r\n\tc\u2028d", "a\\x0ab\\x0d\\x0a\\x09c\\u2028d"},
    {"terminal", "\x1b]0;title\a\x1b[31mred\x1b[2J", "\\x1b]0;title\\x07\\x1b[31mred\\x1b[2J"},
    {"delete", "a\x7f\bb", "a\\x7f\\x08b"},
    {"c1",
     "\xc2\x9b"
     "31mred",
     "\\u009b31mred"},
    {"turned-round", "\u202egpj.exe\u202c\u2066x\u2069", "\\u202egpj.exe\\u202c\\u2066x\\u2069"},
    {"zero-width", "e\u200bth\ufeff\u00ad", "e\\u200bth\\ufeff\\u00ad"},
    {"tags", "\U000e0041", "\\ue0041"},
    {"heaps-of-marks", "a\u0301\u0301\u0301b\u0301", "a\u0301\u0301\\u0301b\u0301"},
    {"no-utf-8",
     "a\xff\xfe"
     "b\xc3",
     "a\\xff\\xfe"
     "b\\xc3"},
    {"overlong", "\xc0\xaf", "\\xc0\\xaf"},
    {"replaced", "a\ufffdb", "a\\ufffdb"},
    {"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
    {"markup", "<script>alert(\"1\")</script>", "<script>alert(\"1\")</script>"},
    {"formats", "%s%n%1000000d", "%s%n%1000000d"},
};

static void test_row(gconstpointer data)
{
    const struct row *row = data;
    char *label = tcpt_label(row->text);

    g_assert_cmpstr(label, ==, row->wanted);
    g_assert_true(g_utf8_validate(label, -1, NULL));
    g_free(label);
}

static void assert_label(const char *text, const char *wanted)
{
    char *label = tcpt_label(text);

    g_assert_cmpstr(label, ==, wanted);
    g_free(label);
}

static void test_longest(void)
{
    char text[TCPT_LABEL_COLUMNS + 2];

    memset(text, 'a', sizeof text);
    text[TCPT_LABEL_COLUMNS] = '\0';
    assert_label(text, text);
    text[0] = 'b';
    text[TCPT_LABEL_COLUMNS] = 'e';
    text[TCPT_LABEL_COLUMNS + 1] = '\0';
    assert_label(text, "baaaaaaaaaaaaaaaaaaaaaaaaaaaaa...aaaaaaaaaaaaaaaaaaaaaaaaaaaaae");
}

/* A wide character takes two columns, and is not cut in two. */
static void test_wide(void)
{
    GString *text = g_string_new("a");

    for (unsigned i = 0; i < 32; i++)
        g_string_append(text, "東");
    assert_label(text->str, "a東東東東東東東東東東東東東東...東東東東東東東東東東東東東東東");
    g_string_free(text, TRUE);
}

static void test_huge(void)
{
    char *text = g_strnfill(1 << 20, '\x1b');
    char *label = tcpt_label(text);

    g_assert_cmpuint(strlen(label), <=, TCPT_LABEL_COLUMNS);
    g_free(label);
    g_free(text);
}

/* Whatever the bytes: one line, no control character, not too long. */
static void test_any_bytes(void)
{
    for (unsigned i = 0; i < 20000; i++) {
        char text[200];
        char *label;

        for (unsigned j = 0; j < sizeof text; j++)
            text[j] = (char)g_test_rand_int();
        text[g_test_rand_int_range(0, sizeof text)] = '\0';
        label = tcpt_label(text);
        g_assert_true(g_utf8_validate(label, -1, NULL));
        g_assert_cmpint(g_utf8_strlen(label, -1), <=, 3 * TCPT_LABEL_COLUMNS); /* two marks on each letter */
        for (const char *at = label; *at; at = g_utf8_next_char(at))
            g_assert_true(g_unichar_isprint(g_utf8_get_char(at)));
        g_free(label);
    }
}

void add_label_tests(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *path = g_strdup_printf("/label/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], test_row);
        g_free(path);
    }
    g_test_add_func("/label/longest", test_longest);
    g_test_add_func("/label/wide", test_wide);
    g_test_add_func("/label/huge", test_huge);
    g_test_add_func("/label/any-bytes", test_any_bytes);
}
