/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cut.h"

#include <string.h>

#include "marks.h"
#include "tcptriage/limits.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"

enum {
    /* Connections copied only because others of their hosts have a case: a cause that is told from several connections
     * is told from some hundreds at the most. */
    NEIGHBOURS_MOST = 4096,
    PLACE_BYTES = 19, /* family, address, port */
};

/* While it is made. */
typedef struct cutting {
    const tcpt_model *model;
    const tcpt_reading *reading;
    GHashTable *flows;  /* those to be copied */
    tcpt_marks marks;   /* and what is copied besides */
    GHashTable *places; /* GBytes: clients and listening ports of those that have a case */
    int64_t first_ns;   /* theirs */
    int64_t last_ns;
    const char *name; /* of the capture */
    guint next;       /* of the reading's frames */
    GString *comment;
} cutting;

static GBytes *place_of(const tcpt_flow *flow, unsigned end, bool with_port)
{
    uint8_t place[PLACE_BYTES] = {flow->key.family};

    memcpy(place + 1, flow->key.address[end], flow->key.family == 4 ? 4 : 16);
    if (with_port)
        memcpy(place + 17, &flow->key.port[end], 2);
    return g_bytes_new(place, sizeof place);
}

static void want_here(cutting *of, const tcpt_flow *flow)
{
    if (!g_hash_table_add(of->flows, (gpointer)flow))
        return;
    g_hash_table_add(of->places, place_of(flow, flow->client, false));
    g_hash_table_add(of->places, place_of(flow, !flow->client, true));
    of->first_ns = MIN(of->first_ns, flow->first_ns);
    of->last_ns = MAX(of->last_ns, flow->last_ns);
}

static void want_everywhere(cutting *of, const tcpt_flow *flow)
{
    const tcpt_flow *elsewhere;

    want_here(of, flow);
    for (unsigned i = 0; (elsewhere = tcpt_flow_elsewhere(flow, i)) != NULL; i++)
        want_here(of, elsewhere);
}

static bool is_place(const cutting *of, const tcpt_flow *flow, unsigned end, bool with_port)
{
    GBytes *place = place_of(flow, end, with_port);
    bool known = g_hash_table_contains(of->places, place);

    g_bytes_unref(place);
    return known;
}

/* Whether a flow is one that a cause may have been told from: an earlier life of the same ports, another one of the
 * client's, or toward the same listening port, at about the time. */
static bool is_neighbour(const cutting *of, const tcpt_flow *flow)
{
    int64_t near_ns = tcpt_seconds_ns(TCPT_SIBLING_SECONDS);

    if (flow->last_ns < of->first_ns - near_ns || flow->first_ns > of->last_ns + near_ns)
        return false;
    return is_place(of, flow, flow->client, false) || is_place(of, flow, !flow->client, true);
}

static void want_neighbours(cutting *of)
{
    GPtrArray *found = g_ptr_array_new();

    for (tcpt_flow *flow = tcpt_first_flow(of->reading->analysis); flow && found->len < NEIGHBOURS_MOST;
         flow = flow->next)
        if (!g_hash_table_contains(of->flows, flow) && is_neighbour(of, flow))
            g_ptr_array_add(found, flow);
    for (guint i = 0; i < found->len; i++)
        g_hash_table_add(of->flows, found->pdata[i]);
    g_ptr_array_unref(found);
}

static void want_flow(const tcpt_finding *finding, void *data)
{
    cutting *of = data;
    const tcpt_case *made = tcpt_case_of(finding->diagnosis);

    if (made && tcpt_model_tells(of->model, made))
        want_everywhere(of, tcpt_flow_of(finding->on));
}

static void comment_on(const tcpt_finding *finding, void *data)
{
    cutting *of = data;
    const tcpt_case *made = tcpt_case_of(finding->diagnosis);
    char *brief;

    if (!made || !tcpt_model_tells(of->model, made) || finding->diagnosis->detector->severity < of->model->report.least)
        return;
    brief = tcpt_model_brief(of->model, finding);
    g_string_append_printf(of->comment, "%scase %u, %s: %s (%s)", of->comment->len ? "\n" : "", made->number,
                           tcpt_role_in_case(finding->diagnosis), brief, finding->diagnosis->detector->id);
    g_free(brief);
}

static bool is_wanted(const cutting *of, const tcpt_flow *flow)
{
    return g_hash_table_contains(of->flows, flow) || g_hash_table_contains(of->marks.flows, flow);
}

/* @return whether it is to be copied */
static bool look_at(cutting *of, uint32_t number)
{
    const GArray *frames = of->reading->frames;
    bool wanted = g_hash_table_contains(of->marks.frames, GUINT_TO_POINTER(number));

    g_string_truncate(of->comment, 0);
    for (; of->next < frames->len && g_array_index(frames, tcpt_read_frame, of->next).number <= number; of->next++) {
        const tcpt_read_frame *frame = &g_array_index(frames, tcpt_read_frame, of->next);

        if (frame->number != number || !is_wanted(of, tcpt_flow_of(frame->record)))
            continue;
        wanted = true;
        tcpt_each_finding(frame->record, comment_on, of);
    }
    if (of->comment->len) {
        char *where = g_strdup_printf("frame %u of %s\n", number, of->name);

        g_string_prepend(of->comment, where);
        g_free(where);
    }
    return wanted;
}

static char *copy_all(cutting *of, tcpt_copy_file *to, tcpt_capture_file *from)
{
    tcpt_captured frame;
    char *problem = NULL, *ended;
    bool written = true;

    while (written && tcpt_capture_file_next(from, &frame, &ended))
        if (look_at(of, frame.number))
            written = tcpt_copy_file_add(to, from, of->comment->len ? of->comment->str : NULL, &problem);
    if (written)
        g_free(ended); /* was told when it was read for the first time */
    return problem;
}

static char *copy(cutting *of, const char *path, tcpt_capture_file *read, const char *from)
{
    char *problem, *unwritten = NULL;
    tcpt_capture_file *source = tcpt_capture_file_open(from, &problem);
    tcpt_copy_file *to = source ? tcpt_copy_file_open(path, read, &problem) : NULL;

    if (to) {
        problem = copy_all(of, to, source);
        if (!tcpt_copy_file_close(to, &unwritten) && !problem)
            problem = g_steal_pointer(&unwritten);
        g_free(unwritten);
    }
    tcpt_capture_file_close(source);
    return problem;
}

char *tcpt_cut(const char *path, tcpt_capture_file *read, const char *from, const tcpt_reading *reading,
               const tcpt_model *model)
{
    char *name = g_path_get_basename(from);
    cutting of = {.model = model,
                  .reading = reading,
                  .flows = g_hash_table_new(NULL, NULL),
                  .name = name,
                  .comment = g_string_new(NULL),
                  .first_ns = INT64_MAX / 2,
                  .last_ns = 0,
                  .places = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL)};
    char *problem;

    tcpt_each_found(reading->analysis, want_flow, &of);
    want_neighbours(&of);
    of.marks = tcpt_marks_of(reading);
    problem = copy(&of, path, read, from);
    tcpt_marks_clear(&of.marks);
    g_hash_table_destroy(of.flows);
    g_hash_table_destroy(of.places);
    g_string_free(of.comment, TRUE);
    g_free(name);
    return problem;
}
