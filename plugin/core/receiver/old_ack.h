/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Acknowledgments of long ago. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_RECEIVER_OLD_ACK_H
#define TCPTRIAGE_CORE_RECEIVER_OLD_ACK_H

#include "core/receiver/reception.h"

/** An acknowledgment older than the largest window, or than all that was ever acknowledged: a blind attacker's (RFC
 * 5961, section 5.2). @return true when that has decided it */
bool tcpt_judge_old_ack(tcpt_receiver_view *view, const tcpt_reception *at);

#endif
