/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP errors: what they quote, and what is kept of them. */
#include <string.h>

#include "core/flow/commit.h"
#include "core/flow/trouble.h"
#include "tcptriage/queries.h"

enum {
    /* What may be in flight where neither SYN nor ACK tells: the largest window without scale. */
    WINDOW_BYTES = 65535,
    TWINS_MOST = 8, /* capture points, and lives of the 4-tuple, that are looked at */
};

/* The oldest number that is not acknowledged: a SYN's where nothing is. */
static uint32_t oldest(const tcpt_endpoint *sender, const tcpt_endpoint *receiver)
{
    if (receiver->acked)
        return receiver->rcv_nxt;
    return sender->syn ? tcpt_lowest_seq(sender) : sender->snd_nxt - WINDOW_BYTES;
}

/* As hosts do: from SND.UNA up to SND.NXT, that included (Linux, tcp_v4_err()). */
bool tcpt_in_flight(const tcpt_flow *flow, unsigned from, uint32_t seq)
{
    const tcpt_endpoint *sender = &flow->ends[from];
    uint32_t una = oldest(sender, &flow->ends[!from]);

    return sender->sent && seq - una <= sender->snd_nxt - una && sender->snd_nxt - una < TCPT_SEQ_REACH;
}

void tcpt_flow_commit_icmp(tcpt_flow *flow, unsigned from, const tcpt_icmp *icmp, int64_t time_ns, tcpt_record *record)
{
    tcpt_icmp_told *told = &tcpt_rarities_of(flow)->told[from];

    tcpt_rst_forget(flow);
    told->record = record;
    told->time_ns = time_ns;
    told->kind = (uint8_t)icmp->kind;
    memcpy(told->from, icmp->from, icmp->family == 6 ? sizeof told->from : 4);
    if (!icmp->mtu || (told->mtu && told->mtu <= icmp->mtu))
        return;
    told->mtu = icmp->mtu;
    told->mtu_record = record;
}

static const tcpt_icmp_told *told_here(const tcpt_flow *flow, unsigned end, int64_t since_ns)
{
    const tcpt_icmp_told *told = &flow->rare->told[end];

    return told->record && told->time_ns >= since_ns ? told : NULL;
}

const tcpt_icmp_told *tcpt_told_by_icmp(const tcpt_flow *flow, unsigned end, int64_t since_ns)
{
    const tcpt_icmp_told *told = told_here(flow, end, since_ns);
    unsigned looked = 0;

    for (const tcpt_flow *twin = tcpt_next_twin(flow); !told && twin != flow && looked < TWINS_MOST;
         twin = tcpt_next_twin(twin), looked++)
        if (twin->at != flow->at && twin->ends[end].iss == flow->ends[end].iss)
            told = told_here(twin, end, since_ns);
    return told;
}
