/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * All that is kept of capture points and of the segments between them. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_STATE_H
#define TCPTRIAGE_CORE_POINTS_STATE_H

#include <glib.h>

#include "core/points/connection.h"
#include "core/points/sighting.h"
#include "tcptriage/points.h"

typedef struct tcpt_points {
    int64_t keep_ns;
    int64_t idle_ns;
    bool watching;
    bool suspected;              /* watching, though there may be only one */
    int64_t newest_ns;           /* of all clocks */
    bool stepped_back;           /* by more than a segment may be on its way */
    tcpt_record *captured_twice; /* of the first flow of which most packets were, or NULL */
    GHashTable *points;          /* identity -> tcpt_point */
    GHashTable *interfaces;      /* ids of those points, a set */
    tcpt_point *first_point;
    tcpt_point *newest_point;
    tcpt_connection *first_connection;
    tcpt_connection *newest_connection;
    GPtrArray *connections;     /* by the number of a flow that is one, NULL elsewhere */
    GHashTable *syns;           /* match_connections.c: SYNs by their numbers */
    GHashTable *guides;         /* guides.c: connections by hosts and point */
    GHashTable *clock_offsets;  /* clock_offsets.c */
    GHashTable *sightings;      /* sightings.c */
    struct tcpt_strays *strays; /* strays.c; NULL before the first */
    tcpt_sighting *oldest;
    tcpt_sighting *newest;
    tcpt_sighting *spare;        /* linked by `older` */
    struct tcpt_path_sums *gone; /* paths.c: connections that were given back */
    GPtrArray *slabs;
    uint32_t kept;
} tcpt_points;

/** The connection that a flow is, or NULL. */
static inline tcpt_connection *tcpt_connection_of(const tcpt_flow *flow)
{
    const GPtrArray *connections = flow->at->all->connections;

    return connections->len > 0 && flow->number < connections->len ? connections->pdata[flow->number] : NULL;
}

enum { TCPT_PORT_BITS = sizeof((tcpt_point *)NULL)->ports * 8 };

/** A connection to that server port was seen at the point. */
static inline void tcpt_ports_note(tcpt_point *point, uint16_t port)
{
    point->ports[port % TCPT_PORT_BITS / 64] |= (uint64_t)1 << port % 64;
}

/** Whether one was, as far as is known: a few others have the same bit. */
static inline bool tcpt_ports_has(const tcpt_point *point, uint16_t port)
{
    return point->ports[port % TCPT_PORT_BITS / 64] >> port % 64 & 1;
}

/** Whether files of more than two points were put one behind the other: what was let go before the last began is not
 * known to be lost or not. */
static inline bool tcpt_points_appended(const tcpt_points *points)
{
    return points->stepped_back && g_hash_table_size(points->points) > 2;
}

#endif
