/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a receiver in a synchronised state does with a segment. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_RECEIVER_SYNCHRONISED_H
#define TCPTRIAGE_CORE_RECEIVER_SYNCHRONISED_H

#include "core/receiver/reception.h"

/** A segment other than a RST in a synchronised state (ESTABLISHED and later, TIME-WAIT excepted). */
void tcpt_judge_synchronised(tcpt_receiver_view *view, const tcpt_reception *at);

#endif
