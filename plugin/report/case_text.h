/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What every form says of a case in the same words. Texts are to be freed.
 */
#ifndef TCPTRIAGE_REPORT_CASE_TEXT_H
#define TCPTRIAGE_REPORT_CASE_TEXT_H

#include "model.h"

/** "warning", "note", "chat". */
const char *tcpt_severity_word(tcpt_severity severity);

/** What the problem is, in at most 60 characters. */
char *tcpt_case_brief(const tcpt_model *model, const tcpt_case *made);

/** The problem in one line: what it is, whom it blames, how many connections it has hit, what it cost. */
char *tcpt_case_title(const tcpt_model *model, const tcpt_case *made);

/** The place that is to blame: "192.0.2.1:80", "between tap-host and tap-vm". */
char *tcpt_case_blamed(const tcpt_case *made);

/** Whether a delay is worth telling: shorter ones would read "0.0 s". */
bool tcpt_delay_is_told(int64_t delay_ns);

/** What it cost: "60.0 s", "60.0 s each"; empty where that is not known, or hardly anything. */
char *tcpt_case_cost(const tcpt_case *made);

/** A connection that it hit: client and server, and where that was seen if there are several points. */
char *tcpt_connection_text(const tcpt_model *model, const tcpt_flow *flow);

/** Append a sentence about connections that were captured in part: such a capture is not called clean. None without
 * one. */
void tcpt_append_partial(GString *line, const tcpt_model *model);

/** The report's first line: how many problems, and the gravest. */
char *tcpt_verdict_line(const tcpt_model *model);

#endif
