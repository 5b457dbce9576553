/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a scenario's frames made the core find, against what its lines expect. Differences fail the running test.
 */
#ifndef TCPTRIAGE_TESTS_CHECK_H
#define TCPTRIAGE_TESTS_CHECK_H

#include "scenario.h"
#include "tcptriage/analysis.h"

/** A scenario on its way through the core. */
typedef struct scn_run {
    const scn_scenario *scenario;
    tcpt_analysis *analysis;
    tcpt_record **records; /**< by frame, filled in by the caller; NULL where there is no segment */
    unsigned frame;        /**< index of the frame being judged */
    bool at_end;
    bool crowded;                       /**< other traffic is around: the words of a summary may rightly tell of it */
    GArray *met;                        /**< guint per expectation of the frame: how often it was met */
    GArray *met_somewhere;              /**< the same for the scenario's */
    const tcpt_diagnosis *shown_before; /**< on the same frame, or NULL */
    GString *described;                 /**< of live.h: all that was found, in words */
    GHashTable *then;                   /**< scn_expectation -> summary of its finding when it was raised */
    const struct scn_guise *guise;      /**< of turned.h; NULL: as the script has it */
} scn_run;

void scn_run_open(scn_run *test, const scn_scenario *scenario);
void scn_run_close(scn_run *test);

/** Take a script's "name:value" into the settings. */
void scn_apply_setting(tcpt_settings *settings, const char *setting);

/** Keep what a frame's findings say now, after it. */
void scn_note_said(scn_run *test, unsigned index);

/** Compare a frame's findings, as far as they are known, with what its line expects. */
void scn_check_frame(scn_run *test, unsigned index);

/** Compare which findings are still there after a frame with what the script says is taken back. */
void scn_check_taken_back(scn_run *test, unsigned index);

/** Compare the states of both ends after a frame. */
void scn_check_states(const scn_run *test, unsigned index);

/** Compare everything once the analysis is settled. */
void scn_check_end(scn_run *test);

#endif
