/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a segment's timestamp is too old for its receiver (PAWS, RFC 7323, section 5; rule B.4). */
#include "core/receiver/paws.h"

#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

enum {
    /* A timestamp outlives idle time: 24 days by RFC 7323 section 5.5 and in Linux up to 6.1, 2147 s in later ones. */
    STALE_STAMP_SECONDS = 2147,
    OUTDATED_STAMP_SECONDS = 24 * 24 * 3600,
};

/* Both ends offered timestamps; or, where the handshake was not captured, both use them. */
static bool uses_timestamps(const tcpt_reception *at)
{
    if (at->sender->syn && at->receiver->syn)
        return at->sender->syn_options & at->receiver->syn_options & TCPT_OPTION_TIMESTAMPS;
    return at->receiver->echoes && at->sender->tsval_ns;
}

/* The oldest that TS.Recent can be: what the receiver echoed last. What was sent since and counts for TS.Recent raises
 * it, as far as nothing is on the way: frames are taken as delivered. */
static uint32_t oldest_recent(const tcpt_reception *at)
{
    const tcpt_endpoint *sender = at->sender;
    uint32_t echoed = at->receiver->ts_echoed;

    if (!sender->counts || at->acked != at->next || !seq_after(sender->tsval_counted, echoed))
        return echoed;
    return sender->tsval_counted;
}

/* A timestamp that the receiver's own echo shows to be old: TS.Recent is not outdated yet. */
static tcpt_paws refused(const tcpt_reception *at)
{
    int64_t idle_ns = at->segment->time_ns - at->sender->tsval_ns;

    if (idle_ns >= tcpt_seconds_ns(OUTDATED_STAMP_SECONDS))
        return TCPT_PAWS_PASSES;
    return idle_ns >= tcpt_seconds_ns(STALE_STAMP_SECONDS) ? TCPT_PAWS_UNSURE : TCPT_PAWS_FAILS;
}

tcpt_stamp tcpt_stamp_of(const tcpt_reception *at, int32_t slack)
{
    const tcpt_endpoint *sender = at->sender, *receiver = at->receiver;
    uint32_t tsval = at->segment->tsval, oldest = oldest_recent(at);
    tcpt_stamp stamp = {.paws = TCPT_PAWS_PASSES, .behind_most = UINT32_MAX};
    bool newest, passed;

    if (!(at->segment->options & TCPT_OPTION_TIMESTAMPS) || !sender->tsval_ns || !uses_timestamps(at))
        return stamp;
    newest = seq_delta(tsval, sender->tsval_highest) >= -slack;
    if (!receiver->echoes) {
        stamp.paws = newest ? TCPT_PAWS_PASSES : TCPT_PAWS_UNSURE;
        return stamp;
    }
    passed = seq_delta(tsval, oldest) >= -slack;
    if (newest && passed)
        return stamp;
    stamp.paws = TCPT_PAWS_UNSURE;
    /* Half the number space ahead of one is behind the other. An echo of nothing that was sent was rewritten on the
     * way, or its sender does not keep to the RFC. */
    if (newest || seq_after(receiver->ts_echoed, sender->tsval_highest))
        return stamp;
    stamp.behind_most = sender->tsval_highest - tsval;
    if (passed)
        return stamp;
    stamp.behind_least = oldest - tsval;
    stamp.paws = refused(at);
    if (stamp.paws == TCPT_PAWS_FAILS && seq_delta(tsval, receiver->ts_echoed) < -slack)
        stamp.proven = seq_delta(tsval, receiver->ts_echoed);
    return stamp;
}
