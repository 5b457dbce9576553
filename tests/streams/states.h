/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * All that is known of a flow, in words: what each of its segments has changed.
 */
#ifndef TCPTRIAGE_TESTS_STATES_H
#define TCPTRIAGE_TESTS_STATES_H

#include <glib.h>

#include "tcptriage/flow.h"

/** By flow, what is known of it already. */
typedef GHashTable states;

states *states_new(void);
void states_free(states *known);

/** Append what is not as it was when this was last called for the flow; what is zero from the beginning is not told. */
void states_append_changes(states *known, const tcpt_flow *flow, GString *text);

#endif
