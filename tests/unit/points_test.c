/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same segment at two capture points: recognised through what a device between them rewrites, cuts or delays. What
 * is lost is in points_loss_test.c and captures/scenarios/vantage_loss.pkt. */
#include <glib.h>
#include <string.h>

#include "unit.h"
#include "wire.h"

static void check_same(const wire *on)
{
    const tcpt_record *first = on->at[0]->frame < on->at[1]->frame ? on->at[0] : on->at[1];
    const tcpt_record *second = first == on->at[0] ? on->at[1] : on->at[0];
    g_assert_cmpuint(second->same_as, ==, first->frame);
    g_assert_false(second->copied);
    g_assert_cmpuint(first->same_as, ==, second->frame);
    g_assert_true(first->copied);
}

static void check_strange(const wire *on)
{
    g_assert_cmpuint(on->at[0]->same_as, ==, 0);
    g_assert_cmpuint(on->at[1]->same_as, ==, 0);
}

/* Nobody said that there would be two points: the SYN is made up for, all that follows is seen. */
static void test_unexpected(void)
{
    wire *on = wire_begin(false);
    wire_say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    check_same(on);
    wire_say(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
    check_same(on);
    wire_end(on);
}

static void test_translated(void)
{
    for (unsigned timestamps = 0; timestamps < 2; timestamps++) {
        wire *on = wire_begin(true);
        memcpy(on->seen_client, (const uint8_t[4]){203, 0, 113, 7}, 4);
        on->seen_port = 1024;
        on->timestamps = timestamps;
        wire_handshake(on);
        check_same(on);
        wire_say(on, SERVER, TCPT_ACK, 9001, 1001, 500);
        check_same(on);
        g_assert_cmpuint(wire_path(on).translated, ==, 1);
        g_assert_cmpuint(wire_path(on).renumbered, ==, 0);
        wire_end(on);
    }
}

/* A scan: the same SYN for many targets. Which one it was at the other point nobody can tell. */
static void test_translated_ambiguous(void)
{
    wire *on = wire_begin(true);
    on->timestamps = false;
    for (uint16_t port = 0; port < 3; port++) {
        tcpt_segment syn = wire_make(on, CLIENT, TCPT_SYN, 1000, 0, 0);
        syn.dst_port = 8000 + port;
        wire_capture(on, 0, syn);
    }
    memcpy(on->seen_client, (const uint8_t[4]){203, 0, 113, 7}, 4);
    tcpt_segment syn = wire_make(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    wire_capture(on, 1, syn);
    check_strange(on);
    wire_end(on);
}

static void test_renumbered(void)
{
    for (unsigned timestamps = 0; timestamps < 2; timestamps++) {
        wire *on = wire_begin(true);
        on->shift[CLIENT] = 0xfffff000;
        on->shift[SERVER] = 123456789;
        on->timestamps = timestamps;
        wire_handshake(on);
        check_same(on);
        wire_say(on, CLIENT, TCPT_ACK, 1001, 9001, 500);
        check_same(on);
        wire_say(on, SERVER, TCPT_ACK, 9001, 1501, 500);
        check_same(on);
        g_assert_cmpuint(wire_path(on).renumbered, ==, 1);
        g_assert_cmpuint(wire_path(on).sack_not_adjusted, ==, 0);
        wire_end(on);
    }
}

static void test_renumbered_sack(gconstpointer adjusted)
{
    wire *on = wire_begin(true);
    on->shift[SERVER] = 5000;
    on->sack_adjusted = GPOINTER_TO_INT(adjusted);
    wire_handshake(on);
    tcpt_segment sack = wire_make(on, CLIENT, TCPT_ACK, 1001, 9001, 0);
    sack.options |= TCPT_OPTION_SACK;
    sack.sack_count = 1;
    sack.sack_left[0] = 10449;
    sack.sack_right[0] = 11897;
    wire_pass(on, sack, false);
    check_same(on);
    g_assert_cmpuint(wire_path(on).sack_not_adjusted, ==, !on->sack_adjusted);
    wire_end(on);
}

/* Translated and renumbered: only the client's timestamp is left to tell. */
static void test_both(void)
{
    wire *on = wire_begin(true);
    on->shift[CLIENT] = 77;
    on->shift[SERVER] = 0x80000000;
    memcpy(on->seen_client, (const uint8_t[4]){203, 0, 113, 7}, 4);
    wire_handshake(on);
    check_same(on);
    wire_say(on, SERVER, TCPT_ACK, 9001, 1001, 500);
    check_same(on);
    wire_end(on);
}

/* A new connection on the same ports is none of the old one's segments. */
static void test_other_life(void)
{
    wire *on = wire_begin(true);
    wire_handshake(on);
    wire_say(on, CLIENT, TCPT_RST, 1001, 0, 0);
    wire_lose(on, CLIENT, TCPT_SYN, 5000000, 0, 0);
    on->now_ns += tcpt_seconds_ns(1);
    on->at[1] = on->at[0];
    wire_say(on, CLIENT, TCPT_SYN, 7000000, 0, 0);
    check_same(on);
    wire_end(on);
}

/* Sent again with the same numbers, without anything that tells them apart: the nearest in time belong together. */
static void test_identical(void)
{
    wire *on = wire_begin(true);
    on->ipv6 = true;
    on->timestamps = false;
    wire_handshake(on);
    wire_lose(on, CLIENT, TCPT_ACK, 1001, 9001, 100);
    const tcpt_record *lost = on->at[0];
    on->now_ns += 300 * TCPT_MS_NS;
    wire_say(on, CLIENT, TCPT_ACK, 1001, 9001, 100);
    check_same(on);
    g_assert_cmpuint(lost->same_as, ==, 0);
    wire_say(on, SERVER, TCPT_ACK, 9001, 1101, 0);
    wire_say(on, CLIENT, TCPT_ACK, 1101, 9001, 0);
    g_assert_nonnull(wire_loss(on));
    g_assert_true(wire_loss(on)->first.on == lost);
    g_assert_cmpuint(wire_loss(on)->related_count, ==, 0);
    wire_end(on);
}

/* Cut near the sender, joined farther on, or the reverse: pieces that overtake each other are all of it too. */
static void test_pieces_overtake(gconstpointer joined)
{
    static const unsigned order[] = {3, 0, 2, 1};
    wire *on = wire_begin(true);
    wire_handshake(on);
    tcpt_segment whole = wire_make(on, CLIENT, TCPT_ACK, 1001, 9001, 4000);
    unsigned cut_at = !joined;
    if (!joined)
        wire_capture(on, 0, whole);
    for (unsigned i = 0; i < 4; i++) {
        tcpt_segment piece = whole;
        piece.ip_id = (uint16_t)(whole.ip_id + order[i]);
        piece.seq += 1000 * order[i];
        piece.payload_bytes = 1000;
        piece.end_seq = piece.seq + 1000;
        piece.time_ns += (i + 1) * TCPT_MS_NS;
        wire_capture(on, cut_at, piece);
        if (!joined)
            g_assert_cmpuint(on->at[1]->same_as, ==, on->at[0]->frame);
    }
    whole.time_ns += 10 * TCPT_MS_NS;
    if (joined)
        wire_capture(on, 1, whole);
    g_assert_cmpuint(on->at[!cut_at]->same_as, !=, 0);
    on->now_ns += tcpt_seconds_ns(1);
    wire_say(on, SERVER, TCPT_ACK, 9001, 5001, 0);
    wire_say(on, CLIENT, TCPT_ACK, 5001, 9001, 100);
    g_assert_null(wire_loss(on));
    wire_end(on);
}

/* Behind so much that is lost, or still under way, as nobody looks through, pieces are known all the same. */
static void test_pieces_behind_losses(gconstpointer late)
{
    enum { MANY = 3000, BYTES = 1000, ARRIVED = 40 };
    wire *on = wire_begin(true);
    tcpt_segment sent[MANY];
    unsigned first = late ? 0 : MANY - ARRIVED;

    wire_handshake(on);
    for (unsigned i = 0; i < MANY; i++) {
        sent[i] = wire_make(on, CLIENT, TCPT_ACK, 1001 + i * BYTES, 9001, BYTES);
        wire_capture(on, 0, sent[i]);
        if (late && i % (MANY / ARRIVED))
            continue;
        for (unsigned half = 0; half < 2; half++) {
            tcpt_segment piece = sent[late ? i / (MANY / ARRIVED) : i];

            if (!late && i < first)
                continue;
            piece.seq += half * BYTES / 2;
            piece.payload_bytes = BYTES / 2;
            piece.end_seq = piece.seq + BYTES / 2;
            piece.time_ns += TCPT_MS_NS;
            wire_capture(on, 1, piece);
            g_assert_cmpuint(on->at[1]->same_as, !=, 0);
        }
    }
    wire_end(on);
}

/* ACKs of the same numbers, without an IP ID or timestamps: their SACK blocks tell them apart. */
static void test_identical_but_sack(void)
{
    wire *on = wire_begin(true);
    on->ipv6 = true;
    on->timestamps = false;
    wire_handshake(on);
    tcpt_segment first = wire_make(on, CLIENT, TCPT_ACK, 1001, 9001, 0), second = first;
    first.options = second.options = TCPT_OPTION_SACK;
    first.sack_count = second.sack_count = 1;
    first.sack_left[0] = second.sack_left[0] = 10001;
    first.sack_right[0] = 11001;
    first.checksum = 1;
    second.sack_right[0] = 12001;
    second.checksum = 2;
    second.time_ns += TCPT_MS_NS / 10;
    wire_capture(on, 0, first);
    const tcpt_record *lost = on->at[0];
    wire_capture(on, 0, second);
    second.time_ns += on->across_ns;
    wire_capture(on, 1, second);
    check_same(on);
    g_assert_cmpuint(lost->same_as, ==, 0);
    wire_end(on);
}

/* More ACKs of the same numbers are under way than are tried: those due first are the oldest. */
static void test_identical_many(void)
{
    enum { MANY = 300 };
    wire *on = wire_begin(true);
    tcpt_segment sent[MANY];

    wire_handshake(on);
    for (unsigned i = 0; i < MANY; i++) {
        sent[i] = wire_make(on, CLIENT, TCPT_ACK, 1001, 9001, 0);
        wire_capture(on, 0, sent[i]);
        on->now_ns += TCPT_MS_NS / 100;
    }
    for (unsigned i = 0; i < MANY; i++) {
        if (i % 50 == 7)
            continue; /* a few are lost */
        sent[i].time_ns += on->across_ns;
        wire_capture(on, 1, sent[i]);
        g_assert_cmpuint(on->at[1]->same_as, !=, 0);
    }
    on->now_ns += tcpt_seconds_ns(1);
    wire_say(on, SERVER, TCPT_ACK, 9001, 1001, 100);
    wire_say(on, CLIENT, TCPT_ACK, 1001, 9101, 0);
    g_assert_cmpuint(wire_path(on).matched_to_b, ==, 3 + MANY - MANY / 50);
    wire_end(on);
}

/* RSTs that nothing tells apart, closer together at the other point, where each but the first is taken for a copy. */
static void test_identical_closer(void)
{
    static const int64_t near_us[] = {0, 60, 1400}, far_us[] = {6700, 6770, 7100};
    wire *on = wire_begin(true);

    wire_handshake(on);
    tcpt_segment rst = wire_make(on, CLIENT, TCPT_RST, 1001, 0, 0);
    rst.ip_id = 0;
    for (unsigned point = 0; point < 2; point++)
        for (unsigned i = 0; i < 3; i++) {
            tcpt_segment one = rst;
            one.time_ns += (point ? far_us[i] : near_us[i]) * 1000;
            wire_capture(on, point, one);
        }
    on->now_ns += tcpt_seconds_ns(1);
    wire_say(on, SERVER, TCPT_ACK, 9001, 1001, 100);
    wire_say(on, CLIENT, TCPT_RST, 1002, 0, 0);
    g_assert_null(wire_loss(on));
    wire_end(on);
}

/* The same bytes under another IP ID were sent again: whichever point's copy comes first in the file. */
static void test_sent_again(void)
{
    wire *on = wire_begin(true);
    on->timestamps = false;
    wire_handshake(on);
    wire_lose(on, SERVER, TCPT_ACK, 9001, 1001, 500);
    const tcpt_record *lost = on->at[1];
    tcpt_segment again = wire_make(on, SERVER, TCPT_ACK, 9001, 1001, 500);
    again.time_ns += on->across_ns;
    wire_capture(on, 0, again);
    again.time_ns -= on->across_ns;
    wire_capture(on, 1, again);
    check_same(on);
    g_assert_cmpuint(lost->same_as, ==, 0);
    wire_end(on);
}

/* A normaliser gives new IP IDs; a SYN-ACK without one tells nothing of that. */
static void test_new_ids(void)
{
    wire *on = wire_begin(true);
    on->timestamps = false;
    for (unsigned i = 0; i < 4; i++) {
        unsigned from = i % 2;
        tcpt_segment segment = wire_make(on, from, i < 2 ? (from ? TCPT_SYN | TCPT_ACK : TCPT_SYN) : TCPT_ACK,
                                         (from ? 9000 : 1000) + i / 2, i ? (from ? 1001 : 9001) : 0, i < 2 ? 0 : 100);
        if (i == 1)
            segment.ip_id = 0;
        wire_capture(on, from, segment);
        segment.time_ns += on->across_ns;
        segment.ip_id = segment.ip_id ? (uint16_t)(segment.ip_id * 777u + 5) : 0;
        wire_capture(on, !from, segment);
        check_same(on);
        on->now_ns += 2 * on->across_ns;
    }
    wire_end(on);
}

/* One file behind the other: the first one's segments wait until the second has passed the time they were due. */
static void test_appended(void)
{
    wire *on = wire_begin(true);
    tcpt_segment sent[102];
    sent[0] = wire_make(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    sent[1] = wire_make(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
    for (uint32_t i = 0; i < 100; i++) {
        on->now_ns += tcpt_seconds_ns(1);
        sent[2 + i] = wire_make(on, CLIENT, TCPT_ACK, 1001 + 100 * i, 9001, 100);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(sent); i++)
        wire_capture(on, 0, sent[i]);
    for (unsigned i = 0; i < G_N_ELEMENTS(sent); i++) {
        sent[i].time_ns += i == 1 ? -on->across_ns : i % 10 * on->across_ns;
        if (i % 10 != 3)
            wire_capture(on, 1, sent[i]);
    }
    g_assert_cmpuint(on->at[1]->same_as, !=, 0);
    g_assert_nonnull(wire_loss(on));
    g_assert_cmpuint(wire_loss(on)->related_count, ==, 9); /* and the one it stands on */
    wire_end(on);
}

/* The same with a second connection, which the second file's part of the first must not settle. */
static void test_appended_connections(void)
{
    wire *on = wire_begin(true);
    tcpt_segment first[] = {wire_make(on, CLIENT, TCPT_SYN, 1000, 0, 0),
                            wire_make(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0)};
    on->ipv6 = true;
    tcpt_segment second = wire_make(on, CLIENT, TCPT_SYN, 5000, 0, 0);
    wire_capture(on, 0, second);
    const tcpt_record *original = on->at[0];
    on->ipv6 = false;
    wire_capture(on, 0, first[0]);
    wire_capture(on, 0, first[1]);
    on->now_ns += tcpt_seconds_ns(60);
    wire_capture(on, 0, wire_make(on, CLIENT, TCPT_ACK, 1001, 9001, 100));
    wire_capture(on, 1, first[0]);
    first[1].time_ns -= on->across_ns;
    wire_capture(on, 1, first[1]);
    on->ipv6 = true;
    second.time_ns += on->across_ns;
    wire_capture(on, 1, second);
    g_assert_cmpuint(on->at[1]->same_as, ==, original->frame);
    wire_end(on);
}

/* A SYN into what one point takes for open and the other, which never saw the handshake end, for over. */
static void test_life_of_one_point(void)
{
    wire *on = wire_begin(true);
    wire_say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    wire_say(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
    wire_lose(on, CLIENT, TCPT_ACK, 1001, 9001, 0);
    wire_lose(on, CLIENT, TCPT_ACK, 1001, 9001, 100);
    const tcpt_record *data = on->at[0];
    on->now_ns += tcpt_seconds_ns(61);
    wire_say(on, CLIENT, TCPT_SYN, 5000000, 0, 0);
    wire_say(on, SERVER, TCPT_SYN | TCPT_ACK, 7000000, 5000001, 0);
    wire_say(on, CLIENT, TCPT_ACK, 5000001, 7000001, 0);
    wire_say(on, CLIENT, TCPT_ACK, 5000001, 7000001, 100);
    check_same(on);
    tcpt_settle_all(on->analysis);
    const tcpt_diagnosis *old = tcpt_first_end_diagnosis(tcpt_flow_of(data));
    while (old && strcmp(old->detector->id, "vantage_loss") != 0)
        old = old->next;
    g_assert_nonnull(old);
    g_assert_cmpuint(old->related_count, ==, 1); /* both lost ACKs, and not the SYN */
    wire_end(on);
}

/* One file behind the other, without names: the second point shows when the first one has said all. */
static void test_suspected(void)
{
    enum { SEGMENTS = 8 };
    wire *on = wire_begin(false);
    tcpt_segment said[SEGMENTS];

    tcpt_suspect_points(on->analysis);
    said[0] = wire_make(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    said[1] = wire_make(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
    said[2] = wire_make(on, CLIENT, TCPT_ACK, 1001, 9001, 0);
    for (unsigned i = 3; i < SEGMENTS; i++)
        said[i] = wire_make(on, CLIENT, TCPT_ACK, 1001 + 100 * i, 9001, 100);
    for (unsigned i = 0; i < SEGMENTS; i++)
        wire_capture(on, 0, said[i]);
    g_assert_false(tcpt_has_points(on->analysis));
    for (unsigned i = 0; i < SEGMENTS; i++) {
        said[i].time_ns += 3600 * TCPT_SECOND_NS;
        wire_capture(on, 1, said[i]);
    }
    g_assert_true(tcpt_has_points(on->analysis));
    tcpt_settle_all(on->analysis);
    g_assert_cmpuint(wire_path(on).connections, ==, 1);
    g_assert_cmpuint(wire_path(on).to_a.missing + wire_path(on).to_b.missing, ==, 0);
    wire_end(on);
}

/* So many segments of another connection, at the first point. */
static void fill(wire *on, unsigned count)
{
    static const uint8_t client[4] = {203, 0, 113, 1}, server[4] = {198, 51, 100, 1};

    for (unsigned i = 0; i < count; i++) {
        tcpt_segment segment = wire_make(on, CLIENT, TCPT_ACK, 1001 + 100 * i, 9001, 100);

        segment.frame = ++on->frame;
        segment.src = client;
        segment.dst = server;
        segment.src_port = 40000;
        tcpt_analyse(on->analysis, &segment);
    }
}

/* No second point shows for long: nothing is kept for it any more. When it does, an hour late by its clock, what was
 * not noted at the first one is not lost there. */
static void test_suspected_in_vain(void)
{
    enum { KEPT_MOST = 65536, ROUNDS = 1000, LATE = 200, LATER = 300 };
    wire *on = wire_begin(false);
    tcpt_segment late[2 * LATE];
    uint32_t seq = 1001;

    tcpt_suspect_points(on->analysis);
    fill(on, KEPT_MOST - 2);
    wire_capture(on, 0, wire_make(on, CLIENT, TCPT_SYN, 1000, 0, 0));
    wire_capture(on, 0, wire_make(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0));
    g_assert_cmpuint(tcpt_analysis_totals(on->analysis).kept, ==, KEPT_MOST);
    for (unsigned i = 0; i < ROUNDS; i++, seq += 100) {
        tcpt_segment data = wire_make(on, CLIENT, TCPT_ACK, seq, 9001, 100);
        tcpt_segment ack = wire_make(on, SERVER, TCPT_ACK, 9001, seq + 100, 0);

        wire_capture(on, 0, data);
        ack.time_ns += 2 * on->across_ns;
        wire_capture(on, 0, ack);
        data.time_ns += on->across_ns;
        ack.time_ns -= on->across_ns;
        late[2 * (i % LATE)] = data;
        late[2 * (i % LATE) + 1] = ack;
        on->now_ns += 30 * TCPT_MS_NS;
    }
    g_assert_cmpuint(tcpt_analysis_totals(on->analysis).kept, ==, 0);
    on->ahead_ns = 3600 * TCPT_SECOND_NS;
    for (unsigned i = 0; i < G_N_ELEMENTS(late); i++)
        wire_capture(on, 1, late[(2 * (ROUNDS % LATE) + i) % G_N_ELEMENTS(late)]);
    for (unsigned i = 0; i < LATER; i++, seq += 100) {
        on->now_ns += 30 * TCPT_MS_NS;
        wire_say(on, CLIENT, TCPT_ACK, seq, 9001, 100);
        wire_say(on, SERVER, TCPT_ACK, 9001, seq + 100, 0);
    }
    g_assert_null(wire_loss(on));
    g_assert_cmpuint(wire_path(on).connections, ==, 1);
    g_assert_cmpuint(wire_path(on).to_a.missing + wire_path(on).to_b.missing, ==, 0);
    wire_end(on);
}

void add_vantage_tests(void)
{
    g_test_add_func("/vantage/unexpected", test_unexpected);
    g_test_add_func("/vantage/suspected", test_suspected);
    g_test_add_func("/vantage/suspected-in-vain", test_suspected_in_vain);
    g_test_add_func("/vantage/translated", test_translated);
    g_test_add_func("/vantage/translated-ambiguous", test_translated_ambiguous);
    g_test_add_func("/vantage/renumbered", test_renumbered);
    g_test_add_data_func("/vantage/sack-adjusted", GINT_TO_POINTER(1), test_renumbered_sack);
    g_test_add_data_func("/vantage/sack-not-adjusted", GINT_TO_POINTER(0), test_renumbered_sack);
    g_test_add_func("/vantage/translated-and-renumbered", test_both);
    g_test_add_func("/vantage/other-life", test_other_life);
    g_test_add_data_func("/vantage/pieces-overtake", GINT_TO_POINTER(0), test_pieces_overtake);
    g_test_add_data_func("/vantage/pieces-overtake-joined", GINT_TO_POINTER(1), test_pieces_overtake);
    g_test_add_data_func("/vantage/pieces-behind-losses", GINT_TO_POINTER(0), test_pieces_behind_losses);
    g_test_add_data_func("/vantage/pieces-late", GINT_TO_POINTER(1), test_pieces_behind_losses);
    g_test_add_func("/vantage/identical", test_identical);
    g_test_add_func("/vantage/identical-many", test_identical_many);
    g_test_add_func("/vantage/identical-closer", test_identical_closer);
    g_test_add_func("/vantage/identical-but-sack", test_identical_but_sack);
    g_test_add_func("/vantage/sent-again", test_sent_again);
    g_test_add_func("/vantage/new-ids", test_new_ids);
    g_test_add_func("/vantage/appended", test_appended);
    g_test_add_func("/vantage/appended-connections", test_appended_connections);
    g_test_add_func("/vantage/life-of-one-point", test_life_of_one_point);
}
