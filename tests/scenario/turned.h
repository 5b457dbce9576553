/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The same traffic in another guise, which must be told in the same words: hosts whose addresses sort the other way,
 * sequence numbers that begin elsewhere.
 */
#ifndef TCPTRIAGE_TESTS_TURNED_H
#define TCPTRIAGE_TESTS_TURNED_H

#include <glib.h>

#include "tcptriage/icmp.h"
#include "tcptriage/segment.h"

typedef struct scn_guise {
    const char *name;
    bool turned;       /**< addresses by their complement: the flow's ends change places in its key */
    uint32_t shift[2]; /**< added to the client's and the server's sequence numbers */
} scn_guise;

/** Ends with a row without a name. */
extern const scn_guise scn_guises[];

/** Put a decoded segment into another guise. `src` and `dst` are room for its addresses. */
void scn_disguise(tcpt_segment *segment, const scn_guise *guise, uint8_t src[16], uint8_t dst[16]);

/** The same for what an ICMP error quotes. */
void scn_disguise_icmp(tcpt_icmp *icmp, const scn_guise *guise, uint8_t src[16], uint8_t dst[16]);

#endif
