/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "index_page.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "html_page.h"
#include "html_text.h"
#include "tcptriage/detector.h"
#include "words.h"

/* Numbers that are part of queries. */
#define CAPTURES_LISTED 500 /* a hundred kilobytes; the database has all */
#define PLACES_LISTED   20
#define EXAMPLES        3

/* What a cause is in words; of another version's, which this one does not know, its id. */
static const char *words_for(const char *id)
{
    for (unsigned i = 0; tcpt_detectors[i]; i++)
        if (strcmp(tcpt_detectors[i]->id, id) == 0)
            return tcpt_detectors[i]->brief ? tcpt_detectors[i]->brief : tcpt_detectors[i]->message;
    return id;
}

static sqlite3_stmt *query(sqlite3 *database, const char *text)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(database, text, -1, &statement, NULL) != SQLITE_OK)
        g_warning("%s", sqlite3_errmsg(database));
    return statement;
}

static bool next(sqlite3_stmt *statement)
{
    return sqlite3_step(statement) == SQLITE_ROW;
}

static const char *text_at(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);

    return text ? (const char *)text : "";
}

static void append_number_cell(GString *out, int64_t number, const char *unit)
{
    g_string_append_printf(out, "<td class=\"number\">%" PRId64 "<span class=\"unit\"> %s%s</span></td>", number, unit,
                           number == 1 ? "" : "s");
}

static void append_seconds_cell(GString *out, double seconds)
{
    if (seconds > 0)
        g_string_append_printf(out, "<td class=\"number\">%.1f s<span class=\"unit\"> lost</span></td>", seconds);
    else
        g_string_append(out, "<td class=\"number\"></td>");
}

static void append_severity_cell(GString *out, const char *severity)
{
    g_string_append(out, "<td><span");
    g_string_append(out, strcmp(severity, "warn") == 0   ? " class=\"severity warn\">Warning"
                         : strcmp(severity, "note") == 0 ? " class=\"severity note\">Note"
                                                         : " class=\"severity chat\">Chat");
    g_string_append(out, "</span></td>");
}

/* Names are shown without their folders; these come where somebody asks for them. */
static void append_capture(GString *out, const char *path, const char *page)
{
    char *name = g_path_get_basename(path);

    g_string_append(out, *page ? "<a" : "<span");
    if (*page)
        tcpt_html_attribute(out, "href", page);
    tcpt_html_attribute(out, "title", path);
    g_string_append_c(out, '>');
    tcpt_html_take(out, name);
    g_string_append(out, *page ? "</a>" : "</span>");
}

static void begin_table(GString *out, const char *const *heads)
{
    g_string_append(out, "<table class=\"stacked\"><thead><tr>");
    for (; *heads; heads++)
        g_string_append_printf(
            out, **heads == '#' ? "<th scope=\"col\" class=\"number\">%s</th>" : "<th scope=\"col\">%s</th>",
            **heads == '#' ? *heads + 1 : *heads);
    g_string_append(out, "</tr></thead>\n<tbody>\n");
}

static void end_table(GString *out)
{
    g_string_append(out, "</tbody></table>\n");
}

/* ---- causes ---- */

static void append_examples(GString *out, sqlite3_stmt *examples, const char *cause, const char *severity)
{
    unsigned count = 0;

    sqlite3_bind_text(examples, 1, cause, -1, SQLITE_STATIC);
    sqlite3_bind_text(examples, 2, severity, -1, SQLITE_STATIC);
    g_string_append(out, "<td class=\"place\">");
    while (next(examples)) {
        g_string_append(out, count++ ? ", " : "");
        append_capture(out, text_at(examples, 0), text_at(examples, 1));
    }
    g_string_append(out, "</td></tr>\n");
    sqlite3_reset(examples);
}

static void append_cause(GString *out, sqlite3_stmt *row, sqlite3_stmt *examples)
{
    const char *cause = text_at(row, 0), *severity = text_at(row, 1);

    g_string_append(out, "<tr>");
    append_severity_cell(out, severity);
    g_string_append(out, "<th scope=\"row\" class=\"headline\"><span");
    tcpt_html_attribute(out, "title", cause);
    g_string_append_c(out, '>');
    tcpt_html_text(out, words_for(cause));
    g_string_append(out, "</span></th>");
    append_number_cell(out, sqlite3_column_int64(row, 2), "capture");
    append_number_cell(out, sqlite3_column_int64(row, 3), "connection");
    append_seconds_cell(out, sqlite3_column_double(row, 4));
    append_examples(out, examples, cause, severity);
}

/* The first row begins the section: there is none without rows. */
static void begin_listing(GString *out, bool *begun, const char *title, const char *const *heads)
{
    if (*begun)
        return;
    *begun = true;
    g_string_append_printf(out, "<section>\n<h2>%s</h2>\n", title);
    begin_table(out, heads);
}

static void end_listing(GString *out, bool begun)
{
    if (!begun)
        return;
    end_table(out);
    g_string_append(out, "</section>\n");
}

static void append_causes(GString *out, sqlite3 *database)
{
    static const char *const heads[] = {"Severity",   "Cause",       "#Captures", "#Connections",
                                        "#Time lost", "For example", NULL};
    sqlite3_stmt *rows = query(database, "SELECT cause, severity, captures, connections, delay_seconds FROM by_cause "
                                         "WHERE severity <> 'chat'");
    sqlite3_stmt *examples = query(
        database, "SELECT c.path, c.page FROM cases AS k JOIN captures AS c ON c.id = k.capture_id "
                  "WHERE k.cause = ?1 AND k.severity = ?2 GROUP BY c.id "
                  "ORDER BY sum(k.flow_count) DESC, sum(k.delay_seconds) DESC, c.path LIMIT " G_STRINGIFY(EXAMPLES));
    bool any = false;

    while (next(rows)) {
        begin_listing(out, &any, "Causes, the gravest first", heads);
        append_cause(out, rows, examples);
    }
    end_listing(out, any);
    sqlite3_finalize(rows);
    sqlite3_finalize(examples);
}

/* ---- captures ---- */

static void append_problem_capture(GString *out, sqlite3_stmt *row)
{
    g_string_append(out, "<tr><th scope=\"row\" class=\"place\">");
    append_capture(out, text_at(row, 0), text_at(row, 1));
    g_string_append(out, "</th>");
    tcpt_html_element(out, "td", "headline", text_at(row, 2));
    append_number_cell(out, sqlite3_column_int64(row, 3), "warning");
    append_number_cell(out, sqlite3_column_int64(row, 4), "note");
    append_number_cell(out, sqlite3_column_int64(row, 5), "connection");
    append_seconds_cell(out, sqlite3_column_double(row, 6));
    g_string_append(out, "</tr>\n");
}

static void append_captures(GString *out, sqlite3 *database, uint64_t with_any)
{
    static const char *const heads[] = {"Capture",      "Verdict",    "#Warnings", "#Notes",
                                        "#Connections", "#Time lost", NULL};
    sqlite3_stmt *rows;

    if (with_any == 0)
        return;
    g_string_append(out, "<section>\n<h2>Captures, the worst first</h2>\n");
    begin_table(out, heads);
    rows = query(database, "SELECT path, page, verdict, warnings, notes, connections, delay_seconds FROM "
                           "worst_captures LIMIT " G_STRINGIFY(CAPTURES_LISTED));
    while (next(rows))
        append_problem_capture(out, rows);
    sqlite3_finalize(rows);
    end_table(out);
    if (with_any > CAPTURES_LISTED)
        g_string_append_printf(out,
                               "<p class=\"rest\">%" PRIu64 " further ones are in <code>tcptriage.db</code>: "
                               "<code>SELECT * FROM worst_captures</code>.</p>\n",
                               with_any - CAPTURES_LISTED);
    g_string_append(out, "</section>\n");
}

/* ---- places ---- */

static void append_place(GString *out, sqlite3_stmt *row)
{
    const char *server = text_at(row, 0);
    char *place = g_strdup_printf(strchr(server, ':') ? "[%s]:%d" : "%s:%d", server, sqlite3_column_int(row, 1));

    g_string_append(out, "<tr>");
    g_string_append(out, "<th scope=\"row\" class=\"place\">");
    tcpt_html_take(out, place);
    g_string_append(out, "</th>");
    append_number_cell(out, sqlite3_column_int64(row, 2), "capture");
    append_number_cell(out, sqlite3_column_int64(row, 3), "warning");
    append_number_cell(out, sqlite3_column_int64(row, 4), "note");
    append_number_cell(out, sqlite3_column_int64(row, 5), "client");
    g_string_append(out, "</tr>\n");
}

static void append_places(GString *out, sqlite3 *database)
{
    static const char *const heads[] = {"Listening port", "#Captures", "#Warnings", "#Notes", "#Clients", NULL};
    sqlite3_stmt *rows = query(database, "SELECT server, server_port, captures, warnings, notes, clients FROM "
                                         "by_server_port LIMIT " G_STRINGIFY(PLACES_LISTED));
    bool any = false;

    while (next(rows)) {
        begin_listing(out, &any, "Listening ports with the most findings", heads);
        append_place(out, rows);
    }
    end_listing(out, any);
    sqlite3_finalize(rows);
}

/* ---- what is not known ---- */

static void append_unread(GString *out, sqlite3 *database, const tcpt_fleet_counts *counts)
{
    static const char *const heads[] = {"Capture", "Read", "Why not, or not all of it", NULL};
    sqlite3_stmt *rows;

    if (counts->failed + counts->partly == 0)
        return;
    g_string_append(out, "<section>\n<h2>What could not be read</h2>\n");
    begin_table(out, heads);
    rows = query(database, "SELECT path, page, state, reason FROM captures WHERE state <> 'read' "
                           "ORDER BY state = 'partly', path");
    while (next(rows)) {
        g_string_append(out, "<tr><th scope=\"row\" class=\"place\">");
        append_capture(out, text_at(rows, 0), text_at(rows, 1));
        g_string_append(out, strcmp(text_at(rows, 2), "failed") == 0 ? "</th><td>no</td>" : "</th><td>in part</td>");
        tcpt_html_element(out, "td", "headline", text_at(rows, 3));
        g_string_append(out, "</tr>\n");
    }
    sqlite3_finalize(rows);
    end_table(out);
    g_string_append(out, "</section>\n");
}

static void append_part(GString *out, uint64_t count, const char *what, const char *before)
{
    if (count > 0)
        g_string_append_printf(out, "%s%" PRIu64 " %s", out->str[out->len - 1] == ':' ? " " : before, count, what);
}

char *tcpt_fleet_verdict(const tcpt_fleet_counts *counts)
{
    GString *out = g_string_new(NULL);
    uint64_t read = counts->captures - counts->failed;

    append_count(out, counts->captures, "capture");
    g_string_append_c(out, ':');
    append_part(out, counts->with_warnings, "with warnings", ", ");
    append_part(out, counts->with_notes, "with notes only", ", ");
    append_part(out, read - counts->with_warnings - counts->with_notes, "with nothing of note", ", ");
    append_part(out, counts->failed, "could not be read", "; ");
    append_part(out, counts->partly, "in part only", "; ");
    if (counts->captures == 0)
        g_string_assign(out, "No captures");
    return g_string_free(out, FALSE);
}

static void append_facts(GString *out, const tcpt_fleet_counts *counts)
{
    g_string_append(out, "<p class=\"facts\">");
    append_count(out, counts->cases, "case");
    if (counts->skipped > 0) {
        g_string_append(out, ", ");
        append_count(out, counts->skipped, "other file");
        g_string_append(out, " left out");
    }
    g_string_append(out,
                    ". <code>tcptriage.db</code> (SQLite), <code>cases.ndjson</code> and <code>findings.ndjson</code> "
                    "beside this page have all of it.</p>\n");
}

GString *tcpt_index_page(sqlite3 *database, const tcpt_fleet_counts *counts, const char *made_by)
{
    GString *out = g_string_new(NULL);
    char *verdict = tcpt_fleet_verdict(counts);

    tcpt_page_begin(out, "TCP Triage of many captures", NULL);
    g_string_append(out, "<p class=\"what\">TCP Triage: why connections failed</p>\n");
    tcpt_html_take_element(out, "h1", NULL, verdict);
    g_string_append_c(out, '\n');
    append_facts(out, counts);
    append_causes(out, database);
    append_captures(out, database, counts->with_warnings + counts->with_notes);
    append_places(out, database);
    append_unread(out, database, counts);
    tcpt_page_end(out, made_by);
    return out;
}
