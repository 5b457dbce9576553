/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/points.h"

#include "core/points/state.h"

const tcpt_point *tcpt_points_first(const tcpt_points *points)
{
    return points->first_point;
}

bool tcpt_points_watching(const tcpt_points *points)
{
    return points->watching;
}

unsigned tcpt_points_count(const tcpt_points *points)
{
    return g_hash_table_size(points->points);
}

uint32_t tcpt_points_kept(const tcpt_points *points)
{
    return points->kept;
}
