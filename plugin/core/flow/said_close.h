/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What payload says about closing. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_SAID_CLOSE_H
#define TCPTRIAGE_CORE_FLOW_SAID_CLOSE_H

#include "tcptriage/flow.h"

/** Note the payload that a sender added: what it says about closing, and whether it asks for an answer. */
void tcpt_read_payload(tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment,
                       tcpt_record *record);

#endif
