/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The records, one per segment, and what they show of it. For the analysis only.
 */
#ifndef TCPTRIAGE_CORE_RECORDS_H
#define TCPTRIAGE_CORE_RECORDS_H

#include <stddef.h>
#include <string.h>

#include <glib.h>

#include "tcptriage/analysis.h"
#include "tcptriage/observation.h"

/** Records come in slabs: one allocation for many packets, none of its own per packet. */
typedef struct tcpt_records {
    GPtrArray *slabs;
    tcpt_record *next;  /**< in the newest slab */
    tcpt_record *spare; /**< given back; NULL for none */
    uint32_t count;     /**< they are numbered from 0 */
    uint32_t newest;    /**< number of the one that was added last */
    uint32_t spares;
    uint32_t held; /**< how often it has happened that something may refer to records that nothing else would */
    bool reused;   /**< their numbers are not in the order of the frames any more */
    tcpt_record_moved *moved; /**< told of what is shared; NULL: nothing is */
} tcpt_records;

void tcpt_records_open(tcpt_records *records);
void tcpt_records_clear(tcpt_records *records);

/** @return a new one, for a segment that end `from` of a flow sent; lives until tcpt_records_clear() */
tcpt_record *tcpt_records_add(tcpt_records *records, tcpt_flow *flow, const tcpt_segment *segment, unsigned from);

/** The same for the frame of an ICMP error that quotes a segment of end `from`. */
tcpt_record *tcpt_records_add_icmp(tcpt_records *records, tcpt_flow *flow, uint32_t frame, unsigned from);

/** The one of this number, which is less than `count`. */
tcpt_record *tcpt_records_at(const tcpt_records *records, uint32_t number);

/** Give back a record that nobody refers to; a spare one is left alone. */
void tcpt_records_release(tcpt_records *records, uint32_t number);

/** Let a frame's record be given back, and another one take its place: if it says the same of its frame. @return false
 * where it does not */
bool tcpt_records_share(tcpt_records *records, uint32_t number, uint32_t shared);

/** Whether a record was given back. */
static inline bool tcpt_record_is_spare(const tcpt_record *record)
{
    return !record->owner;
}

/** What tells whether an address is a record's. For records as they were when it was made. */
typedef struct tcpt_record_map tcpt_record_map;
tcpt_record_map *tcpt_record_map_new(const tcpt_records *records);
void tcpt_record_map_free(tcpt_record_map *map);
bool tcpt_record_map_find(const tcpt_record_map *map, uintptr_t address, uint32_t *number);

/** Show what connection tracking and the receiver make of the segment. */
void tcpt_record_judged(tcpt_record *record, const tcpt_observation *seen);

/** Show that one is the second copy of another. */
void tcpt_record_copy(tcpt_record *copy, tcpt_record *original);

/** Show the states of both ends as the flow has them now. */
void tcpt_record_states(tcpt_record *record, const tcpt_flow *flow);

/** Show both ends as ESTABLISHED, as tcpt_record_states() would after what goes the short way. */
static inline void tcpt_record_open(tcpt_record *record)
{
    record->client_state = record->server_state = TCPT_ESTABLISHED;
}

/** The same, where another record shows them. */
static inline void tcpt_record_states_as(tcpt_record *record, const tcpt_record *other)
{
    record->client_state = other->client_state;
    record->server_state = other->server_state;
    record->inferred = other->inferred;
    record->reset = other->reset;
}

/** Whether connection tracking takes it for valid, by both rule sets, on a connection that is open afterwards. */
static inline bool tcpt_record_tracked_open(const tcpt_record *record)
{
    return record->ct_state == TCPT_CT_ESTABLISHED && record->ct_current == TCPT_CT_VALID &&
           record->ct_old == TCPT_CT_VALID;
}

/** Show of a segment what another record shows of one that looks the same, without padding, its own sum excepted. */
static inline void tcpt_record_says_as(tcpt_record *record, const tcpt_record *other)
{
    enum { SAID = offsetof(tcpt_record, same_as) + sizeof record->same_as };
    bool uncut_good = record->uncut_good;

    memcpy((char *)record + SAID, (const char *)other + SAID, sizeof *record - SAID);
    record->uncut_good = uncut_good;
}

/** What records show that later segments may refute. */
typedef struct tcpt_assumed {
    bool any;
    bool reset[2]; /**< that a RST has closed an end */
    bool fin[2];   /**< that an end's FIN has arrived */
} tcpt_assumed;

/** What a flow's records show so far. */
static inline tcpt_assumed tcpt_assumed_of(const tcpt_flow *flow)
{
    const tcpt_endpoint *ends = flow->ends;

    if (!flow->ending)
        return (tcpt_assumed){false};
    return (tcpt_assumed){true, {ends[0].reset, ends[1].reset}, {ends[0].fin_delivered, ends[1].fin_delivered}};
}

/** Correct what the segment refutes in the newest records of its flow: TCPT_FINGERPRINTS of them, copies left out. What
 * one pass has shown by then stays shown. */
void tcpt_records_correct(const tcpt_records *records, const tcpt_flow *flow, const tcpt_observation *seen,
                          const tcpt_assumed *assumed);

#endif
