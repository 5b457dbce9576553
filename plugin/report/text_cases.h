/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The part of the text report that tells the cases.
 */
#ifndef TCPTRIAGE_REPORT_TEXT_CASES_H
#define TCPTRIAGE_REPORT_TEXT_CASES_H

#include "model.h"

/** Write the cases that are told, the gravest first: the first ones in full, further ones by title, the rest counted.
 * What a kind means is said once. */
void tcpt_text_cases(GString *out, const tcpt_model *model);

#endif
