/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protection against wrapped sequence numbers: RFC 7323, section 5. */
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

/* TS.Recent is what the receiver echoes, or newer: at most the highest TSval it was sent. */
tcpt_paws tcpt_paws_of(const tcpt_reception *at, int32_t slack, int32_t *delta)
{
    const tcpt_endpoint *sender = at->sender, *receiver = at->receiver;
    bool newest;
    int64_t idle_ns;

    if (!(at->segment->options & TCPT_OPTION_TIMESTAMPS) || !sender->tsval_ns || !uses_timestamps(at))
        return TCPT_PAWS_PASSES;
    newest = seq_delta(at->segment->tsval, sender->tsval_highest) >= -slack;
    if (!receiver->echoes)
        return newest ? TCPT_PAWS_PASSES : TCPT_PAWS_UNSURE;
    if (newest && seq_delta(at->segment->tsval, receiver->ts_echoed) >= -slack)
        return TCPT_PAWS_PASSES;
    /* Half the number space ahead of one is behind the other. An echo of nothing that was sent was rewritten on the
     * way, or its sender does not keep to the RFC. */
    if (newest || seq_after(receiver->ts_echoed, sender->tsval_highest))
        return TCPT_PAWS_UNSURE;
    if (seq_delta(at->segment->tsval, receiver->ts_echoed) >= -slack)
        return TCPT_PAWS_UNSURE;
    *delta = seq_delta(at->segment->tsval, receiver->ts_echoed);
    idle_ns = at->segment->time_ns - sender->tsval_ns;
    if (idle_ns >= tcpt_seconds_ns(OUTDATED_STAMP_SECONDS))
        return TCPT_PAWS_PASSES;
    return idle_ns >= tcpt_seconds_ns(STALE_STAMP_SECONDS) ? TCPT_PAWS_UNSURE : TCPT_PAWS_FAILS;
}
