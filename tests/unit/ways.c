/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ways.h"

#include "core/flow/flow.h"
#include "core/flow/rst_again.h"
#include "core/flow/short_way.h"
#include "core/tracker/tracker.h"
#include "same.h"
#include "tcptriage/points.h"

void begin(both *ways, tcpt_settings settings)
{
    *ways = (both){.analysis = {tcpt_analysis_new(&settings), tcpt_analysis_new(&settings)}};
}

/* ---- Frames that share a record: it says what their own would. */

static GArray *numbers; /* of records, by frame */
static uint64_t shared; /* frames whose record is another one's */

static void move(uint32_t frame, uint32_t from, uint32_t to)
{
    g_assert_cmpuint(g_array_index(numbers, uint32_t, frame), ==, from);
    g_assert_cmpuint(to, !=, from);
    g_array_index(numbers, uint32_t, frame) = to;
    shared++;
}

void share(both *ways, tcpt_settings settings)
{
    ways->sharing = tcpt_analysis_new(&settings);
    ways->records = g_ptr_array_new();
    tcpt_share_records(ways->sharing, move);
    numbers = g_array_new(FALSE, TRUE, sizeof(uint32_t));
}

uint64_t shared_records(void)
{
    return shared;
}

static void feed_sharing(const both *ways, const tcpt_segment *segment, tcpt_record *slow)
{
    same_records(tcpt_analyse(ways->sharing, segment), slow);
    g_array_set_size(numbers, segment->frame + 1);
    g_array_index(numbers, uint32_t, segment->frame) = tcpt_newest_record(ways->sharing);
    g_ptr_array_set_size(ways->records, (int)segment->frame + 1);
    ways->records->pdata[segment->frame] = slow;
}

static void tell(const tcpt_finding *finding, void *text)
{
    char *summary = tcpt_summary(finding), *brief = tcpt_brief_text(finding);
    tcpt_value value;

    g_string_append_printf(text, "%s: %s; %s", finding->diagnosis->detector->id, summary, brief);
    for (unsigned at = 0; tcpt_next_value(finding, &at, &value);)
        g_string_append_printf(text, ", %" G_GINT64_FORMAT " %s", value.number, value.text);
    g_free(summary);
    g_free(brief);
}

static void same_said(const tcpt_record *sharing, const tcpt_record *own)
{
    GString *texts[2] = {g_string_new(NULL), g_string_new(NULL)};
    tcpt_record of_frame = *sharing;

    of_frame.frame = own->frame;
    same_records(&of_frame, own);
    tcpt_each_finding(sharing, tell, texts[0]);
    tcpt_each_finding(own, tell, texts[1]);
    g_assert_cmpstr(texts[0]->str, ==, texts[1]->str);
    for (unsigned i = 0; i < 2; i++)
        g_string_free(texts[i], TRUE);
}

static void end_sharing(both *ways)
{
    const tcpt_flow *sharing, *slow;

    tcpt_settle_all(ways->sharing);
    for (unsigned frame = 0; frame < numbers->len; frame++)
        if (ways->records->pdata[frame])
            same_said(tcpt_record_numbered(ways->sharing, g_array_index(numbers, uint32_t, frame)),
                      ways->records->pdata[frame]);
    sharing = tcpt_first_flow(ways->sharing);
    slow = tcpt_first_flow(ways->analysis[1]);
    for (; sharing && slow; sharing = sharing->next, slow = slow->next) {
        same_list(tcpt_first_diagnosis(sharing), tcpt_first_diagnosis(slow));
        same_list(tcpt_first_end_diagnosis(sharing), tcpt_first_end_diagnosis(slow));
    }
    g_assert_true(!sharing && !slow);
    tcpt_analysis_free(ways->sharing);
    g_ptr_array_free(ways->records, TRUE);
    g_array_free(numbers, TRUE);
}

/* ---- */

static void take_by_tracker(tcpt_flow *flow)
{
    if (flow->tracker_blank)
        tcpt_tracker_catch_up(flow);
    flow->tracker_blank = false;
}

void feed(both *ways, const tcpt_segment *segment)
{
    tcpt_record *fast, *slow;
    fast = tcpt_analyse(ways->analysis[0], segment);
    slow = tcpt_analyse(ways->analysis[1], segment);
    same_records(fast, slow);
    if (ways->sharing)
        feed_sharing(ways, segment, slow);
    tcpt_flow_of(slow)->short_way =
        tcpt_may_take_short_way(tcpt_flow_of(slow)); /* what the short way leaves as it is */
    same_flow(tcpt_flow_of(fast), tcpt_flow_of(slow));
    tcpt_flow_of(slow)->short_way = false;
    take_by_tracker(tcpt_flow_of(slow));
    tcpt_rst_forget(tcpt_flow_of(slow));
    ways->segments++;
    ways->lagging += tcpt_flow_of(fast)->tracker_lags;
    ways->blank += tcpt_flow_of(fast)->tracker_blank;
}

/** Count the next segment if it goes a short way; before it is fed. */
static void count_short(both *ways, const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    tcpt_settings settings = tcpt_settings_default();
    tcpt_observation seen;
    tcpt_observe(&seen, flow, segment, from, flow->ends[from].host, &settings);
    ways->by_short_way += seen.short_way;
    ways->by_short_repeat += seen.short_repeat;
    ways->opening += seen.opens;
}

static void note_found(const tcpt_finding *finding, void *data)
{
    g_string_append_printf(data, "%u %s %" G_GINT64_FORMAT "\n", finding->on->frame, finding->diagnosis->detector->id,
                           finding->time_ns);
}

/** The same findings on the same frames. */
static void same_found(tcpt_analysis *const analysis[2])
{
    GString *found[2];
    for (unsigned i = 0; i < 2; i++)
        tcpt_each_found(analysis[i], note_found, found[i] = g_string_new(NULL));
    g_assert_cmpstr(found[0]->str, ==, found[1]->str);
    for (unsigned i = 0; i < 2; i++)
        g_string_free(found[i], TRUE);
}

void end(both *ways)
{
    const tcpt_flow *fast, *slow;
    tcpt_settle_all(ways->analysis[0]);
    tcpt_settle_all(ways->analysis[1]);
    same_found(ways->analysis);
    if (ways->sharing)
        end_sharing(ways);
    fast = tcpt_first_flow(ways->analysis[0]);
    slow = tcpt_first_flow(ways->analysis[1]);
    for (; fast && slow; fast = fast->next, slow = slow->next) {
        same_list(tcpt_first_diagnosis(fast), tcpt_first_diagnosis(slow));
        same_list(tcpt_first_end_diagnosis(fast), tcpt_first_end_diagnosis(slow));
    }
    g_assert_true(!fast && !slow);
    tcpt_analysis_free(ways->analysis[0]);
    tcpt_analysis_free(ways->analysis[1]);
}

/* ---- Conversations. */

void say(both *ways, talk *all, const tcpt_flow **flow, tcpt_segment segment, unsigned from)
{
    segment.end_seq = segment.seq + segment.payload_bytes + !!(segment.flags & TCPT_SYN) + !!(segment.flags & TCPT_FIN);
    if (*flow && ((*flow)->short_way || (*flow)->tracker_blank) && !(segment.flags & TCPT_SYN))
        count_short(ways, *flow, &segment, from);
    feed(ways, &segment);
    *flow = NULL;
    for (const tcpt_flow *each = tcpt_first_flow(ways->analysis[0]); each; each = each->next)
        *flow = each; /* the newest */
    if (!(segment.flags & TCPT_RST) && (int32_t)(segment.end_seq - all->next[from]) > 0)
        all->next[from] = segment.end_seq;
    all->last = segment;
}

void converse(both *ways, talk *all, unsigned segments, uint32_t largest)
{
    const tcpt_flow *flow = NULL;
    if (!one_in(8)) {
        say(ways, all, &flow, plain(all, 0, TCPT_SYN, 0), 0);
        say(ways, all, &flow, plain(all, 1, TCPT_SYN | TCPT_ACK, 0), 1);
    }
    all->acked[0] = all->next[1];
    all->acked[1] = all->next[0];
    for (unsigned i = 0; i < segments; i++) {
        unsigned from = one_in(2);
        uint32_t payload_bytes = one_in(3) ? 0 : (uint32_t)g_test_rand_int_range(1, (int)largest);
        tcpt_segment segment = plain(all, from, TCPT_ACK, payload_bytes);
        if (one_in(6))
            segment.ack = all->acked[from]; /* sent before the newest bytes arrived */
        all->acked[from] = segment.ack;
        while (one_in(all->oddness))
            make_odd(all, &segment);
        say(ways, all, &flow, segment, from);
    }
}
