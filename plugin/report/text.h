/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The triage report as text, for a terminal.
 */
#ifndef TCPTRIAGE_REPORT_TEXT_H
#define TCPTRIAGE_REPORT_TEXT_H

#include "model.h"

/**
 * Write the report: warnings and notes flow by flow, the most severe and most certain first, then chats,
 * then the highest port pressures where one is worth telling (tcpt_highest_pressures()).
 *
 * Findings of one kind in one flow make one entry. What a kind means is said in full once.
 */
void tcpt_report_text(GString *out, const tcpt_model *model);

#endif
