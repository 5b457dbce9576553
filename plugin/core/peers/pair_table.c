/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/pair_table.h"

#include <glib.h>

#include "tcptriage/times.h"

enum {
    BUSY_MAX = 1 << 15, /* per generation */
    SLOTS_FIRST = 1 << 8,
    GENERATION_SECONDS = 300, /* longer than any question asked: siblings, TIME-WAIT */
};

static void drop(tcpt_generation *gone)
{
    for (uint32_t i = 0; i < gone->slot_count; i++)
        g_free(gone->slots[i].busy);
    g_free(gone->slots);
    *gone = (tcpt_generation){0};
}

/* The slot of `hash`, or the free one where it belongs. */
static tcpt_pair *slot_of(const tcpt_generation *in, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (in->slot_count - 1);

    while (in->slots[at].hash && in->slots[at].hash != hash)
        at = (at + 1) & (in->slot_count - 1);
    return &in->slots[at];
}

static void grow(tcpt_generation *young, uint32_t slots_max)
{
    tcpt_generation larger = *young;

    larger.slot_count = MIN(young->slot_count ? young->slot_count * 4 : SLOTS_FIRST, slots_max);
    larger.slots = g_new0(tcpt_pair, larger.slot_count);
    for (uint32_t i = 0; i < young->slot_count; i++)
        if (young->slots[i].hash)
            *slot_of(&larger, young->slots[i].hash) = young->slots[i];
    g_free(young->slots);
    *young = larger;
}

static tcpt_pair *found(const tcpt_generation *in, uint64_t hash)
{
    tcpt_pair *pair = in->slot_count ? slot_of(in, hash) : NULL;

    return pair && pair->hash ? pair : NULL;
}

tcpt_pair *tcpt_pairs_adopt(tcpt_pair_table *in, tcpt_pair *from)
{
    tcpt_pair *pair = slot_of(&in->young, from->hash);

    *pair = *from;
    from->busy = NULL;
    from->open = 0;
    in->young.used++;
    in->young.busy += pair->busy != NULL;
    return pair;
}

/* Idle connections hold their ports for hours: a pair is not forgotten for its age while it has some. */
static void keep_open(tcpt_pair_table *in, tcpt_generation *leaving)
{
    for (uint32_t i = 0; i < leaving->slot_count && in->young.used < in->slots_max / 4; i++) {
        if (!leaving->slots[i].hash || !leaving->slots[i].open || found(&in->old, leaving->slots[i].hash))
            continue;
        if (in->young.used * 2 >= in->young.slot_count)
            grow(&in->young, in->slots_max);
        tcpt_pairs_adopt(in, &leaving->slots[i]);
    }
}

static void make_room(tcpt_pair_table *in, int64_t now_ns)
{
    tcpt_generation *young = &in->young, leaving = in->old;
    bool full = (young->slot_count == in->slots_max && young->used >= in->slots_max / 2) || young->busy >= BUSY_MAX;
    bool aged = young->used && now_ns - young->born_ns > tcpt_seconds_ns(GENERATION_SECONDS);

    if (full || aged) {
        in->old = *young;
        *young = (tcpt_generation){.born_ns = now_ns};
        if (!full)
            keep_open(in, &leaving);
        drop(&leaving);
    }
    if (!young->used)
        young->born_ns = now_ns;
    if (young->used * 2 >= young->slot_count)
        grow(young, in->slots_max);
}

tcpt_pair *tcpt_pairs_find(const tcpt_pair_table *in, uint64_t hash)
{
    tcpt_pair *pair = found(&in->young, hash);

    return pair ? pair : found(&in->old, hash);
}

tcpt_pair *tcpt_pairs_refresh(tcpt_pair_table *in, uint64_t hash, int64_t now_ns)
{
    tcpt_pair *pair;

    make_room(in, now_ns);
    pair = found(&in->young, hash);
    if (pair)
        return pair;
    pair = found(&in->old, hash);
    return pair ? tcpt_pairs_adopt(in, pair) : NULL;
}

void tcpt_pairs_clear(tcpt_pair_table *pairs)
{
    drop(&pairs->young);
    drop(&pairs->old);
}

static size_t generation_bytes(const tcpt_generation *of)
{
    return of->slot_count * sizeof(tcpt_pair) + of->busy * sizeof(tcpt_busy);
}

size_t tcpt_pairs_bytes(const tcpt_pair_table *pairs)
{
    return generation_bytes(&pairs->young) + generation_bytes(&pairs->old);
}
