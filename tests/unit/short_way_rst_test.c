/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floods of RSTs, with other segments in between: each is judged as the long way judges it. */
#include <glib.h>

#include "core/flow/flow.h"
#include "core/flow/rst_again.h"
#include "core/tracker/tracker.h"
#include "ways.h"

enum { WITHIN_SENT = 6 }; /* after shrink(): in the window that is left, and before what was sent */

/** Where the next one of a flood lies: the kinds of places, most often one kind for long. */
static uint32_t beside(const talk *all, unsigned from, unsigned kind)
{
    switch (kind) {
    case 0:
        return all->next[from] + (uint32_t)g_test_rand_int_range(1, 60000);
    case 1:
        return all->next[from] + 77;
    case 2:
        return all->next[from];
    case 3:
        return all->next[from] - (uint32_t)g_test_rand_int_range(1, 70000);
    case 4:
        return all->next[from] + (uint32_t)g_test_rand_int_range(65000, 70000);
    case WITHIN_SENT:
        return all->next[from] - (uint32_t)g_test_rand_int_range(1, 3000);
    default:
        return all->next[from] + near_zero();
    }
}

static void pause_before(talk *all)
{
    static const int64_t pauses[] = {90000000, 400000000, 495000000, 900000000, 1500000000, 40000000000, 400000000000};

    all->now_ns += pauses[g_test_rand_int_range(0, G_N_ELEMENTS(pauses))];
}

static void shoot(both *ways, talk *all, const tcpt_flow **flow, unsigned from, unsigned kind, uint8_t flags)
{
    tcpt_segment segment = plain(all, from, flags, 0);

    segment.seq = beside(all, from, one_in(50) ? (unsigned)g_test_rand_int_range(0, 6) : kind);
    segment.window = (uint16_t)(one_in(60) ? 0 : 501);
    if (one_in(40))
        segment.ip_id = all->last.ip_id;
    if (one_in(60))
        make_odd(all, &segment);
    segment.end_seq = segment.seq;
    if (*flow && tcpt_rst_comes_again(*flow, &segment, from)) {
        ways->again++;
        ways->tracked += tcpt_tracks_rst_again(*flow, &segment, from);
    }
    say(ways, all, flow, segment, from);
}

/** The receiver of the flood says what it holds behind a gap: a RST there is one that it takes (tcp_validate_incoming).
 */
static void hold_above(both *ways, talk *all, const tcpt_flow **flow, unsigned from)
{
    tcpt_segment segment = plain(all, from, TCPT_ACK, 0);

    segment.sack_count = 1;
    segment.options |= TCPT_OPTION_SACK;
    segment.sack_left[0] = segment.ack + 20;
    segment.sack_right[0] = segment.ack + 77; /* where one kind of flood lies */
    say(ways, all, flow, segment, from);
}

/** The receiver of the flood takes back most of its window: what it was sent lies beyond, and so do places of RSTs. */
static void shrink(both *ways, talk *all, const tcpt_flow **flow, unsigned from)
{
    tcpt_segment segment = plain(all, from, TCPT_ACK, 0);

    segment.ack -= (uint32_t)g_test_rand_int_range(0, 2000); /* what it has not seen yet */
    segment.window = (uint16_t)(g_test_rand_int_range(1, 3000) >> all->wscale);
    say(ways, all, flow, segment, from);
}

/** Now and then a pause, or another segment. */
static void come_between(both *ways, talk *all, const tcpt_flow **flow)
{
    if (one_in(25))
        pause_before(all);
    if (one_in(100)) {
        for (unsigned i = 0; i < 2; i++)
            tcpt_settle_all(ways->analysis[i]);
        tcpt_settle_all(ways->sharing);
    }
    if (one_in(70))
        say(ways, all, flow, plain(all, one_in(2), TCPT_ACK, one_in(2) ? 0 : 100), one_in(2));
}

static void test_rst_floods(void)
{
    /* Where a mark on a frame has 32 bits it tells of the first 8 ms of a run (LATEST_NS in core/finding/notes.c);
     * frames behind have whole findings, and records of their own. One in 70 is usual, one in 105 was seen. */
    const unsigned segments_per_shared = sizeof(void *) < sizeof(uint64_t) ? 250 : 200;
    uint64_t segments = 0, again = 0, tracked = 0;

    for (unsigned round = 0; round < 600; round++) {
        tcpt_settings settings = tcpt_settings_default();
        const tcpt_flow *flow = NULL;
        unsigned kind = (unsigned)g_test_rand_int_range(0, 6), from = one_in(2);
        uint8_t flags = one_in(2) ? TCPT_RST : TCPT_RST | TCPT_ACK;
        bool shrunk = one_in(2);
        both ways;
        talk all = new_talk(one_in(2) ? 0 : 60);

        if (round % 4 == 3)
            settings.receiver_stack = (tcpt_stack)(round / 4 % 4);
        begin(&ways, settings);
        share(&ways, settings);
        converse(&ways, &all, (unsigned)g_test_rand_int_range(0, 12), 2000);
        for (const tcpt_flow *each = tcpt_first_flow(ways.analysis[0]); each; each = each->next)
            flow = each;
        if (one_in(10))
            hold_above(&ways, &all, &flow, !from);
        if (shrunk)
            shrink(&ways, &all, &flow, !from);
        for (unsigned i = 0; i < 150; i++) {
            come_between(&ways, &all, &flow);
            shoot(&ways, &all, &flow, from, shrunk && one_in(4) ? WITHIN_SENT : kind, flags);
        }
        segments += ways.segments;
        again += ways.again;
        tracked += ways.tracked;
        end(&ways);
    }
    g_test_message("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " judged as the RST before, %" G_GUINT64_FORMAT
                   " by trackers, too, %" G_GUINT64_FORMAT " share a record",
                   again, segments, tracked, shared_records());
    g_assert_cmpuint(again * 20, >, segments); /* else it is not that what is tested */
    g_assert_cmpuint(tracked * 8, >, again);
    g_assert_cmpuint(tracked * 10, <, again * 9);
    g_assert_cmpuint(shared_records() * segments_per_shared, >, segments);
}

void add_rst_tests(void)
{
    g_test_add_func("/short_way/rst_floods", test_rst_floods);
}
