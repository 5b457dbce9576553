/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world.h"

#include <glib.h>
#include <string.h>

#include "tcptriage/cases.h"

world world_new(void)
{
    tcpt_settings settings = tcpt_settings_default();
    return (world){.analysis = tcpt_analysis_new(&settings), .now_ns = INT64_C(1700000000000000000)};
}

void world_after(world *in, int64_t us)
{
    in->now_ns += us * 1000;
}

static void world_say(world *in, const tuple *of, bool by_server, uint8_t flags)
{
    uint8_t client[4], server[4];
    uint32_t client_seq = of->client * 7919 + of->client_port, server_seq = client_seq + 77777;
    memcpy(client, &of->client, 4);
    memcpy(server, &of->server, 4);
    tcpt_segment segment = {
        .time_ns = in->now_ns,
        .frame = ++in->frames,
        .depth = 1,
        .family = 4,
        .ttl = 64,
        .has_ip_id = true,
        .ip_id = (uint16_t)in->frames,
        .src = by_server ? server : client,
        .dst = by_server ? client : server,
        .src_port = by_server ? of->server_port : of->client_port,
        .dst_port = by_server ? of->client_port : of->server_port,
        .flags = flags,
        .header_bytes = 20,
        .window = 65535,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };
    segment.seq = by_server ? server_seq : client_seq + !(flags & TCPT_SYN);
    if (flags & TCPT_ACK)
        segment.ack = by_server ? client_seq + 1 : server_seq + 1;
    segment.end_seq = segment.seq + !!(flags & TCPT_SYN);
    tcpt_analyse(in->analysis, &segment);
}

void world_ask(world *in, const tuple *of)
{
    world_say(in, of, false, TCPT_SYN);
}

void world_answer(world *in, const tuple *of)
{
    world_say(in, of, true, TCPT_SYN | TCPT_ACK);
}

void world_complete(world *in, const tuple *of)
{
    world_say(in, of, false, TCPT_ACK);
}

void world_refuse(world *in, const tuple *of)
{
    world_say(in, of, true, TCPT_RST | TCPT_ACK);
}

static void note(const tcpt_finding *finding, void *data)
{
    found *wanted = data;
    if (strcmp(finding->diagnosis->detector->id, wanted->id) != 0)
        return;
    wanted->count++;
    wanted->consequences += finding->diagnosis->consequence;
    wanted->last = *finding;
}

found world_find(const world *in, const char *id)
{
    found wanted = {.id = id};
    unsigned cases;
    tcpt_cases(in->analysis, &cases);
    tcpt_each_found(in->analysis, note, &wanted);
    return wanted;
}

int64_t found_number(const found *of, tcpt_field field)
{
    tcpt_value value;
    g_assert_true(tcpt_value_of(&of->last, field, &value));
    return value.number;
}

bool found_says(const found *of, const char *words)
{
    char *summary = tcpt_summary(&of->last);
    bool with = strstr(summary, words) != NULL;
    g_free(summary);
    return with;
}
