/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model.h"

#include "renumber.h"

static void free_entry(void *data)
{
    tcpt_entry *entry = data;

    g_ptr_array_free(entry->findings, TRUE);
    g_free(entry);
}

static void free_chapter(void *data)
{
    tcpt_chapter *chapter = data;

    g_ptr_array_free(chapter->entries, TRUE);
    g_free(chapter);
}

static tcpt_severity severity_of(const tcpt_finding *finding)
{
    return finding->detector->severity;
}

/* Negative when `a` is to be read before `b`: more severe, more certain, earlier. */
static int compare_findings(const tcpt_finding *a, const tcpt_finding *b)
{
    if (severity_of(a) != severity_of(b))
        return (int)severity_of(b) - (int)severity_of(a);
    if (a->confidence != b->confidence)
        return (int)b->confidence - (int)a->confidence;
    if (a->time_ns != b->time_ns)
        return a->time_ns < b->time_ns ? -1 : 1;
    return (a->on->frame > b->on->frame) - (a->on->frame < b->on->frame);
}

static int compare_entries(gconstpointer a, gconstpointer b)
{
    return compare_findings((*(const tcpt_entry *const *)a)->head, (*(const tcpt_entry *const *)b)->head);
}

static int compare_chapters(gconstpointer a, gconstpointer b)
{
    const tcpt_chapter *left = *(const tcpt_chapter *const *)a, *right = *(const tcpt_chapter *const *)b;

    return compare_findings(((const tcpt_entry *)left->entries->pdata[0])->head,
                            ((const tcpt_entry *)right->entries->pdata[0])->head);
}

uint32_t tcpt_model_frame(const tcpt_model *model, const tcpt_record *record)
{
    return model->report.shown ? model->report.shown(record->frame) : record->frame;
}

static bool wanted(const tcpt_model *model, const tcpt_record *on)
{
    return !model->report.wants || model->report.wants(on, model->report.data);
}

static void note_time(tcpt_model *model, int64_t time_ns)
{
    model->fine_times |= (time_ns - model->report.zero_ns) % 1000 != 0;
}

static tcpt_entry *entry_for(GPtrArray *entries, const tcpt_finding *finding)
{
    tcpt_entry *made;

    for (unsigned i = 0; i < entries->len; i++) {
        tcpt_entry *known = entries->pdata[i];

        if (known->head->detector == finding->detector)
            return known;
    }
    made = g_new0(tcpt_entry, 1);
    made->head = finding;
    made->findings = g_ptr_array_new();
    g_ptr_array_add(entries, made);
    return made;
}

static void gather_finding(tcpt_model *model, GPtrArray *entries, const tcpt_finding *finding)
{
    tcpt_entry *entry;

    if (finding->superseded || !wanted(model, finding->on))
        return;
    if (!tcpt_model_frame(model, finding->on)) {
        model->left_out++;
        return;
    }
    model->counts[severity_of(finding)]++;
    note_time(model, finding->time_ns);
    entry = entry_for(severity_of(finding) == TCPT_CHAT ? model->chats : entries, finding);
    g_ptr_array_add(entry->findings, (gpointer)finding);
    entry->at_end |= finding->at_end;
    if (compare_findings(finding, entry->head) < 0)
        entry->head = finding;
}

static void gather_flow(tcpt_model *model, const tcpt_flow *flow)
{
    GPtrArray *entries = g_ptr_array_new_with_free_func(free_entry);
    tcpt_chapter *made;

    for (const tcpt_finding *finding = flow->findings; finding; finding = finding->next_in_flow)
        gather_finding(model, entries, finding);
    for (const tcpt_finding *finding = flow->end_findings; finding; finding = finding->next_in_flow)
        gather_finding(model, entries, finding);
    if (entries->len == 0) {
        g_ptr_array_free(entries, TRUE);
        return;
    }
    g_ptr_array_sort(entries, compare_entries);
    made = g_new0(tcpt_chapter, 1);
    made->flow = flow;
    made->entries = entries;
    g_ptr_array_add(model->chapters, made);
}

static void gather_pressures(tcpt_model *model)
{
    unsigned count = 0;
    const tcpt_pressure *all = tcpt_highest_pressures(model->report.analysis, &count);

    for (unsigned i = 0; i < count; i++)
        if (wanted(model, all[i].at) && tcpt_model_frame(model, all[i].at)) {
            g_ptr_array_add(model->pressures, (gpointer)&all[i]);
            note_time(model, all[i].time_ns);
        }
}

tcpt_model *tcpt_model_new(const tcpt_report *report)
{
    tcpt_model *model = g_new0(tcpt_model, 1);

    model->report = *report;
    model->chapters = g_ptr_array_new_with_free_func(free_chapter);
    model->chats = g_ptr_array_new_with_free_func(free_entry);
    model->pressures = g_ptr_array_new();
    if (!report->analysis) {
        model->paths = g_array_new(FALSE, FALSE, sizeof(tcpt_path));
        return model;
    }
    model->totals = tcpt_analysis_totals(report->analysis);
    for (const tcpt_flow *flow = tcpt_first_flow(report->analysis); flow; flow = flow->next)
        gather_flow(model, flow);
    g_ptr_array_sort(model->chapters, compare_chapters);
    g_ptr_array_sort(model->chats, compare_entries);
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
    g_ptr_array_free(model->pressures, TRUE);
    g_array_free(model->paths, TRUE);
    g_free(model);
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

static void add_frame(GArray *frames, const tcpt_model *model, const tcpt_record *record)
{
    uint32_t frame = tcpt_model_frame(model, record);

    if (frame)
        g_array_append_val(frames, frame);
}

GArray *tcpt_model_frames(const tcpt_model *model, const tcpt_entry *entry, tcpt_frames which)
{
    GArray *frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (unsigned i = 0; i < entry->findings->len; i++) {
        const tcpt_finding *finding = entry->findings->pdata[i];

        if (which & TCPT_FRAMES_ON)
            add_frame(frames, model, finding->on);
        for (unsigned j = 0; (which & TCPT_FRAMES_RELATED) && j < finding->related_count; j++)
            add_frame(frames, model, finding->related[j]);
    }
    keep_each_once(frames);
    return frames;
}

uint32_t tcpt_model_stream(const tcpt_model *model, const tcpt_entry *entry)
{
    uint32_t stream = UINT32_MAX;

    if (!model->report.stream_of)
        return UINT32_MAX;
    for (unsigned i = 0; i < entry->findings->len; i++) {
        uint32_t of_this = model->report.stream_of(((const tcpt_finding *)entry->findings->pdata[i])->on);

        if (of_this == UINT32_MAX || (i > 0 && of_this != stream))
            return UINT32_MAX;
        stream = of_this;
    }
    return stream;
}

char *tcpt_model_summary(const tcpt_model *model, const tcpt_finding *finding)
{
    return model->report.shown ? tcpt_renumbered(finding->summary, model->report.shown) : g_strdup(finding->summary);
}

int64_t tcpt_entry_time_ns(const tcpt_entry *entry)
{
    const tcpt_finding *first = entry->findings->pdata[0];

    for (unsigned i = 1; i < entry->findings->len; i++) {
        const tcpt_finding *finding = entry->findings->pdata[i];

        if (finding->on->frame < first->on->frame)
            first = finding;
    }
    return first->time_ns;
}
