/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture_text.h"

#include "tcptriage/times.h"
#include "words.h"

const char tcpt_only_payload[] = "Only segments with payload were captured: that an ACK, SYN, FIN or RST does not show "
                                 "proves nothing here.";

const char tcpt_pressure_meaning[] = "the most ports that a client had open or in TIME-WAIT at once";

const char tcpt_cases_shown[] = "in Wireshark, and by tshark with -2: cases are known at the end of a capture";

char *tcpt_counts_line(const tcpt_model *model)
{
    const tcpt_totals *totals = &model->totals;
    GString *line = g_string_new(NULL);

    append_count(line, model->counts[TCPT_WARN], "warning");
    g_string_append(line, ", ");
    append_count(line, model->counts[TCPT_NOTE], "note");
    g_string_append(line, ", ");
    append_count(line, model->counts[TCPT_CHAT], "chat");
    g_string_append(line, "; ");
    append_count(line, totals->flows, "TCP flow");
    g_string_append(line, ", ");
    append_count(line, totals->segments, "segment");
    g_string_append_printf(line, ", %.3f s", tcpt_as_seconds(totals->newest_ns - totals->first_ns));
    return g_string_free(line, FALSE);
}

/* Every frame is marked all the same. */
char *tcpt_shortened(const tcpt_model *model)
{
    const tcpt_folding *folding = &model->totals.folding;
    GString *text = g_string_new(NULL);

    if (folding->wide > 0)
        g_string_append_printf(text, "There are too many findings to keep all: %" PRIu64 " are told by their number. ",
                               folding->wide);
    if (folding->in_flows > 0)
        g_string_append_printf(
            text, "Of alike findings in one connection %d are kept one by one: %" PRIu64 " more are told as one. ",
            TCPT_ALIKE_MOST, folding->in_flows);
    if (folding->proofs > 0)
        g_string_append_printf(text,
                               "A frame names at most %d findings that it proves: %" PRIu64 " more are left out. ",
                               TCPT_PROOFS_MOST, folding->proofs);
    if (model->totals.points_joined)
        g_string_append_printf(text, "%d interfaces are told apart: all others are taken for one capture point.",
                               TCPT_POINTS_MOST);
    return g_strchomp(g_string_free(text, FALSE));
}

char *tcpt_left_out(const tcpt_model *model)
{
    GString *line = g_string_new(NULL);

    if (model->left_out) {
        append_count(line, model->left_out, "finding");
        g_string_append(line, " on frames that the read filter has left out");
    }
    return g_string_free(line, FALSE);
}

char *tcpt_pressure_share(const tcpt_pressure *pressure)
{
    return g_strdup_printf("%u of %u ports (%.0f %%)", pressure->in_use, pressure->range,
                           100.0 * pressure->in_use / MAX(pressure->range, 1));
}
