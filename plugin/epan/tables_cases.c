/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics > TCP Triage: Cases: connections by outcome, and the cases with what they consist of. */
#include <glib.h>
#include <epan/stats_tree.h>

#include "case_tree.h"
#include "compat.h"
#include "frames.h"
#include "present.h"
#include "seen.h"
#include "stats.h"
#include "tables.h"
#include "tcptriage/outcome.h"
#include "tcptriage/times.h"

/* What a window counts with: from when it is filled until it is filled anew, or closed. */
typedef struct filling {
    stats_tree *window;
    tcpt_model *model;
    tcpt_case_tree *cases;
    GByteArray *flows_seen;
    int connections; /* branch of the window */
} filling;

/* By window: two may be open. */
static GHashTable *fillings;

static void free_filling(void *data)
{
    filling *of = data;

    tcpt_case_tree_free(of->cases);
    tcpt_model_free(of->model);
    g_byte_array_free(of->flows_seen, TRUE);
    g_free(of);
}

/* Wireshark's window sorts by name, the last one first: the key brings the gravest case to the top, and the first
 * frame.
 */
static char *name_of(const tcpt_branch *branch)
{
    return tcpt_keyed_name(UINT32_MAX - branch->number, branch->name);
}

static void count_branch(tcpt_branch *branch, void *data)
{
    const filling *to = data;
    int parent = branch->parent ? branch->parent->mark : 0;

    branch->mark = stats_tree_manip_node_int(MN_INCREASE, to->window, branch->name, parent, TRUE, 1);
    if (branch->count == 1 && branch->parent)
        stat_node_set_flags(to->window, branch->name, parent, TRUE, ST_FLG_ROOTCHILD);
}

static void begin(stats_tree *window)
{
    filling *made = g_new0(filling, 1);

    made->window = window;
    made->model = tcpt_stats_model(TCPT_CHAT, NULL, false);
    made->cases = tcpt_case_tree_new(made->model, (tcpt_counter){count_branch, name_of, made});
    made->flows_seen = g_byte_array_new();
    made->connections = stats_tree_manip_node_int(MN_SET, window, "Connections", 0, TRUE, 0);
    stats_tree_manip_node_int(MN_SET, window, "Cases", 0, TRUE, 0);
    stat_node_set_flags(window, "Cases", 0, TRUE, ST_FLG_SORT_TOP);
    if (!fillings)
        fillings = g_hash_table_new_full(NULL, NULL, NULL, free_filling);
    g_hash_table_replace(fillings, window, made);
}

static void end(stats_tree *window)
{
    if (fillings)
        g_hash_table_remove(fillings, window);
}

static void add_finding(const tcpt_finding *finding, void *data)
{
    tcpt_case_tree_add(data, finding);
}

/* A frame whose record others share, too. */
typedef struct frame_of_many {
    tcpt_case_tree *cases;
    tcpt_record own; /* what its own record would be */
    int64_t time_ns;
} frame_of_many;

static void add_shared_finding(const tcpt_finding *finding, void *data)
{
    frame_of_many *frame = data;
    tcpt_finding own = *finding;

    own.on = &frame->own;
    own.time_ns = frame->time_ns;
    tcpt_case_tree_add(frame->cases, &own);
}

static void add_findings(tcpt_case_tree *cases, const packet_info *pinfo, const tcpt_record *record)
{
    frame_of_many frame;

    if (tcpt_frames_shown(record->frame) == pinfo->num) {
        tcpt_each_finding(record, add_finding, cases);
        return;
    }
    frame = (frame_of_many){cases, *record, tcpt_time_moved(tcpt_time_from(pinfo->abs_ts.secs, pinfo->abs_ts.nsecs))};
    frame.own.frame = tcpt_frames_in_file(pinfo->num);
    tcpt_each_finding(record, add_shared_finding, &frame);
}

static tap_packet_status add_frame(stats_tree *window, packet_info *pinfo, epan_dissect_t *edt, const void *tapped,
                                   tap_flags_t flags)
{
    filling *to = fillings ? g_hash_table_lookup(fillings, window) : NULL;
    const tcpt_record *record = tapped;

    (void)edt, (void)flags;
    if (!to)
        return TAP_PACKET_DONT_REDRAW;
    if (tcpt_seen_first(to->flows_seen, tcpt_flow_of(record)->number)) {
        stats_tree_manip_node_int(MN_INCREASE, window, "Connections", 0, TRUE, 1);
        stats_tree_manip_node_int(MN_INCREASE, window, tcpt_outcome_words(tcpt_outcome_of(tcpt_flow_of(record))),
                                  to->connections, FALSE, 1);
    }
    add_findings(to->cases, pinfo, record);
    return TAP_PACKET_DONT_REDRAW; /* it is drawn at the end */
}

void tcpt_case_window_register(void)
{
    stats_tree_register_plugin(TCPT_TAP, "tcptriage", "TCP Triage: Cases",
                               ST_SORT_COL_NAME << ST_FLG_SRTCOL_SHIFT | ST_FLG_SORT_DESC, add_frame, begin, end);
}
