/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * All that is known of a frame, in words to be compared.
 */
#ifndef TCPTRIAGE_TESTS_DESCRIBE_H
#define TCPTRIAGE_TESTS_DESCRIBE_H

#include <glib.h>

#include "tcptriage/analysis.h"

/** States, verdicts, findings with what they say, and what it proves. */
void scn_describe_frame(GString *text, const tcpt_record *record);

/** Cases, and frames with a finding, of all that was analysed and settled: what is left where the rest was given back.
 * Numbers of flows aside: they are numbered anew. */
void scn_describe_found(GString *text, tcpt_analysis *analysis);

#endif
