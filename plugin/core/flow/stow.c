/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/stow.h"

#include <string.h>

#include "core/tracker/tracker.h"
#include "tcptriage/portable.h"

enum {
    WORD = 2,    /* bytes: with shorter ones more is told of where they are than they take less */
    AT_ONCE = 4, /* words of a part: where they lie most parts are all zero */
    PART = AT_ONCE * WORD,
    KEY_PARTS = sizeof(tcpt_flow_key) / PART,
    FLOW_PARTS = (sizeof(tcpt_flow) + PART - 1) / PART,
    TRACKER_PARTS = (sizeof(tcpt_tracker) + PART - 1) / PART,
    PARTS = FLOW_PARTS - KEY_PARTS + TRACKER_PARTS,
    SLAB_BYTES = 1 << 16,
};

struct tcpt_stowed {
    tcpt_flow_key key; /* first, as a flow's */
    union {
        struct tcpt_flows *in;
        tcpt_stowed *next_spare;
    };
    uint64_t filled[(PARTS + 63) / 64]; /* a bit for each part that is not all zero: of the flow behind its key, and of
                                         * the tracker */
    uint16_t steps;                     /* of its size */
    uint16_t words;                     /* that are not zero */
    bool tracked;
    uint8_t bytes[]; /* these words; which of each part that has any they are, in four bits each */
};

/* Flow and tracker are read and written in parts. */
typedef union flow_parts {
    tcpt_flow flow;
    uint64_t parts[FLOW_PARTS];
} flow_parts;

typedef union tracker_parts {
    tcpt_tracker tracker;
    uint64_t parts[TRACKER_PARTS];
} tracker_parts;

G_STATIC_ASSERT(sizeof(tcpt_flow_key) % PART == 0 && PART == sizeof(uint64_t));

/* Add those words that are not zero; there is room for one more. `at` is the number of the first part. @return behind
 * the last */
static uint16_t *add_words(uint64_t *filled, uint8_t **which, uint16_t *to, unsigned at, const uint64_t *parts,
                           unsigned count)
{
    for (unsigned part = 0; part < count; part++, at++) {
        uint16_t words[AT_ONCE];
        unsigned bits = 0;

        if (!parts[part])
            continue;
        memcpy(words, &parts[part], sizeof words);
        for (unsigned i = 0; i < AT_ONCE; i++) {
            *to = words[i];
            to += words[i] != 0;
            bits |= (unsigned)(words[i] != 0) << i;
        }
        filled[at / 64] |= UINT64_C(1) << at % 64;
        *(*which)++ = (uint8_t)bits;
    }
    return to;
}

static tcpt_stowed *take(tcpt_stow_room *room, unsigned steps)
{
    tcpt_stowed *taken = room->spare[steps];
    uint32_t bytes = steps * TCPT_STOW_STEP_BYTES;

    if (taken) {
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

/* Two to a byte. */
static void put_which(uint8_t *to, const uint8_t *which, unsigned count)
{
    for (unsigned i = 0; i < count; i += 2)
        to[i / 2] = (uint8_t)(which[i] | which[i + 1] << AT_ONCE);
}

tcpt_stowed *tcpt_stow(tcpt_stow_room *room, const tcpt_flow *flow, struct tcpt_flows *in)
{
    uint16_t words[PARTS * AT_ONCE + 1], *end;
    uint8_t which[PARTS + 1], *last = which;
    tracker_parts tracker = {.parts = {0}};
    flow_parts from;
    tcpt_stowed head = {.key = flow->key, .in = in, .tracked = flow->tracker != NULL}, *stowed;
    size_t bytes, word_bytes;
    unsigned count;

    from.parts[FLOW_PARTS - 1] = 0;
    from.flow = *flow;
    from.flow.tracker = NULL;
    from.flow.next = NULL;
    if (flow->tracker)
        tracker.tracker = *flow->tracker;
    end = add_words(head.filled, &last, words, 0, from.parts + KEY_PARTS, FLOW_PARTS - KEY_PARTS);
    end = add_words(head.filled, &last, end, FLOW_PARTS - KEY_PARTS, tracker.parts, TRACKER_PARTS);
    *last = 0;
    count = (unsigned)(last - which);
    word_bytes = (size_t)(end - words) * WORD;
    bytes = sizeof head + word_bytes + (count + 1) / 2;
    if (bytes > TCPT_STOW_MOST_BYTES)
        return NULL;
    head.steps = (uint16_t)((bytes + TCPT_STOW_STEP_BYTES - 1) / TCPT_STOW_STEP_BYTES);
    head.words = (uint16_t)(end - words);
    stowed = take(room, head.steps);
    *stowed = head;
    memcpy(stowed->bytes, words, word_bytes);
    put_which(stowed->bytes + word_bytes, which, count);
    return stowed;
}

/* The next part of those that are not zero. */
static uint64_t part_of(const uint8_t **words, unsigned which)
{
    uint16_t part[AT_ONCE] = {0};
    uint64_t all;

    for (unsigned left = which; left; left &= left - 1, *words += WORD)
        memcpy(&part[tcpt_lowest_bit(left)], *words, WORD);
    memcpy(&all, part, sizeof all);
    return all;
}

void tcpt_stow_read(const tcpt_stowed *stowed, tcpt_flow *flow, tcpt_tracker *tracker)
{
    flow_parts *to = (flow_parts *)flow;
    const uint8_t *words = stowed->bytes, *which = stowed->bytes + stowed->words * (size_t)WORD;
    tracker_parts tracked = {.parts = {0}};
    unsigned count = 0;

    flow->key = stowed->key;
    for (unsigned i = 0; i < G_N_ELEMENTS(stowed->filled); i++)
        for (uint64_t left = stowed->filled[i]; left; left &= left - 1, count++) {
            unsigned at = KEY_PARTS + i * 64 + tcpt_lowest_bit(left);
            unsigned bits = which[count / 2] >> count % 2 * AT_ONCE & 15;

            *(at < FLOW_PARTS ? &to->parts[at] : &tracked.parts[at - FLOW_PARTS]) = part_of(&words, bits);
        }
    if (!stowed->tracked)
        return;
    *tracker = tracked.tracker;
    flow->tracker = tracker;
}

struct tcpt_flows *tcpt_stowed_in(const tcpt_stowed *stowed)
{
    return stowed->in;
}

void tcpt_stow_give_back(tcpt_stow_room *room, tcpt_stowed *stowed)
{
    stowed->next_spare = room->spare[stowed->steps];
    room->spare[stowed->steps] = stowed;
}

void tcpt_stow_room_clear(tcpt_stow_room *room)
{
    if (room->slabs)
        g_ptr_array_free(room->slabs, TRUE);
}
