/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live.h"

enum { FLOWS_SETTLED = 64 }; /* at once */

static void describe_values(GString *text, const tcpt_finding *finding)
{
    tcpt_value value;
    for (unsigned at = 0; tcpt_next_value(finding, &at, &value);)
        g_string_append_printf(text, " %s=%" G_GINT64_FORMAT "/%s", tcpt_fields[value.field].filter, value.number,
                               value.text ? value.text : "");
}

static void describe_finding(const tcpt_finding *finding, void *data)
{
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    GString *text = data;
    char *summary = tcpt_summary(finding);
    g_string_append_printf(text, "%s %s \"%s\"", diagnosis->detector->id, tcpt_confidence_name(diagnosis->confidence),
                           summary);
    g_free(summary);
    describe_values(text, finding);
    for (uint32_t i = 0; i < diagnosis->related_count; i++)
        g_string_append_printf(text, " %u", diagnosis->related[i]->frame);
    for (unsigned i = 0; i < diagnosis->ruled_out_count; i++)
        g_string_append_printf(text, " not \"%s\"", diagnosis->ruled_out[i]);
    g_string_append_c(text, '\n');
}

static void describe_proven(const tcpt_finding *finding, void *data)
{
    g_string_append_printf(data, "proves %s in %u\n", finding->diagnosis->detector->id, finding->on->frame);
}

void scn_settle_now(scn_run *test, unsigned index)
{
    if (tcpt_analysis_totals(test->analysis).flows <= FLOWS_SETTLED)
        tcpt_settle_all(test->analysis);
    else if (test->records[index])
        tcpt_settle(test->analysis, test->records[index]->flow);
}

void scn_describe(scn_run *test)
{
    for (unsigned i = 0; i < test->scenario->frames->len; i++) {
        if (!test->records[i])
            continue;
        g_string_append_printf(test->described, "%u:\n", i + 1);
        tcpt_each_finding(test->records[i], describe_finding, test->described);
        tcpt_each_proven(test->records[i], describe_proven, test->described);
    }
}
