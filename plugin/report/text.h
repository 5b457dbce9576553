/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The triage report as text, for a terminal.
 */
#ifndef TCPTRIAGE_REPORT_TEXT_H
#define TCPTRIAGE_REPORT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "tcptriage/analysis.h"

/** What is reported, and what only the caller knows. */
typedef struct tcpt_report {
    const tcpt_analysis *analysis; /**< settled by the caller; NULL counts as empty */
    /** Whether findings on this frame are wanted; NULL for all. */
    bool (*wants)(const tcpt_record *on, const void *data);
    const void *data;
} tcpt_report;

/**
 * Write the report: warnings and notes flow by flow, the most severe and most certain first, then chats,
 * then the highest port pressures where one is worth telling (tcpt_highest_pressures()).
 *
 * Findings of one kind in one flow make one entry. What a kind means is said in full once.
 */
void tcpt_report_text(GString *out, const tcpt_report *report);

#endif
