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

char *tcpt_filter_for_case(const tcpt_case *made)
{
    return g_strdup_printf("tcptriage.case eq %u", made->number);
}

/* Takes the frames over. */
static void take_frames(GString *filter, GArray *frames, unsigned most)
{
    for (unsigned i = 0; i < frames->len && i < most; i++)
        g_string_append_printf(filter, "%s%u", filter->len ? ", " : "", g_array_index(frames, uint32_t, i));
    g_array_free(frames, TRUE);
}

char *tcpt_filter_for_frames(const tcpt_model *model, const tcpt_case *made)
{
    enum { FRAMES_MOST = 16 }; /* of either kind: a filter is still to be read */
    uint64_t count;
    GString *numbers = g_string_new(NULL);
    char *filter;

    take_frames(numbers, tcpt_model_case_frames(model, made, &count), FRAMES_MOST);
    if (made->example_count)
        take_frames(numbers, tcpt_model_evidence(model, made->examples[0].cause), FRAMES_MOST);
    filter = numbers->len ? g_strdup_printf("frame.number in {%s}", numbers->str) : NULL;
    g_string_free(numbers, TRUE);
    return filter;
}

char *tcpt_filter_for_pressure(const tcpt_model *model, const tcpt_pressure *pressure)
{
    const tcpt_flow *flow = tcpt_flow_of(pressure->at);
    char client[TCPT_ADDRESS_BYTES], server[TCPT_ADDRESS_BYTES];

    return g_strdup_printf(
        "frame.number eq %u || (%s.src eq %s && %s.dst eq %s && tcp.dstport eq %u && tcp.flags.syn eq 1)",
        tcpt_model_frame(model, pressure->at), ip_of(flow), address_of(client, flow, flow->client), ip_of(flow),
        address_of(server, flow, !flow->client), flow->key.port[!flow->client]);
}
