/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Which records a frame has: noted when it is dissected for the first time, looked up when it is shown again.
 *
 * By frame number and TCP layer: a few instructions, where proto data of the frame takes three allocations. With
 * `tshark -2 -R` and with read filters of the GUI frames that do not pass bear the number of the next one that does;
 * what is noted last under a number is therefore right, as the others are never shown again.
 */
#ifndef TCPTRIAGE_EPAN_RECORDS_H
#define TCPTRIAGE_EPAN_RECORDS_H

#include <stdint.h>

#include "tcptriage/analysis.h"

/** Begin with no record of an analysis. */
void tcpt_records_begin(const tcpt_analysis *made);

/**
 * Note what the TCP layer of a frame was found to be.
 *
 * @param layer   counts the frame's TCP layers from 0; note them in that order, those without a record too
 * @param record  the newest; NULL when the bytes are no usable segment
 */
void tcpt_records_note(uint32_t frame, unsigned layer, const tcpt_record *record);

/**
 * Look up what was noted last.
 *
 * @param records  takes the records, outermost first, without layers that have none
 * @param most     of them, at least one
 * @return their number
 */
unsigned tcpt_records_of(uint32_t frame, tcpt_record **records, unsigned most);

/** Note that a frame's record is another one, of the same frame in the file; both by number. */
void tcpt_records_move(uint32_t frame, uint32_t from, uint32_t to);

/** Forget everything: the records are going. */
void tcpt_records_forget(void);

#endif
