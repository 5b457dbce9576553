/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flow's identity: key, lives of a 4-tuple, second copies of a packet. */
#include "core/flow/flow.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/segment/bytes.h"
#include "core/tracker/tracker.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

/* Which end sent it: the higher address, then the higher port, is end 1. */
static unsigned sender_of(const tcpt_segment *segment)
{
    int order;

    if (segment->family == 4) { /* without a call */
        uint32_t src = be32(segment->src), dst = be32(segment->dst);

        return src > dst || (src == dst && segment->src_port > segment->dst_port);
    }
    order = memcmp(segment->src, segment->dst, 16);
    return order > 0 || (order == 0 && segment->src_port > segment->dst_port);
}

unsigned tcpt_flow_key_of(tcpt_flow_key *key, const tcpt_segment *segment)
{
    unsigned from = sender_of(segment);

    *key = (tcpt_flow_key){0};
    if (segment->family == 4) {
        memcpy(key->address[from], segment->src, 4);
        memcpy(key->address[!from], segment->dst, 4);
    } else {
        memcpy(key->address[from], segment->src, 16);
        memcpy(key->address[!from], segment->dst, 16);
    }
    key->port[from] = segment->src_port;
    key->port[!from] = segment->dst_port;
    key->point = segment->point;
    key->depth = segment->depth;
    key->family = segment->family;
    return from;
}

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

bool tcpt_flow_ends_before(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from];
    const tcpt_endpoint *receiver = &flow->ends[!from];

    if (plain_syn(segment))
        return syn_opens_life(flow, segment, from);
    if (!syn_ack(segment))
        return false;
    if (flow->next_syn && flow->next_syn_from != from && segment->ack == flow->next_syn_seq + 1)
        return true;
    return gone(sender) && gone(receiver) && sender->syn && sender->iss != segment->seq && flow->synchronised &&
           segment->ack != receiver->iss + 1;
}

/* Without a SYN the end with the lower port is taken for the server: ephemeral ports are high (RFC 6335). */
static unsigned likely_client(const tcpt_segment *segment, unsigned from)
{
    if (segment->flags & TCPT_SYN)
        return segment->flags & TCPT_ACK ? !from : from;
    return segment->src_port >= segment->dst_port ? from : !from;
}

/* The SYN was captured while the previous life seemed to go on: this life begins with it. */
static void adopt_next_syn(tcpt_flow *flow, const tcpt_flow *old)
{
    tcpt_endpoint *client = &flow->ends[old->next_syn_from];

    flow->client = old->next_syn_from;
    flow->first_ns = old->next_syn_ns;
    client->syn = client->sent = true;
    client->iss = old->next_syn_seq;
    client->snd_nxt = client->snd_contig = client->iss + 1;
    client->syn_options = old->next_syn_options;
    client->wscale = old->next_syn_wscale;
    client->fast_open = old->next_syn_options & TCPT_OPTION_FAST_OPEN;
    client->fast_open_bytes = old->next_syn_fast_open_bytes;
    client->syn_count = 1;
    client->syn_ns = client->last_ns = old->next_syn_ns;
    client->handshake = client->state = TCPT_SYN_SENT;
    flow->ends[!flow->client].handshake = flow->ends[!flow->client].state = TCPT_SYN_RECEIVED;
}

const tcpt_trouble tcpt_no_trouble;

tcpt_trouble *tcpt_trouble_of(tcpt_endpoint *end)
{
    if (end->trouble == &tcpt_no_trouble)
        end->trouble = g_new0(tcpt_trouble, 1);
    return (tcpt_trouble *)end->trouble;
}

static void free_end(tcpt_endpoint *end)
{
    g_free(end->trouble->damages);
    if (end->trouble != &tcpt_no_trouble)
        g_free((tcpt_trouble *)end->trouble);
    g_free(end->ack_steps);
}

void tcpt_flow_open(tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_flow *old = flow->previous;

    flow->ends[0].trouble = flow->ends[1].trouble = &tcpt_no_trouble;
    flow->first_ns = segment->time_ns;
    flow->client = (uint8_t)likely_client(segment, from);
    flow->client_known = segment->flags & TCPT_SYN;
    if (old && old->next_syn && syn_ack(segment) && old->next_syn_from != from)
        adopt_next_syn(flow, old);
}

void tcpt_flow_clear(tcpt_flow *flow)
{
    free_end(&flow->ends[0]);
    free_end(&flow->ends[1]);
    g_free(flow->again);
    tcpt_tracker_free(flow->tracker);
}

static uint32_t mix(uint32_t hash, uint32_t value)
{
    return (hash ^ value) * UINT32_C(0x9e3779b1);
}

static uint32_t fingerprint_hash(const tcpt_segment *segment, unsigned from)
{
    uint32_t hash = mix(mix(mix(from + 1, segment->seq), segment->ack), segment->payload_bytes);

    hash = mix(hash ^ hash >> 15, segment->flags);
    return hash ? hash : 1;
}

/* Same numbers are one packet twice when the IP ID is the same too: hosts count it up per packet, retransmissions
 * included. A few stacks keep it when they retransmit, so it counts only below the shortest common retransmission
 * timeout. Where the ID says nothing (zero with DF, RFC 6864; IPv6; stuck) only the time is left: a
 * copy follows within a millisecond. */
enum { COPY_WITH_ID_US = TCPT_SHORTEST_RTO_MS * 1000, COPY_WITHOUT_ID_US = 1000 };

static bool same_packet(const tcpt_fingerprints *seen, unsigned at, const tcpt_segment *segment, uint32_t time_us,
                        uint16_t sums, bool has_key)
{
    uint32_t apart_us = time_us - seen->time_us[at];

    apart_us = MIN(apart_us, -apart_us); /* either may be the later one */
    if (has_key)
        return seen->ip_id[at] == segment->ip_id && apart_us < COPY_WITH_ID_US;
    return seen->sums[at] == sums && apart_us < COPY_WITHOUT_ID_US;
}

/* Whether a hash is there at all; all of them are compared, several at a time. */
static bool known(const tcpt_fingerprints *seen, uint32_t hash)
{
    uint32_t same = 0;

    for (unsigned i = 0; i < TCPT_FINGERPRINTS; i++)
        same |= seen->hash[i] == hash;
    return same;
}

bool tcpt_flow_is_copy(tcpt_flow *flow, const tcpt_segment *segment, unsigned from, unsigned *behind)
{
    tcpt_endpoint *sender = &flow->ends[from];
    tcpt_fingerprints *seen = &flow->seen;
    bool has_key = segment->has_ip_id && segment->ip_id != 0 && !sender->ip_id_stuck;
    uint32_t hash = fingerprint_hash(segment, from);
    uint32_t time_us = (uint32_t)(segment->time_ns / 1000);
    uint16_t sums = (uint16_t)(segment->checksum ^ segment->window * 31u);
    unsigned at = flow->seen_next;

    if (known(seen, hash))
        for (unsigned i = 0; i < TCPT_FINGERPRINTS; i++)
            if (seen->hash[i] == hash && same_packet(seen, i, segment, time_us, sums, has_key)) {
                *behind = (at + TCPT_FINGERPRINTS - 1 - i) % TCPT_FINGERPRINTS;
                return true;
            }
    if (has_key && sender->segment_count && sender->ip_id == segment->ip_id)
        sender->ip_id_stuck = true; /* another segment under the same ID */
    sender->ip_id = segment->ip_id;
    seen->hash[at] = hash;
    seen->time_us[at] = time_us;
    seen->ip_id[at] = segment->ip_id;
    seen->sums[at] = sums;
    flow->seen_next = at + 1 < TCPT_FINGERPRINTS ? (uint8_t)(at + 1) : 0;
    return false;
}
