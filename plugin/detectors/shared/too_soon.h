/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Answers that come sooner than the host that they name can give them (rule K.3).
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_TOO_SOON_H
#define TCPTRIAGE_DETECTORS_SHARED_TOO_SOON_H

#include "tcptriage/detector.h"

/** Whether the context's segment answers what the other end has sent so much sooner than its sender ever did before
 * that no host so far away has sent it. */
bool tcpt_answers_too_soon(const tcpt_context *context);

/** The same of a RST, where that sender had answered payload before: then not only its handshake was slow, which may
 * have paid for ARP or a sleeping radio. In the middle of a stream it may be drawn by what was sent a round trip
 * before: it has to acknowledge what was sent since, or to come behind a silence. */
bool tcpt_resets_too_soon(const tcpt_context *context);

#endif
