/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * When something was, as every form says it.
 */
#ifndef TCPTRIAGE_REPORT_MOMENTS_H
#define TCPTRIAGE_REPORT_MOMENTS_H

#include "model.h"

/** "0.392700 s": as Wireshark has it, to the digit. What is read here is looked up there. */
void tcpt_append_moment(GString *out, const tcpt_model *model, int64_t time_ns);

/** A time in UTC by a format of g_date_time_format(). To be freed; NULL where no calendar goes so far. */
char *tcpt_utc_text(int64_t time_ns, const char *format);

/** "2026-11-22 03:43:25.218 UTC". */
void tcpt_append_wall_clock(GString *out, int64_t time_ns);

/** "10.3 ms": how long something was on its way. */
void tcpt_append_milliseconds(GString *out, int64_t ns);

#endif
