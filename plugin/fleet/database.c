/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "database.h"

#include <string.h>

#include "fleet_parts.h" /* schema.sql as a string, made by CMakeLists.txt */

/* What is asked again for each capture. */
enum {
    ADD_CAPTURE,
    ADD_FILE,
    ADD_OUTCOMES,
    ADD_CASES,
    ADD_FINDINGS,
    LINES,
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
    [ADD_CASES] =
        "INSERT INTO cases (capture_id, number, cause, title, severity, confidence, blamed, flow_count, delay_seconds, "
        "first_time, last_time, filter, finding_count, explanation, remedy) "
        "SELECT ?1, json_extract(value, '$.number'), json_extract(value, '$.id'), json_extract(value, '$.title'), "
        "json_extract(value, '$.severity'), json_extract(value, '$.confidence'), json_extract(value, '$.blamed'), "
        "json_extract(value, '$.flow_count'), json_extract(value, '$.delay_seconds'), "
        "json_extract(value, '$.first_time'), json_extract(value, '$.last_time'), json_extract(value, '$.filter'), "
        "json_extract(value, '$.finding_count'), json_extract(value, '$.explanation'), "
        "json_extract(value, '$.remedy') FROM json_each(?2, '$.cases')",
    [ADD_FINDINGS] =
        "INSERT INTO findings (capture_id, case_number, role, finding, severity, confidence, frame, file, "
        "frame_in_file, time, client, client_port, server, server_port, outcome, vantage, stream, brief, summary, "
        "delay_seconds, fields) "
        "SELECT ?1, json_extract(value, '$.case'), json_extract(value, '$.role'), json_extract(value, '$.id'), "
        "json_extract(value, '$.severity'), json_extract(value, '$.confidence'), json_extract(value, '$.frame'), "
        "files.path, json_extract(value, '$.frame') - files.frames_before, json_extract(value, '$.time'), "
        "json_extract(value, '$.flow.client'), json_extract(value, '$.flow.client_port'), "
        "json_extract(value, '$.flow.server'), json_extract(value, '$.flow.server_port'), "
        "json_extract(value, '$.flow.outcome'), json_extract(value, '$.flow.vantage'), "
        "json_extract(value, '$.flow.stream'), json_extract(value, '$.brief'), json_extract(value, '$.summary'), "
        "json_extract(value, '$.delay_seconds'), json_extract(value, '$.fields') "
        "FROM json_each(?2, '$.findings') LEFT JOIN files ON files.capture_id = ?1 AND files.number = "
        "(SELECT max(number) FROM files WHERE capture_id = ?1 AND frames_before < json_extract(value, '$.frame'))",
    [LINES] = "SELECT json_insert(value, '$.capture', ?1) FROM json_each(?2, ?3)",
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

static void bind_report(sqlite3_stmt *statement, int at, const tcpt_result *result)
{
    sqlite3_bind_text64(statement, at, result->report, result->report_bytes, SQLITE_STATIC, SQLITE_UTF8);
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
    bind_report(statement, 7, result);
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

static int add_from_report(tcpt_database *to, int which, const tcpt_result *result, sqlite3_int64 capture)
{
    sqlite3_bind_int64(to->prepared[which], 1, capture);
    bind_report(to->prepared[which], 2, result);
    return run(to, which);
}

static int add(tcpt_database *to, const tcpt_result *result)
{
    int status = add_capture(to, result);
    sqlite3_int64 capture = sqlite3_last_insert_rowid(to->handle);

    if (status == SQLITE_OK)
        status = add_files(to, result, capture);
    for (int which = ADD_OUTCOMES; status == SQLITE_OK && which <= ADD_FINDINGS; which++)
        status = add_from_report(to, which, result, capture);
    return status;
}

/* What is wrong with a report, not with the disk. */
static bool is_damage(int status)
{
    return status == SQLITE_ERROR || status == SQLITE_CONSTRAINT;
}

bool tcpt_database_add(tcpt_database *to, tcpt_result *result, const char *out, char **problem)
{
    int status = run(to, BEGIN_ONE);

    *problem = NULL;
    if (status == SQLITE_OK)
        status = add(to, result);
    if (is_damage(status) && result->report && run(to, TAKE_BACK) == SQLITE_OK) {
        tcpt_result_refuse(result, out);
        status = add(to, result);
    }
    if (status == SQLITE_OK)
        status = run(to, KEEP);
    if (status != SQLITE_OK)
        *problem = problem_of(to);
    return status == SQLITE_OK;
}

bool tcpt_database_lines(tcpt_database *with, const tcpt_result *result, const char *member, FILE *file)
{
    sqlite3_stmt *statement = with->prepared[LINES];
    char *path = g_strconcat("$.", member, NULL);
    int status;

    bind_text(statement, 1, g_array_index(result->of->files, tcpt_planned_file, 0).path);
    bind_report(statement, 2, result);
    bind_text(statement, 3, path);
    while ((status = sqlite3_step(statement)) == SQLITE_ROW)
        fprintf(file, "%s\n", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_reset(statement);
    g_free(path);
    return status == SQLITE_DONE && !ferror(file);
}

bool tcpt_database_close(tcpt_database *database, char **problem)
{
    bool written = sqlite3_exec(database->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;

    *problem = written ? NULL : problem_of(database);
    free_database(database);
    return written;
}
