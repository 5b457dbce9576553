/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/notes.h"

#include <glib.h>

#include "core/finding/store.h"
#include "tcptriage/analysis.h"
#include "tcptriage/cases.h"

static bool is_here(const tcpt_finding *note, const tcpt_record *record)
{
    return note->on == record;
}

/* ---- stowed away: 2, which no pointer is ---- */

enum { STOWED = 2 };

bool tcpt_notes_are_listed(const tcpt_record *record)
{
    return !(record->mark & (STOWED | 1));
}

void tcpt_notes_stow(tcpt_record *record)
{
    record->mark = STOWED;
}

/* Its flow does not rest afterwards, and so the notes are what they were. */
static void wake(const tcpt_record *record)
{
    if (record->mark == STOWED)
        tcpt_flow_of(record);
}

/* ---- marks: 1 in the lowest bit, which no pointer has; the detector's number; time since the run's first ---- */

enum { MARK = 1, NUMBER_SHIFT = 1, TIME_SHIFT = 8 };

G_STATIC_ASSERT(TCPT_DETECTORS_MOST <= 1 << (TIME_SHIFT - NUMBER_SHIFT));
G_STATIC_ASSERT(sizeof(tcpt_finding *) <= sizeof(uint64_t));

#define LATEST_NS (INT64_C(1) << (8 * sizeof(void *) - TIME_SHIFT - 1)) /* beyond: no mark */

static bool is_mark(const tcpt_record *record)
{
    return record->mark & MARK;
}

static tcpt_finding *list_of(const tcpt_record *record)
{
    wake(record);
    return is_mark(record) ? NULL : record->notes;
}

bool tcpt_marked_alike(const tcpt_record *a, const tcpt_record *b)
{
    enum { BUT_TIME = (1 << TIME_SHIFT) - 1 };

    if (!a->notes && !b->notes)
        return true;
    return is_mark(a) && is_mark(b) && (a->mark & BUT_TIME) == (b->mark & BUT_TIME);
}

bool tcpt_leaves_marks(const tcpt_diagnosis *diagnosis)
{
    return !diagnosis->wide && diagnosis->detector->memory_bytes == 0 &&
           tcpt_detectors[diagnosis->number] == diagnosis->detector;
}

tcpt_diagnosis *tcpt_run_in_flow(const tcpt_record *on, const tcpt_detector *detector)
{
    const tcpt_found *found = tcpt_flow_of(on)->found;
    tcpt_diagnosis *run = found ? found->runs : NULL;

    while (run && (run->detector != detector || run->first.on->from != on->from))
        run = run->run->next;
    return run;
}

static tcpt_finding read_mark(const tcpt_record *record)
{
    uintptr_t mark = record->mark;
    unsigned number = mark >> NUMBER_SHIFT & ((1u << (TIME_SHIFT - NUMBER_SHIFT)) - 1);
    tcpt_diagnosis *run = tcpt_run_in_flow(record, tcpt_detectors[number]);

    return (tcpt_finding){run, (tcpt_record *)record, NULL, run->time_ns + (int64_t)(mark >> TIME_SHIFT)};
}

static tcpt_finding *whole(const tcpt_finding *finding)
{
    tcpt_finding *made = tcpt_finding_take(finding->diagnosis->store);

    *made = *finding;
    return made;
}

static bool is_newest(const tcpt_finding *finding)
{
    return finding->diagnosis->run && finding == &finding->diagnosis->run->newest;
}

tcpt_finding *tcpt_notes_whole(tcpt_record *record)
{
    wake(record);
    if (is_mark(record)) {
        tcpt_finding marked = read_mark(record);

        record->notes = whole(&marked);
    }
    for (tcpt_finding **place = &record->notes; *place; place = &(*place)->next)
        if (is_newest(*place)) {
            tcpt_finding *newest = *place;

            *place = whole(newest);
            newest->on = NULL;
        }
    return record->notes;
}

tcpt_finding *tcpt_note_whole(tcpt_finding *finding)
{
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    tcpt_record *on = finding->on; /* of the newest it is forgotten */
    tcpt_finding *note;

    if (!diagnosis->run || (!is_newest(finding) && finding != &diagnosis->run->shown))
        return finding;
    note = tcpt_notes_whole(on);
    while (note && (note->diagnosis != diagnosis || !is_here(note, on)))
        note = note->next;
    return note;
}

void tcpt_note_fold(tcpt_run *run)
{
    tcpt_finding *newest = &run->newest;
    tcpt_record *record = newest->on;
    int64_t since_ns;

    if (!record)
        return;
    since_ns = newest->time_ns - newest->diagnosis->time_ns;
    if (record->notes != newest || newest->next || since_ns < 0 || since_ns >= LATEST_NS) {
        tcpt_notes_whole(record);
        return;
    }
    record->mark = (uintptr_t)since_ns << TIME_SHIFT | (uintptr_t)newest->diagnosis->number << NUMBER_SHIFT | MARK;
    newest->on = NULL;
}

/* ---- lists ---- */

void tcpt_note_finding(tcpt_finding *finding)
{
    wake(finding->on);
    finding->next = is_mark(finding->on) ? tcpt_notes_whole(finding->on) : finding->on->notes;
    finding->on->notes = finding;
}

void tcpt_note_remove(tcpt_record *record, const tcpt_finding *note)
{
    tcpt_finding **place = &record->notes;

    wake(record);
    if (is_mark(record))
        return;
    while (*place && *place != note)
        place = &(*place)->next;
    if (*place)
        *place = note->next;
}

/* ---- proofs ---- */

static unsigned proof_count(const tcpt_record *record)
{
    unsigned count = 0;

    for (const tcpt_finding *note = list_of(record); note; note = note->next)
        count += !is_here(note, record);
    return count;
}

void tcpt_note_proof(tcpt_diagnosis *diagnosis, tcpt_record *record)
{
    tcpt_finding *note;

    if (diagnosis->unseen)
        return;
    if (proof_count(record) >= TCPT_PROOFS_MOST) {
        diagnosis->store->folding.proofs++;
        return;
    }
    note = tcpt_finding_take(diagnosis->store);
    *note = (tcpt_finding){diagnosis, diagnosis->first.on, is_mark(record) ? tcpt_notes_whole(record) : record->notes,
                           diagnosis->time_ns};
    record->notes = note;
    tcpt_diagnosis_count(diagnosis, sizeof *note);
}

static tcpt_finding *proof_of(const tcpt_diagnosis *diagnosis, const tcpt_record *record)
{
    tcpt_finding *note = list_of(record);

    while (note && (note->diagnosis != diagnosis || is_here(note, record)))
        note = note->next;
    return note;
}

void tcpt_notes_forget_proofs(tcpt_diagnosis *diagnosis)
{
    for (uint32_t i = 0; i < diagnosis->related_count; i++) {
        tcpt_finding *note = proof_of(diagnosis, diagnosis->related[i]);

        if (!note)
            continue;
        tcpt_note_remove(diagnosis->related[i], note);
        tcpt_finding_give_back(diagnosis->store, note);
    }
}

void tcpt_each_proven(const tcpt_record *record, void (*visit)(const tcpt_finding *, void *), void *data)
{
    for (const tcpt_finding *note = list_of(record); note; note = note->next)
        if (!is_here(note, record) && tcpt_alike(note->diagnosis) > 0)
            visit(note, data);
}

/* ---- findings ---- */

/* Negative when `a` is to be read before `b`: severity, what explains the other, confidence, then the order of the
 * detectors. */
static int compare_gravity(const tcpt_diagnosis *a, const tcpt_diagnosis *b)
{
    if (a->detector->severity != b->detector->severity)
        return (int)b->detector->severity - (int)a->detector->severity;
    if (tcpt_explained_by(b->number) >> a->number & 1)
        return -1;
    if (tcpt_explained_by(a->number) >> b->number & 1)
        return 1;
    if (a->confidence != b->confidence)
        return (int)b->confidence - (int)a->confidence;
    return (int)a->number - (int)b->number;
}

/* The findings of one frame, gravest first: few, so that each finds its place by walking. */
typedef struct on_frame {
    unsigned count;
    const tcpt_finding *sorted[TCPT_ON_FRAME_MOST];
} on_frame;

/* A record lists the newest first: of two that weigh the same the later one goes before. */
static void sort_in(on_frame *all, const tcpt_finding *finding)
{
    unsigned place = all->count;

    if (all->count == TCPT_ON_FRAME_MOST)
        return;
    for (; place > 0 && compare_gravity(finding->diagnosis, all->sorted[place - 1]->diagnosis) <= 0; place--)
        all->sorted[place] = all->sorted[place - 1];
    all->sorted[place] = finding;
    all->count++;
}

static bool is_superseded(const tcpt_finding *finding, const on_frame *all)
{
    if (finding->diagnosis->refuted)
        return true;
    if (finding->diagnosis->superseded == 0)
        return false;
    for (unsigned i = 0; i < all->count; i++)
        if (all->sorted[i]->diagnosis->instead_of == finding)
            return true;
    return false;
}

/* In the same place each time: who looks twice may compare. */
static const tcpt_finding *marked(const tcpt_record *record)
{
    tcpt_finding read = read_mark(record);

    read.diagnosis->run->shown = read;
    return &read.diagnosis->run->shown;
}

void tcpt_each_finding(const tcpt_record *record, void (*visit)(const tcpt_finding *, void *), void *data)
{
    const tcpt_finding *first = list_of(record);
    on_frame all;

    if (is_mark(record))
        visit(marked(record), data);
    if (!first)
        return;
    if (!first->next) { /* nothing to sort, nothing in its place */
        if (is_here(first, record))
            visit(first, data);
        return;
    }
    all.count = 0;
    for (const tcpt_finding *note = first; note; note = note->next)
        if (is_here(note, record))
            sort_in(&all, note);
    for (unsigned i = 0; i < all.count; i++)
        if (!is_superseded(all.sorted[i], &all))
            visit(all.sorted[i], data);
}
