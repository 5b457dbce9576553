/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Ways that are blamed for one thing and share an end, or the moment. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_HUBS_H
#define TCPTRIAGE_CORE_FINDING_HUBS_H

#include <glib.h>
#include <stdbool.h>

#include "tcptriage/flow.h"

/**
 * Three ways and more of one host on which the same goes wrong are no coincidence, but what they have in common. So are
 * three hosts and more that one moment can have cut off, while little else went on.
 *
 * @param cases  tcpt_case *, of causes alone; `joined` of those that are part of an earlier one is set
 * @param first  all flows, by `next`
 * @return whether there are any
 */
bool tcpt_hubs_join(const GPtrArray *cases, const tcpt_flow *first);

#endif
