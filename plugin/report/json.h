/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The model as one JSON document, schema "tcptriage-report-1" (schema.json beside this file).
 */
#ifndef TCPTRIAGE_REPORT_JSON_H
#define TCPTRIAGE_REPORT_JSON_H

#include <stdio.h>

#include "model.h"

/** Write the document to a stream as it is made: a million findings are not kept in memory. */
void tcpt_report_json(FILE *file, const tcpt_model *model);

/** One case as a line of its own: its members as in the document, and "event": "case" before them. @param number  in
 * the place of the case's own, which says how grave it is among others */
void tcpt_json_case_line(FILE *file, const tcpt_model *model, const tcpt_case *made, uint32_t number);

/** A last line, "event": "end", with what the document says of the capture. */
void tcpt_json_end_line(FILE *file, const tcpt_model *model);

#endif
