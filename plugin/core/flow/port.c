/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/port.h"

/* The end that closes first waits; a reset frees the port at once. */
static void commit_close(tcpt_flow *flow, int64_t now_ns)
{
    tcpt_state client = flow->ends[flow->client].state;

    if (client == TCPT_CLOSED) {
        flow->port_use = TCPT_PORT_FREE;
    } else if (client == TCPT_TIME_WAIT && flow->port_use == TCPT_PORT_OPEN) {
        flow->port_use = TCPT_PORT_TIME_WAIT;
        flow->port_free_ns = now_ns;
    }
}

void tcpt_commit_port(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen)
{
    if (seen->other_syn || seen->stale || seen->really_bad)
        return;
    if (flow->port_use == TCPT_PORT_UNCOUNTED &&
        flow->handshake_done) /* before the capture there is nothing to count */
        flow->port_use = flow->ends[flow->client].syn ? TCPT_PORT_OPEN : TCPT_PORT_FREE;
    if (flow->ending && (flow->port_use == TCPT_PORT_OPEN || flow->port_use == TCPT_PORT_TIME_WAIT))
        commit_close(flow, segment->time_ns);
}
