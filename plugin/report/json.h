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

#endif
