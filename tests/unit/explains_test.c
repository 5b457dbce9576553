/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What explains what: a test for every arrow of the rows, and what is wrong with rows that make no sense. */
#include <glib.h>
#include <string.h>

#include "bench.h"
#include "tcptriage/cases.h"
#include "unit.h"

/* ---- the rows ---- */

static unsigned number_of(const tcpt_detector *const *rows, const char *id)
{
    unsigned number = 0;

    while (rows[number] && strcmp(rows[number]->id, id) != 0)
        number++;
    return number;
}

static char *wrong_arrow(const tcpt_detector *const *rows, const tcpt_detector *row, const char *const *id)
{
    if (!strcmp(*id, row->id))
        return g_strdup_printf("%s explains itself", row->id);
    if (!rows[number_of(rows, *id)])
        return g_strdup_printf("%s explains %s, which there is not", row->id, *id);
    for (const char *const *before = row->explains; before != id; before++)
        if (!strcmp(*before, *id))
            return g_strdup_printf("%s explains %s twice", row->id, *id);
    return NULL;
}

static bool is_explained(const tcpt_detector *const *rows, const char *id, uint64_t by)
{
    for (unsigned number = 0; rows[number]; number++)
        for (const char *const *one = rows[number]->explains; (by >> number & 1) && one && *one; one++)
            if (!strcmp(*one, id))
                return true;
    return false;
}

/* Takes away what nobody explains until nothing is left, or a circle. */
static uint64_t circle(const tcpt_detector *const *rows)
{
    uint64_t left = 0, before;

    for (unsigned number = 0; rows[number]; number++)
        left |= UINT64_C(1) << number;
    do {
        before = left;
        for (unsigned number = 0; rows[number]; number++)
            if (!is_explained(rows, rows[number]->id, left))
                left &= ~(UINT64_C(1) << number);
    } while (left != before);
    return left;
}

/* What is wrong with rows, NULL for nothing; to be freed. */
static char *what_is_wrong(const tcpt_detector *const *rows)
{
    uint64_t in_circle;
    GString *names;

    for (unsigned number = 0; rows[number]; number++)
        for (const char *const *id = rows[number]->explains; id && *id; id++) {
            char *wrong = wrong_arrow(rows, rows[number], id);

            if (wrong)
                return wrong;
        }
    in_circle = circle(rows);
    if (!in_circle)
        return NULL;
    names = g_string_new("in a circle, or explained by one:");
    for (unsigned number = 0; rows[number]; number++)
        if (in_circle >> number & 1)
            g_string_append_printf(names, " %s", rows[number]->id);
    return g_string_free(names, FALSE);
}

static void test_rows(void)
{
    char *wrong = what_is_wrong(tcpt_detectors);

    g_assert_cmpstr(wrong, ==, NULL);
}

/* Four rows, and what each explains. */
static const struct wrong {
    const char *name, *explains[4][3], *wrong;
} wrongs[] = {
    {"in-order", {{"b", "c"}, {"d"}, {"d"}}, NULL},
    {"itself", {{"b"}, {"b"}}, "b explains itself"},
    {"unknown", {{"b", "x"}}, "a explains x, which there is not"},
    {"twice", {{"b", "b"}}, "a explains b twice"},
    {"two", {{"b"}, {"a"}}, "in a circle, or explained by one: a b"},
    {"long-way", {{"b"}, {"c"}, {"d"}, {"b"}}, "in a circle, or explained by one: b c d"},
    {"behind-a-circle", {{"b"}, {"a", "c"}}, "in a circle, or explained by one: a b c"},
};

static void test_wrong(gconstpointer data)
{
    static const char *const ids[] = {"a", "b", "c", "d"};
    const struct wrong *row = data;
    tcpt_detector made[G_N_ELEMENTS(ids)];
    const tcpt_detector *rows[G_N_ELEMENTS(ids) + 1] = {0};

    memset(made, 0, sizeof made);
    for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++) {
        made[i].id = ids[i];
        made[i].explains = row->explains[i];
        rows[i] = &made[i];
    }
    char *wrong = what_is_wrong(rows);
    g_assert_cmpstr(wrong, ==, row->wrong);
    g_free(wrong);
}

/* ---- each arrow ---- */

typedef struct arrow {
    const tcpt_detector *cause;
    const tcpt_detector *consequence;
} arrow;

/* Alone it is a case of its own; beside its cause, found before or behind it, it is none. */
static void test_arrow(gconstpointer data)
{
    const arrow *row = data;

    for (unsigned cause_first = 0; cause_first < 2; cause_first++) {
        unsigned count;
        bench on;

        bench_open(&on);
        tcpt_finding *alone = bench_raise(&on, bench_syn(&on, 1, 1), row->consequence);
        tcpt_record *both = bench_syn(&on, 2, 2);
        tcpt_finding *first = bench_raise(&on, both, cause_first ? row->cause : row->consequence);
        tcpt_finding *second = bench_raise(&on, both, cause_first ? row->consequence : row->cause);
        const tcpt_diagnosis *cause = (cause_first ? first : second)->diagnosis;
        const tcpt_diagnosis *consequence = (cause_first ? second : first)->diagnosis;
        bench_cases(&on, &count);
        g_assert_cmpuint(count, ==, 2);
        g_assert_cmpstr(tcpt_role_in_case(alone->diagnosis), ==, "cause");
        g_assert_cmpstr(tcpt_role_in_case(cause), ==, "cause");
        g_assert_cmpstr(tcpt_role_in_case(consequence), ==, "consequence");
        g_assert_true(tcpt_case_of(consequence) == tcpt_case_of(cause));
        g_assert_true(tcpt_case_of(alone->diagnosis) != tcpt_case_of(cause));
        g_assert_cmpuint(tcpt_case_of(cause)->consequences[tcpt_detector_number(row->consequence)], ==, 1);
        bench_close(&on);
    }
}

/* A cause may be the consequence of another one: all of them are one case then, that of the first. */
static void test_two_arrows(gconstpointer data)
{
    const tcpt_detector *first = data;

    for (const char *const *id = first->explains; id && *id; id++)
        for (const char *const *next = bench_detector(*id)->explains; next && *next; next++) {
            unsigned count;
            bench on;

            bench_open(&on);
            tcpt_record *record = bench_syn(&on, 1, 1);
            bench_raise(&on, record, bench_detector(*next));
            bench_raise(&on, record, bench_detector(*id));
            bench_raise(&on, record, first);
            g_test_message("%s -> %s -> %s", first->id, *id, *next);
            g_assert_true(bench_cases(&on, &count)->detector == first);
            g_assert_cmpuint(count, ==, 1);
            bench_close(&on);
        }
}

static void add_arrows(const tcpt_detector *detector)
{
    for (const char *const *id = detector->explains; id && *id; id++) {
        arrow *row = g_new(arrow, 1); /* as long as the program */
        char *path = g_strdup_printf("/explains/arrow/%s/%s", detector->id, *id);

        if (!tcpt_detectors[number_of(tcpt_detectors, *id)]) {
            g_free(row);
            g_free(path);
            continue; /* test_rows() says so */
        }
        *row = (arrow){detector, bench_detector(*id)};
        g_test_add_data_func_full(path, row, test_arrow, g_free);
        g_free(path);
    }
}

void add_explains_tests(void)
{
    g_test_add_func("/explains/rows", test_rows);
    for (unsigned i = 0; i < G_N_ELEMENTS(wrongs); i++) {
        char *path = g_strdup_printf("/explains/wrong/%s", wrongs[i].name);

        g_test_add_data_func(path, &wrongs[i], test_wrong);
        g_free(path);
    }
    for (unsigned i = 0; tcpt_detectors[i]; i++) {
        char *path = g_strdup_printf("/explains/two-arrows/%s", tcpt_detectors[i]->id);

        g_test_add_data_func(path, tcpt_detectors[i], test_two_arrows);
        g_free(path);
        add_arrows(tcpt_detectors[i]);
    }
}
