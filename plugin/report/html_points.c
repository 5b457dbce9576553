/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two capture points: the way between them with its break, and what the missing segments have in common. */
#include "html_points.h"

#include "html_page.h"
#include "html_text.h"
#include "moments.h"
#include "points.h"
#include "tcptriage/points.h"
#include "words.h"

/* Pairs of points that are drawn: captures of more have dozens of interfaces, and the JSON has them all. */

enum { ROW = 4 }; /* level of the headings inside of a case */

/* ---- what is missing ---- */

static void write_share(GString *out, const char *segments, tcpt_share share, bool telling)
{
    g_string_append_printf(out, "<tr%s><th scope=\"row\">", telling ? " class=\"telling\"" : "");
    tcpt_html_text(out, segments);
    g_string_append_printf(out, "</th><td class=\"number\">%u</td><td class=\"number\">%u</td></tr>\n", share.missing,
                           share.total);
}

/* Both words say the same of segments: padded here, or later. */
static bool is_told_already(const tcpt_losses *losses, unsigned property)
{
    return property == TCPT_LOSS_SHORT && losses->with[TCPT_LOSS_PADDED].total > 0;
}

static void write_properties(GString *out, const tcpt_losses *losses)
{
    tcpt_loss_property telling = tcpt_loss_property_of(losses);

    for (unsigned i = 0; i < TCPT_LOSS_PROPERTIES; i++)
        if (losses->with[i].total > 0 && !is_told_already(losses, i))
            write_share(out, tcpt_loss_property_words((tcpt_loss_property)i), losses->with[i], i == telling);
    if (telling == TCPT_LOSS_SIZE) {
        char *longer = g_strdup_printf("longer than %u bytes (IP)", losses->largest_arrived);

        write_share(out, longer, tcpt_losses_with(losses, telling), true);
        g_free(longer);
    }
}

static void write_missing(GString *out, const tcpt_flow *flow, unsigned from, const tcpt_losses *losses)
{
    g_string_append_printf(out, "<table class=\"narrow missing\"><caption>Segments of the %s seen at ",
                           tcpt_role(flow, from));
    tcpt_html_text(out, losses->from->name);
    g_string_append(out,
                    "</caption>\n<thead><tr><th scope=\"col\">which</th><th scope=\"col\" class=\"number\">not at ");
    tcpt_html_text(out, losses->to->name);
    g_string_append(out, "</th><th scope=\"col\" class=\"number\">in all</th></tr></thead>\n<tbody>\n");
    write_share(out, "all", losses->all, false);
    write_properties(out, losses);
    g_string_append(out, "</tbody></table>\n");
}

static void write_missing_of(GString *out, const tcpt_flow *flow)
{
    for (unsigned from = 0; from < 2; from++) {
        tcpt_losses losses;

        if (!tcpt_tally_losses(flow, from, &losses))
            continue;
        if (losses.all.missing > 0)
            write_missing(out, flow, from, &losses);
        tcpt_losses_clear(&losses);
    }
}

void tcpt_html_missing(GString *out, const tcpt_model *model, const tcpt_case *made)
{
    enum { POINTS_MOST = 8 }; /* that have seen one connection */
    const tcpt_flow *flow = made->example_count ? made->examples[0].flow : NULL, *elsewhere;
    GString *tables;

    if (!flow || tcpt_point_count(model->report.analysis) < 2)
        return;
    tables = g_string_new(NULL);
    write_missing_of(tables, flow);
    for (unsigned i = 0; i < POINTS_MOST && (elsewhere = tcpt_flow_elsewhere(flow, i)) != NULL; i++)
        write_missing_of(tables, elsewhere);
    tcpt_page_take_row(out, ROW, "What is missing", tables);
}

/* ---- paths ---- */

static void write_point(GString *out, const tcpt_point *point)
{
    tcpt_html_element(out, "span", "point", point->name);
}

static void write_way(GString *out, const tcpt_point *from, const tcpt_point *to, tcpt_share share, uint64_t matched,
                      int64_t delay_ns)
{
    if (share.total == 0 && matched == 0)
        return;
    g_string_append_printf(out, "<li class=\"way%s\">", share.missing ? " broken" : "");
    write_point(out, from);
    g_string_append(out, "<span class=\"passage\">");
    if (share.missing)
        g_string_append_printf(out, "%u of %u missing", share.missing, share.total);
    else
        g_string_append_printf(out, "all %u arrived", share.total);
    if (matched) {
        g_string_append(out, ", at least ");
        tcpt_append_milliseconds(out, delay_ns);
    }
    g_string_append(out, "</span>");
    write_point(out, to);
    g_string_append(out, "</li>\n");
}

/* By clocks that differ nothing can be said but the sum of both delays: each is taken for half of it. */
static void write_path(GString *out, const tcpt_path *path)
{
    int64_t offset_ns = path->clocks_differ ? path->clock_offset_ns : 0;
    GPtrArray *remarks = tcpt_path_remarks(path);

    g_string_append(out, "<h3>");
    tcpt_html_text(out, path->a->name);
    g_string_append(out, " and ");
    tcpt_html_text(out, path->b->name);
    g_string_append(out, "</h3>\n<p class=\"facts\">");
    append_count(out, path->connections, "connection");
    g_string_append(out, " seen at both</p>\n<ul class=\"plain ways\">\n");
    write_way(out, path->a, path->b, path->to_b, path->matched_to_b, path->delay_to_b_ns - offset_ns);
    write_way(out, path->b, path->a, path->to_a, path->matched_to_a, path->delay_to_a_ns + offset_ns);
    g_string_append(out, "</ul>\n");
    for (unsigned i = 0; i < remarks->len; i++)
        tcpt_html_element(out, "p", "remark", remarks->pdata[i]);
    g_ptr_array_free(remarks, TRUE);
}

static void write_paths(GString *out, const tcpt_model *model)
{
    unsigned listed = MIN(model->paths->len, TCPT_PATHS_LISTED);

    for (unsigned i = 0; i < listed; i++)
        write_path(out, &g_array_index(model->paths, tcpt_path, i));
    if (model->paths->len > listed)
        g_string_append_printf(out, "<p>and %u more pairs of points</p>\n", model->paths->len - listed);
}

static void write_apart(GString *out, const tcpt_model *model)
{
    unsigned count = tcpt_point_count(model->report.analysis), listed = 0;

    tcpt_html_take_element(out, "p", NULL, tcpt_apart_sentence(model));
    g_string_append(out, "<ul>\n");
    for (const tcpt_point *point = tcpt_first_point(model->report.analysis); point && listed < TCPT_POINTS_LISTED;
         point = point->next, listed++)
        tcpt_html_take_element(out, "li", NULL, tcpt_point_line(point));
    if (listed < count)
        g_string_append_printf(out, "<li>and %u more</li>\n", count - listed);
    g_string_append(out, "</ul>\n");
}

void tcpt_html_points(GString *out, const tcpt_model *model)
{
    if (model->paths->len == 0 && model->apart == TCPT_APART_NOT)
        return;
    g_string_append(out, "<section class=\"points\">\n<h2>Capture points</h2>\n");
    if (model->paths->len > 0)
        write_paths(out, model);
    else
        write_apart(out, model);
    g_string_append(out, "</section>\n");
}
