/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The receiver model under test: the connection, and tables of segments at the edges.
 */
#ifndef TCPTRIAGE_TESTS_RECEIVER_TEST_H
#define TCPTRIAGE_TESTS_RECEIVER_TEST_H

#include <glib.h>

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
    STEP_NS = 5000000, /* between two segments */
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

/** One segment from end 0 (client) or 1 (server). @return its record */
tcpt_record *send_segment(fixture *f, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes);

/** The server holds bytes behind a gap, and says so. */
void send_sack(fixture *f, uint32_t left, uint32_t right);

void set_up(fixture *f, tcpt_stack stack);

/** The handshake. */
void shake_hands(fixture *f);

/** Bring a fresh connection to where a row begins. */
void bring_to(fixture *f, situation wanted);

/** Each row is a test of its own, by stack: /receiver/rst/... */
void add_receiver_rows(void);

#endif
