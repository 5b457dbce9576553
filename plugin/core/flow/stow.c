/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/stow.h"

#include <string.h>

#include "core/flow/stow_content.h"
#include "tcptriage/portable.h"

enum {
    PART = TCPT_STOW_PART,
    PARTS = TCPT_STOW_PARTS,
    AT_ONCE = TCPT_STOW_GROUP / PART, /* parts */
    BLOCK = 64,                       /* parts */
    CODE_BITS = 4,                    /* of a part */
    CODES_AT_ONCE = 8,
    UPPER_HALF = 8, /* more, and the other half is all zero and left out: so many bytes of this one */
    TWICE = 11,     /* more, and both halves are the same: so many bytes of one, two at least */
    HALF_BITS = 32,
    SLAB_BYTES = 1 << 16,
    FILLED_BYTES = TCPT_STOW_FILLED_WORDS * sizeof(uint64_t),
};

static const uint64_t no_pattern[PARTS];

G_STATIC_ASSERT((int)PARTS <= (int)TCPT_STOW_PARTS_MOST && (int)PARTS <= BLOCK * (int)TCPT_STOW_FILLED_WORDS);
G_STATIC_ASSERT(PARTS % AT_ONCE == 0); /* whatever an address takes: gather() reads and marks whole groups */

struct tcpt_stowed {
    tcpt_flow_key key; /* first, as a flow's */
    union {
        struct tcpt_flows *in;
        tcpt_stowed *next_spare;
    };
    uint16_t length; /* bytes of the parts that are not all zero */
    uint8_t steps;   /* of its size */
    uint8_t shape;   /* its number; 0: these parts differ from no pattern, and `bytes` begins with a bit for each */
    bool tracked : 1;
    bool owns : 1; /* its tracker has something that is freed with it */
    bool toward : 1;
    uint8_t troubled : 2; /* by end */
    uint8_t bytes[];      /* of these parts, without zeros at their ends; how many of each part, in CODE_BITS each */
};

/* Where packing has come to. */
typedef struct packing {
    uint8_t *bytes;
    uint8_t *code;
} packing;

/* What is packed. */
typedef struct gathered {
    const uint8_t *like;   /* tcpt_stow_alike() */
    const tcpt_flow *flow; /* that parts are like */
    uint64_t filled[TCPT_STOW_FILLED_WORDS];
    uint64_t parts[PARTS]; /* that are not all zero: in what they differ from those that they are like */
    unsigned count;
} gathered;

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

/* Integers, and what differs of times and addresses, have zeros at their upper end. */
static inline packing pack_part(packing to, uint64_t part)
{
    if (!part) {
        *to.code++ = 0;
        return to;
    }
    if (!(uint32_t)part)
        return add(to, part >> HALF_BITS, UPPER_HALF);
    if (part >> HALF_BITS == (uint32_t)part && (uint32_t)part > UINT8_MAX)
        return add(to, (uint32_t)part, TWICE);
    return add(to, part, 0);
}

static inline uint64_t part_at(const void *from, unsigned at)
{
    uint64_t part;

    memcpy(&part, (const uint8_t *)from + (size_t)at * PART, PART);
    return part;
}

/* One by one: at once they would be put down in memory, and taken up again. */
static inline void read_parts(uint64_t part[AT_ONCE], const uint8_t *from)
{
    for (unsigned i = 0; i < AT_ONCE; i++)
        part[i] = part_at(from, i);
}

/* There is room for one more part and code. */
static packing pack(packing to, const gathered *all, const uint64_t *pattern)
{
    for (unsigned i = 0; i < all->count; i++)
        to = pack_part(to, all->parts[i] ^ pattern[i]);
    return to;
}

/* Most parts are all zero, and beside others that are. */
static void gather(gathered *in, const void *from, unsigned first, unsigned end)
{
    const uint8_t *bytes = from, *like = in->like;
    const tcpt_flow *flow = in->flow;
    unsigned count = in->count;

    for (unsigned at = first; at < end; at += AT_ONCE, bytes += TCPT_STOW_GROUP) {
        uint64_t part[AT_ONCE], bits = 0;

        read_parts(part, bytes);
        if (!(part[0] | part[1] | part[2] | part[3]))
            continue;
        for (unsigned i = 0; i < AT_ONCE; i++)
            if (part[i]) {
                bits |= UINT64_C(1) << i;
                in->parts[count++] = part[i] ^ part_at(flow, like[at + i]);
            }
        in->filled[at / BLOCK] |= bits << at % BLOCK;
    }
    in->count = count;
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

/* What is not packed of a flow, or beside it. */
typedef struct set_aside {
    tcpt_flow_key key;
    const tcpt_rarities *rare;
    const tcpt_rst_toward *toward;
    const tcpt_trouble *trouble[2];
    tcpt_ack_step *ack_steps[2];
    tcpt_tracker *tracker;
    tcpt_flow *next;
} set_aside;

static bool packs_steps(const tcpt_endpoint *end)
{
    return end->ack_step_count <= TCPT_STOW_ACK_STEPS;
}

static set_aside take_apart(tcpt_flow *flow)
{
    set_aside apart = {flow->key,
                       flow->rare,
                       flow->toward,
                       {flow->ends[0].trouble, flow->ends[1].trouble},
                       {flow->ends[0].ack_steps, flow->ends[1].ack_steps},
                       flow->tracker,
                       flow->next};

    flow->rare = tcpt_own_rarities(flow);
    flow->toward = NULL;
    for (unsigned at = 0; at < 2; at++) {
        flow->ends[at].trouble = NULL;
        if (packs_steps(&flow->ends[at]))
            flow->ends[at].ack_steps = NULL;
    }
    memset(&flow->key, 0, sizeof flow->key);
    flow->tracker = NULL;
    flow->next = NULL;
    return apart;
}

static void put_together(tcpt_flow *flow, const set_aside *apart)
{
    flow->key = apart->key;
    flow->rare = apart->rare;
    flow->toward = apart->toward;
    for (unsigned at = 0; at < 2; at++) {
        flow->ends[at].trouble = apart->trouble[at];
        flow->ends[at].ack_steps = apart->ack_steps[at];
    }
    flow->tracker = apart->tracker;
    flow->next = apart->next;
}

/* What does not lie in whole groups. */
static void gather_beside(gathered *in, const void *from, size_t bytes, size_t first)
{
    uint8_t groups[sizeof(tcpt_stow_content) - sizeof(tcpt_flow)];
    size_t whole = (bytes + TCPT_STOW_GROUP - 1) / TCPT_STOW_GROUP * TCPT_STOW_GROUP;

    memcpy(groups, from, bytes);
    memset(groups + bytes, 0, whole - bytes);
    gather(in, groups, (unsigned)first, (unsigned)(first + whole / PART));
}

static void gather_trouble(gathered *in, const tcpt_trouble *trouble, size_t first)
{
    tcpt_trouble alone = *trouble;

    alone.in = NULL;
    gather_beside(in, &alone, sizeof alone, first);
}

static void gather_steps(gathered *in, const tcpt_ack_step *from, unsigned count, size_t first)
{
    tcpt_ack_step steps[TCPT_STOW_ACK_STEPS];

    memset(steps, 0, sizeof steps);
    if (count)
        memcpy(steps, from, count * sizeof *steps);
    gather(in, steps, (unsigned)first, (unsigned)(first + count * sizeof *steps / PART));
}

/* What hangs on a flow. */
static void gather_hanging(gathered *in, const set_aside *apart, const tcpt_stowed *head)
{
    if (apart->tracker)
        gather_beside(in, apart->tracker, sizeof *apart->tracker, TCPT_STOW_PART_OF(tracker));
    for (unsigned at = 0; at < 2; at++) {
        if (head->troubled >> at & 1)
            gather_trouble(in, apart->trouble[at], TCPT_STOW_PART_OF(ends[at].trouble));
        if (packs_steps(&in->flow->ends[at]))
            gather_steps(in, apart->ack_steps[at], in->flow->ends[at].ack_step_count,
                         TCPT_STOW_PART_OF(ends[at].ack_steps));
    }
    if (apart->toward)
        gather_beside(in, apart->toward, sizeof(tcpt_stow_toward), TCPT_STOW_PART_OF(toward));
}

/* A flow lies in whole lines, of which the rest is all zero. */
static void gather_flow(gathered *in, const uint8_t *like, tcpt_flow *flow, const tcpt_stowed *head)
{
    set_aside apart = take_apart(flow);

    in->like = like;
    in->flow = flow;
    memset(in->filled, 0, sizeof in->filled);
    in->count = 0;
    gather(in, flow, 0, TCPT_STOW_FLOW_PARTS);
    gather_hanging(in, &apart, head);
    put_together(flow, &apart);
}

static tcpt_stowed head_of(const tcpt_flow *flow, struct tcpt_flows *in)
{
    tcpt_stowed head = {.key = flow->key, .in = in, .tracked = flow->tracker != NULL, .toward = flow->toward != NULL};

    head.owns = flow->tracker && flow->tracker->models.old;
    head.troubled = (tcpt_own_trouble(&flow->ends[0]) != NULL) | (tcpt_own_trouble(&flow->ends[1]) != NULL) << 1;
    return head;
}

static uint8_t *put_filled(uint8_t *to, const uint64_t filled[TCPT_STOW_FILLED_WORDS])
{
    return (uint8_t *)memcpy(to, filled, FILLED_BYTES) + FILLED_BYTES;
}

tcpt_stowed *tcpt_stow(tcpt_stow_room *room, tcpt_flow *flow, struct tcpt_flows *in)
{
    uint8_t bytes[FILLED_BYTES + (PARTS + 1) * PART], codes[PARTS + CODES_AT_ONCE];
    tcpt_stowed head = head_of(flow, in), *stowed;
    gathered parts;
    packing end = {bytes, codes};
    unsigned count;
    size_t all;

    gather_flow(&parts, room->like, flow, &head);
    count = parts.count;
    head.shape = (uint8_t)tcpt_stow_shape_number(&room->shapes, parts.filled, parts.parts, count);
    if (!head.shape)
        end.bytes = put_filled(end.bytes, parts.filled);
    end = pack(end, &parts, head.shape ? tcpt_stow_shape_at(&room->shapes, head.shape)->parts : no_pattern);
    memset(end.code, 0, CODES_AT_ONCE);
    head.length = (uint16_t)(end.bytes - bytes);
    all = offsetof(tcpt_stowed, bytes) + head.length +
          MAX(PART, (count + CODES_AT_ONCE - 1) / CODES_AT_ONCE * CODES_AT_ONCE / 2); /* a part is read whole, too */
    if (all > TCPT_STOW_MOST_BYTES)
        return NULL;
    head.steps = (uint8_t)((all + TCPT_STOW_STEP_BYTES - 1) / TCPT_STOW_STEP_BYTES);
    stowed = take(room, head.steps);
    *stowed = head;
    memcpy(stowed->bytes, bytes, head.length);
    put_codes(stowed->bytes + head.length, codes, count);
    return stowed;
}

void tcpt_stow_give_back_hanging(tcpt_flow *flow, tcpt_ack_step_room *ack_steps)
{
    tcpt_trouble_give_back(flow);
    for (unsigned at = 0; at < 2; at++)
        if (packs_steps(&flow->ends[at]))
            tcpt_ack_steps_give_back(ack_steps, &flow->ends[at]);
}

static uint64_t unpack_part(const uint8_t **from, unsigned code)
{
    unsigned kind = code > TWICE + 1 ? TWICE : code > UPPER_HALF ? UPPER_HALF : 0, bytes = code - kind;
    uint64_t part;

    if (!code)
        return 0;
    memcpy(&part, *from, PART);
    *from += bytes;
    part = GUINT64_FROM_LE(part) & UINT64_MAX >> 8 * (PART - bytes);
    return kind == TWICE ? part << HALF_BITS | part : kind ? part << HALF_BITS : part;
}

/* Which parts there are. @return behind what is told of that */
static const uint8_t *read_filled(uint64_t filled[TCPT_STOW_FILLED_WORDS], const tcpt_stow_room *room,
                                  const tcpt_stowed *from)
{
    memcpy(filled, from->shape ? (const void *)tcpt_stow_shape_at(&room->shapes, from->shape)->filled : from->bytes,
           FILLED_BYTES);
    return from->bytes + (from->shape ? 0 : FILLED_BYTES);
}

/* All parts, into what is all zero. */
static void unpack(tcpt_stow_content *to, const tcpt_stow_room *room, const tcpt_stowed *from)
{
    uint64_t filled[TCPT_STOW_FILLED_WORDS];
    const uint8_t *bytes = read_filled(filled, room, from), *codes = from->bytes + from->length;
    const uint64_t *pattern = from->shape ? tcpt_stow_shape_at(&room->shapes, from->shape)->parts : no_pattern;
    unsigned count = 0;

    for (unsigned first = 0; first < PARTS; first += BLOCK)
        for (uint64_t left = filled[first / BLOCK]; left; left &= left - 1, count++) {
            unsigned at = first + tcpt_lowest_bit(left);
            uint64_t part = unpack_part(&bytes, codes[count / 2] >> count % 2 * CODE_BITS & ((1 << CODE_BITS) - 1));

            part ^= pattern[count] ^ part_at(to, room->like[at]);
            memcpy((uint8_t *)to + (size_t)at * PART, &part, sizeof part);
        }
}

/* What hung on a flow does so again. */
static void hang(tcpt_flow *flow, const tcpt_stowed *stowed, const tcpt_stow_content *from,
                 tcpt_ack_step_room *ack_steps)
{
    for (unsigned at = 0; at < 2; at++) {
        if (stowed->troubled >> at & 1)
            tcpt_trouble_set(&flow->ends[at], &from->ends[at].trouble);
        if (packs_steps(&flow->ends[at]))
            tcpt_ack_steps_set(ack_steps, &flow->ends[at], from->ends[at].ack_steps);
    }
    for (unsigned at = 0; stowed->toward && at < 2; at++)
        *tcpt_toward_of(flow, at) = from->toward.at[at];
}

void tcpt_stow_read(const tcpt_stow_room *room, const tcpt_stowed *stowed, tcpt_flow *flow, tcpt_tracker *tracker,
                    tcpt_trouble_room *troubles, tcpt_ack_step_room *ack_steps)
{
    tcpt_stow_content from = {.flow_bytes = {0}};

    unpack(&from, room, stowed);
    *flow = from.flow;
    flow->key = stowed->key;
    *tracker = from.tracker;
    flow->tracker = stowed->tracked ? tracker : NULL;
    tcpt_trouble_open(troubles, flow);
    hang(flow, stowed, &from, ack_steps);
}

void tcpt_stow_clear(const tcpt_stow_room *room, const tcpt_stowed *stowed)
{
    tcpt_stow_content from = {.flow_bytes = {0}};

    if (!stowed->owns)
        return;
    unpack(&from, room, stowed);
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

void tcpt_stow_room_open(tcpt_stow_room *room)
{
    tcpt_stow_alike(room->like);
}

void tcpt_stow_room_clear(tcpt_stow_room *room)
{
    tcpt_stow_shapes_clear(&room->shapes);
    if (room->slabs)
        g_ptr_array_free(room->slabs, TRUE);
}
