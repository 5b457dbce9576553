/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "marks.h"

#include "tcptriage/limits.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"

/* A capture point, as far as it was looked at: what the core calls a piece (tcpt_begins_piece()). */
typedef struct span {
    const tcpt_read_frame *newest; /* by time */
    int64_t marked_ns;             /* of its newest mark */
    bool begun;                    /* one of the piece's first frames is marked */
} span;

/* A segment that owes nothing and that nothing is owed to but an acknowledgment: alone it tells the time and no more.
 */
static bool is_plain(const tcpt_record *record)
{
    return !(record->shape & (TCPT_SYN | TCPT_FIN | TCPT_RST));
}

static void mark(tcpt_marks *marks, span *of, const tcpt_read_frame *frame)
{
    if (is_plain(frame->record))
        g_hash_table_add(marks->frames, GUINT_TO_POINTER(frame->number));
    else
        g_hash_table_add(marks->flows, tcpt_flow_of(frame->record));
    of->marked_ns = frame->time_ns;
}

static bool begins_piece(const span *of, int64_t time_ns)
{
    int64_t since_ns = time_ns - of->newest->time_ns;

    return since_ns > TCPT_JUMP_SECONDS * TCPT_SECOND_NS || since_ns < -TCPT_STEP_BACK_SECONDS * TCPT_SECOND_NS;
}

static void look_at(tcpt_marks *marks, span *of, const tcpt_read_frame *frame)
{
    if (of->newest && begins_piece(of, frame->time_ns)) {
        mark(marks, of, of->newest);
        *of = (span){0};
    }
    if (!of->newest)
        of->marked_ns = frame->time_ns;
    if (!of->begun && is_plain(frame->record)) {
        mark(marks, of, frame);
        of->begun = true;
    }
    if (of->newest && frame->time_ns - of->marked_ns > TCPT_JUMP_SECONDS * TCPT_SECOND_NS)
        mark(marks, of, of->newest);
    if (!of->newest || frame->time_ns >= of->newest->time_ns)
        of->newest = frame;
}

static span *span_of(GHashTable *spans, const tcpt_point *point)
{
    span *of = g_hash_table_lookup(spans, point);

    if (!of) {
        of = g_new0(span, 1);
        g_hash_table_insert(spans, (gpointer)point, of);
    }
    return of;
}

tcpt_marks tcpt_marks_of(const tcpt_reading *reading)
{
    tcpt_marks marks = {g_hash_table_new(NULL, NULL), g_hash_table_new(NULL, NULL)};
    GHashTable *spans = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    GHashTableIter each;
    gpointer of;

    for (guint i = 0; i < reading->frames->len; i++) {
        const tcpt_read_frame *frame = &g_array_index(reading->frames, tcpt_read_frame, i);

        if (!frame->record->icmp)
            look_at(&marks, span_of(spans, tcpt_flow_of(frame->record)->at), frame);
    }
    g_hash_table_iter_init(&each, spans);
    while (g_hash_table_iter_next(&each, NULL, &of))
        mark(&marks, of, ((span *)of)->newest);
    g_hash_table_destroy(spans);
    return marks;
}

void tcpt_marks_clear(tcpt_marks *marks)
{
    g_hash_table_destroy(marks->frames);
    g_hash_table_destroy(marks->flows);
}
