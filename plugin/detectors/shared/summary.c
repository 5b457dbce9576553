/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sentence of a finding, in the words of its detector; of one that is told as one with others, where those are. */
#include <glib.h>

#include "tcptriage/flow.h"

char *tcpt_summary(const tcpt_finding *finding)
{
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    char *first = tcpt_sentence_of(diagnosis), *text;

    if (!tcpt_is_folded(finding))
        return first;
    text = g_strdup_printf("As in frame %u, one of %u alike %s: %s", diagnosis->first.on->frame, tcpt_alike(diagnosis),
                           diagnosis->wide ? "in many connections" : "in this connection", first);
    g_free(first);
    return text;
}
