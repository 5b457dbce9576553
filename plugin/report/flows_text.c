/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of connections as text: one line each, for the eye and for grep. */
#include <string.h>

#include "flows.h"
#include "tcptriage/address.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"
#include "words.h"

enum column {
#define TCPT_FLOW_COLUMN(id, heading, holds) id,
#include "flows.def"
#undef TCPT_FLOW_COLUMN
    COLUMNS
};

enum { WORDS, COUNT, DURATION, STREAM_NUMBER };

static const struct heading {
    const char *name;
    bool number; /* aligned to the right */
} headings[COLUMNS] = {
#define TCPT_FLOW_COLUMN(id, heading, holds) {heading, (holds) != WORDS},
#include "flows.def"
#undef TCPT_FLOW_COLUMN
};

/* Cells of all rows, one behind the other. */
typedef struct table {
    GPtrArray *cells;
    unsigned widths[COLUMNS];
    unsigned columns; /* without the points where there is one only */
} table;

static void add_cell(table *to, char *text)
{
    unsigned column = to->cells->len % COLUMNS;

    to->widths[column] = MAX(to->widths[column], (unsigned)g_utf8_strlen(text, -1));
    g_ptr_array_add(to->cells, text);
}

static char *socket_of(const tcpt_flow *flow, unsigned end)
{
    char text[TCPT_SOCKET_BYTES];

    return g_strdup(tcpt_socket_text(text, flow->key.family, flow->key.address[end], flow->key.port[end]));
}

static char *stream_text(const tcpt_model *model, const tcpt_flow *flow)
{
    uint32_t stream = tcpt_flow_stream(model, flow);

    return stream == UINT32_MAX ? g_strdup("-") : g_strdup_printf("%u", stream);
}

static char *state_text(const tcpt_flow_row *row, unsigned end)
{
    const char *state = tcpt_row_state(row, end);

    return g_strdup(*state ? state : "-");
}

static void add_row(table *to, const tcpt_model *model, const tcpt_flow_row *row)
{
    const tcpt_flow *flow = row->flow;
    unsigned client = flow->client;

    add_cell(to, socket_of(flow, client));
    add_cell(to, socket_of(flow, !client));
    add_cell(to, g_strdup(tcpt_outcome_name(row->outcome)));
    add_cell(to, state_text(row, client));
    add_cell(to, state_text(row, !client));
    add_cell(to, row->case_number ? g_strdup_printf("%u", row->case_number) : g_strdup("-"));
    add_cell(to, row->delay_ns ? g_strdup_printf("%.3f", tcpt_as_seconds(row->delay_ns)) : g_strdup("-"));
    add_cell(to, g_strdup(row->owes == TCPT_NOBODY_OWES ? "-" : tcpt_row_owes(row)));
    add_cell(to, g_strdup_printf("%u", flow->ends[0].segment_count + flow->ends[1].segment_count));
    add_cell(to, stream_text(model, flow));
    add_cell(to, g_strdup(tcpt_row_point(row, model->report.analysis)));
}

static void write_cells(GString *out, const table *from, unsigned first)
{
    for (unsigned column = 0; column < from->columns; column++) {
        const char *text = from->cells->pdata[first + column];
        int space = (int)(from->widths[column] - (unsigned)g_utf8_strlen(text, -1));

        if (headings[column].number)
            g_string_append_printf(out, "%*s%s  ", space, "", text);
        else
            g_string_append_printf(out, "%s%*s  ", text, space, "");
    }
    while (out->len && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

static void write_table(GString *out, const tcpt_model *model, const GArray *rows)
{
    table made = {.cells = g_ptr_array_new_with_free_func(g_free),
                  .columns = tcpt_has_points(model->report.analysis) ? COLUMNS : POINT};

    for (unsigned column = 0; column < COLUMNS; column++)
        add_cell(&made, g_strdup(headings[column].name));
    for (unsigned i = 0; i < rows->len; i++)
        add_row(&made, model, &g_array_index(rows, tcpt_flow_row, i));
    for (unsigned first = 0; first < made.cells->len; first += COLUMNS)
        write_cells(out, &made, first);
    g_ptr_array_free(made.cells, TRUE);
}

void tcpt_report_flows(GString *out, const tcpt_model *model)
{
    uint64_t left_out = 0;
    GArray *rows = tcpt_flow_rows(model, &left_out);

    append_count(out, rows->len + left_out, "connection");
    g_string_append(out, rows->len ? ", the failed ones first, then by time lost\n" : "\n");
    if (rows->len)
        write_table(out, model, rows);
    if (left_out)
        g_string_append_printf(out,
                               "%" PRIu64 " more are not listed: %d rows are the most; a display filter behind the "
                               "option selects others\n",
                               left_out, TCPT_FLOW_ROWS);
    g_array_free(rows, TRUE);
}
