/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Flows that are stowed away come in few shapes: those of a flood have done the same, and so are alike but for their
 * numbers. The first of a shape is kept as a pattern for the others. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_STOW_SHAPES_H
#define TCPTRIAGE_CORE_FLOW_STOW_SHAPES_H

#include <stdint.h>

#include "tcptriage/pieces.h"

enum {
    TCPT_STOW_SHAPES_MOST = 64, /**< a kilobyte each; with more of them flows have too little in common */
    TCPT_STOW_FILLED_WORDS = 4, /**< bits of as many parts as a flow has at the most */
};

/** Of flows whose parts are all zero in the same places. */
typedef struct tcpt_stow_shape {
    uint64_t filled[TCPT_STOW_FILLED_WORDS]; /**< a bit for each part that is not */
    uint64_t parts[];                        /**< these, of the first such flow */
} tcpt_stow_shape;

/** All zero to begin with. */
typedef struct tcpt_stow_shapes {
    tcpt_pieces pieces;
    const tcpt_stow_shape *shapes[TCPT_STOW_SHAPES_MOST]; /**< by their numbers, less one */
    uint8_t count;
    uint8_t numbers[2 * TCPT_STOW_SHAPES_MOST]; /**< by the bits' hash: at it, or behind it where others are; 0 none */
} tcpt_stow_shapes;

/**
 * The number of a shape, from 1: the flow's own where it is the first of it.
 * @param count  of `parts`, as many as bits in `filled`
 * @return 0 where there are too many others
 */
unsigned tcpt_stow_shape_number(tcpt_stow_shapes *in, const uint64_t filled[TCPT_STOW_FILLED_WORDS],
                                const uint64_t *parts, unsigned count);

/** The shape of that number. */
static inline const tcpt_stow_shape *tcpt_stow_shape_at(const tcpt_stow_shapes *in, unsigned number)
{
    return in->shapes[number - 1];
}

void tcpt_stow_shapes_clear(tcpt_stow_shapes *in);

#endif
