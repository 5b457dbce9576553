/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What was found in all captures, in SQLite: plugin/fleet/schema.sql tells of the tables.
 */
#ifndef TCPTRIAGE_FLEET_DATABASE_H
#define TCPTRIAGE_FLEET_DATABASE_H

#include <stdbool.h>

#include <glib.h>
#include <sqlite3.h>

#include "results.h"

typedef struct tcpt_database tcpt_database;

/** Begin one in a file that is not there. @return NULL, and `problem` set, to be freed */
tcpt_database *tcpt_database_new(const char *path, char **problem);

/** What is told one by one. */
enum { TCPT_ONE_CASE, TCPT_ONE_FINDING, TCPT_ONES };

/**
 * Add what came of a capture: the report is taken apart by SQLite. One whose report is damaged is taken back, and added
 * as failed.
 *
 * @param out    the folder of the results
 * @param lines  set to a line of JSON for each case and finding, with the capture's path
 * @return false, and `problem` set, where the file cannot be written
 */
bool tcpt_database_add(tcpt_database *to, tcpt_result *result, const char *out, GString *lines[TCPT_ONES],
                       char **problem);

/** End it. @return false, and `problem` set, where not all could be written */
bool tcpt_database_close(tcpt_database *database, char **problem);

/** For queries. */
sqlite3 *tcpt_database_handle(tcpt_database *database);

#endif
