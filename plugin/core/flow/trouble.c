/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/trouble.h"

#include <glib.h>

static const tcpt_trouble no_trouble;
static const tcpt_rarities no_rarities;

void tcpt_trouble_open(tcpt_flow *flow)
{
    flow->ends[0].trouble = flow->ends[1].trouble = &no_trouble;
    flow->rare = &no_rarities;
}

const tcpt_trouble *tcpt_own_trouble(const tcpt_endpoint *end)
{
    return end->trouble == &no_trouble ? NULL : end->trouble;
}

const tcpt_rarities *tcpt_own_rarities(const tcpt_flow *flow)
{
    return flow->rare == &no_rarities ? NULL : flow->rare;
}

tcpt_trouble *tcpt_trouble_of(tcpt_endpoint *end)
{
    if (end->trouble == &no_trouble)
        end->trouble = g_new0(tcpt_trouble, 1);
    return (tcpt_trouble *)end->trouble;
}

tcpt_rarities *tcpt_rarities_of(tcpt_flow *flow)
{
    if (flow->rare == &no_rarities)
        flow->rare = g_new0(tcpt_rarities, 1);
    return (tcpt_rarities *)flow->rare;
}

void tcpt_trouble_clear(tcpt_flow *flow)
{
    for (unsigned end = 0; end < 2; end++) {
        g_free(flow->ends[end].trouble->damages);
        g_free((tcpt_trouble *)tcpt_own_trouble(&flow->ends[end]));
    }
    g_free((tcpt_rarities *)tcpt_own_rarities(flow));
}
