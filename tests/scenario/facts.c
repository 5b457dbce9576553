/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the core finds in a scenario, for update.py. */
#include "facts.h"

#include <stdio.h>
#include <string.h>

/** An expectation, and the frame whose findings are looked at. */
typedef struct telling {
    const scn_scenario *scenario;
    const scn_expectation *expectation;
    unsigned nth;
} telling;

/** True when every NAME= of the expectation is right, and there is one. */
static bool holds(const telling *about, const char *name, const tcpt_finding *finding)
{
    char *summary = tcpt_summary(finding);
    bool right = true, given = false;
    for (unsigned i = 0; i < about->expectation->fields->len; i++) {
        const char *field = about->expectation->fields->pdata[i];
        if (!g_str_has_prefix(field, name))
            continue;
        char *value = scn_resolve(about->scenario, field + strlen(name), NULL);
        given = true;
        right &= *name == 's' ? scn_says(summary, value) : scn_relates(finding, value, true);
        g_free(value);
    }
    g_free(summary);
    return given && right;
}

static void tell(const tcpt_finding *finding, void *data)
{
    const telling *about = data;
    const scn_expectation *expectation = about->expectation;
    if (strcmp(finding->diagnosis->detector->id, expectation->id) != 0)
        return;
    char *related = scn_show_related(finding), *summary = tcpt_summary(finding);
    printf("told\t%s\t%u\t%u\t%u\t%s\t%d\t%d\t%d\t%s\t%s\n", about->scenario->file, about->scenario->line,
           expectation->line, about->nth, expectation->id, scn_own(about->scenario, expectation),
           holds(about, "says=", finding), holds(about, "related=", finding), related, summary);
    g_free(related);
    g_free(summary);
}

static void tell_expected(const scn_run *test, const GPtrArray *expected, unsigned index, bool taken_back)
{
    for (unsigned i = 0; test->records[index] && i < expected->len; i++) {
        telling about = {test->scenario, expected->pdata[i], i};
        if (taken_back == about.expectation->taken_back)
            tcpt_each_finding(test->records[index], tell, &about);
    }
}

void scn_tell_frame(scn_run *test, unsigned index)
{
    tell_expected(test, ((const scn_frame *)test->scenario->frames->pdata[index])->expected, index, true);
}

static void tell_where(const scn_scenario *scenario, const scn_frame *frame, unsigned number, bool copy)
{
    printf("frame\t%s\t%u\t%u\t%u\t%u\t%d\t%s\n", scenario->file, scenario->line, number, frame->line, frame->part,
           copy, frame->label ? frame->label : "");
}

void scn_tell_end(scn_run *test)
{
    const scn_scenario *scenario = test->scenario;
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        guint copy;
        tell_expected(test, frame->expected, i, false);
        tell_expected(test, scenario->somewhere, i, false);
        tell_where(scenario, frame, i + 1, false);
        if (frame->copy && g_ptr_array_find(scenario->frames, frame->copy, &copy))
            tell_where(scenario, frame, copy + 1, true);
    }
}
