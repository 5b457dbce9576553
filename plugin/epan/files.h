/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Files of one capture that goes on in a new one now and then (`tshark -b`): Wireshark, and so the analysis, begins
 * each anew.
 */
#ifndef TCPTRIAGE_EPAN_FILES_H
#define TCPTRIAGE_EPAN_FILES_H

#include "tcptriage/analysis.h"

/** Note what was seen in a file when it ends. */
void tcpt_files_note(const tcpt_totals *totals);

/**
 * @param totals    what was seen in the file that goes on
 * @param segments  set to those of the files before it
 * @return number of files that it continues
 */
unsigned tcpt_files_before(const tcpt_totals *totals, uint64_t *segments);

#endif
