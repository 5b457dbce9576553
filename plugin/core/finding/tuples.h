/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Flows with findings, joined by their 4-tuple: its lives that follow each other, its capture points, and where it goes
 * on under another address or port. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_TUPLES_H
#define TCPTRIAGE_CORE_FINDING_TUPLES_H

#include <glib.h>

#include "tcptriage/flow.h"

typedef struct tcpt_tuples {
    GPtrArray *flows;  /**< const tcpt_flow *, those with findings, in order of appearance */
    GArray *joined_to; /**< uint32_t, by place in `flows`: a place on the way to the group's first */
    GArray *places;    /**< uint32_t, by a flow's number: its place plus one; 0 none */
} tcpt_tuples;

/** Gather the flows of a list that have findings, and join them. */
void tcpt_tuples_open(tcpt_tuples *tuples, const tcpt_flow *first);
void tcpt_tuples_clear(tcpt_tuples *tuples);

/** The group that a flow belongs to, as the place of its first flow. */
uint32_t tcpt_tuple_of(tcpt_tuples *tuples, uint32_t place);

#endif
