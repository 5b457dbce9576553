/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/identity.h"

#include <string.h>

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t not_zero(uint64_t hash)
{
    return hash ? hash : 1;
}

static uint64_t with_address(uint64_t hash, const tcpt_flow *flow, unsigned end)
{
    uint64_t words[2];

    memcpy(words, flow->key.address[end], 16);
    return mix(mix(hash, words[0]), words[1]);
}

static uint64_t with_port(uint64_t hash, const tcpt_flow *flow, uint16_t port)
{
    return not_zero(mix(hash, (uint64_t)port << 16 | (uint64_t)flow->key.depth << 8 | flow->key.family));
}

tcpt_identity tcpt_identity_of(const tcpt_flow *flow)
{
    uint64_t client = with_address(flow->key.point, flow, flow->client);
    uint64_t server = with_address(flow->key.point, flow, !flow->client);
    tcpt_identity who = {.port = flow->key.port[!flow->client], .client = (uint8_t)flow->client};

    who.source = with_port(client, flow, 0);
    who.target = with_port(server, flow, 0);
    who.server = with_port(server, flow, who.port);
    who.sweep = with_port(client, flow, who.port);
    who.pair = not_zero(with_address(who.server, flow, flow->client));
    return who;
}
