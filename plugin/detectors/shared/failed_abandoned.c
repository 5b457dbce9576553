/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What got lost is never sent again. */
#include "detectors/shared/failed.h"

/* The other end says that it lacks it: it was lost. Who was to send it again is at fault where nothing can take the
 * repeats before they get here. */
static tcpt_finding *raise_lacking(const tcpt_context *context, unsigned sender, tcpt_record *sent, double seconds)
{
    const tcpt_flow *flow = context->flow;
    const char *role = tcpt_role(flow, sender), *other = tcpt_role(flow, !sender);
    const char *where = flow->ends[!sender].sack_held                  ? "bytes before "
                        : flow->ends[sender].unanswered_record == sent ? ""
                                                                       : "bytes up to ";
    bool here = tcpt_is_near(&flow->ends[sender]);
    tcpt_finding *finding =
        here ? tcpt_raise_among(context, TCPT_FAILED_NOT_REPEATED, TCPT_MEDIUM,
                                "The %s lacks %sframe %u of the %s, not sent again for %.0f s, though captured next to "
                                "it: has its TCP lost the timer, or its host stopped?",
                                other, where, sent->frame, role, seconds)
             : tcpt_raise_among(context, TCPT_FAILED_LACKS_REPEAT, TCPT_LOW,
                                "The %s lacks %sframe %u of the %s, not repeated for %.0f s: has the %s's TCP lost its "
                                "timer, or are repeats lost before this point?",
                                other, where, sent->frame, role, seconds, role);

    tcpt_brief(finding, "Lost, and not sent again by the %s for %.0f s", role, seconds);
    if (here)
        tcpt_set_blamed(finding, sender);
    else
        tcpt_blame_way(finding);
    tcpt_relate(finding, flow->ends[!sender].last_record);
    return finding;
}

/* Neither is heard of it any more. */
static tcpt_finding *raise_unheard(const tcpt_context *context, unsigned sender, tcpt_record *sent, double seconds)
{
    const char *role = tcpt_role(context->flow, sender);
    tcpt_finding *finding = tcpt_raise_among(context, TCPT_FAILED_NO_REPEAT, TCPT_LOW,
                                             "Frame %u of the %s is neither acknowledged nor sent again in %.0f s: is "
                                             "the %s gone (asleep, cut off), or does "
                                             "the capture lack the rest?",
                                             sent->frame, role, seconds, role);

    tcpt_brief(finding, "No ACK and no repeat for %.0f s: is the %s gone?", seconds, role);
    tcpt_blame_way(finding);
    return finding;
}

tcpt_finding *tcpt_raise_abandoned(const tcpt_context *context, unsigned sender)
{
    const tcpt_endpoint *end = &context->flow->ends[sender];
    bool by_fin = end->fin_record && (!end->payload_record || end->fin_last_ns >= end->payload_ns);
    tcpt_record *sent = by_fin ? end->fin_record : end->payload_record;
    int64_t silent_ns = tcpt_since_ns(context, by_fin ? end->fin_last_ns : end->payload_ns);
    double seconds = tcpt_as_seconds(silent_ns);
    const tcpt_endpoint *lacks = &context->flow->ends[!sender];
    tcpt_finding *finding = lacks->stands || lacks->sack_held ? raise_lacking(context, sender, sent, seconds)
                                                              : raise_unheard(context, sender, sent, seconds);

    tcpt_relate(finding, sent);
    tcpt_set_delay(finding, silent_ns);
    return finding;
}
