/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model.h"

#include "renumber.h"
#include "tcptriage/queries.h"

enum {
    FRAMES_KEPT = 32,        /* more than any form lists */
    PAYLOAD_ONLY_LEAST = 10, /* segments: fewer of them may lack a bare one by chance */
};

static void free_frames(void *data)
{
    g_ptr_array_free(data, TRUE);
}

uint32_t tcpt_model_frame(const tcpt_model *model, const tcpt_record *record)
{
    return model->report.shown ? model->report.shown(record->frame) : record->frame;
}

static void add_frame(GArray *frames, const tcpt_model *model, const tcpt_record *record)
{
    uint32_t frame = tcpt_model_frame(model, record);

    if (frame)
        g_array_append_val(frames, frame);
}

static void note_time(tcpt_model *model, int64_t time_ns)
{
    model->fine_times |= (time_ns - model->report.zero_ns) % 1000 != 0;
}

/* ---- how many findings ---- */

static void count_list(tcpt_model *model, const tcpt_diagnosis *diagnosis)
{
    for (; diagnosis; diagnosis = diagnosis->next)
        model->counts[diagnosis->detector->severity] += tcpt_alike(diagnosis);
}

static void count_all(tcpt_model *model)
{
    for (const tcpt_flow *flow = tcpt_first_awake_flow(model->report.analysis); flow; flow = flow->next) {
        count_list(model, tcpt_first_diagnosis(flow));
        count_list(model, tcpt_first_end_diagnosis(flow));
    }
    count_list(model, tcpt_first_wide_diagnosis(model->report.analysis));
}

static void count_shown(const tcpt_finding *finding, void *data)
{
    tcpt_model *model = data;

    if (!tcpt_model_wants(model, finding->on)) {
        model->left_out += model->report.filtered;
        return;
    }
    if (tcpt_model_frame(model, finding->on))
        model->counts[finding->diagnosis->detector->severity]++;
    else
        model->left_out++;
}

bool tcpt_model_wants(const tcpt_model *model, const tcpt_record *record)
{
    return !model->report.asked || g_hash_table_contains(model->report.asked, record);
}

bool tcpt_model_tells(const tcpt_model *model, const tcpt_case *made)
{
    return made->severity >= model->report.least &&
           (!model->cases_asked || g_hash_table_contains(model->cases_asked, made));
}

bool tcpt_model_tells_any(const tcpt_model *model)
{
    for (unsigned i = 0; i < model->case_count; i++)
        if (tcpt_model_tells(model, model->cases[i]))
            return true;
    return false;
}

bool tcpt_model_is_clean(const tcpt_model *model)
{
    for (unsigned i = 0; i < TCPT_OUTCOMES; i++)
        if (model->flows.outcomes[i] && tcpt_outcome_is_failure((tcpt_outcome)i))
            return false;
    return model->totals.segments > 0 && model->counts[TCPT_WARN] + model->counts[TCPT_NOTE] == 0 &&
           !tcpt_model_tells_any(model);
}

static void gather_pressures(tcpt_model *model)
{
    unsigned count = 0;
    const tcpt_pressure *all = tcpt_highest_pressures(model->report.analysis, &count);

    for (unsigned i = 0; i < count; i++)
        if (tcpt_model_wants(model, all[i].at) && tcpt_model_frame(model, all[i].at)) {
            g_ptr_array_add(model->pressures, (gpointer)&all[i]);
            note_time(model, all[i].time_ns);
        }
}

/* ---- outcomes, and what could not be judged ---- */

const char *tcpt_not_judged_name(tcpt_not_judged reason)
{
    static const char *const names[] = {"one_direction", "no_handshake", "options_cut",
                                        "holes",         "out_of_order", "payload_only"};

    return names[reason];
}

const char *tcpt_not_judged_words(tcpt_not_judged reason)
{
    static const char *const words[] = {
        "captured in one direction only: what was answered cannot be told",
        "began before the capture: window scale and options are unknown",
        "with SYNs whose options the capture has cut off (snap length): window scale, SACK and timestamps are unknown",
        "with packets that the capture lacks: losses and connection tracking cannot be told",
        "with packets out of order: what came first is uncertain",
        "in a capture without bare segments: that an ACK, SYN, FIN or RST does not show proves nothing",
    };

    return words[reason];
}

static void count_cut_short(tcpt_flow_counts *counts, uint32_t bytes)
{
    counts->cut_short += bytes > 0;
    counts->cut_short_bytes = MAX(counts->cut_short_bytes, bytes);
}

void tcpt_flow_count(tcpt_flow_counts *counts, const tcpt_flow *flow)
{
    const tcpt_endpoint *ends = flow->ends;
    tcpt_outcome outcome = tcpt_outcome_of(flow);

    counts->outcomes[outcome]++;
    if (outcome == TCPT_OUTCOME_RESET && !tcpt_was_explained(flow))
        count_cut_short(counts, tcpt_answer_cut_short(flow));
    counts->not_judged[TCPT_NOT_JUDGED_ONE_WAY] += !flow->both_ways && outcome == TCPT_OUTCOME_PARTIAL;
    counts->not_judged[TCPT_NOT_JUDGED_NO_HANDSHAKE] += flow->both_ways && !(ends[0].syn || ends[1].syn);
    counts->not_judged[TCPT_NOT_JUDGED_OPTIONS] += flow->options_cut;
    counts->not_judged[TCPT_NOT_JUDGED_HOLES] += ends[0].holes || ends[1].holes;
    counts->not_judged[TCPT_NOT_JUDGED_ORDER] += flow->reordered;
}

static void note_case(const tcpt_finding *finding, void *data)
{
    GHashTable *asked = data;
    const tcpt_case *part_of = tcpt_case_of(finding->diagnosis);
    GPtrArray *on = part_of ? g_hash_table_lookup(asked, part_of) : NULL;

    if (!part_of)
        return;
    if (!on) {
        on = g_ptr_array_new();
        g_hash_table_insert(asked, (gpointer)part_of, on);
    }
    if (!finding->diagnosis->consequence)
        g_ptr_array_add(on, finding->on);
}

static int compare_records(gconstpointer a, gconstpointer b)
{
    uint32_t left = (*(const tcpt_record *const *)a)->frame, right = (*(const tcpt_record *const *)b)->frame;

    return (left > right) - (left < right);
}

static int compare_numbers(gconstpointer a, gconstpointer b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

static void keep_each_once(GArray *frames)
{
    unsigned kept = 0;

    g_array_sort(frames, compare_numbers);
    for (unsigned i = 0; i < frames->len; i++) {
        uint32_t frame = g_array_index(frames, uint32_t, i);

        if (kept == 0 || g_array_index(frames, uint32_t, kept - 1) != frame)
            g_array_index(frames, uint32_t, kept++) = frame;
    }
    g_array_set_size(frames, kept);
}

/* Those that are kept of a case. */
static GPtrArray *records_of(const tcpt_case *made)
{
    GPtrArray *records = g_ptr_array_new();

    for (unsigned i = 0; i < made->frame_count; i++)
        g_ptr_array_add(records, (gpointer)made->frames[i]);
    return records;
}

GArray *tcpt_model_case_frames(const tcpt_model *model, const tcpt_case *made, uint64_t *count)
{
    GArray *frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    GPtrArray *asked = model->cases_asked ? g_hash_table_lookup(model->cases_asked, made) : NULL;
    GPtrArray *records = asked ? g_ptr_array_ref(asked) : records_of(made);
    unsigned listed;

    *count = asked ? asked->len : made->cause_count;
    g_ptr_array_sort(records, compare_records);
    for (unsigned i = 0; i < records->len && i < FRAMES_KEPT; i++)
        add_frame(frames, model, records->pdata[i]);
    g_ptr_array_unref(records);
    listed = frames->len;
    keep_each_once(frames); /* findings of several layers may be on one */
    *count -= listed - frames->len;
    return frames;
}

GArray *tcpt_model_evidence(const tcpt_model *model, const tcpt_diagnosis *diagnosis)
{
    GArray *frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (uint32_t i = 0; i < diagnosis->related_count; i++)
        add_frame(frames, model, diagnosis->related[i]);
    return frames;
}

bool tcpt_model_case_time_ns(const tcpt_model *model, const tcpt_case *made, uint32_t frame, int64_t *time_ns)
{
    for (unsigned i = 0; i < made->frame_count; i++) {
        *time_ns = made->frames_ns[i];
        if (tcpt_model_frame(model, made->frames[i]) == frame)
            return true;
    }
    return false;
}

static void gather_cases(tcpt_model *model)
{
    GHashTableIter at;
    gpointer record;

    model->cases = tcpt_cases(model->report.analysis, &model->case_count);
    for (unsigned i = 0; i < model->case_count; i++)
        for (unsigned of_case = 0; of_case < model->cases[i]->frame_count; of_case++)
            note_time(model, model->cases[i]->frames_ns[of_case]);
    if (!model->report.asked)
        return;
    model->cases_asked = g_hash_table_new_full(NULL, NULL, NULL, free_frames);
    g_hash_table_iter_init(&at, model->report.asked);
    while (g_hash_table_iter_next(&at, &record, NULL))
        tcpt_each_finding(record, note_case, model->cases_asked);
}

tcpt_model *tcpt_model_new(const tcpt_report *report)
{
    tcpt_model *model = g_new0(tcpt_model, 1);

    model->report = *report;
    model->pressures = g_ptr_array_new();
    if (!report->analysis) {
        model->paths = g_array_new(FALSE, FALSE, sizeof(tcpt_path));
        return model;
    }
    gather_cases(model); /* settles everything */
    model->totals = tcpt_analysis_totals(report->analysis);
    if (report->gone)
        model->flows = *report->gone;
    for (const tcpt_flow *flow = tcpt_first_awake_flow(report->analysis); flow; flow = flow->next)
        tcpt_flow_count(&model->flows, flow);
    tcpt_count_lone_outcomes(report->analysis, model->flows.outcomes); /* a SYN alone was judged, whatever it lacks */
    model->flows.not_judged[TCPT_NOT_JUDGED_PAYLOAD_ONLY] =
        model->totals.segments >= PAYLOAD_ONLY_LEAST && model->totals.bare == 0 ? model->totals.flows : 0;
    if (report->asked || report->shown)
        tcpt_each_found(report->analysis, count_shown, model);
    else
        count_all(model);
    gather_pressures(model);
    model->paths = tcpt_paths(report->analysis);
    if (model->paths->len == 0)
        model->apart = tcpt_paths_apart(report->analysis);
    return model;
}

void tcpt_model_free(tcpt_model *model)
{
    g_ptr_array_free(model->pressures, TRUE);
    g_array_free(model->paths, TRUE);
    if (model->cases_asked)
        g_hash_table_destroy(model->cases_asked);
    g_free(model);
}

/* Takes the text over. */
static char *as_shown(const tcpt_model *model, char *text)
{
    char *renumbered;

    if (!model->report.shown)
        return text;
    renumbered = tcpt_renumbered(text, model->report.shown);
    g_free(text);
    return renumbered;
}

char *tcpt_model_summary_of(const tcpt_model *model, const tcpt_finding *finding)
{
    return as_shown(model, tcpt_summary(finding));
}

char *tcpt_model_brief(const tcpt_model *model, const tcpt_finding *finding)
{
    return as_shown(model, tcpt_brief_text(finding));
}

char *tcpt_model_summary(const tcpt_model *model, const tcpt_diagnosis *diagnosis)
{
    return tcpt_model_summary_of(model, &diagnosis->first);
}
