/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Frames that tell how long a capture goes on.
 */
#ifndef TCPTRIAGE_READER_MARKS_H
#define TCPTRIAGE_READER_MARKS_H

#include "reading.h"

/** Those of one capture. */
typedef struct tcpt_marks {
    GHashTable *frames; /**< set of numbers, GUINT_TO_POINTER */
    GHashTable *flows;  /**< set of tcpt_flow: all of their frames are wanted, as one alone would tell something else */
} tcpt_marks;

/**
 * Which frames a copy needs so that it begins and ends at each capture point when the capture does, and pauses for a
 * day only where the capture does: that nothing came until the end says more the later the end is.
 *
 * @param reading  with frames
 */
tcpt_marks tcpt_marks_of(const tcpt_reading *reading);

void tcpt_marks_clear(tcpt_marks *marks);

#endif
