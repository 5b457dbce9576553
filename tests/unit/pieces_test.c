/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of memory that go all at once, and memory that begins with a line. */
#include <glib.h>
#include <string.h>

#include "tcptriage/lines.h"
#include "tcptriage/pieces.h"
#include "tcptriage/portable.h"
#include "unit.h"

enum { PIECES = 5000 };

/* Each is written to from end to end, and still has what was written when all have been taken. */
static void apart(void)
{
    tcpt_pieces pieces = {0};
    uint8_t *taken[PIECES];

    for (unsigned i = 0; i < PIECES; i++) {
        size_t bytes = 1 + i % 1300;
        taken[i] = tcpt_piece_take(&pieces, bytes);
        g_assert_cmpuint((uintptr_t)taken[i] % TCPT_PIECE_STEP_BYTES, ==, 0);
        memset(taken[i], (int)(i % 251), bytes);
    }
    for (unsigned i = 0; i < PIECES; i++)
        for (size_t at = 0; at < 1 + i % 1300; at++)
            g_assert_cmpuint(taken[i][at], ==, i % 251);
    tcpt_pieces_clear(&pieces);
}

static void taken_again(void)
{
    tcpt_pieces pieces = {0};
    void *one = tcpt_piece_take(&pieces, 40), *other = tcpt_piece_take(&pieces, 40);

    memset(one, 1, 40);
    tcpt_piece_give_back(&pieces, one, 40);
    tcpt_piece_give_back(&pieces, NULL, 40);
    g_assert_false(tcpt_piece_take(&pieces, 48) == one); /* of another size */
    uint8_t *blank = tcpt_piece_take_blank(&pieces, 36); /* as many steps */
    g_assert_true(blank == one);
    for (unsigned at = 0; at < 36; at++)
        g_assert_cmpuint(blank[at], ==, 0);
    g_assert_false(tcpt_piece_take(&pieces, 40) == other);
    tcpt_pieces_clear(&pieces);
}

/* Large ones have a block each, which goes with them: first, in between and last. */
static void large(void)
{
    enum { LARGE = TCPT_PIECE_MOST_BYTES + 1 };
    tcpt_pieces pieces = {0};
    void *first = tcpt_piece_take(&pieces, LARGE), *second = tcpt_piece_take(&pieces, 100 * LARGE),
         *third = tcpt_piece_take(&pieces, LARGE);

    tcpt_piece_give_back(&pieces, second, 100 * LARGE);
    tcpt_piece_give_back(&pieces, first, LARGE);
    tcpt_piece_give_back(&pieces, third, LARGE);
    g_assert_null(pieces.blocks);
    tcpt_pieces_clear(&pieces);
}

#ifdef TCPT_ADDRESS_SANITIZER
/* The sanitizer knows only what malloc has: of a pool it has to be told. */
static void forbidden(void)
{
    tcpt_pieces pieces = {0};
    void *piece = tcpt_piece_take(&pieces, 40), *next = tcpt_piece_take(&pieces, 40);

    tcpt_piece_give_back(&pieces, piece, 40);
    g_assert_true(__asan_region_is_poisoned(piece, 40) == piece);
    g_assert_null(__asan_region_is_poisoned(next, 40));
    g_assert_true(tcpt_piece_take(&pieces, 40) == piece);
    g_assert_null(__asan_region_is_poisoned(piece, 40));
    tcpt_pieces_clear(&pieces);
}
#endif

/* Small and large room begins where it should, and is all there. */
static void lines(void)
{
    static const size_t sizes[] = {1, TCPT_LARGE_PAGE_BYTES - 1, 3 * TCPT_LARGE_PAGE_BYTES + 1};
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        void *room;
        uint8_t *from = tcpt_lines_new(sizes[i], &room);
        g_assert_cmpuint((uintptr_t)from % TCPT_LINE_BYTES, ==, 0);
        memset(from, 1, sizes[i]);
        g_assert_cmpuint(from[0] + from[sizes[i] - 1], ==, 2);
        g_free(room);
    }
}

/* The same, and zero each time. */
static void zero_lines(void)
{
    static const size_t sizes[] = {1, 4096, 3 * TCPT_LARGE_PAGE_BYTES + 1};
    for (unsigned i = 0; i < 3 * G_N_ELEMENTS(sizes); i++) {
        size_t size = sizes[i % G_N_ELEMENTS(sizes)], set = 0;
        uint8_t *from = tcpt_zero_lines_new(size);
        g_assert_cmpuint((uintptr_t)from % TCPT_LINE_BYTES, ==, 0);
        for (size_t at = 0; at < size; at++)
            set += from[at] != 0;
        g_assert_cmpuint(set, ==, 0);
        memset(from, 1, size);
        tcpt_zero_lines_free(from);
        g_assert_cmpuint(tcpt_zero_lines_filling(size), >=, size);
        g_assert_cmpuint(tcpt_zero_lines_filling(size), <, size + TCPT_PAGE_BYTES);
    }
}

void add_pieces_tests(void)
{
#ifdef TCPT_ADDRESS_SANITIZER
    g_test_add_func("/pieces/forbidden", forbidden);
#endif
    g_test_add_func("/pieces/apart", apart);
    g_test_add_func("/pieces/taken-again", taken_again);
    g_test_add_func("/pieces/large", large);
    g_test_add_func("/lines", lines);
    g_test_add_func("/lines/zero", zero_lines);
}
