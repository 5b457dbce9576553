/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "picture_rows.h"

#include <string.h>

#include "svg.h"
#include "tcptriage/points.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

enum {
    ROWS_MOST = 14,   /* a page has room for, with what is said between them */
    AROUND = 2,       /* segments beside the finding's own that are shown, whatever they are */
    SILENCE_MS = 900, /* what is shown as one; a second's retry comes a little early at times */
    LITTLE_MS = 150,  /* so little is one too, where it is ... */
    PART_OF_ALL = 4,  /* ... so much of the time that is shown */
};

/* ---- what is shown ---- */

static bool is_related(const tcpt_diagnosis *cause, const tcpt_record *record)
{
    for (uint32_t i = 0; i < cause->related_count && i < TCPT_SCENE_SEGMENTS; i++)
        if (cause->related[i] == record)
            return true;
    return false;
}

static bool is_silence(const tcpt_scene *scene, int64_t gap_ns)
{
    int64_t all_ns = scene->segments[scene->count - 1].time_ns - scene->segments[0].time_ns;

    return gap_ns >= SILENCE_MS * TCPT_MS_NS || (gap_ns >= LITTLE_MS * TCPT_MS_NS && gap_ns >= all_ns / PART_OF_ALL);
}

static unsigned own_place(const tcpt_scene *scene, const tcpt_diagnosis *cause)
{
    unsigned at = 0;

    while (at + 1 < scene->count && scene->segments[at].record != cause->first.on)
        at++;
    return at;
}

/* The less the more it says. */
static unsigned rank_of(const tcpt_drawing *drawing, unsigned at, unsigned own)
{
    const tcpt_scene_segment *all = drawing->scene->segments, *segment = &all[at];
    unsigned away = at > own ? at - own : own - at;
    bool after_silence = at > 0 && is_silence(drawing->scene, segment->time_ns - all[at - 1].time_ns);
    bool before_silence =
        at + 1 < drawing->scene->count && is_silence(drawing->scene, all[at + 1].time_ns - segment->time_ns);

    if (at == own)
        return 0;
    if (is_related(drawing->cause, segment->record))
        return 1;
    if (segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST) || segment->record->icmp)
        return 2;
    if (after_silence || before_silence || away <= AROUND)
        return 3;
    return 4 + away;
}

/* The most that fit, those that say most; beyond what is around, nothing that says nothing. */
static void choose(bool *shown, const tcpt_drawing *drawing)
{
    const tcpt_scene *scene = drawing->scene;
    unsigned own = own_place(scene, drawing->cause), taken = 0;

    for (unsigned rank = 0; rank < 4 + ROWS_MOST / 2 && taken < ROWS_MOST; rank++)
        for (unsigned at = 0; at < scene->count && taken < ROWS_MOST; at++)
            if (rank_of(drawing, at, own) == rank) {
                shown[at] = true;
                taken++;
            }
}

/* ---- what is said of it ---- */

static bool covers(const tcpt_scene_segment *again, const tcpt_scene_segment *first)
{
    return again->again && again->seq == first->seq && again->record->from == first->record->from &&
           tcpt_flow_of(again->record) == tcpt_flow_of(first->record);
}

static bool acknowledges(const tcpt_scene_segment *answer, const tcpt_scene_segment *segment)
{
    return (answer->flags & TCPT_ACK) && answer->record->from != segment->record->from &&
           tcpt_flow_of(answer->record) == tcpt_flow_of(segment->record) &&
           !seq_before(answer->ack, tcpt_scene_end_seq(segment));
}

/* The frame in which its sender gives it up: it was captured where its receiver may be far. */
static const tcpt_record *sent_again_in(const tcpt_scene *scene, unsigned at)
{
    const tcpt_scene_segment *segment = &scene->segments[at];

    if (tcpt_scene_end_seq(segment) == segment->seq ||
        tcpt_is_near(&tcpt_flow_of(segment->record)->ends[!segment->record->from]))
        return NULL;
    for (unsigned later = at + 1; later < scene->count; later++) {
        if (acknowledges(&scene->segments[later], segment))
            return NULL;
        if (covers(&scene->segments[later], segment))
            return scene->segments[later].record;
    }
    return NULL;
}

static bool is_listed(const tcpt_losses *losses, const tcpt_record *record)
{
    for (uint32_t i = 0; i < losses->lost_count; i++)
        if (losses->lost[i].record == record)
            return true;
    return false;
}

/* Names may be of anybody's making, and of any length. */
static char *not_seen_at(const tcpt_losses *losses, const tcpt_record *record)
{
    enum { NAME_MOST = 16 };
    char *name, *text;

    if (record->icmp || record->copy || !losses->to || !is_listed(losses, record))
        return NULL;
    name = tcpt_svg_short(losses->to->name, NAME_MOST);
    text = g_strconcat("not seen at ", name, NULL);
    g_free(name);
    return text;
}

/* The next one that its sender asks with, while the other end says nothing. */
static bool is_asked_again(const tcpt_scene *scene, unsigned at)
{
    const tcpt_record *record = scene->segments[at].record;

    for (unsigned later = at + 1; scene->segments[at].probe && later < scene->count; later++) {
        const tcpt_scene_segment *next = &scene->segments[later];

        if (tcpt_flow_of(next->record) == tcpt_flow_of(record))
            return next->record->from == record->from && next->number == scene->segments[at].number + 1;
    }
    return false;
}

/* Sent more than once, and all that was captured does not acknowledge it. */
static bool is_unanswered(const tcpt_scene_segment *segment)
{
    const tcpt_endpoint *receiver = &tcpt_flow_of(segment->record)->ends[!segment->record->from];

    if (!segment->again || segment->record->icmp || tcpt_is_near(receiver))
        return false;
    return !receiver->acked || seq_before(receiver->rcv_nxt, tcpt_scene_end_seq(segment));
}

/* @param losses  of the drawing's flow, by sender */
static char *why_lost(const tcpt_drawing *drawing, unsigned at, const tcpt_losses *losses)
{
    const tcpt_record *record = drawing->scene->segments[at].record, *again;
    uint32_t frame;

    if (tcpt_flow_elsewhere(tcpt_flow_of(record), 0))
        return tcpt_flow_of(record) == drawing->flow ? not_seen_at(&losses[record->from], record) : NULL;
    again = sent_again_in(drawing->scene, at);
    frame = again ? tcpt_model_frame(drawing->model, again) : 0;
    if (frame)
        return g_strdup_printf("sent again in %u", frame);
    return is_unanswered(&drawing->scene->segments[at]) || is_asked_again(drawing->scene, at) ? g_strdup("no answer")
                                                                                              : NULL;
}

static char *where_else(const tcpt_flow *flow, const tcpt_flow *own)
{
    if (flow == own)
        return NULL;
    if (flow->at != own->at)
        return g_strdup_printf("at %s", flow->at->name);
    for (const tcpt_flow *life = tcpt_life_before(own); life; life = tcpt_life_before(life))
        if (life == flow)
            return g_strdup("the connection before on the same ports");
    return g_strdup_printf("another connection, client port %u", flow->key.port[flow->client]);
}

/* ---- all of it ---- */

static void add_silence(tcpt_rows *rows, int64_t silence_ns)
{
    rows->silences++;
    rows->longest_ns = MAX(rows->longest_ns, silence_ns);
    rows->silences_ns = MIN(rows->silences_ns, TCPT_DELAY_MOST_NS) + MIN(silence_ns, TCPT_DELAY_MOST_NS);
}

/* Segments of the flow that are not shown between this row and the one before. */
static uint32_t left_out(const tcpt_row *row, const tcpt_row *before)
{
    uint32_t last = before ? before->segment->number : 0;

    return !row->foreign && row->segment->number > last ? row->segment->number - last - 1 : 0;
}

static void note_gap(tcpt_rows *rows, tcpt_row *row, const tcpt_scene *scene, unsigned at)
{
    const tcpt_scene_segment *last = at > 0 ? &scene->segments[at - 1] : NULL;
    int64_t gap_ns = last ? row->segment->time_ns - last->time_ns : 0;

    if (!last || !is_silence(scene, gap_ns))
        return;
    if (tcpt_flow_of(last->record) == tcpt_flow_of(row->segment->record) && last->number + 1 < row->segment->number)
        return; /* something was sent meanwhile */
    row->silence_ns = gap_ns;
    add_silence(rows, gap_ns);
}

static void add_row(tcpt_rows *rows, const tcpt_drawing *drawing, unsigned at, const tcpt_losses *losses,
                    const tcpt_row **before)
{
    const tcpt_scene_segment *segment = &drawing->scene->segments[at];
    tcpt_row *row = &rows->at[rows->count++];

    *row = (tcpt_row){
        .segment = segment,
        .own = segment->record == drawing->cause->first.on,
        .related = is_related(drawing->cause, segment->record),
        .lost = why_lost(drawing, at, losses),
        .foreign = where_else(tcpt_flow_of(segment->record), drawing->flow),
    };
    rows->related += row->related;
    row->left_out = left_out(row, *before);
    note_gap(rows, row, drawing->scene, at);
    if (!row->foreign)
        *before = row;
}

/* Behind the last one: further segments, or nothing more. */
static void note_end(tcpt_rows *rows, const tcpt_drawing *drawing, const tcpt_row *last)
{
    const tcpt_flow *flow = drawing->flow;
    uint32_t all = flow->ends[0].segment_count + flow->ends[1].segment_count;
    int64_t left_ns = tcpt_now_ns(flow) - flow->last_ns;

    if (!last)
        return;
    if (last->segment->record != flow->last_record) {
        rows->behind = all > last->segment->number ? all - last->segment->number : 0;
        return;
    }
    if (!drawing->cause->at_end || left_ns < SILENCE_MS * TCPT_MS_NS)
        return;
    rows->end_silence_ns = left_ns;
    add_silence(rows, left_ns);
}

void tcpt_rows_make(tcpt_rows *rows, const tcpt_drawing *drawing)
{
    bool shown[TCPT_SCENE_SEGMENTS] = {false};
    const tcpt_row *before = NULL;
    tcpt_losses losses[2];

    for (unsigned end = 0; end < 2; end++)
        if (!tcpt_tally_losses(drawing->flow, end, &losses[end]))
            losses[end] = (tcpt_losses){.to = NULL};
    memset(rows, 0, sizeof *rows);
    choose(shown, drawing);
    for (unsigned at = 0; at < drawing->scene->count; at++)
        if (shown[at])
            add_row(rows, drawing, at, losses, &before);
    note_end(rows, drawing, before);
    for (unsigned end = 0; end < 2; end++)
        tcpt_losses_clear(&losses[end]);
}

void tcpt_rows_clear(tcpt_rows *rows)
{
    for (unsigned i = 0; i < rows->count; i++) {
        g_free(rows->at[i].lost);
        g_free((char *)rows->at[i].foreign);
    }
    rows->count = 0;
}
