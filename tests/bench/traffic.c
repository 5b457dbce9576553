/* SPDX-License-Identifier: GPL-2.0-or-later */
/* traffic PACKETS PACKETS-PER-FLOW > CAPTURE: ordinary TCP traffic for measurements.
 *
 * Handshake with MSS, SACK, timestamps and window scale; a request; a response of full segments, every second one
 * acknowledged; close by both. A hundred flows at a time, in turn. The same capture for the same arguments. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 100, MSS = 1448, OPENING = 4, CLOSING = 4, STEP_US = 137 };

/** One flow under way. */
typedef struct flow {
    uint32_t number;
    uint32_t packet; /**< of this flow, from 0 */
    uint32_t seq[2];
} flow;

static uint8_t frame[1600];
static uint64_t time_us = UINT64_C(1700000000000000);

static void put16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void put32(uint8_t *bytes, uint32_t value)
{
    put16(bytes, value >> 16);
    put16(bytes + 2, value & 0xffff);
}

static uint16_t checksum(const uint8_t *bytes, size_t count, uint32_t sum)
{
    for (size_t i = 0; i < count; i++)
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void write_frame(uint32_t bytes)
{
    uint32_t record[4] = {(uint32_t)(time_us / 1000000), (uint32_t)(time_us % 1000000), bytes, bytes};
    fwrite(record, sizeof record, 1, stdout);
    fwrite(frame, bytes, 1, stdout);
    time_us += STEP_US;
}

static uint32_t put_options(uint8_t *at, const flow *f, int syn)
{
    static const uint8_t opening[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7};
    static const uint8_t later[] = {1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0};
    uint32_t count = syn ? sizeof opening : sizeof later;
    memcpy(at, syn ? opening : later, count);
    put32(at + (syn ? 8 : 4), (uint32_t)(time_us / 1000) + f->number);
    put32(at + (syn ? 12 : 8), f->packet ? (uint32_t)(time_us / 1000) - 20 : 0);
    return count;
}

static void emit(flow *f, unsigned from, uint8_t flags, uint32_t payload_bytes)
{
    uint8_t *ip = frame + 14, *tcp = ip + 20;
    uint32_t header_bytes = 20 + put_options(tcp + 20, f, flags & 0x02);
    uint32_t total = 20 + header_bytes + payload_bytes;
    uint32_t port = 20000 + f->number % 40000;

    memset(frame, 2, 12);
    put16(frame + 12, 0x0800);
    memset(ip, 0, 20);
    put16(ip, 0x4500);
    put16(ip + 2, total);
    put16(ip + 4, f->packet + 1);
    put16(ip + 6, 0x4000);
    put16(ip + 8, 64 << 8 | 6);
    put32(ip + (from ? 16 : 12), 0x0a000001 + f->number / 40000 + (f->number % 50 << 8));
    put32(ip + (from ? 12 : 16), 0xc6336401 + f->number % 20);
    put16(ip + 10, checksum(ip, 20, 0));
    put16(tcp, from ? 443 : port);
    put16(tcp + 2, from ? port : 443);
    put32(tcp + 4, f->seq[from]);
    put32(tcp + 8, flags & 0x10 ? f->seq[!from] : 0);
    put16(tcp + 12, header_bytes / 4 << 12 | flags);
    put16(tcp + 14, flags & 0x02 ? 64240 : 501);
    put32(tcp + 16, 0);
    memset(tcp + header_bytes, 'a' + (int)(f->number % 26), payload_bytes);
    uint32_t pseudo = 6 + total - 20;
    for (unsigned i = 12; i < 20; i += 2)
        pseudo += (uint32_t)ip[i] << 8 | ip[i + 1];
    put16(tcp + 16, checksum(tcp, total - 20, pseudo));
    f->seq[from] += payload_bytes + !!(flags & 0x02) + !!(flags & 0x01);
    write_frame(14 + total);
    f->packet++;
}

/** The flow's next packet; false after its last. */
static int step(flow *f, uint32_t per_flow)
{
    switch (f->packet) {
    case 0:
        emit(f, 0, 0x02, 0);
        return 1;
    case 1:
        emit(f, 1, 0x12, 0);
        return 1;
    case 2:
        emit(f, 0, 0x10, 0);
        return 1;
    case 3:
        emit(f, 0, 0x18, 200 + f->number % 600);
        return 1;
    default:
        break;
    }
    switch (f->packet + CLOSING < per_flow ? 0 : f->packet + CLOSING - per_flow + 1) {
    case 0:
        emit(f, f->packet % 3 != 0, 0x10, f->packet % 3 ? MSS : 0);
        return 1;
    case 1:
        emit(f, 0, 0x10, 0);
        return 1;
    case 2:
        emit(f, 1, 0x11, 0);
        return 1;
    case 3:
        emit(f, 0, 0x11, 0);
        return 1;
    default:
        emit(f, 1, 0x10, 0);
        return 0;
    }
}

static void begin(flow *f, uint32_t number)
{
    *f = (flow){.number = number, .seq = {number * 2654435761u, number * 40503u + 77}};
}

int main(int argc, char **argv)
{
    static const uint32_t header[6] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
    static flow flows[AT_ONCE];
    uint32_t packets = argc > 1 ? (uint32_t)atol(argv[1]) : 8000;
    uint32_t per_flow = argc > 2 ? (uint32_t)atol(argv[2]) : 20;
    uint32_t begun = 0;
    if (per_flow < OPENING + CLOSING) {
        fprintf(stderr, "traffic: a flow has at least %d packets\n", OPENING + CLOSING);
        return 2;
    }
    fwrite(header, sizeof header, 1, stdout);
    for (; begun < AT_ONCE; begun++)
        begin(&flows[begun], begun);
    for (uint32_t i = 0; i < packets; i++) {
        flow *f = &flows[i % AT_ONCE];
        if (!step(f, per_flow))
            begin(f, begun++);
    }
    return ferror(stdout) || fclose(stdout);
}
