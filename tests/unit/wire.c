/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire.h"

#include <glib.h>
#include <string.h>

static const uint8_t addresses[2][16] = {{192, 0, 2, 1}, {198, 51, 100, 1}};

wire *wire_begin(bool expected)
{
    tcpt_settings settings = tcpt_settings_default();
    wire *made = g_new0(wire, 1);
    made->analysis = tcpt_analysis_new(&settings);
    made->now_ns = INT64_C(1700000000000000000);
    made->across_ns = 5 * TCPT_MS_NS;
    memcpy(made->seen_client, addresses[CLIENT], 4);
    made->seen_port = 40000;
    made->timestamps = true;
    if (expected)
        tcpt_expect_points(made->analysis);
    return made;
}

void wire_end(wire *on)
{
    tcpt_analysis_free(on->analysis);
    g_free(on);
}

void wire_capture(wire *on, unsigned point, tcpt_segment segment)
{
    unsigned from = segment.src_port == 80 ? SERVER : CLIENT;
    uint8_t client[16] = {0};
    memcpy(client, point && !on->ipv6 ? on->seen_client : addresses[CLIENT], on->ipv6 ? 16 : 4);
    uint16_t port = point ? on->seen_port : 40000;
    segment.frame = ++on->frame;
    segment.point = point;
    segment.src = from == CLIENT ? client : addresses[SERVER];
    segment.dst = from == CLIENT ? addresses[SERVER] : client;
    *(from == CLIENT ? &segment.src_port : &segment.dst_port) = port;
    if (point) {
        segment.time_ns += on->ahead_ns;
        segment.seq += on->shift[from];
        segment.end_seq += on->shift[from];
        segment.ack += segment.flags & TCPT_ACK ? on->shift[!from] : 0;
        segment.sack_left[0] += on->sack_adjusted ? on->shift[!from] : 0;
        segment.sack_right[0] += on->sack_adjusted ? on->shift[!from] : 0;
    }
    on->at[point] = tcpt_analyse(on->analysis, &segment);
}

tcpt_segment wire_make(wire *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    tcpt_segment segment = {
        .time_ns = on->now_ns,
        .depth = 1,
        .family = on->ipv6 ? 6 : 4,
        .ttl = 64,
        .has_ip_id = !on->ipv6,
        .ip_id = ++on->ip_id,
        .src_port = from ? 80 : 40000,
        .dst_port = from ? 40000 : 80,
        .seq = seq,
        .ack = ack,
        .flags = flags,
        .header_bytes = 32,
        .window = 65535,
        .payload_bytes = payload_bytes,
        .checksum_is = TCPT_CHECKSUM_GOOD,
        .options = on->timestamps ? TCPT_OPTION_TIMESTAMPS : 0,
        .tsval = on->timestamps ? (uint32_t)(on->now_ns / TCPT_MS_NS) + from * 777 : 0,
    };
    segment.end_seq = seq + payload_bytes + !!(flags & TCPT_SYN) + !!(flags & TCPT_FIN);
    if (flags & TCPT_SYN)
        segment.options |= TCPT_OPTION_MSS | TCPT_OPTION_SACK_PERMITTED;
    segment.mss = flags & TCPT_SYN ? 1460 : 0;
    return segment;
}

void wire_pass(wire *on, tcpt_segment segment, bool lost)
{
    unsigned near = segment.src_port == 80;
    on->at[0] = on->at[1] = NULL;
    wire_capture(on, near, segment);
    segment.time_ns += on->across_ns;
    if (!lost)
        wire_capture(on, !near, segment);
    on->now_ns += 2 * on->across_ns;
}

void wire_say(wire *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    wire_pass(on, wire_make(on, from, flags, seq, ack, payload_bytes), false);
}

void wire_lose(wire *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    wire_pass(on, wire_make(on, from, flags, seq, ack, payload_bytes), true);
}

void wire_handshake(wire *on)
{
    wire_say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    wire_say(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
    wire_say(on, CLIENT, TCPT_ACK, 1001, 9001, 0);
}

static void keep_path(const tcpt_path *path, void *data)
{
    g_assert_cmpuint(((tcpt_path *)data)->connections, ==, 0); /* one pair of points */
    *(tcpt_path *)data = *path;
}

tcpt_path wire_path(const wire *on)
{
    tcpt_path path = {0};
    tcpt_each_path(on->analysis, keep_path, &path);
    return path;
}

const tcpt_diagnosis *wire_loss(const wire *on)
{
    tcpt_settle_all(on->analysis);
    for (const tcpt_flow *flow = tcpt_first_flow(on->analysis); flow; flow = flow->next)
        for (const tcpt_diagnosis *one = tcpt_first_end_diagnosis(flow); one; one = one->next)
            if (!strcmp(one->detector->id, "vantage_loss"))
                return one;
    return NULL;
}
