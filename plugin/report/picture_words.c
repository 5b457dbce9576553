/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "picture_words.h"

#include <inttypes.h>

#include "svg.h"
#include "tcptriage/address.h"
#include "tcptriage/times.h"

bool tcpt_drawn_base(const tcpt_flow *flow, unsigned end, uint32_t *base)
{
    *base = flow->ends[end].iss;
    return flow->ends[end].syn;
}

char *tcpt_drawn_name(const tcpt_flow *flow, unsigned end, unsigned most)
{
    char text[TCPT_SOCKET_BYTES];

    return tcpt_svg_short(tcpt_socket_text(text, flow->key.family, flow->key.address[end], flow->key.port[end]), most);
}

void tcpt_drawn_summary(tcpt_drawing *drawing)
{
    char *summary = tcpt_model_summary(drawing->model, drawing->cause);

    g_string_append_printf(drawing->words, " %s.", summary);
    g_free(summary);
}

void tcpt_append_span(GString *out, int64_t ns)
{
    int64_t tenths = (ns + 50 * TCPT_MS_NS) / (100 * TCPT_MS_NS);

    if (ns < TCPT_SECOND_NS)
        g_string_append_printf(out, "%" PRId64 " ms", (ns + TCPT_MS_NS / 2) / TCPT_MS_NS);
    else
        g_string_append_printf(out, "%" PRId64 ".%" PRId64 " s", tenths / 10, tenths % 10);
}

void tcpt_append_flags(GString *out, uint8_t flags)
{
    static const struct {
        uint8_t flag;
        const char *name;
    } names[] = {{TCPT_SYN, "SYN"}, {TCPT_FIN, "FIN"}, {TCPT_RST, "RST"}, {TCPT_ACK, "ACK"}};
    const char *between = "";

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (flags & names[i].flag) {
            g_string_append_printf(out, "%s%s", between, names[i].name);
            between = " ";
        }
}
