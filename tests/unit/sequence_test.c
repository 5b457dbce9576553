/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>

#include "tcptriage/sequence.h"
#include "unit.h"

static const struct pair {
    const char *name;
    uint32_t a, b;
    int32_t delta;
} pairs[] = {
    {"same", 7, 7, 0},
    {"ahead", 8, 7, 1},
    {"behind", 7, 8, -1},
    {"ahead-across-the-wrap", 5, 0xfffffffb, 10},
    {"behind-across-the-wrap", 0xfffffffb, 5, -10},
    {"zero-and-last", 0, 0xffffffff, 1},
    {"almost-half", 0x7fffffff, 0, 0x7fffffff},
    {"almost-half-back", 0, 0x7fffffff, -0x7fffffff},
    {"sign-bit", 0x80000001, 0x7fffffff, 2},
};

static void test_pair(gconstpointer data)
{
    const struct pair *pair = data;
    g_assert_cmpint(seq_delta(pair->a, pair->b), ==, pair->delta);
    g_assert_cmpint(seq_after(pair->a, pair->b), ==, pair->delta > 0);
    g_assert_cmpint(seq_before(pair->a, pair->b), ==, pair->delta < 0);
    g_assert_cmpuint(seq_max(pair->a, pair->b), ==, pair->delta >= 0 ? pair->a : pair->b);
}

/* Shifting both by the same amount changes nothing, wherever the wrap then lies. */
static void test_shift(void)
{
    for (unsigned i = 0; i < 10000; i++) {
        uint32_t base = g_test_rand_int();
        int32_t distance = g_test_rand_int_range(G_MININT32 + 1, G_MAXINT32);
        g_assert_cmpint(seq_delta(base + (uint32_t)distance, base), ==, distance);
        g_assert_cmpint(seq_before(base, base + (uint32_t)distance), ==, distance > 0);
    }
}

void add_sequence_tests(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
        char *path = g_strdup_printf("/sequence/%s", pairs[i].name);
        g_test_add_data_func(path, &pairs[i], test_pair);
        g_free(path);
    }
    g_test_add_func("/sequence/shift", test_shift);
}
