/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/notes.h"
#include "core/finding/store.h"

static void each_of_list(const tcpt_diagnosis *diagnosis, tcpt_block_visit visit, void *data)
{
    for (; diagnosis; diagnosis = diagnosis->next) {
        visit(diagnosis, sizeof *diagnosis, data);
        if (diagnosis->run)
            visit(diagnosis->run, sizeof *diagnosis->run, data);
        if (diagnosis->related_count)
            visit(diagnosis->related, diagnosis->related_count * sizeof(struct tcpt_record *), data);
    }
}

void tcpt_found_each_block(const tcpt_flow *flow, tcpt_block_visit visit, void *data)
{
    if (!flow->found)
        return;
    each_of_list(flow->found->first, visit, data);
    each_of_list(flow->found->end_first, visit, data);
}

/* Runs over all flows come first: the flows of their first and newest findings stay. */
void tcpt_findings_each_block(const tcpt_findings *store, bool (*leaves)(const tcpt_record *on, void *data),
                              tcpt_block_visit visit, void *data)
{
    each_of_list(store->wide, visit, data);
    each_of_list(store->unseen, visit, data);
    for (unsigned i = 0; store->slabs && i < store->slabs->len; i++) {
        const tcpt_finding *places = g_ptr_array_index(store->slabs, i);
        unsigned used = i + 1 < store->slabs->len ? TCPT_SLAB_FINDINGS : store->slab_used;

        for (unsigned at = 0; at < used; at++)
            if (places[at].on && !(places[at].diagnosis->wide && leaves(places[at].on, data)))
                visit(&places[at], sizeof places[at], data);
    }
}

bool tcpt_found_nothing_own(const tcpt_flow *flow)
{
    return !flow->found || (!flow->found->first && !flow->found->end_first);
}

void tcpt_found_release(tcpt_findings *store, tcpt_flow *flow)
{
    while (flow->found && flow->found->end_wide) {
        tcpt_finding *remembered = flow->found->end_wide;

        flow->found->end_wide = remembered->next;
        tcpt_finding_give_back(store, remembered);
    }
    tcpt_piece_give_back(&store->pieces, flow->found, sizeof *flow->found);
    flow->found = NULL;
}

void tcpt_notes_release(tcpt_findings *store, tcpt_record *record)
{
    tcpt_finding *note = tcpt_notes_whole(record);

    record->notes = NULL;
    while (note) { /* none of them is the first or the newest of those that are told as one: their frames stay */
        tcpt_finding *next = note->next;

        tcpt_finding_give_back(store, note);
        note = next;
    }
}
