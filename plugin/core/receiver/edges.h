/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a receiver does with a segment before it is synchronised and after it has closed. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_RECEIVER_EDGES_H
#define TCPTRIAGE_CORE_RECEIVER_EDGES_H

#include "core/receiver/reception.h"

/** A segment, RST included, for SYN-SENT, SYN-RECEIVED and TIME-WAIT. */
void tcpt_judge_syn_sent(tcpt_receiver_view *view, const tcpt_reception *at);
void tcpt_judge_syn_received(tcpt_receiver_view *view, const tcpt_reception *at);
void tcpt_judge_time_wait(tcpt_receiver_view *view, const tcpt_reception *at);

/** A segment other than a RST for the small entry that Linux keeps of FIN-WAIT-2 when the application has gone. */
void tcpt_judge_fin_wait_2_entry(tcpt_receiver_view *view, const tcpt_reception *at);

#endif
