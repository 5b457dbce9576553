/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live.h"

#include <string.h>

#include "describe.h"
#include "tcptriage/times.h"

enum { FLOWS_SETTLED = 64 /* at once */, QUIET_SECONDS = 240 /* as the command has it */, RELEASES = 256 };

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

/** After every frame; after some of a longer scenario's, as everything is looked through. */
static void release(scn_run *test, unsigned index, int64_t quiet_ns)
{
    test->records[index] = NULL;
    if (index % (1 + test->scenario->frames->len / RELEASES) == 0)
        tcpt_release(test->analysis, quiet_ns, NULL, NULL);
}

void scn_release_records(scn_run *test, unsigned index)
{
    release(test, index, INT64_MAX);
}

void scn_release_flows(scn_run *test, unsigned index)
{
    release(test, index, tcpt_seconds_ns(QUIET_SECONDS));
}

void scn_forget_newest(scn_run *test, unsigned index)
{
    tcpt_flow *flow = test->records[index] ? tcpt_flow_of(test->records[index]) : NULL;

    if (!flow)
        return;
    memset(flow->seen, 0, sizeof flow->seen);
    flow->seen_newest = (tcpt_fingerprint){0};
}

void scn_release_forgotten(scn_run *test, unsigned index)
{
    scn_forget_newest(test, index);
    release(test, index, INT64_MAX);
}

void scn_describe_found_in(scn_run *test)
{
    scn_describe_found(test->described, test->analysis);
}
