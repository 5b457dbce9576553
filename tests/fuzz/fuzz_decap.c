/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decapsulator and what is behind it, for libFuzzer: frames of a link type, each with its length before it. */
#include <glib.h>
#include <string.h>

#include "decap/decap.h"
#include "tcptriage/analysis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One input while it is read. */
typedef struct run {
    tcpt_analysis *analysis;
    uint32_t frame;
} run;

static void take_tcp(const tcpt_packet *packet, void *data)
{
    run *of = data;
    tcpt_segment segment = {.time_ns = of->frame * INT64_C(1000000),
                            .frame = of->frame,
                            .depth = packet->depth,
                            .family = packet->family,
                            .fragment = packet->fragment,
                            .src = packet->src,
                            .dst = packet->dst};

    if (!tcpt_segment_read(&segment, &(tcpt_datagram){
                                         .tcp = packet->tcp.at,
                                         .captured_bytes = packet->tcp.captured,
                                         .reported_bytes = packet->tcp.reported,
                                         .readable_bytes = packet->tcp.captured,
                                         .ip = packet->ip,
                                         .ip_bytes = packet->ip_bytes,
                                         .ip_cut = packet->ip && packet->ip_cut,
                                     }))
        return;
    tcpt_analyse(of->analysis, &segment);
}

static void take_icmp(const tcpt_message *message, void *data)
{
    run *of = data;
    tcpt_icmp icmp = {.time_ns = of->frame * INT64_C(1000000), .frame = of->frame, .depth = message->depth};

    if (tcpt_icmp_parse(&icmp, message->datagram.at, message->datagram.captured))
        tcpt_analyse_icmp(of->analysis, &icmp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tcpt_settings settings = tcpt_settings_default();
    run of = {.analysis = tcpt_analysis_new(&settings)};
    tcpt_decap *decap = tcpt_decap_new(&(tcpt_decap_visitor){take_tcp, take_icmp, &of});
    tcpt_link link = size ? (tcpt_link)(data[0] % (TCPT_LINK_NFLOG + 1)) : TCPT_LINK_OTHER;

    for (size_t at = 1; at + 2 <= size;) {
        uint32_t length = data[at] | (uint32_t)(data[at + 1] & 7) << 8;
        uint32_t captured = (uint32_t)MIN(length, size - at - 2);
        uint8_t *frame = g_memdup2(data + at + 2, captured); /* a block of just its size */

        of.frame++;
        tcpt_decap_frame(decap, link, &(tcpt_bytes){frame, captured, captured + (data[at + 1] >> 3)});
        g_free(frame);
        at += 2 + captured;
    }
    tcpt_settle_all(of.analysis);
    tcpt_decap_free(decap);
    tcpt_analysis_free(of.analysis);
    return 0;
}
