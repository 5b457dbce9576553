/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, options and times that lie. */
#include <string.h>

#include "kinds.h"

static void put_sack(uint8_t *option, unsigned blocks)
{
    option[0] = option[1] = 1;
    option[2] = 5;
    option[3] = (uint8_t)(2 + 8 * blocks);
}

/* One byte each, the bits of their order turned round; every one is acknowledged on its own. */
static void single_bytes(uint32_t number)
{
    enum { TOGETHER = 64 };
    talk *of = open_talk(number / TOGETHER / 2 % TALKS);
    uint8_t sack[12];
    packet byte, answer;
    uint32_t at = 0;

    if (!of)
        return;
    for (uint32_t bit = 0; bit < 6; bit++)
        at |= (of->sent >> bit & 1) << (5 - bit);
    byte = segment(of, 0, PSH | ACK, 1);
    byte.seq += TOGETHER - 1 - at;
    answer = segment(of, 1, ACK, 0);
    put_sack(sack, 1);
    put32(sack + 4, byte.seq);
    put32(sack + 8, byte.seq + 1);
    answer.options = sack;
    answer.option_bytes = sizeof sack;
    send_packet(&byte);
    if (++of->sent % TOGETHER)
        send_packet(&answer);
    else
        of->seq[0] += TOGETHER;
}

/* Blocks of what was never sent, of what is acknowledged, turned round, all there is. */
static void sack_blocks(uint32_t number)
{
    enum { BLOCKS = 4 };
    talk *of = open_talk(number);
    uint8_t sack[4 + 8 * BLOCKS];
    packet answer;

    if (!of)
        return;
    send_segment(of, 1, PSH | ACK, 1000);
    answer = segment(of, 0, ACK, 0);
    answer.ack -= chance() % 3000;
    put_sack(sack, BLOCKS);
    for (unsigned at = 4; at < sizeof sack; at += 4)
        put32(sack + at, chance() % 4 ? answer.ack + chance() % 8000 - 4000 : chance());
    answer.options = sack;
    answer.option_bytes = sizeof sack;
    send_packet(&answer);
}

/* As far as a sequence number can be from another. */
static void jumps(uint32_t number)
{
    talk *of = open_talk(number);
    unsigned from = number / TALKS % 2;

    if (!of)
        return;
    send_segment(of, from, PSH | ACK, 100);
    of->seq[from] += UINT32_C(0x80000000) - number / TALKS % 3;
}

/* Without an end, without a length, longer than there is room, all kinds by chance. */
static void options(uint32_t number)
{
    static const uint8_t made[][40] = {
        {8, 0, 8, 0, 8, 0},
        {8, 1, 8, 1, 8, 1},
        {254, 255},
        {5, 10, 1, 2, 3, 4, 5, 6, 7, 8, 5, 3, 5, 2},
        {3, 3, 255, 3, 3, 15},
        {2, 4, 0, 0, 2, 4},
        {34, 40},
        {30, 2, 30, 2, 30, 2},
        {0, 8, 10, 1, 1, 1, 1},
        {1, 1, 1, 1, 1, 40},
        {19, 18, 29, 3, 253},
        {28, 4, 255, 255, 27, 8},
    };
    talk *of = open_talk(number);
    uint8_t bytes[40];
    packet odd;

    if (!of)
        return;
    if (chance() % 4 == 0)
        for (unsigned at = 0; at < sizeof bytes; at++)
            bytes[at] = (uint8_t)(chance() % 36);
    else
        memcpy(bytes, made[chance() % (sizeof made / sizeof *made)], sizeof bytes);
    odd = segment(of, number / TALKS % 2, chance() % 16 ? ACK : SYN, 10);
    odd.options = bytes;
    odd.option_bytes = 40;
    send_at(of, number / TALKS % 2, &odd, 0);
}

/* From 1970 to 2100. */
static void clocks(uint32_t number)
{
    talk *of = open_talk(number);

    now_us = (uint64_t)chance() % UINT32_C(4102444800) * 1000000 + chance() % 1000000;
    if (of)
        send_segment(of, chance() % 2, PSH | ACK, chance() % 3 * 100);
}

const kind liars[] = {{"single-bytes", single_bytes, 0}, {"sack-blocks", sack_blocks, 0}, {"jumps", jumps, 0},
                      {"options", options, 0},           {"clocks", clocks, 0},           {0}};
