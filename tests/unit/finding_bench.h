/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Flows and frames that are no capture's, to raise findings on.
 */
#ifndef TCPTRIAGE_TESTS_FINDING_BENCH_H
#define TCPTRIAGE_TESTS_FINDING_BENCH_H

#include <glib.h>

#include "core/finding/raising.h"
#include "core/finding/store.h"
#include "tcptriage/queries.h"

enum { FLOWS = 64, FRAMES = 100000 };

/** Flows that nothing is known of, and their frames. */
typedef struct bench {
    tcpt_findings store;
    tcpt_flow *flows;     /**< FLOWS of them */
    tcpt_record *records; /**< FRAMES of them */
    uint32_t used;
    tcpt_settings settings;
    tcpt_segment segment;
    tcpt_observation seen;
    tcpt_context context;
} bench;

const tcpt_detector *row(const char *id);
void bench_open(bench *on, size_t most_bytes);

/** All that was taken is given back with the flows. */
void bench_close(bench *on);

/** The next frame, of this flow and sender, is looked at. */
tcpt_record *next_frame(bench *on, unsigned flow, unsigned from);

/** A finding on the next frame, whose own number is its frame. */
tcpt_finding *raise_next(bench *on, unsigned flow, tcpt_confidence confidence);
void raise_many(bench *on, unsigned flow, unsigned count);
unsigned findings_on(const tcpt_record *record);
unsigned proven_by(const tcpt_record *record);

/** The one finding of a frame. */
const tcpt_finding *on_frame(const bench *on, uint32_t frame);
void assert_says(const tcpt_finding *finding, const char *wanted);
int64_t number_of(const tcpt_finding *finding, tcpt_field field);
unsigned list_length(const tcpt_diagnosis *diagnosis);

/** What the end of the capture says instead of a finding. */
tcpt_finding *supersede(bench *on, tcpt_finding *judged);

#endif
