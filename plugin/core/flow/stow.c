/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/stow.h"

#include <string.h>

#include "core/tracker/tracker.h"
#include "tcptriage/portable.h"

enum {
    WORD = 2,    /* bytes: with shorter ones more is told of where they are than they take less */
    AT_ONCE = 4, /* words: where they lie most of eight bytes are zero, or few */
    PART = AT_ONCE * WORD,
    KEY_WORDS = sizeof(tcpt_flow_key) / WORD,
    FLOW_WORDS = (sizeof(tcpt_flow) + PART - 1) / PART * AT_ONCE,
    TRACKER_WORDS = (sizeof(tcpt_tracker) + PART - 1) / PART * AT_ONCE,
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
    uint16_t words[];                   /* these */
};

/* Flow and tracker are read and written as words. */
typedef union flow_words {
    tcpt_flow flow;
    uint16_t words[FLOW_WORDS];
    uint64_t parts[FLOW_WORDS / AT_ONCE];
} flow_words;

typedef union tracker_words {
    tcpt_tracker tracker;
    uint16_t words[TRACKER_WORDS];
    uint64_t parts[TRACKER_WORDS / AT_ONCE];
} tracker_words;

G_STATIC_ASSERT(sizeof(tcpt_flow_key) % PART == 0 && PART == sizeof(uint64_t));

/* Add those words that are not zero; there is room for one more. `at` is the number of the first. @return behind the
 * last */
static uint16_t *add_words(uint64_t *filled, unsigned at, uint16_t *to, const uint64_t *parts, unsigned count)
{
    for (unsigned part = 0; part < count; part++, at += AT_ONCE) {
        uint16_t words[AT_ONCE];
        uint64_t bits = 0;

        if (!parts[part])
            continue;
        memcpy(words, &parts[part], sizeof words);
        for (unsigned i = 0; i < AT_ONCE; i++) {
            *to = words[i];
            to += words[i] != 0;
            bits |= (uint64_t)(words[i] != 0) << i;
        }
        filled[at / 64] |= bits << at % 64;
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
    uint16_t words[WORDS + 1], *end;
    tracker_words tracker = {.words = {0}};
    flow_words from;
    tcpt_stowed head = {.key = flow->key, .in = in, .tracked = flow->tracker != NULL}, *stowed;
    size_t bytes;

    from.parts[G_N_ELEMENTS(from.parts) - 1] = 0;
    from.flow = *flow;
    from.flow.tracker = NULL;
    from.flow.next = NULL;
    if (flow->tracker)
        tracker.tracker = *flow->tracker;
    end = add_words(head.filled, 0, words, from.parts + KEY_WORDS / AT_ONCE, (FLOW_WORDS - KEY_WORDS) / AT_ONCE);
    end = add_words(head.filled, FLOW_WORDS - KEY_WORDS, end, tracker.parts, TRACKER_WORDS / AT_ONCE);
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
    const uint16_t *from = stowed->words;
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
