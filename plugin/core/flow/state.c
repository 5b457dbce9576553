/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/state.h"

const char *tcpt_state_name(tcpt_state state)
{
    static const char *const names[] = {
        [TCPT_CLOSED] = "CLOSED",           [TCPT_LISTEN] = "LISTEN",
        [TCPT_SYN_SENT] = "SYN-SENT",       [TCPT_SYN_RECEIVED] = "SYN-RECEIVED",
        [TCPT_ESTABLISHED] = "ESTABLISHED", [TCPT_FIN_WAIT_1] = "FIN-WAIT-1",
        [TCPT_FIN_WAIT_2] = "FIN-WAIT-2",   [TCPT_CLOSE_WAIT] = "CLOSE-WAIT",
        [TCPT_CLOSING] = "CLOSING",         [TCPT_LAST_ACK] = "LAST-ACK",
        [TCPT_TIME_WAIT] = "TIME-WAIT",
    };

    return names[state];
}

/* The figures of RFC 9293 section 3.6: a FIN counts as received when it was sent, until a repeat refutes it. */
static tcpt_state closing_state(const tcpt_endpoint *end, const tcpt_endpoint *peer)
{
    bool theirs = peer->fin_delivered || peer->fin_acked;

    if (!end->fin && !end->fin_acked)
        return theirs ? TCPT_CLOSE_WAIT : TCPT_ESTABLISHED;
    if (!theirs)
        return end->fin_acked ? TCPT_FIN_WAIT_2 : TCPT_FIN_WAIT_1;
    if (end->fin_second)
        return end->fin_acked ? TCPT_CLOSED : TCPT_LAST_ACK;
    return end->fin_acked ? TCPT_TIME_WAIT : TCPT_CLOSING;
}

static tcpt_state derive(const tcpt_endpoint *end, const tcpt_endpoint *peer)
{
    if (end->reset)
        return TCPT_CLOSED;
    if (end->handshake != TCPT_ESTABLISHED && !end->fin && !end->fin_acked)
        return end->handshake;
    return closing_state(end, peer);
}

void tcpt_derive_states(tcpt_flow *flow)
{
    flow->ends[0].state = derive(&flow->ends[0], &flow->ends[1]);
    flow->ends[1].state = derive(&flow->ends[1], &flow->ends[0]);
}
