/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Cases of one host that falls silent: connections that were open, and those that are begun then. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_SILENT_HOSTS_H
#define TCPTRIAGE_CORE_FINDING_SILENT_HOSTS_H

#include <glib.h>
#include <stdbool.h>

#include "core/peers/peers.h"
#include "tcptriage/flow.h"

/** Let each case of a host that is never heard again join the one that says most of it.
 * @param cases  tcpt_case *
 * @param first  of all flows of which more than a SYN was seen
 * @param peers  who know when the hosts of those that were given back were heard
 * @return whether any has joined another */
bool tcpt_silent_hosts_join(const GPtrArray *cases, const tcpt_flow *first, const tcpt_peers *peers);

#endif
