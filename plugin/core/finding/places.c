/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/places.h"

#include <string.h>

#include "tcptriage/cases.h"
#include "tcptriage/detector.h"
#include "tcptriage/points.h"

guint tcpt_place_hash(gconstpointer key)
{
    uint32_t words[sizeof(tcpt_place) / sizeof(uint32_t)], hash = 0;

    G_STATIC_ASSERT(sizeof words == sizeof(tcpt_place));
    memcpy(words, key, sizeof words);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        hash = (hash ^ words[i]) * UINT32_C(0x9e3779b1);
        hash ^= hash >> 15;
    }
    return hash;
}

gboolean tcpt_place_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(tcpt_place)) == 0;
}

tcpt_place tcpt_nowhere(unsigned detector)
{
    tcpt_place place;

    memset(&place, 0, sizeof place);
    place.detector = (uint8_t)detector;
    return place;
}

static void put_address(tcpt_place *place, unsigned at, const tcpt_flow *flow, unsigned end)
{
    memcpy(place->address[at], flow->key.address[end], sizeof place->address[at]);
}

/* Between two points, where the finding names them; else between two hosts, whichever of them sent. */
static void put_way(tcpt_place *place, const tcpt_diagnosis *diagnosis, const tcpt_flow *flow)
{
    tcpt_value from, to;

    if (tcpt_value_of(&diagnosis->first, TCPT_F_VANTAGE_FROM, &from) &&
        tcpt_value_of(&diagnosis->first, TCPT_F_VANTAGE_TO, &to)) {
        uint32_t one = g_str_hash(from.text) | 1, other = g_str_hash(to.text) | 1;

        place->points[0] = MIN(one, other); /* either direction: it is one way */
        place->points[1] = MAX(one, other);
        return;
    }
    put_address(place, 0, flow, 0); /* the key's order, not the roles' */
    put_address(place, 1, flow, 1);
}

unsigned tcpt_blamed_end(const tcpt_finding *finding)
{
    const tcpt_flow *flow = tcpt_flow_of(finding->on);

    if (finding->diagnosis->blamed && finding->diagnosis->blamed != TCPT_WAY_BLAMED)
        return finding->diagnosis->blamed - 1u;
    switch (finding->diagnosis->detector->blames) {
    case TCPT_BLAMES_SENDER:
    case TCPT_BLAMES_PATH:
    case TCPT_BLAMES_CAPTURE:
        return finding->on->from;
    case TCPT_BLAMES_RECEIVER:
        return !finding->on->from;
    case TCPT_BLAMES_SOURCE:
        return flow->client;
    case TCPT_BLAMES_LISTENER:
    case TCPT_BLAMES_PAIR:
        break;
    }
    return !flow->client;
}

tcpt_place tcpt_listener_of(const tcpt_flow *flow, unsigned detector, bool of_client)
{
    tcpt_place place = tcpt_nowhere(detector);

    place.family = flow->key.family;
    place.port = flow->key.port[!flow->client];
    put_address(&place, 0, flow, !flow->client);
    if (of_client)
        put_address(&place, 1, flow, flow->client);
    return place;
}

tcpt_place tcpt_source_of(const tcpt_flow *flow, unsigned detector)
{
    tcpt_place place = tcpt_nowhere(detector);

    place.family = flow->key.family;
    put_address(&place, 0, flow, flow->client);
    return place;
}

tcpt_place tcpt_place_of(const tcpt_diagnosis *diagnosis, unsigned detector, uint8_t *end)
{
    const tcpt_flow *flow = tcpt_flow_of(diagnosis->first.on);
    tcpt_place place = tcpt_nowhere(detector);

    *end = (uint8_t)tcpt_blamed_end(&diagnosis->first);
    place.family = flow->key.family;
    if (diagnosis->blamed == TCPT_WAY_BLAMED) {
        *end = TCPT_WAY_BLAMED;
        put_way(&place, diagnosis, flow);
        return place;
    }
    switch (diagnosis->detector->blames) {
    case TCPT_BLAMES_LISTENER:
        return tcpt_listener_of(flow, detector, false);
    case TCPT_BLAMES_PAIR:
        return tcpt_listener_of(flow, detector, true);
    case TCPT_BLAMES_PATH:
        put_way(&place, diagnosis, flow);
        break;
    case TCPT_BLAMES_CAPTURE:
        place.family = 0;
        break;
    default:
        put_address(&place, 0, flow, *end);
    }
    return place;
}
