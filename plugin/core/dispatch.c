/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/dispatch.h"

#include <glib.h>
#include <string.h>

#include "core/finding/memory.h"
#include "core/finding/raising.h"
#include "detectors/detectors.h"
#include "tcptriage/cases.h"
#include "tcptriage/points.h"

G_STATIC_ASSERT(TCPT_TRAITS <= 64); /* bits of tcpt_observation.traits */

const tcpt_detector *const tcpt_detectors[] = {
#define TCPT_DETECTOR(id) &tcpt_##id,
#include "detectors/detectors.def"
#undef TCPT_DETECTOR
    NULL,
};

G_STATIC_ASSERT(G_N_ELEMENTS(tcpt_detectors) - 1 <= TCPT_DETECTORS_MOST); /* bits of a set of them */

/* A detector that has no memory of the flow is given a blank one, which is kept if it writes to it: most never do. */
static void ask(const tcpt_dispatch *dispatch, tcpt_flow *flow, unsigned number, tcpt_context *context)
{
    const tcpt_detector *detector = tcpt_detectors[number];
    size_t bytes = detector->memory_bytes;
    void *memory = bytes ? tcpt_memory_of(flow, detector) : NULL;

    context->detector = detector;
    if (memory || !bytes) {
        detector->judge(context, memory);
        return;
    }
    detector->judge(context, dispatch->blank);
    if (memcmp(dispatch->blank, dispatch->zeros, bytes) == 0)
        return;
    tcpt_memory_keep(dispatch->store, flow, number, dispatch->blank);
    memset(dispatch->blank, 0, bytes);
}

/* When the piece of the capture began that a segment belongs to. */
static int64_t piece_of(const tcpt_point *point, int64_t time_ns)
{
    return !point->segments || tcpt_begins_piece(point, time_ns) ? time_ns : point->pieces[point->piece].first_ns;
}

/* The detectors that want one of its traits, or follow one, as bits. */
static uint64_t asked_about(const tcpt_dispatch *dispatch, const tcpt_flow *flow, uint64_t traits)
{
    uint64_t asked = 0;

    for (uint64_t left = traits & dispatch->wanted; left; left &= left - 1)
        asked |= dispatch->wanting[tcpt_lowest_bit(left)];
    if (!(traits & dispatch->followed))
        return asked;
    for (const tcpt_memory *noted = flow->memory; noted; noted = noted->next)
        if (traits & noted->detector->follows)
            asked |= UINT64_C(1) << noted->number;
    return asked;
}

bool tcpt_dispatch_repeats(const tcpt_dispatch *dispatch, const tcpt_flow *flow, uint64_t traits)
{
    return !(asked_about(dispatch, flow, traits) & ~dispatch->repeating);
}

void tcpt_dispatch_judge(const tcpt_dispatch *dispatch, tcpt_flow *flow, const tcpt_segment *segment,
                         const tcpt_observation *seen, tcpt_record *record)
{
    uint64_t asked = asked_about(dispatch, flow, seen->traits);
    tcpt_context context = {
        .settings = dispatch->settings,
        .flow = flow,
        .segment = segment,
        .seen = seen,
        .record = record,
        .now_ns = segment->time_ns,
        .piece_ns = piece_of(flow->at, segment->time_ns),
        .store = dispatch->store,
    };

    for (; asked; asked &= asked - 1)
        ask(dispatch, flow, tcpt_lowest_bit(asked), &context);
}

/* Note which traits a detector wants. */
static void note_wants(tcpt_dispatch *dispatch, unsigned number, uint64_t wants)
{
    dispatch->wanted |= wants;
    for (unsigned trait = 0; trait < TCPT_TRAITS; trait++)
        if (wants >> trait & 1)
            dispatch->wanting[trait] |= UINT64_C(1) << number;
}

void tcpt_dispatch_open(tcpt_dispatch *dispatch, const tcpt_settings *settings, struct tcpt_findings *store)
{
    size_t memory_bytes = 0;

    *dispatch = (tcpt_dispatch){.settings = settings, .store = store};
    for (const tcpt_detector *detector; (detector = tcpt_detectors[dispatch->count]); dispatch->count++) {
        note_wants(dispatch, dispatch->count, detector->wants);
        dispatch->followed |= detector->follows;
        dispatch->repeating |= (uint64_t)detector->repeats_itself << dispatch->count;
        dispatch->settling |= (uint64_t)(detector->settle != NULL) << dispatch->count;
        dispatch->settling_lone |= (uint64_t)(detector->settles_lone_syn != NULL) << dispatch->count;
        memory_bytes = MAX(memory_bytes, detector->memory_bytes);
    }
    g_assert(dispatch->count <= 64); /* bits of `wanting` */
    dispatch->blank = g_malloc0(memory_bytes);
    dispatch->zeros = g_malloc0(memory_bytes);
}

void tcpt_dispatch_clear(tcpt_dispatch *dispatch)
{
    g_free(dispatch->blank);
    g_free(dispatch->zeros);
}

void tcpt_dispatch_settle(const tcpt_dispatch *dispatch, tcpt_flow *flow)
{
    tcpt_context context = {
        .settings = dispatch->settings,
        .flow = flow,
        .record = flow->last_record,
        .now_ns = tcpt_now_ns(flow),
        .piece_ns = flow->at->pieces[flow->piece].first_ns,
        .store = dispatch->store,
    };

    tcpt_end_findings_forget(flow);
    for (uint64_t left = dispatch->settling; left; left &= left - 1) {
        const tcpt_detector *detector = tcpt_detectors[tcpt_lowest_bit(left)];
        const void *memory = detector->memory_bytes && flow->memory ? tcpt_memory_of(flow, detector) : NULL;

        context.detector = detector;
        detector->settle(&context, memory || !detector->memory_bytes ? memory : dispatch->zeros);
    }
}

bool tcpt_dispatch_settles(const tcpt_dispatch *dispatch, const tcpt_lone_syn *syn)
{
    for (uint64_t left = dispatch->settling_lone; left; left &= left - 1)
        if (tcpt_detectors[tcpt_lowest_bit(left)]->settles_lone_syn(syn))
            return true;
    return false;
}
