/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Findings out: protocol tree, fields and expert infos of a frame.
 */
#ifndef TCPTRIAGE_EPAN_PRESENT_H
#define TCPTRIAGE_EPAN_PRESENT_H

/** Register fields, expert infos (from fields.def and the list of detectors), the tap and the post-dissector. */
void tcpt_present_register(int proto);

/** Name of the tap that gets the record (tcpt_record) of each TCP segment. */
#define TCPT_TAP "tcptriage"
/** The same where a read filter has left frames out, else nothing: for reports of all that is shown. */
#define TCPT_TAP_LEFT "tcptriage_left"

#endif
