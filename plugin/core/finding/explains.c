/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/explains.h"

#include <glib.h>

#include "tcptriage/cases.h"

/* By place in tcpt_detectors; made once from the rows, which do not change. */
static uint64_t explainers[TCPT_DETECTORS_MOST];

/* Numbers plus one, by id. */
static GHashTable *numbers_by_id(void)
{
    GHashTable *numbers = g_hash_table_new(g_str_hash, g_str_equal);

    for (unsigned number = 0; tcpt_detectors[number]; number++)
        g_hash_table_insert(numbers, (gpointer)tcpt_detectors[number]->id, GUINT_TO_POINTER(number + 1));
    return numbers;
}

unsigned tcpt_detector_number(const tcpt_detector *detector)
{
    unsigned number = 0;

    while (tcpt_detectors[number] && tcpt_detectors[number] != detector)
        number++;
    return number;
}

static void read_rows(void)
{
    static bool done;
    GHashTable *numbers;

    if (done)
        return;
    done = true;
    numbers = numbers_by_id();
    for (unsigned number = 0; tcpt_detectors[number]; number++)
        for (const char *const *id = tcpt_detectors[number]->explains; id && *id; id++) {
            unsigned explained = GPOINTER_TO_UINT(g_hash_table_lookup(numbers, *id));

            if (explained)
                explainers[explained - 1] |= UINT64_C(1) << number;
        }
    g_hash_table_destroy(numbers);
}

uint64_t tcpt_explained_by(unsigned detector)
{
    read_rows();
    return explainers[detector];
}

/* The gravest of several; of equals the first in the list. */
static unsigned gravest(uint64_t set)
{
    unsigned best = tcpt_lowest_bit(set);

    for (set &= set - 1; set; set &= set - 1) {
        unsigned next = tcpt_lowest_bit(set);

        if (tcpt_detectors[next]->severity > tcpt_detectors[best]->severity)
            best = next;
    }
    return best;
}

/* A test finds circles in the rows; were there one, this would still end. */
unsigned tcpt_root_of(unsigned detector, uint64_t present)
{
    for (unsigned steps = 0; steps < TCPT_DETECTORS_MOST; steps++) {
        uint64_t set = tcpt_explained_by(detector) & present & ~(UINT64_C(1) << detector);

        if (!set)
            break;
        detector = gravest(set);
    }
    return detector;
}
