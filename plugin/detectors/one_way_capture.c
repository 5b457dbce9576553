/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Only one direction of a connection was captured. */
#include "detectors/detectors.h"

enum {
    LEAST = 20,        /* segments: of fewer the other direction may lie before or behind the capture */
    LEAST_PROVEN = 10, /* where their ACKs move: the other side has spoken meanwhile */
    PROVEN_BY = 3,     /* steps of the ACK; a handshake has one */
    TWINS_MOST = 8,    /* flows of the 4-tuple that are looked at: a tap's two ports are two capture points */
};

/* The other direction is there, at another capture point. */
static bool split_over_points(const tcpt_flow *flow, unsigned seen)
{
    unsigned count = 0;

    for (const tcpt_flow *twin = tcpt_next_twin(flow); twin != flow && count < TWINS_MOST;
         twin = tcpt_next_twin(twin), count++)
        if (twin->at != flow->at && !twin->both_ways && twin->ends[!seen].segment_count)
            return true;
    return false;
}

/* A sender that only asks again may have no peer any more. */
static bool only_asks(const tcpt_endpoint *sender)
{
    uint32_t news = sender->payload_segments - sender->payload_repeats;

    return sender->ack_step_count < 2 && 2 * news <= sender->segment_count;
}

static void settle(const tcpt_context *context, const void *memory)
{
    const tcpt_flow *flow = context->flow;
    unsigned seen = flow->ends[1].segment_count > 0;
    const tcpt_endpoint *sender = &flow->ends[seen];
    bool split;

    (void)memory;
    if (flow->both_ways || only_asks(sender) ||
        sender->segment_count < (sender->ack_step_count < PROVEN_BY ? LEAST : LEAST_PROVEN))
        return;
    split = split_over_points(flow, seen);
    tcpt_raise(context, sender->ack_step_count < 2 ? TCPT_MEDIUM : TCPT_HIGH,
               "Only what the %s sent was captured (%u segments)%s", tcpt_role(flow, seen), sender->segment_count,
               split ? "; the other direction is at another capture point of this file: join them"
                     : ": what the other side answered cannot be told");
}

const tcpt_detector tcpt_one_way_capture = {
    .id = "one_way_capture",
    .message = "Only one direction of the connection was captured",
    .mistaken = "a host that never answers",
    .explanation =
        "No segment of the other side is in the capture, and the side that is goes on as if it were answered. So "
        "windows, round trips, losses and what connection tracking makes of it cannot be judged, and findings that "
        "need an answer are not raised. Consistent with a mirror port for one direction only, asymmetric routes, a "
        "capture filter, or a tap whose two ports were written to two interfaces.",
    .remedy = "Mirror both directions (receive and transmit), or capture on the host itself. Where the two directions "
              "are two interfaces of one file, switch off the preference capture_points: they are one capture point "
              "then.",
    .reference = "IEEE 802.1Q port mirroring is per direction; Linux tc-mirred(8)",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_CHAT,
    .blames = TCPT_BLAMES_CAPTURE,
    .settle = settle,
};
