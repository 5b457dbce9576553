/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The flow's own functions: opening a life, advancing it. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_FLOW_H
#define TCPTRIAGE_CORE_FLOW_FLOW_H

#include "tcptriage/observation.h"
#include "tcptriage/segment.h"
#include "tcptriage/settings.h"
#include "tcptriage/times.h"

/** Fill a key from a segment. @return index of the end that sent it. */
unsigned tcpt_flow_key_of(tcpt_flow_key *key, const tcpt_segment *segment);

/** Whether a segment opens the 4-tuple's next life. */
bool tcpt_flow_ends_before(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

/** Set up a flow (zeroed, key filled) for its first segment. */
void tcpt_flow_open(tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

/** Free what the flow owns, not the flow. */
void tcpt_flow_clear(tcpt_flow *flow);

/** What an end has instead of trouble. */
extern const tcpt_trouble tcpt_no_trouble;

/** An end's trouble, to be written to: made when it has none yet. */
tcpt_trouble *tcpt_trouble_of(tcpt_endpoint *end);

/**
 * Whether the segment is the second copy of a packet captured before; remembers it otherwise.
 *
 * @param behind  set on success: how many segments of the flow, copies not counted, lie between the packet and its copy
 */
bool tcpt_flow_is_copy(tcpt_flow *flow, const tcpt_segment *segment, unsigned from, unsigned *behind);

/** Judge a segment against its flow. `tolerance_ns`: how far the capture's clock has been seen to step back. */
void tcpt_observe(tcpt_observation *seen, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from,
                  const tcpt_settings *settings, int64_t tolerance_ns);

/** Whether a FIN seen before is sent again for want of an ACK. A stack in FIN-WAIT-1 may also put the FIN on every ACK
 * of new data: those come sooner than any timer, with another ACK number, and do not count. */
bool tcpt_fin_sent_again(const tcpt_endpoint *sender, const tcpt_segment *segment);

/** Take the segment into the flow's state: the only writer. */
void tcpt_flow_advance(tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen, tcpt_record *record);

/** Note the payload that a sender added: what it says about closing. */
void tcpt_read_payload(tcpt_endpoint *sender, const tcpt_segment *segment, tcpt_record *record);

#endif
