/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcptriage/pieces.h"

#include <glib.h>
#include <string.h>

#include "tcptriage/portable.h"

enum { BLOCK_BYTES = 1 << 16 };

/* Before the pieces of a block. */
typedef struct tcpt_piece_block {
    struct tcpt_piece_block *next;
    struct tcpt_piece_block *previous;
} tcpt_piece_block;

G_STATIC_ASSERT(sizeof(tcpt_piece_block) % TCPT_PIECE_STEP_BYTES == 0);

static unsigned steps_of(size_t bytes)
{
    return (unsigned)((bytes + TCPT_PIECE_STEP_BYTES - 1) / TCPT_PIECE_STEP_BYTES);
}

static void *new_block(tcpt_pieces *pieces, size_t bytes)
{
    tcpt_piece_block *block = g_malloc(sizeof *block + bytes);

    *block = (tcpt_piece_block){.next = pieces->blocks};
    if (block->next)
        block->next->previous = block;
    pieces->blocks = block;
    return block + 1;
}

static void free_block(tcpt_pieces *pieces, void *piece)
{
    tcpt_piece_block *block = (tcpt_piece_block *)piece - 1;

    if (block->next)
        block->next->previous = block->previous;
    *(block->previous ? &block->previous->next : &pieces->blocks) = block->next;
    g_free(block);
}

static void put_spare(tcpt_pieces *pieces, void *piece, unsigned steps)
{
    memcpy(piece, &pieces->spare[steps], sizeof(void *)); /* each begins with the next one */
    pieces->spare[steps] = piece;
    tcpt_forbid(piece, (size_t)steps * TCPT_PIECE_STEP_BYTES);
}

static void open_block(tcpt_pieces *pieces)
{
    if (pieces->fresh_bytes)
        put_spare(pieces, pieces->fresh, steps_of(pieces->fresh_bytes));
    pieces->fresh_bytes = BLOCK_BYTES - sizeof(tcpt_piece_block);
    pieces->fresh = new_block(pieces, pieces->fresh_bytes);
}

void *tcpt_piece_take(tcpt_pieces *pieces, size_t bytes)
{
    unsigned steps = steps_of(bytes);
    void *taken;

    if (bytes > TCPT_PIECE_MOST_BYTES)
        return new_block(pieces, bytes);
    taken = pieces->spare[steps];
    if (taken) {
        tcpt_allow(taken, (size_t)steps * TCPT_PIECE_STEP_BYTES);
        memcpy(&pieces->spare[steps], taken, sizeof taken);
        return taken;
    }
    bytes = (size_t)steps * TCPT_PIECE_STEP_BYTES;
    if (pieces->fresh_bytes < bytes)
        open_block(pieces);
    taken = pieces->fresh;
    pieces->fresh += bytes;
    pieces->fresh_bytes -= bytes;
    return taken;
}

void *tcpt_piece_take_blank(tcpt_pieces *pieces, size_t bytes)
{
    return memset(tcpt_piece_take(pieces, bytes), 0, bytes);
}

void tcpt_piece_give_back(tcpt_pieces *pieces, void *piece, size_t bytes)
{
    if (!piece)
        return;
    if (bytes > TCPT_PIECE_MOST_BYTES)
        free_block(pieces, piece);
    else
        put_spare(pieces, piece, steps_of(bytes));
}

void tcpt_pieces_clear(tcpt_pieces *pieces)
{
    for (tcpt_piece_block *block = pieces->blocks; block;) {
        tcpt_piece_block *next = block->next;

        g_free(block);
        block = next;
    }
    *pieces = (tcpt_pieces){0};
}
