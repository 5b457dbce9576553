/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shapes of flows that are stowed away, and one that has none. */
#include "stow_test.h"

#include <glib.h>

#include "core/flow/stow.h"
#include "core/state.h"
#include "core/tracker/tracker.h"
#include "same.h"

enum { PARTS = 3 };

static unsigned number_of(tcpt_stow_shapes *shapes, uint64_t bits, uint64_t part)
{
    const uint64_t filled[TCPT_STOW_FILLED_WORDS] = {bits, 0, 0, bits}, parts[PARTS] = {part, 2, 3};
    return tcpt_stow_shape_number(shapes, filled, parts, PARTS);
}

/* The first of a shape is its pattern; no more shapes than there is room for. */
static void test_shapes(void)
{
    tcpt_stow_shapes shapes = {.count = 0};
    for (unsigned twice = 0; twice < 2; twice++)
        for (unsigned i = 1; i <= TCPT_STOW_SHAPES_MOST; i++)
            g_assert_cmpuint(number_of(&shapes, i, i + twice), ==, i);
    for (unsigned i = 1; i <= TCPT_STOW_SHAPES_MOST; i++)
        g_assert_cmpuint(tcpt_stow_shape_at(&shapes, i)->parts[0], ==, i);
    for (unsigned i = TCPT_STOW_SHAPES_MOST + 1; i < 10 * TCPT_STOW_SHAPES_MOST; i++)
        g_assert_cmpuint(number_of(&shapes, i, i), ==, 0);
    g_assert_cmpuint(number_of(&shapes, 7, 1), ==, 7);
    tcpt_stow_shapes_clear(&shapes);
}

static tcpt_record *analyse_syn(tcpt_analysis *analysis, uint32_t frame, uint16_t window)
{
    static const uint8_t from[4] = {192, 0, 2, 1}, to[4] = {198, 51, 100, 2};
    const tcpt_segment segment = {.time_ns = INT64_C(1700000000000000000) + frame,
                                  .frame = frame,
                                  .depth = 1,
                                  .family = 4,
                                  .src = from,
                                  .dst = to,
                                  .src_port = 40000,
                                  .dst_port = 80,
                                  .seq = 77,
                                  .end_seq = 78,
                                  .flags = TCPT_SYN,
                                  .header_bytes = 20,
                                  .window = window,
                                  .checksum_is = TCPT_CHECKSUM_GOOD};
    return tcpt_analyse(analysis, &segment);
}

/* A flow of a shape of its own, of one that is known, and of none. */
static void test_flow(const void *data)
{
    tcpt_settings settings = tcpt_settings_default();
    tcpt_analysis *analysis = tcpt_analysis_new(&settings);
    tcpt_stow_room room = {.slabs = NULL};
    tcpt_trouble_room troubles = {.pieces = {0}};
    tcpt_ack_step_room steps = {0};
    tcpt_tracker tracker = {.follows = false};
    tcpt_flow again = {.number = 0};
    tcpt_stow_room_open(&room);
    tcpt_trouble_room_open(&troubles);
    for (unsigned i = 1; i <= GPOINTER_TO_UINT(data); i++)
        number_of(&room.shapes, i, i);
    analyse_syn(analysis, 1, 1000);
    tcpt_flow *flow = tcpt_flow_of(analyse_syn(analysis, 2, 2000));
    for (unsigned i = 0; i < 2; i++) {
        tcpt_stowed *stowed = tcpt_stow(&room, flow, NULL);
        g_assert_nonnull(stowed);
        tcpt_stow_read(&room, stowed, &again, &tracker, &troubles, &steps);
        again.next = flow->next;
        same_flow(&again, flow);
        tcpt_stow_give_back_hanging(&again, &steps);
        tcpt_stow_give_back(&room, stowed);
        flow->last_ns += 1000;
    }
    tcpt_stow_room_clear(&room);
    tcpt_pieces_clear(&troubles.pieces);
    tcpt_ack_step_room_clear(&steps);
    tcpt_analysis_free(analysis);
}

void add_stow_shapes_tests(void)
{
    g_test_add_func("/stow/shapes/room", test_shapes);
    g_test_add_data_func("/stow/shapes/known", GUINT_TO_POINTER(0), test_flow);
    g_test_add_data_func("/stow/shapes/none", GUINT_TO_POINTER(TCPT_STOW_SHAPES_MOST), test_flow);
}
