/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of flows: owners of few hashes, that crowd in a few lines, come and go. */
#include <glib.h>
#include <string.h>

#include "core/flow/flow.h"
#include "core/flow/table.h"
#include "unit.h"

enum { OWNERS = 300, FEW_HASHES = 7, ROUNDS = 20000 };

static void fill(tcpt_flow_key *keys)
{
    for (unsigned i = 0; i < OWNERS; i++)
        keys[i] = (tcpt_flow_key){.port = {(uint16_t)(i + 1), 80}, .family = 4};
}

static uint32_t hash_of(unsigned owner, uint32_t hashes)
{
    return owner % hashes + 1;
}

/* What is there is found, what is not is not, whatever was taken out in between. */
static void test_crowded(gconstpointer data)
{
    const uint32_t hashes = GPOINTER_TO_UINT(data);
    GRand *dice = g_rand_new_with_seed(hashes);
    tcpt_flow_table table = {0};
    tcpt_flow_key keys[OWNERS];
    bool in[OWNERS] = {false};
    uint32_t used = 0;

    fill(keys);
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned owner = (unsigned)g_rand_int_range(dice, 0, OWNERS);
        uint32_t hash = hash_of(owner, hashes);

        g_assert_true(tcpt_flow_table_find(&table, &keys[owner], hash) == (in[owner] ? &keys[owner] : NULL));
        if (in[owner])
            tcpt_flow_table_remove(&table, &keys[owner], hash);
        else
            g_assert_true(*tcpt_flow_table_add(&table, &keys[owner], hash) == &keys[owner]);
        in[owner] = !in[owner];
        used += in[owner] ? 1 : UINT32_MAX;
        g_assert_cmpuint(table.used, ==, used);
    }
    for (unsigned owner = 0; owner < OWNERS; owner++)
        if (in[owner])
            tcpt_flow_table_remove(&table, &keys[owner], hash_of(owner, hashes));
    for (uint32_t i = 0; i < table.count; i++)
        g_assert_cmpuint(table.lines[i].passed, ==, 0);
    tcpt_flow_table_clear(&table);
    g_rand_free(dice);
}

/* The next life takes the place of the one before; that one, released later, takes nothing with it. */
static void test_replaced(void)
{
    tcpt_flow_key lives[2] = {{.port = {1, 80}, .family = 4}, {.port = {1, 80}, .family = 4}};
    tcpt_flow_table table = {0};
    void **place = tcpt_flow_table_add(&table, &lives[0], 1);

    g_assert_true(tcpt_flow_table_replace(&table, &lives[1], 1) == place);
    tcpt_flow_table_remove(&table, &lives[0], 1);
    g_assert_true(tcpt_flow_table_find(&table, &lives[0], 1) == &lives[1]);
    g_assert_null(tcpt_flow_table_find(&table, &lives[0], 2));
    g_assert_cmpuint(table.used, ==, 1);
    tcpt_flow_table_clear(&table);
}

/* A network that is mapped onto another one, address by address. */
static void test_key_hash(void)
{
    enum { PAIRS = 1 << 14 };
    GHashTable *hashes = g_hash_table_new(NULL, NULL);

    for (unsigned i = 0; i < PAIRS; i++) {
        tcpt_flow_key key = {.port = {40000, 80}, .depth = 1, .family = 4};

        memcpy(key.address[0], (uint8_t[]){10, 24, (uint8_t)(i >> 8), (uint8_t)i}, 4);
        memcpy(key.address[1], (uint8_t[]){10, 32, (uint8_t)(i >> 8), (uint8_t)i}, 4);
        g_hash_table_add(hashes, GUINT_TO_POINTER(tcpt_key_hash(&key)));
    }
    g_assert_cmpuint(g_hash_table_size(hashes), >, PAIRS - PAIRS / 1024); /* of 2^32 values hardly two meet */
    g_hash_table_destroy(hashes);
}

void add_flow_table_tests(void)
{
    g_test_add_data_func("/flow-table/one-line", GUINT_TO_POINTER(1), test_crowded);
    g_test_add_data_func("/flow-table/few-lines", GUINT_TO_POINTER(FEW_HASHES), test_crowded);
    g_test_add_data_func("/flow-table/all-lines", GUINT_TO_POINTER(OWNERS), test_crowded);
    g_test_add_func("/flow-table/replaced", test_replaced);
    g_test_add_func("/flow-table/key-hash", test_key_hash);
}
