/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a frame has: the findings on it, and those on other frames that it proves. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_NOTES_H
#define TCPTRIAGE_CORE_FINDING_NOTES_H

#include "tcptriage/detector.h"

/**
 * Of the findings of a run only the newest is a whole one (tcpt_run.newest), where its detector can have no pointer to
 * it. When the next one joins, a mark takes its place on its frame's list if it is the only one there: detector, and
 * when, in the place of the list's pointer. So a flood's frames take nothing but their records.
 */
bool tcpt_leaves_marks(const tcpt_diagnosis *diagnosis);

/** Free the place of a run's newest finding for the next one. */
void tcpt_note_fold(tcpt_run *run);

/** @return the list, with whole findings that may be kept, and taken off it */
tcpt_finding *tcpt_notes_whole(tcpt_record *record);
/** @return the whole one of a finding that is looked at, or was just raised; NULL where it is not on its frame */
tcpt_finding *tcpt_note_whole(tcpt_finding *finding);

/** The run that findings of a detector on frames of this sender share, or NULL. */
tcpt_diagnosis *tcpt_run_in_flow(const tcpt_record *on, const tcpt_detector *detector);

/** Whether there is a list, of whole findings, or nothing. */
bool tcpt_notes_are_listed(const tcpt_record *record);
/** The list has been stowed away with the flow (stowed.h): who asks for it wakes that. */
void tcpt_notes_stow(tcpt_record *record);

/** Put a finding on its frame. */
void tcpt_note_finding(tcpt_finding *finding);
void tcpt_note_remove(tcpt_record *record, const tcpt_finding *note);

/** Say that a frame proves a diagnosis, unless it is shown as the proof of too many. */
void tcpt_note_proof(tcpt_diagnosis *diagnosis, tcpt_record *record);
/** The frames that prove it do so no more. */
void tcpt_notes_forget_proofs(tcpt_diagnosis *diagnosis);

#endif
