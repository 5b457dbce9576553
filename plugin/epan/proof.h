/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Frames that prove a finding: links from the finding to them and back, each of which says what is there.
 */
#ifndef TCPTRIAGE_EPAN_PROOF_H
#define TCPTRIAGE_EPAN_PROOF_H

#include "items.h"

/** The frames that prove a finding: "Related frame: 12, the client's RST". */
void tcpt_add_proofs(const tcpt_stage *stage, proto_tree *tree, const tcpt_finding *finding);

/** On a frame that proves a finding: which one. */
void tcpt_add_evidence(const tcpt_stage *stage, const tcpt_finding *finding);

#endif
