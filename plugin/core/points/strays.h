/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Segments that begin a connection of their own in the middle of one, at one point. Elsewhere they may be another
 * connection's: something on the way should have translated them and did not, or did it anew. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_POINTS_STRAYS_H
#define TCPTRIAGE_CORE_POINTS_STRAYS_H

#include "core/points/sighting.h"

typedef struct tcpt_strays tcpt_strays;

/** Remember a segment if it may be such a one; `strays` is made for the first. `now` has not been matched. */
void tcpt_strays_note(tcpt_strays **strays, const tcpt_sighting *now, const tcpt_segment *segment);

/**
 * The segment as it came to a point under other addresses or ports.
 *
 * @param strays     or NULL
 * @param from, to   members of its connection: that has seen it, and that has not
 * @param due_ns     when it was expected there
 * @param late_ns    how much later others have come
 * @return NULL if it did not
 */
tcpt_record *tcpt_stray_of(const tcpt_strays *strays, const tcpt_sighting *sighting, unsigned from, unsigned to,
                           int64_t due_ns, int64_t late_ns);

/** Bytes that all of them take. */
size_t tcpt_strays_bytes(void);

#endif
