/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments followed between two capture points: what rewrites them on the way, clocks, bounds. What is lost is in
 * captures/scenarios/vantage_loss.pkt. */
#include <glib.h>
#include <string.h>

#include "tcptriage/analysis.h"
#include "tcptriage/vantage.h"
#include "unit.h"

enum { CLIENT, SERVER };

/** A wire with a point at each end. The client's is 0. */
typedef struct wire {
    tcpt_analysis *analysis;
    int64_t now_ns;
    int64_t across_ns;
    int64_t ahead_ns;   /**< clock of point 1 */
    uint32_t shift[2];  /**< by sender: what a device between the points adds to its sequence numbers */
    bool sack_adjusted;
    uint8_t seen_client[4]; /**< the client's address at point 1 */
    uint16_t seen_port;
    bool timestamps;
    bool ipv6;
    uint32_t frame;
    uint16_t ip_id;
    tcpt_record *at[2]; /**< of the newest segment, by point; NULL not seen there */
} wire;

static const uint8_t addresses[2][16] = {{192, 0, 2, 1}, {198, 51, 100, 1}};

static wire *begin(bool expected)
{
    tcpt_settings settings = tcpt_settings_default();
    wire *made = g_new0(wire, 1);
    made->analysis = tcpt_analysis_new(&settings);
    made->now_ns = INT64_C(1700000000000000000);
    made->across_ns = 5 * TCPT_MS_NS;
    memcpy(made->seen_client, addresses[CLIENT], 4);
    made->seen_port = 40000;
    made->timestamps = true;
    if (expected)
        tcpt_expect_points(made->analysis);
    return made;
}

static void end(wire *on)
{
    tcpt_analysis_free(on->analysis);
    g_free(on);
}

static void capture(wire *on, unsigned point, tcpt_segment segment)
{
    unsigned from = segment.src_port == 80 ? SERVER : CLIENT;
    uint8_t client[16] = {0};
    memcpy(client, point && !on->ipv6 ? on->seen_client : addresses[CLIENT], on->ipv6 ? 16 : 4);
    uint16_t port = point ? on->seen_port : 40000;
    segment.frame = ++on->frame;
    segment.point = point;
    segment.src = from == CLIENT ? client : addresses[SERVER];
    segment.dst = from == CLIENT ? addresses[SERVER] : client;
    *(from == CLIENT ? &segment.src_port : &segment.dst_port) = port;
    if (point) {
        segment.time_ns += on->ahead_ns;
        segment.seq += on->shift[from];
        segment.end_seq += on->shift[from];
        segment.ack += segment.flags & TCPT_ACK ? on->shift[!from] : 0;
        segment.sack_left[0] += on->sack_adjusted ? on->shift[!from] : 0;
        segment.sack_right[0] += on->sack_adjusted ? on->shift[!from] : 0;
    }
    on->at[point] = tcpt_analyse(on->analysis, &segment);
}

static tcpt_segment make(wire *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    tcpt_segment segment = {
        .time_ns = on->now_ns,
        .depth = 1,
        .family = on->ipv6 ? 6 : 4,
        .ttl = 64,
        .has_ip_id = !on->ipv6,
        .ip_id = ++on->ip_id,
        .src_port = from ? 80 : 40000,
        .dst_port = from ? 40000 : 80,
        .seq = seq,
        .ack = ack,
        .flags = flags,
        .header_bytes = 32,
        .window = 65535,
        .payload_bytes = payload_bytes,
        .checksum_is = TCPT_CHECKSUM_GOOD,
        .options = on->timestamps ? TCPT_OPTION_TIMESTAMPS : 0,
        .tsval = on->timestamps ? (uint32_t)(on->now_ns / TCPT_MS_NS) + from * 777 : 0,
    };
    segment.end_seq = seq + payload_bytes + !!(flags & TCPT_SYN) + !!(flags & TCPT_FIN);
    if (flags & TCPT_SYN)
        segment.options |= TCPT_OPTION_MSS | TCPT_OPTION_SACK_PERMITTED;
    segment.mss = flags & TCPT_SYN ? 1460 : 0;
    return segment;
}

static void pass(wire *on, tcpt_segment segment, bool lost)
{
    unsigned near = segment.src_port == 80;
    on->at[0] = on->at[1] = NULL;
    capture(on, near, segment);
    segment.time_ns += on->across_ns;
    if (!lost)
        capture(on, !near, segment);
    on->now_ns += 2 * on->across_ns;
}

static void say(wire *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    pass(on, make(on, from, flags, seq, ack, payload_bytes), false);
}

static void lose(wire *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    pass(on, make(on, from, flags, seq, ack, payload_bytes), true);
}

static void handshake(wire *on)
{
    say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    say(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
    say(on, CLIENT, TCPT_ACK, 1001, 9001, 0);
}

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

static void keep_passage(const tcpt_passage *passage, void *data)
{
    g_assert_cmpuint(((tcpt_passage *)data)->connections, ==, 0); /* one pair of points */
    *(tcpt_passage *)data = *passage;
}

static tcpt_passage passage_of(const wire *on)
{
    tcpt_passage passage = {0};
    tcpt_each_passage(on->analysis, keep_passage, &passage);
    return passage;
}

static const tcpt_finding *loss_of(const wire *on)
{
    tcpt_settle_all(on->analysis);
    for (const tcpt_flow *flow = tcpt_first_flow(on->analysis); flow; flow = flow->next)
        for (const tcpt_finding *finding = flow->end_findings; finding; finding = finding->next_in_flow)
            if (!strcmp(finding->detector->id, "vantage_loss"))
                return finding;
    return NULL;
}

/* Nobody said that there would be two points: the SYN is made up for, all that follows is seen. */
static void test_unexpected(void)
{
    wire *on = begin(false);
    say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    check_same(on);
    say(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
    check_same(on);
    end(on);
}

static void test_translated(void)
{
    for (unsigned timestamps = 0; timestamps < 2; timestamps++) {
        wire *on = begin(true);
        memcpy(on->seen_client, (const uint8_t[4]){203, 0, 113, 7}, 4);
        on->seen_port = 1024;
        on->timestamps = timestamps;
        handshake(on);
        check_same(on);
        say(on, SERVER, TCPT_ACK, 9001, 1001, 500);
        check_same(on);
        g_assert_cmpuint(passage_of(on).translated, ==, 1);
        g_assert_cmpuint(passage_of(on).renumbered, ==, 0);
        end(on);
    }
}

/* A scan: the same SYN for many targets. Which one it was at the other point nobody can tell. */
static void test_translated_ambiguous(void)
{
    wire *on = begin(true);
    on->timestamps = false;
    for (uint16_t port = 0; port < 3; port++) {
        tcpt_segment syn = make(on, CLIENT, TCPT_SYN, 1000, 0, 0);
        syn.dst_port = 8000 + port;
        capture(on, 0, syn);
    }
    memcpy(on->seen_client, (const uint8_t[4]){203, 0, 113, 7}, 4);
    tcpt_segment syn = make(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    capture(on, 1, syn);
    check_strange(on);
    end(on);
}

static void test_renumbered(void)
{
    for (unsigned timestamps = 0; timestamps < 2; timestamps++) {
        wire *on = begin(true);
        on->shift[CLIENT] = 0xfffff000;
        on->shift[SERVER] = 123456789;
        on->timestamps = timestamps;
        handshake(on);
        check_same(on);
        say(on, CLIENT, TCPT_ACK, 1001, 9001, 500);
        check_same(on);
        say(on, SERVER, TCPT_ACK, 9001, 1501, 500);
        check_same(on);
        g_assert_cmpuint(passage_of(on).renumbered, ==, 1);
        g_assert_cmpuint(passage_of(on).sack_not_adjusted, ==, 0);
        end(on);
    }
}

static void test_renumbered_sack(gconstpointer adjusted)
{
    wire *on = begin(true);
    on->shift[SERVER] = 5000;
    on->sack_adjusted = GPOINTER_TO_INT(adjusted);
    handshake(on);
    tcpt_segment sack = make(on, CLIENT, TCPT_ACK, 1001, 9001, 0);
    sack.options |= TCPT_OPTION_SACK;
    sack.sack_count = 1;
    sack.sack_left[0] = 10449;
    sack.sack_right[0] = 11897;
    pass(on, sack, false);
    check_same(on);
    g_assert_cmpuint(passage_of(on).sack_not_adjusted, ==, !on->sack_adjusted);
    end(on);
}

/* Translated and renumbered: only the client's timestamp is left to tell. */
static void test_both(void)
{
    wire *on = begin(true);
    on->shift[CLIENT] = 77;
    on->shift[SERVER] = 0x80000000;
    memcpy(on->seen_client, (const uint8_t[4]){203, 0, 113, 7}, 4);
    handshake(on);
    check_same(on);
    say(on, SERVER, TCPT_ACK, 9001, 1001, 500);
    check_same(on);
    end(on);
}

/* A new connection on the same ports is none of the old one's segments. */
static void test_other_life(void)
{
    wire *on = begin(true);
    handshake(on);
    say(on, CLIENT, TCPT_RST, 1001, 0, 0);
    lose(on, CLIENT, TCPT_SYN, 5000000, 0, 0);
    on->now_ns += tcpt_seconds_ns(1);
    on->at[1] = on->at[0];
    say(on, CLIENT, TCPT_SYN, 7000000, 0, 0);
    check_same(on);
    end(on);
}

static void test_clocks(gconstpointer ahead_seconds)
{
    wire *on = begin(true);
    on->ahead_ns = GPOINTER_TO_INT(ahead_seconds) * tcpt_seconds_ns(1);
    handshake(on);
    for (uint32_t i = 0; i < 5; i++)
        lose(on, SERVER, TCPT_ACK, 9001 + 100 * i, 1001, 100);
    say(on, CLIENT, TCPT_ACK, 1001, 9001, 10);
    say(on, SERVER, TCPT_ACK, 9501, 1011, 10);
    tcpt_passage passage = passage_of(on);
    g_assert_cmpuint(passage.crossed_to_a, ==, 2);
    g_assert_cmpuint(passage.crossed_to_b, ==, 3);
    g_assert_cmpuint(passage.to_a.missing, ==, 5);
    g_assert_cmpuint(passage.to_b.missing, ==, 0);
    g_assert_true(passage.clocks_differ == (on->ahead_ns != 0));
    g_assert_cmpint(passage.clock_offset_ns, ==, on->ahead_ns);
    g_assert_nonnull(loss_of(on));
    g_assert_cmpuint(loss_of(on)->confidence, ==, TCPT_HIGH);
    g_assert_cmpuint(loss_of(on)->related_count, ==, 4);
    end(on);
}

/* Only one direction shows at both points: which one is nearer rests on both clocks being one. */
static void test_assumed_order(void)
{
    wire *on = begin(true);
    for (uint32_t i = 0; i < 4; i++) {
        say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
        lose(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
        on->now_ns += tcpt_seconds_ns(1);
    }
    g_assert_nonnull(loss_of(on));
    g_assert_cmpuint(loss_of(on)->confidence, ==, TCPT_MEDIUM);
    end(on);
}

/* Two clocks, and one direction: nothing is known of the order, so nothing is said. */
static void test_unknown_order(void)
{
    wire *on = begin(true);
    on->ahead_ns = -tcpt_seconds_ns(3600);
    for (uint32_t i = 0; i < 4; i++) {
        say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
        lose(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
        on->now_ns += tcpt_seconds_ns(1);
    }
    g_assert_null(loss_of(on));
    end(on);
}

/* The farther capture begins in the middle and ends before the end: what it could not see is not lost. */
static void test_overlap(void)
{
    wire *on = begin(true);
    lose(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    on->now_ns += tcpt_seconds_ns(1);
    for (uint32_t i = 0; i < 10; i++) {
        if (i < 3 || i > 6)
            lose(on, CLIENT, TCPT_ACK, 1001 + 100 * i, 9001, 100);
        else
            say(on, CLIENT, TCPT_ACK, 1001 + 100 * i, 9001, 100);
        if (i >= 3 && i <= 6)
            say(on, SERVER, TCPT_ACK, 9001, 1001 + 100 * i, 0);
    }
    g_assert_null(loss_of(on));
    end(on);
}

/* A point that has nothing in common with any other: what is kept for it stays bounded. */
static void test_bounded(void)
{
    wire *on = begin(true);
    for (uint32_t i = 0; i < 100000; i++) {
        tcpt_segment data = make(on, CLIENT, TCPT_ACK, 1001 + 100 * i, 9001, 100);
        capture(on, 0, data);
        on->now_ns += 100000;
    }
    g_assert_cmpuint(tcpt_analysis_totals(on->analysis).kept, <=, 65536);
    end(on);
}

/* Once points are known to see the same, what one of them lacks is let go of in time. */
static void test_settled_in_time(void)
{
    wire *on = begin(true);
    handshake(on);
    for (uint32_t i = 0; i < 5000; i++) {
        tcpt_segment data = make(on, CLIENT, TCPT_ACK, 1001 + 100 * i, 9001, 100);
        pass(on, data, i % 2);
    }
    /* 10 ms each: half of what came in the ten seconds of match_seconds, and the SYNs */
    g_assert_cmpuint(tcpt_analysis_totals(on->analysis).kept, <=, 510);
    g_assert_cmpuint(passage_of(on).to_b.missing, ==, 2499); /* the last one may still come */
    end(on);
}

/* Sent again with the same numbers, without anything that tells them apart: the nearest in time belong together. */
static void test_identical(void)
{
    wire *on = begin(true);
    on->ipv6 = true;
    on->timestamps = false;
    handshake(on);
    lose(on, CLIENT, TCPT_ACK, 1001, 9001, 100);
    const tcpt_record *lost = on->at[0];
    on->now_ns += 300 * TCPT_MS_NS;
    say(on, CLIENT, TCPT_ACK, 1001, 9001, 100);
    check_same(on);
    g_assert_cmpuint(lost->same_as, ==, 0);
    say(on, SERVER, TCPT_ACK, 9001, 1101, 0);
    say(on, CLIENT, TCPT_ACK, 1101, 9001, 0);
    g_assert_nonnull(loss_of(on));
    g_assert_true(loss_of(on)->on == lost);
    g_assert_cmpuint(loss_of(on)->related_count, ==, 0);
    end(on);
}

/* Cut near the sender, joined farther on, or the reverse: pieces that overtake each other are all of it too. */
static void test_pieces_overtake(gconstpointer joined)
{
    static const unsigned order[] = {3, 0, 2, 1};
    wire *on = begin(true);
    handshake(on);
    tcpt_segment whole = make(on, CLIENT, TCPT_ACK, 1001, 9001, 4000);
    unsigned cut_at = !joined;
    if (!joined)
        capture(on, 0, whole);
    for (unsigned i = 0; i < 4; i++) {
        tcpt_segment piece = whole;
        piece.ip_id = (uint16_t)(whole.ip_id + order[i]);
        piece.seq += 1000 * order[i];
        piece.payload_bytes = 1000;
        piece.end_seq = piece.seq + 1000;
        piece.time_ns += (i + 1) * TCPT_MS_NS;
        capture(on, cut_at, piece);
        if (!joined)
            g_assert_cmpuint(on->at[1]->same_as, ==, on->at[0]->frame);
    }
    whole.time_ns += 10 * TCPT_MS_NS;
    if (joined)
        capture(on, 1, whole);
    g_assert_cmpuint(on->at[!cut_at]->same_as, !=, 0);
    on->now_ns += tcpt_seconds_ns(1);
    say(on, SERVER, TCPT_ACK, 9001, 5001, 0);
    say(on, CLIENT, TCPT_ACK, 5001, 9001, 100);
    g_assert_null(loss_of(on));
    end(on);
}

/* ACKs of the same numbers, without an IP ID or timestamps: their SACK blocks tell them apart. */
static void test_identical_but_sack(void)
{
    wire *on = begin(true);
    on->ipv6 = true;
    on->timestamps = false;
    handshake(on);
    tcpt_segment first = make(on, CLIENT, TCPT_ACK, 1001, 9001, 0), second = first;
    first.options = second.options = TCPT_OPTION_SACK;
    first.sack_count = second.sack_count = 1;
    first.sack_left[0] = second.sack_left[0] = 10001;
    first.sack_right[0] = 11001;
    first.checksum = 1;
    second.sack_right[0] = 12001;
    second.checksum = 2;
    second.time_ns += TCPT_MS_NS / 10;
    capture(on, 0, first);
    const tcpt_record *lost = on->at[0];
    capture(on, 0, second);
    second.time_ns += on->across_ns;
    capture(on, 1, second);
    check_same(on);
    g_assert_cmpuint(lost->same_as, ==, 0);
    end(on);
}

/* The same bytes under another IP ID were sent again: whichever point's copy comes first in the file. */
static void test_sent_again(void)
{
    wire *on = begin(true);
    on->timestamps = false;
    handshake(on);
    lose(on, SERVER, TCPT_ACK, 9001, 1001, 500);
    const tcpt_record *lost = on->at[1];
    tcpt_segment again = make(on, SERVER, TCPT_ACK, 9001, 1001, 500);
    again.time_ns += on->across_ns;
    capture(on, 0, again);
    again.time_ns -= on->across_ns;
    capture(on, 1, again);
    check_same(on);
    g_assert_cmpuint(lost->same_as, ==, 0);
    end(on);
}

/* A normaliser gives new IP IDs; a SYN-ACK without one tells nothing of that. */
static void test_new_ids(void)
{
    wire *on = begin(true);
    on->timestamps = false;
    for (unsigned i = 0; i < 4; i++) {
        unsigned from = i % 2;
        tcpt_segment segment = make(on, from, i < 2 ? (from ? TCPT_SYN | TCPT_ACK : TCPT_SYN) : TCPT_ACK,
                                    (from ? 9000 : 1000) + i / 2, i ? (from ? 1001 : 9001) : 0, i < 2 ? 0 : 100);
        if (i == 1)
            segment.ip_id = 0;
        capture(on, from, segment);
        segment.time_ns += on->across_ns;
        segment.ip_id = segment.ip_id ? (uint16_t)(segment.ip_id * 777u + 5) : 0;
        capture(on, !from, segment);
        check_same(on);
        on->now_ns += 2 * on->across_ns;
    }
    end(on);
}

/* One file behind the other: the first one's segments wait until the second has passed the time they were due. */
static void test_appended(void)
{
    wire *on = begin(true);
    tcpt_segment sent[102];
    sent[0] = make(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    sent[1] = make(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
    for (uint32_t i = 0; i < 100; i++) {
        on->now_ns += tcpt_seconds_ns(1);
        sent[2 + i] = make(on, CLIENT, TCPT_ACK, 1001 + 100 * i, 9001, 100);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(sent); i++)
        capture(on, 0, sent[i]);
    for (unsigned i = 0; i < G_N_ELEMENTS(sent); i++) {
        sent[i].time_ns += i == 1 ? -on->across_ns : i % 10 * on->across_ns;
        if (i % 10 != 3)
            capture(on, 1, sent[i]);
    }
    g_assert_cmpuint(on->at[1]->same_as, !=, 0);
    g_assert_nonnull(loss_of(on));
    g_assert_cmpuint(loss_of(on)->related_count, ==, 9); /* and the one it stands on */
    end(on);
}

/* The same with a second connection, which the second file's part of the first must not settle. */
static void test_appended_connections(void)
{
    wire *on = begin(true);
    tcpt_segment first[] = {make(on, CLIENT, TCPT_SYN, 1000, 0, 0),
                            make(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0)};
    on->ipv6 = true;
    tcpt_segment second = make(on, CLIENT, TCPT_SYN, 5000, 0, 0);
    capture(on, 0, second);
    const tcpt_record *original = on->at[0];
    on->ipv6 = false;
    capture(on, 0, first[0]);
    capture(on, 0, first[1]);
    on->now_ns += tcpt_seconds_ns(60);
    capture(on, 0, make(on, CLIENT, TCPT_ACK, 1001, 9001, 100));
    capture(on, 1, first[0]);
    first[1].time_ns -= on->across_ns;
    capture(on, 1, first[1]);
    on->ipv6 = true;
    second.time_ns += on->across_ns;
    capture(on, 1, second);
    g_assert_cmpuint(on->at[1]->same_as, ==, original->frame);
    end(on);
}

/* A SYN into what one point takes for open and the other, which never saw the handshake end, for over. */
static void test_life_of_one_point(void)
{
    wire *on = begin(true);
    say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    say(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
    lose(on, CLIENT, TCPT_ACK, 1001, 9001, 0);
    lose(on, CLIENT, TCPT_ACK, 1001, 9001, 100);
    const tcpt_record *data = on->at[0];
    on->now_ns += tcpt_seconds_ns(61);
    say(on, CLIENT, TCPT_SYN, 5000000, 0, 0);
    say(on, SERVER, TCPT_SYN | TCPT_ACK, 7000000, 5000001, 0);
    say(on, CLIENT, TCPT_ACK, 5000001, 7000001, 0);
    say(on, CLIENT, TCPT_ACK, 5000001, 7000001, 100);
    check_same(on);
    tcpt_settle_all(on->analysis);
    const tcpt_finding *old = data->flow->end_findings;
    while (old && strcmp(old->detector->id, "vantage_loss") != 0)
        old = old->next_in_flow;
    g_assert_nonnull(old);
    g_assert_cmpuint(old->related_count, ==, 1); /* both lost ACKs, and not the SYN */
    end(on);
}

/* What was sent as IP fragments and put together near its sender never shows behind a device that drops fragments. */
static void test_fragments(void)
{
    wire *on = begin(true);
    handshake(on);
    say(on, CLIENT, TCPT_ACK, 1001, 9001, 100);
    for (unsigned i = 0; i < 3; i++) {
        tcpt_segment large = make(on, CLIENT, TCPT_ACK, 1101, 9001, 4000);
        large.fragments = true;
        pass(on, large, true);
        on->now_ns += 300 * TCPT_MS_NS;
    }
    say(on, CLIENT, TCPT_ACK, 1101, 9001, 1000);
    say(on, SERVER, TCPT_ACK, 9001, 2101, 0);
    const tcpt_finding *finding = loss_of(on);
    const char *property = NULL;
    g_assert_nonnull(finding);
    for (unsigned i = 0; i < finding->value_count; i++)
        if (finding->values[i].field == TCPT_F_LOSS_PROPERTY)
            property = finding->values[i].text;
    g_assert_cmpstr(property, ==, "fragment");
    end(on);
}

void add_vantage_tests(void)
{
    g_test_add_func("/vantage/fragments", test_fragments);
    g_test_add_func("/vantage/unexpected", test_unexpected);
    g_test_add_func("/vantage/translated", test_translated);
    g_test_add_func("/vantage/translated-ambiguous", test_translated_ambiguous);
    g_test_add_func("/vantage/renumbered", test_renumbered);
    g_test_add_data_func("/vantage/sack-adjusted", GINT_TO_POINTER(1), test_renumbered_sack);
    g_test_add_data_func("/vantage/sack-not-adjusted", GINT_TO_POINTER(0), test_renumbered_sack);
    g_test_add_func("/vantage/translated-and-renumbered", test_both);
    g_test_add_func("/vantage/other-life", test_other_life);
    g_test_add_data_func("/vantage/clocks-agree", GINT_TO_POINTER(0), test_clocks);
    g_test_add_data_func("/vantage/clock-ahead", GINT_TO_POINTER(3600), test_clocks);
    g_test_add_data_func("/vantage/clock-behind", GINT_TO_POINTER(-3600), test_clocks);
    g_test_add_func("/vantage/order-assumed", test_assumed_order);
    g_test_add_func("/vantage/order-unknown", test_unknown_order);
    g_test_add_func("/vantage/overlap", test_overlap);
    g_test_add_data_func("/vantage/pieces-overtake", GINT_TO_POINTER(0), test_pieces_overtake);
    g_test_add_data_func("/vantage/pieces-overtake-joined", GINT_TO_POINTER(1), test_pieces_overtake);
    g_test_add_func("/vantage/bounded", test_bounded);
    g_test_add_func("/vantage/settled-in-time", test_settled_in_time);
    g_test_add_func("/vantage/identical", test_identical);
    g_test_add_func("/vantage/identical-but-sack", test_identical_but_sack);
    g_test_add_func("/vantage/sent-again", test_sent_again);
    g_test_add_func("/vantage/new-ids", test_new_ids);
    g_test_add_func("/vantage/appended", test_appended);
    g_test_add_func("/vantage/appended-connections", test_appended_connections);
    g_test_add_func("/vantage/life-of-one-point", test_life_of_one_point);
}
