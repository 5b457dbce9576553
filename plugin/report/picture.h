/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Pictures of cases, drawn from the packets, as inline SVG.
 */
#ifndef TCPTRIAGE_REPORT_PICTURE_H
#define TCPTRIAGE_REPORT_PICTURE_H

#include "model.h"

/**
 * Append a <figure> that shows a case's worst connection, as far as that was kept (tcpt_expect_pictures()).
 *
 * @return false when there is nothing to draw
 */
bool tcpt_picture(GString *out, const tcpt_model *model, const tcpt_case *made);

/** The style sheet that figures need, by the variables --bg --fg --muted --line --accent --warn --good --client
 * --server and --sans. */
const char *tcpt_picture_style(void);

#endif
