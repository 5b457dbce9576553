/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Scenes: what a picture of a finding is drawn from, segments above all. Kept only when they are asked for before the
 * first segment (tcpt_expect_pictures()), and as much of them as a picture can show.
 */
#ifndef TCPTRIAGE_SCENE_H
#define TCPTRIAGE_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "tcptriage/cases.h"
#include "tcptriage/finding.h"
#include "tcptriage/flow.h"

/** Counts and sizes. */
enum {
    /** Newest segments that are remembered of a flow. What proves a finding is seldom older, and what is has a place
     *  of its own (core/finding/history.h). */
    TCPT_HISTORY_SEGMENTS = 32,
    /** What they may take over all flows: 100,000 connections with some segments each. Beyond that the histories of
     *  flows go that have been silent for longest. */
    TCPT_HISTORIES_MOST_BYTES = 64 << 20,
    /** Segments of a scene: more arrows than a page shows. */
    TCPT_SCENE_SEGMENTS = 24,
    /** Of those, the ones that follow: what came of it. */
    TCPT_SCENE_FOLLOWERS = 4,
    /** Scenes of one kind of finding that blames one place: the report draws one, the costliest may be a later one. */
    TCPT_SCENES_ALIKE = 3,
    /** Scenes of one kind of finding: nobody reads more cases of it. */
    TCPT_SCENES_OF_KIND = 48,
    /** Scenes in all: 1.5 MiB. */
    TCPT_SCENES_MOST = 1024,
    /** Points of a series: more than a curve on paper has need of. */
    TCPT_SERIES_POINTS = 200,
    /** Series in all: 3 MiB. */
    TCPT_SERIES_MOST = 256,
};

/** What is remembered of a segment; its frame, sender and both ends' states after it are in the record. */
typedef struct tcpt_scene_segment {
    const tcpt_record *record;
    int64_t time_ns;
    uint32_t number; /**< among its flow's, from 1: what a scene has left out shows in them */
    uint32_t seq;
    uint32_t ack; /**< valid with TCPT_ACK */
    uint32_t payload_bytes;
    uint32_t window; /**< scaled as far as the scale is known */
    uint16_t window_field;
    uint8_t flags;
    uint8_t sack_count : 2;
    bool again : 1;     /**< SYN, FIN or bytes that its sender has sent before */
    bool probe : 1;     /**< keep-alive or window probe */
    bool unsound : 1;   /**< its checksum is really wrong */
    tcpt_range sack[2]; /**< the first blocks */
} tcpt_scene_segment;

/** What is remembered of one finding. */
typedef struct tcpt_scene {
    const tcpt_flow *flow;
    const tcpt_scene_segment *segments; /**< in the order of the file; some may be of other flows */
    uint32_t count;
    const tcpt_scene_segment *series; /**< of the flow over a longer time, in the order of the file; NULL for none */
    uint32_t series_count;
    uint32_t series_from; /**< how many segments they were taken from */
} tcpt_scene;

/** SEQ behind it. */
static inline uint32_t tcpt_scene_end_seq(const tcpt_scene_segment *segment)
{
    return segment->seq + segment->payload_bytes + !!(segment->flags & TCPT_SYN) + !!(segment->flags & TCPT_FIN);
}

/** @return what is left to draw a finding from; NULL where there is nothing, or its frame is not in it.
 *  tcpt_scene_free() it; the records in it live as long as the analysis. */
tcpt_scene *tcpt_scene_of(const struct tcpt_analysis *analysis, const tcpt_diagnosis *diagnosis);

void tcpt_scene_free(tcpt_scene *scene);

/** Ports in use toward one server port over time: the most in each step. */
typedef struct tcpt_pressure_curve {
    uint64_t pair; /**< its hash; 0 none */
    int64_t begin_ns;
    int64_t step_ns;
    uint32_t highest;
    uint32_t count;
    uint32_t most[TCPT_SERIES_POINTS]; /**< 0: no port was taken in that step */
} tcpt_pressure_curve;

/** The curve of a flow's client and server port, NULL where there is none. */
const tcpt_pressure_curve *tcpt_pressure_curve_of(const struct tcpt_analysis *analysis, const tcpt_flow *flow);

#endif
