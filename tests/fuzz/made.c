/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP headers made of a few bytes. */
#include "made.h"

#include <string.h>

#include "input.h"
#include "tcptriage/segment.h"

void fuzz_put16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void put32(uint8_t *bytes, uint32_t value)
{
    fuzz_put16(bytes, value >> 16);
    fuzz_put16(bytes + 2, value);
}

/* ---- Options. Their values that depend on the connection are filled in. */

enum { NO_OPTIONS, TIMESTAMPS = 3, TIMESTAMPS_BEHIND = 4, SACK = 5, SACK_BELOW = 14 };

static const struct canned {
    uint8_t bytes[32];
    uint8_t count;
} options[16] = {
    [NO_OPTIONS] = {{0}, 0},
    {{2, 4, 5, 0xb4, 4, 2, 1, 1, 1, 3, 3, 7}, 12},
    {{2, 4, 5, 0xb4}, 4},
    [TIMESTAMPS] = {{1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0}, 12},
    [TIMESTAMPS_BEHIND] = {{1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 2, 0}, 12},
    [SACK] = {{1, 1, 5, 10, 0, 0, 0, 101, 0, 0, 0, 201}, 12},
    {{34, 2, 1, 1, 3, 3, 7, 1}, 8},
    {{34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 3, 3, 8, 1}, 16},
    {{254, 4, 0xf9, 0x89}, 4},
    {{254, 12, 0xf9, 0x89, 1, 2, 3, 4, 5, 6, 7, 8}, 12},
    {{3, 3, 14, 1}, 4},
    {{3, 3, 0, 1, 8, 10, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 1}, 16},
    {{2, 0, 0, 0}, 4},
    {{8, 40, 1, 1}, 4},
    [SACK_BELOW] = {{5, 18, 0, 0, 0, 1, 0, 0, 0, 50, 0, 0, 1, 0, 0, 0, 2, 0, 1, 1}, 20},
    {{99, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 12},
};

static uint32_t put_stamps(uint8_t *at, uint32_t clock_ms)
{
    memcpy(at, options[TIMESTAMPS].bytes, options[TIMESTAMPS].count);
    put32(at + 4, clock_ms);
    put32(at + 8, clock_ms);
    return options[TIMESTAMPS].count;
}

static uint32_t put_options(uint8_t *at, unsigned number, uint32_t clock_ms, uint32_t ack)
{
    enum { BEHIND_MS = 100000 };
    memcpy(at, options[number].bytes, options[number].count);
    if (number == TIMESTAMPS || number == TIMESTAMPS_BEHIND) {
        put32(at + 4, clock_ms - (number == TIMESTAMPS ? 0 : BEHIND_MS));
        put32(at + 8, clock_ms);
    } else if (number == SACK) {
        put32(at + 4, ack + 100);
        put32(at + 8, ack + 200);
    } else if (number == SACK_BELOW) {
        put32(at + 2, ack - 100); /* a duplicate one (RFC 2883) */
        put32(at + 6, ack);
        put32(at + 10, ack + 100);
        put32(at + 14, ack + 300);
    }
    return options[number].count;
}

static const char *const payloads[8] = {
    "HTTP/1.0 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "\x15\x03\x03\x00\x02\x01\x00",
    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\nConnection: close\r\n\r\n",
    "x",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n",
};

static uint32_t put_payload(uint8_t *at, uint8_t code)
{
    enum { LARGE_BYTES = 1400 };
    uint32_t bytes = code >= FUZZ_LARGE ? LARGE_BYTES : code & 0x80 ? code & 0x7fu : 0;
    memset(at, 'a', bytes);
    if ((code & 0x40) && code < FUZZ_LARGE) {
        const char *text = payloads[code & 7];
        bytes = (uint32_t)strlen(text);
        memcpy(at, text, bytes);
    }
    return bytes;
}

/* ---- Numbers. */

static void set_iss(fuzz_life *life, unsigned from, uint32_t iss)
{
    life->iss[from] = life->next[from] = life->newest[from] = life->older[from] = iss;
}

void fuzz_begin(fuzz_connection *connection, bool wrap)
{
    for (unsigned i = 0; i < FUZZ_LIVES; i++) {
        set_iss(&connection->lives[i], 0, (wrap ? 0xffffff00 : 1000) + i * 0x01000000);
        set_iss(&connection->lives[i], 1, 0xfffffff0 + i * 0x01000000);
    }
}

/** Another life: its numbers lie where the codes say, seen from those before. */
static void begin_life(fuzz_connection *connection, unsigned from, const uint8_t *codes)
{
    static const uint32_t steps[8] = {1, 0, 128000, 0x40000000, 0x7fffffff, 0x80000000, 0u - 1, 0u - 100000};
    const fuzz_life *before = &connection->lives[connection->newest];
    connection->newest = (connection->newest + 1) % FUZZ_LIVES;
    fuzz_life *life = &connection->lives[connection->newest];
    for (unsigned i = 0; i < 2; i++) {
        unsigned of = i ? !from : from;
        set_iss(life, of, before->next[of] + steps[codes[i] & 7]);
    }
}

/** A distance from where the numbers stand: mostly none, sometimes small, sometimes far. */
static uint32_t distance(uint8_t code)
{
    int32_t value = code < 0x80 ? code : code - 0x100;
    return code < FUZZ_DISTANCE ? 0 : (uint32_t)(code & 1 ? value * 4001 : value / 4);
}

static uint32_t choose_seq(const fuzz_life *life, unsigned from, uint8_t flags, uint8_t code)
{
    if (flags & TCPT_SYN)
        return life->iss[from] + distance(code);
    if (code >= FUZZ_AGAIN && code < FUZZ_DISTANCE)
        return code < FUZZ_OLDER ? life->newest[from] : life->older[from];
    return life->next[from] + distance(code);
}

static void note_sent(fuzz_life *life, unsigned from, uint8_t flags, uint32_t seq, uint32_t payload_bytes)
{
    uint32_t end = seq + payload_bytes + !!(flags & TCPT_SYN) + !!(flags & TCPT_FIN);
    if (flags & TCPT_RST)
        return;
    if ((int32_t)(end - life->next[from]) > 0)
        life->next[from] = end;
    if (end != seq && seq != life->newest[from]) {
        life->older[from] = life->newest[from];
        life->newest[from] = seq;
    }
}

uint32_t fuzz_make(fuzz_connection *connection, unsigned from, const uint8_t *code, uint32_t clock_ms, uint8_t *tcp)
{
    uint8_t flags = code[0] & 0x3f, about = code[4];
    if ((flags & TCPT_SYN) && (about & FUZZ_ABOUT_NEW_LIFE))
        begin_life(connection, from, code + 1);
    unsigned back = (about & FUZZ_ABOUT_LIFE) >> FUZZ_ABOUT_LIFE_SHIFT;
    fuzz_life *life = &connection->lives[(connection->newest + FUZZ_LIVES - back) % FUZZ_LIVES];
    bool begins = (flags & TCPT_SYN) && (about & FUZZ_ABOUT_NEW_LIFE);
    uint32_t seq = choose_seq(life, from, flags, begins ? 0 : code[1]);
    uint32_t ack = life->next[!from] + (begins ? 0 : distance(code[2]));
    uint32_t header_bytes = 20 + put_options(tcp + 20, about & 15, clock_ms, ack);
    if (about & FUZZ_ABOUT_STAMPED)
        header_bytes += put_stamps(tcp + header_bytes, clock_ms);
    uint32_t payload_bytes = put_payload(tcp + header_bytes, code[5]);
    put32(tcp + 4, seq);
    put32(tcp + 8, ack);
    tcp[12] = (uint8_t)(header_bytes / 4 << 4);
    tcp[13] = flags;
    fuzz_put16(tcp + 14, (uint32_t)code[3] * 257);
    note_sent(life, from, flags, seq, payload_bytes);
    return header_bytes + payload_bytes;
}
