/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The same connection under both rule sets: judge, then commit. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_TRACKER_MODELS_H
#define TCPTRIAGE_CORE_TRACKER_MODELS_H

#include "core/tracker/entry.h"
#include "core/tracker/packet.h"

/** The same connection under both rule sets. They keep one entry as long as theirs are alike, which in most connections
 * is for ever. All zero to begin with. */
typedef struct tcpt_ct_models {
    tcpt_ct_entry current;
    tcpt_ct_entry *old; /**< of the rules before 5.18 where it differs, else NULL; owned */
} tcpt_ct_models;

/** What becomes of the entries by a packet; they themselves stay as they are until it is committed. */
typedef struct tcpt_ct_proposal {
    bool short_way[TCPT_CT_RULE_SETS];     /**< the entry takes the packet by the short way; else it becomes `next` */
    bool parted;                           /**< there are two entries afterwards, as long as they differ */
    tcpt_ct_entry next[TCPT_CT_RULE_SETS]; /**< one, or two if parted */
} tcpt_ct_proposal;

/** tcpt_ct_judge() under both rule sets, at hardly more than the price of one. */
void tcpt_ct_judge_both(const tcpt_ct_models *models, const tcpt_ct_packet *packet, tcpt_ct_proposal *proposal,
                        tcpt_ct_result results[TCPT_CT_RULE_SETS]);

/** Let the entries become what was proposed for a packet. */
void tcpt_ct_commit(tcpt_ct_models *models, const tcpt_segment *segment, unsigned from,
                    const tcpt_ct_proposal *proposal);

/** Forget both entries, and free what the models own. */
void tcpt_ct_clear(tcpt_ct_models *models);

#endif
