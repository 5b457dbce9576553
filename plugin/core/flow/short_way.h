/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The short way: what nearly every segment is, data or an ACK in order on an open connection where nothing else is
 * going on, judged and taken in without asking for what cannot be. It leaves exactly what the long way (observe.c,
 * commit.c) would: tests/unit/short_way_test.c compares the two.
 */
#ifndef TCPTRIAGE_CORE_FLOW_SHORT_WAY_H
#define TCPTRIAGE_CORE_FLOW_SHORT_WAY_H

#include <string.h>

#include "core/flow/ack_steps.h"
#include "tcptriage/limits.h"
#include "tcptriage/observation.h"
#include "tcptriage/segment.h"
#include "tcptriage/settings.h"

/**
 * Whether the next segment of a flow may take the short way: what tcpt_observe_short_way() need not ask then. Asked
 * whenever a segment has gone the long way; those of the short way leave it as it is.
 */
bool tcpt_may_take_short_way(const tcpt_flow *flow);

/** tcpt_observe() for such a flow. @return false when the segment must go the long way: `seen` is not touched */
bool tcpt_observe_short_way(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                            const tcpt_settings *settings);

/** The same for what is acknowledged, whole, and comes again after an answer: what a storm consists of. */
bool tcpt_observe_short_repeat(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment,
                               unsigned from, const tcpt_settings *settings);

/** The same for the ACK that ends an ordinary handshake: asked of a flow that `tracker_blank` says to consist of such a
 * SYN, and perhaps its SYN-ACK. */
bool tcpt_observe_opening(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                          const tcpt_settings *settings);

/** tcpt_flow_commit() for what tcpt_observe_opening() has judged. */
void tcpt_commit_opening(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                         const tcpt_observation *seen, tcpt_record *record);

/** tcpt_flow_commit() for what tcpt_observe_short_repeat() has judged. */
void tcpt_commit_short_repeat(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                              tcpt_record *record);

/** tcpt_flow_commit() for what tcpt_observe_short_way() has judged. */
void tcpt_commit_short_way(tcpt_ack_step_room *room, tcpt_flow *flow, const tcpt_segment *segment,
                           const tcpt_observation *seen, tcpt_record *record);

/** Whether its sender has used its TTL, or those on both sides of it, in this flow before; true where it is not known.
 */
static inline bool tcpt_ttl_is_usual(const tcpt_endpoint *sender, const tcpt_segment *segment)
{
    return (uint8_t)(segment->ttl - sender->ttl_least) <= (uint8_t)(sender->ttl_most - sender->ttl_least) ||
           !segment->ttl;
}

/** What its sender's first payload, counted with it, is: it may come under another TTL than the SYN. */
static inline uint64_t tcpt_first_payload_traits(const tcpt_endpoint *sender, const tcpt_segment *segment,
                                                 uint32_t payload_segments)
{
    if (payload_segments != 1 || !segment->payload_bytes || segment->ttl == sender->syn_ttl || !sender->syn_ttl)
        return 0;
    return segment->ttl ? TCPT_TRAIT_TTL_OTHER : 0;
}

/** What a pause before a segment makes it. A reply that is late by TCPT_LATE_REPLY_SECONDS comes behind one of at least
 * a second: the ACK of its request does not take as long. */
static inline uint64_t tcpt_pause_traits(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                                         int64_t since_ns, const tcpt_settings *settings)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];
    int64_t silence_ns;
    bool late;

    if (since_ns < TCPT_SECOND_NS)
        return 0;
    silence_ns = tcpt_seconds_ns(MIN(settings->stall_seconds, settings->idle_seconds));
    late = segment->payload_bytes && receiver->payload_ns > sender->payload_ns &&
           segment->time_ns - receiver->payload_ns >= TCPT_LATE_REPLY_SECONDS * TCPT_SECOND_NS;
    return (since_ns >= silence_ns ? TCPT_TRAIT_SILENCE : 0) | (late ? TCPT_TRAIT_LATE_REPLY : 0);
}

/** Whether short frames may be missing: where segments without payload are as short as Ethernet pads (with timestamps
 * none is), and none of one end has arrived so far. */
static inline bool tcpt_has_short_frames(const tcpt_flow *flow, const tcpt_segment *segment)
{
    if (flow->ends[0].syn_padded && flow->ends[1].syn_padded && flow->handshake_done)
        return false;
    return segment->family == 4 && !(flow->ends[0].syn_options & flow->ends[1].syn_options & TCPT_OPTION_TIMESTAMPS) &&
           !(segment->flags & TCPT_RST);
}

/** What padding makes of it, its own and that of others before; whether its own is told of, see tcpt_peers_observe().
 */
static inline uint64_t tcpt_padding_traits(const tcpt_flow *flow, const tcpt_segment *segment)
{
    if (!flow->padded && !segment->pad_bytes)
        return 0;
    return tcpt_has_short_frames(flow, segment) ? TCPT_TRAIT_SHORT_FRAMES : 0;
}

/** What can be told without judging. */
static inline uint64_t tcpt_plain_traits(const tcpt_flow *flow, const tcpt_segment *segment)
{
    uint64_t traits = tcpt_padding_traits(flow, segment);

    if (segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST)) {
        traits |= segment->flags & TCPT_SYN ? TCPT_TRAIT_SYN : 0;
        traits |= segment->flags & TCPT_FIN ? TCPT_TRAIT_FIN : 0;
        traits |= segment->flags & TCPT_RST ? TCPT_TRAIT_RST : 0;
    }
    if (segment->checksum_is > TCPT_CHECKSUM_GOOD)
        traits |= TCPT_TRAIT_CHECKSUM;
    if (!flow->handshake_done && flow->client_known) {
        traits |= TCPT_TRAIT_HANDSHAKE;
        traits |= flow->ends[flow->client].fast_open ? TCPT_TRAIT_FAST_OPEN : 0;
        traits |= flow->later ? TCPT_TRAIT_REOPENED : 0;
    }
    if (flow->ending)
        traits |= TCPT_TRAIT_ENDING;
    if (flow->damaged)
        traits |= TCPT_TRAIT_DAMAGED;
    return traits;
}

/** Whether new payload looks as if the ACK before it had set it free: that one came late, alone, and acknowledged all
 * that was sent; see tcpt_is_freed(). Of nearly all payload the first comparison tells. */
bool tcpt_freed_by(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from, int64_t held_ns);

static inline bool tcpt_is_freed(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    int64_t held_ns = flow->last_ns - flow->ends[from].payload_ns;

    return held_ns >= TCPT_DELAYED_ACK_MS * TCPT_MS_NS && flow->acks.count && flow->acks.from != from &&
           tcpt_freed_by(flow, segment, from, held_ns);
}

/** All zero; in pieces, as compilers make a loop of a larger memset(). */
static inline void tcpt_clear_observation(tcpt_observation *seen)
{
    const size_t piece = 64, pieces = sizeof *seen / piece;
    uint8_t *at = (uint8_t *)seen;

    _Static_assert(sizeof *seen / 64 <= 4, "as many pieces as are cleared");
    memset(at, 0, pieces > 0 ? piece : 0);
    memset(at + piece, 0, pieces > 1 ? piece : 0);
    memset(at + 2 * piece, 0, pieces > 2 ? piece : 0);
    memset(at + 3 * piece, 0, pieces > 3 ? piece : 0);
    memset(at + pieces * piece, 0, sizeof *seen % piece);
}

#endif
