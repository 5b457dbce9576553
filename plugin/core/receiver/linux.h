/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What Linux does in a synchronised state. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_RECEIVER_LINUX_H
#define TCPTRIAGE_CORE_RECEIVER_LINUX_H

#include "core/receiver/reception.h"

/** A segment other than a RST in a synchronised state, for a socket whose application has not gone. */
void tcpt_judge_linux(tcpt_receiver_view *view, const tcpt_reception *at);

#endif
