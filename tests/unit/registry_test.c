/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The detectors' rows against the one list, the files and the contract. */
#include <glib.h>
#include <string.h>

#include "tcptriage/detector.h"
#include "unit.h"

/** id -> severity, from tests/contract.tsv. */
static GHashTable *read_contract(void)
{
    GHashTable *severities = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    char *text = NULL;
    g_assert_true(g_file_get_contents(SOURCE "/tests/contract.tsv", &text, NULL, NULL));
    char **lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        char **cells = g_strsplit(lines[i], "\t", 3);
        if (*lines[i] != '#' && cells[0] && cells[1])
            g_hash_table_insert(severities, g_strdup(cells[0]), g_strdup(cells[1]));
        g_strfreev(cells);
    }
    g_strfreev(lines);
    g_free(text);
    return severities;
}

/** The contract's own fields of a finding, as text between spaces. */
static char *contract_fields(const char *id)
{
    char *text = NULL;
    g_assert_true(g_file_get_contents(SOURCE "/tests/contract.tsv", &text, NULL, NULL));
    char *start = g_strdup_printf("\n%s\t", id);
    const char *line = strstr(text, start);
    g_assert_nonnull(line);
    char **cells = g_strsplit_set(line + 1, "\t\n", 4);
    char *fields = g_strdup_printf(" %s ", cells[2]);
    g_strfreev(cells);
    g_free(start);
    g_free(text);
    return fields;
}

static void assert_text(const char *text, size_t least)
{
    g_assert_nonnull(text);
    g_assert_cmpuint(strlen(text), >=, least);
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_assert_null(strchr(text, '\n'));
    g_assert_false(g_ascii_isspace(text[0]) || g_ascii_isspace(text[strlen(text) - 1]));
}

static void test_texts(gconstpointer data)
{
    const tcpt_detector *detector = data;
    assert_text(detector->id, 3);
    assert_text(detector->message, 10);
    assert_text(detector->explanation, 40);
    assert_text(detector->remedy, 20);
    assert_text(detector->reference, 5);
    g_assert_null(strchr(detector->message, '%'));
    g_assert_true(g_str_has_suffix(detector->explanation, "."));
    g_assert_true(g_str_has_suffix(detector->remedy, "."));
    g_assert_cmpuint(detector->group, <=, TCPT_GROUP_PROTOCOL);
}

/* Whoever is warned is told what it looks like and is not: words that fit behind "easily mistaken for". */
static void test_mistaken(gconstpointer data)
{
    const tcpt_detector *detector = data;
    if (!detector->mistaken) {
        g_assert_cmpint(detector->severity, !=, TCPT_WARN);
        return;
    }
    assert_text(detector->mistaken, 5);
    g_assert_cmpuint(strlen(detector->mistaken), <=, 72);
    g_assert_false(g_str_has_suffix(detector->mistaken, "."));
    g_assert_null(strchr(detector->mistaken, '|'));
}

/* A row that is never asked, or has nothing to say, is a mistake. */
static void test_functions(gconstpointer data)
{
    const tcpt_detector *detector = data;
    g_assert_true(detector->judge || detector->settle);
    if (detector->judge)
        g_assert_cmpuint(detector->wants, !=, 0);
}

static void test_contract(gconstpointer data)
{
    const tcpt_detector *detector = data;
    GHashTable *severities = read_contract();
    char *fields = contract_fields(detector->id);
    g_assert_cmpstr(tcpt_severity_name(detector->severity), ==, g_hash_table_lookup(severities, detector->id));
    for (const tcpt_field *field = detector->fields; field && *field != TCPT_FIELD_COUNT; field++) {
        g_assert_cmpuint(*field, <, TCPT_FIELD_COUNT);
        char *word = g_strdup_printf(" %s ", tcpt_fields[*field].filter);
        if (!strstr(fields, word)) {
            g_test_message("%s sets %s, which the contract does not give it", detector->id, tcpt_fields[*field].filter);
            g_test_fail();
        }
        g_free(word);
    }
    g_free(fields);
    g_hash_table_unref(severities);
}

static bool sets(const tcpt_detector *detector, const char *filter)
{
    for (const tcpt_field *field = detector->fields; field && *field != TCPT_FIELD_COUNT; field++) {
        if (!strcmp(tcpt_fields[*field].filter, filter))
            return true;
    }
    return !strcmp(filter, "pad_len"); /* every frame has it */
}

/* The row names every field that the contract promises. */
static void test_fields_complete(gconstpointer data)
{
    const tcpt_detector *detector = data;
    char *fields = contract_fields(detector->id);
    char **words = g_strsplit(g_strstrip(fields), " ", -1);
    for (unsigned i = 0; words[i]; i++) {
        if (*words[i] && !sets(detector, words[i])) {
            g_test_message("%s does not set %s", detector->id, words[i]);
            g_test_fail();
        }
    }
    g_strfreev(words);
    g_free(fields);
}

static void test_file(gconstpointer data)
{
    const tcpt_detector *detector = data;
    char *path = g_strdup_printf(SOURCE "/plugin/detectors/%s.c", detector->id);
    char *script = g_strdup_printf(SOURCE "/captures/scenarios/%s.pkt", detector->id);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(script, G_FILE_TEST_EXISTS));
    g_free(script);
    g_free(path);
}

/* One line of the list, one row, one file; no id or message twice. */
static void test_list(void)
{
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTable *severities = read_contract();
    unsigned count = 0, lines = 0;
    char *text = NULL;
    for (; tcpt_detectors[count]; count++) {
        g_assert_true(g_hash_table_add(seen, (char *)tcpt_detectors[count]->id));
        g_assert_true(g_hash_table_add(seen, (char *)tcpt_detectors[count]->message));
    }
    g_assert_true(g_file_get_contents(SOURCE "/plugin/detectors/detectors.def", &text, NULL, NULL));
    for (const char *at = text; (at = strstr(at, "\nTCPT_DETECTOR(")); at++)
        lines++;
    g_assert_cmpuint(lines, ==, count);
    g_assert_cmpuint(g_hash_table_size(severities), ==, count);
    g_free(text);
    g_hash_table_unref(severities);
    g_hash_table_unref(seen);
}

/* Filters are names as Wireshark wants them, each once, and none is a finding's id. */
static void test_fields(void)
{
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; tcpt_detectors[i]; i++)
        g_hash_table_add(seen, (char *)tcpt_detectors[i]->id);
    for (unsigned i = 0; i < TCPT_FIELD_COUNT; i++) {
        g_assert_true(g_hash_table_add(seen, (char *)tcpt_fields[i].filter));
        g_assert_cmpuint(strspn(tcpt_fields[i].filter, "abcdefghijklmnopqrstuvwxyz0123456789_."), ==,
                         strlen(tcpt_fields[i].filter));
        assert_text(tcpt_fields[i].label, 3);
        g_assert_cmpuint(tcpt_fields[i].type, <=, TCPT_TYPE_TEXT);
    }
    g_hash_table_unref(seen);
}

void add_registry_tests(void)
{
    static const struct {
        const char *name;
        GTestDataFunc test;
    } tests[] = {
        {"texts", test_texts},       {"mistaken", test_mistaken}, {"functions", test_functions},
        {"contract", test_contract}, {"file", test_file},         {"fields-complete", test_fields_complete},
    };
    g_test_add_func("/registry/list", test_list);
    g_test_add_func("/registry/fields", test_fields);
    for (unsigned i = 0; tcpt_detectors[i]; i++) {
        for (unsigned t = 0; t < G_N_ELEMENTS(tests); t++) {
            char *path = g_strdup_printf("/registry/%s/%s", tcpt_detectors[i]->id, tests[t].name);
            g_test_add_data_func(path, tcpt_detectors[i], tests[t].test);
            g_free(path);
        }
    }
}
