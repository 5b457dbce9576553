/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics > TCP Triage: what leads to frames. Wireshark's own windows for trees and tables offer no filter for a row
 * (seen in 4.0.17: their menus have Copy and Save as); a text window has buttons, and a button may set one. */
#include <glib.h>
#include <epan/funnel.h>
#include <epan/plugin_if.h>

#include "case_text.h"
#include "compat.h"
#include "filters.h"
#include "flows.h"
#include "stats.h"
#include "tables.h"
#include "tcptriage/address.h"
#include "tcptriage/times.h"
#include "words.h"

enum {
    BUTTONS = 8,  /* as many stand beside each other in a window of usual width */
    COLUMNS = 76, /* of the text */
};

/* Frames to go to. */
typedef struct target {
    char *filter;
    uint32_t frame;  /* the first one; 0 unknown */
    unsigned opened; /* which capture file they are in */
} target;

/* Capture files that were closed: a window may outlive its own. */
static unsigned closed;

static void note_closed(void)
{
    closed++;
}

static void free_target(void *data)
{
    target *of = data;

    g_free(of->filter);
    g_free(of);
}

static void go(const target *to)
{
    plugin_if_apply_filter(to->filter, TRUE);
    if (to->frame)
        plugin_if_goto_frame(to->frame);
}

static target *target_of_case(const tcpt_model *model, const tcpt_case *made)
{
    target *to = g_new(target, 1);
    uint64_t count;
    GArray *frames = tcpt_model_case_frames(model, made, &count);

    *to = (target){tcpt_filter_for_case(made), frames->len ? g_array_index(frames, uint32_t, 0) : 0, closed};
    g_array_free(frames, TRUE);
    return to;
}

static target *target_of_stream(uint32_t stream)
{
    target *to = g_new(target, 1);

    *to = (target){g_strdup_printf("tcp.stream eq %u", stream), 0, closed};
    return to;
}

/* ---- a window ---- */

static tcpt_button_bool press(funnel_text_window_t *window, void *data)
{
    const target *to = data;

    if (to->opened == closed)
        go(to);
    else
        funnel_get_funnel_ops()->set_text(window, "The capture was closed, or read anew: open this window once more.");
    return TRUE;
}

static funnel_text_window_t *open_window(const char *title, GString *text)
{
    const funnel_ops_t *ops = funnel_get_funnel_ops();
    funnel_text_window_t *window = ops->new_text_window(ops->ops_id, title);

    ops->set_text(window, text->str);
    return window;
}

/* Takes both over. */
static void add_button(funnel_text_window_t *window, char *label, target *to)
{
    funnel_bt_t *button = g_new0(funnel_bt_t, 1);

    *button = (funnel_bt_t){.tw = window, .func = press, .data = to, .free_fcn = g_free, .free_data_fcn = free_target};
    funnel_get_funnel_ops()->add_button(window, button, label);
    g_free(label);
}

/* ---- cases ---- */

static void append_verdict(GString *text, const tcpt_model *model)
{
    char *verdict = tcpt_verdict_line(model);

    set_columns(COLUMNS);
    write_wrapped(text, verdict, 0, 2);
    g_free(verdict);
}

static unsigned cases_told(const tcpt_model *model)
{
    unsigned told = 0;

    while (told < model->case_count && tcpt_model_tells(model, model->cases[told]))
        told++; /* the gravest first: behind one that is not told none is */
    return told;
}

static void append_case(GString *text, const tcpt_model *model, const tcpt_case *made)
{
    char *title = tcpt_case_title(model, made);
    char *line = g_strdup_printf("%u. %s: %s", made->number, tcpt_severity_name(made->severity), title);

    g_string_append_c(text, '\n');
    write_wrapped(text, line, 0, 3);
    g_free(line);
    g_free(title);
}

static void show_cases(ext_menubar_gui_type type, void *object, void *data)
{
    tcpt_model *model = tcpt_stats_model(TCPT_NOTE, NULL, false);
    unsigned told = cases_told(model), listed = MIN(told, BUTTONS);
    GString *text = g_string_new(NULL);
    funnel_text_window_t *window;

    (void)type, (void)object, (void)data;
    append_verdict(text, model);
    for (unsigned i = 0; i < listed; i++)
        append_case(text, model, model->cases[i]);
    if (told > listed)
        g_string_append_printf(text, "\n%u more cases, none graver: \"tcptriage.case eq %u\" shows the next one.\n",
                               told - listed, listed + 1);
    window = open_window("TCP Triage: Choose a Case", text);
    for (unsigned i = 0; i < listed; i++)
        add_button(window, g_strdup_printf("Case %u", model->cases[i]->number), target_of_case(model, model->cases[i]));
    g_string_free(text, TRUE);
    tcpt_model_free(model);
}

/* ---- connections ---- */

static uint32_t stream_of(const tcpt_model *model, const GArray *rows, unsigned row)
{
    return tcpt_flow_stream(model, g_array_index(rows, tcpt_flow_row, row).flow);
}

/* Seen at another point, or a life that Wireshark takes for the same connection: its button is there. */
static bool has_button(const tcpt_model *model, const GArray *rows, unsigned row)
{
    uint32_t stream = stream_of(model, rows, row);

    for (unsigned before = 0; before < row; before++)
        if (stream_of(model, rows, before) == stream)
            return true;
    return stream == UINT32_MAX;
}

static void append_row(GString *text, const tcpt_model *model, const tcpt_flow_row *row)
{
    const tcpt_flow *flow = row->flow;
    const tcpt_flow_key *key = &flow->key;
    char client[TCPT_SOCKET_BYTES], server[TCPT_SOCKET_BYTES];
    uint32_t stream = tcpt_flow_stream(model, flow);

    if (stream == UINT32_MAX)
        g_string_append(text, "\nNo stream: ");
    else
        g_string_append_printf(text, "\nStream %u: ", stream);
    g_string_append_printf(text, "%s -> %s\n  %s",
                           tcpt_socket_text(client, key->family, key->address[flow->client], key->port[flow->client]),
                           tcpt_socket_text(server, key->family, key->address[!flow->client], key->port[!flow->client]),
                           tcpt_outcome_words(row->outcome));
    if (row->owes != TCPT_NOBODY_OWES)
        g_string_append_printf(text, ", the %s has to act", tcpt_row_owes(row));
    if (row->delay_ns)
        g_string_append_printf(text, ", %.3f s lost", tcpt_as_seconds(row->delay_ns));
    if (row->case_number)
        g_string_append_printf(text, ", case %u", row->case_number);
    g_string_append_c(text, '\n');
}

static void show_connections(ext_menubar_gui_type type, void *object, void *data)
{
    tcpt_model *model = tcpt_stats_model(TCPT_NOTE, NULL, false);
    uint64_t left_out;
    GArray *rows = tcpt_flow_rows(model, &left_out);
    unsigned listed = MIN(rows->len, BUTTONS);
    GString *text = g_string_new(NULL);
    funnel_text_window_t *window;

    (void)type, (void)object, (void)data;
    append_verdict(text, model);
    for (unsigned i = 0; i < listed; i++)
        append_row(text, model, &g_array_index(rows, tcpt_flow_row, i));
    if (rows->len > listed)
        g_string_append_printf(text, "\n%" PRIu64 " more are in Statistics, TCP Triage: Connections.\n",
                               rows->len - listed + left_out);
    window = open_window("TCP Triage: Choose a Connection", text);
    for (unsigned i = 0; i < listed; i++)
        if (!has_button(model, rows, i))
            add_button(window, g_strdup_printf("Stream %u", stream_of(model, rows, i)),
                       target_of_stream(stream_of(model, rows, i)));
    g_string_free(text, TRUE);
    g_array_free(rows, TRUE);
    tcpt_model_free(model);
}

/* ---- the menu ---- */

static void go_to_first_case(ext_menubar_gui_type type, void *object, void *data)
{
    tcpt_model *model = tcpt_stats_model(TCPT_NOTE, NULL, false);

    if (cases_told(model)) {
        target *to = target_of_case(model, model->cases[0]);

        go(to);
        free_target(to);
        tcpt_model_free(model);
        return;
    }
    tcpt_model_free(model);
    show_cases(type, object, data); /* it says that there is none */
}

void tcpt_windows_register(int proto)
{
    ext_menu_t *menu = ext_menubar_register_menu(proto, "TCP Triage", TRUE);

    ext_menubar_set_parentmenu(menu, "Statistics");
    ext_menubar_add_entry(menu, "Go to the Gravest Case", "Show its frames in the packet list", go_to_first_case, NULL);
    ext_menubar_add_entry(menu, "Choose a Case…", "Cases, with a button for each of the gravest", show_cases, NULL);
    ext_menubar_add_entry(menu, "Choose a Connection…", "Connections, with a button for each of the first",
                          show_connections, NULL);
    register_cleanup_routine(note_closed);
}
