/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture points, and the segments that may still show at another one.
 *
 * A capture with one point never comes here. With several, each segment is kept until all points that know its
 * connection have seen it, or until it is too late for that; never more than KEPT_MOST of them. */
#include "core/points/points.h"

#include <string.h>

#include "core/flow/flow.h"
#include "tcptriage/sequence.h"

enum {
    SLAB_SIGHTINGS = 256,
    /* While nothing is known of the clocks of two files a copy may come an hour later in the merged one, so time
     * does not tell when to let go: then the oldest go. At 216 bytes each, 14 MB at the most. */
    KEPT_MOST = 65536,
};

struct tcpt_vantage {
    int64_t keep_ns;
    int64_t idle_ns;
    bool watching;
    int64_t newest_ns;      /* of all clocks */
    bool stepped_back;      /* by more than a segment may be on its way */
    GHashTable *points;     /* identity -> tcpt_point */
    GHashTable *interfaces; /* ids of those points, a set */
    tcpt_point *first_point;
    tcpt_point *newest_point;
    tcpt_connection *first_connection;
    tcpt_connection *newest_connection;
    GHashTable *openings;    /* connections.c: SYNs by their numbers */
    GHashTable *guides;      /* connections.c: connections by hosts and point */
    GHashTable *clock_pairs; /* segments.c */
    GHashTable *sightings;
    tcpt_sighting *oldest;
    tcpt_sighting *newest;
    tcpt_sighting *spare; /* linked by `older` */
    GPtrArray *slabs;
    uint32_t kept;
};

/* ---- points ---- */

/* Interface and depth in one number. */
static gint64 identity(uint32_t id, uint8_t depth)
{
    return (gint64)id << 8 | depth;
}

typedef struct point_entry {
    gint64 identity;
    tcpt_point point;
    char *name;
} point_entry;

static void free_point(gpointer data)
{
    point_entry *entry = data;

    g_free(entry->name);
    g_free(entry);
}

/* An interface where a tunnel's frames pass, plain and wrapped up, is two points: the second gets a name of its own. */
static char *point_name(tcpt_vantage *vantage, uint32_t id, uint8_t depth, const char *name)
{
    g_autofree char *plain = name ? g_strdup(name) : g_strdup_printf("capture point %u", id);

    if (g_hash_table_add(vantage->interfaces, GUINT_TO_POINTER(id)))
        return g_steal_pointer(&plain);
    return g_strdup_printf("%s, %u IP headers deep", plain, depth);
}

tcpt_point *tcpt_vantage_point(tcpt_vantage *vantage, uint32_t id, uint8_t depth, const char *name)
{
    gint64 wanted = identity(id, depth);
    point_entry *entry = g_hash_table_lookup(vantage->points, &wanted);

    if (entry)
        return &entry->point;
    entry = g_new0(point_entry, 1);
    entry->identity = wanted;
    entry->name = point_name(vantage, id, depth, name);
    entry->point =
        (tcpt_point){.name = entry->name, .id = id, .depth = depth, .index = g_hash_table_size(vantage->points)};
    g_hash_table_insert(vantage->points, &entry->identity, entry);
    if (vantage->newest_point)
        vantage->newest_point->next = &entry->point;
    else
        vantage->first_point = &entry->point;
    vantage->newest_point = &entry->point;
    return &entry->point;
}

void tcpt_point_note_time(tcpt_point *point, int64_t time_ns)
{
    if (!point->segments || time_ns < point->first_ns)
        point->first_ns = time_ns;
    if (!point->segments || time_ns > point->newest_ns)
        point->newest_ns = time_ns;
    else if (point->newest_ns - time_ns > point->back_step_ns)
        point->back_step_ns = point->newest_ns - time_ns;
    point->segments++;
}

const tcpt_point *tcpt_vantage_first_point(const tcpt_vantage *vantage)
{
    return vantage->first_point;
}

/* ---- what is kept ---- */

static tcpt_sighting *take_spare(tcpt_vantage *vantage)
{
    tcpt_sighting *sighting = vantage->spare;

    if (!sighting) {
        sighting = g_new(tcpt_sighting, SLAB_SIGHTINGS);
        g_ptr_array_add(vantage->slabs, sighting);
        for (unsigned i = 1; i < SLAB_SIGHTINGS; i++) {
            sighting[i].older = vantage->spare;
            vantage->spare = &sighting[i];
        }
        return sighting;
    }
    vantage->spare = sighting->older;
    return sighting;
}

static void count_waiting(tcpt_connection *connection, const tcpt_sighting *sighting, int step)
{
    if (sighting->seq == sighting->end_seq)
        return;
    for (unsigned member = 0; member < connection->member_count; member++)
        if (!(sighting->seen & 1u << member))
            connection->waiting[member][sighting->way] += (uint32_t)step;
}

static void keep(tcpt_vantage *vantage, const tcpt_sighting *now)
{
    tcpt_sighting *kept = take_spare(vantage);
    tcpt_connection *connection = now->connection;
    unsigned way = now->way;

    *kept = *now;
    kept->newer = kept->after = NULL;
    kept->older = vantage->newest;
    kept->before = connection->newest[way];
    *(vantage->newest ? &vantage->newest->newer : &vantage->oldest) = kept;
    *(connection->newest[way] ? &connection->newest[way]->after : &connection->oldest[way]) = kept;
    vantage->newest = connection->newest[way] = kept;
    vantage->kept++;
    count_waiting(connection, kept, 1);
    tcpt_sightings_add(vantage->sightings, kept);
}

void tcpt_vantage_let_go(tcpt_vantage *vantage, tcpt_sighting *sighting, bool decided)
{
    tcpt_connection *connection = sighting->connection;
    unsigned way = sighting->way;

    tcpt_losses_settle(sighting, decided);
    tcpt_sightings_remove(vantage->sightings, sighting);
    count_waiting(connection, sighting, -1);
    *(sighting->older ? &sighting->older->newer : &vantage->oldest) = sighting->newer;
    *(sighting->newer ? &sighting->newer->older : &vantage->newest) = sighting->older;
    *(sighting->before ? &sighting->before->after : &connection->oldest[way]) = sighting->after;
    *(sighting->after ? &sighting->after->before : &connection->newest[way]) = sighting->before;
    connection->let_go |= !(sighting->flags & TCPT_SYN);
    sighting->older = vantage->spare;
    vantage->spare = sighting;
    vantage->kept--;
}

/* Too late for a copy. As long as a point has nothing in common with any other, time tells nothing; and as long as the
 * other point has been silent since, nobody knows whether it still captures. */
static bool ripe(const tcpt_vantage *vantage, const tcpt_sighting *sighting)
{
    const tcpt_point *point = sighting->connection->members[sighting->first].flow->at;

    return point->paired &&
           vantage->newest_ns - sighting->time_ns[sighting->first] > vantage->keep_ns + point->ahead_ns &&
           tcpt_losses_decided(sighting);
}

static void let_go_of_old(tcpt_vantage *vantage)
{
    while (vantage->oldest) {
        bool decided = ripe(vantage, vantage->oldest);

        if (!decided && vantage->kept < KEPT_MOST)
            return;
        tcpt_vantage_let_go(vantage, vantage->oldest, decided);
    }
}

/* ---- segments ---- */

static uint16_t properties(const tcpt_connection *connection, const tcpt_flow *flow, const tcpt_segment *segment,
                           const tcpt_observation *seen)
{
    uint8_t both = flow->ends[0].syn_options & flow->ends[1].syn_options;
    uint16_t bits = 0;

    if (segment->checksum_is == TCPT_CHECKSUM_WRONG || segment->checksum_is == TCPT_CHECKSUM_OVER_PADDING)
        bits |= 1u << TCPT_LOSS_CHECKSUM;
    if (seen->tracker.current == TCPT_CT_INVALID)
        bits |= 1u << TCPT_LOSS_INVALID;
    if (segment->fragment || segment->fragments)
        bits |= 1u << TCPT_LOSS_FRAGMENTS;
    if (segment->pad_bytes)
        bits |= 1u << TCPT_LOSS_PADDED;
    if (segment->pad_bytes || tcpt_short_on_the_wire(segment))
        bits |= 1u << TCPT_LOSS_SHORT;
    if (segment->flags & (TCPT_FIN | TCPT_RST))
        bits |= 1u << TCPT_LOSS_CLOSING;
    if ((both & TCPT_OPTION_TIMESTAMPS) && !(segment->options & TCPT_OPTION_TIMESTAMPS))
        bits |= 1u << TCPT_LOSS_NO_TIMESTAMPS;
    if (segment->options & TCPT_OPTION_FAST_OPEN)
        bits |= 1u << TCPT_LOSS_FAST_OPEN;
    if (segment->options & TCPT_OPTION_MULTIPATH)
        bits |= 1u << TCPT_LOSS_MULTIPATH;
    if (segment->options & TCPT_OPTION_SACK)
        bits |= 1u << TCPT_LOSS_SACK;
    if (connection->idled)
        bits |= 1u << TCPT_LOSS_AFTER_IDLE;
    return bits;
}

static uint32_t hash_of_sack(const tcpt_segment *segment)
{
    uint32_t hash = segment->sack_count;

    for (unsigned i = 0; i < segment->sack_count; i++) {
        hash = (hash ^ segment->sack_left[i]) * 2654435761u;
        hash = (hash ^ hash >> 15 ^ segment->sack_right[i]) * 2654435761u;
    }
    return hash;
}

static tcpt_sighting sighting_of(tcpt_connection *connection, unsigned member, const tcpt_segment *segment,
                                 const tcpt_observation *seen, tcpt_record *record)
{
    const tcpt_member *here = &connection->members[member];
    unsigned way = seen->from ^ here->turned;
    tcpt_sighting now = {
        .connection = connection,
        .seq = segment->seq - here->shift[way],
        .end_seq = segment->end_seq - here->shift[way],
        .ack = segment->flags & TCPT_ACK ? segment->ack - here->shift[!way] : 0,
        .tsval = segment->tsval,
        .sack_left = segment->sack_count ? segment->sack_left[0] : 0,
        .sack = hash_of_sack(segment),
        .window = segment->window,
        .ip_id = segment->ip_id,
        .ip_bytes = (uint16_t)MIN((segment->family == 6 ? 40u : 20u) + segment->header_bytes + segment->payload_bytes,
                                  UINT16_MAX),
        .properties = properties(connection, here->flow, segment, seen),
        .flags = segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST | TCPT_ACK),
        .way = (uint8_t)way,
        .first = (uint8_t)member,
        .seen = (uint8_t)(1u << member),
        .ttl = segment->ttl,
        .has_ip_id = segment->has_ip_id && segment->ip_id != 0 && !here->flow->ends[seen->from].ip_id_stuck,
        .has_timestamps = segment->options & TCPT_OPTION_TIMESTAMPS,
    };

    now.time_ns[member] = segment->time_ns;
    now.record[member] = record;
    return now;
}

void tcpt_vantage_note(tcpt_vantage *vantage, tcpt_flow *flow, const tcpt_segment *segment,
                       const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_connection *connection = flow->connection;
    tcpt_sighting now;
    unsigned member, way;

    if (vantage->newest_ns < segment->time_ns)
        vantage->newest_ns = segment->time_ns;
    else if (vantage->newest_ns - segment->time_ns > vantage->keep_ns)
        vantage->stepped_back = true;
    let_go_of_old(vantage);
    if (!connection)
        connection = tcpt_connection_join(vantage, flow, segment->time_ns);
    member = tcpt_member_of(connection, flow);
    way = seen->from ^ connection->members[member].turned;
    if ((segment->flags & TCPT_SYN) && flow->ends[seen->from].syn && flow->ends[seen->from].iss == segment->seq)
        tcpt_member_learn_shift(connection, member, way, segment->seq);
    if (seen->since_ns >= vantage->idle_ns)
        connection->idled = true;
    now = sighting_of(connection, member, segment, seen, record);
    if (!tcpt_cross(vantage, vantage->sightings, &now, segment))
        keep(vantage, &now);
}

void tcpt_vantage_note_opening(tcpt_vantage *vantage, tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    tcpt_connection *connection = flow->connection;
    unsigned member = tcpt_member_of(connection, flow);
    tcpt_sighting now = {
        .connection = connection,
        .flags = TCPT_SYN,
        .way = (uint8_t)(flow->client ^ connection->members[member].turned),
        .first = (uint8_t)member,
        .seen = (uint8_t)(1u << member),
        .tsval = client->syn_tsval,
        .has_timestamps = client->syn_options & TCPT_OPTION_TIMESTAMPS,
        .ip_id = client->ip_id,
        .has_ip_id = client->ip_id != 0,
        .ip_bytes = 60,
    };

    now.seq = client->iss - connection->members[member].shift[now.way];
    now.end_seq = client->snd_nxt - connection->members[member].shift[now.way];
    now.time_ns[member] = flow->last_ns;
    now.record[member] = flow->last_record;
    keep(vantage, &now);
}

/* ---- all of it ---- */

void tcpt_vantage_add_connection(tcpt_vantage *vantage, tcpt_connection *connection)
{
    connection->vantage = vantage;
    if (vantage->newest_connection)
        vantage->newest_connection->next = connection;
    else
        vantage->first_connection = connection;
    vantage->newest_connection = connection;
}

const tcpt_connection *tcpt_vantage_first_connection(const tcpt_vantage *vantage)
{
    return vantage->first_connection;
}

GHashTable *tcpt_vantage_openings(const tcpt_vantage *vantage)
{
    return vantage->openings;
}

GHashTable *tcpt_vantage_guides(const tcpt_vantage *vantage)
{
    return vantage->guides;
}

GHashTable *tcpt_vantage_clock_pairs(const tcpt_vantage *vantage)
{
    return vantage->clock_pairs;
}

bool tcpt_vantage_appended(const tcpt_vantage *vantage)
{
    return vantage->stepped_back && g_hash_table_size(vantage->points) > 2;
}

int64_t tcpt_vantage_keep_ns(const tcpt_vantage *vantage)
{
    return vantage->keep_ns;
}

void tcpt_vantage_watch(tcpt_vantage *vantage)
{
    vantage->watching = true;
}

bool tcpt_vantage_watching(const tcpt_vantage *vantage)
{
    return vantage->watching;
}

unsigned tcpt_vantage_point_count(const tcpt_vantage *vantage)
{
    return g_hash_table_size(vantage->points);
}

uint32_t tcpt_vantage_kept(const tcpt_vantage *vantage)
{
    return vantage->kept;
}

tcpt_vantage *tcpt_vantage_new(const tcpt_settings *settings)
{
    tcpt_vantage *vantage = g_new0(tcpt_vantage, 1);

    vantage->keep_ns = tcpt_seconds_ns(settings->match_seconds);
    vantage->idle_ns = tcpt_seconds_ns(settings->idle_seconds);
    vantage->points = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, free_point);
    vantage->interfaces = g_hash_table_new(NULL, NULL);
    vantage->openings = tcpt_openings_new();
    vantage->guides = tcpt_guides_new();
    vantage->clock_pairs = tcpt_clock_pairs_new();
    vantage->sightings = tcpt_sightings_new();
    vantage->slabs = g_ptr_array_new_with_free_func(g_free);
    return vantage;
}

void tcpt_vantage_free(tcpt_vantage *vantage)
{
    tcpt_connection *connection = vantage->first_connection;

    while (connection) {
        tcpt_connection *next = connection->next;

        tcpt_connection_free(connection);
        connection = next;
    }
    g_hash_table_destroy(vantage->sightings);
    g_hash_table_destroy(vantage->clock_pairs);
    g_hash_table_destroy(vantage->openings);
    g_hash_table_destroy(vantage->guides);
    g_hash_table_destroy(vantage->interfaces);
    g_hash_table_destroy(vantage->points);
    g_ptr_array_free(vantage->slabs, TRUE);
    g_free(vantage);
}
