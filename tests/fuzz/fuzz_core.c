/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target over the core: bytes -> segments -> analysis -> findings. */
#include <glib.h>
#include <string.h>

#include "input.h"
#include "tcptriage/analysis.h"
#include "tcptriage/points.h"

enum { SEGMENTS = 200, TCP_ROOM = 400 };

/** One input on its way. */
typedef struct fuzz {
    const uint8_t *data;
    size_t size;
    size_t at;
    tcpt_analysis *analysis;
    int64_t now_ns;
    uint32_t frame;
    uint8_t mode; /**< FUZZ_MODE_* */
    uint16_t ip_id;
    uint32_t next[2]; /**< sequence number behind what each side has sent */
    GPtrArray *records;
} fuzz;

static uint8_t take(fuzz *input)
{
    return input->at < input->size ? input->data[input->at++] : 0;
}

static void put16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void put32(uint8_t *bytes, uint32_t value)
{
    put16(bytes, value >> 16);
    put16(bytes + 2, value);
}

static void pass_time(fuzz *input, uint8_t control)
{
    static const int64_t steps[16] = {0,          1000,        20000,       300000,      1000000,   5000000,
                                      11000000,   25000000,    100000000,   210000000,   600000000, 1500000000,
                                      3000000000, 11000000000, 61000000000, 700000000000};
    uint8_t time = take(input);
    int64_t step_ns = steps[time & 15] + (time >> 4) * INT64_C(1000);
    input->now_ns += control & FUZZ_BACKWARDS ? -step_ns : step_ns;
}

/* ---- Headers made of a few bytes, so that flows hang together. */

static const struct canned {
    uint8_t bytes[32];
    uint8_t count;
} options[16] = {
    {{0}, 0},
    {{2, 4, 5, 0xb4, 4, 2, 1, 1, 1, 3, 3, 7}, 12},
    {{2, 4, 5, 0xb4}, 4},
    {{1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0}, 12},
    {{1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 2, 0}, 12},
    {{1, 1, 5, 10, 0, 0, 0, 101, 0, 0, 0, 201}, 12},
    {{34, 2, 1, 1, 3, 3, 7, 1}, 8},
    {{34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 3, 3, 8, 1}, 16},
    {{254, 4, 0xf9, 0x89}, 4},
    {{254, 12, 0xf9, 0x89, 1, 2, 3, 4, 5, 6, 7, 8}, 12},
    {{3, 3, 14, 1}, 4},
    {{3, 3, 0, 1, 8, 10, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 1}, 16},
    {{2, 0, 0, 0}, 4},
    {{8, 40, 1, 1}, 4},
    {{5, 18, 0, 0, 0, 1, 0, 0, 0, 50, 0, 0, 1, 0, 0, 0, 2, 0, 1, 1}, 20},
    {{99, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 12},
};

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

/** A distance from where the numbers stand: mostly none, sometimes small, sometimes far. */
static uint32_t distance(uint8_t code)
{
    int32_t value = code < 0x80 ? code : code - 0x100;
    return code < 0x60 ? 0 : (uint32_t)(code & 1 ? value * 4001 : value / 4);
}

static uint32_t make_header(fuzz *input, unsigned from, uint8_t *tcp)
{
    uint8_t flags = take(input);
    uint8_t seq_code = take(input);
    uint8_t ack_code = take(input);
    uint8_t window = take(input);
    const struct canned *option = &options[take(input) & 15];
    uint8_t payload_code = take(input);
    uint32_t header_bytes = 20u + option->count;
    uint32_t payload_bytes = payload_code & 0x80 ? payload_code & 0x7fu : 0;
    uint32_t seq = input->next[from] + distance(seq_code);

    put16(tcp, from ? 80 : 40000);
    put16(tcp + 2, from ? 40000 : 80);
    put32(tcp + 4, seq);
    put32(tcp + 8, input->next[!from] + distance(ack_code));
    tcp[12] = (uint8_t)(header_bytes / 4 << 4);
    tcp[13] = flags & 0x3f;
    put16(tcp + 14, (uint32_t)window * 257);
    memcpy(tcp + 20, option->bytes, option->count);
    memset(tcp + header_bytes, 'a', payload_bytes);
    if (payload_code & 0x40) {
        const char *text = payloads[payload_code & 7];
        payload_bytes = (uint32_t)strlen(text);
        memcpy(tcp + header_bytes, text, payload_bytes);
    }
    uint32_t end = seq + payload_bytes + !!(flags & TCPT_SYN) + !!(flags & TCPT_FIN);
    if (!(flags & TCPT_RST) && (int32_t)(end - input->next[from]) > 0)
        input->next[from] = end;
    return header_bytes + payload_bytes;
}

/** What the checksum field holds: right, right over the padding, the pseudo header's sum, or whatever is there. */
static void set_checksum(tcpt_segment *segment, uint8_t *tcp, uint32_t bytes, uint32_t pad_bytes, uint8_t kind)
{
    if (!tcpt_segment_parse(segment, tcp, bytes, bytes))
        return;
    tcpt_segment_check(segment, tcp, bytes, bytes, pad_bytes);
    if (kind < 0xc0)
        put16(tcp + 16, segment->checksum_expected);
    else if (kind < 0xe0 && pad_bytes)
        put16(tcp + 16, segment->checksum_over_padding);
}

/* ---- Segments. */

static tcpt_segment begin_segment(fuzz *input, uint8_t control)
{
    static const uint8_t addresses[2][2][16] = {
        {{0x20, 1, 0xd, 0xb8, [15] = 1}, {0x20, 1, 0xd, 0xb8, [15] = 2}},
        {{0x20, 1, 0xd, 0xb9, [15] = 9}, {0x20, 1, 0xd, 0xb8, [15] = 2}}, /* translated, and in the other order */
    };
    unsigned from = control & FUZZ_FROM_SERVER;
    bool other = control & FUZZ_OTHER_POINT, translated = other && (input->mode & FUZZ_MODE_TRANSLATED);
    int64_t clock_ns = other && (input->mode & FUZZ_MODE_CLOCK) ? -INT64_C(3600000000000) : 0;
    if (!((control & FUZZ_MADE) && (control & FUZZ_LONGER)))
        input->ip_id++;
    return (tcpt_segment){
        .time_ns = input->now_ns + clock_ns,
        .frame = ++input->frame,
        .point = other && !(input->mode & FUZZ_MODE_DEPTH),
        .depth = other && (input->mode & FUZZ_MODE_DEPTH) ? 2 : 1,
        .family = control & FUZZ_IPV6 ? 6 : 4,
        .ttl = 64,
        .has_ip_id = !(control & FUZZ_IPV6),
        .ip_id = input->ip_id,
        .src = addresses[translated][from],
        .dst = addresses[translated][!from],
    };
}

static void analyse(fuzz *input, const tcpt_segment *segment, uint8_t control)
{
    tcpt_record *record = tcpt_analyse(input->analysis, segment);
    g_assert(record && record->flow && record->frame == segment->frame);
    g_assert(record->client_state <= TCPT_TIME_WAIT && record->server_state <= TCPT_TIME_WAIT);
    g_ptr_array_add(input->records, record);
    if (control & FUZZ_SETTLE)
        tcpt_settle(input->analysis, record->flow);
}

static void made_segment(fuzz *input, uint8_t control)
{
    uint8_t tcp[TCP_ROOM] = {0};
    tcpt_segment segment = begin_segment(input, control);
    uint8_t kind = input->at < input->size ? input->data[input->at] : 0; /* shared with the flags: rarely odd */
    uint32_t bytes = make_header(input, control & FUZZ_FROM_SERVER, tcp);
    uint32_t pad_bytes = control & FUZZ_PADDED && bytes < 26 ? 26 - bytes : 0;
    set_checksum(&segment, tcp, bytes, pad_bytes, kind);
    if (!tcpt_segment_parse(&segment, tcp, bytes, bytes))
        return;
    tcpt_segment_check(&segment, tcp, bytes, bytes, pad_bytes);
    analyse(input, &segment, control);
}

/** Bytes as they are; an exact copy on the heap shows every byte read too far. */
static void raw_segment(fuzz *input, uint8_t control)
{
    uint32_t wanted = take(input);
    uint32_t captured = MIN(wanted, (uint32_t)(input->size - input->at));
    uint32_t reported = captured + (control & FUZZ_LONGER ? 700 : 0);
    uint32_t pad_bytes = control & FUZZ_PADDED && captured < 26 && captured >= 20 ? 26 - captured : 0;
    uint8_t *tcp = g_malloc0(captured + pad_bytes + !captured);
    tcpt_segment segment = begin_segment(input, control);
    memcpy(tcp, input->data + input->at, captured);
    input->at += captured;
    if (tcpt_segment_parse(&segment, tcp, captured, reported)) {
        tcpt_segment_check(&segment, tcp, captured, reported, pad_bytes);
        analyse(input, &segment, control);
    }
    g_free(tcp);
}

/* ---- Findings. */

static void check_finding(const tcpt_finding *finding, void *data)
{
    const tcpt_record *record = data;
    g_assert(finding->on == record && finding->detector && finding->summary && *finding->summary);
    g_assert(finding->value_count <= TCPT_MAX_VALUES &&
             (finding->at_end || finding->related_count <= TCPT_MAX_RELATED));
    for (unsigned i = 0; i < finding->value_count; i++)
        g_assert(finding->values[i].field < TCPT_FIELD_COUNT);
    for (unsigned i = 0; i < finding->related_count; i++)
        g_assert(finding->related[i] && finding->related[i]->flow);
}

static void check_proven(const tcpt_finding *finding, void *data)
{
    g_assert(finding->on != data);
}

static void check_records(const fuzz *input)
{
    for (unsigned i = 0; i < input->records->len; i++) {
        tcpt_each_finding(input->records->pdata[i], check_finding, input->records->pdata[i]);
        tcpt_each_proven(input->records->pdata[i], check_proven, input->records->pdata[i]);
    }
}

static void check_path(const tcpt_path *path, void *data)
{
    g_assert(data == NULL && path->a != path->b && path->connections);
    g_assert(path->to_a.missing <= path->to_a.total && path->to_b.missing <= path->to_b.total);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tcpt_settings settings = tcpt_settings_default();
    fuzz input = {.data = data, .size = size, .now_ns = INT64_C(1700000000000000000)};
    input.records = g_ptr_array_new();
    input.mode = take(&input);
    settings.receiver_stack = (tcpt_stack)(input.mode & FUZZ_MODE_STACK);
    input.next[0] = take(&input) & 1 ? 0xffffff00 : 1000;
    input.next[1] = 0xfffffff0;
    input.analysis = tcpt_analysis_new(&settings);
    if (input.mode & FUZZ_MODE_EXPECT_POINTS)
        tcpt_expect_points(input.analysis);
    while (input.at < size && input.frame < SEGMENTS) {
        uint8_t control = take(&input);
        pass_time(&input, control);
        if (control & FUZZ_MADE)
            made_segment(&input, control);
        else
            raw_segment(&input, control);
    }
    check_records(&input);
    tcpt_settle_all(input.analysis);
    check_records(&input);
    tcpt_each_path(input.analysis, check_path, NULL);
    tcpt_analysis_free(input.analysis);
    g_ptr_array_unref(input.records);
    return 0;
}
