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
    return made->detector->blames == TCPT_BLAMES_RECEIVER && made->detector->silence;
}

/* Hosts fall silent for reasons of their own; those that do so together have lost what they share. */
static bool fall_silent_together(const tcpt_case *a, const tcpt_case *b)
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

/* Whether a way is one of the hub's: of a host that falls silent those that do so when the first one does. */
static bool is_of_hub(const tcpt_case *made, const hub *at)
{
    return !blames_silence(made) || fall_silent_together(made, at->first);
}

static void count_way(hub *at, const tcpt_case *made)
{
    at->ways += is_of_hub(made, at);
}

/* The end that most ways share, this one too; or NULL. */
static hub *largest_hub(hub *server, hub *client, const tcpt_case *made)
{
    hub *at = is_of_hub(made, server) ? server : NULL;

    return is_of_hub(made, client) && (!at || client->ways > at->ways) ? client : at;
}

static bool join_at_ends(const GPtrArray *cases)
{
    GHashTable *hubs = g_hash_table_new_full(tcpt_place_hash, tcpt_place_equal, g_free, NULL);
    bool any = false;

    for (unsigned i = 0; i < cases->len; i++) {
        tcpt_case *made = cases->pdata[i];

        if (!is_way(made))
            continue;
        count_way(server_of(hubs, made), made);
        count_way(client_of(hubs, made), made);
    }
    for (unsigned i = 0; i < cases->len; i++) {
        tcpt_case *made = cases->pdata[i];
        hub *at;

        if (!is_way(made))
            continue;
        at = largest_hub(server_of(hubs, made), client_of(hubs, made), made);
        if (!at || at->ways < WAYS_LEAST || at->first == made || at->first->joined)
            continue;
        made->joined = at->first; /* an earlier one: there are no circles */
        any = true;
    }
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
