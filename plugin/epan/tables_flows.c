/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics > TCP Triage: Connections. */
#include <glib.h>
#include <epan/stat_tap_ui.h>

#include "compat.h"
#include "flows.h"
#include "present.h"
#include "seen.h"
#include "stats.h"
#include "tables.h"
#include "tcptriage/address.h"
#include "tcptriage/times.h"

enum column {
    RANK,
#define TCPT_FLOW_COLUMN(id, heading, holds) id,
#include "flows.def"
#undef TCPT_FLOW_COLUMN
    COLUMNS
};

/* Members of a column, by what its cells hold. */
#define WORDS(heading)         TABLE_ITEM_STRING, TAP_ALIGN_LEFT, heading, "%s"
#define COUNT(heading)         TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, heading, "%u"
#define DURATION(heading)      TABLE_ITEM_FLOAT, TAP_ALIGN_RIGHT, heading, "%.3f"
#define STREAM_NUMBER(heading) TABLE_ITEM_INT, TAP_ALIGN_RIGHT, heading, "%d"

static stat_tap_table_item columns[COLUMNS] = {
    {COUNT("No.")},
#define TCPT_FLOW_COLUMN(id, heading, holds) {holds(heading)},
#include "flows.def"
#undef TCPT_FLOW_COLUMN
};

enum { ROWS_MOST = 2 * TCPT_FLOW_ROWS };

/* What the table is filled with. */
static struct {
    tcpt_model *model; /* NULL while nothing is being filled in */
    GHashTable *ranks; /* flow -> its place among those to look at first */
    GByteArray *seen;
    unsigned further; /* rows of others, as they come */
    unsigned left_out;
    unsigned last_row; /* tells that number; valid with it */
} filling;

/* Rows that were there before the filter changed: Wireshark's window may read them until it is filled anew. */
static GPtrArray *retired;

static void forget_filling(void)
{
    if (!filling.model)
        return;
    tcpt_model_free(filling.model);
    g_hash_table_destroy(filling.ranks);
    g_byte_array_free(filling.seen, TRUE);
    filling.model = NULL;
}

static void begin_filling(void)
{
    uint64_t left_out;
    GArray *rows;

    filling.model = tcpt_stats_model(TCPT_CHAT, NULL, false);
    filling.ranks = g_hash_table_new(NULL, NULL);
    filling.seen = g_byte_array_new();
    filling.further = filling.left_out = 0;
    rows = tcpt_flow_rows(filling.model, &left_out);
    for (unsigned i = 0; i < rows->len; i++)
        g_hash_table_insert(filling.ranks, (gpointer)g_array_index(rows, tcpt_flow_row, i).flow,
                            GUINT_TO_POINTER(i + 1));
    g_array_free(rows, TRUE);
}

/* ---- rows ---- */

static void free_cell(stat_tap_table_item_type *cell)
{
    if (cell->type == TABLE_ITEM_STRING)
        g_free((char *)cell->value.string_value);
    cell->type = TABLE_ITEM_NONE;
}

static void free_row(void *data)
{
    stat_tap_table_item_type *row = data;

    for (unsigned column = 0; column < COLUMNS; column++)
        free_cell(&row[column]);
    g_free(row);
}

static void retire_rows(stat_tap_table *table)
{
    if (!retired)
        retired = g_ptr_array_new_with_free_func(free_row);
    for (unsigned row = 0; row < table->num_elements; row++)
        g_ptr_array_add(retired, table->elements[row]);
    table->num_elements = 0;
}

static void free_retired(void)
{
    g_clear_pointer(&retired, g_ptr_array_unref);
}

static stat_tap_table_item_type text_cell(const char *text)
{
    return (stat_tap_table_item_type){.type = TABLE_ITEM_STRING, .value.string_value = g_strdup(text)};
}

static stat_tap_table_item_type number_cell(unsigned number)
{
    return (stat_tap_table_item_type){.type = TABLE_ITEM_UINT, .value.uint_value = number};
}

static stat_tap_table_item_type socket_cell(const tcpt_flow *flow, unsigned end)
{
    char text[TCPT_SOCKET_BYTES];

    return text_cell(tcpt_socket_text(text, flow->key.family, flow->key.address[end], flow->key.port[end]));
}

/* Unknown is -1. */
static stat_tap_table_item_type stream_cell(const tcpt_flow *flow)
{
    return (stat_tap_table_item_type){.type = TABLE_ITEM_INT,
                                      .value.int_value = (int)tcpt_flow_stream(filling.model, flow)};
}

static void add_row(stat_tap_table *table, unsigned rank, const tcpt_flow *flow)
{
    tcpt_flow_row row = tcpt_flow_row_of(flow);
    unsigned client = flow->client;
    stat_tap_table_item_type cells[COLUMNS] = {
        [RANK] = number_cell(rank),
        [CLIENT] = socket_cell(flow, client),
        [SERVER] = socket_cell(flow, !client),
        [OUTCOME] = text_cell(tcpt_outcome_name(row.outcome)),
        [CLIENT_STATE] = text_cell(tcpt_row_state(&row, client)),
        [SERVER_STATE] = text_cell(tcpt_row_state(&row, !client)),
        [OF_CASE] = number_cell(row.case_number),
        [LOST] = {.type = TABLE_ITEM_FLOAT, .value.float_value = tcpt_as_seconds(row.delay_ns)},
        [OWES] = text_cell(tcpt_row_owes(&row)),
        [SEGMENTS] = number_cell(flow->ends[0].segment_count + flow->ends[1].segment_count),
        [STREAM] = stream_cell(flow),
        [POINT] = text_cell(tcpt_row_point(&row, filling.model->report.analysis)),
    };

    stat_tap_init_table_row(table, table->num_elements, COLUMNS, cells);
}

/* The last row, once there is no room for others. */
static void add_last_row(stat_tap_table *table)
{
    stat_tap_table_item_type cells[COLUMNS];
    char *why = g_strdup_printf("not listed: %d rows are the most", ROWS_MOST);

    for (unsigned column = 0; column < COLUMNS; column++)
        cells[column] = columns[column].type == TABLE_ITEM_STRING
                            ? text_cell(column == SERVER ? why : "")
                            : (stat_tap_table_item_type){.type = columns[column].type};
    cells[RANK] = number_cell(ROWS_MOST + 1);
    filling.last_row = table->num_elements;
    stat_tap_init_table_row(table, table->num_elements, COLUMNS, cells);
    g_free(why);
}

static void count_left_out(stat_tap_table *table)
{
    stat_tap_table_item_type *cell;
    char *text = g_strdup_printf("%u more", ++filling.left_out);

    if (filling.left_out == 1)
        add_last_row(table);
    cell = stat_tap_get_field_data(table, filling.last_row, CLIENT);
    free_cell(cell);
    *cell = text_cell(text);
    g_free(text);
}

/* Those to look at first always have room, whichever comes first in the capture. */
static void add_flow(stat_tap_table *table, const tcpt_flow *flow)
{
    unsigned rank = GPOINTER_TO_UINT(g_hash_table_lookup(filling.ranks, flow));

    if (rank)
        add_row(table, rank, flow);
    else if (filling.further < ROWS_MOST - TCPT_FLOW_ROWS)
        add_row(table, TCPT_FLOW_ROWS + ++filling.further, flow);
    else
        count_left_out(table);
}

/* ---- what Wireshark calls ---- */

static void reset_table(stat_tap_table *table)
{
    retire_rows(table);
    forget_filling();
}

/* Before each filling: the first time, and when the filter changes. */
static void begin_table(stat_tap_table_ui *of)
{
    static const char name[] = "Connections";
    stat_tap_table *table = stat_tap_find_table(of, name);

    if (of->refcount <= 1) /* nobody else's window */
        free_retired();
    if (table)
        reset_table(table);
    else
        stat_tap_add_table(of, stat_tap_init_table(name, COLUMNS, 0, NULL));
}

static tap_packet_status add_frame(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                   tap_flags_t flags)
{
    const stat_data_t *window = data;
    const tcpt_record *record = tapped;

    (void)pinfo, (void)edt, (void)flags;
    if (!filling.model)
        begin_filling();
    if (tcpt_seen_first(filling.seen, tcpt_flow_of(record)->number))
        add_flow(g_array_index(window->stat_tap_data->tables, stat_tap_table *, 0), tcpt_flow_of(record));
    return TAP_PACKET_DONT_REDRAW; /* it is drawn at the end */
}

/* The last window is closed. */
static void free_item(stat_tap_table *table, unsigned row, unsigned column, stat_tap_table_item_type *cell)
{
    (void)table, (void)row, (void)column;
    free_cell(cell);
    free_retired();
    forget_filling();
}

void tcpt_flow_window_register(void)
{
    static tap_param parameters[] = {{PARAM_FILTER, "filter", "Filter", NULL, TRUE}};
    static stat_tap_table_ui window = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .title = "TCP Triage: Connections",
        .tap_name = TCPT_TAP,
        .cli_string = "tcptriage,connections",
        .stat_tap_init_cb = begin_table,
        .packet_func = add_frame,
        .stat_tap_reset_table_cb = reset_table,
        .stat_tap_free_table_item_cb = free_item,
        .nfields = COLUMNS,
        .fields = columns,
        .nparams = G_N_ELEMENTS(parameters),
        .params = parameters,
    };

    register_stat_tap_table_ui(&window);
    register_cleanup_routine(forget_filling);
}
