/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Reports: `-z tcptriage[,FORM][,FILTER]`.
 */
#ifndef TCPTRIAGE_EPAN_STATS_H
#define TCPTRIAGE_EPAN_STATS_H

/** Register the -z option. */
void tcpt_stats_register(void);

#endif
