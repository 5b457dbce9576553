/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/state.h"

#include "core/flow/flow.h"

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
    if (end->handshake != TCPT_ESTABLISHED && !end->fin && !end->fin_acked)
        return end->handshake;
    return closing_state(end, peer);
}

tcpt_state tcpt_state_but_for_rst(const tcpt_flow *flow, unsigned end)
{
    return flow->ends[end].reset ? derive(&flow->ends[end], &flow->ends[!end]) : flow->ends[end].state;
}

void tcpt_derive_states(tcpt_flow *flow)
{
    for (unsigned end = 0; end < 2; end++)
        flow->ends[end].state = flow->ends[end].reset ? TCPT_CLOSED : derive(&flow->ends[end], &flow->ends[!end]);
}

/* What an end's state is without its own FIN. */
static tcpt_state without_own_fin(tcpt_state state)
{
    switch (state) {
    case TCPT_FIN_WAIT_2:
        return TCPT_ESTABLISHED;
    case TCPT_TIME_WAIT:
        return TCPT_CLOSE_WAIT;
    default:
        return state;
    }
}

tcpt_state tcpt_state_without_their_fin(tcpt_state state)
{
    switch (state) {
    case TCPT_CLOSE_WAIT:
        return TCPT_ESTABLISHED;
    case TCPT_CLOSING:
    case TCPT_LAST_ACK:
        return TCPT_FIN_WAIT_1;
    case TCPT_TIME_WAIT:
        return TCPT_FIN_WAIT_2;
    default:
        return state;
    }
}

tcpt_state tcpt_state_in(const tcpt_record *record, unsigned end)
{
    const tcpt_flow *flow = tcpt_flow_of(record);
    tcpt_state state = (tcpt_state)(end == flow->client ? record->client_state : record->server_state);

    if (record->reset >> end & 1)
        return TCPT_CLOSED;
    if ((record->inferred >> end & 1) && flow->ends[end].fin_refuted)
        state = without_own_fin(state);
    if ((record->inferred >> !end & 1) && flow->ends[!end].fin_refuted)
        state = tcpt_state_without_their_fin(state);
    return state;
}
