/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The place that a finding blames: which findings blame one place, and which blame two. */
#include <glib.h>
#include <string.h>

#include "bench.h"
#include "core/finding/places.h"
#include "unit.h"

/** A connection, by the last bytes of addresses and by the server's port. */
typedef struct way {
    uint8_t client;
    uint8_t server;
    uint16_t port;
} way;

typedef enum which { BASE, OTHER_HOST, OTHER_AIM, OTHER_DOOR, DOWN, DOWN_HOST, DOWN_AIM, BACK } which;

static const way ways[] = {
    [BASE] = {1, 101, 80},        [OTHER_HOST] = {2, 101, 80}, [OTHER_AIM] = {1, 102, 80},
    [OTHER_DOOR] = {1, 101, 81},  [DOWN] = {201, 101, 80}, /* the client's address is the higher one */
    [DOWN_HOST] = {202, 101, 80}, [DOWN_AIM] = {201, 102, 80}, [BACK] = {101, 1, 80},
};

/** One blames the SYN of each of two connections. */
typedef struct place_row {
    const char *name;
    tcpt_blame blames;
    which one;
    which other;
    bool same;
    uint8_t address; /**< last byte of the address of the end that the first one names */
} place_row;

static const place_row place_rows[] = {
    {"sender/another-host", TCPT_BLAMES_SENDER, BASE, OTHER_HOST, false, 1},
    {"sender/another-aim", TCPT_BLAMES_SENDER, BASE, OTHER_AIM, true, 1},
    {"sender/down", TCPT_BLAMES_SENDER, DOWN, DOWN_AIM, true, 201},
    {"receiver/another-host", TCPT_BLAMES_RECEIVER, BASE, OTHER_HOST, true, 101},
    {"receiver/another-door", TCPT_BLAMES_RECEIVER, BASE, OTHER_DOOR, true, 101},
    {"receiver/another-aim", TCPT_BLAMES_RECEIVER, BASE, OTHER_AIM, false, 101},
    {"receiver/down", TCPT_BLAMES_RECEIVER, DOWN, DOWN_HOST, true, 101},
    {"listener/another-host", TCPT_BLAMES_LISTENER, BASE, OTHER_HOST, true, 101},
    {"listener/another-door", TCPT_BLAMES_LISTENER, BASE, OTHER_DOOR, false, 101},
    {"listener/another-aim", TCPT_BLAMES_LISTENER, BASE, OTHER_AIM, false, 101},
    {"listener/from-both-sides", TCPT_BLAMES_LISTENER, BASE, DOWN, true, 101},
    {"pair/another-host", TCPT_BLAMES_PAIR, BASE, OTHER_HOST, false, 101},
    {"pair/another-door", TCPT_BLAMES_PAIR, BASE, OTHER_DOOR, false, 101},
    {"pair/another-aim", TCPT_BLAMES_PAIR, BASE, OTHER_AIM, false, 101},
    {"pair/down", TCPT_BLAMES_PAIR, DOWN, DOWN_HOST, false, 101},
    {"source/another-aim", TCPT_BLAMES_SOURCE, BASE, OTHER_AIM, true, 1},
    {"source/another-host", TCPT_BLAMES_SOURCE, BASE, OTHER_HOST, false, 1},
    {"source/down", TCPT_BLAMES_SOURCE, DOWN, DOWN_AIM, true, 201},
    {"path/another-door", TCPT_BLAMES_PATH, BASE, OTHER_DOOR, true, 1},
    {"path/down", TCPT_BLAMES_PATH, DOWN, DOWN_HOST, false, 201},
    {"path/back", TCPT_BLAMES_PATH, BASE, BACK, true, 1},
    {"path/another-host", TCPT_BLAMES_PATH, BASE, OTHER_HOST, false, 1},
    {"path/another-aim", TCPT_BLAMES_PATH, BASE, OTHER_AIM, false, 1},
    {"capture/another-host", TCPT_BLAMES_CAPTURE, BASE, OTHER_HOST, true, 1},
};

/** @param address  set to the last byte of the address of the end that is named */
static tcpt_place place_of(const way *of, tcpt_blame blames, uint8_t *address)
{
    const uint8_t from[4] = {192, 0, 2, of->client}, to[4] = {192, 0, 2, of->server};
    tcpt_detector detector = *tcpt_detectors[0];
    bench on;

    detector.blames = blames;
    bench_open(&on);
    tcpt_record *record = bench_syn_of(&on, 4, from, to, of->port);
    uint8_t end;
    tcpt_place place = tcpt_place_of(bench_raise(&on, record, &detector)->diagnosis, 7, &end);

    *address = tcpt_flow_of(record)->key.address[end][3];
    g_assert_cmpuint(place.detector, ==, 7);
    bench_close(&on);
    return place;
}

static void test_place(gconstpointer data)
{
    const place_row *row = data;
    uint8_t first, second;
    tcpt_place one = place_of(&ways[row->one], row->blames, &first),
               other = place_of(&ways[row->other], row->blames, &second);

    g_assert_cmpuint(first, ==, row->address);
    g_assert_true((memcmp(&one, &other, sizeof one) == 0) == row->same);
}

void add_places_tests(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(place_rows); i++) {
        char *path = g_strdup_printf("/places/%s", place_rows[i].name);

        g_test_add_data_func(path, &place_rows[i], test_place);
        g_free(path);
    }
}
