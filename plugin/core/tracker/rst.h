/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The tracker's rules for a RST. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_TRACKER_RST_H
#define TCPTRIAGE_CORE_TRACKER_RST_H

#include "core/tracker/entry.h"
#include "core/tracker/packet.h"

/** Which way a RST goes. */
typedef enum tcpt_ct_rst_course { TCPT_CT_RST_CHECK_WINDOW, TCPT_CT_RST_TAKE, TCPT_CT_RST_REFUSE } tcpt_ct_rst_course;

/** What of a RST that would close the entry. `next` becomes the old state when it is not exact in an established
 * connection: the host may answer with a challenge ACK. */
tcpt_ct_rst_course tcpt_ct_judge_rst(const tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet,
                                     tcpt_ct_rules rules, uint8_t *next);

#endif
