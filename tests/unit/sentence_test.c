/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences kept as format and arguments, against printf. */
#include <glib.h>
#include <string.h>

#include "core/finding/sentence.h"
#include "core/finding/store.h"
#include "finding_test.h"

static char *keep_and_write(tcpt_findings *store, const char *format, ...) G_GNUC_PRINTF(2, 3);

static char *keep_and_write(tcpt_findings *store, const char *format, ...)
{
    uint8_t packed[TCPT_SENTENCE_MOST_BYTES];
    va_list arguments;
    va_start(arguments, format);
    size_t bytes = tcpt_sentence_pack(packed, store, format, arguments);
    va_end(arguments);
    uint8_t *kept = g_memdup2(packed, bytes); /* nothing behind them is read */
    char *text = tcpt_sentence_text(format, kept, NULL);
    g_free(kept);
    return text;
}

#define ASSERT_SAME(store, ...)                                                                                        \
    do {                                                                                                               \
        char *wanted = g_strdup_printf(__VA_ARGS__), *got = keep_and_write(store, __VA_ARGS__);                        \
        g_assert_cmpstr(got, ==, wanted);                                                                              \
        g_free(wanted);                                                                                                \
        g_free(got);                                                                                                   \
    } while (0)

static const char long_text[] = "a text that is longer than a pointer is";

static void test_conversions(void)
{
    tcpt_findings store;
    tcpt_findings_open(&store, 0);
    for (unsigned with = 0; with < 2; with++) {
        tcpt_findings *kept = with ? &store : NULL;
        ASSERT_SAME(kept, "nothing to say");
        ASSERT_SAME(kept, "%u and %d, %s%s", 4000000000u, -5, "client", "");
        ASSERT_SAME(kept, "0x%04x %x %05u", 0xau, 0xffffffffu, 7u);
        ASSERT_SAME(kept, "%.0f %.1f %.3f %f", 2.5, 1e9, -0.0005, 3.0);
        ASSERT_SAME(kept, "100 %% of %u", 3u);
        ASSERT_SAME(kept, "%s|%s|%u", long_text, long_text, 9u);
        ASSERT_SAME(kept, "%s", "\001 begins oddly");
    }
    g_assert_cmpuint(g_hash_table_size(store.texts), ==, 1); /* the long one, once */
    tcpt_findings_clear(&store);
}

/* Names come from captures: nothing is written behind the room, and no character is cut in two. */
static void test_too_long(void)
{
    char *name = g_strnfill(70000, 'x');
    for (unsigned i = 1; i < 69990; i++)
        name[i] = i % 2 ? '\303' : '\244'; /* a letter of two bytes */
    char *text = keep_and_write(NULL, "%s %s %s %s %s %s %s %s %u %.1f", name, name, name, name, name, name, name, name,
                                5u, 2.0);
    g_assert_cmpuint(strlen(text), <, TCPT_SENTENCE_MOST_BYTES);
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_assert_true(g_str_has_suffix(text, " 5 2.0"));
    g_free(text);
    g_free(name);
}

/* Of texts that are never the same only so many are kept. */
static void test_many_texts(void)
{
    tcpt_findings store;
    tcpt_findings_open(&store, 0);
    for (unsigned i = 0; i < 5000; i++) {
        char *text = g_strdup_printf("a name that is in no other packet: %u", i);
        ASSERT_SAME(&store, "%s", text);
        g_free(text);
    }
    g_assert_cmpuint(g_hash_table_size(store.texts), <=, 1024);
    tcpt_findings_clear(&store);
}

void add_sentence_tests(void)
{
    g_test_add_func("/sentence/conversions", test_conversions);
    g_test_add_func("/sentence/too-long", test_too_long);
    g_test_add_func("/sentence/many-texts", test_many_texts);
}
