/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The window check: is a packet within what the other side allowed? Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_TRACKER_WINDOW_H
#define TCPTRIAGE_CORE_TRACKER_WINDOW_H

#include "core/tracker/entry.h"
#include "core/tracker/packet.h"

/** What the window check says. */
typedef enum tcpt_ct_fit { TCPT_CT_FITS, TCPT_CT_FIT_IGNORE, TCPT_CT_FIT_INVALID } tcpt_ct_fit;

/** Read the options of a SYN into a side; a header without options changes nothing (tcp_options()). */
void tcpt_ct_read_options(tcpt_ct_side *side, const tcpt_ct_packet *packet);

/**
 * Check a packet against the windows and take it into them (tcp_in_window()).
 *
 * @param dir     of the packet
 * @param result  reason and scale_reset are set
 */
tcpt_ct_fit tcpt_ct_window(tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet, tcpt_ct_rules rules,
                           tcpt_ct_result *result);

/** Whether an ACK without SYN, FIN, RST and SACK blocks lies within both windows. Nothing is changed. */
bool tcpt_ct_fits_window(const tcpt_ct_entry *entry, unsigned dir, const tcpt_segment *segment);

/** Take such an ACK into the windows. */
void tcpt_ct_learn(tcpt_ct_entry *entry, unsigned dir, const tcpt_segment *segment);

/** The same two for a RST without SACK blocks, of an entry that is beyond the handshake. */
bool tcpt_ct_rst_fits_window(const tcpt_ct_entry *entry, unsigned dir, const tcpt_segment *segment);
void tcpt_ct_learn_rst(tcpt_ct_entry *entry, unsigned dir, const tcpt_segment *segment);

#endif
