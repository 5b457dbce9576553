/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/identity.h"

#include <string.h>

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

uint64_t tcpt_end_hash(const tcpt_flow *flow, unsigned end, uint16_t port)
{
    uint64_t words[2], hash = flow->key.point;

    memcpy(words, flow->key.address[end], 16);
    hash = mix(mix(hash, words[0]), words[1]);
    hash = mix(hash, (uint64_t)port << 16 | (uint64_t)flow->key.depth << 8 | flow->key.family);
    return hash ? hash : 1;
}

uint64_t tcpt_pair_hash(const tcpt_flow *flow)
{
    uint64_t words[2], hash = tcpt_server_hash(flow);

    memcpy(words, flow->key.address[flow->client], 16);
    hash = mix(mix(hash, words[0]), words[1]);
    return hash ? hash : 1;
}
