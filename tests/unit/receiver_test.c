/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receiver model: tables of segments at the edges (receiver_rows.c) for the four stacks, and what does not fit a
 * row. receiver-test -l, receiver-test -p /receiver/rst/... */
#include "receiver_test.h"

/* What the receiver does after a RST corrects what was said of it: it went on, or asked. */
static void test_corrected(void)
{
    fixture f;
    tcpt_record *rst;

    set_up(&f, TCPT_STACK_LINUX);
    bring_to(&f, CLOSE_WAIT);
    rst = send_segment(&f, 0, TCPT_RST, A - 1, 0, 0);
    g_assert_cmpuint(rst->receiver_verdict, ==, RESETS);
    f.now_ns += 500 * INT64_C(1000000);
    send_segment(&f, 1, TCPT_ACK, UNA, A, 20);
    g_assert_cmpuint(rst->receiver_verdict, ==, SILENT);
    g_assert_cmpuint(tcpt_state_in(rst, !tcpt_flow_of(rst)->client), ==, TCPT_CLOSE_WAIT);
    tcpt_analysis_free(f.analysis);

    set_up(&f, TCPT_STACK_LINUX);
    bring_to(&f, GAP);
    rst = send_segment(&f, 0, TCPT_RST, A + 200, 0, 0);
    g_assert_cmpuint(rst->receiver_verdict, ==, RESETS);
    f.now_ns += 5 * INT64_C(1000000);
    send_sack(&f, A + 100, A + 200);
    g_assert_cmpuint(rst->receiver_verdict, ==, ASKS);
    g_assert_cmpuint(tcpt_state_in(rst, !tcpt_flow_of(rst)->client), ==, TCPT_ESTABLISHED);
    tcpt_analysis_free(f.analysis);
}

/* The server has acknowledged A and refused ten bytes behind it. */
static void refuse_bytes(fixture *f)
{
    set_up(f, TCPT_STACK_LINUX);
    f->stamps = true;
    bring_to(f, ESTABLISHED);
    f->tsval[0] = TS_RECENT - 1000;
    g_assert_cmpuint(send_segment(f, 0, TCPT_ACK, A, UNA, 10)->receiver_verdict, ==, REPEATS);
}

/* What PAWS refused has not come: sent again it is taken, a RST before it is exact, and one behind it may not be. */
static void test_refused_bytes(void)
{
    fixture f;

    refuse_bytes(&f);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_RST, A + 10, 0, 0)->receiver_verdict, ==, U);
    tcpt_analysis_free(f.analysis);
    refuse_bytes(&f);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_RST, A, 0, 0)->receiver_verdict, ==, RESETS);
    tcpt_analysis_free(f.analysis);
    refuse_bytes(&f);
    f.tsval[0] = TS_RECENT + 10;
    g_assert_cmpuint(send_segment(&f, 0, TCPT_ACK, A, UNA, 10)->receiver_verdict, ==, TAKES);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_ACK, A, UNA, 10)->receiver_verdict, ==, U); /* taken, or lost */
    tcpt_analysis_free(f.analysis);
}

/* Of the refused bytes some are acknowledged all the same: the others are still missing, so that a RST behind what was
 * acknowledged is exact. */
static void test_refused_in_part(void)
{
    fixture f;

    refuse_bytes(&f);
    send_segment(&f, 1, TCPT_ACK, UNA, A + 4, 0);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_RST, A + 4, 0, 0)->receiver_verdict, ==, RESETS);
    tcpt_analysis_free(f.analysis);
    refuse_bytes(&f);
    send_segment(&f, 1, TCPT_ACK, UNA, A + 10, 0);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_RST, A + 10, 0, 0)->receiver_verdict, ==, RESETS);
    tcpt_analysis_free(f.analysis);
}

/* Of the refused bytes some are sent again, with a timestamp that passes: from the front the next ones are missing
 * then, in the middle the first still is. */
static void test_refused_sent_in_part(void)
{
    static const struct {
        uint32_t offset;
        uint32_t bytes;
        uint32_t left; /* from here on it is missing */
    } rows[] = {{0, 4, 4}, {4, 3, 0}, {9, 1, 0}, {0, 10, 10}};

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        fixture f;
        const tcpt_flow *flow;

        refuse_bytes(&f);
        f.tsval[0] = TS_RECENT + 10;
        flow = tcpt_flow_of(send_segment(&f, 0, TCPT_ACK, A + rows[i].offset, UNA, rows[i].bytes));
        g_assert_cmpuint(flow->ends[0].trouble->unwanted.left, ==, A + rows[i].left);
        g_assert_cmpuint(flow->ends[0].trouble->unwanted.right, ==, A + 10);
        tcpt_analysis_free(f.analysis);
    }
}

/* Linux gives one such answer in 500 ms, whatever draws it; segments with bytes are answered always. */
static void test_limit(void)
{
    fixture f;

    set_up(&f, TCPT_STACK_LINUX);
    bring_to(&f, ESTABLISHED);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_RST, A + 10, 0, 0)->receiver_verdict, ==, ASKS);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_SYN, A + 10, 0, 0)->receiver_verdict, ==, SILENT);
    f.now_ns += 400 * INT64_C(1000000);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_ACK, A - 1, UNA, 0)->receiver_verdict, ==, SILENT);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_ACK, A - 10, UNA, 5)->receiver_verdict, ==, REPEATS);
    f.now_ns += 85 * INT64_C(1000000);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_ACK, A - 1, UNA, 0)->receiver_verdict, ==, U); /* too near to tell */
    tcpt_analysis_free(f.analysis);
}

/* The others are not held to that limit. */
static void test_no_limit(void)
{
    fixture f;

    set_up(&f, TCPT_STACK_RFC5961);
    bring_to(&f, ESTABLISHED);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_RST, A + 10, 0, 0)->receiver_verdict, ==, ASKS);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_RST, A + 20, 0, 0)->receiver_verdict, ==, ASKS);
    tcpt_analysis_free(f.analysis);
}

/* Bytes taken after its own FIN show that the application still reads. */
static void test_half_close(void)
{
    fixture f;

    set_up(&f, TCPT_STACK_LINUX);
    bring_to(&f, FIN_WAIT_2);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_ACK, A, UNA + 1, 10)->receiver_verdict, ==, U);
    send_segment(&f, 1, TCPT_ACK, UNA + 1, A + 10, 0);
    g_assert_cmpuint(send_segment(&f, 0, TCPT_ACK, A + 10, UNA + 1, 10)->receiver_verdict, ==, TAKES);
    tcpt_analysis_free(f.analysis);
}

/* The connection has been reset exactly: its client has no socket any more. */
static void test_after_reset(void)
{
    tcpt_record *record;
    fixture f;

    set_up(&f, TCPT_STACK_LINUX);
    bring_to(&f, ESTABLISHED);
    send_segment(&f, 0, TCPT_RST, A, 0, 0);
    record = send_segment(&f, 1, TCPT_ACK, UNA, A, 100);
    g_assert_cmpuint(record->receiver_verdict, ==, RESETS);
    g_assert_cmpuint(record->receiver_drop, ==, TCPT_DROP_NO_SOCKET);
    tcpt_analysis_free(f.analysis);
}

/* A SYN for a TIME-WAIT entry: taken by ISN or by timestamp, else refused with the old numbers. */
static void test_time_wait_syn(void)
{
    static const struct {
        uint32_t seq;
        tcpt_verdict verdict;
    } rows[] = {{A + 1, TAKES}, {A, ASKS}, {A - 1000, ASKS}};

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        fixture f;

        set_up(&f, TCPT_STACK_LINUX);
        bring_to(&f, TIME_WAIT);
        g_assert_cmpuint(send_segment(&f, 0, TCPT_SYN, rows[i].seq, 0, 0)->receiver_verdict, ==, rows[i].verdict);
        tcpt_analysis_free(f.analysis);
    }
}

/* Within the TIME-WAIT that the user says hosts keep; behind it nobody knows. */
static void test_time_wait_length(void)
{
    static const struct {
        uint32_t time_wait_seconds;
        int64_t gap_seconds;
        tcpt_verdict verdict;
    } rows[] = {{60, 59, ASKS}, {60, 61, U}, {20, 19, ASKS}, {20, 21, U}, {240, 239, ASKS}, {240, 241, U}};

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        tcpt_settings settings = tcpt_settings_default();
        fixture f;

        settings.time_wait_seconds = rows[i].time_wait_seconds;
        f = (fixture){.analysis = tcpt_analysis_new(&settings), .now_ns = INT64_C(1000000000)};
        bring_to(&f, TIME_WAIT);
        f.now_ns += rows[i].gap_seconds * INT64_C(1000000000);
        g_assert_cmpuint(send_segment(&f, 0, TCPT_SYN, A, 0, 0)->receiver_verdict, ==, rows[i].verdict);
        tcpt_analysis_free(f.analysis);
    }
}

/* Timestamps older than 24 days mean nothing; between 2147 s and that, Linux versions differ. */
static void test_stale_stamp(void)
{
    static const struct {
        int64_t idle_ns; /* since the timestamp that it lies behind */
        tcpt_verdict verdict;
    } rows[] = {{2147 * TCPT_SECOND_NS - 1, REPEATS},
                {2147 * TCPT_SECOND_NS, U},
                {24 * 86400 * TCPT_SECOND_NS - 1, U},
                {24 * 86400 * TCPT_SECOND_NS, TAKES}};

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        fixture f;

        set_up(&f, TCPT_STACK_LINUX);
        f.stamps = true;
        bring_to(&f, ESTABLISHED);
        f.now_ns = tcpt_flow_of(send_segment(&f, 1, TCPT_ACK, UNA, A, 0))->ends[0].tsval_ns + rows[i].idle_ns - STEP_NS;
        f.tsval[0] = TS_RECENT - 5000;
        g_assert_cmpuint(send_segment(&f, 0, TCPT_ACK, A, UNA, 10)->receiver_verdict, ==, rows[i].verdict);
        tcpt_analysis_free(f.analysis);
    }
}

/* Every drop reason has a name, and every verdict. */
static void test_names(void)
{
    g_assert_null(tcpt_drop_name(TCPT_DROP_NONE));
    for (unsigned i = 1; i < TCPT_DROP_COUNT; i++)
        g_assert_nonnull(tcpt_drop_name((tcpt_drop)i));
    g_assert_cmpstr(tcpt_drop_name(TCPT_DROP_TCP_RFC7323_PAWS), ==, "TCP_RFC7323_PAWS");
    for (unsigned i = 0; i <= TCPT_VERDICT_DUPLICATE_ACK; i++)
        g_assert_nonnull(tcpt_verdict_name((tcpt_verdict)i));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_receiver_rows();
    g_test_add_func("/receiver/refused-bytes", test_refused_bytes);
    g_test_add_func("/receiver/refused-in-part", test_refused_in_part);
    g_test_add_func("/receiver/refused-sent-in-part", test_refused_sent_in_part);
    g_test_add_func("/receiver/corrected", test_corrected);
    g_test_add_func("/receiver/limit", test_limit);
    g_test_add_func("/receiver/no-limit", test_no_limit);
    g_test_add_func("/receiver/half-close", test_half_close);
    g_test_add_func("/receiver/after-reset", test_after_reset);
    g_test_add_func("/receiver/time-wait-syn", test_time_wait_syn);
    g_test_add_func("/receiver/time-wait-length", test_time_wait_length);
    g_test_add_func("/receiver/stale-stamp", test_stale_stamp);
    g_test_add_func("/receiver/names", test_names);
    return g_test_run();
}
