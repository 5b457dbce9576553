/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/memory.h"

#include <glib.h>
#include <string.h>

void *tcpt_memory_of(const tcpt_flow *flow, const tcpt_detector *detector)
{
    tcpt_memory *memory = flow ? flow->memory : NULL;

    while (memory && memory->detector != detector)
        memory = memory->next;
    return memory ? memory->bytes : NULL;
}

void tcpt_memory_keep(tcpt_flow *flow, unsigned number, const void *bytes)
{
    const tcpt_detector *detector = tcpt_detectors[number];
    tcpt_memory *made = g_malloc(sizeof *made + detector->memory_bytes);

    made->next = flow->memory;
    made->detector = detector;
    made->number = number;
    memcpy(made->bytes, bytes, detector->memory_bytes);
    flow->memory = made;
}

void tcpt_memory_clear(tcpt_flow *flow)
{
    while (flow->memory) {
        tcpt_memory *memory = flow->memory;

        flow->memory = memory->next;
        g_free(memory);
    }
}

void tcpt_memory_each_block(const tcpt_flow *flow, tcpt_block_visit visit, void *data)
{
    for (const tcpt_memory *memory = flow->memory; memory; memory = memory->next)
        visit(memory->bytes, memory->detector->memory_bytes, data);
}
