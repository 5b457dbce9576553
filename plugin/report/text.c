/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model as a text that is read at night in a terminal: what, where, what it means, what to do, how to see it. */
#include "text.h"

#include "capture_text.h"
#include "case_text.h"
#include "filters.h"
#include "moments.h"
#include "points.h"
#include "tcptriage/address.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"
#include "text_cases.h"
#include "words.h"

static void append_address(GString *out, const tcpt_flow *flow, unsigned end)
{
    char text[TCPT_ADDRESS_BYTES];

    g_string_append(out, tcpt_address_text(text, flow->key.family, flow->key.address[end]));
}

static void append_end(GString *out, const tcpt_flow *flow, unsigned end)
{
    char text[TCPT_SOCKET_BYTES];

    g_string_append(out, tcpt_socket_text(text, flow->key.family, flow->key.address[end], flow->key.port[end]));
}

/* "1 of them by the server inside its answer (2920 bytes not acknowledged)", or nothing. */
static void append_cut_short(GString *out, const tcpt_model *model, const char *before, const char *behind)
{
    const tcpt_flow_counts *flows = &model->flows;

    if (!flows->cut_short)
        return;
    g_string_append_printf(out, "%s%" PRIu64 " of them by the server inside its answer (%s%u bytes not acknowledged)%s",
                           before, flows->cut_short, flows->cut_short > 1 ? "up to " : "", flows->cut_short_bytes,
                           behind);
}

/* ---- What was looked at ---- */

static void write_shortened(GString *out, const tcpt_model *model)
{
    char *text = tcpt_shortened(model);

    write_labelled(out, "Shortened", text);
    g_free(text);
}

static void write_looked_at(GString *out, const tcpt_model *model)
{
    GString *text = g_string_new(NULL);

    append_count(text, model->totals.flows, "connection");
    g_string_append(text, ": ");
    for (unsigned i = 0, told = 0; i < TCPT_OUTCOMES; i++) {
        if (!model->flows.outcomes[i])
            continue;
        g_string_append_printf(text, "%s%s %" PRIu64, told++ ? ", " : "", tcpt_outcome_words((tcpt_outcome)i),
                               model->flows.outcomes[i]);
        if (i == TCPT_OUTCOME_RESET)
            append_cut_short(text, model, " (", ")");
    }
    g_string_append(text, "; from ");
    tcpt_append_wall_clock(text, model->totals.first_ns);
    g_string_append_printf(text, ", for %.3f s", tcpt_as_seconds(model->totals.newest_ns - model->totals.first_ns));
    g_string_append(out, "\nLooked at\n");
    write_labelled(out, "Outcomes", text->str);
    g_string_free(text, TRUE);
    write_shortened(out, model);
}

static void write_not_judged(GString *out, const tcpt_model *model)
{
    bool any = false;

    for (unsigned i = 0; i < TCPT_NOT_JUDGED; i++) {
        GString *text;

        if (!model->flows.not_judged[i])
            continue;
        if (!any)
            g_string_append(out, "\nNot judged\n");
        any = true;
        text = g_string_new(NULL);
        append_count(text, model->flows.not_judged[i], "connection");
        g_string_append_printf(text, " %s", tcpt_not_judged_words((tcpt_not_judged)i));
        g_string_append_printf(out, "%*s", LABEL_AT, "");
        write_wrapped(out, text->str, LABEL_AT, LABEL_AT + 2);
        g_string_free(text, TRUE);
    }
}

/* ---- Port pressure ---- */

static void append_pressure(GString *out, const tcpt_model *model, const tcpt_pressure *pressure)
{
    const tcpt_flow *flow = tcpt_flow_of(pressure->at);
    char *share = tcpt_pressure_share(pressure);

    append_address(out, flow, flow->client);
    g_string_append(out, " -> ");
    append_end(out, flow, !flow->client);
    g_string_append_printf(out, ", %s, frame %u", share, tcpt_model_frame(model, pressure->at));
    g_free(share);
    if (tcpt_point_count(model->report.analysis) > 1)
        g_string_append_printf(out, ", seen at %s", flow->at->name);
}

static void write_pressures(GString *out, const tcpt_model *model)
{
    const GPtrArray *pressures = model->pressures;

    if (pressures->len == 0)
        return;
    g_string_append_printf(out, "\nPort pressure: %s\n", tcpt_pressure_meaning);
    for (unsigned i = 0; i < pressures->len; i++) {
        const tcpt_pressure *pressure = pressures->pdata[i];

        g_string_append(out, "\n  ");
        append_pressure(out, model, pressure);
        g_string_append(out, " at ");
        tcpt_append_moment(out, model, pressure->time_ns);
        g_string_append_c(out, '\n');
        write_filter_line(out, "Filter", tcpt_filter_for_pressure(model, pressure));
    }
}

/* ---- All of it ---- */

static void write_left_out(GString *out, const tcpt_model *model)
{
    char *text = tcpt_left_out(model);

    g_string_append_printf(out, "%s%s", text, *text ? "\n" : "");
    g_free(text);
}

/* A capture that goes on in a new file now and then. */
static void write_files_before(GString *out, const tcpt_model *model)
{
    const tcpt_report *report = &model->report;
    GString *line;

    if (report->files_before == 0)
        return;
    line = g_string_new("This is of the last file only: ");
    append_count(line, report->files_before, "file");
    g_string_append(line, " before it, with ");
    append_count(line, report->segments_before, "segment");
    g_string_append(line, ", are in no report. Join them by mergecap.");
    write_wrapped(out, line->str, 0, 2);
    g_string_free(line, TRUE);
}

/* A reset is an ordinary end as far as the capture tells; but it is what an application calls an error. */
static void append_resets(GString *out, const tcpt_model *model)
{
    uint64_t resets = model->flows.outcomes[TCPT_OUTCOME_RESET];

    if (resets == 0)
        return;
    append_count(out, resets, "connection");
    g_string_append(out, " ended in a reset that nothing speaks against");
    append_cut_short(out, model, ", ", "");
    g_string_append(out, ": tcp.flags.reset == 1\n");
}

/* A capture without findings is told in one line, the highest pressure included, and one more of resets. */
static void append_clean(GString *out, const tcpt_model *model)
{
    const tcpt_report *report = &model->report;
    char *shortened;

    g_string_append(out, model->flows.outcomes[TCPT_OUTCOME_PARTIAL] ? "Nothing found" : "Clean: nothing found");
    if (report->asked || report->shown)
        g_string_append(out, " on the frames asked for");
    else
        tcpt_report_points_briefly(out, model);
    g_string_append_c(out, '.');
    tcpt_append_partial(out, model);
    if (model->pressures->len > 0) {
        g_string_append(out, " Highest port pressure: ");
        append_pressure(out, model, model->pressures->pdata[0]);
        g_string_append_c(out, '.');
    }
    shortened = tcpt_shortened(model);
    g_string_append_printf(out, "%s%s\n", *shortened ? " " : "", shortened);
    g_free(shortened);
    if (!report->asked && !report->shown)
        append_resets(out, model);
    write_left_out(out, model);
    write_files_before(out, model);
}

static void write_verdict(GString *out, const tcpt_model *model)
{
    char *verdict = tcpt_verdict_line(model), *counts = tcpt_counts_line(model);
    char *in_brackets = g_strdup_printf("(%s)", counts);

    write_wrapped(out, verdict, 0, 2);
    write_wrapped(out, in_brackets, 0, 2);
    g_free(in_brackets);
    g_free(counts);
    g_free(verdict);
    write_left_out(out, model);
    write_files_before(out, model);
}

void tcpt_report_text(GString *out, const tcpt_model *model)
{
    if (tcpt_model_is_clean(model)) {
        append_clean(out, model);
    } else {
        write_verdict(out, model);
        tcpt_text_cases(out, model);
        if (model->totals.segments > 0)
            write_looked_at(out, model);
        write_not_judged(out, model);
        tcpt_report_points(out, model);
        write_pressures(out, model);
    }
    if (model->flows.not_judged[TCPT_NOT_JUDGED_PAYLOAD_ONLY])
        g_string_append_printf(out, "%s\n", tcpt_only_payload);
}
