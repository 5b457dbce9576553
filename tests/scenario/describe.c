/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "describe.h"

#include "tcptriage/cases.h"

/** The few words, what it cost and whom it blames. */
static void describe_cost(GString *text, const tcpt_finding *finding)
{
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    char *brief = tcpt_brief_text(finding);
    g_string_append_printf(text, " (%s)", brief);
    g_free(brief);
    if (diagnosis->delay_ns)
        g_string_append_printf(text, " cost %" G_GINT64_FORMAT, diagnosis->delay_ns);
    if (diagnosis->blamed == TCPT_WAY_BLAMED)
        g_string_append(text, " blames the way");
    else if (diagnosis->blamed)
        g_string_append_printf(text, " blames %s", tcpt_role(tcpt_flow_of(finding->on), diagnosis->blamed - 1));
}

/** Values but for sequence numbers and addresses: in another guise those are others. */
static bool is_disguised(tcpt_field field)
{
    return field == TCPT_F_RST_EXPECTED_SEQ || field == TCPT_F_TUPLE_WAS || field == TCPT_F_TUPLE_IS ||
           field == TCPT_F_ICMP_FROM;
}

static void describe_values(GString *text, const tcpt_finding *finding)
{
    tcpt_value value;
    for (unsigned at = 0; tcpt_next_value(finding, &at, &value);) {
        if (is_disguised(value.field))
            continue;
        g_string_append_printf(text, " %s=%" G_GINT64_FORMAT "/%s", tcpt_fields[value.field].filter, value.number,
                               value.text ? value.text : "");
    }
}

static void describe_finding(const tcpt_finding *finding, void *data)
{
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    GString *text = data;
    char *summary = tcpt_summary(finding);
    g_string_append_printf(text, "%s %s \"%s\"", diagnosis->detector->id, tcpt_confidence_name(diagnosis->confidence),
                           summary);
    g_free(summary);
    describe_cost(text, finding);
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

/** What every frame shows. */
static void describe_record(GString *text, const tcpt_record *record)
{
    g_string_append_printf(text, "%u: %s/%s", record->frame, tcpt_state_name((tcpt_state)record->client_state),
                           tcpt_state_name((tcpt_state)record->server_state));
    g_string_append_printf(text, " tracker %u %u %u %u", record->ct_state, record->ct_current, record->ct_old,
                           record->ct_reason);
    g_string_append_printf(text, " receiver %u %u %d", record->receiver_verdict, record->receiver_drop,
                           record->over_limit);
    g_string_append_printf(text, " same as %u, copy %d, copied %d\n", record->same_as, record->copy, record->copied);
}

void scn_describe_frame(GString *text, const tcpt_record *record)
{
    describe_record(text, record);
    tcpt_each_finding(record, describe_finding, text);
    tcpt_each_proven(record, describe_proven, text);
}

static void note_frame(const tcpt_finding *finding, void *data)
{
    g_ptr_array_add(data, finding->on);
}

void scn_describe_found(GString *text, tcpt_analysis *analysis)
{
    GPtrArray *frames = g_ptr_array_new();
    unsigned count = 0;
    const tcpt_case *const *cases = tcpt_cases(analysis, &count);
    for (unsigned i = 0; i < count; i++)
        g_string_append_printf(text, "case %s of end %u: %u flows, %" G_GUINT64_FORMAT ", cost %" G_GINT64_FORMAT "\n",
                               cases[i]->detector->id, cases[i]->blamed_end, cases[i]->flow_count,
                               (guint64)cases[i]->finding_count, cases[i]->delay_ns);
    tcpt_each_found(analysis, note_frame, frames);
    for (unsigned i = 0; i < frames->len; i++)
        scn_describe_frame(text, frames->pdata[i]);
    g_ptr_array_free(frames, TRUE);
    tcpt_totals totals = tcpt_analysis_totals(analysis);
    g_string_append_printf(text, "%" G_GUINT64_FORMAT " segments, %" G_GUINT64_FORMAT " flows\n",
                           (guint64)totals.segments, (guint64)totals.flows);
}
