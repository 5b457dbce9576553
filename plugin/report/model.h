/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a report tells, whatever its form.
 */
#ifndef TCPTRIAGE_REPORT_MODEL_H
#define TCPTRIAGE_REPORT_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "paths.h"
#include "tcptriage/analysis.h"
#include "tcptriage/cases.h"
#include "tcptriage/outcome.h"

/** What could not be judged, and why. */
typedef enum tcpt_not_judged {
    TCPT_NOT_JUDGED_ONE_WAY,      /**< flows of which one direction was captured */
    TCPT_NOT_JUDGED_NO_HANDSHAKE, /**< flows that began before the capture: no window scale, no options */
    TCPT_NOT_JUDGED_OPTIONS,      /**< flows of which the capture has cut off options of a SYN */
    TCPT_NOT_JUDGED_HOLES,        /**< flows of which the capture lacks packets */
    TCPT_NOT_JUDGED_ORDER,        /**< flows whose packets are out of order */
    TCPT_NOT_JUDGED_PAYLOAD_ONLY, /**< a capture without a single bare segment */
    TCPT_NOT_JUDGED
} tcpt_not_judged;

/** "one_direction" and so on, for programs. */
const char *tcpt_not_judged_name(tcpt_not_judged reason);
/** What it keeps from being told, as a sentence's rest behind a count of flows. */
const char *tcpt_not_judged_words(tcpt_not_judged reason);

/** Flows by what became of them, and by what could not be judged of them. */
typedef struct tcpt_flow_counts {
    uint64_t outcomes[TCPT_OUTCOMES];
    uint64_t not_judged[TCPT_NOT_JUDGED];
    uint64_t cut_short;       /**< answers: tcpt_answer_cut_short() */
    uint32_t cut_short_bytes; /**< the most that one of them lacked */
} tcpt_flow_counts;

/** Count a settled flow. */
void tcpt_flow_count(tcpt_flow_counts *counts, const tcpt_flow *flow);

/** What is reported, and what only the caller knows. */
typedef struct tcpt_report {
    tcpt_analysis *analysis;      /**< NULL counts as empty */
    const tcpt_flow_counts *gone; /**< flows that were given back (tcpt_release()); NULL for none */
    tcpt_severity least;          /**< less severe findings and cases are not told */
    GHashTable *asked;            /**< set of tcpt_record *: the frames that are asked for; NULL for all */
    bool filtered;                /**< they are those that a read filter has kept: the others are counted */
    const char *filter;           /**< by which they were asked for; NULL without one */
    const char *made_by;          /**< what makes the report, with its version; NULL where that is not told */
    const char *all_by;           /**< the option that lists all cases; NULL: "-z tcptriage,json" */
    const char *unwatched;    /**< why no segment can have been seen, a sentence's rest; NULL where they are watched */
    unsigned files_before;    /**< of this capture, each analysed for itself: no report tells of them */
    uint64_t segments_before; /**< theirs */
    int64_t zero_ns;          /**< times are told from here on */
    /** tcp.stream that a frame's segment is in, UINT32_MAX unknown; NULL where nobody counts streams. */
    uint32_t (*stream_of)(const tcpt_record *record);
    /** Number that a frame is shown under, 0 when it never is; NULL when all are shown under their own. */
    uint32_t (*shown)(uint32_t frame);
    /** Number of a capture point's interface in the file; NULL when it is the point's own. */
    uint32_t (*interface_of)(const tcpt_point *point);
} tcpt_report;

/** How all cases are asked for. */
static inline const char *tcpt_report_all_by(const tcpt_report *report)
{
    return report->all_by ? report->all_by : "-z tcptriage,json";
}

/** Lives as long as the analysis stays as it is. */
typedef struct tcpt_model {
    tcpt_report report;
    tcpt_totals totals;
    uint64_t counts[TCPT_WARN + 1]; /**< findings by severity */
    tcpt_flow_counts flows;
    const tcpt_case *const *cases; /**< of the analysis, the gravest first; see tcpt_model_tells() */
    unsigned case_count;
    GHashTable *cases_asked; /**< tcpt_case * -> GPtrArray of the frames asked for that its causes are on; NULL: all */
    uint64_t left_out;       /**< findings on frames that are never shown: told by their number only */
    bool fine_times;         /**< some time is no whole number of microseconds */
    GPtrArray *pressures;    /**< const tcpt_pressure *, borrowed; the highest first */
    GArray *paths;           /**< tcpt_path, owned: of all frames, whichever are wanted */
    tcpt_apart apart;        /**< why there are none */
} tcpt_model;

/** @return everything that is wanted; tcpt_model_free() it. */
tcpt_model *tcpt_model_new(const tcpt_report *report);

void tcpt_model_free(tcpt_model *model);

/** Number that a frame is shown under, 0 when it never is. */
uint32_t tcpt_model_frame(const tcpt_model *model, const tcpt_record *record);

/** A finding's sentence, with frames as they are shown. To be freed. */
char *tcpt_model_summary(const tcpt_model *model, const tcpt_diagnosis *diagnosis);

/** The same of one finding. To be freed. */
char *tcpt_model_summary_of(const tcpt_model *model, const tcpt_finding *finding);
char *tcpt_model_brief(const tcpt_model *model, const tcpt_finding *finding);

/** Whether a frame is asked for, and a case is told. */
bool tcpt_model_wants(const tcpt_model *model, const tcpt_record *record);
bool tcpt_model_tells(const tcpt_model *model, const tcpt_case *made);

bool tcpt_model_tells_any(const tcpt_model *model);

/** Whether there is nothing to tell but the traffic itself. */
bool tcpt_model_is_clean(const tcpt_model *model);

/** @return uint32_t numbers, as they are shown, of frames that a case's causes are on: some of them, in order.
 *  @param count  set to how many there are in all */
GArray *tcpt_model_case_frames(const tcpt_model *model, const tcpt_case *made, uint64_t *count);

/** @return numbers, as they are shown, of all frames that prove a finding, the weightiest first */
GArray *tcpt_model_evidence(const tcpt_model *model, const tcpt_diagnosis *diagnosis);

/** Time of such a frame. @return false when it is not kept */
bool tcpt_model_case_time_ns(const tcpt_model *model, const tcpt_case *made, uint32_t frame, int64_t *time_ns);

#endif
