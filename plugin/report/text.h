/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The triage report as text, for a terminal.
 */
#ifndef TCPTRIAGE_REPORT_TEXT_H
#define TCPTRIAGE_REPORT_TEXT_H

#include "model.h"

/**
 * Write the report: the verdict, the cases, the gravest first, what was looked at and what could not be judged, capture
 * points, and the highest port pressures where one is worth telling (tcpt_highest_pressures()).
 *
 * What a kind means is said in full once.
 */
void tcpt_report_text(GString *out, const tcpt_model *model);

#endif
