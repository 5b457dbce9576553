/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tcptriage/queries.h"

/* How far two connections' numbers may be apart that are one conversation: a window in flight, and what follows. That
 * both directions fit by chance happens once in sixteen million. */
enum { NEXT_NUMBERS = 1 << 20 };

/* The end of a flow that is the same socket as another flow's end; 2 for none. */
static unsigned same_socket(const tcpt_flow *flow, const tcpt_flow *other, unsigned end)
{
    for (unsigned i = 0; i < 2; i++)
        if (flow->key.port[i] == other->key.port[end] &&
            !memcmp(flow->key.address[i], other->key.address[end], sizeof flow->key.address[i]))
            return i;
    return 2;
}

bool tcpt_goes_on_elsewhere(const tcpt_flow *flow, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from], *silent = &flow->ends[!from];
    const tcpt_flow *stray = sender->host ? sender->host->stray : NULL;
    unsigned target = stray && stray != flow ? same_socket(stray, flow, from) : 2;

    if (target == 2 || !silent->sent || !silent->acked || stray->first_ns < silent->last_ns)
        return false;
    return stray->ends[!target].sent && stray->ends[!target].acked &&
           stray->ends[!target].snd_nxt - silent->snd_nxt <= NEXT_NUMBERS &&
           stray->ends[!target].rcv_nxt - silent->rcv_nxt <= NEXT_NUMBERS;
}
