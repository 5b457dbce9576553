/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The place that a finding blames (tcpt_blame), as a key. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_PLACES_H
#define TCPTRIAGE_CORE_FINDING_PLACES_H

#include <glib.h>
#include <stdint.h>

#include "tcptriage/finding.h"
#include "tcptriage/flow.h"

/** Compared as bytes: no padding. */
typedef struct tcpt_place {
    uint8_t address[2][16]; /**< zero where it does not matter */
    uint16_t port;
    uint8_t detector; /**< whose cause it is the place of: place in tcpt_detectors */
    uint8_t family;
    uint32_t points[2]; /**< capture points that the way lies between, plus one; 0 for none */
} tcpt_place;

/** The place that a diagnosis blames. @param end  set to the end of the flow that it is, where it is one */
tcpt_place tcpt_place_of(const tcpt_diagnosis *diagnosis, unsigned detector, uint8_t *end);

/** The listening port of a flow as a place, that of its client alone or of all. */
tcpt_place tcpt_listener_of(const tcpt_flow *flow, unsigned detector, bool of_client);

/** A flow's client, as what a detector that blames sources would blame. */
tcpt_place tcpt_source_of(const tcpt_flow *flow, unsigned detector);

/** Of a place, or of what begins with one: GHashFunc, GEqualFunc. */
guint tcpt_place_hash(gconstpointer key);
gboolean tcpt_place_equal(gconstpointer a, gconstpointer b);

/** The place of what belongs to none: all of a detector's. */
tcpt_place tcpt_nowhere(unsigned detector);

#endif
