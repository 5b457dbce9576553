/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files.h"

/* For the program's life. */
static unsigned count;
static uint64_t segment_count;
static int64_t newest_ns;

/* Packets of a new file are later than those of the one before; a file that is read again is not. */
static bool continues(const tcpt_totals *totals)
{
    return count > 0 && (totals->segments == 0 || totals->first_ns >= newest_ns);
}

void tcpt_files_note(const tcpt_totals *totals)
{
    if (!continues(totals))
        count = 0, segment_count = 0;
    if (totals->segments == 0)
        return;
    count++;
    segment_count += totals->segments;
    newest_ns = totals->newest_ns;
}

unsigned tcpt_files_before(const tcpt_totals *totals, uint64_t *segments)
{
    bool before = continues(totals);

    *segments = before ? segment_count : 0;
    return before ? count : 0;
}
