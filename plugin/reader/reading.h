/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A capture file read to its end: its segments analysed.
 */
#ifndef TCPTRIAGE_READER_READING_H
#define TCPTRIAGE_READER_READING_H

#include <glib.h>

#include "capture/interfaces.h"
#include "capture_file.h"
#include "model.h"
#include "tcptriage/analysis.h"

/** What is wanted of it. */
typedef struct tcpt_reading_wants {
    tcpt_settings settings;
    bool pictures;                              /**< a report will draw */
    bool frames;                                /**< fill in tcpt_reading.frames */
    void (*progress)(double share, void *data); /**< called now and then; NULL */
    GMutex *lock;             /**< held while a frame is analysed, not while one is waited for; NULL */
    bool (*over)(void *data); /**< asked behind each frame: no more of them are wanted; NULL */
    void *data;
} tcpt_reading_wants;

/** A frame with a record. */
typedef struct tcpt_read_frame {
    uint32_t number;
    tcpt_record *record; /**< a frame may have several, then it stands there as often */
    int64_t time_ns;     /**< as the core has it */
} tcpt_read_frame;

/** What was read; tcpt_reading_clear() it. */
typedef struct tcpt_reading {
    tcpt_analysis *analysis;
    tcpt_interfaces *interfaces;
    uint64_t frames_read;
    int64_t newest_ns;     /**< time of the newest that has one */
    gint64 came_us;        /**< when that was read, by g_get_monotonic_time(); 0 where nobody asks */
    int64_t zero_ns;       /**< time of the first frame that has one */
    GHashTable *unread;    /**< link type -> number of its frames, GUINT_TO_POINTER: none of them was taken apart */
    uint64_t given_up;     /**< datagrams whose fragments were not waited for */
    GArray *frames;        /**< tcpt_read_frame, in the order of the file; NULL when not wanted */
    tcpt_flow_counts gone; /**< flows that were given back */
    int64_t quiet_seconds; /**< so long after their end flows are given back */
    uint32_t release_at;   /**< so many records are looked through for those that nobody needs */
    uint32_t release_at_flows;
    char *problem; /**< why the file ended before it should; NULL when it did not */
} tcpt_reading;

/**
 * Read a file that is open. What was read before a problem is analysed all the same. Where neither pictures nor frames
 * are wanted memory does not grow with the capture, but with what lives at the same time, and with what is found.
 *
 * @param reading  as tcpt_reading_begin() has made it
 */
void tcpt_read_capture(tcpt_reading *reading, tcpt_capture_file *file, const tcpt_reading_wants *wants);

/** Capture time now: the newest frame's, and how long ago that was read. INT64_MIN before the first. */
int64_t tcpt_reading_now_ns(const tcpt_reading *reading);

/** Nothing was read yet. */
tcpt_reading tcpt_reading_begin(const tcpt_reading_wants *wants);

void tcpt_reading_clear(tcpt_reading *reading);

#endif
