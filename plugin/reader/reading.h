/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A capture file read to its end: its segments analysed.
 */
#ifndef TCPTRIAGE_READER_READING_H
#define TCPTRIAGE_READER_READING_H

#include <glib.h>

#include "capture/interfaces.h"
#include "capture_file.h"
#include "tcptriage/analysis.h"

/** What is wanted of it. */
typedef struct tcpt_reading_wants {
    tcpt_settings settings;
    bool pictures;                              /**< a report will draw */
    bool frames;                                /**< fill in tcpt_reading.frames */
    void (*progress)(double share, void *data); /**< called now and then; NULL */
    void *data;
} tcpt_reading_wants;

/** A frame with a record. */
typedef struct tcpt_read_frame {
    uint32_t number;
    tcpt_record *record; /**< a frame may have several, then it stands there as often */
} tcpt_read_frame;

/** What was read; tcpt_reading_clear() it. */
typedef struct tcpt_reading {
    tcpt_analysis *analysis;
    tcpt_interfaces *interfaces;
    uint64_t frames_read;
    int64_t zero_ns;    /**< time of the first frame that has one */
    GHashTable *unread; /**< link type -> number of its frames, GUINT_TO_POINTER: none of them was taken apart */
    uint64_t given_up;  /**< datagrams whose fragments were not waited for */
    GArray *frames;     /**< tcpt_read_frame, in the order of the file; NULL when not wanted */
    char *problem;      /**< why the file ended before it should; NULL when it did not */
} tcpt_reading;

/** Read a file that is open. What was read before a problem is analysed all the same. */
tcpt_reading tcpt_read_capture(tcpt_capture_file *file, const tcpt_reading_wants *wants);

void tcpt_reading_clear(tcpt_reading *reading);

#endif
