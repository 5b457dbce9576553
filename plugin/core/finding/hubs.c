/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/hubs.h"

#include "core/finding/places.h"
#include "tcptriage/cases.h"
#include "tcptriage/limits.h"

/* One coincidence is one; so many are a pile, as connections that one host does not close. */
enum { WAYS_LEAST = TCPT_PILE };

/* A host at one end of some ways. */
typedef struct hub {
    tcpt_place place; /* first: tcpt_place_hash() */
    tcpt_case *first;
    uint32_t ways;
} hub;

/* A host that answers nothing: what is said of that says itself that the way may be at fault. */
static bool blames_silence(const tcpt_case *made)
{
    return made->detector->blames == TCPT_BLAMES_RECEIVER && (made->detector->wants & TCPT_TRAIT_UNANSWERED);
}

/* Hosts fall silent for reasons of their own; those that do so together have lost what they share. */
static bool close_in_time(const tcpt_case *a, const tcpt_case *b)
{
    int64_t most_ns = tcpt_seconds_ns(TCPT_SIBLING_SECONDS);

    return a->first_ns - b->first_ns <= most_ns && b->first_ns - a->first_ns <= most_ns;
}

/* Between two hosts; ways between capture points are told apart by these. */
static bool is_way(const tcpt_case *made)
{
    tcpt_value from;

    return (made->detector->blames == TCPT_BLAMES_PATH || blames_silence(made)) && made->flow && !made->scattered &&
           made->example_count && !tcpt_value_of(&made->examples[0].cause->first, TCPT_F_VANTAGE_FROM, &from);
}

static hub *hub_at(GHashTable *hubs, const tcpt_place *place, tcpt_case *made)
{
    hub key = {.place = *place}, *known = g_hash_table_lookup(hubs, &key);

    if (known)
        return known;
    known = g_new(hub, 1);
    *known = (hub){.place = *place, .first = made};
    g_hash_table_add(hubs, known);
    return known;
}

static hub *server_of(GHashTable *hubs, tcpt_case *made)
{
    tcpt_place place = tcpt_listener_of(made->flow, tcpt_detector_number(made->detector), false);

    return hub_at(hubs, &place, made);
}

static hub *client_of(GHashTable *hubs, tcpt_case *made)
{
    tcpt_place place = tcpt_source_of(made->flow, tcpt_detector_number(made->detector));

    return hub_at(hubs, &place, made);
}

bool tcpt_hubs_join(const GPtrArray *cases)
{
    GHashTable *hubs = g_hash_table_new_full(tcpt_place_hash, tcpt_place_equal, g_free, NULL);
    bool any = false;

    for (unsigned i = 0; i < cases->len; i++) {
        tcpt_case *made = cases->pdata[i];

        if (!is_way(made))
            continue;
        server_of(hubs, made)->ways++;
        client_of(hubs, made)->ways++;
    }
    for (unsigned i = 0; i < cases->len; i++) {
        tcpt_case *made = cases->pdata[i];
        hub *at, *client;

        if (!is_way(made))
            continue;
        at = server_of(hubs, made);
        client = client_of(hubs, made);
        at = client->ways > at->ways ? client : at;
        if (at->ways < WAYS_LEAST || at->first == made || at->first->joined ||
            (blames_silence(made) && !close_in_time(made, at->first)))
            continue;
        made->joined = at->first; /* an earlier one: there are no circles */
        any = true;
    }
    g_hash_table_destroy(hubs);
    return any;
}
