/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/strays.h"

#include <string.h>

#include <glib.h>

#include "tcptriage/limits.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"

enum {
    /* The answer to the first is a RST as a rule; retries and a burst of one window are that many. */
    STRAY_SEGMENTS = 16,
    BUCKETS = 128, /* a power of two */
    PLACES = 8,    /* of one bucket: the oldest gives way */
};

/* Numbers as they are in the packet. */
typedef struct stray {
    uint32_t seq;
    uint32_t end_seq;
    uint32_t ack;
    uint16_t ip_id;
    uint8_t flags;
    bool has_ip_id;
    int64_t time_ns;
    tcpt_record *record; /* NULL: an empty place */
} stray;

struct tcpt_strays {
    stray at[BUCKETS][PLACES];
    uint8_t next[BUCKETS]; /* place for the next one */
};

static unsigned bucket_of(const stray *numbers)
{
    uint32_t hash = (numbers->seq ^ numbers->ack * 2654435761u) * 2654435761u;

    return hash >> 16 & (BUCKETS - 1);
}

/* Only SEQ and ACK together are no numbers by chance; a connection that is known elsewhere is no stranger. */
static bool may_be_stray(const tcpt_sighting *now)
{
    const tcpt_flow *flow = tcpt_member_flow(&now->connection->members[now->first]);

    return now->connection->member_count == 1 && !flow->ends[0].syn && !flow->ends[1].syn &&
           (now->flags & (TCPT_ACK | TCPT_SYN)) == TCPT_ACK &&
           flow->ends[0].segment_count + flow->ends[1].segment_count <= STRAY_SEGMENTS;
}

void tcpt_strays_note(tcpt_strays **strays, const tcpt_sighting *now, const tcpt_segment *segment)
{
    stray noted;
    unsigned bucket;

    if (!may_be_stray(now))
        return;
    noted = (stray){.seq = segment->seq,
                    .end_seq = segment->end_seq,
                    .ack = segment->ack,
                    .ip_id = now->ip_id,
                    .flags = now->flags,
                    .has_ip_id = now->has_ip_id,
                    .time_ns = segment->time_ns,
                    .record = now->record[now->first]};
    bucket = bucket_of(&noted);
    if (!*strays)
        *strays = g_new0(tcpt_strays, 1);
    (*strays)->at[bucket][(*strays)->next[bucket]] = noted;
    (*strays)->next[bucket] = ((*strays)->next[bucket] + 1) % PLACES;
}

static bool shares_socket(const tcpt_flow *a, const tcpt_flow *b)
{
    for (unsigned i = 0; i < 4; i++)
        if (a->key.port[i / 2] == b->key.port[i % 2] &&
            memcmp(a->key.address[i / 2], b->key.address[i % 2], sizeof a->key.address[0]) == 0)
            return true;
    return false;
}

/* The next try comes no sooner than the shortest timeout: within that it is this one. */
static bool fits(const stray *at, const stray *wanted, int64_t late_ns)
{
    if (at->seq != wanted->seq || at->end_seq != wanted->end_seq || at->ack != wanted->ack ||
        at->flags != wanted->flags)
        return false;
    if (at->has_ip_id && wanted->has_ip_id && at->ip_id != wanted->ip_id)
        return false;
    return ABS(at->time_ns - wanted->time_ns) <= late_ns + TCPT_SHORTEST_RTO_MS * TCPT_MS_NS;
}

tcpt_record *tcpt_stray_of(const tcpt_strays *strays, const tcpt_sighting *sighting, unsigned from, unsigned to,
                           int64_t due_ns, int64_t late_ns)
{
    const tcpt_member *here = &sighting->connection->members[from], *there = &sighting->connection->members[to];
    unsigned way = sighting->way, bucket;
    stray wanted = {.seq = sighting->seq + here->shift[way],
                    .end_seq = sighting->end_seq + here->shift[way],
                    .ack = sighting->ack + here->shift[!way],
                    .ip_id = sighting->ip_id,
                    .flags = sighting->flags,
                    .has_ip_id = sighting->has_ip_id,
                    .time_ns = due_ns};

    if (!strays)
        return NULL;
    bucket = bucket_of(&wanted);
    for (unsigned i = 0; i < PLACES; i++) {
        const stray *at = &strays->at[bucket][i];
        const tcpt_flow *flow = at->record ? tcpt_flow_of(at->record) : NULL;

        if (!flow || flow->record == there->record || flow->at != there->at || !fits(at, &wanted, late_ns))
            continue;
        if (shares_socket(flow, tcpt_member_flow(there)) || shares_socket(flow, tcpt_member_flow(here)))
            return at->record;
    }
    return NULL;
}

size_t tcpt_strays_bytes(void)
{
    return sizeof(struct tcpt_strays);
}
