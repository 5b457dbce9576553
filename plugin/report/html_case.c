/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One case: what it is and why first, then what proves it, whom it hit, and what to do. */
#include "html_case.h"

#include <inttypes.h>
#include <string.h>

#include "case_text.h"
#include "filters.h"
#include "html_page.h"
#include "html_points.h"
#include "html_text.h"
#include "moments.h"
#include "picture.h"
#include "remedy.h"
#include "tcptriage/times.h"
#include "words.h"

enum {
    FRAMES_LISTED = 8, /* of either kind: nobody opens more of them */
    ROW = 4,           /* level of the headings inside of a case */
};

/* A row that holds a paragraph alone; nothing without text. */
static void write_row(GString *out, const char *heading, const char *text)
{
    if (!*text)
        return;
    tcpt_page_row(out, ROW, heading);
    tcpt_html_element(out, "p", NULL, text);
    tcpt_page_row_end(out);
}

/* ---- what it is ---- */

static void write_headline(GString *out, const tcpt_model *model, const tcpt_case *made)
{
    g_string_append_printf(out, "<h3 id=\"case-%u-title\">%u. ", made->number, made->number);
    tcpt_html_take(out, tcpt_case_brief(model, made));
    g_string_append(out, "</h3>\n");
}

static void write_facts(GString *out, const tcpt_case *made)
{
    char *cost = tcpt_case_cost(made);

    g_string_append(out, "<p class=\"facts\"><span class=\"severity ");
    g_string_append_printf(out, "%s\">%s</span> &middot; <code>%s</code> &middot; confidence %s &middot; ",
                           tcpt_severity_name(made->severity), tcpt_severity_word(made->severity), made->detector->id,
                           tcpt_confidence_name(made->confidence));
    tcpt_html_take(out, tcpt_case_blamed(made));
    if (made->flow_count > 0) {
        g_string_append(out, " &middot; ");
        append_count(out, made->flow_count, "connection");
    }
    g_string_append_printf(out, "%s%s%s</p>\n", *cost ? " &middot; " : "", cost, *cost ? " lost" : "");
    g_free(cost);
}

static void write_seen(GString *out, const tcpt_model *model, const tcpt_case *made)
{
    if (made->example_count)
        tcpt_html_take_element(out, "p", "lead", tcpt_model_summary(model, made->examples[0].cause));
}

/* ---- what proves it ---- */

static void write_frame(GString *out, const tcpt_model *model, const tcpt_case *made, uint32_t frame)
{
    int64_t time_ns;

    g_string_append_printf(out, "<li>frame %u", frame);
    if (tcpt_model_case_time_ns(model, made, frame, &time_ns)) {
        g_string_append(out, " at ");
        tcpt_append_moment(out, model, time_ns);
        g_string_append(out, " <span class=\"muted\">(");
        tcpt_append_wall_clock(out, time_ns);
        g_string_append(out, ")</span>");
    }
    g_string_append(out, "</li>\n");
}

static void write_evidence(GString *out, const GArray *frames)
{
    unsigned listed = MIN(frames->len, FRAMES_LISTED);

    if (listed == 0)
        return;
    g_string_append_printf(out, "<p>Evidence: frame%s ", frames->len > 1 ? "s" : "");
    for (unsigned i = 0; i < listed; i++)
        g_string_append_printf(out, "%s%u", i ? ", " : "", g_array_index(frames, uint32_t, i));
    if (frames->len > listed)
        g_string_append_printf(out, " and %u more", frames->len - listed);
    g_string_append(out, "</p>\n");
}

static void write_frames(GString *out, const tcpt_model *model, const tcpt_case *made)
{
    uint64_t count;
    GArray *frames = tcpt_model_case_frames(model, made, &count);
    unsigned listed = MIN(frames->len, FRAMES_LISTED);

    tcpt_page_row(out, ROW, "Frames");
    g_string_append(out, "<ul class=\"plain\">\n");
    for (unsigned i = 0; i < listed; i++)
        write_frame(out, model, made, g_array_index(frames, uint32_t, i));
    if (listed == 0)
        g_string_append(out, "<li>none of those that are told of</li>\n");
    else if (count > listed)
        g_string_append_printf(out, "<li>and %" PRIu64 " more</li>\n", count - listed);
    g_string_append(out, "</ul>\n");
    g_array_free(frames, TRUE);
    if (made->example_count) {
        frames = tcpt_model_evidence(model, made->examples[0].cause);
        write_evidence(out, frames);
        g_array_free(frames, TRUE);
    }
    tcpt_page_row_end(out);
}

/* ---- whom it hit ---- */

static void write_example(GString *out, const tcpt_model *model, const tcpt_case_example *example)
{
    uint32_t frame = tcpt_model_frame(model, example->cause->first.on);

    g_string_append(out, "<li>");
    tcpt_html_take(out, tcpt_connection_text(model, example->flow));
    g_string_append_printf(out, " <span class=\"muted\">(%s", tcpt_outcome_words(tcpt_outcome_of(example->flow)));
    if (frame)
        g_string_append_printf(out, ", frame %u", frame);
    if (tcpt_delay_is_told(example->delay_ns))
        g_string_append_printf(out, ", %.1f s lost", tcpt_as_seconds(example->delay_ns));
    g_string_append(out, ")</span></li>\n");
}

/* All of them by number, the worst by name. */
static void write_hit(GString *out, const tcpt_model *model, const tcpt_case *made)
{
    if (made->example_count == 0)
        return;
    tcpt_page_row(out, ROW, "Whom it hit");
    if (made->flow_count > made->example_count) {
        g_string_append(out, "<p>");
        append_count(out, made->flow_count, "connection");
        g_string_append(out, "; the worst of them:</p>\n");
    }
    g_string_append(out, "<ul class=\"plain\">\n");
    for (unsigned i = 0; i < made->example_count; i++)
        write_example(out, model, &made->examples[i]);
    g_string_append(out, "</ul>\n");
    tcpt_page_row_end(out);
}

/* ---- what it means ---- */

/* Well-known timeouts that a silence matches: the fields named "....hint". */
static void write_matches(GString *out, const tcpt_diagnosis *cause)
{
    tcpt_value value;

    for (unsigned at = 0; tcpt_next_value(&cause->first, &at, &value);)
        if (g_str_has_suffix(tcpt_fields[value.field].filter, ".hint"))
            write_row(out, "Time-out that matches", value.text);
}

static void write_ruled_out(GString *out, const tcpt_diagnosis *cause)
{
    if (cause->ruled_out_count == 0)
        return;
    tcpt_page_row(out, ROW, "Ruled out");
    g_string_append(out, "<ul>\n");
    for (unsigned i = 0; i < cause->ruled_out_count; i++)
        tcpt_html_element(out, "li", NULL, cause->ruled_out[i]);
    g_string_append(out, "</ul>\n");
    tcpt_page_row_end(out);
}

static void write_meaning(GString *out, const tcpt_case *made)
{
    const tcpt_diagnosis *cause = made->example_count ? made->examples[0].cause : NULL;

    write_row(out, "What it means", made->detector->explanation);
    if (made->detector->mistaken)
        write_row(out, "Easily taken for", made->detector->mistaken);
    if (!cause)
        return;
    write_matches(out, cause);
    write_ruled_out(out, cause);
}

/* ---- what to do ---- */

/* "On the server 192.0.2.1", where that is not said above already. */
static void write_where(GString *out, const tcpt_asked *command, GString *above)
{
    char *where =
        g_strdup_printf("On the %s%s%s", command->on, command->host ? " " : "", command->host ? command->host : "");

    if (strcmp(above->str, where) != 0) {
        g_string_assign(above, where);
        tcpt_html_element(out, "h5", NULL, where);
    }
    g_free(where);
}

static void write_command(GString *out, const tcpt_asked *command)
{
    g_string_append(out, "<div class=\"command\">");
    tcpt_page_copyable(out, "command", command->line);
    tcpt_html_element(out, "p", "muted", command->tells);
    g_string_append(out, "</div>\n");
}

static void write_commands(GString *out, const tcpt_remedy *remedy, bool capture)
{
    GString *above = g_string_new(NULL);
    tcpt_asked command;

    for (unsigned at = 0; tcpt_next_command(remedy, &at, &command); tcpt_asked_clear(&command)) {
        if (tcpt_asks_for_capture(&command) != capture)
            continue;
        write_where(out, &command, above);
        write_command(out, &command);
    }
    g_string_free(above, TRUE);
}

static void write_advice(GString *out, const char *heading, const tcpt_remedy *remedy, bool capture)
{
    char *advice = tcpt_remedy_advice_on(remedy, capture);
    GString *row = g_string_new(NULL);

    if (*advice)
        tcpt_html_element(row, "p", NULL, advice);
    write_commands(row, remedy, capture);
    tcpt_page_take_row(out, ROW, heading, row);
    g_free(advice);
}

static void write_consequences(GString *out, const tcpt_model *model, const tcpt_case *made)
{
    bool any = false;

    for (unsigned number = 0; tcpt_detectors[number]; number++) {
        const tcpt_detector *detector = tcpt_detectors[number];

        if (!made->consequences[number] || detector->severity < model->report.least)
            continue;
        if (!any) {
            tcpt_page_row(out, ROW, "What follows from it");
            g_string_append(out, "<ul>\n");
        }
        any = true;
        g_string_append(out, "<li>");
        tcpt_html_text(out, detector->message);
        g_string_append_printf(out, " <span class=\"muted\">(<code>%s</code>", detector->id);
        if (made->consequences[number] > 1)
            g_string_append_printf(out, ", %" PRIu64 " times", made->consequences[number]);
        g_string_append(out, ")</span></li>\n");
    }
    if (any) {
        g_string_append(out, "</ul>\n");
        tcpt_page_row_end(out);
    }
}

/* Who gets the page may not have the plugin. */
static void write_filters(GString *out, const tcpt_model *model, const tcpt_case *made)
{
    char *filter = tcpt_filter_for_case(made), *frames = tcpt_filter_for_frames(model, made);

    tcpt_page_row(out, ROW, "Display filter");
    tcpt_page_copyable(out, "display filter", filter);
    if (frames) {
        g_string_append(out, "<p class=\"muted\">In a Wireshark without the plugin:</p>\n");
        tcpt_page_copyable(out, "display filter for a Wireshark without the plugin", frames);
    }
    tcpt_page_row_end(out);
    g_free(filter);
    g_free(frames);
}

void tcpt_html_case(GString *out, const tcpt_model *model, const tcpt_case *made)
{
    tcpt_remedy remedy = tcpt_remedy_of_case(made);

    g_string_append_printf(out, "<article class=\"case %s\" id=\"case-%u\" aria-labelledby=\"case-%u-title\">\n",
                           tcpt_severity_name(made->severity), made->number, made->number);
    write_headline(out, model, made);
    write_facts(out, made);
    write_seen(out, model, made);
    tcpt_picture(out, model, made);
    tcpt_html_missing(out, model, made);
    if (made->frame_count)
        write_frames(out, model, made);
    write_hit(out, model, made);
    write_meaning(out, made);
    write_advice(out, "What to do", &remedy, false);
    write_advice(out, "What to capture next", &remedy, true);
    write_consequences(out, model, made);
    write_filters(out, model, made);
    write_row(out, "Reference", made->detector->reference);
    g_string_append(out, "</article>\n");
}
