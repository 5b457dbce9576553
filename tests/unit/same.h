/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Two analyses of one capture must have come to the same; each of these fails where they have not.
 */
#ifndef TCPTRIAGE_TESTS_SAME_H
#define TCPTRIAGE_TESTS_SAME_H

#include "tcptriage/analysis.h"

void same_bytes(const void *a, const void *b, size_t bytes);
void same_records(const tcpt_record *fast, const tcpt_record *slow);
void same_flow(const tcpt_flow *fast, const tcpt_flow *slow);

/** What two frames have: findings, and what they prove. */
void same_notes(const tcpt_record *a, const tcpt_record *b);

/** Two lists of what was found. */
void same_list(const tcpt_diagnosis *a, const tcpt_diagnosis *b);

#endif
