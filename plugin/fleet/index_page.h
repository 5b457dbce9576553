/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The page that leads to the pages: causes over all captures, the worst captures, and what could not be read.
 */
#ifndef TCPTRIAGE_FLEET_INDEX_PAGE_H
#define TCPTRIAGE_FLEET_INDEX_PAGE_H

#include <stdint.h>

#include <glib.h>
#include <sqlite3.h>

/** How many there are. */
typedef struct tcpt_fleet_counts {
    uint64_t captures, partly, failed, with_warnings, with_notes, cases;
    uint64_t skipped; /**< files that are no captures */
} tcpt_fleet_counts;

/** "1000 captures: 12 with warnings, 3 with notes only, 985 with nothing of note; 2 could not be read", to be freed. */
char *tcpt_fleet_verdict(const tcpt_fleet_counts *counts);

/** The page, of a database that all was added to. @param made_by  program and version */
GString *tcpt_index_page(sqlite3 *database, const tcpt_fleet_counts *counts, const char *made_by);

#endif
