/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live.h"

enum { FLOWS_SETTLED = 64 }; /* at once */

static void describe_value(GString *text, const tcpt_value *value)
{
    g_string_append_printf(text, " %s=%" G_GINT64_FORMAT, tcpt_fields[value->field].filter, value->number);
    if (value->text)
        g_string_append_printf(text, "/%s", value->text);
}

static void describe_finding(const tcpt_finding *finding, void *data)
{
    GString *text = data;
    g_string_append_printf(text, "%s %s \"%s\"", finding->detector->id, tcpt_confidence_name(finding->confidence),
                           finding->summary);
    for (unsigned i = 0; i < finding->value_count; i++)
        describe_value(text, &finding->values[i]);
    for (unsigned i = 0; i < finding->related_count; i++)
        g_string_append_printf(text, " %u", finding->related[i]->frame);
    for (unsigned i = 0; i < finding->ruled_out_count; i++)
        g_string_append_printf(text, " not \"%s\"", finding->ruled_out[i]);
    g_string_append_c(text, '\n');
}

static void describe_proven(const tcpt_finding *finding, void *data)
{
    g_string_append_printf(data, "proves %s in %u\n", finding->detector->id, finding->on->frame);
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
