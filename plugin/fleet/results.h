/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What was to be read, and what came of it: the folder OUT of tcptriage-fleet.
 */
#ifndef TCPTRIAGE_FLEET_RESULTS_H
#define TCPTRIAGE_FLEET_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/** One file of a capture. */
typedef struct tcpt_planned_file {
    char *path;      /**< as it can be shown: JSON and the database hold UTF-8 */
    uint64_t frames; /**< 0 where nobody counted them */
} tcpt_planned_file;

/** A line of plan, or several. */
typedef struct tcpt_planned {
    char *key, *kind;
    GArray *files; /**< tcpt_planned_file */
} tcpt_planned;

typedef struct tcpt_plan {
    GPtrArray *captures; /**< tcpt_planned */
    uint64_t skipped;    /**< files in folders that are no captures */
} tcpt_plan;

typedef enum tcpt_result_state { TCPT_RESULT_READ, TCPT_RESULT_PARTLY, TCPT_RESULT_FAILED } tcpt_result_state;

/** What came of one. */
typedef struct tcpt_result {
    const tcpt_planned *of;
    tcpt_result_state state;
    char *reason; /**< why it was not read, or not all of it; NULL */
    char *page;   /**< its page, from the folder; NULL */
    char *report; /**< JSON; NULL where it could not be read */
} tcpt_result;

/** @return false, and `problem` set, to be freed, where there is none */
bool tcpt_plan_read(tcpt_plan *plan, const char *out, char **problem);
void tcpt_plan_clear(tcpt_plan *plan);

tcpt_result tcpt_result_load(const char *out, const tcpt_planned *of);
void tcpt_result_clear(tcpt_result *result);

/** The report is damaged: it is taken away, so that the next run makes it anew. */
void tcpt_result_refuse(tcpt_result *result, const char *out);

const char *tcpt_result_state_name(tcpt_result_state state);

#endif
