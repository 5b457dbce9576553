/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Keeping what pictures are drawn from. For the analysis only.
 */
#ifndef TCPTRIAGE_CORE_FINDING_SCENES_H
#define TCPTRIAGE_CORE_FINDING_SCENES_H

#include "core/finding/store.h"
#include "tcptriage/observation.h"
#include "tcptriage/scene.h"

typedef struct tcpt_scenes tcpt_scenes;

/** Begin to keep them, from the next segment on. @return tcpt_scenes_free() it, when the store has been cleared */
tcpt_scenes *tcpt_scenes_new(tcpt_findings *store);
void tcpt_scenes_free(tcpt_scenes *scenes);

/** A segment that its flow has taken in, and what was found on it. @param seen  NULL for a copy */
void tcpt_scenes_note(tcpt_scenes *scenes, const tcpt_flow *flow, const tcpt_segment *segment,
                      const tcpt_observation *seen, const tcpt_record *record);

/** See tcpt_scene_of(). */
tcpt_scene *tcpt_scenes_of(const tcpt_scenes *scenes, const tcpt_diagnosis *diagnosis);

#endif
