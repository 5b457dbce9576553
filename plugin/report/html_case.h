/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A case on a page.
 */
#ifndef TCPTRIAGE_REPORT_HTML_CASE_H
#define TCPTRIAGE_REPORT_HTML_CASE_H

#include "model.h"

/** Append all that is told of a case; it can be linked to as "#case-NUMBER". */
void tcpt_html_case(GString *out, const tcpt_model *model, const tcpt_case *made);

#endif
