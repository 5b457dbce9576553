/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "receiver_test.h"

#include <string.h>

static const uint8_t address[2][4] = {{192, 0, 2, 1}, {198, 51, 100, 1}};

tcpt_record *send_segment(fixture *f, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    tcpt_segment segment = {
        .time_ns = f->now_ns += STEP_NS,
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

void send_sack(fixture *f, uint32_t left, uint32_t right)
{
    tcpt_segment segment = {
        .time_ns = f->now_ns += STEP_NS,
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

void shake_hands(fixture *f)
{
    f->tsval[0] = TS_RECENT - 100;
    f->tsval[1] = 9000;
    send_segment(f, 0, TCPT_SYN, CLIENT_ISN, 0, 0);
    f->tsecr[1] = f->tsval[0];
    send_segment(f, 1, TCPT_SYN | TCPT_ACK, SERVER_ISN, CLIENT_ISN + 1, 0);
    f->tsecr[0] = 9000;
    send_segment(f, 0, TCPT_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 0);
    f->tsval[0] = TS_RECENT;
}

static void open_connection(fixture *f)
{
    shake_hands(f);
    send_segment(f, 0, TCPT_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 100);
    f->tsecr[1] = TS_RECENT;
    send_segment(f, 1, TCPT_ACK, SERVER_ISN + 1, A, 200);
    send_segment(f, 0, TCPT_ACK, A, UNA, 0);
}

static void open_to_data(fixture *f)
{
    shake_hands(f);
    send_segment(f, 1, TCPT_ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 200);
    send_segment(f, 0, TCPT_ACK, CLIENT_ISN + 1, UNA, 100);
    f->tsecr[1] = TS_RECENT;
    send_segment(f, 1, TCPT_ACK, UNA, A, 0);
}

static void close_connection(fixture *f, situation wanted)
{
    if (wanted == CLOSE_WAIT || wanted == LAST_ACK) {
        send_segment(f, 0, TCPT_FIN | TCPT_ACK, A - 1, UNA, 0);
        send_segment(f, 1, TCPT_ACK | (wanted == LAST_ACK ? TCPT_FIN : 0), UNA, A, 0);
        return;
    }
    send_segment(f, 1, TCPT_FIN | TCPT_ACK, UNA, wanted == CLOSING || wanted == TIME_WAIT ? A - 1 : A, 0);
    if (wanted == FIN_WAIT_2)
        send_segment(f, 0, TCPT_ACK, A, UNA + 1, 0);
    if (wanted == CLOSING || wanted == TIME_WAIT) {
        send_segment(f, 0, TCPT_FIN | TCPT_ACK, A - 1, wanted == CLOSING ? UNA : UNA + 1, 0);
        send_segment(f, 1, TCPT_ACK, UNA + 1, A, 0);
    }
}

/* As open_connection(), with one byte less, for the FIN that makes it A. */
static void open_for_fin(fixture *f)
{
    send_segment(f, 0, TCPT_SYN, CLIENT_ISN, 0, 0);
    send_segment(f, 1, TCPT_SYN | TCPT_ACK, SERVER_ISN, CLIENT_ISN + 1, 0);
    send_segment(f, 0, TCPT_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 0);
    send_segment(f, 0, TCPT_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 99);
    send_segment(f, 1, TCPT_ACK, SERVER_ISN + 1, A - 1, 200);
    send_segment(f, 0, TCPT_ACK, A - 1, UNA, 0);
}

void bring_to(fixture *f, situation wanted)
{
    switch (wanted) {
    case SYN_RECEIVED:
        send_segment(f, 0, TCPT_SYN, A - 1, 0, 0);
        send_segment(f, 1, TCPT_SYN | TCPT_ACK, UNA - 1, A, 0);
        return;
    case SYN_SENT:
        send_segment(f, 1, TCPT_SYN, UNA - 1, 0, 0);
        return;
    case MID_STREAM:
        send_segment(f, 0, TCPT_ACK, A - 100, UNA, 100);
        send_segment(f, 1, TCPT_ACK, UNA, A, 0);
        send_segment(f, 0, TCPT_ACK, A, UNA, 0);
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
        send_segment(f, 0, TCPT_ACK, A, UNA, 50);
    if (wanted == STANDS) {
        f->now_ns += 500 * INT64_C(1000000);
        send_segment(f, 1, TCPT_ACK, UNA, A, 0);
    }
    if (wanted == GAP) {
        send_segment(f, 0, TCPT_ACK, A + 100, UNA, 100);
        send_sack(f, A + 100, A + 200);
    }
    if (wanted == FIN_WAIT_1 || wanted == FIN_WAIT_2)
        close_connection(f, wanted);
}

void set_up(fixture *f, tcpt_stack stack)
{
    tcpt_settings settings = tcpt_settings_default();

    settings.receiver_stack = stack;
    *f = (fixture){.analysis = tcpt_analysis_new(&settings), .now_ns = INT64_C(1000000000)};
}
