/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The cases of an analysis: made and freed. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_CASES_H
#define TCPTRIAGE_CORE_FINDING_CASES_H

#include <glib.h>

#include "core/peers/peers.h"
#include "tcptriage/cases.h"

typedef struct tcpt_case_list {
    GPtrArray *cases;  /**< tcpt_case *, owned, the gravest first; NULL before the first */
    uint64_t made_for; /**< generation of the analysis */
} tcpt_case_list;

/** Make them anew from all flows' findings, which are settled. Linear in findings. `wide`: what no flow has for itself.
 */
void tcpt_cases_make(tcpt_case_list *list, const tcpt_flow *first, tcpt_diagnosis *wide, const tcpt_peers *peers);

void tcpt_cases_clear(tcpt_case_list *list);

#endif
