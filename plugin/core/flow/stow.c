/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/stow.h"

#include <string.h>

#include "core/flow/trouble.h"
#include "core/tracker/tracker.h"
#include "tcptriage/portable.h"

enum {
    PART = sizeof(uint64_t),
    AT_ONCE = 4, /* parts */
    GROUP = 32,  /* bytes of these */
    FLOW_PARTS = (sizeof(tcpt_flow) + GROUP - 1) / GROUP * AT_ONCE,
    TRACKER_PARTS = (sizeof(tcpt_tracker) + GROUP - 1) / GROUP * AT_ONCE,
    PARTS = FLOW_PARTS + TRACKER_PARTS,
    BLOCK = 64,    /* parts */
    CODE_BITS = 4, /* of a part */
    CODES_AT_ONCE = 8,
    UPPER_HALF = 8, /* more, and the other half is all zero and left out: so many bytes of this one */
    HALF_BITS = 32,
    SLAB_BYTES = 1 << 16,
};

/* All that is stowed away. */
typedef struct content {
    union {
        tcpt_flow flow;
        uint8_t flow_bytes[FLOW_PARTS * PART];
    };
    union {
        tcpt_tracker tracker;
        uint8_t tracker_bytes[TRACKER_PARTS * PART];
    };
} content;

G_STATIC_ASSERT(GROUP == AT_ONCE * PART && sizeof(content) / PART == PARTS);

struct tcpt_stowed {
    tcpt_flow_key key; /* first, as a flow's */
    union {
        struct tcpt_flows *in;
        tcpt_stowed *next_spare;
    };
    uint64_t filled[(PARTS + BLOCK - 1) / BLOCK]; /* a bit for each part that is not all zero */
    uint16_t steps;                               /* of its size */
    uint16_t length;                              /* bytes of these parts */
    bool tracked;
    bool owns;       /* its tracker has something that is freed with it */
    uint8_t bytes[]; /* of these parts, without the zeros at their ends; how many of each part, in CODE_BITS each */
};

/* Where packing has come to. */
typedef struct packing {
    uint8_t *bytes;
    uint8_t *code;
} packing;

/* A part is written whole: what is behind it comes later. */
static inline packing add(packing to, uint64_t part, unsigned code)
{
    size_t bytes = (tcpt_highest_bit(part) + 8) / 8;

    part = GUINT64_TO_LE(part);
    memcpy(to.bytes, &part, PART);
    *to.code++ = (uint8_t)(code + bytes);
    to.bytes += bytes;
    return to;
}

/* Integers, times and addresses have zeros at their upper end. */
static inline packing pack_part(packing to, uint64_t part)
{
    return (uint32_t)part ? add(to, part, 0) : add(to, part >> HALF_BITS, UPPER_HALF);
}

/* One by one: at once they would be put down in memory, and taken up again. */
static inline void read_parts(uint64_t part[AT_ONCE], const uint8_t *from)
{
    for (unsigned i = 0; i < AT_ONCE; i++, from += PART)
        memcpy(&part[i], from, PART);
}

/* Most parts are all zero, and beside others that are. There is room for one more part and code. */
static packing pack(packing to, uint64_t *filled, const void *from, unsigned first, unsigned end)
{
    const uint8_t *bytes = from;

    for (unsigned at = first; at < end; at += AT_ONCE, bytes += GROUP) {
        uint64_t part[AT_ONCE], bits = 0;

        read_parts(part, bytes);
        if (!(part[0] | part[1] | part[2] | part[3]))
            continue;
        for (unsigned i = 0; i < AT_ONCE; i++)
            if (part[i]) {
                bits |= UINT64_C(1) << i;
                to = pack_part(to, part[i]);
            }
        filled[at / BLOCK] |= bits << at % BLOCK;
    }
    return to;
}

static tcpt_stowed *take(tcpt_stow_room *room, unsigned steps)
{
    tcpt_stowed *taken = room->spare[steps];
    uint32_t bytes = steps * TCPT_STOW_STEP_BYTES;

    if (taken) {
        tcpt_allow(taken, bytes);
        room->spare[steps] = taken->next_spare;
        return taken;
    }
    if (room->fresh_bytes < bytes) {
        if (!room->slabs)
            room->slabs = g_ptr_array_new_with_free_func(g_free);
        room->fresh = g_malloc(SLAB_BYTES);
        room->fresh_bytes = SLAB_BYTES;
        g_ptr_array_add(room->slabs, room->fresh);
    }
    taken = (tcpt_stowed *)(void *)room->fresh;
    room->fresh += bytes;
    room->fresh_bytes -= bytes;
    return taken;
}

/* Two to a byte; there is room for CODES_AT_ONCE on both sides. */
static void put_codes(uint8_t *to, const uint8_t *codes, unsigned count)
{
    for (unsigned i = 0; i < count; i += CODES_AT_ONCE, to += CODES_AT_ONCE / 2) {
        uint64_t all;
        uint32_t half;

        memcpy(&all, codes + i, sizeof all);
        all = GUINT64_FROM_LE(all);
        all = (all | all >> 4) & UINT64_C(0x00ff00ff00ff00ff);
        all = (all | all >> 8) & UINT64_C(0x0000ffff0000ffff);
        half = GUINT32_TO_LE((uint32_t)(all | all >> 16));
        memcpy(to, &half, sizeof half);
    }
}

/* What is not packed of a flow. */
typedef struct set_aside {
    tcpt_flow_key key;
    const tcpt_rarities *rare;
    const tcpt_trouble *trouble[2];
    tcpt_tracker *tracker;
    tcpt_flow *next;
} set_aside;

static set_aside take_apart(tcpt_flow *flow)
{
    set_aside apart = {
        flow->key, flow->rare, {flow->ends[0].trouble, flow->ends[1].trouble}, flow->tracker, flow->next};

    flow->rare = tcpt_own_rarities(flow);
    for (unsigned end = 0; end < 2; end++)
        flow->ends[end].trouble = tcpt_own_trouble(&flow->ends[end]);
    memset(&flow->key, 0, sizeof flow->key);
    flow->tracker = NULL;
    flow->next = NULL;
    return apart;
}

static void put_together(tcpt_flow *flow, const set_aside *apart)
{
    flow->key = apart->key;
    flow->rare = apart->rare;
    for (unsigned end = 0; end < 2; end++)
        flow->ends[end].trouble = apart->trouble[end];
    flow->tracker = apart->tracker;
    flow->next = apart->next;
}

/* A flow lies in whole lines, of which the rest is all zero. */
static packing pack_flow(packing to, uint64_t *filled, tcpt_flow *flow)
{
    uint8_t tracker[TRACKER_PARTS * PART];
    set_aside apart = take_apart(flow);

    to = pack(to, filled, flow, 0, FLOW_PARTS);
    put_together(flow, &apart);
    if (!flow->tracker)
        return to;
    memcpy(tracker, flow->tracker, sizeof *flow->tracker);
    memset(tracker + sizeof *flow->tracker, 0, sizeof tracker - sizeof *flow->tracker);
    return pack(to, filled, tracker, FLOW_PARTS, PARTS);
}

tcpt_stowed *tcpt_stow(tcpt_stow_room *room, tcpt_flow *flow, struct tcpt_flows *in)
{
    uint8_t bytes[(PARTS + 1) * PART], codes[PARTS + CODES_AT_ONCE];
    tcpt_stowed head = {.key = flow->key, .in = in, .tracked = flow->tracker != NULL}, *stowed;
    packing end = pack_flow((packing){bytes, codes}, head.filled, flow);
    unsigned count = (unsigned)(end.code - codes);
    size_t all;

    memset(end.code, 0, CODES_AT_ONCE);
    head.owns = flow->tracker && flow->tracker->models.old;
    head.length = (uint16_t)(end.bytes - bytes);
    all = offsetof(tcpt_stowed, bytes) + head.length +
          MAX(PART, (count + CODES_AT_ONCE - 1) / CODES_AT_ONCE * CODES_AT_ONCE / 2); /* a part is read whole, too */
    if (all > TCPT_STOW_MOST_BYTES)
        return NULL;
    head.steps = (uint16_t)((all + TCPT_STOW_STEP_BYTES - 1) / TCPT_STOW_STEP_BYTES);
    stowed = take(room, head.steps);
    *stowed = head;
    memcpy(stowed->bytes, bytes, head.length);
    put_codes(stowed->bytes + head.length, codes, count);
    return stowed;
}

static uint64_t unpack_part(const uint8_t **from, unsigned code)
{
    unsigned bytes = code > UPPER_HALF ? code - UPPER_HALF : code;
    uint64_t part;

    memcpy(&part, *from, PART);
    *from += bytes;
    part = GUINT64_FROM_LE(part) & UINT64_MAX >> 8 * (PART - bytes);
    return code > UPPER_HALF ? part << HALF_BITS : part;
}

/* All parts, into what is all zero. */
static void unpack(content *to, const tcpt_stowed *from)
{
    const uint8_t *bytes = from->bytes, *codes = from->bytes + from->length;
    unsigned count = 0;

    for (unsigned first = 0; first < PARTS; first += BLOCK)
        for (uint64_t left = from->filled[first / BLOCK]; left; left &= left - 1, count++) {
            uint64_t part = unpack_part(&bytes, codes[count / 2] >> count % 2 * CODE_BITS & ((1 << CODE_BITS) - 1));

            memcpy((uint8_t *)to + (size_t)(first + tcpt_lowest_bit(left)) * PART, &part, sizeof part);
        }
}

void tcpt_stow_read(const tcpt_stowed *stowed, tcpt_flow *flow, tcpt_tracker *tracker)
{
    content from = {.flow_bytes = {0}};

    unpack(&from, stowed);
    *flow = from.flow;
    flow->key = stowed->key;
    *tracker = from.tracker;
    flow->tracker = stowed->tracked ? tracker : NULL;
}

void tcpt_stow_clear(const tcpt_stowed *stowed)
{
    content from = {.flow_bytes = {0}};

    if (!stowed->owns)
        return;
    unpack(&from, stowed);
    tcpt_tracker_clear(&from.tracker);
}

struct tcpt_flows *tcpt_stowed_in(const tcpt_stowed *stowed)
{
    return stowed->in;
}

void tcpt_stow_give_back(tcpt_stow_room *room, tcpt_stowed *stowed)
{
    unsigned steps = stowed->steps;

    stowed->next_spare = room->spare[steps];
    room->spare[steps] = stowed;
    tcpt_forbid(stowed, (size_t)steps * TCPT_STOW_STEP_BYTES);
}

void tcpt_stow_room_clear(tcpt_stow_room *room)
{
    if (room->slabs)
        g_ptr_array_free(room->slabs, TRUE);
}
