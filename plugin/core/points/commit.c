/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capture points, and the segments that may still show at another one. A capture with one point never comes to the
 * latter. */
#include "core/points/commit.h"

#include "core/points/clock_offsets.h"
#include "core/points/connection_memory.h"
#include "core/points/guides.h"
#include "core/points/legs.h"
#include "core/points/losses.h"
#include "core/points/match_connections.h"
#include "core/points/match_segments.h"
#include "core/points/paths.h"
#include "core/points/repeats.h"
#include "core/points/sightings.h"
#include "core/points/state.h"
#include "core/points/strays.h"
#include "tcptriage/portable.h"

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
    g_free(entry->point.pieces);
    g_free(entry);
}

/* An interface where a tunnel's frames pass, plain and wrapped up, is two points: the second gets a name of its own. */
static char *point_name(tcpt_points *points, uint32_t id, uint8_t depth, const char *name)
{
    char *deeper, *plain = name ? g_strdup(name) : g_strdup_printf("capture point %u", id);

    if (g_hash_table_add(points->interfaces, GUINT_TO_POINTER(id)))
        return plain;
    deeper = g_strdup_printf("%s, %u IP headers deep", plain, depth);
    g_free(plain);
    return deeper;
}

tcpt_point *tcpt_points_at(tcpt_points *points, uint32_t id, uint8_t depth, const char *name)
{
    gint64 wanted = identity(id, depth);
    point_entry *entry;

    if (points->first_point && points->first_point->id == id && points->first_point->depth == depth)
        return points->first_point; /* nearly always the only one */
    entry = g_hash_table_lookup(points->points, &wanted);
    if (entry)
        return &entry->point;
    entry = g_new0(point_entry, 1);
    entry->identity = wanted;
    entry->name = point_name(points, id, depth, name);
    entry->point = (tcpt_point){
        .name = entry->name, .id = id, .depth = depth, .index = g_hash_table_size(points->points), .all = points};
    g_hash_table_insert(points->points, &entry->identity, entry);
    if (points->newest_point)
        points->newest_point->next = &entry->point;
    else
        points->first_point = &entry->point;
    points->newest_point = &entry->point;
    return &entry->point;
}

/* Room grows by doubling: at 0, 1, 2, 4, ... */
static void begin_piece(tcpt_point *point, int64_t time_ns)
{
    unsigned count = point->segments ? point->piece + 1u : 0;

    if (count == TCPT_PIECES)
        return;
    if ((count & (count - 1)) == 0)
        point->pieces = g_renew(tcpt_piece, point->pieces, MAX(1, 2 * count));
    point->piece = (uint16_t)count;
    point->pieces[count] = (tcpt_piece){time_ns, time_ns};
}

static void TCPT_NOINLINE set_clock(tcpt_point *point, int64_t time_ns)
{
    if (!point->segments || tcpt_begins_piece(point, time_ns))
        begin_piece(point, time_ns);
    else if (time_ns > point->pieces[point->piece].newest_ns)
        point->pieces[point->piece].newest_ns = time_ns;
    if (!point->segments || time_ns < point->first_ns)
        point->first_ns = time_ns;
    if (!point->segments || time_ns > point->newest_ns)
        point->newest_ns = time_ns;
    else if (point->newest_ns - time_ns > point->back_step_ns)
        point->back_step_ns = point->newest_ns - time_ns;
}

/* Nearly always: the clock goes on by less than makes another piece, from the newest time of all. */
static inline bool goes_on(tcpt_point *point, int64_t time_ns)
{
    tcpt_piece *piece;

    if (!point->segments || (uint64_t)(time_ns - point->newest_ns) > TCPT_JUMP_SECONDS * TCPT_SECOND_NS)
        return false;
    piece = &point->pieces[point->piece];
    if (piece->newest_ns != point->newest_ns)
        return false;
    piece->newest_ns = point->newest_ns = time_ns;
    return true;
}

void tcpt_point_commit(tcpt_point *point, const tcpt_segment *segment)
{
    int64_t time_ns = segment->time_ns;

    if (!goes_on(point, time_ns))
        set_clock(point, time_ns);
    point->segments++;
    point->sums[segment->checksum_is]++;
    point->bare += !segment->payload_bytes;
}

void tcpt_point_commit_holes(tcpt_point *point, int more, int64_t time_ns)
{
    if (more > 0)
        point->holed_ns = point->holes ? MAX(point->holed_ns, time_ns) : time_ns;
    if (more > 0 || point->holes > 0) /* what is filled may not have been counted */
        point->holes += (uint64_t)(int64_t)more;
}

/* Most of its packets have a second copy; one or two may have one by chance (a repeat under the same IP ID). */
static bool captured_twice(const tcpt_flow *flow)
{
    enum { COPIES_LEAST = 5 };
    uint64_t copies = (uint64_t)flow->ends[0].copies + flow->ends[1].copies;
    uint64_t packets = (uint64_t)flow->ends[0].segment_count + flow->ends[1].segment_count;

    return copies >= COPIES_LEAST && 2 * copies > packets;
}

void tcpt_point_commit_copy(const tcpt_flow *flow)
{
    tcpt_points *points = flow->at->all;

    if ((!points->captured_twice || !captured_twice(tcpt_flow_of(points->captured_twice))) && captured_twice(flow))
        points->captured_twice = flow->record;
}

bool tcpt_is_first_captured_twice(const tcpt_flow *flow)
{
    return flow->at->all->captured_twice == flow->record && captured_twice(flow);
}

/* What comes from now on is not noted until a second point shows: nothing is complete then. */
static void give_up(tcpt_points *points)
{
    while (points->oldest)
        tcpt_sightings_let_go(points, points->oldest, false);
    for (tcpt_connection *connection = points->first_connection; connection; connection = connection->next)
        connection->let_go = true;
    points->watching = false;
}

void tcpt_points_commit(tcpt_points *points, const tcpt_flow *flow, const tcpt_segment *segment,
                        const tcpt_observation *seen, tcpt_record *record)
{
    tcpt_connection *connection = tcpt_connection_of(flow);
    tcpt_sighting *now;
    unsigned member, way;

    if (points->suspected && points->kept == TCPT_KEPT_MOST) {
        give_up(points);
        return;
    }

    if (points->newest_ns < segment->time_ns)
        points->newest_ns = segment->time_ns;
    else if (points->newest_ns - segment->time_ns > points->keep_ns)
        points->stepped_back = true;
    tcpt_sightings_let_go_of_old(points);
    if (!connection)
        connection = tcpt_match_connection(points, flow, segment->time_ns);
    member = tcpt_member_of(connection, flow);
    way = seen->from ^ connection->members[member].turned;
    if ((segment->flags & TCPT_SYN) && flow->ends[seen->from].syn && flow->ends[seen->from].iss == segment->seq)
        tcpt_member_learn_shift(connection, member, way, segment->seq);
    if (seen->since_ns >= points->idle_ns)
        connection->idled = true;
    tcpt_repeats_note(&connection->members[member], way, segment, seen);
    now = tcpt_sightings_new_one(points);
    tcpt_sighting_fill(now, connection, member, segment, seen, record);
    tcpt_strays_note(&points->strays, now, segment);
    if (tcpt_match_segment(points, now, segment)) {
        tcpt_sightings_drop(points, now);
        return;
    }
    tcpt_sighting_note_properties(now, segment, seen);
    tcpt_sightings_keep(points, now);
}

/* ---- all of it ---- */

void tcpt_points_watch(tcpt_points *points)
{
    points->watching = true;
    points->suspected = false;
}

void tcpt_points_suspect(tcpt_points *points)
{
    points->watching = points->suspected = true;
}

tcpt_points *tcpt_points_new(const tcpt_settings *settings)
{
    tcpt_points *points = g_new0(tcpt_points, 1);

    points->keep_ns = tcpt_seconds_ns(settings->match_seconds);
    points->idle_ns = tcpt_seconds_ns(settings->idle_seconds);
    points->points = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, free_point);
    points->interfaces = g_hash_table_new(NULL, NULL);
    points->connections = g_ptr_array_new();
    points->syns = tcpt_syns_new();
    points->guides = tcpt_guides_new();
    points->gone = tcpt_path_sums_new();
    points->clock_offsets = tcpt_clock_offsets_new();
    points->sightings = tcpt_sightings_new();
    points->slabs = g_ptr_array_new_with_free_func(g_free);
    return points;
}

void tcpt_points_free(tcpt_points *points)
{
    tcpt_connection *connection = points->first_connection;

    while (connection) {
        tcpt_connection *next = connection->next;

        tcpt_connection_free(connection);
        connection = next;
    }
    g_hash_table_destroy(points->sightings);
    g_hash_table_destroy(points->clock_offsets);
    g_hash_table_destroy(points->syns);
    g_ptr_array_free(points->connections, TRUE);
    g_hash_table_destroy(points->guides);
    g_hash_table_destroy(points->interfaces);
    g_hash_table_destroy(points->points);
    g_ptr_array_free(points->slabs, TRUE);
    g_free(points->strays);
    tcpt_path_sums_free(points->gone);
    g_free(points);
}
