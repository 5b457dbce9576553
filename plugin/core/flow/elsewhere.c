/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "core/flow/commit.h"
#include "core/flow/key.h"
#include "core/flow/trouble.h"
#include "tcptriage/limits.h"
#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

/* How far two connections' numbers may be apart that are one conversation: a window in flight, and what follows. That
 * both directions fit by chance happens once in sixteen million. */
enum { NEXT_NUMBERS = 1 << 20 };

/* The end of a flow that is the same socket as another flow's end; 2 for none. */
static unsigned same_socket(const tcpt_flow_key *flow, const tcpt_flow_key *other, unsigned end)
{
    for (unsigned i = 0; i < 2; i++)
        if (flow->port[i] == other->port[end] &&
            !memcmp(flow->address[i], other->address[end], sizeof flow->address[i]))
            return i;
    return 2;
}

/* Whether the stray is the answer to a connection's SYN, which has none of its own. */
static bool answers_syn(const tcpt_flow *asks, unsigned silent, const tcpt_flow *stray, unsigned began)
{
    const tcpt_endpoint *client = &asks->ends[!silent], *is = &stray->ends[began];

    return is->syn && is->acked && !asks->ends[silent].segment_count && client->syn && !client->acked &&
           is->rcv_nxt - client->iss - 1 <= client->syn_payload_bytes && stray->first_ns >= asks->first_ns;
}

void tcpt_flow_commit_moved(const tcpt_flow *flow, const tcpt_observation *seen)
{
    tcpt_rarities_of((tcpt_flow *)seen->moved)->gone_to = flow->record;
}

const tcpt_flow *tcpt_goes_on_in(const tcpt_flow *flow, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from], *silent = &flow->ends[!from];
    const tcpt_flow *stray = sender->host && sender->host->stray ? tcpt_flow_of(sender->host->stray) : NULL;
    const tcpt_flow *gone_to = flow->rare->gone_to ? tcpt_flow_of(flow->rare->gone_to) : NULL;
    unsigned target = stray && stray != flow ? same_socket(&stray->key, &flow->key, from) : 2;

    if (gone_to && same_socket(&gone_to->key, &flow->key, from) != 2 &&
        (!silent->sent || gone_to->first_ns >= silent->last_ns))
        return gone_to;
    if (target != 2 && answers_syn(flow, !from, stray, !target))
        return stray;
    if (target == 2 || !silent->sent || !silent->acked || stray->first_ns < silent->last_ns)
        return NULL;
    return stray->ends[!target].sent && stray->ends[!target].acked &&
                   stray->ends[!target].snd_nxt - silent->snd_nxt <= NEXT_NUMBERS &&
                   stray->ends[!target].rcv_nxt - silent->rcv_nxt <= NEXT_NUMBERS
               ? stray
               : NULL;
}

/* A segment of the connection itself that no tracker lets through, with the newest acknowledgment: it passes under the
 * name that its host has behind the NAT. None that may be a copy of what was just seen on the other side of it. */
static bool let_past(const tcpt_flow *live, unsigned end, const tcpt_flow *stray, unsigned began)
{
    const tcpt_endpoint *was = &live->ends[end], *is = &stray->ends[began];

    return was->syn && is->rcv_nxt == live->ends[!end].snd_nxt && was->snd_nxt - is->snd_nxt <= NEXT_NUMBERS &&
           (seq_before(is->snd_nxt, was->iss + 1) ||
            stray->first_ns - was->last_ns >= TCPT_SHORTEST_RTO_MS * TCPT_MS_NS);
}

/* Whether an end of a live connection has gone over to the end that began the stray: the next numbers, and none that it
 * had said before (a copy of its packet on the other side of a NAT). */
static bool went_over(const tcpt_flow *live, unsigned end, const tcpt_flow *stray, unsigned began, bool reset)
{
    const tcpt_endpoint *was = &live->ends[end], *is = &stray->ends[began];

    if (is->syn)
        return answers_syn(live, end, stray, began);
    if (!was->sent || !was->acked || !live->ends[!end].sent || was->reset || live->ends[!end].reset)
        return false;
    if (reset && let_past(live, end, stray, began))
        return true;
    if (is->snd_nxt - was->snd_nxt > NEXT_NUMBERS || is->rcv_nxt - was->rcv_nxt > NEXT_NUMBERS)
        return false;
    if (is->snd_nxt == was->snd_nxt && is->rcv_nxt == was->rcv_nxt)
        return false;
    if (seq_after(is->rcv_nxt, live->ends[!end].snd_nxt) && !live->ends[!end].holed)
        return false; /* nothing that was sent there */
    if (was->tsval_ns && is->tsval_ns && seq_before(is->newest_tsval, was->newest_tsval))
        return false;
    return stray->first_ns >= was->last_ns;
}

static bool same_place(const tcpt_flow_key *a, const tcpt_flow_key *b)
{
    return a->point == b->point && a->depth == b->depth && a->family == b->family;
}

/* Flows are looked through in all, and no more than so many per segment of the capture: a few thousand at once, when it
 * happens; in a flood of strays none. */
enum { LOOKED_LEAST = 1 << 16, LOOKED_PER_SEGMENT = 4 };

const tcpt_flow *tcpt_flows_moved_to(tcpt_flows *flows, const tcpt_flow *stray, unsigned began, bool reset,
                                     uint64_t segments, unsigned *end)
{
    uint64_t most = LOOKED_LEAST + LOOKED_PER_SEGMENT * segments, *looked = tcpt_flows_looked(flows);

    if (!stray->ends[began].sent || !stray->ends[began].acked)
        return NULL;
    for (uint32_t number = 0; number < tcpt_flows_count(flows) && *looked < most; number++, ++*looked) {
        void *owner = tcpt_flows_at(flows, number);
        const tcpt_flow_key *key = tcpt_key_of(owner);
        unsigned target = owner != stray && same_place(key, &stray->key) ? same_socket(key, &stray->key, !began) : 2;
        const tcpt_flow *live;

        if (target == 2)
            continue;
        live = tcpt_flow_owning(owner);
        if (!went_over(live, !target, stray, began, reset))
            continue;
        *end = !target;
        return live;
    }
    return NULL;
}
