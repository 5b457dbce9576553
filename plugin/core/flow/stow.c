/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/stow.h"

#include <string.h>

#include "core/tracker/tracker.h"
#include "tcptriage/portable.h"

enum {
    WORD = 4,        /* bytes: half of the words of 8 that are not zero are so by half */
    PAIR = 2 * WORD, /* read at once */
    KEY_WORDS = sizeof(tcpt_flow_key) / WORD,
    FLOW_WORDS = (sizeof(tcpt_flow) + PAIR - 1) / PAIR * 2,
    TRACKER_WORDS = (sizeof(tcpt_tracker) + PAIR - 1) / PAIR * 2,
    WORDS = FLOW_WORDS - KEY_WORDS + TRACKER_WORDS,
    SLAB_BYTES = 1 << 16,
};

struct tcpt_stowed {
    tcpt_flow_key key; /* first, as a flow's */
    union {
        struct tcpt_flows *in;
        tcpt_stowed *next_spare;
    };
    uint16_t steps; /* of its size */
    bool tracked;
    uint64_t filled[(WORDS + 63) / 64]; /* a bit for each word that is not zero: of the flow behind its key, and of the
                                         * tracker */
    uint32_t words[];                   /* these */
};

/* Flow and tracker are read and written as words. */
typedef union flow_words {
    tcpt_flow flow;
    uint32_t words[FLOW_WORDS];
} flow_words;

typedef union tracker_words {
    tcpt_tracker tracker;
    uint32_t words[TRACKER_WORDS];
} tracker_words;

G_STATIC_ASSERT(sizeof(tcpt_flow_key) % PAIR == 0);

/* Add those that are not zero, of a number of pairs; there is room for one more. @return behind the last */
static uint32_t *add_words(uint64_t *filled, unsigned at, uint32_t *to, const uint32_t *from, unsigned count)
{
    for (unsigned i = 0; i < count; i += 2) {
        if (!(from[i] | from[i + 1]))
            continue;
        for (unsigned k = i; k < i + 2; k++) {
            *to = from[k];
            to += from[k] != 0;
            filled[(at + k) / 64] |= (uint64_t)(from[k] != 0) << (at + k) % 64;
        }
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

tcpt_stowed *tcpt_stow(tcpt_stow_room *room, const tcpt_flow *flow, struct tcpt_flows *in)
{
    uint32_t words[WORDS + 1], *end;
    tracker_words tracker = {.words = {0}};
    flow_words from;
    tcpt_stowed head = {.key = flow->key, .in = in, .tracked = flow->tracker != NULL}, *stowed;
    size_t bytes;

    from.words[FLOW_WORDS - 1] = 0;
    from.flow = *flow;
    from.flow.tracker = NULL;
    from.flow.next = NULL;
    if (flow->tracker)
        tracker.tracker = *flow->tracker;
    end = add_words(head.filled, 0, words, from.words + KEY_WORDS, FLOW_WORDS - KEY_WORDS);
    end = add_words(head.filled, FLOW_WORDS - KEY_WORDS, end, tracker.words, TRACKER_WORDS);
    bytes = sizeof head + (size_t)(end - words) * WORD;
    if (bytes > TCPT_STOW_MOST_BYTES)
        return NULL;
    head.steps = (uint16_t)((bytes + TCPT_STOW_STEP_BYTES - 1) / TCPT_STOW_STEP_BYTES);
    stowed = take(room, head.steps);
    *stowed = head;
    memcpy(stowed->words, words, (size_t)(end - words) * WORD);
    return stowed;
}

void tcpt_stow_read(const tcpt_stowed *stowed, tcpt_flow *flow, tcpt_tracker *tracker)
{
    flow_words *to = (flow_words *)flow;
    const uint32_t *from = stowed->words;
    tracker_words tracked = {.words = {0}};

    flow->key = stowed->key;
    for (unsigned part = 0; part < G_N_ELEMENTS(stowed->filled); part++)
        for (uint64_t left = stowed->filled[part]; left; left &= left - 1) {
            unsigned at = KEY_WORDS + part * 64 + tcpt_lowest_bit(left);

            if (at < FLOW_WORDS)
                to->words[at] = *from++;
            else
                tracked.words[at - FLOW_WORDS] = *from++;
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
