/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "html.h"

#include <inttypes.h>

#include "capture_text.h"
#include "case_text.h"
#include "filters.h"
#include "html_case.h"
#include "html_page.h"
#include "html_points.h"
#include "html_text.h"
#include "moments.h"
#include "picture.h"
#include "points.h"
#include "tcptriage/address.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"
#include "words.h"

enum {
    CASES_IN_FULL = 50, /* half a megabyte, and more than anybody reads */
    CASES_BY_ROW = 500, /* a hundred kilobytes: browsers lay out a table of so many rows at once */
    POINTS_NAMED = 16,
    ROW = 3, /* level of the headings inside of a section */
};

/* The page while it is written. */
struct page {
    FILE *file;
    GString *out; /* what is not written yet */
    const tcpt_model *model;
};

static void flush(struct page *page)
{
    fwrite(page->out->str, 1, page->out->len, page->file);
    g_string_truncate(page->out, 0);
}

static void begin_row(struct page *page, const char *heading)
{
    tcpt_page_row(page->out, ROW, heading);
}

static void end_row(struct page *page)
{
    tcpt_page_row_end(page->out);
}

static void write_paragraph(struct page *page, const char *text)
{
    if (!*text)
        return;
    tcpt_html_element(page->out, "p", NULL, text);
    g_string_append_c(page->out, '\n');
}

/* ---- the verdict ---- */

static void write_verdict(struct page *page, const char *verdict)
{
    char *left_out = tcpt_left_out(page->model);

    g_string_append(page->out, "<p class=\"what\">TCP Triage: why connections failed</p>\n");
    tcpt_html_element(page->out, "h1", NULL, verdict);
    g_string_append_c(page->out, '\n');
    tcpt_html_take_element(page->out, "p", "facts", tcpt_counts_line(page->model));
    g_string_append_c(page->out, '\n');
    write_paragraph(page, left_out);
    g_free(left_out);
    if (page->model->flows.not_judged[TCPT_NOT_JUDGED_PAYLOAD_ONLY])
        write_paragraph(page, tcpt_only_payload);
}

/* ---- the cases ---- */

static void write_case_row(struct page *page, const tcpt_case *made, bool linked)
{
    char *cost = tcpt_case_cost(made);
    GString *out = page->out;

    g_string_append_printf(out, "<tr><td class=\"number\">%u</td><td><span class=\"severity %s\">%s</span></td>",
                           made->number, tcpt_severity_name(made->severity), tcpt_severity_word(made->severity));
    g_string_append(out, "<th scope=\"row\" class=\"headline\">");
    if (linked)
        g_string_append_printf(out, "<a href=\"#case-%u\">", made->number);
    tcpt_html_take(out, tcpt_case_brief(page->model, made));
    g_string_append(out, linked ? "</a></th>" : "</th>");
    tcpt_html_take_element(out, "td", "place", tcpt_case_blamed(made));
    g_string_append_printf(out,
                           "<td class=\"number\">%u<span class=\"unit\"> connection%s</span></td>"
                           "<td class=\"number\">%s%s</td></tr>\n",
                           made->flow_count, made->flow_count == 1 ? "" : "s", cost,
                           *cost ? "<span class=\"unit\"> lost</span>" : "");
    g_free(cost);
}

static void begin_table(struct page *page)
{
    g_string_append(page->out, "<table class=\"stacked\"><thead><tr><th scope=\"col\" class=\"number\">No.</th>"
                               "<th scope=\"col\">Severity</th><th scope=\"col\">What</th><th scope=\"col\">Blamed</th>"
                               "<th scope=\"col\" class=\"number\">Connections</th>"
                               "<th scope=\"col\" class=\"number\">Time lost</th></tr></thead>\n<tbody>\n");
}

/* What is not told in full is told how many times. */
static void write_rest(struct page *page, unsigned told)
{
    if (told <= CASES_IN_FULL)
        return;
    g_string_append_printf(page->out, "<p class=\"rest\">The first %d are told in full below", CASES_IN_FULL);
    if (told > CASES_BY_ROW) {
        g_string_append(page->out, ", ");
        append_count(page->out, told - CASES_BY_ROW, "further case");
        g_string_append(page->out, " of no greater weight not at all");
    }
    g_string_append_printf(page->out, ": <code>%s</code> has all of them.</p>\n",
                           tcpt_report_all_by(&page->model->report));
}

static void write_table(struct page *page)
{
    const tcpt_model *model = page->model;
    unsigned told = 0;

    begin_table(page);
    for (unsigned i = 0; i < model->case_count; i++) {
        if (!tcpt_model_tells(model, model->cases[i]))
            continue;
        if (told < CASES_BY_ROW)
            write_case_row(page, model->cases[i], told < CASES_IN_FULL);
        told++;
    }
    g_string_append(page->out, "</tbody></table>\n");
    write_rest(page, told);
    flush(page);
}

static void write_in_full(struct page *page)
{
    const tcpt_model *model = page->model;

    for (unsigned i = 0, told = 0; i < model->case_count && told < CASES_IN_FULL; i++) {
        if (!tcpt_model_tells(model, model->cases[i]))
            continue;
        tcpt_html_case(page->out, model, model->cases[i]);
        flush(page);
        told++;
    }
}

static void write_cases(struct page *page)
{
    if (!tcpt_model_tells_any(page->model))
        return;
    g_string_append(page->out, "<section class=\"cases\">\n<h2>Cases, the gravest first</h2>\n");
    write_table(page);
    g_string_append_printf(page->out, "<p class=\"facts\">A case&#39;s display filter works %s.</p>\n",
                           tcpt_cases_shown);
    write_in_full(page);
    g_string_append(page->out, "</section>\n");
}

/* ---- port pressure ---- */

static void write_pressure(struct page *page, const tcpt_pressure *pressure)
{
    const tcpt_flow *flow = tcpt_flow_of(pressure->at);
    char *filter = tcpt_filter_for_pressure(page->model, pressure), *share = tcpt_pressure_share(pressure);
    char client[TCPT_ADDRESS_BYTES], server[TCPT_SOCKET_BYTES];
    char *pair = g_strdup_printf(
        "%s -> %s", tcpt_address_text(client, flow->key.family, flow->key.address[flow->client]),
        tcpt_socket_text(server, flow->key.family, flow->key.address[!flow->client], flow->key.port[!flow->client]));

    begin_row(page, pair);
    g_string_append_printf(page->out, "<p>%s, frame %u at ", share, tcpt_model_frame(page->model, pressure->at));
    tcpt_append_moment(page->out, page->model, pressure->time_ns);
    if (tcpt_point_count(page->model->report.analysis) > 1) {
        g_string_append(page->out, ", seen at ");
        tcpt_html_text(page->out, flow->at->name);
    }
    g_string_append(page->out, "</p>\n");
    tcpt_page_copyable(page->out, "display filter", filter);
    end_row(page);
    g_free(pair);
    g_free(share);
    g_free(filter);
}

static void write_pressures(struct page *page)
{
    const GPtrArray *pressures = page->model->pressures;

    if (pressures->len == 0)
        return;
    g_string_append_printf(page->out,
                           "<section class=\"pressures\">\n<h2>Port pressure</h2>\n<p class=\"facts\">%s</p>\n",
                           tcpt_pressure_meaning);
    for (unsigned i = 0; i < pressures->len; i++)
        write_pressure(page, pressures->pdata[i]);
    g_string_append(page->out, "</section>\n");
}

/* ---- what was looked at ---- */

static void write_outcomes(struct page *page)
{
    const tcpt_model *model = page->model;

    begin_row(page, "How connections ended");
    g_string_append(page->out, "<table class=\"narrow outcomes\"><thead><tr><th scope=\"col\">Outcome</th>"
                               "<th scope=\"col\" class=\"number\">Connections</th></tr></thead>\n<tbody>\n");
    for (unsigned i = 0; i < TCPT_OUTCOMES; i++) {
        bool failed = tcpt_outcome_is_failure((tcpt_outcome)i);

        if (model->flows.outcomes[i])
            g_string_append_printf(page->out,
                                   "<tr><th scope=\"row\"%s>%s%s</th><td class=\"number\">%" PRIu64 "</td></tr>\n",
                                   failed ? " class=\"warn\"" : "", tcpt_outcome_words((tcpt_outcome)i),
                                   failed ? " (failed)" : "", model->flows.outcomes[i]);
    }
    g_string_append(page->out, "</tbody></table>\n");
    end_row(page);
}

static void write_span(struct page *page)
{
    const tcpt_totals *totals = &page->model->totals;
    GString *out = page->out;

    begin_row(page, "When");
    g_string_append(out, "<p>");
    tcpt_append_wall_clock(out, totals->first_ns);
    g_string_append(out, " to ");
    tcpt_append_wall_clock(out, totals->newest_ns);
    g_string_append_printf(out, ", %.3f s</p>\n", tcpt_as_seconds(totals->newest_ns - totals->first_ns));
    end_row(page);
}

static void write_points(struct page *page)
{
    unsigned count = tcpt_point_count(page->model->report.analysis), named = 0;

    begin_row(page, "Where");
    g_string_append(page->out, "<ul class=\"plain\">\n");
    for (const tcpt_point *point = tcpt_first_point(page->model->report.analysis); point && named < POINTS_NAMED;
         point = point->next, named++)
        tcpt_html_take_element(page->out, "li", NULL, tcpt_point_line(point));
    if (named < count)
        g_string_append_printf(page->out, "<li>and %u more</li>\n", count - named);
    g_string_append(page->out, "</ul>\n");
    end_row(page);
}

/* What was not asked for is not told: who reads the page has not seen the command. */
static void write_asked(struct page *page)
{
    const tcpt_report *report = &page->model->report;

    begin_row(page, "What is told");
    g_string_append_printf(page->out, "<p>%s</p>\n",
                           report->least == TCPT_WARN   ? "Warnings only."
                           : report->least == TCPT_NOTE ? "Warnings and notes."
                                                        : "Warnings, notes and chats.");
    if (report->filter) {
        g_string_append(page->out, "<p>Only what stands on frames that pass this filter: ");
        tcpt_html_element(page->out, "code", NULL, report->filter);
        g_string_append(page->out, "</p>\n");
    }
    end_row(page);
}

static void write_shortened(struct page *page)
{
    char *shortened = tcpt_shortened(page->model);

    if (*shortened) {
        begin_row(page, "Shortened");
        write_paragraph(page, shortened);
        end_row(page);
    }
    g_free(shortened);
}

static void write_looked_at(struct page *page)
{
    if (page->model->totals.segments == 0)
        return;
    g_string_append(page->out, "<section class=\"looked-at\">\n<h2>What was looked at</h2>\n");
    write_outcomes(page);
    write_span(page);
    write_points(page);
    write_asked(page);
    write_shortened(page);
    g_string_append(page->out, "</section>\n");
}

static void write_not_judged(struct page *page)
{
    bool any = false;

    for (unsigned i = 0; i < TCPT_NOT_JUDGED; i++) {
        if (!page->model->flows.not_judged[i])
            continue;
        if (!any)
            g_string_append(page->out, "<section class=\"not-judged\">\n<h2>What could not be judged</h2>\n<ul>\n");
        any = true;
        g_string_append(page->out, "<li>");
        append_count(page->out, page->model->flows.not_judged[i], "connection");
        g_string_append_printf(page->out, " %s</li>\n", tcpt_not_judged_words((tcpt_not_judged)i));
    }
    if (any)
        g_string_append(page->out, "</ul>\n</section>\n");
}

void tcpt_report_html(FILE *file, const tcpt_model *model)
{
    struct page page = {.file = file, .out = g_string_new(NULL), .model = model};
    char *verdict = tcpt_verdict_line(model);

    tcpt_page_begin(page.out, verdict, tcpt_picture_style());
    write_verdict(&page, verdict);
    write_cases(&page);
    tcpt_html_points(page.out, model);
    write_pressures(&page);
    write_looked_at(&page);
    write_not_judged(&page);
    tcpt_page_end(page.out, model->report.made_by);
    flush(&page);
    g_string_free(page.out, TRUE);
    g_free(verdict);
}
