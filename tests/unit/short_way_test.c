/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The short ways are the long ones: the same traffic through both leaves the same flows, records and findings. */
#include <glib.h>

#include "scenario.h"
#include "tcptriage/times.h"
#include "ways.h"

/* ---- The scripts of captures/scenarios. */

static void feed_scenario(both *ways, const scn_scenario *scenario)
{
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        tcpt_segment segment = {
            .time_ns = INT64_C(1700000000000000000) + frame->time_ns, .frame = i + 1, .point = frame->point};
        if (scn_decode(&segment, frame->bytes->data, frame->bytes->len, frame->wire_bytes))
            feed(ways, &segment);
    }
}

static void play(const scn_scenario *scenario, void *segments)
{
    both ways;
    begin(&ways, tcpt_settings_default());
    feed_scenario(&ways, scenario);
    *(uint64_t *)segments += ways.segments;
    end(&ways);
}

static void test_scenarios(void)
{
    uint64_t segments = 0;
    scn_each(SCENARIOS, play, &segments);
    g_assert_cmpuint(segments, >, 1000);
}

/* ---- Conversations by chance. */

/* From conversations without anything odd to such of odd segments only. */
static void test_random(void)
{
    static const unsigned oddness[] = {0, 40, 10, 3};
    uint64_t segments = 0, by_short_way = 0, lagging = 0;
    for (unsigned round = 0; round < 800; round++) {
        tcpt_settings settings = tcpt_settings_default();
        both ways;
        talk all = new_talk(oddness[round % G_N_ELEMENTS(oddness)]);
        settings.receiver_stack = (tcpt_stack)(round / 4 % 4);
        begin(&ways, settings);
        for (unsigned life = 0; life < 2; life++) {
            converse(&ways, &all, 100, 2000);
            all.next[0] += 1 << 20;
            all.next[1] += 1 << 20;
            all.now_ns += one_in(2) ? 1000000 : INT64_C(70000000000);
        }
        segments += ways.segments;
        by_short_way += ways.by_short_way;
        lagging += ways.lagging;
        end(&ways);
    }
    g_test_message("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " by the short way, %" G_GUINT64_FORMAT
                   " without the tracker's entry",
                   by_short_way, segments, lagging);
    g_assert_cmpuint(by_short_way * 4, >, segments); /* else the short way is not what is tested */
    g_assert_cmpuint(lagging * 8, >, segments);
}

/** What an end sends in a storm: mostly a segment that is acknowledged, again, or the answer to one. */
static tcpt_segment storming(talk *all, unsigned from)
{
    tcpt_segment segment = plain(all, from, TCPT_ACK, one_in(5) ? (uint32_t)g_test_rand_int_range(1, 3000) : 1448);

    segment.seq -= one_in(20) ? (uint32_t)g_test_rand_int_range(0, 6000) : one_in(4) ? 2896 : 1448;
    segment.ttl = one_in(50) ? 63 : 64;
    if (one_in(30))
        segment.tsval--;
    return segment;
}

static void storm(both *ways, talk *all, const tcpt_flow **flow)
{
    unsigned from = one_in(2);

    for (unsigned i = 0; i < 200; i++) {
        all->now_ns += one_in(10) ? 0 : INT64_C(300000000);
        if (one_in(100))
            all->now_ns += INT64_C(200000000000);
        say(ways, all, flow, one_in(30) ? plain(all, from, TCPT_ACK, 1448) : storming(all, from), from);
        if (!one_in(10))
            say(ways, all, flow, plain(all, !from, TCPT_ACK, one_in(40) ? 100 : 0), !from);
        while (one_in(all->oddness)) {
            tcpt_segment segment = plain(all, from, TCPT_ACK, 0);
            make_odd(all, &segment);
            say(ways, all, flow, segment, from);
        }
    }
}

static void test_storms(void)
{
    static const unsigned oddness[] = {0, 200, 40, 10};
    uint64_t segments = 0, by_short_repeat = 0;
    for (unsigned round = 0; round < 400; round++) {
        tcpt_settings settings = tcpt_settings_default();
        both ways;
        const tcpt_flow *flow = NULL;
        talk all = new_talk(oddness[round % G_N_ELEMENTS(oddness)]);
        settings.receiver_stack = (tcpt_stack)(round % 7 ? 0 : round / 7 % 4);
        begin(&ways, settings);
        converse(&ways, &all, 20, 1448);
        storm(&ways, &all, &flow);
        segments += ways.segments;
        by_short_repeat += ways.by_short_repeat;
        end(&ways);
    }
    g_test_message("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " by the short way of repeats", by_short_repeat,
                   segments);
    g_assert_cmpuint(by_short_repeat * 8, >, segments);
}

/* Numbers that come round: what lies before what turns over behind 2 GiB, once in each direction. */
static void test_around(void)
{
    both ways;
    talk all = new_talk(0);
    all.wscale = 14;
    begin(&ways, tcpt_settings_default());
    converse(&ways, &all, 220000, 65000);
    g_test_message("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " by the short way", ways.by_short_way, ways.segments);
    end(&ways);
}

/* No entry is made in the tracker before something else than a handshake and data in order comes. */
static void test_no_entry_at_first(void)
{
    static const uint8_t flags[] = {TCPT_SYN, TCPT_SYN | TCPT_ACK, TCPT_ACK, TCPT_ACK, TCPT_FIN | TCPT_ACK, TCPT_ACK};
    static const unsigned lagging[] = {0, 0, 1, 2, 2, 2}, blank[] = {1, 2, 3, 4, 4, 4};
    const tcpt_flow *flow = NULL;
    both ways;
    talk all = new_talk(0);
    begin(&ways, tcpt_settings_default());
    for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++) {
        say(&ways, &all, &flow, plain(&all, i == 1 || i == 5, flags[i], i == 3 ? 100 : 0), i == 1 || i == 5);
        g_assert_cmpuint(ways.lagging, ==, lagging[i]);
        g_assert_cmpuint(ways.blank, ==, blank[i]);
    }
    end(&ways);
}

/* A segment of a handshake: about the time that a tracker waits, with any options and window. */
static tcpt_segment opening(talk *all, unsigned from, uint8_t flags)
{
    static const int64_t pauses_ms[] = {59998, 60000, 119998, 120000, 300000, -1};
    tcpt_segment segment = plain(all, from, flags, 0);
    if (one_in(6))
        segment.window = (uint16_t)(one_in(4) ? 0 : one_in(4) ? 1 : g_test_rand_int());
    if (one_in(6) && (flags & TCPT_SYN)) {
        segment.options = (uint8_t)g_test_rand_int();
        segment.wscale = (uint8_t)(segment.options & TCPT_OPTION_WSCALE ? g_test_rand_int_range(0, 16) : 0);
        segment.header_bytes = segment.options ? 40 : 20;
    }
    if (one_in(10))
        segment.time_ns = all->now_ns += pauses_ms[g_test_rand_int_range(0, G_N_ELEMENTS(pauses_ms))] * TCPT_MS_NS;
    while (one_in(all->oddness))
        make_odd(all, &segment);
    return segment;
}

static void shake_hands(both *ways, talk *all)
{
    const tcpt_flow *flow = NULL;
    static const uint8_t flags[] = {TCPT_SYN, TCPT_SYN | TCPT_ACK, TCPT_ACK};
    for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++)
        do
            say(ways, all, &flow, opening(all, i == 1, flags[i]), i == 1);
        while (one_in(8));
    for (unsigned i = 0; i < 6; i++) {
        unsigned from = one_in(2);
        tcpt_segment segment = plain(all, from, TCPT_ACK, one_in(2) ? 0 : 1000);
        if (one_in(8))
            segment.flags = one_in(2) ? TCPT_FIN | TCPT_ACK : TCPT_RST | TCPT_ACK;
        while (one_in(all->oddness))
            make_odd(all, &segment);
        say(ways, all, &flow, segment, from);
    }
}

static void test_handshakes(void)
{
    static const unsigned oddness[] = {0, 40, 10, 4};
    enum { ROUNDS = 20000 };
    uint64_t segments = 0, blank = 0, opening = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        both ways;
        talk all = new_talk(oddness[round % G_N_ELEMENTS(oddness)]);
        begin(&ways, tcpt_settings_default());
        shake_hands(&ways, &all);
        segments += ways.segments;
        blank += ways.blank;
        opening += ways.opening;
        end(&ways);
    }
    g_test_message("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " before there was an entry, %" G_GUINT64_FORMAT
                   " open by the short way",
                   blank, segments, opening);
    g_assert_cmpuint(blank * 4, >, segments);
    g_assert_cmpuint(opening * 4, >, ROUNDS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/short_way/scenarios", test_scenarios);
    g_test_add_func("/short_way/random", test_random);
    g_test_add_func("/short_way/storms", test_storms);
    g_test_add_func("/short_way/around", test_around);
    g_test_add_func("/short_way/no-entry-at-first", test_no_entry_at_first);
    g_test_add_func("/short_way/handshakes", test_handshakes);
    add_rst_tests();
    add_tracker_tests();
    return g_test_run();
}
