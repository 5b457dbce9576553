/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "receiver_test.h"

#define SAME(v)                                                                                                        \
    {                                                                                                                  \
        v, v, v, v                                                                                                     \
    }

static const test_row rst_rows[] = {
    {"exact", ESTABLISHED, {.flags = TCPT_RST, .seq = A}, SAME(RESETS), TCPT_DROP_NONE},
    {"one-below", ESTABLISHED, {.flags = TCPT_RST, .seq = A - 1}, SAME(SILENT), TCPT_DROP_TCP_OLD_SEQUENCE},
    {"one-above", ESTABLISHED, {.flags = TCPT_RST, .seq = A + 1}, {ASKS, ASKS, RESETS, ASKS}, TCPT_DROP_TCP_RESET},
    {"right-edge", ESTABLISHED, {.flags = TCPT_RST, .seq = R}, {ASKS, SILENT, SILENT, SILENT}, TCPT_DROP_TCP_RESET},
    {"behind-the-edge", ESTABLISHED, {.flags = TCPT_RST, .seq = R + 1}, SAME(SILENT), TCPT_DROP_TCP_INVALID_SEQUENCE},
    {"below-after-fin",
     CLOSE_WAIT,
     {.flags = TCPT_RST, .seq = A - 1},
     {RESETS, SILENT, SILENT, SILENT},
     TCPT_DROP_NONE},
    {"two-below-after-fin", CLOSE_WAIT, {.flags = TCPT_RST, .seq = A - 2}, SAME(SILENT), TCPT_DROP_TCP_OLD_SEQUENCE},
    {"below-in-last-ack",
     LAST_ACK,
     {.flags = TCPT_RST, .seq = A - 1},
     {RESETS, SILENT, SILENT, SILENT},
     TCPT_DROP_NONE},
    {"below-in-closing", CLOSING, {.flags = TCPT_RST, .seq = A - 1}, {RESETS, SILENT, SILENT, SILENT}, TCPT_DROP_NONE},
    {"sack-edge", GAP, {.flags = TCPT_RST, .seq = A + 200}, {RESETS, ASKS, RESETS, ASKS}, TCPT_DROP_NONE},
    {"close-at-sack-edge", GAP, {.flags = TCPT_RST | TCPT_ACK, .seq = A + 200}, {RESETS, U, U, U}, TCPT_DROP_NONE},
    {"time-wait-exact", TIME_WAIT, {.flags = TCPT_RST, .seq = A}, SAME(RESETS), TCPT_DROP_NONE},
    {"time-wait-above", TIME_WAIT, {.flags = TCPT_RST, .seq = A + 5}, SAME(SILENT), TCPT_DROP_NONE},
    {"fin-wait-2-above", FIN_WAIT_2, {.flags = TCPT_RST, .seq = A + 5}, {U, ASKS, RESETS, ASKS}, TCPT_DROP_NONE},
    {"syn-received-exact", SYN_RECEIVED, {.flags = TCPT_RST, .seq = A}, SAME(RESETS), TCPT_DROP_NONE},
    {"syn-received-above", SYN_RECEIVED, {.flags = TCPT_RST, .seq = A + 5}, SAME(U), TCPT_DROP_NONE},
    {"syn-received-right-edge", SYN_RECEIVED, {.flags = TCPT_RST, .seq = R}, SAME(U), TCPT_DROP_NONE},
    {"syn-received-behind-the-edge",
     SYN_RECEIVED,
     {.flags = TCPT_RST, .seq = R + 1},
     {SILENT, U, U, U},
     TCPT_DROP_TCP_OVERWINDOW},
    {"syn-received-below",
     SYN_RECEIVED,
     {.flags = TCPT_RST, .seq = A - 1},
     {SILENT, U, U, U},
     TCPT_DROP_TCP_OVERWINDOW},
    {"syn-received-bad-ack",
     SYN_RECEIVED,
     {.flags = TCPT_RST | TCPT_ACK, .seq = A, .ack = UNA + 5},
     {U, RESETS, RESETS, RESETS},
     TCPT_DROP_NONE},
    {"asked-for", STANDS, {.flags = TCPT_RST, .seq = A}, SAME(RESETS), TCPT_DROP_NONE},
    {"behind-what-is-asked-for", STANDS, {.flags = TCPT_RST, .seq = A + 50}, SAME(U), TCPT_DROP_NONE},
    {"syn-sent", SYN_SENT, {.flags = TCPT_RST | TCPT_ACK, .seq = 0}, SAME(RESETS), TCPT_DROP_NONE},
    {"syn-sent-bad-ack",
     SYN_SENT,
     {.flags = TCPT_RST | TCPT_ACK, .seq = 0, .ack = UNA + 1},
     SAME(SILENT),
     TCPT_DROP_TCP_INVALID_ACK_SEQUENCE},
    {"syn-sent-no-ack", SYN_SENT, {.flags = TCPT_RST, .seq = 0}, SAME(SILENT), TCPT_DROP_TCP_RESET},
    {"unknown-scale", MID_STREAM, {.flags = TCPT_RST, .seq = A + 100000}, SAME(U), TCPT_DROP_NONE},
};

static const test_row syn_rows[] = {
    {"at-next", ESTABLISHED, {.flags = TCPT_SYN, .seq = A}, {ASKS, ASKS, RESETS, ASKS}, TCPT_DROP_TCP_INVALID_SYN},
    {"far-below",
     ESTABLISHED,
     {.flags = TCPT_SYN, .seq = A - 500000},
     {ASKS, ASKS, REPEATS, ASKS},
     TCPT_DROP_TCP_INVALID_SYN},
    {"own-again",
     ESTABLISHED,
     {.flags = TCPT_SYN, .seq = CLIENT_ISN},
     {ASKS, ASKS, REPEATS, ASKS},
     TCPT_DROP_TCP_INVALID_SYN},
    {"half-closed", FIN_WAIT_2, {.flags = TCPT_SYN, .seq = A + 10}, {U, ASKS, RESETS, ASKS}, TCPT_DROP_NONE},
    {"half-closed-below", FIN_WAIT_2, {.flags = TCPT_SYN, .seq = A - 10}, {ASKS, ASKS, REPEATS, ASKS}, TCPT_DROP_NONE},
    {"another-request", SYN_RECEIVED, {.flags = TCPT_SYN, .seq = A + 10}, {RESETS, U, U, U}, TCPT_DROP_NONE},
    {"another-request-below",
     SYN_RECEIVED,
     {.flags = TCPT_SYN, .seq = A - 10},
     {REPEATS, U, U, U},
     TCPT_DROP_TCP_OVERWINDOW},
    {"crossed", SYN_SENT, {.flags = TCPT_SYN, .seq = 77}, SAME(TAKES), TCPT_DROP_NONE},
    {"syn-ack", SYN_SENT, {.flags = TCPT_SYN | TCPT_ACK, .seq = 77}, SAME(TAKES), TCPT_DROP_NONE},
    {"syn-ack-bad-ack",
     SYN_SENT,
     {.flags = TCPT_SYN | TCPT_ACK, .seq = 77, .ack = UNA + 9},
     SAME(RESETS),
     TCPT_DROP_TCP_INVALID_ACK_SEQUENCE},
};

static const test_row ack_rows[] = {
    {"newest", ESTABLISHED, {.flags = TCPT_ACK, .seq = A}, SAME(TAKES), TCPT_DROP_NONE},
    {"keep-alive", ESTABLISHED, {.flags = TCPT_ACK, .seq = A - 1}, SAME(REPEATS), TCPT_DROP_TCP_OLD_SEQUENCE},
    {"right-edge", ESTABLISHED, {.flags = TCPT_ACK, .seq = R}, {TAKES, REPEATS, REPEATS, REPEATS}, TCPT_DROP_NONE},
    {"beyond", ESTABLISHED, {.flags = TCPT_ACK, .seq = R + 1}, SAME(REPEATS), TCPT_DROP_TCP_INVALID_SEQUENCE},
    {"beyond-unknown-scale", MID_STREAM, {.flags = TCPT_ACK, .seq = A + 100000}, SAME(U), TCPT_DROP_NONE},
    {"between", UNACKED, {.flags = TCPT_ACK, .seq = A + 10}, SAME(U), TCPT_DROP_NONE},
    {"too-old",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .ack = UNA - 201},
     {ASKS, ASKS, TAKES, TAKES},
     TCPT_DROP_TCP_TOO_OLD_ACK},
    {"old", ESTABLISHED, {.flags = TCPT_ACK, .seq = A, .ack = UNA - 200}, SAME(TAKES), TCPT_DROP_NONE},
    {"unsent",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .ack = UNA + 100000},
     {U, ASKS, REPEATS, REPEATS},
     TCPT_DROP_TCP_ACK_UNSENT_DATA},
    {"unsent-and-done",
     CLOSING,
     {.flags = TCPT_ACK, .seq = A, .ack = UNA + 2},
     {ASKS, U, U, U},
     TCPT_DROP_TCP_ACK_UNSENT_DATA},
    {"unseen", ESTABLISHED, {.flags = TCPT_ACK, .seq = A, .ack = UNA + 10}, SAME(U), TCPT_DROP_NONE},
    {"without-flags", ESTABLISHED, {.flags = 0, .seq = A}, SAME(SILENT), TCPT_DROP_TCP_FLAGS},
    {"time-wait", TIME_WAIT, {.flags = TCPT_ACK, .seq = A}, SAME(TAKES), TCPT_DROP_NONE},
    {"third", SYN_RECEIVED, {.flags = TCPT_ACK, .seq = A}, SAME(TAKES), TCPT_DROP_NONE},
    {"third-bad-ack", SYN_RECEIVED, {.flags = TCPT_ACK, .seq = A, .ack = UNA + 1}, {RESETS, U, U, U}, TCPT_DROP_NONE},
    {"syn-sent",
     SYN_SENT,
     {.flags = TCPT_ACK, .seq = 77, .ack = UNA - 9},
     SAME(RESETS),
     TCPT_DROP_TCP_INVALID_ACK_SEQUENCE},
};

static const test_row data_rows[] = {
    {"in-order", ESTABLISHED, {.flags = TCPT_ACK, .seq = A, .payload_bytes = 10}, SAME(TAKES), TCPT_DROP_NONE},
    {"out-of-order", ESTABLISHED, {.flags = TCPT_ACK, .seq = A + 10, .payload_bytes = 10}, SAME(TAKES), TCPT_DROP_NONE},
    {"again",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A - 10, .payload_bytes = 10},
     SAME(REPEATS),
     TCPT_DROP_TCP_OLD_DATA},
    {"old",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A - 10, .payload_bytes = 9},
     SAME(REPEATS),
     TCPT_DROP_TCP_OLD_SEQUENCE},
    {"partly-new", ESTABLISHED, {.flags = TCPT_ACK, .seq = A - 5, .payload_bytes = 10}, SAME(TAKES), TCPT_DROP_NONE},
    {"up-to-the-edge",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = R - 10, .payload_bytes = 10},
     SAME(TAKES),
     TCPT_DROP_NONE},
    {"over-the-edge", ESTABLISHED, {.flags = TCPT_ACK, .seq = R - 5, .payload_bytes = 10}, SAME(U), TCPT_DROP_NONE},
    {"at-the-edge", ESTABLISHED, {.flags = TCPT_ACK, .seq = R, .payload_bytes = 10}, SAME(REPEATS), TCPT_DROP_NONE},
    {"beyond",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = R + 1, .payload_bytes = 10},
     SAME(REPEATS),
     TCPT_DROP_TCP_INVALID_SEQUENCE},
    {"unacknowledged-again", UNACKED, {.flags = TCPT_ACK, .seq = A, .payload_bytes = 50}, SAME(U), TCPT_DROP_NONE},
    {"asked-for", STANDS, {.flags = TCPT_ACK, .seq = A, .payload_bytes = 50}, SAME(TAKES), TCPT_DROP_NONE},
    {"held",
     GAP,
     {.flags = TCPT_ACK, .seq = A + 110, .payload_bytes = 90},
     {REPEATS, TAKES, TAKES, TAKES},
     TCPT_DROP_TCP_OFOMERGE},
    {"held-and-more", GAP, {.flags = TCPT_ACK, .seq = A + 110, .payload_bytes = 91}, SAME(TAKES), TCPT_DROP_NONE},
    {"into-the-gap", GAP, {.flags = TCPT_ACK, .seq = A + 10, .payload_bytes = 10}, SAME(TAKES), TCPT_DROP_NONE},
    {"too-old-ack-in-order",
     CLOSE_WAIT,
     {.flags = TCPT_ACK, .seq = A, .payload_bytes = 10, .ack = UNA - 300},
     {ASKS, ASKS, U, U},
     TCPT_DROP_TCP_TOO_OLD_ACK},
    {"fills-the-gap", GAP, {.flags = TCPT_ACK, .seq = A, .payload_bytes = 100}, SAME(TAKES), TCPT_DROP_NONE},
    {"fin", ESTABLISHED, {.flags = TCPT_FIN | TCPT_ACK, .seq = A}, SAME(TAKES), TCPT_DROP_NONE},
    {"fin-again", CLOSE_WAIT, {.flags = TCPT_FIN | TCPT_ACK, .seq = A - 1}, SAME(REPEATS), TCPT_DROP_TCP_OLD_DATA},
    {"behind-the-fin",
     CLOSE_WAIT,
     {.flags = TCPT_ACK, .seq = A, .payload_bytes = 10},
     {SILENT, U, U, U},
     TCPT_DROP_NONE},
    {"fin-again-in-time-wait", TIME_WAIT, {.flags = TCPT_FIN | TCPT_ACK, .seq = A - 1}, SAME(REPEATS), TCPT_DROP_NONE},
    {"to-a-closer", FIN_WAIT_2, {.flags = TCPT_ACK, .seq = A, .payload_bytes = 10}, SAME(U), TCPT_DROP_NONE},
    {"fin-to-a-closer",
     FIN_WAIT_2,
     {.flags = TCPT_FIN | TCPT_ACK, .seq = A, .ack = UNA + 1},
     SAME(TAKES),
     TCPT_DROP_NONE},
};

static const test_row stamp_rows[] = {
    {"same",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .payload_bytes = 10, .tsval_delta = 0, .stamped = true},
     SAME(TAKES),
     TCPT_DROP_NONE},
    {"one-tick-behind",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .payload_bytes = 10, .tsval_delta = -1, .stamped = true},
     {TAKES, REPEATS, REPEATS, REPEATS},
     TCPT_DROP_NONE},
    {"two-ticks-behind",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .payload_bytes = 10, .tsval_delta = -2, .stamped = true},
     SAME(REPEATS),
     TCPT_DROP_TCP_RFC7323_PAWS},
    {"fin",
     ESTABLISHED,
     {.flags = TCPT_FIN | TCPT_ACK, .seq = A, .tsval_delta = -1000, .stamped = true},
     {REPEATS, REPEATS, REPEATS, SILENT},
     TCPT_DROP_TCP_RFC7323_PAWS},
    {"duplicate-ack",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .tsval_delta = -10, .stamped = true},
     {TAKES, REPEATS, REPEATS, SILENT},
     TCPT_DROP_NONE},
    {"duplicate-ack-in-doubt",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .tsval_delta = -1000, .stamped = true},
     {U, REPEATS, REPEATS, SILENT},
     TCPT_DROP_NONE},
    {"duplicate-ack-within-the-shortest-rto",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .tsval_delta = -200, .stamped = true},
     {TAKES, REPEATS, REPEATS, SILENT},
     TCPT_DROP_NONE},
    {"duplicate-ack-behind-the-shortest-rto",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .tsval_delta = -201, .stamped = true},
     {U, REPEATS, REPEATS, SILENT},
     TCPT_DROP_NONE},
    {"duplicate-ack-as-old-as-may-be",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .tsval_delta = -36000, .stamped = true},
     {U, REPEATS, REPEATS, SILENT},
     TCPT_DROP_NONE},
    {"duplicate-ack-one-tick-too-old",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .tsval_delta = -36001, .stamped = true},
     {REPEATS, REPEATS, REPEATS, SILENT},
     TCPT_DROP_TCP_RFC7323_PAWS},
    {"duplicate-ack-too-old",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .tsval_delta = -50000, .stamped = true},
     {REPEATS, REPEATS, REPEATS, SILENT},
     TCPT_DROP_TCP_RFC7323_PAWS},
    {"ack-of-less",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A, .ack = UNA - 1, .tsval_delta = -10, .stamped = true},
     {REPEATS, REPEATS, REPEATS, SILENT},
     TCPT_DROP_TCP_RFC7323_PAWS},
    {"ack-behind-data",
     DATA_LAST,
     {.flags = TCPT_ACK, .seq = A, .tsval_delta = -10, .stamped = true},
     {REPEATS, REPEATS, REPEATS, SILENT},
     TCPT_DROP_TCP_RFC7323_PAWS},
    {"third",
     SYN_RECEIVED,
     {.flags = TCPT_ACK, .seq = A, .tsval_delta = -TS_RECENT - 1, .stamped = true},
     {REPEATS, TAKES, TAKES, TAKES},
     TCPT_DROP_TCP_RFC7323_PAWS},
    {"old-pure-ack",
     ESTABLISHED,
     {.flags = TCPT_ACK, .seq = A - 1, .tsval_delta = -10, .stamped = true},
     {U, REPEATS, REPEATS, SILENT},
     TCPT_DROP_NONE},
    {"rst-is-exempt",
     ESTABLISHED,
     {.flags = TCPT_RST, .seq = A, .tsval_delta = -1000, .stamped = true},
     SAME(RESETS),
     TCPT_DROP_NONE},
    {"syn-is-asked",
     ESTABLISHED,
     {.flags = TCPT_SYN, .seq = A, .tsval_delta = -1000, .stamped = true},
     {ASKS, ASKS, RESETS, ASKS},
     TCPT_DROP_TCP_INVALID_SYN},
};
/* ---- running a row ---- */

typedef struct one {
    const test_row *row;
    tcpt_stack stack;
} one;

static void run_row(gconstpointer data)
{
    const one *test = data;
    const test_row *row = test->row;
    const test_segment *probe = &row->probe;
    tcpt_record *record;
    fixture f;

    set_up(&f, test->stack);
    f.stamps = probe->stamped;
    bring_to(&f, row->situation);
    f.tsval[0] = TS_RECENT + (uint32_t)probe->tsval_delta;
    record = send_segment(&f, 0, probe->flags, probe->seq, probe->ack ? probe->ack : UNA, probe->payload_bytes);
    g_assert_cmpstr(tcpt_verdict_name((tcpt_verdict)record->receiver_verdict), ==,
                    tcpt_verdict_name(row->verdict[test->stack]));
    if (test->stack == TCPT_STACK_LINUX)
        g_assert_cmpstr(tcpt_drop_name((tcpt_drop)record->receiver_drop), ==, tcpt_drop_name(row->drop));
    tcpt_analysis_free(f.analysis);
}

static void add_rows(const char *family, const test_row *rows, unsigned count)
{
    static const char *const stacks[STACKS] = {"linux", "rfc5961", "rfc793", "freebsd"};

    for (unsigned i = 0; i < count; i++)
        for (unsigned stack = 0; stack < STACKS; stack++) {
            char *path = g_strdup_printf("/receiver/%s/%s/%s", family, rows[i].name, stacks[stack]);
            one *test = g_new(one, 1);

            *test = (one){&rows[i], (tcpt_stack)stack};
            g_test_add_data_func_full(path, test, run_row, g_free);
            g_free(path);
        }
}

void add_receiver_rows(void)
{
    add_rows("rst", rst_rows, G_N_ELEMENTS(rst_rows));
    add_rows("syn", syn_rows, G_N_ELEMENTS(syn_rows));
    add_rows("ack", ack_rows, G_N_ELEMENTS(ack_rows));
    add_rows("data", data_rows, G_N_ELEMENTS(data_rows));
    add_rows("stamp", stamp_rows, G_N_ELEMENTS(stamp_rows));
}
