/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tracker model behind a pipe: IPv4 packets in, what both rule sets make of them out. For tests/oracle/tracker.py.
 *
 * Request (host order): slot u32, end that sends u8, begin afresh u8, bytes u16, time ns i64, then the packet.
 * Answer: struct answer. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/tracker/judge.h"
#include "core/tracker/models.h"

enum { SLOTS = 1 << 16, IP_HEADER_BYTES = 20 };

struct request {
    uint32_t slot;
    uint8_t from;
    uint8_t afresh;
    uint16_t bytes;
    int64_t time_ns;
};

struct answer {
    uint8_t verdict, state, initiator, seen_reply, assured;
    uint8_t flags[2], scale[2];
    uint8_t old_verdict, old_state;
    uint8_t inconsistent; /* both rule sets together gave something else than each alone */
    int32_t left_seconds;
    uint32_t end[2], max_end[2], max_win[2], max_ack[2];
    uint32_t last_end, last_ack;
    char reason[TCPT_CT_REASON_BYTES], old_reason[TCPT_CT_REASON_BYTES];
};

static tcpt_ct_entry entries[SLOTS][TCPT_CT_RULE_SETS]; /* each judged by itself */
static tcpt_ct_models together[SLOTS];                  /* both together: must be the same */

static void describe(struct answer *answer, const tcpt_ct_entry *entry, int64_t time_ns)
{
    answer->initiator = entry->initiator;
    answer->seen_reply = entry->seen_reply;
    answer->assured = entry->assured;
    answer->left_seconds = entry->state ? (int32_t)((entry->expires_ns - time_ns) / 1000000000) : 0;
    for (unsigned dir = 0; dir < 2; dir++) {
        const tcpt_ct_side *side = &entry->sides[dir];

        answer->flags[dir] = side->flags;
        answer->scale[dir] = side->scale;
        answer->end[dir] = side->end;
        answer->max_end[dir] = side->max_end;
        answer->max_win[dir] = side->max_win;
        answer->max_ack[dir] = side->max_ack;
    }
    answer->last_end = entry->last_end;
    answer->last_ack = entry->last_ack;
}

static bool same(const tcpt_ct_result *a, const tcpt_ct_result *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void judge(struct answer *answer, const struct request *request, const uint8_t *datagram)
{
    tcpt_segment segment = {.time_ns = request->time_ns, .family = 4, .src = datagram + 12, .dst = datagram + 16};
    tcpt_ct_entry *alone = entries[request->slot % SLOTS];
    tcpt_ct_models *models = &together[request->slot % SLOTS];
    uint32_t bytes = request->bytes - IP_HEADER_BYTES;
    tcpt_ct_result current = {TCPT_CT_INVALID, TCPT_CT_TRUNCATED, 0, false}, old = current, both[TCPT_CT_RULE_SETS];
    tcpt_ct_proposal proposal;
    tcpt_ct_packet packet;

    current.state = old.state = alone[0].state && request->time_ns < alone[0].expires_ns
                                    ? alone[0].state
                                    : TCPT_CT_NONE; /* truncated: not judged */
    if (tcpt_segment_parse(&segment, datagram + IP_HEADER_BYTES, bytes, bytes)) {
        tcpt_segment_check(&segment, datagram + IP_HEADER_BYTES, bytes, bytes, 0);
        packet = tcpt_ct_packet_of(&segment, request->from, segment.checksum_is != TCPT_CHECKSUM_GOOD);
        current = tcpt_ct_judge(&alone[TCPT_CT_CURRENT], &packet, TCPT_CT_CURRENT);
        old = tcpt_ct_judge(&alone[TCPT_CT_BEFORE_5_18], &packet, TCPT_CT_BEFORE_5_18);
        tcpt_ct_judge_both(models, &packet, &proposal, both);
        tcpt_ct_commit(models, &segment, request->from, &proposal);
        answer->inconsistent = !same(&both[0], &current) || !same(&both[1], &old);
    }
    answer->verdict = current.verdict;
    answer->state = current.state - TCPT_CT_NONE;
    answer->old_verdict = old.verdict;
    answer->old_state = old.state - TCPT_CT_NONE;
    tcpt_ct_reason_text(current.reason, TCPT_CT_CURRENT, answer->reason);
    tcpt_ct_reason_text(old.reason, TCPT_CT_BEFORE_5_18, answer->old_reason);
    describe(answer, &alone[TCPT_CT_CURRENT], request->time_ns);
}

int main(void)
{
    static uint8_t datagram[UINT16_MAX + 1];
    struct request request;

    while (fread(&request, sizeof request, 1, stdin) == 1) {
        struct answer answer = {0};

        if (request.bytes < IP_HEADER_BYTES || fread(datagram, request.bytes, 1, stdin) != 1)
            return 1;
        if (request.afresh) {
            memset(entries[request.slot % SLOTS], 0, sizeof entries[0]);
            tcpt_ct_clear(&together[request.slot % SLOTS]);
        }
        judge(&answer, &request, datagram);
        if (fwrite(&answer, sizeof answer, 1, stdout) != 1 || fflush(stdout) != 0)
            return 1;
    }
    return 0;
}
