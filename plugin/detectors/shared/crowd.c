/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/crowd.h"

/* A crowd is told of while hardly any turn out well, one in ten at the most: it is none where that is so of the others.
 */
enum { HARDLY_ANY_PART = 10 };

tcpt_crowd_sum tcpt_crowd_so_far(const tcpt_context *context)
{
    const tcpt_tally *tally = context->seen->crossing;

    return (tcpt_crowd_sum){
        .since_ns = tally->since_ns,
        .last_ns = context->segment->time_ns,
        .attempts = tally->attempts + (context->seen->syn_count == 1),
        .members = tcpt_tally_members(tally),
        .good = tally->good,
        .refused = tally->refused,
        .about = tally->level > 0,
    };
}

void tcpt_crowd_tell(const tcpt_context *context, tcpt_told_crowd *told)
{
    const tcpt_tally *tally = context->seen->crossing;

    *told = (tcpt_told_crowd){
        .finding = tcpt_raise(context, TCPT_MEDIUM, " "),
        .tally = tally,
        .hash = tally->hash,
        .told_ns = context->segment->time_ns,
    };
}

static bool nearly_all_good(const tcpt_crowd_sum *sum)
{
    return (uint64_t)sum->good * HARDLY_ANY_PART >= (uint64_t)sum->attempts * (HARDLY_ANY_PART - 1);
}

tcpt_finding *tcpt_crowd_settle(const tcpt_context *context, const tcpt_told_crowd *told, const tcpt_crowd_sum **whole)
{
    const tcpt_tally *tally = told->tally;

    if (!told->finding || tally->hash != told->hash || !tally->told || tally->whole.told_ns != told->told_ns)
        return NULL;
    *whole = &tally->whole;
    if (!nearly_all_good(*whole))
        return tcpt_instead_of(context, told->finding);
    tcpt_refute(context, told->finding);
    return NULL;
}
