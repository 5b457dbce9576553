/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What every form says of the capture in the same words. Texts are to be freed.
 */
#ifndef TCPTRIAGE_REPORT_CAPTURE_TEXT_H
#define TCPTRIAGE_REPORT_CAPTURE_TEXT_H

#include "model.h"

/** "1 warning, 0 notes, 2 chats; 3 TCP flows, 27 segments, 7.543 s". */
char *tcpt_counts_line(const tcpt_model *model);

/** What was not kept one by one, in sentences; empty when all was. */
char *tcpt_shortened(const tcpt_model *model);

/** Findings that a read filter has left out; empty without any. */
char *tcpt_left_out(const tcpt_model *model);

/** "27 of 50 ports (54 %)". */
char *tcpt_pressure_share(const tcpt_pressure *pressure);

/** What port pressures are. */
extern const char tcpt_pressure_meaning[];

/** What a capture of segments with payload alone does not prove. */
extern const char tcpt_only_payload[];

/** How to see what a case's filter selects. */
extern const char tcpt_cases_shown[];

#endif
