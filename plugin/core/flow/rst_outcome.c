/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/rst_outcome.h"

#include <glib.h>

#include "core/flow/trouble.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

enum {
    /* Far from the receiver the loss of the RST explains that bytes are sent again, once. */
    AGAIN_FAR = 2,
    AGAIN_NEAR = 1,
    /* New bytes that are still on their way are no news, however long the queue before them has become: longer than
     * that takes no path. The same bytes again are. */
    QUEUE_SECONDS = 1,
};

/* ---- observing ---- */

static bool goes_on(const tcpt_observation *seen, const tcpt_segment *segment)
{
    return segment->payload_bytes || (segment->flags & (TCPT_FIN | TCPT_SYN)) || seen->probe;
}

static unsigned times_again(const tcpt_rst_toward *toward, const tcpt_segment *segment)
{
    return toward->agains && toward->again_seq == segment->seq ? toward->agains + 1u : 1u;
}

static bool is_again(const tcpt_observation *seen)
{
    return seen->probe || (seen->traits & TCPT_TRAIT_REPEAT);
}

/* An exact RST may have been lost on its way: new bytes or a FIN speak against it, repeats when there are enough. */
static bool outlives_exact(const tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_rst_toward *toward = &flow->toward[seen->from];

    if (segment->flags & TCPT_SYN)
        return false; /* the next connection, or a SYN-ACK whose ACK was lost */
    if (toward->challenged || !is_again(seen))
        return true;
    return times_again(toward, segment) >= (tcpt_is_near(&flow->ends[seen->from]) ? AGAIN_NEAR : AGAIN_FAR);
}

/* Whether the way is longer now than a round trip says. Once an exact RST was found without effect and another one
 * followed nothing speaks against it; nor where what was sent before the RST has not arrived either, by what is
 * acknowledged. */
static bool may_be_queued(const tcpt_observation *seen, const tcpt_flow *flow, const tcpt_rst_toward *toward,
                          const tcpt_segment *segment)
{
    if (is_again(seen) || !tcpt_rst_is_exact(toward->position))
        return false;
    return toward->outlived_exact ||
           (toward->position == TCPT_RST_AT_ACK && !seq_after(segment->ack, flow->ends[seen->from].rcv_nxt));
}

/* What was on its way when the RST passed is no sign of life. */
static bool late_enough(const tcpt_observation *seen, const tcpt_flow *flow, const tcpt_rst_toward *toward,
                        const tcpt_segment *segment)
{
    int64_t least_ns = tcpt_rtt_ns(flow) + TCPT_REACT_MS * TCPT_MS_NS;

    if (may_be_queued(seen, flow, toward, segment))
        least_ns = MAX(least_ns, tcpt_seconds_ns(QUEUE_SECONDS));
    return segment->time_ns - toward->time_ns >= least_ns;
}

void tcpt_observe_rst_outcome(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_rst_toward *toward = &flow->toward[seen->from];

    if (!toward->record || (segment->flags & TCPT_RST) || seen->really_bad || seen->old_numbers)
        return;
    if (!goes_on(seen, segment) || !late_enough(seen, flow, toward, segment))
        return;
    if (tcpt_rst_is_exact(toward->position) && !outlives_exact(seen, flow, segment))
        return;
    seen->traits |= TCPT_TRAIT_OUTLIVED;
    seen->outlived = toward->record;
    seen->outlived_ns = segment->time_ns - toward->time_ns;
}

/* ---- committing ---- */

static bool is_pending(const tcpt_rst_toward *toward, bool exact)
{
    return toward->record && (!exact || tcpt_rst_is_exact(toward->position));
}

static bool lacks_signature(const tcpt_flow *flow, const tcpt_segment *segment)
{
    return (flow->ends[0].syn_options & flow->ends[1].syn_options & ~segment->options & TCPT_OPTION_SIGNED) &&
           !segment->options_cut;
}

void tcpt_commit_rst_toward(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                            tcpt_record *record, bool reset_before)
{
    tcpt_rst_position position = seen->rst.position;
    bool exact = tcpt_rst_is_exact(position);
    tcpt_rst_toward *toward = tcpt_toward_of(flow, !seen->from);

    tcpt_toward_of(flow, seen->from)->record = NULL; /* its sender ends by itself */
    if (position == TCPT_RST_NONE || position == TCPT_RST_SYN_SENT_OK) {
        toward->record = NULL;
        return;
    }
    /* The first one that nothing has told of; an exact one makes inexact ones idle. */
    if (is_pending(toward, exact) || (!exact && reset_before))
        return;
    *toward = (tcpt_rst_toward){
        .record = record,
        .time_ns = segment->time_ns,
        .position = (uint8_t)position,
        .verdict = (uint8_t)seen->receiver.verdict,
        .outlived_exact = toward->outlived_exact,
        .lacks_signature = lacks_signature(flow, segment),
    };
}

void tcpt_commit_rst_outcome(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    tcpt_rst_toward *toward = tcpt_toward_of(flow, seen->from);

    if (!toward->record)
        return;
    if (seen->challenged == toward->record)
        toward->challenged = true;
    if (seen->outlived) {
        toward->outlived_exact |= tcpt_rst_is_exact(toward->position);
        flow->ends[!seen->from].reset_peer = false;
        toward->record = NULL;
    } else if (goes_on(seen, segment) && late_enough(seen, flow, toward, segment)) {
        toward->agains = (uint8_t)MIN(times_again(toward, segment), UINT8_MAX);
        toward->again_seq = segment->seq;
    }
}
