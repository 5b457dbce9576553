/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Where the findings of an analysis are kept. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_STORE_H
#define TCPTRIAGE_CORE_FINDING_STORE_H

#include <glib.h>
#include <stdarg.h>

#include "tcptriage/blocks.h"
#include "tcptriage/cases.h"
#include "tcptriage/detector.h"
#include "tcptriage/pieces.h"

enum {
    TCPT_SLAB_FINDINGS = 512,
    TCPT_PATTERN_WORDS = 64, /**< what nearly all diagnoses take, with their values and arguments */
};

/** One per analysis. */
typedef struct tcpt_findings {
    GPtrArray *slabs;       /**< of TCPT_SLAB_FINDINGS places each; NULL until the first */
    unsigned slab_used;     /**< places of the newest slab */
    tcpt_finding *spare;    /**< given back, linked by next */
    tcpt_pieces pieces;     /**< of memory: diagnoses, what hangs on them, and what flows and detectors have of them */
    uint8_t numbers[64];    /**< of detectors, by where their rows lie; a guess */
    size_t bytes;           /**< of diagnoses and what hangs on them */
    size_t most_bytes;      /**< from there on findings get none of their own */
    tcpt_diagnosis *wide;   /**< runs over all flows, linked by next */
    tcpt_diagnosis *unseen; /**< the newest that is on no frame */
    GHashTable *texts;      /**< of summaries, each once; NULL until the first */
    const char *recent[64][2]; /**< of those, by where it was said: tcpt_text_keep() */
    GHashTable *apart;         /**< of a kind that may come in floods, those told apart; NULL until the first */
    tcpt_folding folding;
    uint64_t *patterns[TCPT_DETECTORS_MOST]; /**< by a detector's number, NULL before the first: stowed.h */
    GPtrArray *undrawn; /**< diagnoses made on the segment that is judged; NULL where nobody asks for pictures */
    GHashTable *scenes; /**< diagnosis -> what its picture is drawn from (scenes.c); valid with `undrawn` */
} tcpt_findings;

void tcpt_findings_open(tcpt_findings *store, size_t most_bytes);
/** All findings go, and detectors' memories: flows and frames are not told. */
void tcpt_findings_clear(tcpt_findings *store);

/** Call `visit` for each piece of memory of what was found in a flow, and of what is in no flow. */
void tcpt_found_each_block(const tcpt_flow *flow, tcpt_block_visit visit, void *data);
/** `leaves`: the flow of that record goes, if nothing else refers to it: its share of what is told of many does not
 * keep it. */
void tcpt_findings_each_block(const tcpt_findings *store, bool (*leaves)(const tcpt_record *on, void *data),
                              tcpt_block_visit visit, void *data);

/** Whether all that was found in a flow is told of many others, too: it goes without a loss, as it is counted there. */
bool tcpt_found_nothing_own(const tcpt_flow *flow);

/** Give back what such a flow, or a frame of it, has; its findings are counted on. */
void tcpt_found_release(tcpt_findings *store, tcpt_flow *flow);
void tcpt_notes_release(tcpt_findings *store, tcpt_record *record);

/** @return a place on a record's list: a finding, or what a record proves; uninitialised */
tcpt_finding *tcpt_finding_take(tcpt_findings *store);
void tcpt_finding_give_back(tcpt_findings *store, tcpt_finding *finding);

/** @return a diagnosis of nothing yet, with as many values as the detector has fields, and its summary */
tcpt_diagnosis *tcpt_diagnosis_new(tcpt_findings *store, const tcpt_detector *detector, const char *summary,
                                   const uint8_t *arguments, size_t argument_bytes);
/** Bytes of the piece that it is: with its values, and behind them `own_room` for the summary's arguments. */
size_t tcpt_diagnosis_bytes(const tcpt_diagnosis *diagnosis);
/** Free it with all that it owns. It is on no list any more. */
void tcpt_diagnosis_free(tcpt_diagnosis *diagnosis);

/** A text that a diagnosis owns goes. */
void tcpt_text_free(tcpt_findings *store, const char *text);

/** Count memory that hangs on a diagnosis; it is counted no more when that is freed. */
static inline void tcpt_diagnosis_count(tcpt_diagnosis *diagnosis, size_t bytes)
{
    diagnosis->bytes += (uint32_t)bytes;
    diagnosis->store->bytes += bytes;
}

/** @return a copy that lives as long as the store, the same for the same text; NULL when there are too many */
const char *tcpt_text_keep(tcpt_findings *store, const char *text);

/** How many of a detector's findings of that kind have a diagnosis of their own. */
uint32_t *tcpt_told_apart(tcpt_findings *store, const tcpt_detector *detector, unsigned kind);

void tcpt_set_brief_arguments(tcpt_diagnosis *diagnosis, const uint8_t *arguments, size_t bytes);
void tcpt_set_summary(tcpt_diagnosis *diagnosis, const char *summary, const uint8_t *arguments, size_t argument_bytes);

/** Whether others have joined: what is said must hold for all of them. */
static inline bool tcpt_is_shared(const tcpt_diagnosis *diagnosis)
{
    return diagnosis->run && diagnosis->run->joined > 1;
}

static inline bool tcpt_store_is_full(const tcpt_findings *store)
{
    return store->bytes >= store->most_bytes;
}

/** Whether two frames of one sender have the same findings, but for their times: those of one run that nobody else
 * keeps, or none. */
bool tcpt_marked_alike(const tcpt_record *a, const tcpt_record *b);

#endif
