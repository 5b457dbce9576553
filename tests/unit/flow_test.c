/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows as the analysis keeps them: lives, points, bounds. States are in tests/scenario/states.pkt. */
#include <glib.h>
#include <string.h>

#include "core/flow/ack_steps.h"
#include "tcptriage/analysis.h"
#include "tcptriage/outcome.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"
#include "unit.h"

static const uint8_t client[4] = {192, 0, 2, 1};
static const uint8_t server[4] = {198, 51, 100, 1};

/** A segment between the two, as if parsed; time moves on by a millisecond each. */
static tcpt_segment make(unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    static int64_t now_ns;
    static uint32_t frame;
    static uint16_t ip_id;
    tcpt_segment segment = {
        .time_ns = now_ns += 1000000,
        .frame = ++frame,
        .depth = 1,
        .family = 4,
        .ttl = 64,
        .has_ip_id = true,
        .ip_id = ip_id++,
        .src = from ? server : client,
        .dst = from ? client : server,
        .src_port = from ? 80 : 40000,
        .dst_port = from ? 40000 : 80,
        .seq = seq,
        .ack = ack,
        .flags = flags,
        .header_bytes = 20,
        .window = 65535,
        .payload_bytes = payload_bytes,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };
    segment.end_seq = seq + payload_bytes + !!(flags & TCPT_SYN) + !!(flags & TCPT_FIN);
    return segment;
}

static tcpt_record *feed(tcpt_analysis *analysis, tcpt_segment segment)
{
    tcpt_record *record = tcpt_analyse(analysis, &segment);
    g_assert_nonnull(record);
    g_assert_nonnull(tcpt_flow_of(record));
    g_assert_cmpuint(record->frame, ==, segment.frame);
    return record;
}

static tcpt_analysis *begin(void)
{
    tcpt_settings settings = tcpt_settings_default();
    return tcpt_analysis_new(&settings);
}

static tcpt_flow *handshake(tcpt_analysis *analysis, uint32_t client_isn, uint32_t server_isn)
{
    tcpt_flow *flow = tcpt_flow_of(feed(analysis, make(0, TCPT_SYN, client_isn, 0, 0)));
    feed(analysis, make(1, TCPT_SYN | TCPT_ACK, server_isn, client_isn + 1, 0));
    feed(analysis, make(0, TCPT_ACK, client_isn + 1, server_isn + 1, 0));
    return flow;
}

static void test_empty(void)
{
    tcpt_analysis *analysis = begin();
    tcpt_settle_all(analysis);
    g_assert_null(tcpt_first_flow(analysis));
    g_assert_cmpuint(tcpt_analysis_totals(analysis).segments, ==, 0);
    g_assert_cmpuint(tcpt_analysis_totals(analysis).flows, ==, 0);
    tcpt_analysis_free(analysis);
    tcpt_analysis_free(NULL);
}

static void test_lives(void)
{
    tcpt_analysis *analysis = begin();
    tcpt_flow *first = handshake(analysis, 1000, 9000);
    feed(analysis, make(0, TCPT_RST, 1001, 0, 0));
    tcpt_flow *second = handshake(analysis, 7000000, 8000000);
    tcpt_record *last = feed(analysis, make(0, TCPT_ACK, 7000001, 8000001, 10));
    g_assert_true(tcpt_flow_of(last) != first);
    g_assert_true(tcpt_life_before(tcpt_flow_of(last)) == first);
    g_assert_true(tcpt_flow_of(last) == second || second == first); /* the SYN may be judged in the old life */
    g_assert_cmpuint(tcpt_analysis_totals(analysis).flows, ==, 2);
    tcpt_analysis_free(analysis);
}

static void test_both_directions_are_one_flow(void)
{
    tcpt_analysis *analysis = begin();
    tcpt_flow *flow = handshake(analysis, 1000, 9000);
    g_assert_true(tcpt_flow_of(feed(analysis, make(1, TCPT_ACK, 9001, 1001, 100))) == flow);
    g_assert_true(tcpt_flow_of(feed(analysis, make(0, TCPT_ACK, 1001, 9101, 0))) == flow);
    g_assert_cmpuint(tcpt_analysis_totals(analysis).flows, ==, 1);
    g_assert_cmpstr(tcpt_role(flow, flow->client), ==, "client");
    tcpt_analysis_free(analysis);
}

/* Capture point and depth tell flows apart: the same packet there is another flow's. */
static void test_points_and_depth(void)
{
    tcpt_analysis *analysis = begin();
    for (unsigned i = 0; i < 4; i++) {
        tcpt_segment segment = make(0, TCPT_SYN, 1000, 0, 0);
        segment.point = i % 2;
        segment.depth = (uint8_t)(1 + i / 2);
        feed(analysis, segment);
    }
    g_assert_cmpuint(tcpt_analysis_totals(analysis).flows, ==, 4);
    tcpt_analysis_free(analysis);
}

static void test_settle_again(void)
{
    tcpt_analysis *analysis = begin();
    tcpt_flow *flow = handshake(analysis, 1000, 9000);
    feed(analysis, make(0, TCPT_FIN | TCPT_ACK, 1001, 9001, 0));
    feed(analysis, make(1, TCPT_ACK, 9001, 1002, 0));
    tcpt_settle_all(analysis);
    g_assert_null(tcpt_first_end_diagnosis(flow)); /* 10 s have not passed */
    tcpt_segment other = make(0, TCPT_ACK, 1, 1, 0);
    other.src_port = 50000;
    other.time_ns += 60 * INT64_C(1000000000);
    feed(analysis, other);
    tcpt_settle_all(analysis);
    g_assert_nonnull(tcpt_first_end_diagnosis(flow)); /* now they have */
    tcpt_segment fin = make(1, TCPT_FIN | TCPT_ACK, 9001, 1002, 0);
    fin.time_ns = other.time_ns + 1000000;
    feed(analysis, fin);
    tcpt_settle(analysis, flow);
    g_assert_null(tcpt_first_end_diagnosis(flow)); /* and the close came after all */
    tcpt_analysis_free(analysis);
}

static void test_time_backwards(void)
{
    tcpt_analysis *analysis = begin();
    tcpt_flow *flow = handshake(analysis, 1000, 9000);
    tcpt_segment early = make(0, TCPT_ACK, 1001, 9001, 100);
    early.time_ns -= 10 * INT64_C(1000000000);
    feed(analysis, early);
    g_assert_true(flow->reordered);
    tcpt_settle_all(analysis);
    tcpt_analysis_free(analysis);
}

/* Segments in any order: N is where the first gap begins, unless the core gave up knowing (too many ranges). */
static void test_contiguous(void)
{
    enum { PIECES = 12, BYTES = 100 };
    for (unsigned round = 0; round < 2000; round++) {
        uint32_t isn = g_test_rand_int();
        bool there[PIECES] = {false};
        tcpt_analysis *analysis = begin();
        tcpt_flow *flow = handshake(analysis, isn, 9000);
        const tcpt_endpoint *sender = &flow->ends[flow->client];
        for (unsigned i = 0; i < 3 * PIECES && sender->above_count < TCPT_RANGES; i++) {
            unsigned piece = (unsigned)g_test_rand_int_range(0, PIECES);
            unsigned contiguous = 0;
            feed(analysis, make(0, TCPT_ACK, isn + 1 + BYTES * piece, 9001, BYTES));
            there[piece] = true;
            while (contiguous < PIECES && there[contiguous])
                contiguous++;
            g_assert_cmphex(sender->snd_contig, ==, isn + 1 + BYTES * contiguous);
        }
        tcpt_analysis_free(analysis);
    }
}

/* More gaps than are kept: no hole of the capture when they are filled before they are acknowledged, one when not. */
static void test_given_up(void)
{
    enum { PIECES = 3 * TCPT_RANGES, BYTES = 100 };
    for (unsigned lacks = 0; lacks < 2; lacks++) {
        tcpt_analysis *analysis = begin();
        tcpt_flow *flow = handshake(analysis, 1000, 9000);
        const tcpt_endpoint *sender = &flow->ends[flow->client];
        for (unsigned piece = 1; piece < PIECES; piece += 2)
            feed(analysis, make(0, TCPT_ACK, 1001 + BYTES * piece, 9001, BYTES));
        g_assert_true(sender->holed);
        g_assert_cmpuint(sender->holes, ==, 0);
        for (unsigned piece = 2 * lacks; piece < PIECES; piece += 2)
            feed(analysis, make(0, TCPT_ACK, 1001 + BYTES * piece, 9001, BYTES));
        feed(analysis, make(1, TCPT_ACK, 9001, 1001 + BYTES * PIECES, 0));
        g_assert_cmphex(sender->snd_contig, ==, 1001 + BYTES * PIECES);
        g_assert_cmpuint(sender->holes, ==, lacks);
        g_assert_cmpuint(sender->holed, ==, lacks);
        tcpt_analysis_free(analysis);
    }
}

/* ACKs captured before what they acknowledge: no hole once it is there. */
static void test_acks_first(void)
{
    enum { PIECES = 4, BYTES = 100 };
    for (unsigned lacks = 0; lacks < 2; lacks++) {
        tcpt_analysis *analysis = begin();
        tcpt_flow *flow = handshake(analysis, 1000, 9000);
        const tcpt_endpoint *sender = &flow->ends[flow->client];
        for (unsigned piece = 1; piece <= PIECES; piece++)
            feed(analysis, make(1, TCPT_ACK, 9001, 1001 + BYTES * piece, 0));
        g_assert_cmpuint(sender->holes, ==, 1);
        for (unsigned piece = 0; piece < PIECES - lacks; piece++)
            feed(analysis, make(0, TCPT_ACK, 1001 + BYTES * piece, 9001, BYTES));
        g_assert_cmpuint(sender->holed, ==, lacks);
        tcpt_analysis_free(analysis);
    }
}

/* ---- Budgets: 96 bytes per packet, 1.5 KiB per flow. */

static void transfer(tcpt_analysis *analysis, unsigned segments)
{
    uint32_t sent = 1001;
    for (unsigned i = 0; i < segments; i += 2, sent += 1000) {
        feed(analysis, make(0, TCPT_ACK, sent, 9001, 1000));
        feed(analysis, make(1, TCPT_ACK, 9001, sent + 1000, 0));
    }
}

/** Fail, but let the other tests run. Sanitizers' allocators do not count: nothing to compare then. */
static void within_budget(size_t before, double each, double budget, const char *what)
{
    g_test_message("%.0f bytes per %s, budget %.0f", each, what, budget);
    if (!before)
        g_test_skip("the allocator does not count");
    else if (each > budget)
        g_test_fail();
}

/* Two million segments of one flow. */
static void test_bytes_per_packet(void)
{
    enum { SEGMENTS = 2000000 };
    tcpt_analysis *analysis = begin();
    handshake(analysis, 1000, 9000);
    transfer(analysis, 1000);
    size_t before = heap_bytes();
    transfer(analysis, SEGMENTS);
    size_t grown = heap_bytes() - before;
    within_budget(before, (double)grown / SEGMENTS, 96, "packet");
    tcpt_analysis_free(analysis);
}

static void test_bytes_per_flow(void)
{
    enum { FLOWS = 20000 };
    tcpt_analysis *analysis = begin();
    size_t before = heap_bytes();
    for (uint32_t i = 0; i < FLOWS; i++) {
        for (unsigned part = 0; part < 3; part++) {
            static const uint8_t flags[] = {TCPT_SYN, TCPT_SYN | TCPT_ACK, TCPT_ACK};
            tcpt_segment segment = make(part == 1, flags[part], part == 1 ? 9000 : 1000 + part / 2,
                                        part == 1 ? 1001
                                        : part    ? 9001
                                                  : 0,
                                        0);
            *(part == 1 ? &segment.dst_port : &segment.src_port) = (uint16_t)i;
            feed(analysis, segment);
        }
    }
    size_t grown = heap_bytes() - before;
    within_budget(before, (double)grown / FLOWS, 1536, "flow with its three packets");
    g_assert_cmpuint(tcpt_analysis_totals(analysis).flows, ==, FLOWS);
    tcpt_analysis_free(analysis);
}

/* Numbers come round after 4 GiB: nothing is odd about it, and what was acknowledged then is still known. */
static void test_wraps(gconstpointer reversed)
{
    enum { BYTES = 65000, SEGMENTS = 150000 }; /* 9 GiB */
    unsigned from = GPOINTER_TO_UINT(reversed);
    tcpt_analysis *analysis = begin();
    tcpt_flow *flow = handshake(analysis, 1000, 9000);
    uint32_t seq = from ? 9001 : 1001, back = from ? 1001 : 9001;
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        feed(analysis, make(from, TCPT_ACK, seq, back, BYTES));
        seq += BYTES;
        feed(analysis, make(!from, TCPT_ACK, back, seq, 0));
        g_assert_cmpuint(flow->ends[!from].rcv_nxt, ==, seq);
        g_assert_cmpuint(flow->ends[from].snd_contig, ==, seq);
    }
    g_assert_null(tcpt_first_diagnosis(flow));
    g_assert_false(flow->ends[from].holed);
    tcpt_segment again = make(from, TCPT_ACK, seq - BYTES, back, BYTES);
    again.time_ns += tcpt_seconds_ns(1);
    tcpt_record *record = feed(analysis, again);
    g_assert_nonnull(record->notes);
    g_assert_cmpstr(record->notes->diagnosis->detector->id, ==, "acked_data_retransmitted");
    g_assert_true(tcpt_flow_of(record) == flow);
    tcpt_analysis_free(analysis);
}

/* Wherever a SYN-ACK's sequence numbers begin, and though its client refuses it for the timestamp that it echoes. */
static void test_window_seq(void)
{
    const uint32_t isn[] = {1, UINT32_C(1) << 31, UINT32_MAX - 1};
    for (unsigned i = 0; i < G_N_ELEMENTS(isn); i++) {
        tcpt_analysis *analysis = begin();
        tcpt_segment syn = make(0, TCPT_SYN, 1000, 0, 0), answer = make(1, TCPT_SYN | TCPT_ACK, isn[i], 1001, 0);
        syn.options = answer.options = TCPT_OPTION_TIMESTAMPS;
        syn.tsval = 500;
        answer.tsecr = 400;
        tcpt_flow *flow = tcpt_flow_of(feed(analysis, syn));
        tcpt_record *record = feed(analysis, answer);
        g_assert_cmpint(record->receiver_drop, ==, TCPT_DROP_TCP_RFC7323_PAWS);
        g_assert_cmpuint(flow->ends[1].window_seq, ==, isn[i]);
        feed(analysis, make(0, TCPT_ACK, 1001, isn[i] + 1, 0));
        feed(analysis, make(1, TCPT_ACK, isn[i] + 1, 1001, 10));
        g_assert_cmpuint(flow->ends[1].window_seq, ==, isn[i] + 1);
        tcpt_analysis_free(analysis);
    }
}

static tcpt_flow *feed_at(tcpt_analysis *analysis, int64_t time_ns, uint16_t port)
{
    tcpt_segment segment = make(0, TCPT_ACK, 1001, 9001, 10);
    segment.time_ns = time_ns;
    segment.src_port = port;
    return tcpt_flow_of(feed(analysis, segment));
}

static void acknowledge(tcpt_ack_step_room *room, tcpt_endpoint *end, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        tcpt_note_ack_step(room, end, end->ack_step_count ? end->ack_steps[end->ack_step_count - 1].ack + 1 : 1, 0, 0);
}

/* Where histories take much room a long one stays as long as it is, and others are short once what the long one gave
 * back as it grew is taken; the newest steps are all there. */
static void test_ack_steps_crowded(void)
{
    enum { LONG = 64, MANY = 1000, ENDS = 10 };
    tcpt_ack_step_room room = {0};
    tcpt_endpoint ends[ENDS] = {0}, *last = &ends[ENDS - 1];

    acknowledge(&room, &ends[0], LONG);
    g_ptr_array_set_size(room.slabs, TCPT_ACK_STEP_SLABS_MANY);
    for (unsigned i = 0; i < ENDS; i++)
        acknowledge(&room, &ends[i], MANY);
    g_assert_cmpuint(tcpt_ack_steps_room(&ends[0]), ==, LONG);
    g_assert_cmpuint(tcpt_ack_steps_room(last), ==, TCPT_ACK_STEPS_CROWDED);
    for (unsigned i = 0; i < TCPT_ACK_STEPS_CROWDED / 2; i++)
        g_assert_cmpuint(last->ack_steps[last->ack_step_count - 1 - i].ack, ==, MANY - i);
    tcpt_ack_step_room_clear(&room);
}

/* "Now" is the end of the piece that holds a flow: a jump of more than a day, or a file joined behind, ends it. */
static void test_pieces(void)
{
    const int64_t day_ns = 86400 * TCPT_SECOND_NS, start_ns = 100 * day_ns;
    tcpt_analysis *analysis = begin();
    tcpt_flow *first = feed_at(analysis, start_ns, 1);
    feed_at(analysis, start_ns + day_ns, 2);
    g_assert_cmpint(tcpt_now_ns(first), ==, start_ns + day_ns); /* a day exactly is a quiet point */
    tcpt_flow *second = feed_at(analysis, start_ns + 3 * day_ns, 3);
    g_assert_cmpint(tcpt_now_ns(first), ==, start_ns + day_ns);
    g_assert_cmpint(tcpt_now_ns(second), ==, start_ns + 3 * day_ns);
    feed_at(analysis, start_ns + 3 * day_ns - 10 * TCPT_SECOND_NS, 4); /* disorder within a capture */
    g_assert_cmpint(tcpt_now_ns(second), ==, start_ns + 3 * day_ns);
    tcpt_flow *joined = feed_at(analysis, start_ns, 5);
    feed_at(analysis, start_ns + TCPT_SECOND_NS, 6);
    g_assert_cmpint(tcpt_now_ns(second), ==, start_ns + 3 * day_ns);
    g_assert_cmpint(tcpt_now_ns(joined), ==, start_ns + TCPT_SECOND_NS);
    /* A flow is in the piece of its newest segment. */
    g_assert_true(feed_at(analysis, start_ns + TCPT_SECOND_NS, 3) == second);
    g_assert_cmpint(tcpt_now_ns(second), ==, start_ns + TCPT_SECOND_NS);
    tcpt_analysis_free(analysis);
}

/* A clock that jumps with every segment: what is kept of it stays bounded. */
static void test_pieces_bounded(void)
{
    tcpt_analysis *analysis = begin();
    tcpt_flow *flow = NULL;
    for (unsigned i = 0; i < 3 * TCPT_PIECES; i++)
        flow = feed_at(analysis, (1 + i % 2) * TCPT_TIME_LAST_NS / 3, (uint16_t)(i + 1));
    g_assert_cmpuint(flow->at->piece, ==, TCPT_PIECES - 1);
    g_assert_cmpint(tcpt_now_ns(flow), ==, 2 * (TCPT_TIME_LAST_NS / 3));
    tcpt_analysis_free(analysis);
}

/* The states of a frame, as they are known now. */
static void assert_states(const tcpt_record *record, tcpt_state of_client, tcpt_state of_server)
{
    unsigned initiator = tcpt_flow_of(record)->client;
    g_assert_cmpstr(tcpt_state_name(tcpt_state_in(record, initiator)), ==, tcpt_state_name(of_client));
    g_assert_cmpstr(tcpt_state_name(tcpt_state_in(record, !initiator)), ==, tcpt_state_name(of_server));
}

/* An ACK one beyond all that was captured: a FIN, until its sender goes on below it. */
static void test_inferred_fin_refuted(void)
{
    tcpt_analysis *analysis = begin();
    handshake(analysis, 1000, 9000);
    feed(analysis, make(1, TCPT_ACK, 9001, 1001, 1));
    tcpt_record *beyond = feed(analysis, make(0, TCPT_ACK, 1001, 9003, 0));
    assert_states(beyond, TCPT_CLOSE_WAIT, TCPT_FIN_WAIT_2);
    tcpt_record *closing = feed(analysis, make(0, TCPT_FIN | TCPT_ACK, 1001, 9003, 0));
    assert_states(closing, TCPT_CLOSING, TCPT_TIME_WAIT);
    tcpt_record *acked = feed(analysis, make(1, TCPT_ACK, 9003, 1002, 0));
    assert_states(acked, TCPT_TIME_WAIT, TCPT_TIME_WAIT);
    feed(analysis, make(1, TCPT_ACK, 9003, 1002, 10));
    assert_states(beyond, TCPT_ESTABLISHED, TCPT_ESTABLISHED);
    assert_states(closing, TCPT_FIN_WAIT_1, TCPT_CLOSE_WAIT);
    assert_states(acked, TCPT_FIN_WAIT_2, TCPT_CLOSE_WAIT);
    /* Where one was none, none is inferred again. */
    assert_states(feed(analysis, make(0, TCPT_ACK, 1002, 9014, 0)), TCPT_FIN_WAIT_2, TCPT_CLOSE_WAIT);
    tcpt_analysis_free(analysis);
}

/* The FIN itself was captured behind its ACK. */
static void test_inferred_fin_confirmed(void)
{
    tcpt_analysis *analysis = begin();
    handshake(analysis, 1000, 9000);
    tcpt_record *beyond = feed(analysis, make(0, TCPT_ACK, 1001, 9002, 0));
    tcpt_record *fin = feed(analysis, make(1, TCPT_FIN | TCPT_ACK, 9001, 1001, 0));
    assert_states(beyond, TCPT_CLOSE_WAIT, TCPT_FIN_WAIT_2);
    assert_states(fin, TCPT_CLOSE_WAIT, TCPT_FIN_WAIT_2);
    tcpt_analysis_free(analysis);
}

/* Without a SYN the higher port is the client's; of equal ones whoever is seen first. */
static void test_guessed_client(void)
{
    static const struct {
        unsigned from;
        uint16_t src_port;
        uint16_t dst_port;
        bool sender;
    } rows[] = {
        {0, 40000, 80, true}, {0, 80, 40000, false}, {1, 40000, 80, true}, {0, 500, 500, true}, {1, 500, 500, true}};

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        tcpt_analysis *analysis = begin();
        tcpt_segment segment = make(rows[i].from, TCPT_ACK, 1000, 2000, 10);

        segment.src_port = rows[i].src_port;
        segment.dst_port = rows[i].dst_port;
        const tcpt_record *record = feed(analysis, segment);
        g_assert_true((tcpt_flow_of(record)->client == record->from) == rows[i].sender);
        g_assert_false(tcpt_flow_of(record)->client_known);
        tcpt_analysis_free(analysis);
    }
}

/* The server acknowledges what the client, asked twice, says it never sent: no hole of the capture. */
static void test_false_hole(void)
{
    tcpt_analysis *analysis = begin();
    tcpt_flow *flow = handshake(analysis, 1000, 5000);
    const tcpt_endpoint *end = &flow->ends[flow->client];

    feed(analysis, make(1, TCPT_ACK, 5001, 1501, 0));
    g_assert_true(end->holed);
    g_assert_cmpuint(end->holes, ==, 1);
    feed(analysis, make(0, TCPT_ACK, 1001, 5001, 0)); /* as it ended the handshake */
    g_assert_true(end->holed);
    feed(analysis, make(1, TCPT_ACK, 5001, 1501, 0));
    g_assert_false(end->holed);
    g_assert_cmpuint(end->holes, ==, 0);
    g_assert_cmpuint(end->snd_contig, ==, 1001);
    tcpt_analysis_free(analysis);
}

/* A window that was closed 12 s ago, with or without a probe since, and perhaps opened again. */
static tcpt_outcome outcome_behind_window(bool probed, bool reopened)
{
    tcpt_analysis *analysis = begin();
    tcpt_flow *flow = handshake(analysis, 1000, 9000);
    tcpt_outcome outcome;

    feed(analysis, make(0, TCPT_ACK, 1001, 9001, 1000));
    for (unsigned seconds = 0; seconds <= 12; seconds += 6) {
        tcpt_segment probe = make(0, TCPT_ACK, 2000, 9001, 0), answer = make(1, TCPT_ACK, 9001, 2001, 0);

        probe.time_ns += seconds * TCPT_SECOND_NS;
        answer.time_ns += seconds * TCPT_SECOND_NS;
        answer.window = reopened && seconds > 6 ? 1000 : 0;
        if (probed && seconds)
            feed(analysis, probe);
        feed(analysis, answer);
    }
    tcpt_settle_all(analysis);
    outcome = tcpt_outcome_of(flow);
    tcpt_analysis_free(analysis);
    return outcome;
}

/* Only data that waits for it makes a closed window a failure. */
static void test_outcome_behind_window(void)
{
    g_assert_cmpint(outcome_behind_window(true, false), ==, TCPT_OUTCOME_STUCK);
    g_assert_cmpint(outcome_behind_window(true, true), ==, TCPT_OUTCOME_OPEN);
    g_assert_cmpint(outcome_behind_window(false, false), ==, TCPT_OUTCOME_OPEN);
}

/** How an opening ends whose SYN, or SYN-ACK, was sent so many times, a second later each time, to the capture's end.
 */
static tcpt_outcome outcome_of_opening(unsigned syns, unsigned syn_acks, bool confirmed)
{
    tcpt_analysis *analysis = begin();
    tcpt_flow *flow = NULL;
    tcpt_outcome outcome;

    for (unsigned i = 0; i < MAX(syns, syn_acks); i++) {
        tcpt_segment syn = make(0, TCPT_SYN, 1000, 0, 0), answer = make(1, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
        tcpt_segment ack = make(0, TCPT_ACK, 1001, 9001, 0);

        syn.time_ns += i * 3 * TCPT_SECOND_NS / 2;
        answer.time_ns += i * 3 * TCPT_SECOND_NS / 2;
        ack.time_ns += i * 3 * TCPT_SECOND_NS / 2;
        if (i < syns)
            flow = tcpt_flow_of(feed(analysis, syn));
        if (i < syn_acks)
            feed(analysis, answer);
        if (confirmed)
            feed(analysis, ack);
    }
    tcpt_settle_all(analysis);
    outcome = tcpt_outcome_of(flow);
    tcpt_analysis_free(analysis);
    return outcome;
}

/* Three tries in three seconds have failed, although the last one might still be answered. */
static void test_outcome_of_opening(void)
{
    g_assert_cmpint(outcome_of_opening(2, 0, false), ==, TCPT_OUTCOME_OPEN);
    g_assert_cmpint(outcome_of_opening(3, 0, false), ==, TCPT_OUTCOME_NO_ANSWER);
    g_assert_cmpint(outcome_of_opening(2, 2, false), ==, TCPT_OUTCOME_OPEN);
    g_assert_cmpint(outcome_of_opening(3, 3, false), ==, TCPT_OUTCOME_HANDSHAKE_FAILED);
    g_assert_cmpint(outcome_of_opening(1, 2, true), ==, TCPT_OUTCOME_OPEN);
    g_assert_cmpint(outcome_of_opening(1, 3, true), ==, TCPT_OUTCOME_HANDSHAKE_FAILED);
}

static void test_names(void)
{
    static const char *const names[] = {"CLOSED",      "LISTEN",     "SYN-SENT",   "SYN-RECEIVED",
                                        "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
                                        "CLOSING",     "LAST-ACK",   "TIME-WAIT"};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_cmpstr(tcpt_state_name((tcpt_state)i), ==, names[i]);
    g_assert_cmpstr(tcpt_severity_name(TCPT_CHAT), ==, "chat");
    g_assert_cmpstr(tcpt_severity_name(TCPT_NOTE), ==, "note");
    g_assert_cmpstr(tcpt_severity_name(TCPT_WARN), ==, "warn");
    g_assert_cmpstr(tcpt_confidence_name(TCPT_LOW), ==, "low");
    g_assert_cmpstr(tcpt_confidence_name(TCPT_MEDIUM), ==, "medium");
    g_assert_cmpstr(tcpt_confidence_name(TCPT_HIGH), ==, "high");
    g_assert_cmpstr(tcpt_verdict_name(TCPT_VERDICT_CHALLENGE_ACK), ==, "challenge_ack");
}

void add_flow_tests(void)
{
    g_test_add_func("/flow/empty", test_empty);
    g_test_add_func("/flow/lives", test_lives);
    g_test_add_func("/flow/both-directions", test_both_directions_are_one_flow);
    g_test_add_func("/flow/points-and-depth", test_points_and_depth);
    g_test_add_func("/flow/settle-again", test_settle_again);
    g_test_add_func("/flow/time-backwards", test_time_backwards);
    g_test_add_func("/flow/contiguous", test_contiguous);
    g_test_add_func("/flow/contiguous/given-up", test_given_up);
    g_test_add_func("/flow/contiguous/acks-first", test_acks_first);
    g_test_add_func("/flow/bytes-per-packet", test_bytes_per_packet);
    g_test_add_func("/flow/bytes-per-flow", test_bytes_per_flow);
    g_test_add_data_func("/flow/wraps-from-the-client", GUINT_TO_POINTER(0), test_wraps);
    g_test_add_data_func("/flow/wraps-from-the-server", GUINT_TO_POINTER(1), test_wraps);
    g_test_add_func("/flow/inferred-fin-refuted", test_inferred_fin_refuted);
    g_test_add_func("/flow/inferred-fin-confirmed", test_inferred_fin_confirmed);
    g_test_add_func("/flow/window-seq", test_window_seq);
    g_test_add_func("/flow/ack-steps-crowded", test_ack_steps_crowded);
    g_test_add_func("/flow/pieces", test_pieces);
    g_test_add_func("/flow/pieces-bounded", test_pieces_bounded);
    g_test_add_func("/flow/guessed-client", test_guessed_client);
    g_test_add_func("/flow/false-hole", test_false_hole);
    g_test_add_func("/flow/outcome-behind-window", test_outcome_behind_window);
    g_test_add_func("/flow/outcome-of-opening", test_outcome_of_opening);
    g_test_add_func("/flow/names", test_names);
}
