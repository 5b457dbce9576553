/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way between client and server with its capture points, and where segments get lost on it. */
#include "picture_forms.h"
#include "picture_words.h"
#include "svg.h"
#include "tcptriage/points.h"

/* Pixels. Client and server outside, the two points between them. */
enum {
    BOX_TOP = 6,
    BOX_HEIGHT = 36,
    END_WIDTH = 76,
    POINT_WIDTH = 92,
    NEAR_X = 96, /* left edge of the point next to the client */
    FAR_X = 292, /* of that next to the server */
    LEFT_X = NEAR_X + POINT_WIDTH,
    FIRST_WAY = BOX_TOP + BOX_HEIGHT + 30,
    WAY_HEIGHT = 46,
};

static void draw_box(GString *out, int x, int width, const char *classes, const char *name, const char *what)
{
    tcpt_svg_box(out, x, BOX_TOP, width, BOX_HEIGHT, classes);
    tcpt_svg_take(out, x + width / 2, BOX_TOP + 15, "c b", tcpt_svg_short(name, (unsigned)width / 7));
    tcpt_svg_text(out, x + width / 2, BOX_TOP + 29, "c s m", what);
}

static void draw_stations(GString *out, const tcpt_point *near_client, const tcpt_point *near_server)
{
    int y = BOX_TOP + BOX_HEIGHT / 2;

    tcpt_svg_line(out, END_WIDTH, y, NEAR_X, y, "m");
    tcpt_svg_line(out, LEFT_X, y, FAR_X, y, "m");
    tcpt_svg_line(out, FAR_X + POINT_WIDTH, y, TCPT_PICTURE_WIDTH - END_WIDTH - 2, y, "m");
    draw_box(out, 2, END_WIDTH, "cl p", "client", "");
    draw_box(out, NEAR_X, POINT_WIDTH, "p", near_client->name, "capture point");
    draw_box(out, FAR_X, POINT_WIDTH, "p", near_server->name, "capture point");
    draw_box(out, TCPT_PICTURE_WIDTH - END_WIDTH - 2, END_WIDTH, "sv p", "server", "");
}

static char *share_text(const tcpt_losses *losses)
{
    if (losses->all.missing == 0)
        return g_strdup_printf("all %u segments arrive", losses->all.total);
    return g_strdup_printf("%u of %u segments missing", losses->all.missing, losses->all.total);
}

static char *property_text(const tcpt_losses *losses)
{
    tcpt_loss_property property = tcpt_loss_property_of(losses);
    const char *name = losses->all.missing ? tcpt_loss_property_name(losses, property) : NULL;
    tcpt_share with;

    if (!name || property >= TCPT_LOSS_PROPERTIES)
        return NULL;
    with = tcpt_losses_with(losses, property);
    return g_strdup_printf("%s: %u of %u", name, with.missing, with.total);
}

/* One direction: from the sender's side through both points to the other end. */
static void draw_way(GString *out, int y, const tcpt_losses *losses, bool rightwards)
{
    char *property;
    int from = rightwards ? 2 : TCPT_PICTURE_WIDTH - 2, to = TCPT_PICTURE_WIDTH - from;
    int middle = TCPT_PICTURE_WIDTH / 2, gap = rightwards ? 14 : -14;

    tcpt_svg_take(out, middle, y - 8, losses->all.missing ? "c b w" : "c g", share_text(losses));
    if (losses->all.missing == 0) {
        tcpt_svg_arrow(out, from, y, to, y, "g");
        return;
    }
    tcpt_svg_line(out, from, y, middle - gap, y, "w");
    tcpt_svg_cross(out, middle, y, 6, "w");
    tcpt_svg_arrow(out, middle + gap, y, to, y, losses->all.missing == losses->all.total ? "m d" : "w d");
    property = property_text(losses);
    if (property)
        tcpt_svg_take(out, middle, y + 20, "c s w", property);
}

/* The frames that got lost, below. */
static void draw_lost(tcpt_drawing *drawing, int y, const tcpt_losses *losses)
{
    enum { LISTED = 6 };
    GString *text = g_string_new("missing: frame");
    unsigned listed = 0;

    for (uint32_t i = 0; i < losses->lost_count && listed < LISTED; i++) {
        uint32_t frame = tcpt_model_frame(drawing->model, losses->lost[i].record);

        if (frame)
            g_string_append_printf(text, "%s%u", listed++ ? ", " : " ", frame);
    }
    if (losses->all.missing > listed)
        g_string_append(text, " \u2026");
    if (listed)
        tcpt_svg_text(drawing->body, TCPT_PICTURE_WIDTH / 2, y, "c s m", text->str);
    g_string_free(text, TRUE);
}

/* What the end sent between the two points, wherever that was counted. */
static bool tally(const tcpt_flow *flow, unsigned from, tcpt_losses *losses)
{
    const tcpt_flow *at = flow;

    for (unsigned number = 0; at; at = tcpt_flow_elsewhere(flow, number++)) {
        bool same_order = at->client == flow->client;

        if (tcpt_tally_losses(at, same_order ? from : !from, losses))
            return true;
    }
    return false;
}

static void tell(tcpt_drawing *drawing, const tcpt_point *near_client, const tcpt_point *near_server)
{
    g_string_append_printf(drawing->words,
                           "Client, capture point %s, capture point %s, server; between the points the way is broken.",
                           near_client->name, near_server->name);
    tcpt_drawn_summary(drawing);
    g_string_append_printf(drawing->caption,
                           "The way between client and server, with the capture points %s and %s: what was seen at the "
                           "one and not at the other.",
                           near_client->name, near_server->name);
}

bool tcpt_draw_way(tcpt_drawing *drawing)
{
    bool told = false;
    int y = FIRST_WAY;

    for (unsigned i = 0; i < 2; i++) {
        bool by_client = i == 0;
        tcpt_losses losses;

        if (!tally(drawing->flow, by_client ? drawing->flow->client : !drawing->flow->client, &losses))
            continue;
        if (!told) {
            const tcpt_point *near_client = by_client ? losses.from : losses.to;
            const tcpt_point *near_server = by_client ? losses.to : losses.from;

            draw_stations(drawing->body, near_client, near_server);
            tell(drawing, near_client, near_server);
        }
        told = true;
        draw_way(drawing->body, y, &losses, by_client);
        y += losses.all.missing ? WAY_HEIGHT : WAY_HEIGHT - 12;
        if (losses.all.missing)
            draw_lost(drawing, y - 8, &losses);
        y += losses.all.missing ? 26 : 0;
        tcpt_losses_clear(&losses);
    }
    drawing->height = y - 10;
    return told;
}
