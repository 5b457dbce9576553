/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a connection owns. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_CONNECTION_MEMORY_H
#define TCPTRIAGE_CORE_POINTS_CONNECTION_MEMORY_H

#include "core/points/connection.h"

/** Free a connection, with its members, its legs and what was lost on them. */
void tcpt_connection_free(tcpt_connection *connection);

#endif
