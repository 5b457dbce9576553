/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/stow_content.h"

#include <glib.h>
#include <string.h>

/* Times that lie near each other have the upper half in common, and so have addresses; some are nearly always equal. */
typedef struct pair {
    uint8_t part;
    uint8_t like;
} pair;

#define LIKE(member, other)                                                                                            \
    {                                                                                                                  \
        TCPT_STOW_PART_OF(member), TCPT_STOW_PART_OF(other)                                                            \
    }

/* Of both ends; where there is a better one for one of them it comes later. */
#define END_LIKE(member, other) LIKE(flow.ends[0].member, other), LIKE(flow.ends[1].member, other)
#define WITHIN_END(member, other)                                                                                      \
    LIKE(flow.ends[0].member, flow.ends[0].other), LIKE(flow.ends[1].member, flow.ends[1].other)
#define LIKE_OTHER_END(member) LIKE(flow.ends[1].member, flow.ends[0].member)

#define STEP_LIKE(number, other_ns)                                                                                    \
    LIKE(ends[0].ack_steps[number].time_ns, flow.other_ns), LIKE(ends[1].ack_steps[number].time_ns, flow.other_ns)

#define STEP_ACK_LIKE(number)                                                                                          \
    LIKE(ends[0].ack_steps[number].ack, flow.ends[0].rcv_nxt), LIKE(ends[1].ack_steps[number].ack, flow.ends[1].rcv_nxt)

/* Of the time. */
#define SEEN_LIKE_NEWEST(number) LIKE(flow.seen[number], flow.seen_newest)

#define ENTRY tracker.models.current

#define TROUBLE_LIKE(member, other) LIKE(ends[0].trouble.member, other), LIKE(ends[1].trouble.member, other)

static const pair pairs[] = {
    LIKE(flow.last_record, flow.at),
    LIKE(flow.memory, flow.at),
    LIKE(flow.record, flow.last_record),
    LIKE(flow.first_ns, flow.last_ns),
    LIKE(flow.first_ack_record, flow.record),
    SEEN_LIKE_NEWEST(0),
    SEEN_LIKE_NEWEST(1),
    SEEN_LIKE_NEWEST(2),
    SEEN_LIKE_NEWEST(3),
    SEEN_LIKE_NEWEST(4),
    SEEN_LIKE_NEWEST(5),
    SEEN_LIKE_NEWEST(6),
    SEEN_LIKE_NEWEST(7),
    LIKE(flow.first_ack_ns, flow.first_ns),

    END_LIKE(unanswered_ns, flow.last_ns),
    END_LIKE(timed_ns, flow.first_ns),
    END_LIKE(payload_ns, flow.last_ns),
    END_LIKE(last_ns, flow.last_ns),
    END_LIKE(last_record, flow.last_record),
    END_LIKE(host, flow.at),
    END_LIKE(syn_ns, flow.first_ns),
    END_LIKE(fin_acked_ns, flow.last_ns),
    END_LIKE(fin_acked_record, flow.last_record),
    WITHIN_END(timed_end, snd_nxt),
    WITHIN_END(tsval_ns, last_ns),
    WITHIN_END(ts_echoed, tsval_highest),
    WITHIN_END(payload_record, last_record),
    WITHIN_END(unanswered_record, last_record),
    WITHIN_END(round_ns, last_ns),
    WITHIN_END(idle_before_ns, rtt_ns),
    WITHIN_END(ack_steps, last_record),
    WITHIN_END(max_wnd, snd_nxt),
    WITHIN_END(syn_count, tsval_highest),
    WITHIN_END(rst_ns, last_ns),
    WITHIN_END(rst_count, snd_nxt),
    WITHIN_END(rcv_edge, rcv_nxt),
    WITHIN_END(pure_ack.ack, rcv_nxt),
    WITHIN_END(fin_end, snd_nxt),
    WITHIN_END(fin_ns, last_ns),
    WITHIN_END(fin_last_ns, fin_ns),
    WITHIN_END(fin_record, last_record),
    WITHIN_END(rst_record, last_record),
    WITHIN_END(said_record, last_record),
    LIKE_OTHER_END(rcv_nxt),
    LIKE_OTHER_END(rtt_ns),
    LIKE_OTHER_END(tsval_highest),
    LIKE_OTHER_END(segment_count),
    LIKE_OTHER_END(ip_id),
    LIKE_OTHER_END(ack_step_count),
    LIKE_OTHER_END(checksums_unexplained),
    LIKE_OTHER_END(reset),
    LIKE_OTHER_END(fin_second),

    LIKE(flow.acks_first_ns, flow.last_ns),
    LIKE(flow.acks_first, flow.last_record),
    LIKE(flow.previous, flow.record),
    LIKE(flow.port_free_ns, flow.last_ns),
    LIKE(flow.again, flow.last_record),
    LIKE(flow.found, flow.last_record),
    LIKE(flow.twin, flow.last_record),

    LIKE(ENTRY.expires_ns, flow.last_ns),
    LIKE(ENTRY.sides[TCPT_CT_ORIGINAL].end, flow.ends[0].snd_nxt),
    LIKE(ENTRY.sides[TCPT_CT_ORIGINAL].max_win, flow.ends[1].max_wnd),
    LIKE(ENTRY.sides[TCPT_CT_ORIGINAL].scale, flow.ends[1].max_wnd), /* and the other side's end */
    LIKE(ENTRY.sides[TCPT_CT_REPLY].max_end, flow.ends[1].rcv_nxt),
    LIKE(ENTRY.sides[TCPT_CT_REPLY].max_ack, flow.ends[1].rcv_nxt),
    LIKE(ENTRY.last_seq, flow.ends[1].snd_nxt),
    LIKE(ENTRY.last_end, flow.ends[0].rcv_nxt),

    TROUBLE_LIKE(provoked.record, flow.last_record),
    TROUBLE_LIKE(provoked.time_ns, flow.last_ns),
    TROUBLE_LIKE(refused.record, flow.last_record),
    TROUBLE_LIKE(refused.time_ns, flow.last_ns),
    TROUBLE_LIKE(damages, flow.last_record),
    TROUBLE_LIKE(limited_ns, flow.last_ns),
    STEP_LIKE(0, first_ack_ns),
    STEP_LIKE(1, last_ns),
    STEP_LIKE(2, last_ns),
    STEP_LIKE(3, last_ns),
    STEP_ACK_LIKE(0),
    STEP_ACK_LIKE(1),
    STEP_ACK_LIKE(2),
    STEP_ACK_LIKE(3),
    LIKE(toward.at[0].record, flow.last_record),
    LIKE(toward.at[0].time_ns, flow.last_ns),
    LIKE(toward.at[1].record, flow.last_record),
    LIKE(toward.at[1].time_ns, flow.last_ns),
};

/* Where pointers have 32 bits two members may share a part, and such a pair says nothing. */
void tcpt_stow_alike(uint8_t like[TCPT_STOW_PARTS])
{
    memset(like, 0, TCPT_STOW_PARTS);
    for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++)
        if (pairs[i].like < pairs[i].part)
            like[pairs[i].part] = pairs[i].like;
}
