/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TCP header as a hostile sender writes it. */
#include <glib.h>
#include <string.h>

#include "tcptriage/segment.h"
#include "unit.h"

/** Ports 0x1234 -> 80, SEQ 0xfffffff0, ACK 0x01020304, window 0xffff; offset and flags are set by the caller. */
static const uint8_t plain[20] = {0x12, 0x34, 0x00, 0x50, 0xff, 0xff, 0xff, 0xf0, 0x01, 0x02,
                                  0x03, 0x04, 0x50, 0x10, 0xff, 0xff, 0xab, 0xcd, 0x00, 0x00};

/** A header with options, copied to the heap so that a byte too far is seen by the sanitizer. */
static bool parse(tcpt_segment *segment, uint8_t flags, const uint8_t *options, size_t count, uint32_t payload_bytes)
{
    static const uint8_t address[4] = {192, 0, 2, 1};
    size_t padded = (count + 3) / 4 * 4;
    size_t total = sizeof plain + padded + payload_bytes;
    uint8_t *bytes = g_malloc0(total);
    memcpy(bytes, plain, sizeof plain);
    if (count)
        memcpy(bytes + sizeof plain, options, count);
    bytes[12] = (uint8_t)((sizeof plain + padded) / 4 << 4);
    bytes[13] = flags;
    *segment = (tcpt_segment){.family = 4, .depth = 1, .src = address, .dst = address};
    bool parsed = tcpt_segment_parse(segment, bytes, (uint32_t)total, (uint32_t)total);
    g_free(bytes);
    segment->payload = NULL;
    return parsed;
}

static void test_plain(void)
{
    tcpt_segment segment;
    g_assert_true(parse(&segment, TCPT_PSH | TCPT_ACK, NULL, 0, 100));
    g_assert_cmpuint(segment.src_port, ==, 0x1234);
    g_assert_cmpuint(segment.dst_port, ==, 80);
    g_assert_cmphex(segment.seq, ==, 0xfffffff0);
    g_assert_cmphex(segment.ack, ==, 0x01020304);
    g_assert_cmpuint(segment.window, ==, 0xffff);
    g_assert_cmphex(segment.checksum, ==, 0xabcd);
    g_assert_cmpuint(segment.header_bytes, ==, 20);
    g_assert_cmpuint(segment.payload_bytes, ==, 100);
    g_assert_cmphex(segment.end_seq, ==, 84); /* across the wrap */
    g_assert_cmpuint(segment.options, ==, 0);
}

static void test_end_seq(void)
{
    tcpt_segment segment;
    g_assert_true(parse(&segment, TCPT_SYN, NULL, 0, 0));
    g_assert_cmphex(segment.end_seq, ==, 0xfffffff1);
    g_assert_cmphex(segment.ack, ==, 0); /* no ACK flag */
    g_assert_true(parse(&segment, TCPT_FIN | TCPT_ACK, NULL, 0, 15));
    g_assert_cmphex(segment.end_seq, ==, 0);
}

/** SYN or RST with flags that no host sends with it is neither. */
static void test_odd_flags(void)
{
    static const uint8_t odd[] = {TCPT_SYN | TCPT_FIN,
                                  TCPT_SYN | TCPT_RST,
                                  TCPT_RST | TCPT_FIN | TCPT_ACK,
                                  TCPT_RST | TCPT_URG,
                                  TCPT_SYN | TCPT_ACK | TCPT_URG,
                                  0x3f};
    static const uint8_t ordinary_sets[] = {TCPT_SYN | TCPT_URG,
                                            TCPT_SYN | TCPT_PSH | 0xc0,
                                            TCPT_RST | TCPT_PSH | TCPT_ACK,
                                            TCPT_FIN | TCPT_ACK,
                                            TCPT_FIN,
                                            0};
    tcpt_segment segment;
    for (unsigned i = 0; i < sizeof odd; i++) {
        g_assert_true(parse(&segment, odd[i], NULL, 0, 0));
        g_assert_true(segment.odd_flags);
        g_assert_cmphex(segment.flags, ==, 0);
        g_assert_cmphex(segment.end_seq, ==, 0xfffffff0);
    }
    for (unsigned i = 0; i < sizeof ordinary_sets; i++) {
        g_assert_true(parse(&segment, ordinary_sets[i], NULL, 0, 0));
        g_assert_false(segment.odd_flags);
        g_assert_cmphex(segment.flags, ==, ordinary_sets[i]);
    }
    g_assert_true(tcpt_legal_flags(TCPT_ACK | TCPT_URG));
    g_assert_false(tcpt_legal_flags(TCPT_FIN));
}

/** Sizes and offsets that make no header. */
static void test_no_header(void)
{
    uint8_t bytes[60] = {0};
    memcpy(bytes, plain, sizeof plain);
    for (uint32_t captured = 0; captured < 20; captured++) {
        tcpt_segment segment = {.family = 4};
        uint8_t *cut = g_memdup2(bytes, captured ? captured : 1);
        g_assert_false(tcpt_segment_parse(&segment, cut, captured, 20));
        g_assert_false(tcpt_segment_parse(&segment, cut, captured, captured));
        g_free(cut);
    }
    for (unsigned offset = 0; offset < 16; offset++) {
        tcpt_segment segment = {.family = 4};
        bytes[12] = (uint8_t)(offset << 4);
        g_assert_cmpint(tcpt_segment_parse(&segment, bytes, 40, 40), ==, offset >= 5 && offset <= 10);
    }
}

/** The capture ends within options or payload: what is there counts. */
static void test_cut_capture(void)
{
    static const uint8_t options[] = {2, 4, 5, 0xb4, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1};
    uint8_t bytes[sizeof plain + sizeof options];
    memcpy(bytes, plain, sizeof plain);
    memcpy(bytes + sizeof plain, options, sizeof options);
    bytes[12] = 0x90;
    for (uint32_t captured = 20; captured <= sizeof bytes; captured++) {
        tcpt_segment segment = {.family = 4};
        uint8_t *cut = g_memdup2(bytes, captured);
        g_assert_true(tcpt_segment_parse(&segment, cut, captured, sizeof bytes + 50));
        g_assert_cmpuint(segment.payload_bytes, ==, 50);
        g_assert_cmpuint(segment.payload_captured_bytes, ==, 0);
        g_assert_cmpint(!!(segment.options & TCPT_OPTION_MSS), ==, captured >= 24);
        g_assert_cmpint(!!(segment.options & TCPT_OPTION_TIMESTAMPS), ==, captured >= 34);
        g_free(cut);
    }
}

static void test_payload(void)
{
    uint8_t bytes[30];
    tcpt_segment segment = {.family = 4};
    memcpy(bytes, plain, sizeof plain);
    memset(bytes + sizeof plain, 'x', 10);
    g_assert_true(tcpt_segment_parse(&segment, bytes, 25, 30));
    g_assert_cmpuint(segment.payload_bytes, ==, 10);
    g_assert_cmpuint(segment.payload_captured_bytes, ==, 5);
    g_assert_true(segment.payload == bytes + 20);
}

/* ---- Options. */

static const struct option_row {
    const char *name;
    uint8_t bytes[40];
    size_t count;
    uint8_t options; /**< expected bits */
} option_rows[] = {
    {"mss", {2, 4, 5, 0xb4}, 4, TCPT_OPTION_MSS},
    {"wscale", {3, 3, 7, 1}, 4, TCPT_OPTION_WSCALE},
    {"sack-permitted", {4, 2, 1, 1}, 4, TCPT_OPTION_SACK_PERMITTED},
    {"nothing-but-nops", {1, 1, 1, 1, 1, 1, 1, 1}, 8, 0},
    {"behind-the-end", {0, 2, 4, 5, 0xb4, 0, 0, 0}, 8, 0},
    {"zero-length", {2, 0, 3, 3, 7, 1, 1, 1}, 8, 0},
    {"length-one", {2, 1, 3, 3, 7, 1, 1, 1}, 8, 0},
    {"overlong", {2, 40, 5, 0xb4}, 4, 0},
    {"kind-without-length", {1, 1, 1, 2}, 4, 0},
    {"wrong-length-mss", {2, 3, 5, 1, 3, 3, 7, 0}, 8, TCPT_OPTION_WSCALE},
    {"wrong-length-timestamps", {8, 6, 0, 0, 0, 1, 4, 2}, 8, TCPT_OPTION_SACK_PERMITTED},
    {"unknown-kind", {99, 4, 1, 2, 4, 2, 0, 0}, 8, TCPT_OPTION_SACK_PERMITTED},
    {"md5", {19, 18}, 20, TCPT_OPTION_SIGNED},
    {"authentication", {29, 16}, 16, TCPT_OPTION_SIGNED},
    {"fast-open-request", {34, 2, 1, 1}, 4, TCPT_OPTION_FAST_OPEN},
    {"fast-open-cookie", {34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1}, 12, TCPT_OPTION_FAST_OPEN},
    {"fast-open-odd-cookie", {34, 9, 1, 2, 3, 4, 5, 6, 7, 1, 1, 1}, 12, 0},
    {"fast-open-experimental", {254, 12, 0xf9, 0x89, 1, 2, 3, 4, 5, 6, 7, 8}, 12, TCPT_OPTION_FAST_OPEN},
    {"fast-open-experimental-request", {254, 4, 0xf9, 0x89}, 4, TCPT_OPTION_FAST_OPEN},
    {"other-experiment", {254, 12, 0xe2, 0xd4, 1, 2, 3, 4, 5, 6, 7, 8}, 12, 0},
    {"experiment-without-number", {254, 2, 1, 1}, 4, 0},
    {"kind-253-is-not-fast-open", {253, 12, 0xf9, 0x89, 1, 2, 3, 4, 5, 6, 7, 8}, 12, 0},
};

static void test_option(gconstpointer data)
{
    const struct option_row *row = data;
    tcpt_segment segment;
    g_assert_true(parse(&segment, TCPT_SYN, row->bytes, row->count, 0));
    g_assert_cmphex(segment.options, ==, row->options);
}

static void test_wscale(void)
{
    for (unsigned shift = 0; shift < 256; shift++) {
        const uint8_t option[4] = {3, 3, (uint8_t)shift, 0};
        tcpt_segment segment;
        g_assert_true(parse(&segment, TCPT_SYN, option, sizeof option, 0));
        g_assert_cmpuint(segment.wscale, ==, MIN(shift, 14)); /* RFC 7323, section 2.3 */
    }
}

static void test_cookie_length(void)
{
    for (uint8_t length = 0; length <= 16; length += 2) {
        uint8_t option[20] = {34, (uint8_t)(2 + length)};
        tcpt_segment segment;
        if (length && length < 4)
            continue; /* 4 to 16 bytes (RFC 7413, section 4.1.1) */
        g_assert_true(parse(&segment, TCPT_SYN, option, 2 + (size_t)length, 0));
        g_assert_cmphex(segment.options, ==, TCPT_OPTION_FAST_OPEN);
        g_assert_cmpuint(segment.fast_open_bytes, ==, length);
    }
}

/** The options of most SYNs are read at once: the same as one by one, which a further NOP makes them. */
static void test_options_of_syn(void)
{
    static const uint8_t shifts[] = {0, 7, 14, 15, 255};
    uint8_t options[24] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0xf5, 6, 7, 8, 1, 3, 3, 0, 1, 1, 1, 1};
    tcpt_segment at_once, each;
    for (unsigned i = 0; i < G_N_ELEMENTS(shifts); i++) {
        options[19] = shifts[i];
        g_assert_true(parse(&at_once, TCPT_SYN, options, 20, 0));
        g_assert_true(parse(&each, TCPT_SYN, options, 24, 0));
        each.header_bytes -= 4;
        g_assert_cmpmem(&at_once, sizeof at_once, &each, sizeof each);
        g_assert_cmphex(at_once.tsecr, ==, 0xf5060708);
        g_assert_cmpuint(at_once.wscale, ==, MIN(shifts[i], 14));
    }
}

static void test_timestamps(void)
{
    static const uint8_t option[12] = {1, 1, 8, 10, 0xde, 0xad, 0xbe, 0xef, 0x12, 0x34, 0x56, 0x78};
    tcpt_segment segment;
    g_assert_true(parse(&segment, TCPT_ACK, option, sizeof option, 0));
    g_assert_cmphex(segment.tsval, ==, 0xdeadbeef);
    g_assert_cmphex(segment.tsecr, ==, 0x12345678);
}

static void test_sack(void)
{
    for (unsigned blocks = 1; blocks <= TCPT_SACK_BLOCKS; blocks++) {
        uint8_t option[40] = {1, 1, 5, (uint8_t)(2 + 8 * blocks)};
        tcpt_segment segment;
        for (unsigned i = 0; i < blocks; i++) {
            option[4 + 8 * i + 3] = (uint8_t)(10 * i + 1);
            option[4 + 8 * i + 7] = (uint8_t)(10 * i + 5);
        }
        g_assert_true(parse(&segment, TCPT_ACK, option, 4 + 8 * blocks, 0));
        g_assert_cmpuint(segment.sack_count, ==, blocks);
        g_assert_cmpuint(segment.sack_left[blocks - 1], ==, 10 * (blocks - 1) + 1);
        g_assert_cmpuint(segment.sack_right[blocks - 1], ==, 10 * (blocks - 1) + 5);
    }
}

/* Random bytes: whatever is made of them stays within its bounds. */
static void test_random(void)
{
    for (unsigned i = 0; i < 200000; i++) {
        uint8_t bytes[80];
        uint32_t captured = (uint32_t)g_test_rand_int_range(0, sizeof bytes);
        uint32_t reported = captured + (uint32_t)g_test_rand_int_range(0, 70000);
        for (uint32_t b = 0; b < captured; b++)
            bytes[b] = (uint8_t)g_test_rand_int();
        if (captured > 12 && i % 2)
            bytes[12] = (uint8_t)(bytes[12] | 0x50);
        tcpt_segment segment = {.family = 4};
        uint8_t *exact = g_memdup2(bytes, captured ? captured : 1);
        if (tcpt_segment_parse(&segment, exact, captured, reported)) {
            g_assert_cmpuint(segment.wscale, <=, 14);
            g_assert_cmpuint(segment.sack_count, <=, TCPT_SACK_BLOCKS);
            g_assert_cmpuint(segment.fast_open_bytes, <=, 16);
            g_assert_cmpuint(segment.header_bytes, >=, 20);
            g_assert_cmpuint(segment.payload_captured_bytes, <=, segment.payload_bytes);
            g_assert_cmpuint(segment.header_bytes + segment.payload_bytes, ==, reported);
        }
        g_free(exact);
    }
}

void add_segment_tests(void)
{
    g_test_add_func("/segment/plain", test_plain);
    g_test_add_func("/segment/end-seq", test_end_seq);
    g_test_add_func("/segment/odd-flags", test_odd_flags);
    g_test_add_func("/segment/no-header", test_no_header);
    g_test_add_func("/segment/cut-capture", test_cut_capture);
    g_test_add_func("/segment/payload", test_payload);
    g_test_add_func("/segment/wscale", test_wscale);
    g_test_add_func("/segment/cookie-length", test_cookie_length);
    g_test_add_func("/segment/timestamps", test_timestamps);
    g_test_add_func("/segment/options-of-syn", test_options_of_syn);
    g_test_add_func("/segment/sack", test_sack);
    g_test_add_func("/segment/random", test_random);
    for (unsigned i = 0; i < G_N_ELEMENTS(option_rows); i++) {
        char *path = g_strdup_printf("/segment/option/%s", option_rows[i].name);
        g_test_add_data_func(path, &option_rows[i], test_option);
        g_free(path);
    }
}
