/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Which segments of a scene a ladder shows, and what is to be said of each. For picture*.c only.
 */
#ifndef TCPTRIAGE_REPORT_PICTURE_ROWS_H
#define TCPTRIAGE_REPORT_PICTURE_ROWS_H

#include "picture_forms.h"

typedef struct tcpt_row {
    const tcpt_scene_segment *segment;
    bool own;            /**< it is the finding's */
    bool related;        /**< it proves it */
    char *lost;          /**< how one knows that it did not arrive, owned; NULL: it seems to have */
    const char *foreign; /**< of which other flow it is, owned; NULL for the scene's own */
    uint32_t left_out;   /**< segments of the flow before it that are not shown */
    int64_t silence_ns;  /**< before it, where that is to be seen; else 0 */
} tcpt_row;

typedef struct tcpt_rows {
    tcpt_row at[TCPT_SCENE_SEGMENTS];
    unsigned count;
    unsigned related;
    unsigned silences;
    uint32_t behind;        /**< segments of the flow behind the last one */
    int64_t end_silence_ns; /**< from the last one to the end of the capture, where that is to be seen; else 0 */
    int64_t longest_ns;     /**< of all silences */
    int64_t silences_ns;    /**< all of them together */
} tcpt_rows;

/** tcpt_rows_clear() them. */
void tcpt_rows_make(tcpt_rows *rows, const tcpt_drawing *drawing);
void tcpt_rows_clear(tcpt_rows *rows);

#endif
