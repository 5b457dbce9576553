/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/notes.h"

#include "core/finding/store.h"
#include "tcptriage/analysis.h"
#include "tcptriage/cases.h"

static bool is_here(const tcpt_finding *note, const tcpt_record *record)
{
    return note->on == record;
}

void tcpt_note_finding(tcpt_finding *finding)
{
    finding->next = finding->on->notes;
    finding->on->notes = finding;
}

void tcpt_note_remove(tcpt_record *record, const tcpt_finding *note)
{
    tcpt_finding **place = &record->notes;

    while (*place && *place != note)
        place = &(*place)->next;
    if (*place)
        *place = note->next;
}

/* ---- proofs ---- */

static unsigned proof_count(const tcpt_record *record)
{
    unsigned count = 0;

    for (const tcpt_finding *note = record->notes; note; note = note->next)
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
    *note = (tcpt_finding){diagnosis, diagnosis->first.on, record->notes, diagnosis->time_ns};
    record->notes = note;
    tcpt_diagnosis_count(diagnosis, sizeof *note);
}

static tcpt_finding *proof_of(const tcpt_diagnosis *diagnosis, const tcpt_record *record)
{
    tcpt_finding *note = record->notes;

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
    for (const tcpt_finding *note = record->notes; note; note = note->next)
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
    if (finding->diagnosis->superseded == 0)
        return false;
    for (unsigned i = 0; i < all->count; i++)
        if (all->sorted[i]->diagnosis->instead_of == finding)
            return true;
    return false;
}

void tcpt_each_finding(const tcpt_record *record, void (*visit)(const tcpt_finding *, void *), void *data)
{
    const tcpt_finding *first = record->notes;
    on_frame all;

    if (!first)
        return;
    if (!first->next) { /* nothing to sort, nothing in its place */
        if (is_here(first, record))
            visit(first, data);
        return;
    }
    all.count = 0;
    for (const tcpt_finding *note = record->notes; note; note = note->next)
        if (is_here(note, record))
            sort_in(&all, note);
    for (unsigned i = 0; i < all.count; i++)
        if (!is_superseded(all.sorted[i], &all))
            visit(all.sorted[i], data);
}
