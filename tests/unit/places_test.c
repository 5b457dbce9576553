/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The place that a finding blames: which findings blame one place, and which blame two. */
#include <glib.h>
#include <string.h>

#include "core/finding/places.h"
#include "core/finding/raising.h"
#include "core/finding/store.h"
#include "tcptriage/analysis.h"
#include "unit.h"

/** A connection, by the last bytes of addresses and by ports. */
typedef struct way {
    uint8_t client;
    uint8_t server;
    uint16_t client_port;
    uint16_t server_port;
} way;

/** One blames the SYN of each of two connections. */
typedef struct place_row {
    const char *name;
    tcpt_blame blames;
    way one;
    way other;
    bool same;
    uint8_t address; /**< last byte of the address of the end that the first one names */
} place_row;

#define BASE                                                                                                           \
    {                                                                                                                  \
        1, 101, 40000, 80                                                                                              \
    }
#define OTHER_PORT                                                                                                     \
    {                                                                                                                  \
        1, 101, 40001, 80                                                                                              \
    }
#define OTHER_HOST                                                                                                     \
    {                                                                                                                  \
        2, 101, 40000, 80                                                                                              \
    }
#define OTHER_AIM                                                                                                      \
    {                                                                                                                  \
        1, 102, 40000, 80                                                                                              \
    }
#define OTHER_DOOR                                                                                                     \
    {                                                                                                                  \
        1, 101, 40000, 81                                                                                              \
    }
#define DOWN                                                                                                           \
    {                                                                                                                  \
        201, 101, 40000, 80                                                                                            \
    } /* the client's address is the higher one */
#define DOWN_HOST                                                                                                      \
    {                                                                                                                  \
        202, 101, 40000, 80                                                                                            \
    }
#define DOWN_AIM                                                                                                       \
    {                                                                                                                  \
        201, 102, 40000, 80                                                                                            \
    }
#define THE_OTHER                                                                                                      \
    {                                                                                                                  \
        101, 1, 80, 40000                                                                                              \
    } /* the roles changed */

static const place_row place_rows[] = {
    {"sender/another-port", TCPT_BLAMES_SENDER, BASE, OTHER_PORT, true, 1},
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
    {"pair/another-port", TCPT_BLAMES_PAIR, BASE, OTHER_PORT, true, 101},
    {"pair/another-host", TCPT_BLAMES_PAIR, BASE, OTHER_HOST, false, 101},
    {"pair/another-door", TCPT_BLAMES_PAIR, BASE, OTHER_DOOR, false, 101},
    {"pair/another-aim", TCPT_BLAMES_PAIR, BASE, OTHER_AIM, false, 101},
    {"pair/down", TCPT_BLAMES_PAIR, DOWN, DOWN_HOST, false, 101},
    {"source/another-aim", TCPT_BLAMES_SOURCE, BASE, OTHER_AIM, true, 1},
    {"source/another-host", TCPT_BLAMES_SOURCE, BASE, OTHER_HOST, false, 1},
    {"source/down", TCPT_BLAMES_SOURCE, DOWN, DOWN_AIM, true, 201},
    {"path/another-door", TCPT_BLAMES_PATH, BASE, OTHER_DOOR, true, 101},
    {"path/back", TCPT_BLAMES_PATH, BASE, THE_OTHER, true, 101},
    {"path/another-host", TCPT_BLAMES_PATH, BASE, OTHER_HOST, false, 101},
    {"path/another-aim", TCPT_BLAMES_PATH, BASE, OTHER_AIM, false, 101},
    {"capture/another-host", TCPT_BLAMES_CAPTURE, BASE, OTHER_HOST, true, 101},
};

static tcpt_record *syn_on(tcpt_analysis *analysis, const way *on)
{
    const uint8_t from[4] = {192, 0, 2, on->client}, to[4] = {192, 0, 2, on->server};
    tcpt_segment segment = {
        .time_ns = TCPT_SECOND_NS,
        .frame = 1,
        .depth = 1,
        .family = 4,
        .src = from,
        .dst = to,
        .src_port = on->client_port,
        .dst_port = on->server_port,
        .seq = 1,
        .end_seq = 2,
        .flags = TCPT_SYN,
        .header_bytes = 20,
        .window = 1000,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };

    return tcpt_analyse(analysis, &segment);
}

/** @param address  set to the last byte of the address of the end that is named */
static tcpt_place place_of(const way *on, tcpt_blame blames, uint8_t *address)
{
    static const tcpt_segment nothing;
    tcpt_settings settings = tcpt_settings_default();
    tcpt_analysis *analysis = tcpt_analysis_new(&settings);
    tcpt_detector detector = *tcpt_detectors[0];
    tcpt_record *record = syn_on(analysis, on);
    tcpt_findings store;
    tcpt_place place;
    uint8_t end;

    detector.blames = blames;
    tcpt_findings_open(&store, TCPT_DIAGNOSES_MOST_BYTES);
    tcpt_context context = {
        .flow = record->flow, .segment = &nothing, .record = record, .detector = &detector, .store = &store};
    place = tcpt_place_of(tcpt_raise(&context, TCPT_MEDIUM, "by hand")->diagnosis, 7, &end);
    *address = record->flow->key.address[end][3];
    g_assert_cmpuint(place.detector, ==, 7);
    tcpt_found_free(record->flow);
    tcpt_findings_clear(&store);
    tcpt_analysis_free(analysis);
    return place;
}

static void test_place(gconstpointer data)
{
    const place_row *row = data;
    uint8_t first, second;
    tcpt_place one = place_of(&row->one, row->blames, &first), other = place_of(&row->other, row->blames, &second);

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
