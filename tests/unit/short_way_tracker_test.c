/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tracker's rule sets side by side, against each on its own. */
#include <glib.h>

#include "core/tracker/judge.h"
#include "core/tracker/tracker.h"
#include "same.h"
#include "ways.h"

static void same_verdict(const tcpt_ct_result *a, const tcpt_ct_result *b)
{
    g_assert_cmpuint(a->verdict, ==, b->verdict);
    g_assert_cmpuint(a->reason, ==, b->reason);
    g_assert_cmpuint(a->state, ==, b->state);
    g_assert_true(a->scale_reset == b->scale_reset);
}

static void track(tcpt_ct_models *models, tcpt_ct_entry alone[TCPT_CT_RULE_SETS], const tcpt_segment *segment,
                  unsigned from)
{
    tcpt_ct_packet packet = tcpt_ct_packet_of(segment, from, segment->checksum_is == TCPT_CHECKSUM_WRONG);
    tcpt_ct_models before = *models;
    tcpt_ct_entry old_before = models->old ? *models->old : models->current;
    tcpt_ct_proposal proposal;
    tcpt_ct_result results[TCPT_CT_RULE_SETS];
    tcpt_ct_judge_both(models, &packet, &proposal, results);
    same_bytes(models, &before, sizeof before); /* a proposal changes nothing */
    same_bytes(models->old ? models->old : &models->current, &old_before, sizeof old_before);
    tcpt_ct_commit(models, segment, from, &proposal);
    for (unsigned rules = 0; rules < TCPT_CT_RULE_SETS; rules++) {
        tcpt_ct_result expected = tcpt_ct_judge(&alone[rules], &packet, (tcpt_ct_rules)rules);
        same_verdict(&results[rules], &expected);
    }
    same_bytes(&models->current, &alone[TCPT_CT_CURRENT], sizeof models->current);
    same_bytes(models->old ? models->old : &models->current, &alone[TCPT_CT_BEFORE_5_18], sizeof models->current);
}

/** The i-th segment of a conversation: handshake, the server's data before the client's first ACK where it is `early`,
 * then anything. */
static tcpt_segment nth(talk *all, unsigned i, bool early, unsigned *from)
{
    bool ordinary = i > 2 || !one_in(6); /* else perhaps crossed, or sent again */
    uint8_t flags = i > 1 ? TCPT_ACK : i ? TCPT_SYN | TCPT_ACK : TCPT_SYN;
    uint32_t payload_bytes = one_in(3) ? 0 : (uint32_t)g_test_rand_int_range(1, 3000);
    tcpt_segment segment;
    *from = i == 1 || (i == 2 && early) || (i > 2 && one_in(2));
    if (!ordinary) {
        *from = one_in(2);
        flags = one_in(2) ? TCPT_SYN : flags;
    }
    segment = plain(all, *from, flags, flags & TCPT_SYN ? 0 : payload_bytes);
    if ((i > 2 || !ordinary) && one_in(all->oddness))
        make_odd(all, &segment);
    segment.end_seq = segment.seq + segment.payload_bytes + !!(segment.flags & TCPT_SYN) + !!(segment.flags & TCPT_FIN);
    return segment;
}

/* Data of the server before the client's first ACK is what makes the old rules forget a scale. Behind one in so many
 * segments comes a RST, perhaps behind a SYN that is let pass. */
static void test_tracker(gconstpointer data)
{
    unsigned parted = 0, segments = 0, rst_every = GPOINTER_TO_UINT(data);
    for (unsigned round = 0; round < 2000; round++) {
        tcpt_ct_models models = {0};
        tcpt_ct_entry alone[TCPT_CT_RULE_SETS] = {0};
        talk all = new_talk(round % 4 ? 20 : 0);
        all.timestamps = true;
        for (unsigned i = 0; i < 60; i++) {
            unsigned from;
            tcpt_segment segment = nth(&all, i, round % 2, &from);
            track(&models, alone, &segment, from);
            all.next[from] = segment.end_seq;
            all.last = segment;
            parted += models.old != NULL;
            segments++;
            if (!one_in(rst_every))
                continue;
            if (one_in(4)) {
                tcpt_segment syn = plain(&all, 0, TCPT_SYN, 0);
                syn.end_seq = syn.seq + 1;
                track(&models, alone, &syn, 0);
                segment.ack = one_in(2) ? syn.end_seq : segment.ack;
            }
            segment.flags = one_in(2) ? TCPT_RST : TCPT_RST | TCPT_ACK;
            segment.payload_bytes = segment.sack_count = 0;
            segment.seq = segment.end_seq += one_in(8) ? 0 : near_zero();
            track(&models, alone, &segment, from);
        }
        tcpt_ct_clear(&models);
    }
    g_test_message("%u of %u with entries of their own", parted, segments);
    g_assert_cmpuint(parted * 10, >, segments);
    g_assert_cmpuint(parted * 10, <, segments * 9);
}

void add_tracker_tests(void)
{
    g_test_add_data_func("/short_way/tracker", GUINT_TO_POINTER(0), test_tracker);
    g_test_add_data_func("/short_way/tracker-and-rst", GUINT_TO_POINTER(4), test_tracker);
}
