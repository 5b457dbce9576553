/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Connections summed up by the two points that have seen them. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_PATHS_H
#define TCPTRIAGE_CORE_POINTS_PATHS_H

#include "core/points/connection.h"

/** Sums, each a tcpt_path. */
typedef struct tcpt_path_sums tcpt_path_sums;

tcpt_path_sums *tcpt_path_sums_new(void);
void tcpt_path_sums_free(tcpt_path_sums *sums);

/** Add what is known of a connection. */
void tcpt_path_sums_add(const tcpt_path_sums *sums, const tcpt_connection *connection);

#endif
