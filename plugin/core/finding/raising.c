/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings come: raised on a frame or at the end of what was captured, told as one with others of their kind, or put in
 * the place of another. */
#include "core/finding/raising.h"

#include "core/finding/found.h"
#include "core/finding/notes.h"
#include "core/finding/sentence.h"
#include "core/finding/store.h"
#include "tcptriage/analysis.h"
#include "tcptriage/queries.h"

/* ---- runs ---- */

static bool is_kind(const tcpt_diagnosis *diagnosis, const tcpt_detector *detector, const tcpt_record *on)
{
    return diagnosis->detector == detector && diagnosis->first.on->from == on->from;
}

static tcpt_diagnosis *wide_run(const tcpt_findings *store, const tcpt_detector *detector, unsigned kind)
{
    tcpt_diagnosis *run = store->wide;

    while (run && (run->detector != detector || run->kind != kind))
        run = run->next;
    return run;
}

/* Looked for only while a kind has no run yet, so that lists are short. */
static unsigned count_kind(const tcpt_found *found, const tcpt_diagnosis *like)
{
    unsigned count = 0;

    for (const tcpt_diagnosis *diagnosis = found->first; diagnosis; diagnosis = diagnosis->next)
        count += is_kind(diagnosis, like->detector, like->first.on);
    return count;
}

static void begin_run(tcpt_diagnosis *diagnosis)
{
    diagnosis->run = tcpt_piece_take_blank(&diagnosis->store->pieces, sizeof *diagnosis->run);
    diagnosis->run->count = 1;
    diagnosis->run->joined = 1;
    diagnosis->run->last_ns = diagnosis->time_ns;
    tcpt_diagnosis_count(diagnosis, sizeof(tcpt_run));
}

/* Where the next finding of a run is kept. */
static tcpt_finding *next_place(const tcpt_diagnosis *diagnosis)
{
    if (!tcpt_leaves_marks(diagnosis))
        return tcpt_finding_take(diagnosis->store);
    tcpt_note_fold(diagnosis->run);
    return &diagnosis->run->newest;
}

static tcpt_finding *join(tcpt_diagnosis *diagnosis, tcpt_record *on, int64_t time_ns, tcpt_confidence confidence)
{
    tcpt_finding *finding = next_place(diagnosis);
    tcpt_run *run = diagnosis->run;

    finding->diagnosis = diagnosis;
    finding->on = on;
    finding->time_ns = time_ns;
    run->count++;
    run->joined++;
    run->last_ns = time_ns;
    diagnosis->differs |= run->late;
    diagnosis->confidence = MIN(diagnosis->confidence, (uint8_t)confidence);
    *(diagnosis->wide ? &diagnosis->store->folding.wide : &diagnosis->store->folding.in_flows) += 1;
    return finding;
}

/* ---- raising ---- */

/* What an end finding has joined is found again by these, to be taken out. */
static void remember_wide(tcpt_finding *finding)
{
    tcpt_found *found = tcpt_found_with(finding->diagnosis, finding->on);
    tcpt_finding *copy = tcpt_finding_take(finding->diagnosis->store);

    *copy = (tcpt_finding){finding->diagnosis, finding->on, found->end_wide, finding->time_ns};
    found->end_wide = copy;
}

static void begin_wide(tcpt_findings *store, tcpt_diagnosis *diagnosis)
{
    begin_run(diagnosis);
    diagnosis->wide = true;
    diagnosis->next = store->wide;
    store->wide = diagnosis;
    store->folding.wide++;
}

static void put_into_flow(tcpt_diagnosis *diagnosis)
{
    tcpt_found *found = tcpt_found_with(diagnosis, diagnosis->first.on);

    if (diagnosis->kind)
        ++*tcpt_told_apart(diagnosis->store, diagnosis->detector, diagnosis->kind);
    tcpt_found_append(found, diagnosis);
    if (diagnosis->at_end || count_kind(found, diagnosis) <= TCPT_ALIKE_MOST)
        return;
    begin_run(diagnosis);
    diagnosis->run->next = found->runs;
    found->runs = diagnosis;
}

/* Whether it gets no diagnosis of its own. */
static bool is_crowded(const tcpt_context *context, unsigned kind)
{
    return tcpt_store_is_full(context->store) ||
           (kind && *tcpt_told_apart(context->store, context->detector, kind) >= TCPT_APART_MOST);
}

static tcpt_diagnosis *run_to_join(const tcpt_context *context, const tcpt_record *on, unsigned kind)
{
    tcpt_diagnosis *run = context->segment ? tcpt_run_in_flow(on, context->detector) : NULL;

    if (run || !is_crowded(context, kind))
        return run;
    return wide_run(context->store, context->detector, kind);
}

static tcpt_diagnosis *diagnose(const tcpt_context *context, tcpt_record *on, int64_t time_ns, unsigned kind,
                                tcpt_confidence confidence, const char *summary, va_list arguments)
{
    uint8_t packed[TCPT_SENTENCE_MOST_BYTES];
    size_t bytes = tcpt_sentence_pack(packed, context->store, summary, arguments);
    bool crowded = is_crowded(context, kind);
    tcpt_diagnosis *made = tcpt_diagnosis_new(context->store, context->detector, summary, packed, bytes);

    made->first = (tcpt_finding){made, on, NULL, time_ns};
    made->time_ns = time_ns;
    made->confidence = (uint8_t)confidence;
    made->kind = (uint8_t)kind;
    made->at_end = !context->segment;
    if (crowded)
        begin_wide(context->store, made);
    else
        put_into_flow(made);
    if (context->store->undrawn && !made->at_end && made->detector->severity > TCPT_CHAT)
        g_ptr_array_add(context->store->undrawn, made);
    return made;
}

static tcpt_finding *raise_finding(const tcpt_context *context, tcpt_record *on, int64_t time_ns, unsigned kind,
                                   tcpt_confidence confidence, const char *summary, va_list arguments)
{
    tcpt_diagnosis *run = run_to_join(context, on, kind);
    tcpt_finding *finding = run ? join(run, on, time_ns, confidence)
                                : &diagnose(context, on, time_ns, kind, confidence, summary, arguments)->first;

    tcpt_note_finding(finding);
    tcpt_found_weigh(finding, 1);
    if (finding->diagnosis->wide && !context->segment)
        remember_wide(finding);
    return finding;
}

/* Of one SEQ only is what rst_seq_mismatch tells of the distance. */
static bool tells_of_seq(const tcpt_diagnosis *run)
{
    const tcpt_field *fields = run->detector->fields;

    for (unsigned at = 0; fields && fields[at] != TCPT_FIELD_COUNT; at++)
        if (fields[at] == TCPT_F_RST_SEQ_DELTA)
            return (run->set & ~run->differs) >> at & 1;
    return false;
}

bool tcpt_joins_run(const tcpt_record *record, unsigned *number, bool *any_seq)
{
    const tcpt_finding *note = record->notes;
    const tcpt_diagnosis *run;

    *number = 0;
    *any_seq = true;
    if (!note)
        return true;
    if (!tcpt_notes_are_listed(record) || note->next || note->on != record || !note->diagnosis->run)
        return false;
    run = note->diagnosis;
    if (note != &run->run->newest || !tcpt_leaves_marks(run) || tcpt_run_in_flow(record, run->detector) != run)
        return false;
    *number = run->number + 1u;
    *any_seq = !tells_of_seq(run);
    return true;
}

tcpt_diagnosis *tcpt_run_of(const tcpt_record *record, unsigned number)
{
    return tcpt_run_in_flow(record, tcpt_detectors[number - 1]);
}

void tcpt_join_run(tcpt_diagnosis *run, tcpt_record *record, int64_t time_ns)
{
    tcpt_finding *finding = join(run, record, time_ns, (tcpt_confidence)run->confidence);

    tcpt_note_finding(finding);
    tcpt_found_weigh(finding, 1);
}

tcpt_finding *tcpt_raise(const tcpt_context *context, tcpt_confidence confidence, const char *summary, ...)
{
    int64_t time_ns = !context->segment ? context->flow->last_ns : context->segment->time_ns;
    tcpt_finding *finding;
    va_list arguments;

    va_start(arguments, summary);
    finding = raise_finding(context, context->record, time_ns, 0, confidence, summary, arguments);
    va_end(arguments);
    return finding;
}

tcpt_finding *tcpt_raise_among(const tcpt_context *context, unsigned kind, tcpt_confidence confidence,
                               const char *summary, ...)
{
    tcpt_finding *finding;
    va_list arguments;

    va_start(arguments, summary);
    finding = raise_finding(context, context->record, context->flow->last_ns, kind, confidence, summary, arguments);
    va_end(arguments);
    return finding;
}

tcpt_finding *tcpt_raise_on(const tcpt_context *context, tcpt_record *on, int64_t time_ns, tcpt_confidence confidence,
                            const char *summary, ...)
{
    tcpt_finding *finding;
    va_list arguments;

    va_start(arguments, summary);
    finding = raise_finding(context, on, time_ns, 0, confidence, summary, arguments);
    va_end(arguments);
    return finding;
}

/* ---- in the place of another ---- */

static void copy_values(tcpt_finding *copy, const tcpt_finding *judged)
{
    tcpt_value value;

    for (unsigned at = 0; tcpt_next_value(judged, &at, &value);) {
        if (value.text)
            tcpt_take_text(copy, value.field, g_strdup(value.text));
        else
            tcpt_set_number(copy, value.field, value.number);
    }
}

static void copy_all(tcpt_finding *copy, const tcpt_finding *judged)
{
    const tcpt_diagnosis *from = judged->diagnosis;

    copy_values(copy, judged);
    copy->diagnosis->brief = from->brief;
    tcpt_set_brief_arguments(copy->diagnosis, from->brief_arguments, from->brief_bytes);
    copy->diagnosis->delay_ns = from->delay_ns;
    copy->diagnosis->blamed = from->blamed;
    for (uint32_t i = 0; i < from->related_count; i++)
        tcpt_relate(copy, from->related[i]);
    for (unsigned i = 0; i < from->ruled_out_count; i++)
        tcpt_rule_out(copy, from->ruled_out[i]);
}

static void put_in_place(tcpt_diagnosis *diagnosis, tcpt_finding *judged)
{
    tcpt_found_append(tcpt_found_with(diagnosis, judged->on), diagnosis);
    tcpt_note_finding(&diagnosis->first);
    tcpt_found_weigh(&diagnosis->first, 1);
    diagnosis->instead_of = judged;
    judged->diagnosis->superseded++;
}

/* A finding that shares its diagnosis with those of other flows says nothing of its own, nor does its end. */
static void put_nowhere(tcpt_diagnosis *diagnosis)
{
    tcpt_findings *store = diagnosis->store;

    diagnosis->unseen = true;
    if (store->unseen)
        tcpt_diagnosis_free(store->unseen);
    store->unseen = diagnosis;
}

tcpt_finding *tcpt_instead_of(const tcpt_context *context, tcpt_finding *judged)
{
    const tcpt_diagnosis *from = judged->diagnosis;
    tcpt_diagnosis *made =
        tcpt_diagnosis_new(context->store, from->detector, from->summary, from->arguments, from->argument_bytes);

    judged = tcpt_note_whole(judged);
    made->first = (tcpt_finding){made, judged->on, NULL, judged->time_ns};
    made->time_ns = tcpt_is_folded(judged) ? from->run->last_ns : from->time_ns;
    made->confidence = from->confidence;
    made->at_end = true;
    if (from->wide)
        put_nowhere(made);
    else
        put_in_place(made, judged);
    copy_all(&made->first, judged);
    return &made->first;
}

void tcpt_refute(const tcpt_context *context, tcpt_finding *judged)
{
    tcpt_diagnosis *made = tcpt_instead_of(context, judged)->diagnosis;

    made->refuted = true;
    if (made->instead_of)
        tcpt_found_weigh_refuted(made, -1);
}

tcpt_finding *tcpt_raised_on(const tcpt_context *context, const tcpt_record *record)
{
    tcpt_finding *note = record->notes ? tcpt_notes_whole((tcpt_record *)record) : NULL;

    while (note && (note->on != record || note->diagnosis->detector != context->detector || note->diagnosis->at_end))
        note = note->next;
    return note;
}
