/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receiver model: tables of segments at the edges, for the four stacks. Each row is a test of its own:
 * receiver-test -l, receiver-test -p /receiver/rst/... */
#include <glib.h>
#include <string.h>

#include "tcptriage/analysis.h"

/* The connection under test: the client's numbers begin at 1000, the server's at 5000, both windows are 1000 bytes and
 * unscaled. The server is the receiver that is judged; it has acknowledged 1101. */
enum {
    CLIENT_ISN = 1000,
    SERVER_ISN = 5000,
    A = CLIENT_ISN + 1 + 100,
    UNA = SERVER_ISN + 1 + 200,
    WINDOW = 1000,
    R = A + WINDOW,
    TS_RECENT = 70000,
    STACKS = 4,
};

typedef struct fixture {
    tcpt_analysis *analysis;
    int64_t now_ns;
    uint32_t frame;
    bool stamps;
    uint32_t tsval[2];
    uint32_t tsecr[2];
} fixture;

/* A segment as a table row gives it; `ack` 0 stands for the right one. */
typedef struct test_segment {
    uint8_t flags;
    uint32_t seq;
    uint32_t payload_bytes;
    uint32_t ack;
    int32_t tsval_delta; /* against TS.Recent, with `stamped` */
    bool stamped;
} test_segment;

typedef enum situation {
    ESTABLISHED,
    DATA_LAST, /* as ESTABLISHED, but the client's newest segment is the 100 bytes */
    UNACKED,   /* 50 bytes more were sent and are not acknowledged */
    STANDS,    /* the same, and half a second later the server asks for them */
    GAP,       /* the server holds 100 bytes behind a gap of 100, and says so */
    CLOSE_WAIT,
    FIN_WAIT_1,
    FIN_WAIT_2,
    CLOSING,
    LAST_ACK,
    TIME_WAIT,
    SYN_RECEIVED,
    SYN_SENT, /* the server's side is the client here: it has sent its SYN */
    MID_STREAM,
} situation;

#define U       TCPT_VERDICT_UNDETERMINED
#define RESETS  TCPT_VERDICT_RESET
#define ASKS    TCPT_VERDICT_CHALLENGE_ACK
#define SILENT  TCPT_VERDICT_IGNORED
#define TAKES   TCPT_VERDICT_ACCEPTED
#define REPEATS TCPT_VERDICT_DUPLICATE_ACK

typedef struct test_row {
    const char *name;
    situation situation;
    test_segment probe;
    tcpt_verdict verdict[STACKS]; /* linux, rfc5961, rfc793, freebsd */
    tcpt_drop drop;               /* of linux */
} test_row;

static const uint8_t address[2][4] = {{192, 0, 2, 1}, {198, 51, 100, 1}};

/* One segment from end 0 (client) or 1 (server). @return its record */
static tcpt_record *send(fixture *f, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    tcpt_segment segment = {
        .time_ns = f->now_ns += 5 * INT64_C(1000000),
        .frame = ++f->frame,
        .depth = 1,
        .family = 4,
        .src = address[from],
        .dst = address[!from],
        .src_port = from ? 80 : 40000,
        .dst_port = from ? 40000 : 80,
        .seq = seq,
        .ack = flags & TCPT_ACK ? ack : 0,
        .flags = flags,
        .header_bytes = 20,
        .window = WINDOW,
        .payload_bytes = payload_bytes,
        .end_seq = seq + payload_bytes + !!(flags & TCPT_SYN) + !!(flags & TCPT_FIN),
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };

    if (flags & TCPT_SYN) {
        segment.options = TCPT_OPTION_MSS | TCPT_OPTION_SACK_PERMITTED;
        segment.mss = 1460;
    }
    if (f->stamps) {
        segment.options |= TCPT_OPTION_TIMESTAMPS;
        segment.tsval = f->tsval[from];
        segment.tsecr = f->tsecr[from];
    }
    return tcpt_analyse(f->analysis, &segment);
}

static void send_sack(fixture *f, uint32_t left, uint32_t right)
{
    tcpt_segment segment = {
        .time_ns = f->now_ns += 5 * INT64_C(1000000),
        .frame = ++f->frame,
        .depth = 1,
        .family = 4,
        .src = address[1],
        .dst = address[0],
        .src_port = 80,
        .dst_port = 40000,
        .seq = UNA,
        .end_seq = UNA,
        .ack = A,
        .flags = TCPT_ACK,
        .header_bytes = 32,
        .window = WINDOW,
        .options = TCPT_OPTION_SACK,
        .sack_count = 1,
        .sack_left = {left},
        .sack_right = {right},
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };

    tcpt_analyse(f->analysis, &segment);
}

static void shake_hands(fixture *f)
{
    f->tsval[0] = TS_RECENT - 100;
    f->tsval[1] = 9000;
    send(f, 0, TCPT_SYN, CLIENT_ISN, 0, 0);
    f->tsecr[1] = f->tsval[0];
    send(f, 1, TCPT_SYN | TCPT_ACK, SERVER_ISN, CLIENT_ISN + 1, 0);
    f->tsecr[0] = 9000;
    send(f, 0, TCPT_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 0);
    f->tsval[0] = TS_RECENT;
}

static void open_connection(fixture *f)
{
    shake_hands(f);
    send(f, 0, TCPT_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 100);
    f->tsecr[1] = TS_RECENT;
    send(f, 1, TCPT_ACK, SERVER_ISN + 1, A, 200);
    send(f, 0, TCPT_ACK, A, UNA, 0);
}

static void open_to_data(fixture *f)
{
    shake_hands(f);
    send(f, 1, TCPT_ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 200);
    send(f, 0, TCPT_ACK, CLIENT_ISN + 1, UNA, 100);
    f->tsecr[1] = TS_RECENT;
    send(f, 1, TCPT_ACK, UNA, A, 0);
}

static void close_connection(fixture *f, situation wanted)
{
    if (wanted == CLOSE_WAIT || wanted == LAST_ACK) {
        send(f, 0, TCPT_FIN | TCPT_ACK, A - 1, UNA, 0);
        send(f, 1, TCPT_ACK | (wanted == LAST_ACK ? TCPT_FIN : 0), UNA, A, 0);
        return;
    }
    send(f, 1, TCPT_FIN | TCPT_ACK, UNA, wanted == CLOSING || wanted == TIME_WAIT ? A - 1 : A, 0);
    if (wanted == FIN_WAIT_2)
        send(f, 0, TCPT_ACK, A, UNA + 1, 0);
    if (wanted == CLOSING || wanted == TIME_WAIT) {
        send(f, 0, TCPT_FIN | TCPT_ACK, A - 1, wanted == CLOSING ? UNA : UNA + 1, 0);
        send(f, 1, TCPT_ACK, UNA + 1, A, 0);
    }
}

/* As open_connection(), with one byte less, for the FIN that makes it A. */
static void open_for_fin(fixture *f)
{
    send(f, 0, TCPT_SYN, CLIENT_ISN, 0, 0);
    send(f, 1, TCPT_SYN | TCPT_ACK, SERVER_ISN, CLIENT_ISN + 1, 0);
    send(f, 0, TCPT_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 0);
    send(f, 0, TCPT_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 99);
    send(f, 1, TCPT_ACK, SERVER_ISN + 1, A - 1, 200);
    send(f, 0, TCPT_ACK, A - 1, UNA, 0);
}

static void bring_to(fixture *f, situation wanted)
{
    switch (wanted) {
    case SYN_RECEIVED:
        send(f, 0, TCPT_SYN, A - 1, 0, 0);
        send(f, 1, TCPT_SYN | TCPT_ACK, UNA - 1, A, 0);
        return;
    case SYN_SENT:
        send(f, 1, TCPT_SYN, UNA - 1, 0, 0);
        return;
    case MID_STREAM:
        send(f, 0, TCPT_ACK, A - 100, UNA, 100);
        send(f, 1, TCPT_ACK, UNA, A, 0);
        send(f, 0, TCPT_ACK, A, UNA, 0);
        return;
    case DATA_LAST:
        open_to_data(f);
        return;
    case CLOSE_WAIT:
    case LAST_ACK:
    case CLOSING:
    case TIME_WAIT:
        open_for_fin(f);
        close_connection(f, wanted);
        return;
    default:
        break;
    }
    open_connection(f);
    if (wanted == UNACKED || wanted == STANDS)
        send(f, 0, TCPT_ACK, A, UNA, 50);
    if (wanted == STANDS) {
        f->now_ns += 500 * INT64_C(1000000);
        send(f, 1, TCPT_ACK, UNA, A, 0);
    }
    if (wanted == GAP) {
        send(f, 0, TCPT_ACK, A + 100, UNA, 100);
        send_sack(f, A + 100, A + 200);
    }
    if (wanted == FIN_WAIT_1 || wanted == FIN_WAIT_2)
        close_connection(f, wanted);
}

/* ---- tables ---- */

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

static void set_up(fixture *f, tcpt_stack stack)
{
    tcpt_settings settings = tcpt_settings_default();

    settings.receiver_stack = stack;
    *f = (fixture){.analysis = tcpt_analysis_new(&settings), .now_ns = INT64_C(1000000000)};
}

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
    record = send(&f, 0, probe->flags, probe->seq, probe->ack ? probe->ack : UNA, probe->payload_bytes);
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

/* ---- what does not fit a row ---- */

/* What the receiver does after a RST corrects what was said of it: it went on, or asked. */
static void test_corrected(void)
{
    fixture f;
    tcpt_record *rst;

    set_up(&f, TCPT_STACK_LINUX);
    bring_to(&f, CLOSE_WAIT);
    rst = send(&f, 0, TCPT_RST, A - 1, 0, 0);
    g_assert_cmpuint(rst->receiver_verdict, ==, RESETS);
    f.now_ns += 500 * INT64_C(1000000);
    send(&f, 1, TCPT_ACK, UNA, A, 20);
    g_assert_cmpuint(rst->receiver_verdict, ==, SILENT);
    g_assert_cmpuint(tcpt_state_in(rst, !rst->flow->client), ==, TCPT_CLOSE_WAIT);
    tcpt_analysis_free(f.analysis);

    set_up(&f, TCPT_STACK_LINUX);
    bring_to(&f, GAP);
    rst = send(&f, 0, TCPT_RST, A + 200, 0, 0);
    g_assert_cmpuint(rst->receiver_verdict, ==, RESETS);
    f.now_ns += 5 * INT64_C(1000000);
    send_sack(&f, A + 100, A + 200);
    g_assert_cmpuint(rst->receiver_verdict, ==, ASKS);
    g_assert_cmpuint(tcpt_state_in(rst, !rst->flow->client), ==, TCPT_ESTABLISHED);
    tcpt_analysis_free(f.analysis);
}

/* The server has acknowledged A and refused ten bytes behind it. */
static void refuse_bytes(fixture *f)
{
    set_up(f, TCPT_STACK_LINUX);
    f->stamps = true;
    bring_to(f, ESTABLISHED);
    f->tsval[0] = TS_RECENT - 1000;
    g_assert_cmpuint(send(f, 0, TCPT_ACK, A, UNA, 10)->receiver_verdict, ==, REPEATS);
}

/* What PAWS refused has not come: sent again it is taken, a RST before it is exact, and one behind it may not be. */
static void test_refused_bytes(void)
{
    fixture f;

    refuse_bytes(&f);
    g_assert_cmpuint(send(&f, 0, TCPT_RST, A + 10, 0, 0)->receiver_verdict, ==, U);
    tcpt_analysis_free(f.analysis);
    refuse_bytes(&f);
    g_assert_cmpuint(send(&f, 0, TCPT_RST, A, 0, 0)->receiver_verdict, ==, RESETS);
    tcpt_analysis_free(f.analysis);
    refuse_bytes(&f);
    f.tsval[0] = TS_RECENT + 10;
    g_assert_cmpuint(send(&f, 0, TCPT_ACK, A, UNA, 10)->receiver_verdict, ==, TAKES);
    g_assert_cmpuint(send(&f, 0, TCPT_ACK, A, UNA, 10)->receiver_verdict, ==, U); /* taken, or lost */
    tcpt_analysis_free(f.analysis);
}

/* Linux gives one such answer in 500 ms, whatever draws it; segments with bytes are answered always. */
static void test_limit(void)
{
    fixture f;

    set_up(&f, TCPT_STACK_LINUX);
    bring_to(&f, ESTABLISHED);
    g_assert_cmpuint(send(&f, 0, TCPT_RST, A + 10, 0, 0)->receiver_verdict, ==, ASKS);
    g_assert_cmpuint(send(&f, 0, TCPT_SYN, A + 10, 0, 0)->receiver_verdict, ==, SILENT);
    f.now_ns += 400 * INT64_C(1000000);
    g_assert_cmpuint(send(&f, 0, TCPT_ACK, A - 1, UNA, 0)->receiver_verdict, ==, SILENT);
    g_assert_cmpuint(send(&f, 0, TCPT_ACK, A - 10, UNA, 5)->receiver_verdict, ==, REPEATS);
    f.now_ns += 85 * INT64_C(1000000);
    g_assert_cmpuint(send(&f, 0, TCPT_ACK, A - 1, UNA, 0)->receiver_verdict, ==, U); /* too near to tell */
    tcpt_analysis_free(f.analysis);
}

/* The others are not held to that limit. */
static void test_no_limit(void)
{
    fixture f;

    set_up(&f, TCPT_STACK_RFC5961);
    bring_to(&f, ESTABLISHED);
    g_assert_cmpuint(send(&f, 0, TCPT_RST, A + 10, 0, 0)->receiver_verdict, ==, ASKS);
    g_assert_cmpuint(send(&f, 0, TCPT_RST, A + 20, 0, 0)->receiver_verdict, ==, ASKS);
    tcpt_analysis_free(f.analysis);
}

/* Bytes taken after its own FIN show that the application still reads. */
static void test_half_close(void)
{
    fixture f;

    set_up(&f, TCPT_STACK_LINUX);
    bring_to(&f, FIN_WAIT_2);
    g_assert_cmpuint(send(&f, 0, TCPT_ACK, A, UNA + 1, 10)->receiver_verdict, ==, U);
    send(&f, 1, TCPT_ACK, UNA + 1, A + 10, 0);
    g_assert_cmpuint(send(&f, 0, TCPT_ACK, A + 10, UNA + 1, 10)->receiver_verdict, ==, TAKES);
    tcpt_analysis_free(f.analysis);
}

/* The connection has been reset exactly: its client has no socket any more. */
static void test_after_reset(void)
{
    tcpt_record *record;
    fixture f;

    set_up(&f, TCPT_STACK_LINUX);
    bring_to(&f, ESTABLISHED);
    send(&f, 0, TCPT_RST, A, 0, 0);
    record = send(&f, 1, TCPT_ACK, UNA, A, 100);
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
        g_assert_cmpuint(send(&f, 0, TCPT_SYN, rows[i].seq, 0, 0)->receiver_verdict, ==, rows[i].verdict);
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
        g_assert_cmpuint(send(&f, 0, TCPT_SYN, A, 0, 0)->receiver_verdict, ==, rows[i].verdict);
        tcpt_analysis_free(f.analysis);
    }
}

/* Timestamps older than 24 days mean nothing; between 2147 s and that, Linux versions differ. */
static void test_stale_stamp(void)
{
    static const struct {
        int64_t idle_seconds;
        tcpt_verdict verdict;
    } rows[] = {{2000, REPEATS}, {3000, U}, {25 * 86400, TAKES}};

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        fixture f;

        set_up(&f, TCPT_STACK_LINUX);
        f.stamps = true;
        bring_to(&f, ESTABLISHED);
        f.now_ns += rows[i].idle_seconds * INT64_C(1000000000);
        f.tsval[0] = TS_RECENT - 5000;
        g_assert_cmpuint(send(&f, 0, TCPT_ACK, A, UNA, 10)->receiver_verdict, ==, rows[i].verdict);
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
    add_rows("rst", rst_rows, G_N_ELEMENTS(rst_rows));
    add_rows("syn", syn_rows, G_N_ELEMENTS(syn_rows));
    add_rows("ack", ack_rows, G_N_ELEMENTS(ack_rows));
    add_rows("data", data_rows, G_N_ELEMENTS(data_rows));
    add_rows("stamp", stamp_rows, G_N_ELEMENTS(stamp_rows));
    g_test_add_func("/receiver/refused-bytes", test_refused_bytes);
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
