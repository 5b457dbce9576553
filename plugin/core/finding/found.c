/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/found.h"

#include "core/finding/store.h"
#include "tcptriage/analysis.h"
#include "tcptriage/queries.h"

tcpt_found *tcpt_found_with(const tcpt_diagnosis *diagnosis, const tcpt_record *on)
{
    tcpt_flow *flow = tcpt_flow_of(on);

    if (!flow->found)
        flow->found = tcpt_piece_take_blank(&diagnosis->store->pieces, sizeof *flow->found);
    return flow->found;
}

static tcpt_diagnosis **list_of(tcpt_found *found, const tcpt_diagnosis *diagnosis)
{
    return diagnosis->at_end ? &found->end_first : &found->first;
}

void tcpt_found_weigh(const tcpt_finding *finding, int more)
{
    if (finding->diagnosis->detector->severity > TCPT_CHAT)
        tcpt_found_with(finding->diagnosis, finding->on)->weighty[finding->diagnosis->at_end] += (uint32_t)more;
}

void tcpt_found_weigh_refuted(const tcpt_diagnosis *refutation, int more)
{
    tcpt_found_weigh(&refutation->first, more);
    tcpt_found_weigh(refutation->instead_of, more);
}

/* `previous` of the first is the last. */
void tcpt_found_append(tcpt_found *found, tcpt_diagnosis *diagnosis)
{
    tcpt_diagnosis **list = list_of(found, diagnosis);

    diagnosis->previous = *list ? (*list)->previous : diagnosis;
    if (*list) {
        diagnosis->previous->next = diagnosis;
        (*list)->previous = diagnosis;
    } else {
        *list = diagnosis;
    }
}

void tcpt_found_take_out(tcpt_found *found, tcpt_diagnosis *diagnosis)
{
    tcpt_diagnosis **list = list_of(found, diagnosis);
    bool first = diagnosis == *list;
    tcpt_diagnosis *last = (*list)->previous;

    if (first)
        *list = diagnosis->next;
    else
        diagnosis->previous->next = diagnosis->next;
    if (diagnosis != last)
        diagnosis->next->previous = first ? last : diagnosis->previous;
    else if (!first)
        (*list)->previous = diagnosis->previous;
}

const tcpt_diagnosis *tcpt_first_diagnosis(const tcpt_flow *flow)
{
    return flow->found ? flow->found->first : NULL;
}

const tcpt_diagnosis *tcpt_first_end_diagnosis(const tcpt_flow *flow)
{
    return flow->found ? flow->found->end_first : NULL;
}

bool tcpt_is_explained(const tcpt_flow *flow)
{
    return flow->found && (flow->found->weighty[0] > 0 || flow->found->weighty[1] > 0);
}

bool tcpt_was_explained(const tcpt_flow *flow)
{
    return flow->found && flow->found->weighty[0] > 0;
}
