/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP errors: they tell of the flow whose packet they quote, and change none of its states. */
#include "tcptriage/analysis.h"

#include "core/state.h"

/* What it quotes, as a segment: no more of it is known. */
static tcpt_segment quoted(const tcpt_icmp *icmp)
{
    return (tcpt_segment){
        .time_ns = tcpt_time_moved(icmp->time_ns),
        .frame = icmp->frame,
        .point = icmp->point,
        .depth = icmp->depth,
        .family = icmp->family,
        .src = icmp->src,
        .dst = icmp->dst,
        .src_port = icmp->src_port,
        .dst_port = icmp->dst_port,
        .seq = icmp->seq,
        .end_seq = icmp->seq,
    };
}

/* The packet that it quotes, among the newest of the flow, or NULL. */
static tcpt_record *quoted_record(const tcpt_analysis *analysis, const tcpt_flow *flow, unsigned from, uint16_t ip_id)
{
    for (unsigned i = 0; ip_id && i < TCPT_FINGERPRINTS; i++) {
        const tcpt_fingerprint *seen = tcpt_seen_at(flow, i);
        tcpt_record *record;

        if (!seen->hash || seen->ip_id != ip_id)
            continue;
        record = tcpt_records_at(&analysis->records, seen->record);
        if (tcpt_flow_of(record) == flow && record->from == from)
            return record;
    }
    return NULL;
}

tcpt_record *tcpt_analyse_icmp(tcpt_analysis *analysis, const tcpt_icmp *icmp)
{
    tcpt_segment segment = quoted(icmp);
    tcpt_observation seen = {.traits = TCPT_TRAIT_ICMP, .icmp = icmp};
    tcpt_flow_key key;
    tcpt_record *record;
    tcpt_flow *flow;

    seen.from = (uint8_t)tcpt_flow_key_of(&key, &segment);
    if (!analysis->settings.capture_points)
        key.point = 0;
    flow = tcpt_flow_owning(tcpt_flows_find(analysis->flows, &key, tcpt_key_hash(&key)));
    if (!flow || !flow->last_record || !tcpt_in_flight(flow, seen.from, icmp->seq))
        return NULL;
    seen.quoted = quoted_record(analysis, flow, seen.from, icmp->ip_id);
    record = tcpt_records_add_icmp(&analysis->records, flow, icmp->frame, seen.from);
    analysis->generation++;
    analysis->records.held++;
    analysis->icmp_errors++;
    tcpt_dispatch_judge(&analysis->dispatch, flow, &segment, &seen, record);
    tcpt_flow_commit_icmp(flow, seen.from, icmp, segment.time_ns, record);
    if (analysis->scenes)
        tcpt_scenes_note(analysis->scenes, flow, &segment, &seen, record);
    return record;
}
