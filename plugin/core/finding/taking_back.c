/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings go: taken back by a later frame, or forgotten because the end is told anew. */
#include "core/finding/found.h"
#include "core/finding/notes.h"
#include "core/finding/raising.h"
#include "core/finding/store.h"
#include "tcptriage/analysis.h"

static void take_out_of_runs(tcpt_found *found, const tcpt_diagnosis *diagnosis)
{
    tcpt_diagnosis **place = &found->runs;

    while (*place != diagnosis)
        place = &(*place)->run->next;
    *place = diagnosis->run->next;
}

static void take_out_of_wide(tcpt_findings *store, const tcpt_diagnosis *diagnosis)
{
    tcpt_diagnosis **place = &store->wide;

    while (*place != diagnosis)
        place = &(*place)->next;
    *place = diagnosis->next;
}

/* It is told of no frame any more. */
static void discard(tcpt_diagnosis *diagnosis)
{
    tcpt_found *found = tcpt_flow_of(diagnosis->first.on)->found;

    if (diagnosis->wide) {
        take_out_of_wide(diagnosis->store, diagnosis);
    } else {
        tcpt_found_take_out(found, diagnosis);
        if (diagnosis->kind)
            --*tcpt_told_apart(diagnosis->store, diagnosis->detector, diagnosis->kind);
        if (diagnosis->run)
            take_out_of_runs(found, diagnosis);
    }
    tcpt_notes_forget_proofs(diagnosis);
    tcpt_diagnosis_free(diagnosis);
}

/* The first of a run goes, others stay: what proves it proves nothing of them. */
static void forget_first(tcpt_diagnosis *diagnosis)
{
    diagnosis->first_gone = true;
    tcpt_notes_forget_proofs(diagnosis);
    diagnosis->related_count = 0;
}

/* A finding is on its frame no more. */
static void leave(tcpt_finding *finding)
{
    tcpt_diagnosis *diagnosis = finding->diagnosis;
    tcpt_findings *store = diagnosis->store;

    tcpt_note_remove(finding->on, finding);
    tcpt_found_weigh(finding, -1);
    if (diagnosis->wide || finding != &diagnosis->first)
        *(diagnosis->wide ? &store->folding.wide : &store->folding.in_flows) -= 1;
    if (!diagnosis->run || --diagnosis->run->count == 0) {
        if (finding != &diagnosis->first)
            tcpt_finding_give_back(store, finding);
        discard(diagnosis);
        return;
    }
    if (finding == &diagnosis->first)
        forget_first(diagnosis);
    else
        tcpt_finding_give_back(store, finding);
}

static void leave_end(tcpt_diagnosis *diagnosis)
{
    if (diagnosis->instead_of)
        diagnosis->instead_of->diagnosis->superseded--;
    if (diagnosis->instead_of && diagnosis->refuted)
        tcpt_found_weigh_refuted(diagnosis, 1);
    leave(&diagnosis->first);
}

/* What the end had put in its place goes with it. */
static void forget_successor(const tcpt_finding *judged)
{
    tcpt_diagnosis *diagnosis = tcpt_flow_of(judged->on)->found->end_first;

    while (diagnosis && diagnosis->instead_of != judged)
        diagnosis = diagnosis->next;
    if (diagnosis)
        leave_end(diagnosis);
}

void tcpt_withdraw(const tcpt_context *context, tcpt_finding *finding)
{
    (void)context;
    finding = tcpt_note_whole(finding);
    if (!finding)
        return;
    if (finding->diagnosis->superseded)
        forget_successor(finding);
    leave(finding);
}

static tcpt_finding *on_frame_of(const tcpt_finding *remembered)
{
    tcpt_finding *note = remembered->on->notes ? tcpt_notes_whole(remembered->on) : NULL;

    while (note && (note->diagnosis != remembered->diagnosis || note->on != remembered->on))
        note = note->next;
    return note;
}

void tcpt_end_findings_forget(tcpt_flow *flow)
{
    tcpt_found *found = flow->found;

    while (found && found->end_first)
        leave_end(found->end_first);
    while (found && found->end_wide) {
        tcpt_finding *remembered = found->end_wide, *finding = on_frame_of(remembered);
        tcpt_findings *store = remembered->diagnosis->store;

        found->end_wide = remembered->next;
        if (finding)
            leave(finding);
        tcpt_finding_give_back(store, remembered);
    }
}
