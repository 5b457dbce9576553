/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/padding.h"

enum {
    UNFINISHED_MOST = 16
}; /* a browser has a dozen handshakes in flight; a scan or flood says nothing new by more */

bool tcpt_padding_tells(const tcpt_padding_budget *budget, const tcpt_flow *flow, const tcpt_segment *segment,
                        const tcpt_observation *seen)
{
    tcpt_padding_told told = flow->ends[seen->from].padding_told;

    if (segment->checksum_is != TCPT_CHECKSUM_GOOD || segment->checksum_over_padding == segment->checksum_expected)
        return false;
    if (!seen->pure_ack && !(segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST)))
        return false;
    if (told != TCPT_PADDING_UNTOLD) /* nobody misses a bare ACK; a FIN that is dropped is sent again and again */
        return told == TCPT_PADDING_FIRST && (segment->flags & TCPT_FIN);
    return flow->handshake_done || budget->spent < UNFINISHED_MOST;
}
