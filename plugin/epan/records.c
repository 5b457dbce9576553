/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "records.h"

#include <glib.h>

#include "tcptriage/portable.h"

/* The outermost TCP layer's record of each frame, in blocks that never move; frame numbers are dense. */
enum { BLOCK_FRAMES = 128 };

static GPtrArray *blocks;    /* NULL for a block without TCP */
static tcpt_record **newest; /* the block that was written to last, NULL before */
static unsigned newest_at;
static GHashTable *deeper; /* frame -> GPtrArray: the layers behind the first; tunnels only */

static void begin_block(unsigned at)
{
    if (!blocks)
        blocks = g_ptr_array_new_with_free_func(g_free);
    if (at >= blocks->len)
        g_ptr_array_set_size(blocks, (int)at + 1);
    if (!blocks->pdata[at])
        blocks->pdata[at] = g_new0(tcpt_record *, BLOCK_FRAMES);
    newest = (tcpt_record **)blocks->pdata[at];
    newest_at = at;
}

static void note_deeper(uint32_t frame, unsigned layer, tcpt_record *record)
{
    GPtrArray *layers;

    if (!deeper)
        deeper = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
    layers = g_hash_table_lookup(deeper, GUINT_TO_POINTER(frame));
    if (!layers) {
        layers = g_ptr_array_new();
        g_hash_table_insert(deeper, GUINT_TO_POINTER(frame), layers);
    }
    g_ptr_array_set_size(layers, (int)layer);
    layers->pdata[layer - 1] = record;
}

static void TCPT_NOINLINE note_elsewhere(uint32_t frame, unsigned layer, tcpt_record *record)
{
    if (layer) {
        note_deeper(frame, layer, record);
        return;
    }
    if (!newest || newest_at != frame / BLOCK_FRAMES)
        begin_block(frame / BLOCK_FRAMES);
    newest[frame % BLOCK_FRAMES] = record;
    if (deeper)
        g_hash_table_remove(deeper, GUINT_TO_POINTER(frame)); /* of another frame with this number */
}

void tcpt_records_note(uint32_t frame, unsigned layer, tcpt_record *record)
{
    if (layer || deeper || !newest || newest_at != frame / BLOCK_FRAMES)
        note_elsewhere(frame, layer, record);
    else
        newest[frame % BLOCK_FRAMES] = record;
}

static tcpt_record *find_deeper(uint32_t frame, unsigned layer)
{
    const GPtrArray *layers = deeper ? g_hash_table_lookup(deeper, GUINT_TO_POINTER(frame)) : NULL;

    return layers && layer <= layers->len ? layers->pdata[layer - 1] : NULL;
}

tcpt_record *tcpt_records_find(uint32_t frame, unsigned layer)
{
    unsigned at = frame / BLOCK_FRAMES;

    if (layer)
        return find_deeper(frame, layer);
    if (!blocks || at >= blocks->len || !blocks->pdata[at])
        return NULL;
    return ((tcpt_record **)blocks->pdata[at])[frame % BLOCK_FRAMES];
}

void tcpt_records_forget(void)
{
    if (blocks)
        g_ptr_array_unref(blocks);
    if (deeper)
        g_hash_table_destroy(deeper);
    blocks = NULL;
    newest = NULL;
    deeper = NULL;
}
