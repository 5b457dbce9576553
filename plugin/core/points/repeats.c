/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/points/repeats.h"

#include <glib.h>

#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"

/* Runs of a way: a missing ACK is judged within seconds of its time, and each run covers one (match_seconds is 10). */
enum { RUNS = 12 };

/* What was sent again within a second: one recovery. */
typedef struct repeat_run {
    int64_t first_ns;
    int64_t last_ns;
    uint32_t lowest; /* SEQ */
} repeat_run;

struct tcpt_repeats {
    repeat_run runs[2][RUNS]; /* by way, in turns */
    uint32_t count[2];        /* of all runs so far */
};

static void extend(struct tcpt_repeats *repeats, unsigned way, const tcpt_segment *segment)
{
    repeat_run *newest = &repeats->runs[way][(repeats->count[way] - 1) % RUNS];

    if (repeats->count[way] && segment->time_ns - newest->first_ns < TCPT_SECOND_NS) {
        newest->last_ns = MAX(newest->last_ns, segment->time_ns);
        newest->lowest = seq_before(segment->seq, newest->lowest) ? segment->seq : newest->lowest;
        return;
    }
    repeats->runs[way][repeats->count[way]++ % RUNS] = (repeat_run){segment->time_ns, segment->time_ns, segment->seq};
}

void tcpt_repeats_note(tcpt_member *member, unsigned way, const tcpt_segment *segment, const tcpt_observation *seen)
{
    if (!(seen->traits & TCPT_TRAIT_REPEAT) || seen->stale)
        return;
    if (!member->repeats)
        member->repeats = g_new0(struct tcpt_repeats, 1);
    extend(member->repeats, way, segment);
}

bool tcpt_repeated_since(const tcpt_member *member, unsigned way, uint32_t ack, int64_t time_ns)
{
    const struct tcpt_repeats *repeats = member->repeats;
    uint32_t kept = repeats ? MIN(repeats->count[way], (uint32_t)RUNS) : 0;

    for (uint32_t i = 0; i < kept; i++) {
        const repeat_run *run = &repeats->runs[way][i];

        if (run->last_ns >= time_ns && seq_before(run->lowest, ack))
            return true;
    }
    return kept == RUNS && repeats->runs[way][repeats->count[way] % RUNS].first_ns > time_ns;
}
