/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target over the core: bytes -> segments -> analysis -> findings. */
#include <glib.h>

#include "input.h"
#include "picture.h"
#include "tcptriage/points.h"
#include "tcptriage/scene.h"
#include "world.h"

static void check_finding(const tcpt_finding *finding, void *data)
{
    const tcpt_record *record = data;
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    char *summary = tcpt_summary(finding);
    tcpt_value value;
    g_assert(finding->on == record && *summary && g_utf8_validate(summary, -1, NULL));
    g_free(summary);
    g_assert(tcpt_alike(diagnosis) > 0 && (diagnosis->at_end || diagnosis->related_count <= TCPT_MAX_RELATED));
    for (unsigned at = 0; tcpt_next_value(finding, &at, &value);)
        g_assert(value.field < TCPT_FIELD_COUNT);
    for (uint32_t i = 0; i < diagnosis->related_count; i++)
        g_assert(diagnosis->related[i] && tcpt_flow_of(diagnosis->related[i]));
}

static void check_proven(const tcpt_finding *finding, void *data)
{
    g_assert(finding->on != data);
}

static void check_records(const GPtrArray *records)
{
    for (unsigned i = 0; i < records->len; i++) {
        tcpt_each_finding(records->pdata[i], check_finding, records->pdata[i]);
        tcpt_each_proven(records->pdata[i], check_proven, records->pdata[i]);
    }
}

static void check_path(const tcpt_path *path, void *data)
{
    g_assert(data == NULL && path->a != path->b && path->connections);
    g_assert(path->to_a.missing <= path->to_a.total && path->to_b.missing <= path->to_b.total);
}

static void check_scene(const tcpt_finding *finding, void *data)
{
    tcpt_scene *scene = tcpt_scene_of(data, finding->diagnosis);
    for (unsigned i = 0; scene && i < scene->count; i++)
        g_assert(scene->segments[i].record && scene->segments[i].number);
    tcpt_scene_free(scene);
}

/** Drawn, and no more than a page has room for. */
static void check_pictures(tcpt_analysis *analysis)
{
    tcpt_model *model = tcpt_model_new(&(tcpt_report){.analysis = analysis, .least = TCPT_CHAT});
    GString *out = g_string_new(NULL);
    for (unsigned i = 0; i < model->case_count; i++) {
        g_string_truncate(out, 0);
        g_assert(tcpt_picture(out, model, model->cases[i]) == (out->len > 0));
        g_assert(out->len < 16000);
    }
    g_string_free(out, TRUE);
    tcpt_model_free(model);
}

static void check_all(tcpt_analysis *analysis, const GPtrArray *records, void *data)
{
    const bool *drawn = data;
    check_records(records);
    tcpt_settle_all(analysis);
    check_records(records);
    if (*drawn) {
        tcpt_each_found(analysis, check_scene, analysis);
        check_pictures(analysis);
    }
    tcpt_each_path(analysis, check_path, NULL);
}

/** One input of 16, each time the same ones: drawing takes longer than all the rest. */
static bool is_drawn(const uint8_t *data, size_t size)
{
    uint32_t hash = 2166136261; /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 16777619;
    return hash >> 28 == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool drawn = is_drawn(data, size);
    fuzz_watch watch = {.end = check_all, .user = &drawn, .pictures = true, .stows = true};
    fuzz_play(data, size, &watch);
    return 0;
}
