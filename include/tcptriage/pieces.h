/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Pieces of memory of any size that all go at once, with the analysis: most of what is kept stays until then, and is
 * given back without looking at each. Inside the core only.
 */
#ifndef TCPTRIAGE_PIECES_H
#define TCPTRIAGE_PIECES_H

#include <stddef.h>
#include <stdint.h>

enum {
    TCPT_PIECE_STEP_BYTES = 8,
    TCPT_PIECE_MOST_BYTES = 128 * sizeof(void *), /**< a larger one has a block of its own */
};

/** All zero to begin with. */
typedef struct tcpt_pieces {
    struct tcpt_piece_block *blocks;
    uint8_t *fresh; /**< in the newest block of many pieces, never had by anybody */
    size_t fresh_bytes;
    void *spare[TCPT_PIECE_MOST_BYTES / TCPT_PIECE_STEP_BYTES + 1]; /**< given back, by their size */
} tcpt_pieces;

/** @return so many bytes, at least one, aligned for 64 bits; not cleared */
void *tcpt_piece_take(tcpt_pieces *pieces, size_t bytes);

/** The same, all zero. */
void *tcpt_piece_take_blank(tcpt_pieces *pieces, size_t bytes);

/** @param piece  as it was taken, with as many bytes; or NULL */
void tcpt_piece_give_back(tcpt_pieces *pieces, void *piece, size_t bytes);

/** All of them go. */
void tcpt_pieces_clear(tcpt_pieces *pieces);

#endif
