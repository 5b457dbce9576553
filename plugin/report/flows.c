/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flows.h"

#include "tcptriage/analysis.h"
#include "tcptriage/points.h"

/* ---- one row ---- */

static bool closed(const tcpt_endpoint *end)
{
    return end->fin || end->fin_acked;
}

/* The end that would have to act next for the connection to go on. */
static unsigned owing_end(const tcpt_flow *flow, tcpt_outcome outcome)
{
    unsigned client = flow->client, server = !client;
    const tcpt_endpoint *ends = flow->ends;

    switch (outcome) {
    case TCPT_OUTCOME_NO_ANSWER:
        return server;
    case TCPT_OUTCOME_HANDSHAKE_FAILED:
        return ends[server].syn && !flow->handshake_done ? client : server;
    case TCPT_OUTCOME_SILENT:
        return ends[server].unanswered_ns ? client : server;
    case TCPT_OUTCOME_STUCK:
        if (closed(&ends[client]) != closed(&ends[server]))
            return closed(&ends[client]) ? server : client;
        return tcpt_window_is_shut(&ends[client]) ? client : server;
    default:
        return TCPT_NOBODY_OWES;
    }
}

/* Consequences cost nothing on top of their cause. */
static void add_list(tcpt_flow_row *row, const tcpt_diagnosis *diagnosis)
{
    for (; diagnosis; diagnosis = diagnosis->next) {
        const tcpt_case *part_of = tcpt_alike(diagnosis) ? tcpt_case_of(diagnosis) : NULL;

        if (!part_of)
            continue;
        if (!row->case_number || part_of->number < row->case_number)
            row->case_number = part_of->number;
        if (!diagnosis->consequence)
            row->delay_ns = MIN(row->delay_ns + diagnosis->delay_ns, TCPT_DELAY_MOST_NS);
    }
}

tcpt_flow_row tcpt_flow_row_of(const tcpt_flow *flow)
{
    tcpt_flow_row row = {.flow = flow, .outcome = tcpt_outcome_of(flow)};

    row.owes = owing_end(flow, row.outcome);
    add_list(&row, tcpt_first_diagnosis(flow));
    add_list(&row, tcpt_first_end_diagnosis(flow));
    return row;
}

const char *tcpt_row_owes(const tcpt_flow_row *row)
{
    return row->owes == TCPT_NOBODY_OWES ? "" : tcpt_role(row->flow, row->owes);
}

const char *tcpt_row_state(const tcpt_flow_row *row, unsigned end)
{
    return row->flow->last_record ? tcpt_state_name(tcpt_state_in(row->flow->last_record, end)) : "";
}

uint32_t tcpt_flow_stream(const tcpt_model *model, const tcpt_flow *flow)
{
    return model->report.stream_of && flow->last_record ? model->report.stream_of(flow->last_record) : UINT32_MAX;
}

const char *tcpt_row_point(const tcpt_flow_row *row, const tcpt_analysis *analysis)
{
    return tcpt_has_points(analysis) && row->flow->at->name ? row->flow->at->name : "";
}

/* ---- the first rows ---- */

static int compare_rows(gconstpointer a, gconstpointer b)
{
    const tcpt_flow_row *left = a, *right = b;
    int failed = tcpt_outcome_is_failure(right->outcome) - tcpt_outcome_is_failure(left->outcome);

    if (failed)
        return failed;
    if (left->delay_ns != right->delay_ns)
        return left->delay_ns < right->delay_ns ? 1 : -1;
    return left->flow->number < right->flow->number ? -1 : 1;
}

static void keep_first(GArray *rows)
{
    g_array_sort(rows, compare_rows);
    if (rows->len > TCPT_FLOW_ROWS)
        g_array_set_size(rows, TCPT_FLOW_ROWS);
}

/* NULL for all of them. */
static GHashTable *flows_asked(const tcpt_model *model)
{
    GHashTable *flows;
    GHashTableIter at;
    gpointer record;

    if (!model->report.asked)
        return NULL;
    flows = g_hash_table_new(NULL, NULL);
    g_hash_table_iter_init(&at, model->report.asked);
    while (g_hash_table_iter_next(&at, &record, NULL))
        g_hash_table_add(flows, tcpt_flow_of(((const tcpt_record *)record)));
    return flows;
}

GArray *tcpt_flow_rows(const tcpt_model *model, uint64_t *left_out)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(tcpt_flow_row));
    GHashTable *asked = flows_asked(model);
    const tcpt_flow *flow = model->report.analysis ? tcpt_first_flow(model->report.analysis) : NULL;
    uint64_t seen = 0;

    for (; flow; flow = flow->next) {
        tcpt_flow_row row;

        if (asked && !g_hash_table_contains(asked, flow))
            continue;
        row = tcpt_flow_row_of(flow);
        g_array_append_val(rows, row);
        seen++;
        if (rows->len == 2 * TCPT_FLOW_ROWS)
            keep_first(rows); /* as long as sorting half of them away is worth it */
    }
    keep_first(rows);
    *left_out = seen - rows->len;
    if (asked)
        g_hash_table_destroy(asked);
    return rows;
}
