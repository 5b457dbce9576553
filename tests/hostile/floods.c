/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each packet costs its sender nothing and makes the reader keep something. */
#include "kinds.h"

/* A connection attempt of its own, as from an address of its own. */
static talk attempt(uint32_t number)
{
    return (talk){.number = number, .seq = {number * 2654435761u, number * 40503u}};
}

/* Answered, and left alone then. */
static void half_open(uint32_t number)
{
    talk made = attempt(number);

    send_segment(&made, 0, SYN, 0);
    send_segment(&made, 1, SYN | ACK, 0);
}

static void refused(uint32_t number)
{
    talk made = attempt(number);

    send_segment(&made, 0, SYN, 0);
    send_segment(&made, 1, RST | ACK, 0);
}

/* RSTs of connections that nobody knows. */
static void stray_rsts(uint32_t number)
{
    talk made = attempt(number);

    send_segment(&made, number % 2, RST, 0);
}

/* RSTs that fall into the window, each beside the mark. */
static void rsts(uint32_t number)
{
    talk *of = open_talk(number);
    packet rst;

    if (!of)
        return;
    rst = segment(of, 1, RST, 0);
    rst.seq += 1 + chance() % 50000;
    send_packet(&rst);
}

/* Each RST of the client's is answered with a challenge ACK (RFC 5961, section 3.2). */
static void challenges(uint32_t number)
{
    talk *of = open_talk(number);
    packet rst;

    if (!of)
        return;
    rst = segment(of, 0, RST, 0);
    rst.seq += 1 + chance() % 50000;
    send_packet(&rst);
    send_segment(of, 1, ACK, 0);
}

/* The same segment, acknowledged again and again. */
static void retransmissions(uint32_t number)
{
    talk *of = open_talk(number);
    packet again;

    if (!of)
        return;
    if (of->sent == 3)
        send_segment(of, 1, PSH | ACK, MSS);
    again = segment(of, 1, PSH | ACK, MSS);
    again.seq -= MSS;
    again.id = (uint16_t)chance();
    send_segment(of, 0, ACK, 0);
    send_packet(&again);
}

/* Both close, one after the other is gone: data that nobody waits for, and RSTs. */
static void one_tuple(uint32_t number)
{
    static talk made;

    made = (talk){.seq = {number * 2654435761u, chance()}};
    send_segment(&made, 0, SYN, 0);
    if (number % 2)
        send_segment(&made, 1, SYN | ACK, 0);
    else
        send_segment(&made, 1, RST | ACK, 0);
}

/* The server never closes. The last one is late, so that all have been waiting for long. */
static void half_closed(uint32_t number)
{
    talk made = attempt(number);

    send_segment(&made, 0, SYN, 0);
    send_segment(&made, 1, SYN | ACK, 0);
    send_segment(&made, 0, ACK, 0);
    send_segment(&made, 0, FIN | ACK, 0);
    send_segment(&made, 1, ACK, 0);
    if (number == 0)
        now_us += 60 * UINT64_C(1000000);
}

/* A window that is closed, and asked for. */
static void closed_windows(uint32_t number)
{
    talk *of = open_talk(number);
    packet probe, answer;

    if (!of)
        return;
    probe = segment(of, 0, ACK, 1);
    answer = segment(of, 1, ACK, 0);
    answer.window = 0;
    send_packet(&answer);
    send_packet(&probe);
}

/* Sums that are wrong now and then, of bytes that never come again. */
static void wrong_sums(uint32_t number)
{
    talk *of = open_talk(number);
    packet made;

    if (!of)
        return;
    made = segment(of, 0, PSH | ACK, 100);
    made.wrong_sum = chance() % 12 == 0;
    send_at(of, 0, &made, 0);
    if (!made.wrong_sum)
        send_segment(of, 1, ACK, 0);
}

const kind floods[] = {{"half-open", half_open, 0},
                       {"refused", refused, 0},
                       {"stray-rsts", stray_rsts, 0},
                       {"rsts", rsts, 0},
                       {"challenges", challenges, 0},
                       {"retransmissions", retransmissions, 0},
                       {"one-tuple", one_tuple, 0},
                       {"half-closed", half_closed, 0},
                       {"closed-windows", closed_windows, 0},
                       {"wrong-sums", wrong_sums, 0},
                       {0}};
