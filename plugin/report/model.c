/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model.h"

#include "renumber.h"

/* What the frames asked for show of a diagnosis. */
typedef struct shown {
    uint32_t count;
    GPtrArray *on; /* const tcpt_record *: FRAMES_KEPT of them */
} shown;

enum {
    FRAMES_KEPT = 32,        /* more than any form lists */
    PAYLOAD_ONLY_LEAST = 10, /* segments: fewer of them may lack a bare one by chance */
};

/* A model while it is made. */
typedef struct gathering {
    tcpt_model *model;
    GHashTable *shown; /* const tcpt_diagnosis * -> shown; NULL when all frames are asked for */
} gathering;

static void free_frames(void *data)
{
    g_ptr_array_free(data, TRUE);
}

static void add_frame(GArray *frames, const tcpt_model *model, const tcpt_record *record)
{
    uint32_t frame = tcpt_model_frame(model, record);

    if (frame)
        g_array_append_val(frames, frame);
}

static void free_entry(void *data)
{
    tcpt_entry *entry = data;

    g_ptr_array_free(entry->diagnoses, TRUE);
    g_ptr_array_free(entry->on, TRUE);
    g_free(entry);
}

static void free_chapter(void *data)
{
    tcpt_chapter *chapter = data;

    g_ptr_array_free(chapter->entries, TRUE);
    g_free(chapter);
}

static tcpt_severity severity_of(const tcpt_diagnosis *diagnosis)
{
    return diagnosis->detector->severity;
}

/* Negative when `a` is to be read before `b`: more severe, more certain, earlier. */
static int compare_diagnoses(const tcpt_diagnosis *a, const tcpt_diagnosis *b)
{
    if (severity_of(a) != severity_of(b))
        return (int)severity_of(b) - (int)severity_of(a);
    if (a->confidence != b->confidence)
        return (int)b->confidence - (int)a->confidence;
    if (a->time_ns != b->time_ns)
        return a->time_ns < b->time_ns ? -1 : 1;
    return (a->first.on->frame > b->first.on->frame) - (a->first.on->frame < b->first.on->frame);
}

static int compare_entries(gconstpointer a, gconstpointer b)
{
    return compare_diagnoses((*(const tcpt_entry *const *)a)->head, (*(const tcpt_entry *const *)b)->head);
}

static int compare_chapters(gconstpointer a, gconstpointer b)
{
    const tcpt_chapter *left = *(const tcpt_chapter *const *)a, *right = *(const tcpt_chapter *const *)b;

    return compare_diagnoses(((const tcpt_entry *)left->entries->pdata[0])->head,
                             ((const tcpt_entry *)right->entries->pdata[0])->head);
}

uint32_t tcpt_model_frame(const tcpt_model *model, const tcpt_record *record)
{
    return model->report.shown ? model->report.shown(record->frame) : record->frame;
}

/* ---- the frames asked for ---- */

static void free_shown(void *data)
{
    shown *made = data;

    g_ptr_array_free(made->on, TRUE);
    g_free(made);
}

static void note_shown(const tcpt_finding *finding, void *data)
{
    GHashTable *all = data;
    shown *known = g_hash_table_lookup(all, finding->diagnosis);

    if (!known) {
        known = g_new0(shown, 1);
        known->on = g_ptr_array_new();
        g_hash_table_insert(all, finding->diagnosis, known);
    }
    known->count++;
    if (known->on->len < FRAMES_KEPT)
        g_ptr_array_add(known->on, finding->on);
}

/* What the frames of a set show. */
static GHashTable *note_all_shown(GHashTable *asked)
{
    GHashTable *all = g_hash_table_new_full(NULL, NULL, NULL, free_shown);
    GHashTableIter at;
    gpointer record;

    g_hash_table_iter_init(&at, asked);
    while (g_hash_table_iter_next(&at, &record, NULL))
        tcpt_each_finding(record, note_shown, all);
    return all;
}

/* The frames of a diagnosis that are known: of a long run the first and the newest. */
static GPtrArray *frames_of(const tcpt_diagnosis *diagnosis)
{
    GPtrArray *on = g_ptr_array_new();

    if (!diagnosis->first_gone)
        g_ptr_array_add(on, diagnosis->first.on);
    for (unsigned i = 0; diagnosis->run && i < G_N_ELEMENTS(diagnosis->run->newest); i++)
        if (diagnosis->run->newest[i])
            g_ptr_array_add(on, diagnosis->run->newest[i]);
    return on;
}

/* Of those asked for. @return how many findings there are, 0 for none */
static uint32_t count_shown(const gathering *from, const tcpt_diagnosis *diagnosis, GPtrArray **on)
{
    const shown *known = from->shown ? g_hash_table_lookup(from->shown, diagnosis) : NULL;

    *on = from->shown ? g_ptr_array_new() : frames_of(diagnosis);
    if (!from->shown)
        return tcpt_alike(diagnosis);
    if (!known)
        return 0;
    g_ptr_array_extend(*on, known->on, NULL, NULL);
    return known->count;
}

/* Whether one of the frames has a number that it is shown under. */
static bool any_has_number(const tcpt_model *model, const GPtrArray *on)
{
    for (unsigned i = 0; i < on->len; i++)
        if (tcpt_model_frame(model, on->pdata[i]))
            return true;
    return false;
}

static void note_time(tcpt_model *model, int64_t time_ns)
{
    model->fine_times |= (time_ns - model->report.zero_ns) % 1000 != 0;
}

/* ---- gathering ---- */

static tcpt_entry *entry_for(GPtrArray *entries, const tcpt_diagnosis *diagnosis)
{
    tcpt_entry *made;

    for (unsigned i = 0; i < entries->len; i++) {
        tcpt_entry *known = entries->pdata[i];

        if (known->head->detector == diagnosis->detector)
            return known;
    }
    made = g_new0(tcpt_entry, 1);
    made->head = diagnosis;
    made->diagnoses = g_ptr_array_new();
    made->on = g_ptr_array_new();
    g_ptr_array_add(entries, made);
    return made;
}

/* Takes over `on`. */
static void add_diagnosis(tcpt_model *model, GPtrArray *entries, const tcpt_diagnosis *diagnosis, uint32_t count,
                          GPtrArray *on)
{
    tcpt_entry *entry = entry_for(entries, diagnosis);

    model->counts[severity_of(diagnosis)] += count;
    note_time(model, diagnosis->time_ns);
    g_ptr_array_add(entry->diagnoses, (gpointer)diagnosis);
    g_ptr_array_extend_and_steal(entry->on, on);
    entry->count += count;
    entry->at_end |= diagnosis->at_end;
    if (compare_diagnoses(diagnosis, entry->head) < 0)
        entry->head = diagnosis;
}

static void gather_diagnosis(gathering *into, GPtrArray *entries, const tcpt_diagnosis *diagnosis)
{
    GPtrArray *on;
    uint32_t count = count_shown(into, diagnosis, &on);

    if (into->model->report.filtered)
        into->model->left_out += tcpt_alike(diagnosis) - count;
    if (count > 0 && any_has_number(into->model, on)) {
        add_diagnosis(into->model, entries, diagnosis, count, on);
        return;
    }
    into->model->left_out += count;
    g_ptr_array_free(on, TRUE);
}

static void gather_list(gathering *into, GPtrArray *entries, const tcpt_diagnosis *diagnosis)
{
    for (; diagnosis; diagnosis = diagnosis->next)
        gather_diagnosis(into, severity_of(diagnosis) == TCPT_CHAT ? into->model->chats : entries, diagnosis);
}

static void gather_flow(gathering *into, const tcpt_flow *flow)
{
    GPtrArray *entries = g_ptr_array_new_with_free_func(free_entry);
    tcpt_chapter *made;

    gather_list(into, entries, tcpt_first_diagnosis(flow));
    gather_list(into, entries, tcpt_first_end_diagnosis(flow));
    if (entries->len == 0) {
        g_ptr_array_free(entries, TRUE);
        return;
    }
    g_ptr_array_sort(entries, compare_entries);
    made = g_new0(tcpt_chapter, 1);
    made->flow = flow;
    made->entries = entries;
    g_ptr_array_add(into->model->chapters, made);
}

static void gather_wide(gathering *into, const tcpt_diagnosis *diagnosis)
{
    for (; diagnosis; diagnosis = diagnosis->next)
        gather_diagnosis(into, into->model->wide, diagnosis);
}

static void gather_all(gathering *into)
{
    tcpt_model *model = into->model;

    for (const tcpt_flow *flow = tcpt_first_flow(model->report.analysis); flow; flow = flow->next)
        gather_flow(into, flow);
    gather_wide(into, tcpt_first_wide_diagnosis(model->report.analysis));
    g_ptr_array_sort(model->chapters, compare_chapters);
    g_ptr_array_sort(model->chats, compare_entries);
    g_ptr_array_sort(model->wide, compare_entries);
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
    static const char *const names[] = {"one_direction", "no_handshake", "holes", "out_of_order", "payload_only"};

    return names[reason];
}

const char *tcpt_not_judged_words(tcpt_not_judged reason)
{
    static const char *const words[] = {
        "captured in one direction only: what was answered cannot be told",
        "began before the capture: window scale and options are unknown",
        "with packets that the capture lacks: losses and connection tracking cannot be told",
        "with packets out of order: what came first is uncertain",
        "in a capture without bare segments: that an ACK, SYN, FIN or RST does not show proves nothing",
    };

    return words[reason];
}

static void note_flow(tcpt_model *model, const tcpt_flow *flow)
{
    const tcpt_endpoint *ends = flow->ends;

    model->outcomes[tcpt_outcome_of(flow)]++;
    model->not_judged[TCPT_NOT_JUDGED_ONE_WAY] += !flow->both_ways && !(ends[0].syn || ends[1].syn);
    model->not_judged[TCPT_NOT_JUDGED_NO_HANDSHAKE] += flow->both_ways && !(ends[0].syn || ends[1].syn);
    model->not_judged[TCPT_NOT_JUDGED_HOLES] += ends[0].holed || ends[1].holed;
    model->not_judged[TCPT_NOT_JUDGED_ORDER] += flow->reordered;
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
    gathering into = {.model = model};

    model->report = *report;
    model->chapters = g_ptr_array_new_with_free_func(free_chapter);
    model->chats = g_ptr_array_new_with_free_func(free_entry);
    model->wide = g_ptr_array_new_with_free_func(free_entry);
    model->pressures = g_ptr_array_new();
    if (!report->analysis) {
        model->paths = g_array_new(FALSE, FALSE, sizeof(tcpt_path));
        return model;
    }
    gather_cases(model); /* settles everything */
    model->totals = tcpt_analysis_totals(report->analysis);
    for (const tcpt_flow *flow = tcpt_first_flow(report->analysis); flow; flow = flow->next)
        note_flow(model, flow);
    model->not_judged[TCPT_NOT_JUDGED_PAYLOAD_ONLY] =
        model->totals.segments >= PAYLOAD_ONLY_LEAST && model->totals.bare == 0 ? model->totals.flows : 0;
    into.shown = report->asked ? note_all_shown(report->asked) : NULL;
    gather_all(&into);
    if (into.shown)
        g_hash_table_destroy(into.shown);
    gather_pressures(model);
    model->paths = tcpt_paths(report->analysis);
    if (model->paths->len == 0)
        model->apart = tcpt_paths_apart(report->analysis);
    return model;
}

void tcpt_model_free(tcpt_model *model)
{
    g_ptr_array_free(model->chapters, TRUE);
    g_ptr_array_free(model->chats, TRUE);
    g_ptr_array_free(model->wide, TRUE);
    g_ptr_array_free(model->pressures, TRUE);
    g_array_free(model->paths, TRUE);
    if (model->cases_asked)
        g_hash_table_destroy(model->cases_asked);
    g_free(model);
}

GArray *tcpt_model_frames(const tcpt_model *model, const tcpt_entry *entry, tcpt_frames which)
{
    GArray *frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (unsigned i = 0; (which & TCPT_FRAMES_ON) && i < entry->on->len; i++)
        add_frame(frames, model, entry->on->pdata[i]);
    for (unsigned i = 0; (which & TCPT_FRAMES_RELATED) && i < entry->diagnoses->len; i++) {
        const tcpt_diagnosis *diagnosis = entry->diagnoses->pdata[i];

        for (uint32_t j = 0; j < diagnosis->related_count; j++)
            add_frame(frames, model, diagnosis->related[j]);
    }
    keep_each_once(frames);
    return frames;
}

uint32_t tcpt_model_stream(const tcpt_model *model, const tcpt_entry *entry)
{
    uint32_t stream = UINT32_MAX;

    if (!model->report.stream_of)
        return UINT32_MAX;
    for (unsigned i = 0; i < entry->on->len; i++) {
        uint32_t of_this = model->report.stream_of(entry->on->pdata[i]);

        if (of_this == UINT32_MAX || (i > 0 && of_this != stream))
            return UINT32_MAX;
        stream = of_this;
    }
    return stream;
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

bool tcpt_entry_time_ns(const tcpt_entry *entry, int64_t *time_ns)
{
    const tcpt_record *first = entry->on->pdata[0];

    for (unsigned i = 1; i < entry->on->len; i++) {
        const tcpt_record *on = entry->on->pdata[i];

        if (on->frame < first->frame)
            first = on;
    }
    for (unsigned i = 0; i < entry->diagnoses->len; i++) {
        const tcpt_diagnosis *diagnosis = entry->diagnoses->pdata[i];

        *time_ns = diagnosis->time_ns;
        if (diagnosis->first.on == first)
            return true;
    }
    return false;
}
