/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/hubs.h"

#include "core/finding/places.h"
#include "tcptriage/cases.h"
#include "tcptriage/limits.h"
#include "tcptriage/times.h"

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

static bool join_at_ends(const GPtrArray *cases)
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

/* ---- hosts that share no end ---- */

/* Between these a host was cut off, or cannot have been: after it was heard last, before it was first asked in vain. */
typedef struct cut {
    tcpt_case *made;
    int64_t heard_ns;
    int64_t asked_ns;
} cut;

enum {
    /* What goes on for longer than any round trip was not cut. */
    GOES_ON_SECONDS = 1,
    /* Each looks through all flows; a capture has a few such moments. */
    MOMENTS_MOST = 64,
};

static bool cut_of(tcpt_case *made, cut *found)
{
    *found = (cut){made, INT64_MIN, INT64_MAX};
    for (unsigned i = 0; i < made->example_count; i++) {
        const tcpt_flow *flow = made->examples[i].flow;
        unsigned silent = tcpt_blamed_end(&made->examples[i].cause->first);

        if (!flow->ends[!silent].unanswered_ns)
            return false; /* something came in the end */
        found->heard_ns = MAX(found->heard_ns, flow->ends[silent].last_ns);
        found->asked_ns = MIN(found->asked_ns, flow->ends[!silent].unanswered_ns);
    }
    return found->heard_ns <= found->asked_ns;
}

static gint by_asked(gconstpointer a, gconstpointer b)
{
    const cut *one = a, *other = b;

    return (one->asked_ns > other->asked_ns) - (one->asked_ns < other->asked_ns);
}

/* Connections that were there at that moment, and went on as if nothing was, as far as it takes to be so many. */
static uint64_t survivors(const tcpt_flow *first, int64_t then_ns, uint64_t most)
{
    int64_t later_ns = then_ns + tcpt_seconds_ns(GOES_ON_SECONDS);
    uint64_t count = 0;

    for (const tcpt_flow *flow = first; flow && count < most; flow = flow->next)
        count += flow->first_ns < then_ns && flow->ends[0].last_ns > later_ns && flow->ends[1].last_ns > later_ns;
    return count;
}

/* Those that one moment can have cut off, where most of what went on then was. */
static bool join_cut(const cut *cuts, unsigned count, const tcpt_flow *first)
{
    uint64_t silent = 0;

    for (unsigned i = 0; i < count; i++)
        silent += cuts[i].made->flow_count;
    if (survivors(first, cuts[0].asked_ns, silent) >= silent)
        return false;
    for (unsigned i = 1; i < count; i++)
        cuts[i].made->joined = cuts[0].made;
    return true;
}

/* A gateway or NAT that restarts, a link that breaks: whatever the hosts behind it, all fall silent at one moment. */
static bool join_at_once(const GPtrArray *cases, const tcpt_flow *first)
{
    GArray *cuts = g_array_new(FALSE, FALSE, sizeof(cut));
    unsigned moments = 0;
    bool any = false;

    for (unsigned i = 0; i < cases->len; i++) {
        tcpt_case *made = cases->pdata[i];
        cut found;

        if (is_way(made) && blames_silence(made) && !made->joined && cut_of(made, &found))
            g_array_append_val(cuts, found);
    }
    g_array_sort(cuts, by_asked);
    for (unsigned from = 0, to; from < cuts->len && moments < MOMENTS_MOST; from = to) {
        const cut *at = &g_array_index(cuts, cut, from);

        for (to = from + 1; to < cuts->len && at[to - from].heard_ns <= at->asked_ns &&
                            at[to - from].made->detector == at->made->detector;)
            to++;
        if (to - from < WAYS_LEAST)
            continue;
        any |= join_cut(at, to - from, first);
        moments++;
    }
    g_array_free(cuts, TRUE);
    return any;
}

bool tcpt_hubs_join(const GPtrArray *cases, const tcpt_flow *first)
{
    bool at_ends = join_at_ends(cases);

    return join_at_once(cases, first) || at_ends;
}
