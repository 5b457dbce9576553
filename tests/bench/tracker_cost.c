/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tracker_cost KIND SEGMENTS: send segments of one connection through both tracker models; for valgrind.
 *
 * KIND: alike (both rule sets share an entry); parted (the old rules have lost the server's window scale in the
 * handshake; the server sends); refused (the same, and the client sends beyond what the old rules think allowed). */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/tracker/models.h"

typedef struct conversation {
    tcpt_ct_models models;
    uint32_t next[2];
    int64_t now_ns;
    unsigned invalid; /**< by the old rules */
} conversation;

static void say(conversation *all, unsigned from, uint8_t flags, uint32_t payload_bytes)
{
    tcpt_segment segment = {
        .time_ns = all->now_ns += 100000,
        .seq = all->next[from],
        .ack = flags & TCPT_ACK ? all->next[!from] : 0,
        .flags = flags,
        .header_bytes = 32,
        .window = 501,
        .payload_bytes = payload_bytes,
        .options = TCPT_OPTION_TIMESTAMPS | (flags & TCPT_SYN ? TCPT_OPTION_WSCALE | TCPT_OPTION_SACK_PERMITTED : 0),
        .wscale = flags & TCPT_SYN ? 7 : 0,
    };
    tcpt_ct_result results[TCPT_CT_RULE_SETS];
    tcpt_ct_proposal proposal;
    tcpt_ct_packet packet;
    segment.end_seq = segment.seq + payload_bytes + !!(flags & TCPT_SYN);
    packet = tcpt_ct_packet_of(&segment, from, false);
    tcpt_ct_judge_both(&all->models, &packet, &proposal, results);
    tcpt_ct_commit(&all->models, &segment, from, &proposal);
    all->invalid += results[TCPT_CT_BEFORE_5_18].verdict == TCPT_CT_INVALID;
    all->next[from] = segment.end_seq;
}

int main(int argc, char **argv)
{
    conversation all = {.now_ns = 1};
    const char *kind = argc > 1 ? argv[1] : "";
    unsigned segments = argc > 2 ? (unsigned)atol(argv[2]) : 0;
    bool alike = !strcmp(kind, "alike"), refused = !strcmp(kind, "refused");
    if (!alike && !refused && strcmp(kind, "parted") != 0) {
        fprintf(stderr, "tracker_cost alike|parted|refused SEGMENTS\n");
        return 2;
    }
    say(&all, 0, TCPT_SYN, 0);
    say(&all, 1, TCPT_SYN | TCPT_ACK, 0);
    if (!alike)
        say(&all, 1, TCPT_ACK, 1000); /* before the client's first ACK */
    say(&all, 0, TCPT_ACK, 0);
    all.invalid = 0;
    for (unsigned i = 0; i < segments; i++)
        say(&all, (i % 3 != 2) != refused, TCPT_ACK, i % 3 == 2 ? 0 : 1448);
    if ((all.models.old == NULL) != alike || (all.invalid > 0) != (refused && segments > 0)) {
        fprintf(stderr, "tracker_cost: not what was to be measured\n");
        return 1;
    }
    tcpt_ct_clear(&all.models);
    return 0;
}
