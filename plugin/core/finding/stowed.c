/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/stowed.h"

#include <string.h>

#include "core/finding/found.h"
#include "core/finding/notes.h"
#include "core/finding/store.h"
#include "tcptriage/portable.h"

enum {
    WORD = sizeof(uint64_t),
    WORDS_MOST = TCPT_PATTERN_WORDS,
    PATTERN_BYTES = WORDS_MOST * WORD,
    DIAGNOSES_MOST = 8, /* of a flow of few packets; where there are more all stay */
    NOTES_MOST = 24,    /* the same: each with its two proofs */
    GROUP = 8,          /* words that share a byte of bits, and bytes of a word */
    FEW = G_N_ELEMENTS(((tcpt_diagnosis *)0)->few),
    WORD_BYTES_MOST = 1 + WORD,
    /* Bits of words, words that all differ in each byte, and what a diagnosis has besides. */
    DIAGNOSIS_BYTES_MOST = WORDS_MOST / GROUP + WORDS_MOST * WORD_BYTES_MOST + 1 + FEW,
    BYTES_MOST = NOTES_MOST + DIAGNOSES_MOST * DIAGNOSIS_BYTES_MOST,
};

G_STATIC_ASSERT(WORDS_MOST % GROUP == 0);

/* One of a record's list, in its order. */
typedef struct note {
    uint8_t place : 3; /* of the record, among the flow's */
    bool proof : 1;    /* else it is the finding itself */
    uint8_t of : 4;    /* the diagnosis, by its place in the flow's list */
} note;

G_STATIC_ASSERT(sizeof(note) == 1 && TCPT_FOUND_RECORDS_MOST <= 1 << 3 && DIAGNOSES_MOST <= 1 << 4);

/* In a piece of memory. */
typedef struct stowed {
    uint16_t length; /* of `bytes` */
    uint8_t diagnoses;
    uint8_t notes;
    uint8_t weighty; /* tcpt_found.weighty of what was raised on segments */
    uint8_t bytes[]; /* notes, then diagnoses */
} stowed;

/* What a flow has, looked at for packing, or made again. */
typedef struct view {
    tcpt_flow *flow;
    tcpt_record *const *records;
    unsigned record_count; /* for packing */
    tcpt_diagnosis *diagnoses[DIAGNOSES_MOST];
    unsigned diagnosis_count;
    note notes[NOTES_MOST];
    unsigned note_count;
} view;

/* A diagnosis as words. */
typedef union image {
    uint64_t words[WORDS_MOST];
    tcpt_diagnosis diagnosis;
} image;

static unsigned words_of(size_t bytes)
{
    return (unsigned)((bytes + WORD - 1) / WORD);
}

/* ---- which ones ---- */

/* Neither a detector nor another finding can have its address. */
static bool is_plain(const tcpt_diagnosis *diagnosis)
{
    return !diagnosis->detector->memory_bytes && diagnosis->number < TCPT_DETECTORS_MOST && !diagnosis->run &&
           !diagnosis->instead_of && !diagnosis->superseded && !diagnosis->part_of && !diagnosis->first_gone &&
           !diagnosis->unseen && words_of(tcpt_diagnosis_bytes(diagnosis)) <= WORDS_MOST;
}

static bool take_diagnoses(view *in)
{
    tcpt_diagnosis *diagnosis = in->flow->found->first;

    for (; diagnosis; diagnosis = diagnosis->next) {
        if (in->diagnosis_count == DIAGNOSES_MOST || !is_plain(diagnosis))
            return false;
        in->diagnoses[in->diagnosis_count++] = diagnosis;
    }
    return in->diagnosis_count > 0;
}

/* Plus one; 0 where the flow has no such record. */
static unsigned place_of(const view *in, const tcpt_record *record)
{
    unsigned place = in->record_count;

    while (place && in->records[place - 1] != record)
        place--;
    return place;
}

/* Plus one; 0 where it is another flow's. */
static unsigned number_of(const view *in, const tcpt_diagnosis *diagnosis)
{
    unsigned number = in->diagnosis_count;

    while (number && in->diagnoses[number - 1] != diagnosis)
        number--;
    return number;
}

static bool take_note(view *in, unsigned place, const tcpt_finding *of)
{
    const tcpt_diagnosis *diagnosis = of->diagnosis;
    unsigned number = number_of(in, diagnosis);

    if (!number || in->note_count == NOTES_MOST || of->on != diagnosis->first.on || of->time_ns != diagnosis->time_ns)
        return false;
    in->notes[in->note_count++] = (note){.place = (uint8_t)place & 7,
                                         .proof = of != &diagnosis->first,
                                         .of = (uint8_t)(number - 1) & (DIAGNOSES_MOST - 1)};
    return true;
}

static bool take_notes(view *in)
{
    for (unsigned place = 0; place < in->record_count; place++) {
        const tcpt_finding *first;

        if (!tcpt_notes_are_listed(in->records[place]))
            return false;
        for (first = in->records[place]->notes; first; first = first->next)
            if (!take_note(in, place, first))
                return false;
    }
    return true;
}

/* Whether no other flow's frame is told to be a proof of it. */
static bool is_proven_here(const view *in, const tcpt_diagnosis *diagnosis)
{
    for (uint32_t i = 0; i < diagnosis->related_count; i++)
        if (!place_of(in, diagnosis->related[i]))
            return false;
    return place_of(in, diagnosis->first.on);
}

static bool all_are_here(const view *in)
{
    unsigned findings = 0;

    for (unsigned i = 0; i < in->note_count; i++)
        findings += !in->notes[i].proof;
    for (unsigned i = 0; i < in->diagnosis_count; i++)
        if (!is_proven_here(in, in->diagnoses[i]))
            return false;
    return findings == in->diagnosis_count;
}

static bool may_stow(const tcpt_findings *store, const tcpt_flow *flow)
{
    const tcpt_found *found = flow->found;

    return found && !store->undrawn && !found->end_first && !found->end_wide && !found->runs &&
           found->weighty[0] <= UINT8_MAX && !found->weighty[1];
}

/* ---- words ---- */

static uint64_t *pattern_of(tcpt_findings *store, unsigned number)
{
    uint64_t **pattern = &store->patterns[number];

    if (!*pattern)
        *pattern = tcpt_piece_take_blank(&store->pieces, PATTERN_BYTES);
    return *pattern;
}

/* Bits that tell which bytes of a word are not zero, and these. */
static uint8_t *put_word(uint8_t *to, uint64_t word)
{
    uint8_t *bits = to++;

    *bits = 0;
    for (unsigned at = 0; word; at++, word >>= 8)
        if (word & UINT8_MAX) {
            *bits |= (uint8_t)(1u << at);
            *to++ = word & UINT8_MAX;
        }
    return to;
}

static const uint8_t *read_word(const uint8_t *from, uint64_t *word)
{
    unsigned bits = *from++;

    *word = 0;
    for (; bits; bits &= bits - 1)
        *word |= (uint64_t)*from++ << 8 * tcpt_lowest_bit(bits);
    return from;
}

static uint8_t *put_words(uint8_t *to, const uint64_t *words, const uint64_t *pattern)
{
    for (unsigned first = 0; first < WORDS_MOST; first += GROUP) {
        uint8_t *bits = to++;

        *bits = 0;
        for (unsigned i = 0; i < GROUP; i++)
            if (words[first + i] != pattern[first + i]) {
                *bits |= (uint8_t)(1u << i);
                to = put_word(to, words[first + i] ^ pattern[first + i]);
            }
    }
    return to;
}

static const uint8_t *read_words(const uint8_t *from, uint64_t *words, const uint64_t *pattern)
{
    memcpy(words, pattern, PATTERN_BYTES);
    for (unsigned first = 0; first < WORDS_MOST; first += GROUP)
        for (unsigned bits = *from++; bits; bits &= bits - 1) {
            uint64_t differs;

            from = read_word(from, &differs);
            words[first + tcpt_lowest_bit(bits)] ^= differs;
        }
    return from;
}

/* ---- a diagnosis ---- */

/* From its begin. */
static size_t arguments_at(const tcpt_diagnosis *diagnosis)
{
    return tcpt_diagnosis_bytes(diagnosis) - diagnosis->own_room;
}

/* What points into itself or to the flow's records is told otherwise. */
static void clear_own(tcpt_diagnosis *of, const tcpt_diagnosis *was)
{
    of->next = of->previous = NULL;
    of->first.diagnosis = NULL;
    of->first.on = NULL;
    of->first.next = NULL;
    memset(of->few, 0, sizeof of->few);
    if (was->related == was->few)
        of->related = NULL;
    if (was->argument_room == was->own_room)
        of->arguments = NULL;
}

/* By the flow's newest segment, which most findings are on. */
static void shift_times(tcpt_diagnosis *of, int64_t by_ns)
{
    of->first.time_ns = (int64_t)((uint64_t)of->first.time_ns - (uint64_t)by_ns);
    of->time_ns = (int64_t)((uint64_t)of->time_ns - (uint64_t)by_ns);
}

static uint8_t *put_diagnosis(uint8_t *to, const view *in, const tcpt_diagnosis *diagnosis)
{
    uint64_t *pattern = pattern_of(diagnosis->store, diagnosis->number);
    size_t bytes = tcpt_diagnosis_bytes(diagnosis);
    image of = {.words = {0}};

    memcpy(of.words, diagnosis, bytes);
    clear_own(&of.diagnosis, diagnosis);
    shift_times(&of.diagnosis, in->flow->last_ns);
    if (!pattern[0])
        memcpy(pattern, of.words, sizeof of.words); /* which begin with the detector's address */
    *to++ = diagnosis->number;
    for (unsigned i = 0; i < FEW; i++)
        *to++ = diagnosis->related == diagnosis->few && i < diagnosis->related_count
                    ? (uint8_t)place_of(in, diagnosis->few[i])
                    : 0;
    return put_words(to, of.words, pattern);
}

static void point_to_own(tcpt_diagnosis *made, const view *in, const uint8_t few[FEW])
{
    made->first.diagnosis = made;
    if (!made->related)
        made->related = made->few;
    if (!made->arguments)
        made->arguments = (uint8_t *)made + arguments_at(made);
    for (unsigned i = 0; i < FEW; i++)
        made->few[i] = few[i] ? in->records[few[i] - 1] : NULL;
}

static const uint8_t *read_diagnosis(tcpt_findings *store, view *in, const uint8_t *from)
{
    unsigned number = *from++;
    const uint8_t *few = from;
    tcpt_diagnosis *made;
    size_t bytes;
    image of;

    from = read_words(from + FEW, of.words, store->patterns[number]);
    bytes = tcpt_diagnosis_bytes(&of.diagnosis);
    made = tcpt_piece_take(&store->pieces, bytes);
    memcpy(made, of.words, bytes);
    shift_times(made, -in->flow->last_ns);
    point_to_own(made, in, few);
    in->diagnoses[in->diagnosis_count++] = made;
    tcpt_found_append(in->flow->found, made);
    return from;
}

/* ---- all of a flow ---- */

/* Told from what is not stowed by the lowest bit, which no pointer has. */
static tcpt_found *as_found(stowed *of)
{
    return (tcpt_found *)(void *)((char *)of + 1);
}

static stowed *as_stowed(const tcpt_flow *flow)
{
    return (stowed *)(void *)((char *)flow->found - 1);
}

static bool is_stowed(const tcpt_flow *flow)
{
    return (uintptr_t)flow->found & 1;
}

static stowed *pack(tcpt_findings *store, const view *in)
{
    uint8_t bytes[BYTES_MOST], *to = bytes;
    stowed head = {.diagnoses = (uint8_t)in->diagnosis_count,
                   .notes = (uint8_t)in->note_count,
                   .weighty = (uint8_t)in->flow->found->weighty[0]},
           *made;

    memcpy(to, in->notes, in->note_count * sizeof(note));
    to += in->note_count * sizeof(note);
    for (unsigned i = 0; i < in->diagnosis_count; i++)
        to = put_diagnosis(to, in, in->diagnoses[i]);
    head.length = (uint16_t)(to - bytes);
    made = tcpt_piece_take(&store->pieces, sizeof head + head.length);
    memcpy(made, &head, sizeof head);
    memcpy(made->bytes, bytes, head.length);
    return made;
}

/* What hangs on them stays where it is. */
static void give_back(tcpt_findings *store, const view *in)
{
    for (unsigned place = 0; place < in->record_count; place++)
        for (tcpt_finding *at = in->records[place]->notes; at;) {
            tcpt_finding *next = at->next;

            if (at != &at->diagnosis->first)
                tcpt_finding_give_back(store, at);
            at = next;
        }
    for (unsigned i = 0; i < in->diagnosis_count; i++)
        tcpt_piece_give_back(&store->pieces, in->diagnoses[i], tcpt_diagnosis_bytes(in->diagnoses[i]));
    tcpt_piece_give_back(&store->pieces, in->flow->found, sizeof *in->flow->found);
}

void tcpt_found_stow(tcpt_findings *store, tcpt_flow *flow, tcpt_record *const *records, unsigned count)
{
    view in = {.flow = flow, .records = records, .record_count = count};
    stowed *made;

    if (count > TCPT_FOUND_RECORDS_MOST || !may_stow(store, flow))
        return;
    if (!take_diagnoses(&in) || !take_notes(&in) || !all_are_here(&in))
        return;
    made = pack(store, &in);
    give_back(store, &in);
    for (unsigned i = 0; i < in.note_count; i++)
        tcpt_notes_stow(in.records[in.notes[i].place]);
    flow->found = as_found(made);
}

static void find_frames(const view *in)
{
    for (unsigned i = 0; i < in->note_count; i++)
        if (!in->notes[i].proof)
            in->diagnoses[in->notes[i].of]->first.on = in->records[in->notes[i].place];
}

/* The last of each list first. */
static void list_notes(tcpt_findings *store, const view *in)
{
    for (unsigned i = 0; i < in->note_count; i++)
        in->records[in->notes[i].place]->notes = NULL;
    for (unsigned i = in->note_count; i-- > 0;) {
        tcpt_record *record = in->records[in->notes[i].place];
        tcpt_diagnosis *diagnosis = in->diagnoses[in->notes[i].of];
        tcpt_finding *made = &diagnosis->first;

        if (in->notes[i].proof) {
            made = tcpt_finding_take(store);
            *made = (tcpt_finding){diagnosis, diagnosis->first.on, NULL, diagnosis->time_ns};
        }
        made->next = record->notes;
        record->notes = made;
    }
}

void tcpt_found_unstow(tcpt_findings *store, tcpt_flow *flow, tcpt_record *const *records)
{
    view in = {.flow = flow, .records = records};
    const uint8_t *from;
    stowed *packed;

    if (!is_stowed(flow))
        return;
    packed = as_stowed(flow);
    flow->found = tcpt_piece_take_blank(&store->pieces, sizeof *flow->found);
    flow->found->weighty[0] = packed->weighty;
    in.note_count = packed->notes;
    memcpy(in.notes, packed->bytes, packed->notes * sizeof(note));
    from = packed->bytes + packed->notes * sizeof(note);
    for (unsigned i = 0; i < packed->diagnoses; i++)
        from = read_diagnosis(store, &in, from);
    find_frames(&in);
    list_notes(store, &in);
    tcpt_piece_give_back(&store->pieces, packed, sizeof *packed + packed->length);
}
