/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a picture is made of, and the forms it may have. For picture*.c only.
 */
#ifndef TCPTRIAGE_REPORT_PICTURE_FORMS_H
#define TCPTRIAGE_REPORT_PICTURE_FORMS_H

#include "model.h"
#include "tcptriage/scene.h"

/** Pixels. A phone shows 328 of 360: at that width letters of 12 are 8 high. */
enum { TCPT_PICTURE_WIDTH = 480, TCPT_PICTURE_LINE = 15 };

/** A picture on its way. */
typedef struct tcpt_drawing {
    const tcpt_model *model;
    const tcpt_diagnosis *cause;
    const tcpt_flow *flow;
    const tcpt_scene *scene;
    GString *body;    /**< SVG, inside of its element */
    int height;       /**< set by the form */
    GString *caption; /**< text, not escaped yet */
    GString *words;   /**< the same in a sentence, for those who do not see it; not escaped yet */
} tcpt_drawing;

/** Draw it. @return false where this form has nothing to show */
bool tcpt_draw_ladder(tcpt_drawing *drawing);
bool tcpt_draw_sequence(tcpt_drawing *drawing);
bool tcpt_draw_way(tcpt_drawing *drawing);
bool tcpt_draw_ports(tcpt_drawing *drawing);

#endif
