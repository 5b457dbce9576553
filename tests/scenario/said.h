/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a script says of a finding beside its typed fields: "says", "related" and the like.
 */
#ifndef TCPTRIAGE_TESTS_SAID_H
#define TCPTRIAGE_TESTS_SAID_H

#include "tcptriage/analysis.h"

typedef struct scn_said {
    const char *name;
    char *(*show)(const tcpt_finding *finding); /**< @return g_free() it */
    bool (*fits)(const char *shown, const char *expected);
    bool (*has)(const tcpt_finding *finding); /**< a script must say it of its own findings then; NULL: need not */
    bool alone;                               /**< other traffic may change it */
} scn_said;

/** Ends with a row without a name. */
extern const scn_said scn_saids[];

/** The row of "NAME=..." or "NAME", or the last one. */
const scn_said *scn_said_of(const char *field);

#endif
