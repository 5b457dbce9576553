/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "records.h"

#include <glib.h>

#include "frames.h"
#include "tcptriage/portable.h"

enum { BLOCK_FRAMES = 128, NONE = 0 };

/* The outermost TCP layer's records of frames that follow each other: by number plus one. */
typedef struct block {
    uint32_t *records; /* of each frame; NULL as long as the next two tell all */
    uint32_t first;    /* of its first frame; those of the next ones follow on it */
    uint32_t count;    /* of these frames */
} block;

static const tcpt_analysis *analysis; /* whose records they are */
static GArray *blocks;                /* frame numbers are dense; NULL before the first */
static block *newest;                 /* that was written to last, NULL before */
static unsigned newest_at;
static GHashTable *deeper; /* frame -> GArray, by number plus one: the layers behind the first; tunnels only */

static void go_to_block(unsigned at)
{
    if (!blocks)
        blocks = g_array_new(FALSE, TRUE, sizeof(block));
    if (at >= blocks->len)
        g_array_set_size(blocks, at + 1);
    newest = &g_array_index(blocks, block, at);
    newest_at = at;
}

static uint32_t record_in(const block *of, unsigned place)
{
    if (of->records)
        return of->records[place];
    return place < of->count ? of->first + place : NONE;
}

/* From now on each frame's record is told by itself. */
static void tell_each(block *of)
{
    uint32_t *records = g_new0(uint32_t, BLOCK_FRAMES);

    for (unsigned place = 0; place < of->count; place++)
        records[place] = record_in(of, place);
    of->records = records;
}

static void note_in_block(uint32_t frame, uint32_t record)
{
    unsigned place = frame % BLOCK_FRAMES;

    go_to_block(frame / BLOCK_FRAMES);
    if (!newest->records && place == 0 && newest->count == 0) {
        newest->first = record;
        newest->count = record != NONE;
        return;
    }
    if (!newest->records)
        tell_each(newest);
    newest->records[place] = record;
}

static void note_deeper(uint32_t frame, unsigned layer, uint32_t record)
{
    GArray *layers;

    if (!deeper)
        deeper = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
    layers = g_hash_table_lookup(deeper, GUINT_TO_POINTER(frame));
    if (!layers) {
        layers = g_array_new(FALSE, TRUE, sizeof(uint32_t));
        g_hash_table_insert(deeper, GUINT_TO_POINTER(frame), layers);
    }
    g_array_set_size(layers, layer);
    g_array_index(layers, uint32_t, layer - 1) = record;
}

static void TCPT_NOINLINE note_elsewhere(uint32_t frame, unsigned layer, uint32_t record)
{
    if (layer) {
        note_deeper(frame, layer, record);
        return;
    }
    note_in_block(frame, record);
    if (deeper)
        g_hash_table_remove(deeper, GUINT_TO_POINTER(frame)); /* of another frame with this number */
}

void tcpt_records_begin(const tcpt_analysis *made)
{
    analysis = made;
}

void tcpt_records_note(uint32_t frame, unsigned layer, const tcpt_record *record)
{
    uint32_t number = record ? tcpt_newest_record(analysis) + 1 : NONE;
    unsigned place = frame % BLOCK_FRAMES;

    if (layer || deeper || !newest || newest_at != frame / BLOCK_FRAMES)
        note_elsewhere(frame, layer, number);
    else if (newest->records)
        newest->records[place] = number;
    else if (place == newest->count && place && number == newest->first + place)
        newest->count++;
    else
        note_elsewhere(frame, layer, number);
}

static GArray *layers_behind_first(uint32_t frame)
{
    return deeper ? g_hash_table_lookup(deeper, GUINT_TO_POINTER(frame)) : NULL;
}

static unsigned take(uint32_t number, tcpt_record **records, unsigned count)
{
    if (number != NONE)
        records[count++] = tcpt_record_numbered(analysis, number - 1);
    return count;
}

unsigned tcpt_records_of(uint32_t frame, tcpt_record **records, unsigned most)
{
    const GArray *layers = layers_behind_first(frame);
    unsigned at = frame / BLOCK_FRAMES, count = 0;

    if (blocks && at < blocks->len)
        count = take(record_in(&g_array_index(blocks, block, at), frame % BLOCK_FRAMES), records, 0);
    for (unsigned i = 0; layers && i < layers->len && count < most; i++)
        count = take(g_array_index(layers, uint32_t, i), records, count);
    return count;
}

static void move_in_block(block *of, unsigned place, uint32_t to)
{
    if (!of->records)
        tell_each(of);
    of->records[place] = to;
}

void tcpt_records_move(uint32_t frame, uint32_t from, uint32_t to)
{
    uint32_t shown = tcpt_frames_shown(frame);
    GArray *layers = shown ? layers_behind_first(shown) : NULL;
    block *of =
        shown && shown / BLOCK_FRAMES < blocks->len ? &g_array_index(blocks, block, shown / BLOCK_FRAMES) : NULL;

    if (of && record_in(of, shown % BLOCK_FRAMES) == from + 1)
        move_in_block(of, shown % BLOCK_FRAMES, to + 1);
    for (unsigned i = 0; layers && i < layers->len; i++)
        if (g_array_index(layers, uint32_t, i) == from + 1)
            g_array_index(layers, uint32_t, i) = to + 1;
}

static void forget_blocks(void)
{
    for (unsigned at = 0; blocks && at < blocks->len; at++)
        g_free(g_array_index(blocks, block, at).records);
    g_clear_pointer(&blocks, g_array_unref);
    newest = NULL;
}

void tcpt_records_forget(void)
{
    forget_blocks();
    g_clear_pointer(&deeper, g_hash_table_destroy);
}
