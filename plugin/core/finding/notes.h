/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a frame has: the findings on it, and those on other frames that it proves. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_NOTES_H
#define TCPTRIAGE_CORE_FINDING_NOTES_H

#include "tcptriage/detector.h"

/** Put a finding on its frame. */
void tcpt_note_finding(tcpt_finding *finding);
void tcpt_note_remove(tcpt_record *record, const tcpt_finding *note);

/** Say that a frame proves a diagnosis, unless it is shown as the proof of too many. */
void tcpt_note_proof(tcpt_diagnosis *diagnosis, tcpt_record *record);
/** The frames that prove it do so no more. */
void tcpt_notes_forget_proofs(tcpt_diagnosis *diagnosis);

#endif
