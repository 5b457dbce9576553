/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A FIN that is only inferred: an ACK one beyond the last byte captured, the FIN itself not in the capture. A
 * hypothesis, as a byte may be missing there instead, or the ACK be wrong. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_INFERRED_FIN_H
#define TCPTRIAGE_CORE_FLOW_INFERRED_FIN_H

#include "tcptriage/observation.h"

/** Whether an ACK makes one infer the FIN of the end that it is sent to. Never again where that was refuted once. */
bool tcpt_infers_fin(const tcpt_endpoint *receiver, uint32_t ack);

/** Whether a segment of the end whose FIN is inferred says at once that its SND.NXT is still the FIN's number: what
 * acknowledged one more was wrong (RFC 9293, section 3.10.7.4: such an ACK is answered with an ACK). Later it would be
 * a keep-alive probe, one below. */
bool tcpt_denies_fin(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

/** Withdraw the inferred FIN of the segment's sender where the segment refutes it. Before the segment's numbers are
 * taken in. */
void tcpt_commit_inferred_fin(tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

/** Forget that a sender's FIN was acknowledged: it was not the FIN. */
void tcpt_refute_fin(tcpt_flow *flow, unsigned from);

#endif
