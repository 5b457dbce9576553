/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Findings out: protocol tree, fields and expert infos of a frame.
 */
#ifndef TCPTRIAGE_EPAN_PRESENT_H
#define TCPTRIAGE_EPAN_PRESENT_H

#include <stdbool.h>

#include <epan/packet.h>

#include "tcptriage/flow.h"

/** Register fields, expert infos (from fields.def and the list of detectors) and the taps. */
void tcpt_present_register(int proto);

/** Hand a record to those who listen, if anybody does. */
void tcpt_tap(packet_info *pinfo, const tcpt_record *record);

/** Whether anybody would notice what is known of a frame that was analysed before: else it need not be looked up.
 *  @param tree  as below */
bool tcpt_is_noticed_again(const packet_info *pinfo, const proto_tree *tree);

/**
 * Whether anybody would see anything of records. Of a frame that is shown again the flows are judged as at the end of
 * the capture.
 *
 * @param tree   the frame's or a part of it, NULL for none
 * @param count  of the records, at least one
 */
bool tcpt_is_to_be_presented(const packet_info *pinfo, const proto_tree *tree, tcpt_record *const *records,
                             unsigned count);

/**
 * Show them: at the end of the frame's tree as it is by now, wherever in it something is being dissected. Too many
 * items in the tree end that by an exception.
 *
 * @param records  outermost first; sorted then
 * @param named    say which layer each is
 */
void tcpt_present(packet_info *pinfo, proto_tree *tree, tcpt_record **records, unsigned count, bool named);

/**
 * The same of a new frame's record before TCP is dissected, and without any ceremony: where nobody sees the order of
 * items, and what carries them cannot have any more. @return false where it is not so; nothing was shown then
 */
bool tcpt_present_at_once(packet_info *pinfo, proto_tree *tree, const tcpt_record *record);

/** Say that it was ended by an exception, and why. */
void tcpt_presenting_failed(packet_info *pinfo, proto_tree *tree, unsigned long exception, const char *message);

/** Name of the tap that gets the record (tcpt_record) of each TCP segment. */
#define TCPT_TAP "tcptriage"
/** The same where a read filter has left frames out, else nothing: for reports of all that is shown. */
#define TCPT_TAP_LEFT "tcptriage_left"

#endif
