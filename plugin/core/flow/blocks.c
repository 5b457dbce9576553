/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/commit.h"

#include <stddef.h>

#include <glib.h>

/* One that is all zero and shared by flows does no harm: it refers to nothing. */
static void each_of_end(const tcpt_endpoint *end, tcpt_block_visit visit, void *data)
{
    const tcpt_damages *damages = end->trouble->damages;

    visit(end->trouble, sizeof *end->trouble, data);
    if (damages)
        visit(damages, sizeof *damages + damages->count * sizeof damages->at[0], data);
}

void tcpt_flow_each_block(const tcpt_flow *flow, tcpt_block_visit visit, void *data)
{
    /* The list of all flows refers to each, the ring of twins to each life of its 4-tuple. */
    G_STATIC_ASSERT(offsetof(tcpt_flow, twin) == offsetof(tcpt_flow, next) + sizeof flow->next);
    visit(flow, offsetof(tcpt_flow, next), data);
    visit(&flow->twin + 1, sizeof *flow - offsetof(tcpt_flow, twin) - sizeof flow->twin, data);
    visit(flow->rare, sizeof *flow->rare, data);
    if (flow->toward)
        visit(flow->toward, 2 * sizeof *flow->toward, data);
    if (flow->again)
        visit(flow->again, sizeof *flow->again, data);
    for (unsigned end = 0; end < 2; end++)
        each_of_end(&flow->ends[end], visit, data);
}
