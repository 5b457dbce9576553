/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chance.h"

#include <glib.h>
#include <string.h>

static const uint8_t addresses[2][4] = {{192, 0, 2, 1}, {198, 51, 100, 1}};

bool one_in(unsigned many)
{
    return many && g_test_rand_int_range(0, (int)many) == 0;
}

tcpt_segment plain(talk *all, unsigned from, uint8_t flags, uint32_t payload_bytes)
{
    tcpt_segment segment = {
        .time_ns = all->now_ns += g_test_rand_int_range(0, 3000000),
        .frame = ++all->frame,
        .depth = 1,
        .family = 4,
        .ttl = 64,
        .has_ip_id = true,
        .ip_id = ++all->ip_id,
        .src = addresses[from],
        .dst = addresses[!from],
        .src_port = from ? 80 : all->port,
        .dst_port = from ? all->port : 80,
        .seq = all->next[from],
        .ack = flags & TCPT_ACK ? all->next[!from] : 0,
        .flags = flags,
        .header_bytes = 20,
        .window = 65000,
        .payload_bytes = payload_bytes,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };
    if (all->timestamps) {
        segment.options = TCPT_OPTION_TIMESTAMPS;
        segment.header_bytes = 32;
        segment.tsval = all->stamp += one_in(3);
        segment.tsecr = all->stamp;
    }
    if (flags & TCPT_SYN) {
        segment.options |= TCPT_OPTION_MSS | TCPT_OPTION_SACK_PERMITTED | TCPT_OPTION_WSCALE;
        segment.mss = 1460;
        segment.wscale = all->wscale;
        segment.header_bytes = 40;
    }
    return segment;
}

uint32_t near_zero(void)
{
    static const int32_t distances[] = {1, -1, -100, 100, -1460, 1460, 70000, -70000, 1 << 29, INT32_MIN};
    return (uint32_t)distances[g_test_rand_int_range(0, G_N_ELEMENTS(distances))];
}

void make_odd(talk *all, tcpt_segment *segment)
{
    static const uint8_t flags[] = {
        TCPT_FIN | TCPT_ACK, TCPT_RST, TCPT_RST | TCPT_ACK, TCPT_SYN, TCPT_SYN | TCPT_ACK, 0, TCPT_ACK | TCPT_URG,
        TCPT_ACK | TCPT_PSH, 0xd8};
    static const int64_t jumps[] = {-1000, -1000000, 300000000, 1500000000, 2000000000, 31000000000, 600000000000};
    static const char *const texts[] = {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "\x15\x03\x03\x00\x02\x01\x00"};
    switch (g_test_rand_int_range(0, 18)) {
    case 0:
    case 1:
        segment->seq += near_zero();
        break;
    case 2:
    case 3:
        segment->ack += near_zero();
        break;
    case 4:
        if (one_in(4))
            segment->flags = flags[g_test_rand_int_range(0, G_N_ELEMENTS(flags))];
        break;
    case 5:
        segment->window = (uint16_t)(one_in(2) ? 0 : g_test_rand_int());
        break;
    case 6:
        segment->sack_count = 1;
        segment->options |= TCPT_OPTION_SACK;
        segment->sack_left[0] = segment->ack + near_zero();
        segment->sack_right[0] = segment->sack_left[0] + 100;
        break;
    case 7:
        segment->time_ns = all->now_ns += jumps[g_test_rand_int_range(0, G_N_ELEMENTS(jumps))];
        break;
    case 8:
        segment->tsval += near_zero();
        break;
    case 9:
        segment->checksum_is = (tcpt_checksum)g_test_rand_int_range(0, TCPT_CHECKSUM_WRONG + 1);
        break;
    case 10:
        segment->pad_bytes = 6;
        break;
    case 11: /* the last one again: a copy, or sent again */
        segment->seq = all->last.seq;
        segment->ack = all->last.ack;
        segment->payload_bytes = all->last.payload_bytes;
        segment->ip_id = one_in(2) ? all->last.ip_id : segment->ip_id;
        break;
    case 12: /* a probe */
        segment->seq--;
        segment->payload_bytes = one_in(2);
        break;
    case 13:
        segment->fragment = one_in(4);
        segment->options_cut = one_in(4);
        break;
    case 14:
        segment->payload = (const uint8_t *)texts[one_in(2)];
        segment->payload_bytes = segment->payload_captured_bytes = (uint32_t)strlen((const char *)segment->payload);
        break;
    case 15: /* lost before the capture point: a gap */
        segment->seq += 1000;
        all->next[!!(segment->src == addresses[1])] += 1000;
        break;
    case 16:
        segment->ttl = (uint8_t)g_test_rand_int_range(0, 256);
        break;
    default:
        segment->options &= (uint8_t)~TCPT_OPTION_TIMESTAMPS;
        break;
    }
}

talk new_talk(unsigned oddness)
{
    return (talk){
        .next = {g_test_rand_int(), g_test_rand_int()},
        .stamp = g_test_rand_int(),
        .wscale = (uint8_t)g_test_rand_int_range(0, 15),
        .timestamps = one_in(2),
        .port = 40000,
        .now_ns = INT64_C(1700000000000000000),
        .oddness = oddness,
    };
}
