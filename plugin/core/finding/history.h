/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What is remembered of each flow's segments while pictures are asked for: the newest ones, and those that a picture
 * begins with however long ago they came. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_HISTORY_H
#define TCPTRIAGE_CORE_FINDING_HISTORY_H

#include <glib.h>

#include "tcptriage/scene.h"

/** What stays when it leaves the ring; those of two places are by end. */
enum {
    TCPT_KEPT_SYN,                            /**< the first SYN, the first SYN-ACK */
    TCPT_KEPT_FIN = TCPT_KEPT_SYN + 2,        /**< first */
    TCPT_KEPT_RST = TCPT_KEPT_FIN + 2,        /**< first */
    TCPT_KEPT_UNANSWERED = TCPT_KEPT_RST + 2, /**< the first that the other end does not answer: tcpt_endpoint */
    TCPT_KEPT_FIN_ACKED = TCPT_KEPT_UNANSWERED + 2,
    TCPT_KEPT_LAST = TCPT_KEPT_FIN_ACKED + 2, /**< the end's newest */
    TCPT_KEPT_FIRST_ACK = TCPT_KEPT_LAST + 2, /**< of the handshake */
    TCPT_KEPT_AGAIN,                          /**< first of acknowledged data sent again: tcpt_again */
    TCPT_KEPT_IGNORED_ACK,                    /**< that covered it */
    TCPT_KEPT
};

/** A flow over a longer time: when it is full every other point goes. */
typedef struct tcpt_series {
    unsigned holders; /**< freed by the last one */
    uint32_t from;    /**< segments that it was taken from */
    uint32_t count;
    uint32_t every[2]; /**< of ordinary segments, and of those that matter (again, window 0), one in so many is taken */
    uint32_t passed[2];
    tcpt_scene_segment points[TCPT_SERIES_POINTS];
} tcpt_series;

typedef struct tcpt_history {
    tcpt_scene_segment *ring;
    tcpt_scene_segment *kept; /**< TCPT_KEPT of them, number 0 for none; NULL until the first leaves the ring */
    tcpt_series *series;      /**< NULL until it is asked for */
    GPtrArray *followed;      /**< scenes that the next segments are wanted for; NULL for none */
    uint32_t segments;        /**< so far */
    uint8_t room;             /**< of the ring: grows to TCPT_HISTORY_SEGMENTS */
    uint8_t count;
    uint8_t next;
    bool touched; /**< but for its first segment, since it was last passed in the search for one to give up */
} tcpt_history;

typedef struct tcpt_histories {
    tcpt_history **of; /**< by the flow's number; NULL for none */
    uint32_t room;
    uint32_t hand; /**< where the search for one to give up goes on */
    size_t bytes;
    size_t most_bytes;
    unsigned series; /**< made so far */
} tcpt_histories;

void tcpt_histories_clear(tcpt_histories *histories);

/** A flow's history, NULL where there is none (any more). */
tcpt_history *tcpt_history_of(const tcpt_histories *histories, const tcpt_flow *flow);

/** Remember a segment, after the flow has taken it in. @return the flow's history */
tcpt_history *tcpt_history_note(tcpt_histories *histories, const tcpt_flow *flow, tcpt_scene_segment *segment);

/** What is remembered of a flow, each once and in no order. */
void tcpt_history_each(const tcpt_history *history, void (*visit)(const tcpt_scene_segment *, void *), void *data);

/** Have a series from now on; it begins with what is remembered. NULL where there are too many. */
tcpt_series *tcpt_history_series(tcpt_histories *histories, tcpt_history *history);

void tcpt_series_add(tcpt_series *series, const tcpt_scene_segment *segment);
void tcpt_series_let_go(tcpt_series *series);

#endif
