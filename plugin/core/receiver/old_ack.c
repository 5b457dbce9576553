/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/receiver/old_ack.h"

#include "tcptriage/sequence.h"

/* Of the SYN only the end that began counts what was acknowledged. */
bool tcpt_judge_old_ack(tcpt_receiver_view *view, const tcpt_reception *at)
{
    uint32_t behind = at->sender->rcv_nxt - at->segment->ack;
    bool began = at->receiver == &at->flow->ends[at->flow->client];
    uint32_t counted = at->sender->rcv_nxt - at->receiver->iss - !began;
    uint32_t most = at->sender->max_wnd < counted ? at->sender->max_wnd : counted;
    uint32_t least = at->sender->rcv_wnd < counted ? at->sender->rcv_wnd : counted;

    if (!at->receiver->syn || !at->sender->syn || at->receiver->holed) {
        view->limited = true;
        return behind > at->sender->rcv_wnd;
    }
    if (behind > most) {
        tcpt_decide_limited(view, TCPT_VERDICT_CHALLENGE_ACK, TCPT_DROP_TCP_TOO_OLD_ACK);
        return true;
    }
    if (behind <= least)
        return false;
    view->limited = true;
    return true;
}
