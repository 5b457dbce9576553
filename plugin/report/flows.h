/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Connections as rows of a table: those to look at first are first.
 */
#ifndef TCPTRIAGE_REPORT_FLOWS_H
#define TCPTRIAGE_REPORT_FLOWS_H

#include <stdint.h>

#include <glib.h>

#include "model.h"
#include "tcptriage/flow.h"
#include "tcptriage/outcome.h"

enum {
    /** Rows that a table has room for. A reader sorts or filters what is longer; a million of them fill a memory. */
    TCPT_FLOW_ROWS = 5000,
    TCPT_NOBODY_OWES = 2, /**< behind the two ends */
};

/** What is told of a connection. */
typedef struct tcpt_flow_row {
    const tcpt_flow *flow;
    tcpt_outcome outcome;
    uint32_t case_number; /**< the gravest that it is part of; 0 none */
    int64_t delay_ns;     /**< what its causes have cost it; 0 unknown */
    unsigned owes;        /**< end that it waits for at the end of the capture, or TCPT_NOBODY_OWES */
} tcpt_flow_row;

/** The row of a flow that is settled, and whose cases are made. */
tcpt_flow_row tcpt_flow_row_of(const tcpt_flow *flow);

/** "client", "server" or "". */
const char *tcpt_row_owes(const tcpt_flow_row *row);

/** State of an end at the end; "" where all that was seen of the connection is damaged. */
const char *tcpt_row_state(const tcpt_flow_row *row, unsigned end);

/** Wireshark's number of the connection; UINT32_MAX unknown. */
uint32_t tcpt_flow_stream(const tcpt_model *model, const tcpt_flow *flow);

/** Where the connection was captured; "" where there is one point only. */
const char *tcpt_row_point(const tcpt_flow_row *row, const tcpt_analysis *analysis);

/**
 * The first rows of the table: what failed, then what has lost the most time.
 * @param left_out  set to the number of further connections that have a frame which is asked for
 * @return tcpt_flow_row, TCPT_FLOW_ROWS at most; to be freed
 */
GArray *tcpt_flow_rows(const tcpt_model *model, uint64_t *left_out);

/** The same as text. */
void tcpt_report_flows(GString *out, const tcpt_model *model);

#endif
