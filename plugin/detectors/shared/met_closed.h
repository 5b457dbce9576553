/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Payload that reaches a side that had closed: what data_after_close and request_after_close share.
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_MET_CLOSED_H
#define TCPTRIAGE_DETECTORS_SHARED_MET_CLOSED_H

#include "tcptriage/detector.h"

/** Whether a RST of a side that had sent its FIN answers the other side's newest payload. */
bool tcpt_refuses_payload(const tcpt_context *context);

#endif
