/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcptriage-collect: what workers have left in a folder becomes cases.ndjson, findings.ndjson, tcptriage.db and
 * index.html there, each whole or not at all. For the script tcptriage-fleet.
 *
 * Prints what all of it comes to, and on standard error what could not be read. Exit status as tcptriage's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "database.h"
#include "index_page.h"

enum { FINE = 0, UNREAD = 1, MISUSED = 2, FOUND = 3 };

enum { CASES = TCPT_ONE_CASE, FINDINGS = TCPT_ONE_FINDING, LINES = TCPT_ONES, DATABASE = LINES, PAGE, FILES };

static const char *const names[FILES] = {"cases.ndjson", "findings.ndjson", "tcptriage.db", "index.html"};

typedef struct collecting {
    const char *out, *made_by;
    char *made[FILES]; /* what becomes them in the end */
    FILE *lines[LINES];
    GString *found[LINES]; /* lines of one capture */
    tcpt_database *database;
    tcpt_fleet_counts counts;
} collecting;

/* Takes the sentence over. Names come from anywhere: what steers a terminal is not printed. */
static void complain(char *what)
{
    for (char *at = what; *at; at++)
        if (g_ascii_iscntrl(*at))
            *at = '?';
    fprintf(stderr, "tcptriage-fleet: %s\n", what);
    g_free(what);
}

static bool refuse(const char *path)
{
    complain(g_strdup_printf("\"%s\" cannot be written: %s", path, g_strerror(errno ? errno : EIO)));
    return false;
}

/* ---- files ---- */

static bool begin(collecting *of)
{
    char *problem;

    for (unsigned i = 0; i < FILES; i++) {
        char *name = g_strdup_printf(".%s.new", names[i]);

        of->made[i] = g_build_filename(of->out, name, NULL);
        g_unlink(of->made[i]); /* of a run that was stopped */
        g_free(name);
    }
    for (unsigned i = 0; i < LINES; i++)
        of->found[i] = g_string_new(NULL);
    for (unsigned i = 0; i < LINES; i++) {
        of->lines[i] = g_fopen(of->made[i], "w");
        if (!of->lines[i])
            return refuse(of->made[i]);
    }
    of->database = tcpt_database_new(of->made[DATABASE], &problem);
    if (!of->database)
        complain(problem);
    return of->database != NULL;
}

static bool close_lines(collecting *of, unsigned which)
{
    bool failed = fflush(of->lines[which]) != 0 || ferror(of->lines[which]);
    int problem = errno;

    failed = fclose(of->lines[which]) != 0 || failed;
    of->lines[which] = NULL;
    errno = problem;
    return failed ? refuse(of->made[which]) : true;
}

static bool close_database(collecting *of)
{
    char *problem;
    bool written = tcpt_database_close(of->database, &problem);

    of->database = NULL;
    if (!written)
        complain(problem);
    return written;
}

static bool put_in_place(const collecting *of)
{
    for (unsigned i = 0; i < FILES; i++) {
        char *path = g_build_filename(of->out, names[i], NULL);
        bool moved = g_rename(of->made[i], path) == 0 || refuse(path);

        g_free(path);
        if (!moved)
            return false;
    }
    return true;
}

static void end(collecting *of)
{
    for (unsigned i = 0; i < LINES; i++) {
        if (of->lines[i])
            fclose(of->lines[i]);
        if (of->found[i])
            g_string_free(of->found[i], TRUE);
    }
    if (of->database) {
        char *problem;

        tcpt_database_close(of->database, &problem);
        g_free(problem);
    }
    for (unsigned i = 0; i < FILES; i++) {
        g_unlink(of->made[i]); /* is there no more where all went well */
        g_free(of->made[i]);
    }
}

/* ---- results ---- */

static void tell_unread(const tcpt_result *result)
{
    if (result->state != TCPT_RESULT_READ)
        complain(g_strdup_printf("%s: %s%s", g_array_index(result->of->files, tcpt_planned_file, 0).path,
                                 result->state == TCPT_RESULT_PARTLY ? "in part only: " : "", result->reason));
}

static bool add(collecting *of, const tcpt_planned *planned)
{
    tcpt_result result = tcpt_result_load(of->out, planned);
    char *problem = NULL;
    bool added = tcpt_database_add(of->database, &result, of->out, of->found, &problem);

    if (!added)
        complain(problem);
    for (unsigned i = 0; added && i < LINES; i++)
        added =
            fwrite(of->found[i]->str, 1, of->found[i]->len, of->lines[i]) == of->found[i]->len || refuse(of->made[i]);
    of->counts.failed += result.state == TCPT_RESULT_FAILED;
    of->counts.partly += result.state == TCPT_RESULT_PARTLY;
    tell_unread(&result);
    tcpt_result_clear(&result);
    return added;
}

static uint64_t count(sqlite3 *database, const char *query)
{
    sqlite3_stmt *statement = NULL;
    uint64_t counted = 0;

    if (sqlite3_prepare_v2(database, query, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        counted = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return counted;
}

static void count_all(collecting *of)
{
    sqlite3 *database = tcpt_database_handle(of->database);

    of->counts.with_warnings = count(database, "SELECT count(*) FROM worst_captures WHERE warnings > 0");
    of->counts.with_notes = count(database, "SELECT count(*) FROM worst_captures WHERE warnings = 0");
    of->counts.cases = count(database, "SELECT count(*) FROM cases WHERE severity <> 'chat'");
}

static bool write_page(collecting *of)
{
    GString *page = tcpt_index_page(tcpt_database_handle(of->database), &of->counts, of->made_by);
    FILE *file = g_fopen(of->made[PAGE], "w");
    bool written;

    errno = 0;
    written = file && fwrite(page->str, 1, page->len, file) == page->len && fflush(file) == 0;
    if (!written)
        refuse(of->made[PAGE]);
    if (file)
        fclose(file);
    g_string_free(page, TRUE);
    return written;
}

static bool collect(collecting *of, const tcpt_plan *plan)
{
    of->counts = (tcpt_fleet_counts){.captures = plan->captures->len, .skipped = plan->skipped};
    if (!begin(of))
        return false;
    for (guint i = 0; i < plan->captures->len; i++)
        if (!add(of, plan->captures->pdata[i]))
            return false;
    count_all(of);
    return write_page(of) && close_lines(of, CASES) && close_lines(of, FINDINGS) && close_database(of) &&
           put_in_place(of);
}

static int run(const char *out, const char *made_by)
{
    collecting of = {.out = out, .made_by = made_by};
    tcpt_plan plan;
    char *problem;
    int status = UNREAD;

    if (!tcpt_plan_read(&plan, out, &problem)) {
        complain(problem);
        tcpt_plan_clear(&plan);
        return UNREAD;
    }
    if (collect(&of, &plan)) {
        char *verdict = tcpt_fleet_verdict(&of.counts);

        printf("%s: %s/%s\n", verdict, out, names[PAGE]);
        g_free(verdict);
        status = of.counts.failed + of.counts.partly > 0 ? UNREAD : of.counts.with_warnings > 0 ? FOUND : FINE;
    }
    end(&of);
    tcpt_plan_clear(&plan);
    return status;
}

int main(int argc, char **argv)
{
    enum { WORDS = 3 }; /* tcptriage-collect OUT MADE-BY */

    if (argc == WORDS)
        return run(argv[1], argv[2]);
    fputs("tcptriage-collect: for tcptriage-fleet\n", stderr);
    return MISUSED;
}
