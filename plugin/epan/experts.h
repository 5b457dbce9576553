/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * One expert info per detector.
 */
#ifndef TCPTRIAGE_EPAN_EXPERTS_H
#define TCPTRIAGE_EPAN_EXPERTS_H

#include <epan/packet.h>
#include <epan/expert.h>

#include "tcptriage/detector.h"

void tcpt_experts_register(int proto);

/** Whether nobody would notice any, where there is no tree. */
bool tcpt_experts_may_be_spared(const packet_info *pinfo);

/** Whether anybody would notice the expert info of a finding. */
bool tcpt_expert_is_due(const packet_info *pinfo, const proto_tree *tree, const tcpt_diagnosis *diagnosis);

/** Whether nobody would notice any, be there a tree or not. */
bool tcpt_experts_are_silent(const packet_info *pinfo, const proto_tree *tree);

/** The expert info of a finding, wherever anybody would notice it. With a tree and without: whoever counts them gets
 * the same number.
 *  @param item  of `tree`, that it hangs on; NULL where there is none */
void tcpt_expert_add(packet_info *pinfo, const proto_tree *tree, proto_item *item, const tcpt_diagnosis *diagnosis);

/** Whether expert infos of a frame are shown or counted, be they in its tree, a list or a column. */
bool tcpt_experts_are_looked_at(const packet_info *pinfo, const proto_tree *tree);

/** Whether one of a record's findings is graver than all expert infos of the capture before: Wireshark shows which the
 * gravest is. */
bool tcpt_experts_rise(const tcpt_record *record);

#endif
