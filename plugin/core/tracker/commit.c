/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/tracker/commit.h"

#include "core/tracker/judge.h"

static void begin_anew(tcpt_tracker *tracker)
{
    if (!tracker->follows)
        tcpt_ct_clear(&tracker->models);
    tracker->follows = true;
}

/* The segment is the newest packet that the entry knows of. */
static bool is_last(const tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from)
{
    return entry->last_dir == tcpt_ct_direction(entry, from) && entry->last_seq == segment->seq &&
           entry->last_ack == segment->ack && entry->last_end == segment->end_seq && entry->last_win == segment->window;
}

void tcpt_tracker_commit(tcpt_tracker *tracker, const tcpt_segment *segment, unsigned from,
                         const tcpt_tracker_proposal *proposal)
{
    bool opens;

    if (proposal->course == TCPT_TRACKER_SHORT_WAY) {
        tcpt_ct_take_short_way(&tracker->models.current, segment, from);
        tracker->learned = true;
        return;
    }
    if (proposal->begins)
        begin_anew(tracker);
    if (proposal->overrun_ns)
        tracker->overrun_ns[from] = proposal->overrun_ns;
    if (proposal->course == TCPT_TRACKER_LOSES) {
        tracker->follows = false;
        return;
    }
    opens = tracker->models.current.state < TCPT_CT_ESTABLISHED;
    tcpt_ct_commit(&tracker->models, segment, from, &proposal->models);
    /* Behind what is sent again the entry does not lag: in a storm it would have to catch up with each. */
    tracker->learned =
        (opens || !proposal->models.short_way[TCPT_CT_CURRENT]) && is_last(&tracker->models.current, segment, from);
}

void tcpt_tracker_commit_rst_again(tcpt_tracker *tracker, const tcpt_segment *segment, unsigned from)
{
    tcpt_ct_take_rst_again(&tracker->models.current, segment, from);
}
