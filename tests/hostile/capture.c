/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"

#include <stdio.h>
#include <string.h>

enum { PROTOCOL_TCP = 6 };

void put16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

void put32(uint8_t *bytes, uint32_t value)
{
    put16(bytes, value >> 16);
    put16(bytes + 2, value & 0xffff);
}

static uint64_t add_up(const uint8_t *bytes, size_t count, uint64_t sum)
{
    for (size_t i = 0; i < count; i++)
        sum += i % 2 ? bytes[i] : (uint64_t)bytes[i] << 8;
    return sum;
}

static uint16_t checksum(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

uint32_t put_ipv4(uint8_t *ip, uint32_t payload_bytes, unsigned protocol, uint32_t id, const uint32_t address[2])
{
    memset(ip, 0, 20);
    put16(ip, 0x4500);
    put16(ip + 2, 20 + payload_bytes);
    put16(ip + 4, id);
    put16(ip + 6, 0x4000);
    put16(ip + 8, 64 << 8 | protocol);
    put32(ip + 12, address[0]);
    put32(ip + 16, address[1]);
    put16(ip + 10, checksum(add_up(ip, 20, 0)));
    return 20;
}

uint32_t put_tcp(uint8_t *tcp, const packet *of, const uint8_t *addresses, unsigned address_bytes)
{
    uint32_t header_bytes = 20 + of->option_bytes, bytes = header_bytes + of->payload_bytes;
    uint64_t pseudo = add_up(addresses, address_bytes, PROTOCOL_TCP) + (bytes >> 16) + (bytes & 0xffff);

    put16(tcp, of->port[0]);
    put16(tcp + 2, of->port[1]);
    put32(tcp + 4, of->seq);
    put32(tcp + 8, of->ack);
    put16(tcp + 12, header_bytes / 4 << 12 | of->flags);
    put16(tcp + 14, of->window);
    put32(tcp + 16, 0);
    if (of->option_bytes)
        memcpy(tcp + 20, of->options, of->option_bytes);
    memset(tcp + header_bytes, 'a' + (int)(of->seq % 26), of->payload_bytes);
    put16(tcp + 16, checksum(add_up(tcp, bytes, pseudo)) ^ (of->wrong_sum ? 0x1234 : 0));
    return bytes;
}

uint32_t put_frame(uint8_t *frame, const packet *of)
{
    uint32_t tcp_bytes;

    memset(frame, 2, 12);
    put16(frame + 12, 0x0800);
    put_ipv4(frame + 14, 20 + of->option_bytes + of->payload_bytes, PROTOCOL_TCP, of->id, of->address);
    tcp_bytes = put_tcp(frame + 34, of, frame + 26, 8);
    return 34 + tcp_bytes;
}

/* ---- the file ---- */

static void write_words(const uint32_t *words, size_t count)
{
    fwrite(words, sizeof *words, count, stdout);
}

/* Blocks are whole words. */
static void write_padded(const void *bytes, size_t count)
{
    static const uint8_t zeros[4];

    fwrite(bytes, 1, count, stdout);
    fwrite(zeros, 1, -count & 3, stdout);
}

void begin_capture(void)
{
    static const uint32_t section[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX, 28};

    write_words(section, sizeof section / sizeof *section);
}

void write_interface(unsigned link_type, const void *name, size_t name_bytes)
{
    enum { IF_NAME = 2 };
    uint32_t option_bytes = name ? 4 + (uint32_t)((name_bytes + 3) & ~(size_t)3) + 4 : 0, length = 20 + option_bytes;
    uint32_t head[] = {1, length, link_type, FRAME_MOST};
    uint32_t option = IF_NAME | (uint32_t)name_bytes << 16, end = 0;

    write_words(head, sizeof head / sizeof *head);
    if (name) {
        write_words(&option, 1);
        write_padded(name, name_bytes);
        write_words(&end, 1);
    }
    write_words(&length, 1);
}

void write_frame(uint32_t interface, uint64_t time_us, const uint8_t *frame, uint32_t bytes)
{
    uint32_t length = 32 + ((bytes + 3) & ~3u);
    uint32_t head[] = {6, length, interface, (uint32_t)(time_us >> 32), (uint32_t)time_us, bytes, bytes};

    write_words(head, sizeof head / sizeof *head);
    write_padded(frame, bytes);
    write_words(&length, 1);
}
