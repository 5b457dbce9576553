/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "picture.h"

#include "html_text.h"
#include "picture_forms.h"

const char *tcpt_picture_style(void)
{
    return ".picture{margin:1rem 0}\n"
           ".picture svg{display:block;width:100%;max-width:36rem;height:auto;font:12px var(--sans)}\n"
           ".picture figcaption{max-width:36rem;font-size:.875rem;color:var(--muted);margin-top:.35rem}\n"
           ".picture text{fill:var(--fg)}\n"
           ".picture .e{text-anchor:end}\n"
           ".picture .c{text-anchor:middle}\n"
           ".picture .b{font-weight:600}\n"
           ".picture .s{font-size:11px}\n"
           ".picture text.m{fill:var(--muted)}\n"
           ".picture text.a{fill:var(--accent)}\n"
           ".picture text.w{fill:var(--warn)}\n"
           ".picture text.g{fill:var(--good)}\n"
           ".picture text.cl{fill:var(--client)}\n"
           ".picture text.sv{fill:var(--server)}\n"
           ".picture path,.picture rect{fill:none;stroke:var(--fg);stroke-width:1.25}\n"
           ".picture .h{fill:var(--fg)}\n"
           ".picture .m:not(text){stroke:var(--muted)}\n"
           ".picture .m.h{fill:var(--muted)}\n"
           ".picture .l:not(text){stroke:var(--line)}\n"
           ".picture .cl:not(text){stroke:var(--client);stroke-width:2}\n"
           ".picture .sv:not(text){stroke:var(--server);stroke-width:2}\n"
           ".picture .a:not(text){stroke:var(--accent);stroke-width:2.25}\n"
           ".picture .a.h{fill:var(--accent)}\n"
           ".picture .w:not(text){stroke:var(--warn);stroke-width:2}\n"
           ".picture .w.h{fill:var(--warn)}\n"
           ".picture .g:not(text){stroke:var(--good);stroke-width:2}\n"
           ".picture .g.h{fill:var(--good)}\n"
           ".picture .d:not(.h){stroke-dasharray:4 3}\n"
           ".picture .p{fill:var(--bg)}\n"
           "@media print{.picture svg{max-width:30rem}}\n";
}

/* ---- which finding, which form ---- */

/* One that can be drawn, with its scene. */
typedef struct sought {
    const tcpt_model *model;
    const tcpt_case *made;
    const tcpt_diagnosis *cause;
    tcpt_scene *scene;
} sought;

static bool try_one(sought *in, const tcpt_diagnosis *cause)
{
    if (!in->scene && cause) {
        in->scene = tcpt_scene_of(in->model->report.analysis, cause);
        in->cause = in->scene ? cause : in->cause;
    }
    return in->scene != NULL;
}

static void try_finding(const tcpt_finding *finding, void *data)
{
    sought *in = data;

    if (tcpt_case_of(finding->diagnosis) == in->made && !finding->diagnosis->consequence)
        try_one(in, finding->diagnosis);
}

/* The worst connection first; what is not kept of it may be of another one. */
static void seek(sought *in)
{
    for (unsigned i = 0; i < in->made->example_count; i++)
        if (try_one(in, in->made->examples[i].cause))
            return;
    for (unsigned i = 0; i < in->made->frame_count && !in->scene; i++)
        tcpt_each_finding(in->made->frames[i], try_finding, in);
}

static bool draw(tcpt_drawing *drawing)
{
    static bool (*const forms[])(tcpt_drawing *) = {
        [TCPT_DRAWN_AS_LADDER] = tcpt_draw_ladder,
        [TCPT_DRAWN_AS_SEQUENCE] = tcpt_draw_sequence,
        [TCPT_DRAWN_AS_WAY] = tcpt_draw_way,
        [TCPT_DRAWN_AS_PORTS] = tcpt_draw_ports,
    };

    return forms[drawing->cause->detector->picture](drawing) || tcpt_draw_ladder(drawing);
}

static void write_figure(GString *out, const tcpt_drawing *drawing, unsigned number)
{
    g_string_append_printf(out,
                           "<figure class=\"picture\">\n<svg viewBox=\"0 0 %d %d\" role=\"img\" "
                           "aria-labelledby=\"picture-%u picture-%u-words\">\n<title id=\"picture-%u\">",
                           TCPT_PICTURE_WIDTH, drawing->height, number, number, number);
    tcpt_html_take(out, tcpt_model_brief(drawing->model, &drawing->cause->first));
    g_string_append_printf(out, "</title>\n<desc id=\"picture-%u-words\">", number);
    tcpt_html_text(out, drawing->words->str);
    g_string_append(out, "</desc>\n");
    g_string_append_len(out, drawing->body->str, (gssize)drawing->body->len);
    g_string_append(out, "</svg>\n");
    tcpt_html_element(out, "figcaption", NULL, drawing->caption->str);
    g_string_append(out, "\n</figure>\n");
}

bool tcpt_picture(GString *out, const tcpt_model *model, const tcpt_case *made)
{
    sought in = {.model = model, .made = made};
    tcpt_drawing drawing;
    bool drawn;

    if (!model->report.analysis)
        return false;
    seek(&in);
    if (!in.scene)
        return false;
    drawing = (tcpt_drawing){.model = model,
                             .cause = in.cause,
                             .flow = in.scene->flow,
                             .scene = in.scene,
                             .body = g_string_new(NULL),
                             .caption = g_string_new(NULL),
                             .words = g_string_new(NULL)};
    drawn = draw(&drawing);
    if (drawn)
        write_figure(out, &drawing, made->number);
    g_string_free(drawing.body, TRUE);
    g_string_free(drawing.caption, TRUE);
    g_string_free(drawing.words, TRUE);
    tcpt_scene_free(in.scene);
    return drawn;
}
