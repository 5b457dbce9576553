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
    int64_t last_ns; /* when the newest of its ways began, of hosts that fall silent */
    uint32_t ways;
} hub;

/* A host that answers nothing: what is said of that says itself that the way may be at fault. */
static bool blames_silence(const tcpt_case *made)
{
    return made->detector->blames == TCPT_BLAMES_RECEIVER && made->detector->silence;
}

/* Hosts fall silent for reasons of their own; those that do so together have lost what they share. Where it is a pile,
 * and others follow as soon, what they share is still lost. */
static bool falls_silent_with(const tcpt_case *made, const hub *at)
{
    int64_t since_ns = at->ways < WAYS_LEAST ? at->first->first_ns : at->last_ns;

    return made->first_ns - since_ns <= tcpt_seconds_ns(TCPT_SIBLING_SECONDS);
}

/* Between two hosts; ways between capture points are told apart by these. */
static bool is_way(const tcpt_case *made)
{
    tcpt_value from;

    return (made->detector->blames == TCPT_BLAMES_PATH || made->blamed_end == TCPT_WAY_BLAMED ||
            blames_silence(made)) &&
           made->flow && !made->scattered && made->example_count &&
           !tcpt_value_of(&made->examples[0].cause->first, TCPT_F_VANTAGE_FROM, &from);
}

/* Its hubs are those that it is one of: of hosts that fall silent those that do so when the others do. */
typedef struct way {
    tcpt_case *made;
    hub *server, *client; /* or NULL */
} way;

static hub *hub_at(GHashTable *hubs, const tcpt_place *place, tcpt_case *made)
{
    hub key = {.place = *place}, *known = g_hash_table_lookup(hubs, &key);

    if (known)
        return known;
    known = g_new(hub, 1);
    *known = (hub){.place = *place, .first = made, .last_ns = made->first_ns};
    g_hash_table_add(hubs, known);
    return known;
}

static hub *count_at(GHashTable *hubs, const tcpt_place *place, tcpt_case *made)
{
    hub *at = hub_at(hubs, place, made);

    if (blames_silence(made) && !falls_silent_with(made, at))
        return NULL;
    at->ways++;
    at->last_ns = made->first_ns;
    return at;
}

static void count_way(GHashTable *hubs, way *one)
{
    unsigned detector = tcpt_detector_number(one->made->detector);
    tcpt_place server = tcpt_listener_of(one->made->flow, detector, false);
    tcpt_place client = tcpt_source_of(one->made->flow, detector);

    one->server = count_at(hubs, &server, one->made);
    one->client = count_at(hubs, &client, one->made);
}

/* The end that most ways share, this one too; or NULL. */
static const hub *largest_hub(const way *one)
{
    return one->client && (!one->server || one->client->ways > one->server->ways) ? one->client : one->server;
}

static gint by_begin(gconstpointer a, gconstpointer b)
{
    const way *one = a, *other = b;

    return (one->made->first_ns > other->made->first_ns) - (one->made->first_ns < other->made->first_ns);
}

/* In the order in which they begin. */
static GArray *ways_of(const GPtrArray *cases)
{
    GArray *ways = g_array_new(FALSE, FALSE, sizeof(way));

    for (unsigned i = 0; i < cases->len; i++) {
        way one = {.made = cases->pdata[i]};

        if (is_way(one.made))
            g_array_append_val(ways, one);
    }
    g_array_sort(ways, by_begin);
    return ways;
}

static bool join_at_ends(const GPtrArray *cases)
{
    GHashTable *hubs = g_hash_table_new_full(tcpt_place_hash, tcpt_place_equal, g_free, NULL);
    GArray *ways = ways_of(cases);
    bool any = false;

    for (unsigned i = 0; i < ways->len; i++)
        count_way(hubs, &g_array_index(ways, way, i));
    for (unsigned i = 0; i < ways->len; i++) {
        const way *one = &g_array_index(ways, way, i);
        const hub *at = largest_hub(one);

        if (!at || at->ways < WAYS_LEAST || at->first == one->made || at->first->joined)
            continue;
        one->made->joined = at->first; /* an earlier one: there are no circles */
        any = true;
    }
    g_array_free(ways, TRUE);
    g_hash_table_destroy(hubs);
    return any;
}

/* ---- hosts that share no end ---- */

/* Between these a host was cut off, or cannot have been: after it was heard last, before it was first asked in vain.
 * What was on its way then is still heard, for a round trip. */
typedef struct cut {
    tcpt_case *made;
    unsigned detector; /* place in tcpt_detectors */
    int64_t heard_ns;
    int64_t asked_ns;
} cut;

enum {
    /* What goes on for longer than any round trip was not cut. */
    GOES_ON_SECONDS = 1,
    /* Each looks through all flows; a capture has a few such moments. */
    MOMENTS_MOST = 64,
};

static bool is_heard_after(int64_t heard_ns, int64_t asked_ns)
{
    return heard_ns > asked_ns && heard_ns - asked_ns > tcpt_seconds_ns(GOES_ON_SECONDS);
}

static bool cut_of(tcpt_case *made, cut *found)
{
    *found = (cut){made, tcpt_detector_number(made->detector), INT64_MIN, INT64_MAX};
    for (unsigned i = 0; i < made->example_count; i++) {
        const tcpt_flow *flow = made->examples[i].flow;
        unsigned silent = tcpt_blamed_end(&made->examples[i].cause->first);

        if (!flow->ends[!silent].unanswered_ns)
            return false; /* something came in the end */
        found->heard_ns = MAX(found->heard_ns, flow->ends[silent].last_ns);
        found->asked_ns = MIN(found->asked_ns, flow->ends[!silent].unanswered_ns);
    }
    return !is_heard_after(found->heard_ns, found->asked_ns);
}

static uint32_t point_of(const cut *found)
{
    return found->made->flow->key.point;
}

/* What one detector says at one capture point stands together: each point has a clock of its own. */
static gint by_kind(const cut *one, const cut *other)
{
    if (one->detector != other->detector)
        return one->detector < other->detector ? -1 : 1;
    return (point_of(one) > point_of(other)) - (point_of(one) < point_of(other));
}

static gint by_asked(gconstpointer a, gconstpointer b)
{
    const cut *one = a, *other = b;
    gint order = by_kind(one, other);

    if (order)
        return order;
    return (one->asked_ns > other->asked_ns) - (one->asked_ns < other->asked_ns);
}

static bool goes_on(const tcpt_flow *flow, int64_t then_ns)
{
    return flow->first_ns < then_ns && is_heard_after(flow->ends[0].last_ns, then_ns) &&
           is_heard_after(flow->ends[1].last_ns, then_ns);
}

/* Connections that were there when it was cut off, and went on as if nothing was, as far as it takes to be so many. Of
 * its capture point: others have seen the same ones. */
static uint64_t survivors(const tcpt_flow *first, const cut *found, uint64_t most)
{
    uint64_t count = 0;

    for (const tcpt_flow *flow = first; flow && count < most; flow = flow->next)
        count += flow->key.point == point_of(found) && goes_on(flow, found->asked_ns);
    return count;
}

/* Those that one moment can have cut off, where most of what went on then was. */
static bool join_cut(const cut *cuts, unsigned count, const tcpt_flow *first)
{
    uint64_t silent = 0;

    for (unsigned i = 0; i < count; i++)
        silent += cuts[i].made->flow_count;
    if (survivors(first, &cuts[0], silent) >= silent)
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

        for (to = from + 1; to < cuts->len && by_kind(&at[to - from], at) == 0 &&
                            !is_heard_after(at[to - from].heard_ns, at->asked_ns);)
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
