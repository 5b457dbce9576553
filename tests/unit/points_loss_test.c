/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is lost between two capture points, and what only seems to be: clocks, order, overlap, bounds. */
#include <glib.h>
#include <string.h>

#include "unit.h"
#include "wire.h"

static void test_clocks(gconstpointer ahead_seconds)
{
    wire *on = wire_begin(true);
    on->ahead_ns = GPOINTER_TO_INT(ahead_seconds) * tcpt_seconds_ns(1);
    wire_handshake(on);
    for (uint32_t i = 0; i < 5; i++)
        wire_lose(on, SERVER, TCPT_ACK, 9001 + 100 * i, 1001, 100);
    wire_say(on, CLIENT, TCPT_ACK, 1001, 9001, 10);
    wire_say(on, SERVER, TCPT_ACK, 9501, 1011, 10);
    tcpt_path path = wire_path(on);
    g_assert_cmpuint(path.matched_to_a, ==, 2);
    g_assert_cmpuint(path.matched_to_b, ==, 3);
    g_assert_cmpuint(path.to_a.missing, ==, 5);
    g_assert_cmpuint(path.to_b.missing, ==, 0);
    g_assert_true(path.clocks_differ == (on->ahead_ns != 0));
    g_assert_cmpint(path.clock_offset_ns, ==, on->ahead_ns);
    g_assert_nonnull(wire_loss(on));
    g_assert_cmpuint(wire_loss(on)->confidence, ==, TCPT_HIGH);
    g_assert_cmpuint(wire_loss(on)->related_count, ==, 4);
    wire_end(on);
}

/* Only one direction shows at both points: which one is nearer rests on both clocks being one. */
static void test_assumed_order(void)
{
    wire *on = wire_begin(true);
    for (uint32_t i = 0; i < 4; i++) {
        wire_say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
        wire_lose(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
        on->now_ns += tcpt_seconds_ns(1);
    }
    g_assert_nonnull(wire_loss(on));
    g_assert_cmpuint(wire_loss(on)->confidence, ==, TCPT_MEDIUM);
    wire_end(on);
}

/* Two clocks, and one direction: nothing is known of the order, so nothing is said. */
static void test_unknown_order(void)
{
    wire *on = wire_begin(true);
    on->ahead_ns = -tcpt_seconds_ns(3600);
    for (uint32_t i = 0; i < 4; i++) {
        wire_say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
        wire_lose(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
        on->now_ns += tcpt_seconds_ns(1);
    }
    g_assert_null(wire_loss(on));
    wire_end(on);
}

/* The farther capture begins in the middle and ends before the end: what it could not see is not lost. */
static void test_overlap(void)
{
    wire *on = wire_begin(true);
    wire_lose(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    on->now_ns += tcpt_seconds_ns(1);
    for (uint32_t i = 0; i < 10; i++) {
        if (i < 3 || i > 6)
            wire_lose(on, CLIENT, TCPT_ACK, 1001 + 100 * i, 9001, 100);
        else
            wire_say(on, CLIENT, TCPT_ACK, 1001 + 100 * i, 9001, 100);
        if (i >= 3 && i <= 6)
            wire_say(on, SERVER, TCPT_ACK, 9001, 1001 + 100 * i, 0);
    }
    g_assert_null(wire_loss(on));
    wire_end(on);
}

/* A point that has nothing in common with any other: what is kept for it stays bounded. */
static void test_bounded(void)
{
    wire *on = wire_begin(true);
    for (uint32_t i = 0; i < 100000; i++) {
        tcpt_segment data = wire_make(on, CLIENT, TCPT_ACK, 1001 + 100 * i, 9001, 100);
        wire_capture(on, 0, data);
        on->now_ns += 100000;
    }
    g_assert_cmpuint(tcpt_analysis_totals(on->analysis).kept, <=, 65536);
    wire_end(on);
}

/* Once points are known to see the same, what one of them lacks is let go of in time. */
static void test_settled_in_time(void)
{
    wire *on = wire_begin(true);
    wire_handshake(on);
    for (uint32_t i = 0; i < 5000; i++) {
        tcpt_segment data = wire_make(on, CLIENT, TCPT_ACK, 1001 + 100 * i, 9001, 100);
        wire_pass(on, data, i % 2);
    }
    /* 10 ms each: half of what came in the ten seconds of match_seconds, and the SYNs */
    g_assert_cmpuint(tcpt_analysis_totals(on->analysis).kept, <=, 510);
    g_assert_cmpuint(wire_path(on).to_b.missing, ==, 2499); /* the last one may still come */
    wire_end(on);
}

/* What was sent as IP fragments and put together near its sender never shows behind a device that drops fragments. */
static void test_fragments(void)
{
    wire *on = wire_begin(true);
    wire_handshake(on);
    wire_say(on, CLIENT, TCPT_ACK, 1001, 9001, 100);
    for (unsigned i = 0; i < 3; i++) {
        tcpt_segment large = wire_make(on, CLIENT, TCPT_ACK, 1101, 9001, 4000);
        large.fragments = true;
        wire_pass(on, large, true);
        on->now_ns += 300 * TCPT_MS_NS;
    }
    wire_say(on, CLIENT, TCPT_ACK, 1101, 9001, 1000);
    wire_say(on, SERVER, TCPT_ACK, 9001, 2101, 0);
    const tcpt_diagnosis *loss = wire_loss(on);
    tcpt_value property;
    g_assert_nonnull(loss);
    g_assert_true(tcpt_value_of(&loss->first, TCPT_F_LOSS_PROPERTY, &property));
    g_assert_cmpstr(property.text, ==, "fragment");
    wire_end(on);
}

/* Acknowledged at the point that lacks them: no loss, and no proof that there was none. */
static void test_uncaptured(void)
{
    wire *on = wire_begin(true);
    wire_handshake(on);
    wire_say(on, CLIENT, TCPT_ACK, 1001, 9001, 100);
    wire_say(on, SERVER, TCPT_ACK, 9001, 1101, 0);
    g_assert_cmpuint(wire_path(on).uncaptured, ==, 0);
    wire_lose(on, CLIENT, TCPT_ACK, 1101, 9001, 100);
    wire_say(on, SERVER, TCPT_ACK, 9001, 1201, 0);
    wire_say(on, CLIENT, TCPT_ACK, 1201, 9001, 100);
    wire_say(on, SERVER, TCPT_ACK, 9001, 1301, 0);
    tcpt_settle_all(on->analysis);
    g_assert_cmpuint(wire_path(on).to_a.missing + wire_path(on).to_b.missing, ==, 0);
    g_assert_cmpuint(wire_path(on).uncaptured, ==, 1);
    wire_end(on);
}

void add_vantage_loss_tests(void)
{
    g_test_add_func("/vantage/fragments", test_fragments);
    g_test_add_data_func("/vantage/clocks-agree", GINT_TO_POINTER(0), test_clocks);
    g_test_add_data_func("/vantage/clock-ahead", GINT_TO_POINTER(3600), test_clocks);
    g_test_add_data_func("/vantage/clock-behind", GINT_TO_POINTER(-3600), test_clocks);
    g_test_add_func("/vantage/order-assumed", test_assumed_order);
    g_test_add_func("/vantage/order-unknown", test_unknown_order);
    g_test_add_func("/vantage/overlap", test_overlap);
    g_test_add_func("/vantage/bounded", test_bounded);
    g_test_add_func("/vantage/uncaptured", test_uncaptured);
    g_test_add_func("/vantage/settled-in-time", test_settled_in_time);
}
