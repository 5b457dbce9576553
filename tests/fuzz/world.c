/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes -> segments -> analysis. */
#include "world.h"

#include <string.h>

#include "core/state.h"
#include "core/stowing.h"
#include "input.h"
#include "made.h"
#include "tcptriage/points.h"

enum { SEGMENTS = 200, POINTS = 3 };

/** One input on its way. */
typedef struct fuzz {
    const uint8_t *data;
    size_t size;
    size_t at;
    tcpt_analysis *analysis;
    int64_t now_ns;
    uint32_t frame;
    uint8_t mode;  /**< FUZZ_MODE_* */
    uint8_t world; /**< FUZZ_WORLD_* */
    uint16_t ip_id;
    fuzz_connection connections[FUZZ_CONNECTIONS];
    GPtrArray *records;
    const fuzz_watch *watch;
} fuzz;

static uint8_t take(fuzz *input)
{
    return input->at < input->size ? input->data[input->at++] : 0;
}

/* ---- Time. */

/** Where counters end, and far away. */
static int64_t far_step_ns(unsigned code)
{
    static const int64_t us = 1000, second = 1000000000;
    const int64_t steps[16] = {(INT64_C(1) << 31) * us,
                               (INT64_C(1) << 32) * us,
                               ((INT64_C(1) << 32) + 5) * us,
                               3600 * second,
                               86400 * second,
                               25 * 86400 * second,
                               400 * 86400 * second,
                               INT64_C(1) << 62,
                               INT64_MAX,
                               INT64_MIN,
                               INT64_C(1) << 31,
                               INT64_C(1) << 32,
                               120 * second,
                               60 * second,
                               240 * second,
                               59 * second};
    return steps[code];
}

/** Limits of the core and of what it models, to the nanosecond: on which side of it is a matter of one sign. */
static int64_t limit_ns(unsigned code)
{
    static const int64_t limits_ms[16] = {400,    1500,   3000,   5000,   15000,  30000,   45000,     75000,
                                          125000, 130000, 180000, 300000, 600000, 2147000, 432000000, 24 * 86400000LL};
    return limits_ms[code] * 1000000;
}

static void pass_time(fuzz *input, uint8_t control, uint8_t time)
{
    static const int64_t steps[16] = {0,          1000,        20000,       300000,      1000000,   5000000,
                                      10000000,   20000000,    100000000,   200000000,   500000000, 1000000000,
                                      2000000000, 10000000000, 60000000000, 700000000000}; /* limits of the core */
    enum { FINE_NS = 7000 };
    unsigned code = time & 15;
    int64_t step_ns = steps[code];
    if ((time & FUZZ_TIME_SCALE) == FUZZ_TIME_FAR)
        step_ns = far_step_ns(code);
    else if ((time & FUZZ_TIME_SCALE) == FUZZ_TIME_LIMIT)
        step_ns = limit_ns(code);
    else if ((time & FUZZ_TIME_SCALE) == FUZZ_TIME_FINE)
        step_ns += FINE_NS;
    /* Whatever the clock shows: it may pass the end of its 64 bits. */
    uint64_t step = (uint64_t)step_ns, now = (uint64_t)input->now_ns;
    input->now_ns = (int64_t)(control & FUZZ_BACKWARDS ? now - step : now + step);
}

/* ---- Segments. */

/** What the checksum field holds: right, right over the padding, the pseudo header's sum, or whatever is there. */
static void set_checksum(tcpt_segment *segment, uint8_t *tcp, uint32_t bytes, uint32_t pad_bytes, uint8_t kind)
{
    if (!tcpt_segment_parse(segment, tcp, bytes, bytes))
        return;
    tcpt_segment_check(segment, tcp, bytes, bytes, pad_bytes);
    if (kind < FUZZ_CHECKSUM_OVER_PADDING)
        fuzz_put16(tcp + 16, segment->checksum_expected);
    else if (kind < FUZZ_CHECKSUM_NONE && pad_bytes)
        fuzz_put16(tcp + 16, segment->checksum_over_padding);
}

static tcpt_segment begin_segment(fuzz *input, uint8_t control, unsigned point)
{
    static const uint8_t addresses[2][2][16] = {
        {{0x20, 1, 0xd, 0xb8, [15] = 1}, {0x20, 1, 0xd, 0xb8, [15] = 2}},
        {{0x20, 1, 0xd, 0xb9, [15] = 9}, {0x20, 1, 0xd, 0xb8, [15] = 2}}, /* translated, and in the other order */
    };
    unsigned from = control & FUZZ_FROM_SERVER;
    bool translated = point && (input->mode & FUZZ_MODE_TRANSLATED), inside = point && (input->mode & FUZZ_MODE_DEPTH);
    uint64_t clock_ns = point && (input->mode & FUZZ_MODE_CLOCK) ? UINT64_C(3600000000000) : 0;
    return (tcpt_segment){
        .time_ns = (int64_t)((uint64_t)input->now_ns - clock_ns),
        .frame = ++input->frame,
        .point = inside ? 0 : point,
        .depth = (uint8_t)(inside ? 1 + point : 1),
        .family = control & FUZZ_IPV6 ? 6 : 4,
        .ttl = (uint8_t)(64 - point - (control & FUZZ_LONGER ? 5 : 0)),
        .has_ip_id = !(control & FUZZ_IPV6),
        .ip_id = input->ip_id,
        .src = addresses[translated][from],
        .dst = addresses[translated][!from],
    };
}

static void stow_all(tcpt_analysis *analysis)
{
    for (uint32_t i = 0; i < tcpt_flows_count(analysis->flows); i++) {
        void *owner = tcpt_flows_at(analysis->flows, i);
        if (!tcpt_rests(owner))
            tcpt_stow_flow(analysis, owner);
    }
}

static void analyse(fuzz *input, const tcpt_segment *segment, uint8_t control)
{
    tcpt_record *record = tcpt_analyse(input->analysis, segment);
    g_assert(record && tcpt_flow_of(record) && record->frame == segment->frame);
    g_assert(tcpt_state_in(record, tcpt_flow_of(record)->client) <= TCPT_TIME_WAIT &&
             tcpt_state_in(record, !tcpt_flow_of(record)->client) <= TCPT_TIME_WAIT);
    g_ptr_array_add(input->records, record);
    if (control & FUZZ_SETTLE)
        tcpt_settle(input->analysis, tcpt_flow_of(record));
    if (input->watch->seen)
        input->watch->seen(record, input->watch->user);
    if (input->watch->stows && (input->world & FUZZ_WORLD_STOW))
        stow_all(input->analysis);
    if (!input->watch->release_every || input->records->len < input->watch->release_every)
        return;
    g_ptr_array_set_size(input->records, 0);
    tcpt_release(input->analysis, input->watch->quiet_ns, NULL, NULL);
}

/** A router quotes it. */
static void analyse_icmp(fuzz *input, const tcpt_icmp *icmp)
{
    tcpt_record *record = tcpt_analyse_icmp(input->analysis, icmp);
    if (!record)
        return;
    g_assert(record->icmp && tcpt_flow_of(record) && record->frame == icmp->frame);
    g_ptr_array_add(input->records, record);
}

static void quote(fuzz *input, const tcpt_segment *segment)
{
    tcpt_icmp icmp = {
        .time_ns = input->now_ns,
        .frame = ++input->frame,
        .point = segment->point,
        .depth = segment->depth,
        .family = segment->family,
        .kind = (tcpt_icmp_kind)(segment->window % (TCPT_ICMP_TTL_EXCEEDED + 1)),
        .mtu = segment->window,
        .from = segment->dst,
        .src = segment->src,
        .dst = segment->dst,
        .src_port = segment->src_port,
        .dst_port = segment->dst_port,
        .ip_id = segment->ip_id,
        .seq = segment->seq,
    };
    analyse_icmp(input, &icmp);
}

static void see_made(fuzz *input, uint8_t control, unsigned point, uint8_t *tcp, uint32_t bytes, uint8_t kind)
{
    tcpt_segment segment = begin_segment(input, control, point);
    uint32_t pad_bytes = control & FUZZ_PADDED && bytes < 26 ? 26 - bytes : 0;
    set_checksum(&segment, tcp, bytes, pad_bytes, kind);
    if (!tcpt_segment_parse(&segment, tcp, bytes, bytes))
        return;
    tcpt_segment_check(&segment, tcp, bytes, bytes, pad_bytes);
    analyse(input, &segment, control);
    if ((control & (FUZZ_PADDED | FUZZ_LONGER)) == (FUZZ_PADDED | FUZZ_LONGER))
        quote(input, &segment);
}

static void made_segment(fuzz *input, uint8_t control, uint8_t time)
{
    enum { ON_THE_WAY_NS = 2000000 };
    uint8_t tcp[FUZZ_TCP_ROOM] = {0}, code[FUZZ_MADE_BYTES];
    unsigned from = control & FUZZ_FROM_SERVER, connection = time >> 4 & 3;
    bool passing = input->mode & FUZZ_MODE_PASSING, other = control & FUZZ_OTHER_POINT;
    unsigned points = input->world & FUZZ_WORLD_POINTS ? POINTS : POINTS - 1;
    for (unsigned i = 0; i < sizeof code; i++)
        code[i] = take(input);
    uint32_t clock_ms = (uint32_t)(input->now_ns / 1000000);
    uint32_t bytes = fuzz_make(&input->connections[connection], from, code, clock_ms, tcp);
    fuzz_put16(tcp + (from ? 2 : 0), 40000 + connection);
    fuzz_put16(tcp + (from ? 0 : 2), 80);
    input->ip_id += !(control & FUZZ_LONGER);
    if (!passing)
        see_made(input, control, other, tcp, bytes, code[0]);
    /* From the client's side to the server's, or back. */
    for (unsigned i = 0; passing && i < (other ? 1 : points); i++) {
        see_made(input, control, from ? points - 1 - i : i, tcp, bytes, code[0]);
        input->now_ns = (int64_t)((uint64_t)input->now_ns + ON_THE_WAY_NS);
    }
}

/** Bytes as they are; an exact copy on the heap shows every byte read too far. */
static void raw_segment(fuzz *input, uint8_t control)
{
    uint32_t wanted = take(input);
    uint32_t captured = MIN(wanted, (uint32_t)(input->size - input->at));
    uint32_t reported = captured + (control & FUZZ_LONGER ? 700 : 0);
    uint32_t pad_bytes = control & FUZZ_PADDED && captured < 26 && captured >= 20 ? 26 - captured : 0;
    uint8_t *tcp = g_malloc0(captured + pad_bytes + !captured);
    input->ip_id++;
    tcpt_segment segment = begin_segment(input, control, !!(control & FUZZ_OTHER_POINT));
    memcpy(tcp, input->data + input->at, captured);
    input->at += captured;
    tcpt_icmp icmp = {.time_ns = segment.time_ns, .frame = segment.frame, .point = segment.point, .depth = 1};
    if (tcpt_icmp_parse(&icmp, tcp, captured))
        analyse_icmp(input, &icmp);
    else if (tcpt_segment_parse(&segment, tcp, captured, reported)) {
        tcpt_segment_check(&segment, tcp, captured, reported, pad_bytes);
        analyse(input, &segment, control);
    }
    g_free(tcp);
}

static void choose_settings(tcpt_settings *settings, uint8_t mode)
{
    *settings = tcpt_settings_default();
    for (unsigned i = 0; (mode & FUZZ_MODE_SMALL) && i < TCPT_SETTINGS; i++) {
        if (tcpt_setting_rows[i].type == TCPT_SETTING_NUMBER)
            tcpt_settings_set(settings, (tcpt_setting)i, tcpt_setting_rows[i].least);
    }
    settings->receiver_stack = (tcpt_stack)(mode & FUZZ_MODE_STACK);
}

void fuzz_play(const uint8_t *data, size_t size, const fuzz_watch *watch)
{
    tcpt_settings settings;
    fuzz input = {.data = data, .size = size, .now_ns = INT64_C(1700000000000000000), .watch = watch};
    input.records = g_ptr_array_new();
    input.mode = take(&input);
    input.world = take(&input);
    choose_settings(&settings, input.mode);
    for (unsigned i = 0; i < FUZZ_CONNECTIONS; i++)
        fuzz_begin(&input.connections[i], input.world & FUZZ_WORLD_WRAP);
    input.analysis = tcpt_analysis_new(&settings);
    if (watch->begin)
        watch->begin(input.analysis);
    if (watch->pictures && (input.world & FUZZ_WORLD_PICTURES))
        tcpt_expect_pictures(input.analysis);
    if (input.mode & FUZZ_MODE_EXPECT_POINTS)
        tcpt_expect_points(input.analysis);
    if (input.world & FUZZ_WORLD_SUSPECT)
        tcpt_suspect_points(input.analysis);
    while (input.at < size && input.frame < SEGMENTS) {
        uint8_t control = take(&input), time = take(&input);
        pass_time(&input, control, time);
        if (control & FUZZ_MADE)
            made_segment(&input, control, time);
        else
            raw_segment(&input, control);
    }
    watch->end(input.analysis, input.records, watch->user);
    tcpt_analysis_free(input.analysis);
    g_ptr_array_unref(input.records);
}
