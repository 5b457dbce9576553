/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the core finds in a scenario, for update.py. */
#include "facts.h"

#include <stdio.h>
#include <string.h>

#include "said.h"

/** An expectation, and the frame whose findings are looked at. */
typedef struct telling {
    const scn_run *test;
    const scn_scenario *scenario;
    const scn_expectation *expectation;
    unsigned nth;
} telling;

/** How many fields of that name the expectation has; *right is false when one of them does not hold. */
static unsigned given(const telling *about, const scn_said *said, const char *shown, bool *right)
{
    unsigned count = 0;
    for (unsigned i = 0; i < about->expectation->fields->len; i++) {
        const char *field = about->expectation->fields->pdata[i];
        if (scn_said_of(field) != said)
            continue;
        char *value = scn_resolve(about->scenario, strchr(field, '=') + 1, NULL);
        *right &= said->fits(shown, value);
        count++;
        g_free(value);
    }
    return count;
}

static void tell_said(const telling *about, const scn_said *said, const tcpt_finding *finding)
{
    char *shown = said->show(finding);
    bool right = true, must = said->has && said->has(finding);
    unsigned count = given(about, said, shown, &right);
    if (count || must)
        printf("\t%s\t%d\t%s", said->name, count && right, shown);
    g_free(shown);
}

/** What it said when it was raised, where that is not what it says now. */
static void tell_then(const telling *about, const tcpt_finding *finding)
{
    const char *then = g_hash_table_lookup(about->test->then, about->expectation);
    char *now = tcpt_summary(finding);
    bool right = true, given = false;
    for (unsigned i = 0; then && i < about->expectation->fields->len; i++) {
        const char *field = about->expectation->fields->pdata[i];
        if (!g_str_has_prefix(field, "said="))
            continue;
        char *value = scn_resolve(about->scenario, field + strlen("said="), NULL);
        given = true;
        right &= scn_said_of("says")->fits(then, value);
        g_free(value);
    }
    if (then && (given || strcmp(then, now) != 0))
        printf("\tsaid\t%d\t%s", given && right, then);
    g_free(now);
}

static void tell(const tcpt_finding *finding, void *data)
{
    const telling *about = data;
    const scn_expectation *expectation = about->expectation;
    if (strcmp(finding->diagnosis->detector->id, expectation->id) != 0)
        return;
    printf("told\t%s\t%u\t%u\t%u\t%s\t%d", about->scenario->file, about->scenario->line, expectation->line, about->nth,
           expectation->id, scn_own(about->scenario, expectation));
    for (const scn_said *said = scn_saids; said->name; said++)
        tell_said(about, said, finding);
    tell_then(about, finding);
    putchar('\n');
}

static void tell_expected(const scn_run *test, const GPtrArray *expected, unsigned index, bool taken_back)
{
    for (unsigned i = 0; test->records[index] && i < expected->len; i++) {
        telling about = {test, test->scenario, expected->pdata[i], i};
        if (taken_back == about.expectation->taken_back)
            tcpt_each_finding(test->records[index], tell, &about);
    }
}

void scn_tell_frame(scn_run *test, unsigned index)
{
    scn_note_said(test, index);
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
