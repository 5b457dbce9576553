/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/memory.h"

#include <string.h>

#include "core/finding/store.h"

void *tcpt_memory_of(const tcpt_flow *flow, const tcpt_detector *detector)
{
    tcpt_memory *memory = flow ? flow->memory : NULL;

    while (memory && memory->detector != detector)
        memory = memory->next;
    return memory ? memory->bytes : NULL;
}

static size_t bytes_of(const tcpt_detector *detector)
{
    return sizeof(tcpt_memory) + detector->memory_bytes;
}

void tcpt_memory_keep(tcpt_findings *store, tcpt_flow *flow, unsigned number, const void *bytes)
{
    const tcpt_detector *detector = tcpt_detectors[number];
    tcpt_memory *made = tcpt_piece_take(&store->pieces, bytes_of(detector));

    made->next = flow->memory;
    made->detector = detector;
    made->number = number;
    memcpy(made->bytes, bytes, detector->memory_bytes);
    flow->memory = made;
}

void tcpt_memory_release(tcpt_findings *store, tcpt_flow *flow)
{
    while (flow->memory) {
        tcpt_memory *memory = flow->memory;

        flow->memory = memory->next;
        tcpt_piece_give_back(&store->pieces, memory, bytes_of(memory->detector));
    }
}

void tcpt_memory_each_block(const tcpt_flow *flow, tcpt_block_visit visit, void *data)
{
    for (const tcpt_memory *memory = flow->memory; memory; memory = memory->next)
        visit(memory->bytes, memory->detector->memory_bytes, data);
}
