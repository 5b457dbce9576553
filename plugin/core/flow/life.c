/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When does a life of a 4-tuple end, and how does the next begin? */
#include "core/flow/life.h"

#include <glib.h>

#include "core/flow/checksums.h"
#include "core/flow/flow.h"
#include "core/flow/trouble.h"
#include "core/tracker/tracker.h"

static bool gone(const tcpt_endpoint *end)
{
    return end->state == TCPT_CLOSED || end->state == TCPT_TIME_WAIT;
}

static bool plain_syn(const tcpt_segment *segment)
{
    return (segment->flags & (TCPT_SYN | TCPT_ACK | TCPT_RST)) == TCPT_SYN;
}

static bool syn_ack(const tcpt_segment *segment)
{
    return (segment->flags & (TCPT_SYN | TCPT_ACK | TCPT_RST)) == (TCPT_SYN | TCPT_ACK);
}

/* A SYN with another ISN opens a new life when the old one is over or was never opened. In a live flow it is
 * only remembered: an answer to it, not the SYN, proves that the other end has forgotten the old life. */
static bool syn_opens_life(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from];
    const tcpt_endpoint *receiver = &flow->ends[!from];

    if (sender->syn && sender->iss == segment->seq)
        return false;
    if (!sender->syn && receiver->syn && receiver->acked && receiver->rcv_nxt == segment->seq + 1)
        return false; /* captured behind the SYN-ACK that answers it */
    if (!sender->syn && receiver->handshake == TCPT_SYN_SENT && !flow->synchronised)
        return false; /* crossed SYNs: simultaneous open, RFC 9293 section 3.5 figure 7 */
    return !flow->synchronised || (gone(sender) && gone(receiver));
}

static bool ends_before(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from];
    const tcpt_endpoint *receiver = &flow->ends[!from];
    const tcpt_next_syn *next = &flow->rare->next_syn;

    if (plain_syn(segment))
        return syn_opens_life(flow, segment, from);
    if (!syn_ack(segment))
        return false;
    if (next->seen && next->from != from && segment->ack == next->seq + 1)
        return true;
    return gone(sender) && gone(receiver) && sender->syn && sender->iss != segment->seq && flow->synchronised &&
           segment->ack != receiver->iss + 1;
}

/* A SYN that its receiver drops for its checksum begins nothing. */
bool tcpt_begins_life(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    return (segment->flags & TCPT_SYN) && ends_before(flow, segment, from) &&
           !tcpt_really_bad(flow, segment, from, flow->ends[from].host);
}

/* Without a SYN the end with the lower port is taken for the server: ephemeral ports are high (RFC 6335). */
static unsigned likely_client(const tcpt_segment *segment, unsigned from)
{
    if (segment->flags & TCPT_SYN)
        return segment->flags & TCPT_ACK ? !from : from;
    return segment->src_port >= segment->dst_port ? from : !from;
}

/* The SYN was captured while the previous life seemed to go on: this life begins with it. */
static void adopt_next_syn(tcpt_flow *flow, const tcpt_next_syn *syn)
{
    tcpt_endpoint *client = &flow->ends[syn->from];

    flow->client = syn->from;
    flow->first_ns = syn->time_ns;
    client->syn = client->sent = true;
    client->iss = syn->seq;
    client->snd_nxt = client->snd_contig = client->iss + 1;
    client->syn_options = syn->options;
    client->wscale = syn->wscale;
    client->fast_open = syn->options & TCPT_OPTION_FAST_OPEN;
    client->fast_open_bytes = syn->fast_open_bytes;
    client->syn_count = 1;
    client->syn_ns = client->last_ns = syn->time_ns;
    client->handshake = client->state = TCPT_SYN_SENT;
    flow->ends[!flow->client].handshake = flow->ends[!flow->client].state = TCPT_SYN_RECEIVED;
}

/* The SYN alone, or with data in it (RFC 7413). */
static bool acknowledges(const tcpt_segment *segment, const tcpt_next_syn *syn)
{
    enum { SYN_DATA_MOST = 1460 };
    uint32_t data_most = syn->options & TCPT_OPTION_FAST_OPEN ? SYN_DATA_MOST : 0;

    return syn_ack(segment) && segment->ack - syn->seq - 1 <= data_most;
}

void tcpt_life_open(tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_next_syn *syn = flow->later ? &tcpt_life_before(flow)->rare->next_syn : NULL;

    flow->first_ns = segment->time_ns;
    flow->client = (uint8_t)likely_client(segment, from);
    flow->client_known = segment->flags & TCPT_SYN;
    if (syn && syn->seen && syn->from != from && acknowledges(segment, syn))
        adopt_next_syn(flow, syn);
}

void tcpt_life_clear(tcpt_flow *flow)
{
    tcpt_trouble_clear(flow);
    tcpt_tracker_clear(flow->tracker);
}
