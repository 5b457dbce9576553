/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checksum rules of short frames, against sums made here byte by byte. */
#include <glib.h>
#include <string.h>

#include "core/segment/sum.h"
#include "tcptriage/segment.h"
#include "unit.h"

enum { HEADER = 20, ROOM = 140 * 1024 };

/** A random packet: TCP header, payload, padding. */
typedef struct packet {
    uint8_t family;
    uint8_t src[16], dst[16];
    uint8_t bytes[ROOM];
    uint32_t tcp_bytes;
    uint32_t pad_bytes;
} packet;

static void fill(uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)g_test_rand_int();
}

/** The complement of the one's-complement sum over pseudo header (with that length) and `count` bytes. */
static uint16_t sum_over(const packet *p, uint32_t count, bool complement, bool body)
{
    size_t address_bytes = p->family == 4 ? 4 : 16;
    uint64_t sum = 6 + (uint64_t)count;
    for (size_t i = 0; i < address_bytes; i += 2) {
        sum += (uint32_t)p->src[i] * 256 + p->src[i + 1];
        sum += (uint32_t)p->dst[i] * 256 + p->dst[i + 1];
    }
    for (uint32_t i = 0; body && i < count; i++)
        sum += i % 2 ? p->bytes[i] : (uint32_t)p->bytes[i] * 256;
    sum %= 65535;
    if (!complement)
        return (uint16_t)sum;
    return (uint16_t)(65535 - sum); /* 0xffff where the field may also hold 0 */
}

static void set_checksum(packet *p, uint16_t value)
{
    p->bytes[16] = (uint8_t)(value >> 8);
    p->bytes[17] = (uint8_t)value;
}

static void make(packet *p, uint8_t family, uint32_t payload_bytes, uint32_t pad_bytes)
{
    memset(p, 0, sizeof *p);
    p->family = family;
    p->tcp_bytes = HEADER + payload_bytes;
    p->pad_bytes = pad_bytes;
    fill(p->src, 16);
    fill(p->dst, 16);
    fill(p->bytes, p->tcp_bytes + pad_bytes);
    p->bytes[12] = 0x50;
    set_checksum(p, 0);
    set_checksum(p, sum_over(p, p->tcp_bytes, true, true));
}

static tcpt_segment judge_cut(const packet *p, uint32_t captured_bytes)
{
    tcpt_segment segment = {.family = p->family, .depth = 1, .src = p->src, .dst = p->dst};
    uint8_t *exact = g_memdup2(p->bytes, p->tcp_bytes + p->pad_bytes);
    g_assert_true(tcpt_segment_parse(&segment, exact, captured_bytes, p->tcp_bytes));
    tcpt_segment_check(&segment, exact, captured_bytes, p->tcp_bytes, p->pad_bytes);
    segment.payload = NULL;
    g_free(exact);
    return segment;
}

/* As many bytes as a byte can count; more are no Ethernet padding. */
static void test_much_padding(void)
{
    static const struct {
        uint32_t pad_bytes;
        uint32_t noted;
    } rows[] = {{254, 254}, {255, 255}, {256, 0}};

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        packet p;

        make(&p, 4, 10, rows[i].pad_bytes);
        g_assert_cmpuint(judge_cut(&p, p.tcp_bytes).pad_bytes, ==, rows[i].noted);
    }
}

static tcpt_segment judge(const packet *p)
{
    return judge_cut(p, p->tcp_bytes);
}

static void test_good(gconstpointer data)
{
    uint8_t family = (uint8_t)GPOINTER_TO_UINT(data);
    packet p;
    for (uint32_t payload = 0; payload < 1500; payload++) {
        make(&p, family, payload, 0);
        g_assert_cmpint(judge(&p).checksum_is, ==, TCPT_CHECKSUM_GOOD);
        p.bytes[g_test_rand_int_range(0, 12)] ^= (uint8_t)(1u << g_test_rand_int_range(0, 8));
        tcpt_segment segment = judge(&p);
        /* One in 65,536 is by chance the pseudo-header's sum. */
        g_assert_true(segment.checksum_is == TCPT_CHECKSUM_WRONG || segment.checksum_is == TCPT_CHECKSUM_PARTIAL);
        set_checksum(&p, 0);
        g_assert_cmphex(segment.checksum_expected % 65535, ==, sum_over(&p, p.tcp_bytes, true, true) % 65535);
    }
}

/* 0xffff and 0x0000 are the same number. */
/* Where the sum is by chance what offload leaves of it, too, with the length or without, a long datagram is taken as
 * one of offload's. */
static bool is_partial_too(const packet *p)
{
    uint32_t field = ((uint32_t)p->bytes[16] << 8 | p->bytes[17]) % 65535;

    return field == sum_over(p, p->tcp_bytes, false, false) || field == sum_over(p, 0, false, false);
}

/* Offload hands over datagrams far longer than any on the wire; nothing overflows, whatever they hold. */
static void test_long(void)
{
    static packet p;
    for (uint32_t bytes = 0; bytes < ROOM - HEADER; bytes += bytes < 600 ? 1 : 4999) {
        make(&p, 4, bytes, 0);
        if (is_partial_too(&p))
            continue;
        g_assert_cmpint(judge(&p).checksum_is, ==, TCPT_CHECKSUM_GOOD);
        memset(p.bytes + HEADER, 0xff, bytes);
        set_checksum(&p, 0);
        set_checksum(&p, sum_over(&p, p.tcp_bytes, true, true));
        if (is_partial_too(&p))
            continue;
        g_assert_cmpint(judge(&p).checksum_is, ==, TCPT_CHECKSUM_GOOD);
        p.bytes[HEADER - 1] ^= 1;
        g_assert_cmpint(judge(&p).checksum_is, !=, TCPT_CHECKSUM_GOOD);
    }
}

static void test_two_zeros(void)
{
    packet p;
    make(&p, 4, 2, 0);
    set_checksum(&p, 0);
    p.bytes[20] = p.bytes[21] = 0;
    uint16_t rest = sum_over(&p, p.tcp_bytes, true, true);
    p.bytes[20] = (uint8_t)(rest >> 8);
    p.bytes[21] = (uint8_t)rest;
    g_assert_cmpint(judge(&p).checksum_is, ==, TCPT_CHECKSUM_GOOD);
    set_checksum(&p, 0xffff);
    g_assert_cmpint(judge(&p).checksum_is, ==, TCPT_CHECKSUM_GOOD);
}

static void test_partial(gconstpointer data)
{
    packet p;
    for (uint32_t payload = 0; payload < 300; payload++) {
        make(&p, (uint8_t)GPOINTER_TO_UINT(data), payload, 0);
        uint16_t right = judge(&p).checksum_expected, partial = sum_over(&p, p.tcp_bytes, false, false);
        set_checksum(&p, partial);
        if (partial % 0xffff == right % 0xffff)
            continue; /* by chance the same, in one's complement */
        g_assert_cmpint(judge(&p).checksum_is, ==, TCPT_CHECKSUM_PARTIAL);
    }
}

static void test_unknown(void)
{
    packet p;
    make(&p, 4, 100, 0);
    for (uint32_t captured = HEADER; captured < p.tcp_bytes; captured++)
        g_assert_cmpint(judge_cut(&p, captured).checksum_is, ==, TCPT_CHECKSUM_UNKNOWN);
    tcpt_segment segment = {.family = 4, .depth = 1, .src = p.src, .dst = p.dst, .fragment = true};
    g_assert_true(tcpt_segment_parse(&segment, p.bytes, p.tcp_bytes, p.tcp_bytes));
    tcpt_segment_check(&segment, p.bytes, p.tcp_bytes, p.tcp_bytes, 0);
    g_assert_cmpint(segment.checksum_is, ==, TCPT_CHECKSUM_UNKNOWN);
}

/* A verifier that does not cut the padding wants another sum, and sees p + sum16(padding) too much (rule G.3). */
static void test_padding(void)
{
    for (unsigned i = 0; i < 20000; i++) {
        packet p;
        uint32_t payload = (uint32_t)g_test_rand_int_range(0, 6);
        make(&p, 4, payload, 6 - payload);
        if (i % 2)
            memset(p.bytes + p.tcp_bytes, 0, p.pad_bytes);
        uint32_t residual = p.pad_bytes;
        for (uint32_t b = 0; b < p.pad_bytes; b++)
            residual += (p.tcp_bytes + b) % 2 ? p.bytes[p.tcp_bytes + b] : p.bytes[p.tcp_bytes + b] * 256u;
        tcpt_segment segment = judge(&p);
        g_assert_cmpint(segment.checksum_is, ==, TCPT_CHECKSUM_GOOD);
        g_assert_cmpuint(segment.pad_bytes, ==, p.pad_bytes);
        packet blank = p;
        set_checksum(&blank, 0);
        uint16_t direct = sum_over(&blank, p.tcp_bytes + p.pad_bytes, true, true);
        g_assert_cmphex(segment.checksum_over_padding % 65535, ==, direct % 65535);
        bool differs = segment.checksum_over_padding % 65535 != segment.checksum_expected % 65535;
        g_assert_cmpint(differs, ==, residual % 65535 != 0);
    }
}

static void test_over_padding(void)
{
    for (unsigned i = 0; i < 2000; i++) {
        packet p;
        make(&p, 4, (uint32_t)(i % 6), 6 - i % 6);
        set_checksum(&p, 0);
        uint16_t right = sum_over(&p, p.tcp_bytes, true, true);
        uint16_t over = sum_over(&p, p.tcp_bytes + p.pad_bytes, true, true);
        set_checksum(&p, over);
        bool same = right % 65535 == over % 65535;
        g_assert_cmpint(judge(&p).checksum_is, ==, same ? TCPT_CHECKSUM_GOOD : TCPT_CHECKSUM_OVER_PADDING);
    }
}

/* Only a wrong checksum is looked at again, and only the IPv4 header's own decides. */
static void test_ip_header(void)
{
    uint8_t header[24] = {0x46, 0, 0, 44, 0x12, 0x34, 0x40, 0, 64,  6, 0, 0,
                          192,  0, 2, 1,  198,  51,   100,  2, 148, 4, 0, 0};
    packet p;
    make(&p, 4, 20, 0);
    uint32_t sum = 0;
    for (unsigned i = 0; i < sizeof header; i += 2)
        sum += header[i] * 256u + header[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
    header[10] = (uint8_t)(~sum >> 8);
    header[11] = (uint8_t)~sum;
    tcpt_segment good = judge(&p);
    set_checksum(&p, 0x1234);
    tcpt_segment wrong = judge(&p), both = wrong;
    tcpt_segment_check_ipv4(&wrong, header, sizeof header);
    g_assert_cmpint(wrong.checksum_is, ==, TCPT_CHECKSUM_WRONG);
    header[23] ^= 1;
    tcpt_segment_check_ipv4(&both, header, sizeof header);
    g_assert_cmpint(both.checksum_is, ==, TCPT_CHECKSUM_BOTH_WRONG);
    tcpt_segment_check_ipv4(&good, header, sizeof header);
    g_assert_cmpint(good.checksum_is, ==, TCPT_CHECKSUM_GOOD);
}

/* What the bytes around a TCP header say, and what is left open of them. */
typedef struct datagram_row {
    const char *what;
    uint8_t family;
    uint32_t cut_bytes; /* of the padding, not captured */
    bool without_ip;
    bool ip_cut;
    uint8_t ttl;
    uint16_t ip_id;
    bool fragments;
    uint8_t pad_bytes;
    tcpt_checksum checksum_is;
} datagram_row;

static void read_row(const datagram_row *row, packet *p, const uint8_t *ip)
{
    tcpt_segment segment = {.family = row->family, .depth = 1, .src = p->src, .dst = p->dst};
    tcpt_datagram datagram = {.tcp = p->bytes,
                              .captured_bytes = p->tcp_bytes,
                              .reported_bytes = p->tcp_bytes,
                              .readable_bytes = p->tcp_bytes + p->pad_bytes - row->cut_bytes,
                              .pad_bytes = p->pad_bytes,
                              .ip = row->without_ip ? NULL : ip,
                              .ip_bytes = row->without_ip ? 0 : 20,
                              .ip_cut = row->ip_cut};

    g_test_message("%s", row->what);
    g_assert_true(tcpt_segment_read(&segment, &datagram));
    g_assert_cmpuint(segment.ttl, ==, row->ttl);
    g_assert_cmpuint(segment.ip_id, ==, row->ip_id);
    g_assert_cmpint(segment.has_ip_id, ==, row->family == 4 && !row->without_ip);
    g_assert_cmpint(segment.fragments, ==, row->fragments);
    g_assert_cmpuint(segment.pad_bytes, ==, row->pad_bytes);
    g_assert_cmpint(segment.checksum_is, ==, row->checksum_is);
    datagram.captured_bytes = HEADER - 1;
    g_assert_false(tcpt_segment_read(&segment, &datagram));
}

static void test_datagram(void)
{
    static const uint8_t ip[40] = {0x45, 0, 0, 41, 0x12, 0x34, 0x40, 61, 57, 6}; /* its own checksum is wrong */
    static const datagram_row rows[] = {
        {"all is there", 4, 0, false, false, 57, 0x1234, false, 5, TCPT_CHECKSUM_BOTH_WRONG},
        {"the padding was not captured", 4, 1, false, false, 57, 0x1234, false, 0, TCPT_CHECKSUM_BOTH_WRONG},
        {"the IP header claims more", 4, 0, false, true, 57, 0x1234, false, 5, TCPT_CHECKSUM_UNKNOWN},
        {"put together from fragments", 4, 0, true, false, 0, 0, true, 5, TCPT_CHECKSUM_WRONG},
        {"IPv6", 6, 0, false, false, 61, 0, false, 5, TCPT_CHECKSUM_WRONG},
        {"IPv6, the padding was not captured", 6, 1, false, false, 61, 0, false, 0, TCPT_CHECKSUM_UNKNOWN},
        {"behind extension headers", 6, 0, true, false, 0, 0, false, 5, TCPT_CHECKSUM_WRONG},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        packet p;

        make(&p, rows[i].family, 1, 5);
        set_checksum(&p, (uint16_t) ~(p.bytes[16] << 8 | p.bytes[17]));
        read_row(&rows[i], &p, ip);
    }
}

/* IEEE 802.3: datagram and padding make 46 bytes, or 42 with a VLAN tag; more is a trailer. */
static void test_padding_rule(void)
{
    static const struct {
        uint32_t datagram, behind, padding;
    } rows[] = {
        {40, 0, 0}, {40, 6, 6}, {40, 2, 2}, {41, 5, 5},  {41, 1, 1}, {44, 2, 2},  {45, 1, 1},
        {46, 0, 0}, {46, 4, 0}, {40, 7, 0}, {40, 10, 0}, {52, 4, 0}, {60, 60, 0}, {1500, 4, 0},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpuint(tcpt_padding_bytes(rows[i].datagram, rows[i].behind), ==, rows[i].padding);
}

static uint16_t folded(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

/* What a processor can do besides changes no sum: each length up to some rounds, and more than fits into one run; of
 * random bytes, and of the largest and smallest there are. */
static void test_wide_sums(void)
{
    static const uint32_t large[] = {32 * 1024 - 1, 32 * 1024, 32 * 1024 + 8, 65535, ROOM - 1};
    static uint8_t bytes[ROOM];
    for (unsigned kind = 0; kind < 4; kind++) {
        if (kind == 3)
            fill(bytes, sizeof bytes);
        else
            memset(bytes, kind == 2 ? 0x80 : kind ? 0xff : 0, sizeof bytes);
        for (uint32_t i = 8; i < 700 + G_N_ELEMENTS(large); i++) {
            uint32_t length = i < 700 ? i : large[i - 700];
            const uint8_t *from = bytes + (kind == 3 && i < 700 ? i % 7 : 0);
            g_assert_cmphex(folded(tcpt_sum_bytes(from, length)), ==, folded(tcpt_sum_bytes_anywhere(from, length)));
        }
    }
}

void add_checksum_tests(void)
{
    g_test_add_data_func("/checksum/good/ipv4", GUINT_TO_POINTER(4), test_good);
    g_test_add_data_func("/checksum/good/ipv6", GUINT_TO_POINTER(6), test_good);
    g_test_add_func("/checksum/long", test_long);
    g_test_add_func("/checksum/two-zeros", test_two_zeros);
    g_test_add_data_func("/checksum/partial/ipv4", GUINT_TO_POINTER(4), test_partial);
    g_test_add_data_func("/checksum/partial/ipv6", GUINT_TO_POINTER(6), test_partial);
    g_test_add_func("/checksum/unknown", test_unknown);
    g_test_add_func("/checksum/ip-header", test_ip_header);
    g_test_add_func("/checksum/datagram", test_datagram);
    g_test_add_func("/checksum/padding", test_padding);
    g_test_add_func("/checksum/much-padding", test_much_padding);
    g_test_add_func("/checksum/over-padding", test_over_padding);
    g_test_add_func("/checksum/padding-rule", test_padding_rule);
    g_test_add_func("/checksum/wide-sums", test_wide_sums);
}
