/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A finding that is raised on a segment gets its scene at once, before later segments push out of the flow's history
 * what proves it. Of one that the capture's end tells everything is still there when the report asks. */
#include "core/finding/scenes.h"

#include <string.h>

#include "core/finding/history.h"
#include "core/finding/places.h"

enum {
    SILENCE_MS = 1000, /* what ends one is shown: below the shortest retransmission timeout there is none */
    PATIENCE = 64,     /* segments in which that must come */
    BEFORE = TCPT_SCENE_SEGMENTS - TCPT_SCENE_FOLLOWERS - 1, /* one for what ends a silence */
};

/* Held by the store's table and, while it is followed, by its flow's history. */
typedef struct kept_scene {
    unsigned holders;
    uint8_t count;
    uint8_t followers; /* wanted still */
    uint8_t patience;
    bool silence; /* what ends one is wanted still */
    int64_t last_ns;
    tcpt_series *series; /* NULL for none */
    tcpt_scene_segment segments[TCPT_SCENE_SEGMENTS];
} kept_scene;

/* As many as there are scenes: places that blame. */
typedef struct placed_scenes {
    tcpt_place place; /* first: tcpt_place_hash() */
    unsigned count;
} placed_scenes;

struct tcpt_scenes {
    tcpt_findings *store;
    tcpt_histories histories;
    GHashTable *places; /* placed_scenes */
    unsigned of_kind[TCPT_DETECTORS_MOST];
    unsigned made;
};

static void let_go(void *data)
{
    kept_scene *scene = data;

    if (--scene->holders)
        return;
    if (scene->series)
        tcpt_series_let_go(scene->series);
    g_free(scene);
}

tcpt_scenes *tcpt_scenes_new(tcpt_findings *store)
{
    tcpt_scenes *scenes = g_new0(tcpt_scenes, 1);

    scenes->store = store;
    scenes->histories.most_bytes = TCPT_HISTORIES_MOST_BYTES;
    scenes->places = g_hash_table_new_full(tcpt_place_hash, tcpt_place_equal, g_free, NULL);
    store->undrawn = g_ptr_array_new();
    store->scenes = g_hash_table_new_full(NULL, NULL, NULL, let_go);
    return scenes;
}

void tcpt_scenes_free(tcpt_scenes *scenes)
{
    if (!scenes)
        return;
    tcpt_histories_clear(&scenes->histories);
    g_hash_table_destroy(scenes->places);
    g_hash_table_destroy(scenes->store->scenes);
    g_ptr_array_unref(scenes->store->undrawn);
    g_free(scenes);
}

/* ---- choosing ---- */

static void add_segment(const tcpt_scene_segment *segment, void *data)
{
    GArray *all = data;

    for (unsigned i = 0; i < all->len; i++)
        if (g_array_index(all, tcpt_scene_segment, i).record == segment->record)
            return;
    g_array_append_val(all, *segment);
}

static bool is_related(const tcpt_diagnosis *diagnosis, const tcpt_record *record)
{
    for (uint32_t i = 0; i < diagnosis->related_count && i < TCPT_SCENE_SEGMENTS; i++)
        if (diagnosis->related[i] == record)
            return true;
    return false;
}

typedef struct wanted_record {
    const tcpt_record *record;
    GArray *all;
} wanted_record;

static void add_if_wanted(const tcpt_scene_segment *segment, void *data)
{
    const wanted_record *wanted = data;

    if (segment->record == wanted->record)
        add_segment(segment, wanted->all);
}

/* What proves it on other flows: the life before, another capture point. */
static void add_related(GArray *all, const tcpt_histories *histories, const tcpt_diagnosis *diagnosis)
{
    for (uint32_t i = 0; i < diagnosis->related_count && i < TCPT_SCENE_SEGMENTS; i++) {
        wanted_record wanted = {diagnosis->related[i], all};
        const tcpt_history *history = tcpt_history_of(histories, tcpt_flow_of(wanted.record));

        if (history)
            tcpt_history_each(history, add_if_wanted, &wanted);
    }
}

static const tcpt_scene_segment *find_own(const GArray *all, const tcpt_record *record)
{
    for (unsigned i = 0; i < all->len; i++)
        if (g_array_index(all, tcpt_scene_segment, i).record == record)
            return &g_array_index(all, tcpt_scene_segment, i);
    return NULL;
}

/* The less the more it says. */
static uint32_t rank_of(const tcpt_scene_segment *segment, const tcpt_scene_segment *own,
                        const tcpt_diagnosis *diagnosis)
{
    enum { OWN, RELATED, MARKS, OTHERS };
    uint32_t away = segment->number > own->number ? segment->number - own->number : own->number - segment->number;

    if (segment == own)
        return OWN;
    if (is_related(diagnosis, segment->record))
        return RELATED;
    if (segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST) && !segment->again)
        return MARKS;
    return OTHERS + MIN(away, (uint32_t)INT32_MAX);
}

typedef struct ranked {
    uint32_t rank;
    tcpt_scene_segment segment;
} ranked;

static int compare_ranks(gconstpointer a, gconstpointer b)
{
    uint32_t left = ((const ranked *)a)->rank, right = ((const ranked *)b)->rank;

    return (left > right) - (left < right);
}

static int compare_frames(gconstpointer a, gconstpointer b)
{
    uint32_t left = ((const tcpt_scene_segment *)a)->record->frame;
    uint32_t right = ((const tcpt_scene_segment *)b)->record->frame;

    return (left > right) - (left < right);
}

/* Keep the `most` that say most, in the order of the file. @return false when its own frame is not among them */
static bool choose(GArray *all, const tcpt_diagnosis *diagnosis, unsigned most)
{
    const tcpt_scene_segment *own = find_own(all, diagnosis->first.on);
    GArray *order;

    if (!own)
        return false;
    order = g_array_new(FALSE, FALSE, sizeof(ranked));
    for (unsigned i = 0; i < all->len; i++) {
        const tcpt_scene_segment *segment = &g_array_index(all, tcpt_scene_segment, i);
        ranked one = {rank_of(segment, own, diagnosis), *segment};

        g_array_append_val(order, one);
    }
    g_array_sort(order, compare_ranks);
    g_array_set_size(all, MIN(all->len, most));
    for (unsigned i = 0; i < all->len; i++)
        g_array_index(all, tcpt_scene_segment, i) = g_array_index(order, ranked, i).segment;
    g_array_unref(order);
    g_array_sort(all, compare_frames);
    return true;
}

/* ---- keeping ---- */

/* Whether one more of its kind is kept; counts it. */
static bool takes_one_more(tcpt_scenes *scenes, const tcpt_diagnosis *diagnosis)
{
    unsigned detector = diagnosis->number;
    placed_scenes *known;
    tcpt_place place;
    uint8_t end;

    if (scenes->made == TCPT_SCENES_MOST || scenes->of_kind[detector] == TCPT_SCENES_OF_KIND)
        return false;
    place = tcpt_place_of(diagnosis, detector, &end);
    known = g_hash_table_lookup(scenes->places, &place);
    if (!known) {
        known = g_new0(placed_scenes, 1);
        known->place = place;
        g_hash_table_add(scenes->places, known);
    }
    if (known->count == TCPT_SCENES_ALIKE)
        return false;
    known->count++;
    scenes->of_kind[detector]++;
    scenes->made++;
    return true;
}

static void follow(tcpt_history *history, kept_scene *scene)
{
    if (!history->followed)
        history->followed = g_ptr_array_new_with_free_func(let_go);
    scene->holders++;
    g_ptr_array_add(history->followed, scene);
}

static void keep(tcpt_scenes *scenes, tcpt_history *history, const tcpt_diagnosis *diagnosis, int64_t now_ns)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(tcpt_scene_segment));
    kept_scene *scene;

    tcpt_history_each(history, add_segment, all);
    add_related(all, &scenes->histories, diagnosis);
    if (choose(all, diagnosis, BEFORE) && takes_one_more(scenes, diagnosis)) {
        scene = g_new0(kept_scene, 1);
        scene->holders = 1;
        scene->count = (uint8_t)all->len;
        scene->followers = TCPT_SCENE_FOLLOWERS;
        scene->patience = PATIENCE;
        scene->silence = true;
        scene->last_ns = now_ns;
        memcpy(scene->segments, all->data, all->len * sizeof(tcpt_scene_segment));
        if (diagnosis->detector->picture == TCPT_DRAWN_AS_SEQUENCE)
            scene->series = tcpt_history_series(&scenes->histories, history);
        if (scene->series)
            scene->series->holders++;
        g_hash_table_insert(scenes->store->scenes, (gpointer)diagnosis, scene);
        follow(history, scene);
    }
    g_array_unref(all);
}

/* @return whether it wants no more */
static bool add_follower(kept_scene *scene, const tcpt_scene_segment *segment)
{
    bool ends_silence = scene->silence && segment->time_ns - scene->last_ns >= SILENCE_MS * TCPT_MS_NS;

    scene->last_ns = segment->time_ns;
    scene->silence &= !ends_silence;
    if (ends_silence || scene->followers) {
        scene->segments[scene->count++] = *segment;
        scene->followers -= !ends_silence;
    }
    return --scene->patience == 0 || !(scene->followers || scene->silence);
}

static void follow_on(tcpt_history *history, const tcpt_scene_segment *segment)
{
    for (unsigned i = history->followed->len; i-- > 0;)
        if (add_follower(history->followed->pdata[i], segment))
            g_ptr_array_remove_index_fast(history->followed, i);
    if (history->followed->len == 0)
        g_clear_pointer(&history->followed, g_ptr_array_unref);
}

static tcpt_scene_segment summary_of(const tcpt_flow *flow, const tcpt_segment *segment, const tcpt_observation *seen,
                                     const tcpt_record *record)
{
    tcpt_scene_segment made = {
        .record = record,
        .time_ns = segment->time_ns,
        .seq = segment->seq,
        .ack = segment->ack,
        .payload_bytes = segment->payload_bytes,
        .window = segment->window,
        .window_field = segment->window,
        .flags = segment->flags,
    };

    if (!(segment->flags & TCPT_SYN))
        made.window <<= flow->ends[record->from].wscale;
    made.sack_count = MIN(segment->sack_count, (uint8_t)G_N_ELEMENTS(made.sack)) & 3;
    for (unsigned i = 0; i < made.sack_count; i++)
        made.sack[i] = (tcpt_range){segment->sack_left[i], segment->sack_right[i]};
    if (!seen)
        return made;
    made.probe = seen->probe;
    made.unsound = seen->really_bad;
    made.again = seen->fin_again || ((segment->flags & TCPT_SYN) && seen->syn_count > 1) ||
                 (segment->payload_bytes && !seen->new_payload && !seen->probe);
    return made;
}

void tcpt_scenes_note(tcpt_scenes *scenes, const tcpt_flow *flow, const tcpt_segment *segment,
                      const tcpt_observation *seen, const tcpt_record *record)
{
    tcpt_scene_segment summary = summary_of(flow, segment, seen, record);
    tcpt_history *history = tcpt_history_note(&scenes->histories, flow, &summary);

    if (history->followed)
        follow_on(history, &summary);
    for (unsigned i = 0; i < scenes->store->undrawn->len; i++)
        keep(scenes, history, scenes->store->undrawn->pdata[i], summary.time_ns);
    g_ptr_array_set_size(scenes->store->undrawn, 0);
}

/* ---- what is drawn ---- */

static const kept_scene *kept_of(const tcpt_scenes *scenes, const tcpt_diagnosis *diagnosis)
{
    const tcpt_finding *judged = diagnosis->instead_of;
    const kept_scene *own = g_hash_table_lookup(scenes->store->scenes, diagnosis);

    return own || !judged ? own : g_hash_table_lookup(scenes->store->scenes, judged->diagnosis);
}

static void add_if_it_tells(const tcpt_scene_segment *segment, void *data)
{
    if (segment->flags & (TCPT_SYN | TCPT_FIN | TCPT_RST))
        add_segment(segment, data);
}

/* Of what is still remembered all, or where a scene was kept what it lacks. */
static void gather(GArray *all, const tcpt_scenes *scenes, const kept_scene *kept, const tcpt_diagnosis *diagnosis)
{
    const tcpt_history *history = tcpt_history_of(&scenes->histories, tcpt_flow_of(diagnosis->first.on));

    if (kept)
        g_array_append_vals(all, kept->segments, kept->count);
    if (history)
        tcpt_history_each(history, kept ? add_if_it_tells : add_segment, all);
    add_related(all, &scenes->histories, diagnosis);
}

/* The series with the newest segments, that it may have passed over. */
static void gather_series(GArray *all, const tcpt_scenes *scenes, const tcpt_series *series, const tcpt_flow *flow)
{
    const tcpt_history *history = tcpt_history_of(&scenes->histories, flow);

    if (series)
        g_array_append_vals(all, series->points, series->count);
    if (history)
        tcpt_history_each(history, add_segment, all);
    g_array_sort(all, compare_frames);
}

tcpt_scene *tcpt_scenes_of(const tcpt_scenes *scenes, const tcpt_diagnosis *diagnosis)
{
    const tcpt_flow *flow = tcpt_flow_of(diagnosis->first.on);
    const kept_scene *kept = kept_of(scenes, diagnosis);
    GArray *all = g_array_new(FALSE, FALSE, sizeof(tcpt_scene_segment));
    tcpt_scene *scene = NULL;

    gather(all, scenes, kept, diagnosis);
    if (choose(all, diagnosis, TCPT_SCENE_SEGMENTS)) {
        scene = g_new0(tcpt_scene, 1);
        scene->flow = flow;
        scene->count = all->len;
        scene->segments = (tcpt_scene_segment *)g_array_free(all, FALSE);
        all = g_array_new(FALSE, FALSE, sizeof(tcpt_scene_segment));
    }
    if (scene && diagnosis->detector->picture == TCPT_DRAWN_AS_SEQUENCE) {
        gather_series(all, scenes, kept ? kept->series : NULL, flow);
        scene->series_count = all->len;
        scene->series_from = kept && kept->series ? kept->series->from : all->len;
        scene->series = (tcpt_scene_segment *)g_array_free(all, FALSE);
    } else {
        g_array_unref(all);
    }
    return scene;
}

void tcpt_scene_free(tcpt_scene *scene)
{
    if (!scene)
        return;
    g_free((void *)scene->segments);
    g_free((void *)scene->series);
    g_free(scene);
}
