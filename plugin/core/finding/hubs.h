/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Ways that are blamed for one thing and share an end. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_HUBS_H
#define TCPTRIAGE_CORE_FINDING_HUBS_H

#include <glib.h>
#include <stdbool.h>

/**
 * Three ways and more of one host on which the same goes wrong are no coincidence, but what they have in common.
 *
 * @param cases  tcpt_case *, of causes alone; `joined` of those that are part of an earlier one is set
 * @return whether there are any
 */
bool tcpt_hubs_join(const GPtrArray *cases);

#endif
