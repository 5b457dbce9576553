/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/stow_shapes.h"

#include <glib.h>
#include <string.h>

enum { FILLED_BYTES = TCPT_STOW_FILLED_WORDS * sizeof(uint64_t) };

static unsigned hash_of(const uint64_t filled[TCPT_STOW_FILLED_WORDS])
{
    uint64_t hash = 0;

    for (unsigned i = 0; i < TCPT_STOW_FILLED_WORDS; i++)
        hash = (hash ^ filled[i]) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 by the golden ratio: mixes upward */
    return (unsigned)(hash >> 32);
}

static uint8_t add(tcpt_stow_shapes *in, const uint64_t filled[TCPT_STOW_FILLED_WORDS], const uint64_t *parts,
                   unsigned count)
{
    tcpt_stow_shape *shape;

    if (in->count == TCPT_STOW_SHAPES_MOST)
        return 0;
    shape = tcpt_piece_take(&in->pieces, sizeof *shape + count * sizeof *parts);
    memcpy(shape->filled, filled, FILLED_BYTES);
    memcpy(shape->parts, parts, count * sizeof *parts);
    in->shapes[in->count] = shape;
    return ++in->count;
}

/* Half of the places stay free. */
unsigned tcpt_stow_shape_number(tcpt_stow_shapes *in, const uint64_t filled[TCPT_STOW_FILLED_WORDS],
                                const uint64_t *parts, unsigned count)
{
    unsigned at = hash_of(filled) % G_N_ELEMENTS(in->numbers);

    for (; in->numbers[at]; at = (at + 1) % G_N_ELEMENTS(in->numbers))
        if (memcmp(tcpt_stow_shape_at(in, in->numbers[at])->filled, filled, FILLED_BYTES) == 0)
            return in->numbers[at];
    in->numbers[at] = add(in, filled, parts, count);
    return in->numbers[at];
}

void tcpt_stow_shapes_clear(tcpt_stow_shapes *in)
{
    tcpt_pieces_clear(&in->pieces);
}
