/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/silent_hosts.h"

#include <string.h>

#include "core/finding/case_sums.h"
#include "core/finding/places.h"
#include "tcptriage/cases.h"
#include "tcptriage/detector.h"
#include "tcptriage/limits.h"

/* A host that is said to answer nothing, at a capture point. */
typedef struct silent_host {
    tcpt_place place; /* first: tcpt_place_hash() */
    tcpt_case *first; /* the one that says most */
    int64_t heard_ns; /* when it was heard last */
    unsigned cases;
} silent_host;

static unsigned silent_end(const tcpt_case *made)
{
    return made->detector->blames == TCPT_BLAMES_LISTENER ? !made->flow->client : made->blamed_end;
}

/* Of several hosts, or of none, nobody says that it is silent; nor of one that the way keeps from answering. */
static bool tells_of_host(const tcpt_case *made)
{
    return made->detector->silence && made->flow && !made->scattered && !made->ways_more &&
           made->blamed_end != TCPT_WAY_BLAMED;
}

static tcpt_place host_of(const tcpt_flow *flow, unsigned end)
{
    tcpt_place place = {.family = flow->key.family, .points = {flow->key.point + 1}};

    memcpy(place.address[0], flow->key.address[end], sizeof place.address[0]);
    return place;
}

static silent_host *known(GHashTable *hosts, const tcpt_flow *flow, unsigned end)
{
    silent_host key = {.place = host_of(flow, end)};

    return g_hash_table_lookup(hosts, &key);
}

static bool says_more(const tcpt_case *made, const tcpt_case *other)
{
    if (made->detector->silence != other->detector->silence)
        return made->detector->silence < other->detector->silence;
    return made->first_ns < other->first_ns;
}

static void note_case(GHashTable *hosts, tcpt_case *made, const tcpt_peers *peers)
{
    unsigned end = silent_end(made);
    silent_host *host = known(hosts, made->flow, end);

    if (!host) {
        host = g_new(silent_host, 1);
        *host = (silent_host){.place = host_of(made->flow, end),
                              .first = made,
                              .heard_ns = tcpt_peers_heard_ns(peers, &made->flow->key, end)};
        g_hash_table_add(hosts, host);
    } else if (says_more(made, host->first)) {
        host->first = made;
    }
    host->cases++;
}

static void hear(GHashTable *hosts, const tcpt_flow *flow)
{
    for (unsigned end = 0; end < 2; end++) {
        silent_host *host = flow->ends[end].segment_count ? known(hosts, flow, end) : NULL;

        if (host && host->cases > 1)
            host->heard_ns = MAX(host->heard_ns, flow->ends[end].last_ns);
    }
}

/* When the host first was asked in vain; a finding comes repeats later. */
static int64_t asked_ns(const tcpt_case *made)
{
    int64_t unanswered_ns = 0;

    if (made->detector->blames == TCPT_BLAMES_LISTENER)
        return made->flow->first_ns;
    if (made->example_count)
        unanswered_ns = made->examples[0].flow->ends[!tcpt_blamed_end(&made->examples[0].cause->first)].unanswered_ns;
    return unanswered_ns ? unanswered_ns : made->first_ns;
}

/* What was on its way when that left is no answer to it. */
static bool is_silent_since(const silent_host *host, const tcpt_case *made)
{
    return host->heard_ns < asked_ns(made) + tcpt_seconds_ns(TCPT_FIRST_RTO_SECONDS);
}

static bool join(GHashTable *hosts, tcpt_case *made)
{
    const silent_host *host = known(hosts, made->flow, silent_end(made));

    if (host->first == made || !tcpt_case_close_in_time(made, host->first) || !is_silent_since(host, made) ||
        !is_silent_since(host, host->first))
        return false;
    made->joined = host->first;
    return true;
}

bool tcpt_silent_hosts_join(const GPtrArray *cases, const tcpt_flow *first, const tcpt_peers *peers)
{
    GHashTable *hosts = g_hash_table_new_full(tcpt_place_hash, tcpt_place_equal, g_free, NULL);
    unsigned several = 0;
    bool any = false;

    for (unsigned i = 0; i < cases->len; i++)
        if (tells_of_host(cases->pdata[i])) {
            note_case(hosts, cases->pdata[i], peers);
            several++;
        }
    several -= g_hash_table_size(hosts);
    for (const tcpt_flow *flow = first; several && flow; flow = flow->next)
        hear(hosts, flow);
    for (unsigned i = 0; several && i < cases->len; i++)
        if (tells_of_host(cases->pdata[i]))
            any |= join(hosts, cases->pdata[i]);
    g_hash_table_destroy(hosts);
    return any;
}
