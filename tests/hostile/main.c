/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostile-traffic KIND FRAMES > CAPTURE: a capture that somebody made to do harm; without arguments it lists the kinds.
 *
 * The same capture for the same arguments. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kinds.h"

uint8_t frame[FRAME_MOST];
uint64_t now_us = UINT64_C(1700000000000000);
static uint32_t frames_left;
static talk talks[TALKS];

/* xorshift, Marsaglia 2003. */
uint32_t chance(void)
{
    static uint32_t state = 2463534242u;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

packet segment(const talk *of, unsigned from, unsigned flags, uint32_t payload_bytes)
{
    uint32_t host[2] = {0x0a000001 + of->number, 0xc6336401 + of->number % 20};
    uint16_t port[2] = {(uint16_t)(20000 + of->number % 40000), 443};

    return (packet){.address = {host[from], host[!from]},
                    .port = {port[from], port[!from]},
                    .id = (uint16_t)of->sent,
                    .seq = of->seq[from],
                    .ack = flags & ACK ? of->seq[!from] : 0,
                    .flags = flags,
                    .window = flags & SYN ? 64240 : 60000,
                    .payload_bytes = payload_bytes};
}

void send_frame(uint32_t interface, uint32_t bytes)
{
    if (frames_left == 0)
        return;
    frames_left--;
    write_frame(interface, now_us, frame, bytes);
    now_us += STEP_US;
}

void send_packet(const packet *what)
{
    send_frame(0, put_frame(frame, what));
}

void send_at(talk *of, unsigned from, const packet *what, uint32_t interface)
{
    send_frame(interface, put_frame(frame, what));
    of->sent++;
    of->seq[from] = what->seq + what->payload_bytes + !!(what->flags & SYN) + !!(what->flags & FIN);
}

void send_segment(talk *of, unsigned from, unsigned flags, uint32_t payload_bytes)
{
    packet made = segment(of, from, flags, payload_bytes);

    send_at(of, from, &made, 0);
}

talk *open_talk(uint32_t number)
{
    talk *of = &talks[number % TALKS];

    if (of->sent == 0) {
        *of = (talk){.number = number, .seq = {chance(), chance()}};
        send_segment(of, 0, SYN, 0);
    } else if (of->sent == 1) {
        send_segment(of, 1, SYN | ACK, 0);
    } else if (of->sent == 2) {
        send_segment(of, 0, ACK, 0);
    } else {
        return of;
    }
    return NULL;
}

/* Of a list of lists; NULL behind the last. */
static const kind *kind_at(unsigned at)
{
    static const kind *const lists[] = {floods, liars, wrappings};

    for (unsigned list = 0; list < sizeof lists / sizeof *lists; list++)
        for (const kind *of = lists[list]; of->name; of++)
            if (at-- == 0)
                return of;
    return NULL;
}

static void run(const kind *of)
{
    begin_capture();
    if (of->interfaces)
        of->interfaces(frames_left);
    else
        write_interface(LINK_ETHERNET, "eth0", 4);
    for (uint32_t number = 0; frames_left > 0; number++)
        of->step(number);
}

int main(int argc, char **argv)
{
    const kind *of;
    unsigned at = 0;

    for (; (of = kind_at(at)); at++) {
        if (argc == 1)
            puts(of->name);
        else if (argc == 3 && strcmp(of->name, argv[1]) == 0)
            break;
    }
    if (argc == 1)
        return 0;
    if (!of) {
        fputs("usage: hostile-traffic KIND FRAMES > CAPTURE\n", stderr);
        return 2;
    }
    frames_left = (uint32_t)strtoul(argv[2], NULL, 10);
    run(of);
    return ferror(stdout) || fclose(stdout);
}
