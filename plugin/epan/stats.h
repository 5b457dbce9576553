/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Reports: `-z tcptriage[,FORM][,FILTER]`.
 */
#ifndef TCPTRIAGE_EPAN_STATS_H
#define TCPTRIAGE_EPAN_STATS_H

#include <stdbool.h>

#include <glib.h>

#include "model.h"

/** Everything that is known by now of the open capture file, as tcpt_report has it; tcpt_model_free() it. */
tcpt_model *tcpt_stats_model(tcpt_severity least, GHashTable *asked, bool filtered);

/** Register the -z option. */
void tcpt_stats_register(void);

#endif
