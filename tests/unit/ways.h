/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The core's short ways beside its long ones.
 */
#ifndef TCPTRIAGE_TESTS_WAYS_H
#define TCPTRIAGE_TESTS_WAYS_H

#include <glib.h>

#include "chance.h"
#include "tcptriage/analysis.h"

/** Two analyses of one capture. The second never takes the short way: after each segment its flow is told not to take
 * it, and its tracker takes each. */
typedef struct both {
    tcpt_analysis *analysis[2];
    tcpt_analysis *sharing; /**< a third, where frames share records; NULL for none */
    GPtrArray *records;     /**< by frame, of the second */
    uint64_t segments;
    uint64_t by_short_way;    /**< of those, judged by the short way */
    uint64_t opening;         /**< by that of the ACK that ends a handshake */
    uint64_t by_short_repeat; /**< of those, by that of acknowledged data sent again */
    uint64_t again;           /**< of those, RSTs judged as the one before */
    uint64_t tracked;         /**< of these, taken by trackers as the one before, too */
    uint64_t lagging;         /**< of those, left out by the tracker's entry, which catches up later */
    uint64_t blank;           /**< of those, without such an entry so far */
} both;

/** Begin a capture. */
void begin(both *ways, tcpt_settings settings);

/** Let a third analysis go along, where frames share records: each says what its frame's own would. */
void share(both *ways, tcpt_settings settings);

/** Frames so far whose record is another one's. */
uint64_t shared_records(void);

/** Take a segment in, by each way: record and flow are the same. */
void feed(both *ways, const tcpt_segment *segment);

/** End the capture: findings and diagnoses are the same. */
void end(both *ways);

/** Feed a segment of a conversation. @param flow takes the newest one; to be NULL before the first */
void say(both *ways, talk *all, const tcpt_flow **flow, tcpt_segment segment, unsigned from);

/** A handshake, as a rule, and segments of up to `largest` bytes: mostly data and ACKs in order, now and then anything
 * else. */
void converse(both *ways, talk *all, unsigned segments, uint32_t largest);

/** Tests of floods of RSTs and of the tracker's rule sets, beside those of short_way_test.c. */
void add_rst_tests(void);
void add_tracker_tests(void);

#endif
