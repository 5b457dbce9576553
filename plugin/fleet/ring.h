/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Names of captures that go on in a new file now and then.
 */
#ifndef TCPTRIAGE_FLEET_RING_H
#define TCPTRIAGE_FLEET_RING_H

#include <stdbool.h>
#include <stdint.h>

/** How a name counts its files. */
typedef enum tcpt_ring_kind {
    TCPT_RING_NONE,
    TCPT_RING_NUMBERED, /**< dumpcap -b: numbers go up by one for ever */
    TCPT_RING_ROUND,    /**< tcpdump -C, with -W: numbers begin again */
    TCPT_RING_TIMED,    /**< tcpdump -G: times */
} tcpt_ring_kind;

/** What a name says. */
typedef struct tcpt_ring_name {
    tcpt_ring_kind kind;
    char *stem; /**< what the names of one ring have in common, to be freed; NULL without a ring */
    uint64_t number;
} tcpt_ring_name;

/** Take the name of a file apart; the path before it is part of the stem. */
tcpt_ring_name tcpt_ring_name_of(const char *path);

/** May `next` be the file behind `before`, by their names? @param least  number that a round begins with */
bool tcpt_ring_follows(const tcpt_ring_name *before, const tcpt_ring_name *next, uint64_t least);

#endif
