/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/commit.h"
#include "core/peers/state.h"

static void each_of_generation(const tcpt_generation *of, tcpt_block_visit visit, void *data)
{
    if (of->slot_count)
        visit(of->slots, of->slot_count * sizeof *of->slots, data);
    for (uint32_t i = 0; i < of->slot_count; i++)
        if (of->slots[i].busy)
            visit(of->slots[i].busy, sizeof *of->slots[i].busy, data);
}

void tcpt_peers_each_block(const tcpt_peers *peers, tcpt_block_visit visit, void *data)
{
    visit(peers, sizeof *peers, data);
    each_of_generation(&peers->proven.young, visit, data);
    each_of_generation(&peers->proven.old, visit, data);
    each_of_generation(&peers->fleeting.young, visit, data);
    each_of_generation(&peers->fleeting.old, visit, data);
    tcpt_hosts_each_block(&peers->hosts, visit, data);
}

void tcpt_peers_commit_host_gone(tcpt_peers *peers, tcpt_host *host)
{
    tcpt_hosts_forget(&peers->hosts, host);
}

void tcpt_peers_commit_gone(tcpt_peers *peers, const tcpt_flow *flow)
{
    for (unsigned end = 0; end < 2; end++) {
        tcpt_host *host = flow->ends[end].host;

        if (!host)
            continue;
        host->heard_ns = MAX(host->heard_ns, flow->ends[end].last_ns);
        tcpt_peers_commit_host_gone(peers, host);
    }
}
