/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Display filters that a report names: made to be pasted, and each selects the frames that it stands beside.
 */
#ifndef TCPTRIAGE_REPORT_FILTERS_H
#define TCPTRIAGE_REPORT_FILTERS_H

#include "model.h"

/** Selects the findings of a case: in Wireshark, and in tshark with -2. To be freed, as the other. */
char *tcpt_filter_for_case(const tcpt_case *made);

/** Selects frames by their numbers, in a Wireshark without this plugin too: those that a case's causes are on and those
 * that prove the worst of them, some of each. NULL when none is shown. */
char *tcpt_filter_for_frames(const tcpt_model *model, const tcpt_case *made);

/** Selects the frame that took the last port, and the SYNs of the client to the server's port. */
char *tcpt_filter_for_pressure(const tcpt_model *model, const tcpt_pressure *pressure);

#endif
