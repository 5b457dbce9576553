/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The names of findings as items that last: where fields are looked up, and nobody walks through the tree, an item that
 * is made for a packet and taken apart with it costs as much as all that is thought about a RST of a flood.
 */
#ifndef TCPTRIAGE_EPAN_STANDING_H
#define TCPTRIAGE_EPAN_STANDING_H

#include <stdbool.h>

#include <epan/packet.h>

/**
 * A finding's name, in a tree whose fields are only looked up (tcpt_stage.flat).
 *  @param number  of its detector in tcpt_detectors
 *  @return false where an item of the packet's own has to say it
 */
bool tcpt_standing_add(const packet_info *pinfo, const proto_tree *tree, unsigned number);

/** Of such an item those that follow are made. */
void tcpt_standing_keep(unsigned number, const proto_item *item);

void tcpt_standing_register(void);

#endif
