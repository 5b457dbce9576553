/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The model as one page, for those who were not there.
 */
#ifndef TCPTRIAGE_REPORT_HTML_H
#define TCPTRIAGE_REPORT_HTML_H

#include <stdio.h>

#include "model.h"

/** Write the page to a stream as it is made: it is never whole in memory. Look at ferror() behind it. Pictures are in
 * it where they were expected (tcpt_expect_pictures()). */
void tcpt_report_html(FILE *file, const tcpt_model *model);

#endif
