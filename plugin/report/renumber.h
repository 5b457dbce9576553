/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Sentences that name frames, where Wireshark shows those under other numbers.
 *
 * A read filter (`tshark -2 -R`) has everything analysed but keeps, and numbers anew, only the frames that pass. The
 * core counts all of them.
 */
#ifndef TCPTRIAGE_REPORT_RENUMBER_H
#define TCPTRIAGE_REPORT_RENUMBER_H

#include <stdint.h>

/**
 * @param sentence  names frames as "frame 7"
 * @param shown     number that a frame is shown under, 0 when it was left out
 * @return the sentence with the numbers that are shown; a frame that was left out is said to be "of the unfiltered
 *         file". To be freed.
 */
char *tcpt_renumbered(const char *sentence, uint32_t (*shown)(uint32_t frame));

#endif
