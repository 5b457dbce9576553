/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/stow.h"

#include <string.h>

#include "core/flow/trouble.h"
#include "core/tracker/tracker.h"
#include "tcptriage/portable.h"

/* All that is stowed away. */
typedef struct content {
    tcpt_ct_entry *old; /* of the tracker: what is asked for alone comes first */
    tcpt_flow flow;
    tcpt_tracker tracker;
} content;

enum {
    PART = sizeof(uint64_t),
    AT_ONCE = 4, /* parts */
    PARTS = (sizeof(content) + PART - 1) / PART / AT_ONCE * AT_ONCE + AT_ONCE,
    BLOCK = 64,    /* parts */
    CODE_BITS = 4, /* of a part */
    CODES_AT_ONCE = 8,
    BYTES_LESS_ONE = 7,
    UPPER_HALF = 8, /* the other one is all zero and left out */
    HALF_BITS = 32,
    SLAB_BYTES = 1 << 16,
};

/* Read and written by these parts, by way of the union alone. */
typedef union parts {
    content of;
    uint64_t parts[PARTS];
} parts;

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
    unsigned last = tcpt_highest_bit(part) / 8;

    part = GUINT64_TO_LE(part);
    memcpy(to.bytes, &part, PART);
    *to.code = (uint8_t)(code | last);
    return (packing){to.bytes + last + 1, to.code + 1};
}

/* Integers, times and addresses have zeros at their upper end. */
static inline packing pack_part(packing to, uint64_t part)
{
    return (uint32_t)part ? add(to, part, 0) : add(to, part >> HALF_BITS, UPPER_HALF);
}

/* Most parts are all zero, and beside others that are. There is room for one more part and code. */
static packing pack(packing to, uint64_t *filled, const parts *from)
{
    for (unsigned at = 0; at < PARTS; at += AT_ONCE) {
        const uint64_t *part = &from->parts[at];
        uint64_t bits = 0;

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

/* A flow without what refers to others that are not stowed with it. */
static void take_apart(content *to, const tcpt_flow *from)
{
    tcpt_flow *flow = &to->flow;

    *flow = *from;
    memset(&to->tracker, 0, sizeof to->tracker);
    if (from->tracker)
        to->tracker = *from->tracker;
    to->old = to->tracker.models.old;
    to->tracker.models.old = NULL;
    memset(&flow->key, 0, sizeof flow->key);
    flow->rare = tcpt_own_rarities(from);
    for (unsigned end = 0; end < 2; end++)
        flow->ends[end].trouble = tcpt_own_trouble(&from->ends[end]);
    flow->tracker = NULL;
    flow->next = NULL;
}

tcpt_stowed *tcpt_stow(tcpt_stow_room *room, const tcpt_flow *flow, struct tcpt_flows *in)
{
    uint8_t bytes[(PARTS + 1) * PART], codes[PARTS + CODES_AT_ONCE];
    packing end = {bytes, codes};
    tcpt_stowed head = {.key = flow->key, .in = in, .tracked = flow->tracker != NULL}, *stowed;
    unsigned count;
    size_t all;
    parts from;

    memset(&from.parts[PARTS - AT_ONCE], 0, AT_ONCE * sizeof from.parts[0]);
    take_apart(&from.of, flow);
    end = pack(end, head.filled, &from);
    memset(end.code, 0, CODES_AT_ONCE);
    count = (unsigned)(end.code - codes);
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

static uint64_t unpack_part(const uint8_t **bytes, unsigned code)
{
    static const uint64_t read[PART] = {
        UINT64_MAX >> 56, UINT64_MAX >> 48, UINT64_MAX >> 40, UINT64_MAX >> 32,
        UINT64_MAX >> 24, UINT64_MAX >> 16, UINT64_MAX >> 8,  UINT64_MAX,
    };
    unsigned last = code & BYTES_LESS_ONE;
    uint64_t part;

    memcpy(&part, *bytes, PART);
    *bytes += last + 1;
    part = GUINT64_FROM_LE(part) & read[last];
    return code & UPPER_HALF ? part << HALF_BITS : part;
}

/* Parts before `end`, into what is all zero. */
static void unpack(parts *to, const tcpt_stowed *from, unsigned end)
{
    const uint8_t *bytes = from->bytes, *codes = from->bytes + from->length;
    unsigned count = 0;

    for (unsigned first = 0; first < end; first += BLOCK) {
        uint64_t left = from->filled[first / BLOCK];

        if (end - first < BLOCK)
            left &= (UINT64_C(1) << (end - first)) - 1;
        for (; left; left &= left - 1, count++)
            to->parts[first + tcpt_lowest_bit(left)] = unpack_part(&bytes, codes[count / 2] >> count % 2 * CODE_BITS);
    }
}

void tcpt_stow_read(const tcpt_stowed *stowed, tcpt_flow *flow, tcpt_tracker *tracker)
{
    parts from = {.parts = {0}};

    unpack(&from, stowed, PARTS);
    *flow = from.of.flow;
    flow->key = stowed->key;
    *tracker = from.of.tracker;
    tracker->models.old = from.of.old;
    flow->tracker = stowed->tracked ? tracker : NULL;
}

void tcpt_stow_clear(const tcpt_stowed *stowed)
{
    tcpt_tracker tracker = {0};
    parts from;

    if (!(stowed->filled[0] & 1))
        return;
    unpack(&from, stowed, 1);
    tracker.models.old = from.of.old;
    tcpt_tracker_clear(&tracker);
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
