/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filters.h"

#include "tcptriage/address.h"

static const char *ip_of(const tcpt_flow *flow)
{
    return flow->key.family == 4 ? "ip" : "ipv6";
}

static const char *address_of(char text[TCPT_ADDRESS_BYTES], const tcpt_flow *flow, unsigned end)
{
    return tcpt_address_text(text, flow->key.family, flow->key.address[end]);
}

static void append_tuple(GString *filter, const tcpt_flow *flow)
{
    char address[TCPT_ADDRESS_BYTES];

    for (unsigned end = 0; end < 2; end++)
        g_string_append_printf(filter, "%s%s.addr eq %s && tcp.port eq %u", end ? " && " : "", ip_of(flow),
                               address_of(address, flow, end), flow->key.port[end]);
}

char *tcpt_filter_for_kind(const tcpt_detector *detector)
{
    return g_strconcat("tcptriage.", detector->id, NULL);
}

char *tcpt_filter_for_entry(const tcpt_model *model, const tcpt_flow *flow, const tcpt_entry *entry)
{
    uint32_t stream = tcpt_model_stream(model, entry);
    GString *filter = g_string_new(NULL);

    if (stream != UINT32_MAX)
        g_string_append_printf(filter, "tcp.stream eq %u", stream);
    else
        append_tuple(filter, flow);
    g_string_append_printf(filter, " && tcptriage.%s", entry->head->detector->id);
    return g_string_free(filter, FALSE);
}

char *tcpt_filter_for_case(const tcpt_case *made)
{
    return g_strdup_printf("tcptriage.case eq %u", made->number);
}

char *tcpt_filter_for_frames(const GArray *frames)
{
    GString *filter = g_string_new("frame.number in {");

    for (unsigned i = 0; i < frames->len; i++)
        g_string_append_printf(filter, "%s%u", i ? ", " : "", g_array_index(frames, uint32_t, i));
    g_string_append_c(filter, '}');
    return g_string_free(filter, FALSE);
}

char *tcpt_filter_for_pressure(const tcpt_model *model, const tcpt_pressure *pressure)
{
    const tcpt_flow *flow = pressure->at->flow;
    char client[TCPT_ADDRESS_BYTES], server[TCPT_ADDRESS_BYTES];

    return g_strdup_printf(
        "frame.number eq %u || (%s.src eq %s && %s.dst eq %s && tcp.dstport eq %u && tcp.flags.syn eq 1)",
        tcpt_model_frame(model, pressure->at), ip_of(flow), address_of(client, flow, flow->client), ip_of(flow),
        address_of(server, flow, !flow->client), flow->key.port[!flow->client]);
}
