/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "database.h"

#include <string.h>

#include "fleet_parts.h" /* schema.sql as a string, made by CMakeLists.txt */

/* What is asked again for each capture. */
enum {
    ADD_CAPTURE,
    ADD_FILE,
    ADD_OUTCOMES,
    ADD_CASE,
    ADD_FINDING,
    EACH_CASE,
    EACH_FINDING,
    QUOTE,
    BEGIN_ONE,
    TAKE_BACK,
    KEEP,
    STATEMENTS,
};

static const char *const statements[STATEMENTS] = {
    [ADD_CAPTURE] = "INSERT INTO captures (key, path, kind, state, reason, page, verdict, segments, flows, first_time, "
                    "last_time, span_seconds) VALUES (?1, ?2, ?3, ?4, ?5, ?6, json_extract(?7, '$.capture.verdict'), "
                    "json_extract(?7, '$.capture.segments'), json_extract(?7, '$.capture.flows'), "
                    "json_extract(?7, '$.capture.first_time'), json_extract(?7, '$.capture.last_time'), "
                    "json_extract(?7, '$.capture.span_seconds'))",
    [ADD_FILE] = "INSERT INTO files (capture_id, number, path, frames_before) VALUES (?1, ?2, ?3, ?4)",
    [ADD_OUTCOMES] = "INSERT INTO outcomes SELECT ?1, key, value FROM json_each(?2, '$.capture.outcomes')",
    [ADD_CASE] =
        "INSERT INTO cases (capture_id, number, cause, title, severity, confidence, blamed, flow_count, delay_seconds, "
        "first_time, last_time, filter, finding_count, explanation, remedy) "
        "SELECT ?1, json_extract(?2, '$.number'), json_extract(?2, '$.id'), json_extract(?2, '$.title'), "
        "json_extract(?2, '$.severity'), json_extract(?2, '$.confidence'), json_extract(?2, '$.blamed'), "
        "json_extract(?2, '$.flow_count'), json_extract(?2, '$.delay_seconds'), "
        "json_extract(?2, '$.first_time'), json_extract(?2, '$.last_time'), json_extract(?2, '$.filter'), "
        "json_extract(?2, '$.finding_count'), json_extract(?2, '$.explanation'), "
        "json_extract(?2, '$.remedy')",
    [ADD_FINDING] =
        "INSERT INTO findings (capture_id, case_number, role, finding, severity, confidence, frame, file, "
        "frame_in_file, time, client, client_port, server, server_port, outcome, vantage, stream, brief, summary, "
        "delay_seconds, fields) "
        "SELECT ?1, json_extract(?2, '$.case'), json_extract(?2, '$.role'), json_extract(?2, '$.id'), "
        "json_extract(?2, '$.severity'), json_extract(?2, '$.confidence'), json_extract(?2, '$.frame'), "
        "files.path, json_extract(?2, '$.frame') - files.frames_before, json_extract(?2, '$.time'), "
        "json_extract(?2, '$.flow.client'), json_extract(?2, '$.flow.client_port'), "
        "json_extract(?2, '$.flow.server'), json_extract(?2, '$.flow.server_port'), "
        "json_extract(?2, '$.flow.outcome'), json_extract(?2, '$.flow.vantage'), "
        "json_extract(?2, '$.flow.stream'), json_extract(?2, '$.brief'), json_extract(?2, '$.summary'), "
        "json_extract(?2, '$.delay_seconds'), json_extract(?2, '$.fields') "
        "FROM (SELECT 1) LEFT JOIN files ON files.capture_id = ?1 AND files.number = "
        "(SELECT max(number) FROM files WHERE capture_id = ?1 AND frames_before < json_extract(?2, '$.frame'))",
    [EACH_CASE] = "SELECT value FROM json_each(?1, '$.cases')",
    [EACH_FINDING] = "SELECT value FROM json_each(?1, '$.findings')",
    [QUOTE] = "SELECT json_quote(?1)",
    [BEGIN_ONE] = "SAVEPOINT one",
    [TAKE_BACK] = "ROLLBACK TO one",
    [KEEP] = "RELEASE one",
};

struct tcpt_database {
    sqlite3 *handle;
    char *path;
    sqlite3_stmt *prepared[STATEMENTS];
};

static char *problem_of(const tcpt_database *database)
{
    return g_strdup_printf("\"%s\" cannot be written: %s", database->path, sqlite3_errmsg(database->handle));
}

static void free_database(tcpt_database *database)
{
    for (unsigned i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(database->prepared[i]);
    sqlite3_close(database->handle);
    g_free(database->path);
    g_free(database);
}

static bool prepare(tcpt_database *database)
{
    for (unsigned i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(database->handle, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &database->prepared[i],
                               NULL) != SQLITE_OK)
            return false;
    return true;
}

/* Nobody else has the file, and one that was not ended is made anew: nothing waits for the disk. */
tcpt_database *tcpt_database_new(const char *path, char **problem)
{
    tcpt_database *database = g_new0(tcpt_database, 1);

    *problem = NULL;
    database->path = g_strdup(path);
    if (sqlite3_open(path, &database->handle) == SQLITE_OK &&
        sqlite3_exec(database->handle, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;", NULL, NULL, NULL) ==
            SQLITE_OK &&
        sqlite3_exec(database->handle, schema_sql, NULL, NULL, NULL) == SQLITE_OK && prepare(database) &&
        sqlite3_exec(database->handle, "BEGIN", NULL, NULL, NULL) == SQLITE_OK)
        return database;
    *problem = problem_of(database);
    free_database(database);
    return NULL;
}

sqlite3 *tcpt_database_handle(tcpt_database *database)
{
    return database->handle;
}

static int run(tcpt_database *to, int which)
{
    int status = sqlite3_step(to->prepared[which]);

    sqlite3_reset(to->prepared[which]);
    return status == SQLITE_DONE || status == SQLITE_ROW ? SQLITE_OK : status;
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static int add_capture(tcpt_database *to, const tcpt_result *result)
{
    sqlite3_stmt *statement = to->prepared[ADD_CAPTURE];

    bind_text(statement, 1, result->of->key);
    bind_text(statement, 2, g_array_index(result->of->files, tcpt_planned_file, 0).path);
    bind_text(statement, 3, result->of->kind);
    bind_text(statement, 4, tcpt_result_state_name(result->state));
    bind_text(statement, 5, result->reason);
    bind_text(statement, 6, result->page);
    bind_text(statement, 7, result->report);
    return run(to, ADD_CAPTURE);
}

static int add_files(tcpt_database *to, const tcpt_result *result, sqlite3_int64 capture)
{
    sqlite3_stmt *statement = to->prepared[ADD_FILE];
    bool by_turns = strcmp(result->of->kind, "points") == 0;
    uint64_t frames_before = 0;
    int status = SQLITE_OK;

    for (guint i = 0; status == SQLITE_OK && i < result->of->files->len; i++) {
        const tcpt_planned_file *file = &g_array_index(result->of->files, tcpt_planned_file, i);

        sqlite3_bind_int64(statement, 1, capture);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)i + 1);
        bind_text(statement, 3, file->path);
        if (by_turns)
            sqlite3_bind_null(statement, 4);
        else
            sqlite3_bind_int64(statement, 4, (sqlite3_int64)frames_before);
        frames_before += file->frames;
        status = run(to, ADD_FILE);
    }
    return status;
}

static int add_outcomes(tcpt_database *to, const tcpt_result *result, sqlite3_int64 capture)
{
    sqlite3_bind_int64(to->prepared[ADD_OUTCOMES], 1, capture);
    bind_text(to->prepared[ADD_OUTCOMES], 2, result->report);
    return run(to, ADD_OUTCOMES);
}

/* `,"capture":"PATH"}`, to be freed. */
static char *line_end(tcpt_database *with, const tcpt_result *result)
{
    sqlite3_stmt *quote = with->prepared[QUOTE];
    char *end = NULL;

    bind_text(quote, 1, g_array_index(result->of->files, tcpt_planned_file, 0).path);
    if (sqlite3_step(quote) == SQLITE_ROW)
        end = g_strdup_printf(",\"capture\":%s}\n", (const char *)sqlite3_column_text(quote, 0));
    sqlite3_reset(quote);
    return end;
}

/* The elements of a list of the report: a row and a line for each. They are objects with members, without blanks. */
static int add_each(tcpt_database *to, int one, const tcpt_result *result, sqlite3_int64 capture, GString *lines)
{
    sqlite3_stmt *each = to->prepared[EACH_CASE + one], *add_one = to->prepared[ADD_CASE + one];
    char *end = line_end(to, result);
    int status;

    bind_text(each, 1, result->report);
    while ((status = sqlite3_step(each)) == SQLITE_ROW) {
        const char *element = (const char *)sqlite3_column_text(each, 0);
        int bytes = sqlite3_column_bytes(each, 0);

        sqlite3_bind_int64(add_one, 1, capture);
        sqlite3_bind_text(add_one, 2, element, bytes, SQLITE_STATIC);
        status = run(to, ADD_CASE + one);
        if (status != SQLITE_OK)
            break;
        g_string_append_len(lines, element, MAX(bytes - 1, 0));
        g_string_append(lines, end ? end : "}\n");
    }
    sqlite3_reset(each);
    g_free(end);
    return status == SQLITE_DONE ? SQLITE_OK : status;
}

static int add(tcpt_database *to, const tcpt_result *result, GString *lines[TCPT_ONES])
{
    int status = add_capture(to, result);
    sqlite3_int64 capture = sqlite3_last_insert_rowid(to->handle);

    if (status == SQLITE_OK)
        status = add_files(to, result, capture);
    if (status == SQLITE_OK)
        status = add_outcomes(to, result, capture);
    for (int one = 0; one < TCPT_ONES; one++) {
        g_string_truncate(lines[one], 0);
        if (status == SQLITE_OK)
            status = add_each(to, one, result, capture, lines[one]);
    }
    return status;
}

/* What is wrong with a report, not with the disk. */
static bool is_damage(int status)
{
    return status == SQLITE_ERROR || status == SQLITE_CONSTRAINT;
}

bool tcpt_database_add(tcpt_database *to, tcpt_result *result, const char *out, GString *lines[TCPT_ONES],
                       char **problem)
{
    int status = run(to, BEGIN_ONE);

    *problem = NULL;
    if (status == SQLITE_OK)
        status = add(to, result, lines);
    if (is_damage(status) && result->report && run(to, TAKE_BACK) == SQLITE_OK) {
        tcpt_result_refuse(result, out);
        status = add(to, result, lines);
    }
    if (status == SQLITE_OK)
        status = run(to, KEEP);
    if (status != SQLITE_OK)
        *problem = problem_of(to);
    return status == SQLITE_OK;
}

bool tcpt_database_close(tcpt_database *database, char **problem)
{
    bool written = sqlite3_exec(database->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;

    *problem = written ? NULL : problem_of(database);
    free_database(database);
    return written;
}
