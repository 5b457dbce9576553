/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/stowing.h"

#include <glib.h>

#include "core/finding/stowed.h"
#include "core/lone.h"
#include "core/state.h"
#include "tcptriage/times.h"

enum {
    PACKETS_MOST = TCPT_FOUND_RECORDS_MOST, /* of a flow: most connections that do something have more */
    YOUNG = 1536,     /* so many newer flows there are at least, 3 MB: a small capture need not be kept small */
    AGAIN = 8192,     /* the same of a life that is not the first of its 4-tuple: the next one asks for it */
    OLD = 1 << 16,    /* behind so many it is not asked how long it has been silent */
    AT_ONCE = 2,      /* flows that are looked at for each that is opened */
    WAITED_MS = 1200, /* one that goes on for so long stays as it is */
    QUIET_MS = 200,   /* what is sent again is sent by then (TCP_RTO_MIN), and most answers are there */
};

/* By the clock of another point perhaps. */
static bool lately(int64_t time_ns, int64_t now_ns, int64_t most_ms)
{
    int64_t since_ns = now_ns - time_ns;

    return ABS(since_ns) < most_ms * TCPT_MS_NS;
}

/* Whether something goes on in a flow. */
static bool in_use(const tcpt_flow *flow, int64_t now_ns)
{
    return lately(flow->last_ns, now_ns, QUIET_MS);
}

/* All its packets are known by `seen`, and nothing but their records refers to it. */
static bool may_stow(const tcpt_flow *flow)
{
    const tcpt_icmp_told *told = flow->rare->told;

    return !flow->seen_over && flow->seen_next <= PACKETS_MOST && !flow->duplicates && !told[0].record &&
           !told[1].record;
}

/* Whether it is worth waiting until one may be stowed away. */
static bool waits(const tcpt_flow *flow, int64_t now_ns)
{
    return may_stow(flow) && in_use(flow, now_ns) && lately(flow->first_ns, now_ns, WAITED_MS);
}

/* All that a flow has which may be stowed away. @return how many */
static unsigned records_of(const tcpt_records *in, const tcpt_flow *flow, tcpt_record *records[PACKETS_MOST])
{
    unsigned count = MIN(flow->seen_next, PACKETS_MOST);

    for (unsigned i = 0; i < count; i++)
        records[i] = tcpt_records_at(in, tcpt_seen_at(flow, i)->record);
    return count;
}

static void set_owner(tcpt_record *const *records, unsigned count, void *owner)
{
    for (unsigned i = 0; i < count; i++)
        records[i]->owner = owner;
}

void tcpt_stow_flow(tcpt_analysis *analysis, tcpt_flow *flow)
{
    tcpt_record *records[PACKETS_MOST] = {NULL};
    unsigned count;
    void *owner;

    if (!may_stow(flow))
        return;
    count = records_of(&analysis->records, flow, records);
    tcpt_found_stow(&analysis->findings, flow, records, count);
    owner = tcpt_flows_stow(analysis->flows, flow);
    if (owner)
        set_owner(records, count, owner);
    else
        tcpt_found_unstow(&analysis->findings, flow, records);
}

void tcpt_stow_old(tcpt_analysis *analysis, int64_t now_ns)
{
    uint32_t count = tcpt_flows_count(analysis->flows);

    if (analysis->scenes || !tcpt_flows_may_stow(analysis->flows))
        return;
    for (unsigned i = 0; i < AT_ONCE && analysis->stowed_to + YOUNG < count; i++) {
        void *owner = tcpt_flows_at(analysis->flows, analysis->stowed_to);

        if (!tcpt_rests(owner)) {
            if (((const tcpt_flow *)owner)->later && analysis->stowed_to + AGAIN >= count)
                return;
            if (waits(owner, now_ns) && analysis->stowed_to + OLD > count)
                return;
            if (!in_use(owner, now_ns))
                tcpt_stow_flow(analysis, owner);
        }
        analysis->stowed_to++;
    }
}

tcpt_flow *tcpt_wake(void *owner)
{
    const tcpt_flows *flows = tcpt_flows_of(owner);
    tcpt_record *records[PACKETS_MOST] = {NULL};
    tcpt_flow *flow;

    if (tcpt_is_lone(owner))
        return tcpt_wake_lone(tcpt_lone_of(owner));
    flow = tcpt_flows_unstow(owner);
    set_owner(records, records_of(tcpt_flows_records(flows), flow, records), flow);
    tcpt_found_unstow(tcpt_flows_findings(flows), flow, records);
    return flow;
}

tcpt_record *tcpt_record_beside(const tcpt_flow *flow, uint32_t number)
{
    return tcpt_records_at(tcpt_flows_records(flow->at->flows), number);
}
