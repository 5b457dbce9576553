/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proof.h"

#include "compat.h"
#include "feed.h"
#include "fields.h"
#include "frames.h"
#include "tcptriage/points.h"
#include "tcptriage/segment.h"

/* What a frame is to a finding that names it in a field of its own. */
static const struct {
    tcpt_field field;
    const char *role;
} roles[] = {
    {TCPT_F_RST_RESOLVED_IN, "the exact one"},
    {TCPT_F_STORM_ACKED_IN, "which acknowledges it"},
    {TCPT_F_STORM_FIRST, "the first sent again"},
    {TCPT_F_STORM_IGNORED_ACK, "which had no effect"},
    {TCPT_F_ECN_REFUSED_IN, "with ECN"},
    {TCPT_F_SYNACK_RESET_IN, "in answer to the SYN-ACK"},
    {TCPT_F_TUPLE_OF_FRAME, "of the connection that goes on"},
    {TCPT_F_TIMESTAMPS_FIRST, "the first without timestamps"},
};

static const char *role_of(const tcpt_finding *finding, const tcpt_record *proof)
{
    tcpt_value value;

    for (unsigned i = 0; i < G_N_ELEMENTS(roles); i++)
        if (tcpt_value_of(finding, roles[i].field, &value) && value.number == proof->frame)
            return roles[i].role;
    return NULL;
}

static const char *what_it_is(const tcpt_record *record)
{
    if (record->icmp)
        return "ICMP error about a segment";
    if (record->shape & TCPT_RST)
        return "RST";
    if (record->shape & TCPT_SYN)
        return record->shape & TCPT_ACK ? "SYN-ACK" : "SYN";
    if (record->shape & TCPT_FIN)
        return record->shape & TCPT_HAS_PAYLOAD ? "data with FIN" : "FIN";
    if (record->shape & TCPT_HAS_PAYLOAD)
        return "data";
    return record->shape & TCPT_ACK ? "ACK" : "segment";
}

/* Of other flows are: the same connection at another capture point, its ports' previous life, other connections. */
static void append_where(proto_item *item, const tcpt_finding *finding, const tcpt_record *proof)
{
    const tcpt_flow *flow = tcpt_flow_of(proof);

    if (flow == tcpt_flow_of(finding->on))
        return;
    if (flow->at != tcpt_flow_of(finding->on)->at)
        proto_item_append_text(item, ", at %s", flow->at->name);
    else
        proto_item_append_text(item, ", of another connection");
}

static void describe(proto_item *item, const tcpt_finding *finding, const tcpt_record *proof)
{
    const char *role = role_of(finding, proof);

    proto_item_append_text(item, ", the %s's %s", proof->from == tcpt_flow_of(proof)->client ? "client" : "server",
                           what_it_is(proof));
    if (role)
        proto_item_append_text(item, ", %s", role);
    append_where(item, finding, proof);
}

void tcpt_add_proofs(const tcpt_stage *stage, proto_tree *tree, const tcpt_finding *finding)
{
    const tcpt_diagnosis *diagnosis = finding->diagnosis;

    for (uint32_t i = 0; i < diagnosis->related_count; i++) {
        const tcpt_record *proof = diagnosis->related[i];
        proto_item *item = tcpt_add_frame(stage, tree, TCPT_HF_RELATED_FRAME, proof->frame);

        if (item && stage->visible)
            describe(item, finding, proof);
    }
}

void tcpt_add_evidence(const tcpt_stage *stage, const tcpt_finding *finding)
{
    uint32_t shown = tcpt_frames_shown(finding->on->frame);

    if (!stage->visible)
        tcpt_add_frame(stage, stage->tree, TCPT_HF_EVIDENCE_FOR, finding->on->frame);
    else if (shown)
        proto_item_set_generated(proto_tree_add_uint_format(stage->tree, tcpt_hf[TCPT_HF_EVIDENCE_FOR], stage->tvb, 0,
                                                            0, shown, "Evidence for frame %u: %s", shown,
                                                            tcpt_shown_text(stage, tcpt_brief_text(finding))));
}
