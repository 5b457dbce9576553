/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/history.h"

#include <string.h>

enum { FIRST_ROOM = 4 }; /* a handshake and a request, or all that a failed attempt has */

/* ---- the ring, and what stays when it leaves it ---- */

static unsigned slot_by_flags(const tcpt_scene_segment *segment, unsigned from)
{
    if (segment->flags & TCPT_SYN)
        return TCPT_KEPT_SYN + from;
    if (segment->flags & TCPT_RST)
        return TCPT_KEPT_RST + from;
    return segment->flags & TCPT_FIN ? TCPT_KEPT_FIN + from : TCPT_KEPT;
}

static unsigned slot_by_end(const tcpt_endpoint *end, const tcpt_record *record, unsigned number)
{
    if (record == end->unanswered_record)
        return TCPT_KEPT_UNANSWERED + number;
    if (record == end->fin_acked_record)
        return TCPT_KEPT_FIN_ACKED + number;
    return record == end->last_record ? TCPT_KEPT_LAST + number : TCPT_KEPT;
}

/* TCPT_KEPT for none. */
static unsigned slot_of(const tcpt_flow *flow, const tcpt_history *history, const tcpt_scene_segment *segment)
{
    const tcpt_record *record = segment->record;
    unsigned slot = slot_by_flags(segment, record->from);

    if (slot != TCPT_KEPT && !(history->kept && history->kept[slot].number))
        return slot;
    for (unsigned end = 0; end < 2; end++) {
        slot = slot_by_end(&flow->ends[end], record, end);
        if (slot != TCPT_KEPT)
            return slot;
    }
    if (record == flow->first_ack_record)
        return TCPT_KEPT_FIRST_ACK;
    if (flow->again && record == flow->again->first)
        return TCPT_KEPT_AGAIN;
    return flow->again && record == flow->again->ignored_ack ? TCPT_KEPT_IGNORED_ACK : TCPT_KEPT;
}

static void leave(tcpt_histories *histories, tcpt_history *history, const tcpt_flow *flow)
{
    const tcpt_scene_segment *oldest = &history->ring[history->next];
    unsigned slot = slot_of(flow, history, oldest);

    if (slot == TCPT_KEPT)
        return;
    if (!history->kept) {
        history->kept = g_new0(tcpt_scene_segment, TCPT_KEPT);
        histories->bytes += TCPT_KEPT * sizeof *history->kept;
    }
    history->kept[slot] = *oldest;
}

static void grow(tcpt_histories *histories, tcpt_history *history)
{
    unsigned more = history->room ? history->room : FIRST_ROOM;

    histories->bytes += more * sizeof *history->ring;
    history->room = (uint8_t)(history->room + more);
    history->ring = g_renew(tcpt_scene_segment, history->ring, history->room);
    history->next = history->count; /* never gone round so far */
}

static void push(tcpt_histories *histories, tcpt_history *history, const tcpt_flow *flow,
                 const tcpt_scene_segment *segment)
{
    if (history->count == history->room && history->room < TCPT_HISTORY_SEGMENTS)
        grow(histories, history);
    else if (history->count == history->room)
        leave(histories, history, flow);
    history->ring[history->next] = *segment;
    history->next = (uint8_t)((history->next + 1u) % history->room);
    if (history->count < history->room)
        history->count++;
}

/* ---- all of them ---- */

static size_t bytes_of(const tcpt_history *history)
{
    return sizeof *history + (history->room + (history->kept ? (size_t)TCPT_KEPT : 0)) * sizeof(tcpt_scene_segment);
}

static void give_up(tcpt_histories *histories, uint32_t number)
{
    tcpt_history *history = histories->of[number];

    histories->bytes -= bytes_of(history);
    histories->of[number] = NULL;
    if (history->series)
        tcpt_series_let_go(history->series);
    if (history->followed)
        g_ptr_array_unref(history->followed);
    g_free(history->ring);
    g_free(history->kept);
    g_free(history);
}

/* One that was not touched since the last round: twice round finds one for certain, as `but` is only one of them. */
static void make_room(tcpt_histories *histories, uint32_t but)
{
    for (uint64_t left = 2 * (uint64_t)histories->room; left && histories->bytes > histories->most_bytes; left--) {
        uint32_t number = histories->hand;
        tcpt_history *history = histories->of[number];

        histories->hand = (number + 1) % histories->room;
        if (!history || number == but)
            continue;
        if (history->touched)
            history->touched = false;
        else
            give_up(histories, number);
    }
}

void tcpt_histories_clear(tcpt_histories *histories)
{
    for (uint32_t number = 0; number < histories->room; number++)
        if (histories->of[number])
            give_up(histories, number);
    g_free(histories->of);
    *histories = (tcpt_histories){.most_bytes = histories->most_bytes};
}

tcpt_history *tcpt_history_of(const tcpt_histories *histories, const tcpt_flow *flow)
{
    return flow->number < histories->room ? histories->of[flow->number] : NULL;
}

static void make_place(tcpt_histories *histories, uint32_t number)
{
    enum { FIRST_FLOWS = 64 };
    uint32_t room = MAX(histories->room, FIRST_FLOWS);

    if (number < histories->room)
        return;
    while (room <= number && room < UINT32_MAX / 2)
        room *= 2;
    histories->of = g_renew(tcpt_history *, histories->of, room);
    memset(histories->of + histories->room, 0, (room - histories->room) * sizeof(tcpt_history *));
    histories->room = room;
}

tcpt_history *tcpt_history_note(tcpt_histories *histories, const tcpt_flow *flow, tcpt_scene_segment *segment)
{
    tcpt_history *history = tcpt_history_of(histories, flow);

    if (!history) {
        make_place(histories, flow->number);
        history = g_new0(tcpt_history, 1);
        history->segments = flow->ends[0].segment_count + flow->ends[1].segment_count; /* given up before */
        history->segments -= history->segments > 0;
        histories->of[flow->number] = history;
        histories->bytes += sizeof *history;
    }
    segment->number = ++history->segments;
    history->touched = history->count > 0; /* not by the first: lone SYNs of a flood go before what goes on */
    push(histories, history, flow, segment);
    if (history->series)
        tcpt_series_add(history->series, segment);
    if (histories->bytes > histories->most_bytes)
        make_room(histories, flow->number);
    return history;
}

void tcpt_history_each(const tcpt_history *history, void (*visit)(const tcpt_scene_segment *, void *), void *data)
{
    for (unsigned i = 0; history->kept && i < TCPT_KEPT; i++)
        if (history->kept[i].number)
            visit(&history->kept[i], data);
    for (unsigned i = 0; i < history->count; i++)
        visit(&history->ring[i], data);
}

/* ---- series ---- */

static bool matters(const tcpt_scene_segment *segment)
{
    return segment->again || (!segment->window && (segment->flags & TCPT_ACK));
}

/* Every other one of a kind goes. */
static void thin(tcpt_series *series, bool of_those)
{
    uint32_t kept = 0, passed = 0;

    for (uint32_t i = 0; i < series->count; i++)
        if (matters(&series->points[i]) != of_those || passed++ % 2 == 0)
            series->points[kept++] = series->points[i];
    series->count = kept;
    series->every[of_those] *= 2;
}

/* Ordinary ones first, while there are enough to make a difference. */
static bool crowded_by(const tcpt_series *series)
{
    uint32_t ordinary = 0;

    for (uint32_t i = 0; i < series->count; i++)
        ordinary += !matters(&series->points[i]);
    return ordinary < series->count / 4;
}

void tcpt_series_add(tcpt_series *series, const tcpt_scene_segment *segment)
{
    bool special = matters(segment);

    series->from++;
    if (series->passed[special]++ % series->every[special])
        return;
    if (series->count == TCPT_SERIES_POINTS)
        thin(series, crowded_by(series));
    series->points[series->count++] = *segment;
}

static void add_point(const tcpt_scene_segment *segment, void *data)
{
    g_array_append_val((GArray *)data, *segment);
}

static int compare_numbers(gconstpointer a, gconstpointer b)
{
    uint32_t left = ((const tcpt_scene_segment *)a)->number, right = ((const tcpt_scene_segment *)b)->number;

    return (left > right) - (left < right);
}

tcpt_series *tcpt_history_series(tcpt_histories *histories, tcpt_history *history)
{
    GArray *before;

    if (history->series || histories->series == TCPT_SERIES_MOST)
        return history->series;
    history->series = g_new0(tcpt_series, 1);
    history->series->holders = 1;
    history->series->every[0] = history->series->every[1] = 1;
    histories->series++;
    before = g_array_new(FALSE, FALSE, sizeof(tcpt_scene_segment));
    tcpt_history_each(history, add_point, before);
    g_array_sort(before, compare_numbers);
    for (unsigned i = 0; i < before->len; i++)
        tcpt_series_add(history->series, &g_array_index(before, tcpt_scene_segment, i));
    g_array_unref(before);
    return history->series;
}

void tcpt_series_let_go(tcpt_series *series)
{
    if (--series->holders == 0)
        g_free(series);
}
