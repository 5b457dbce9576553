/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live.h"

#include "describe.h"

enum { FLOWS_SETTLED = 64 }; /* at once */

void scn_settle_now(scn_run *test, unsigned index)
{
    if (tcpt_analysis_totals(test->analysis).flows <= FLOWS_SETTLED)
        tcpt_settle_all(test->analysis);
    else if (test->records[index])
        tcpt_settle(test->analysis, tcpt_flow_of(test->records[index]));
}

void scn_describe(scn_run *test)
{
    for (unsigned i = 0; i < test->scenario->frames->len; i++) {
        if (!test->records[i])
            continue;
        scn_describe_frame(test->described, test->records[i]);
    }
}
