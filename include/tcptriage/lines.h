/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Memory that begins with a line of the processor's cache, for what is asked for in no order. Inside the core only.
 */
#ifndef TCPTRIAGE_LINES_H
#define TCPTRIAGE_LINES_H

#include <stddef.h>

enum {
    TCPT_LINE_BYTES = 64,   /**< what a cache takes from memory at once */
    TCPT_PAGE_BYTES = 4096, /**< the least that comes of the system */
    /** Large pages of memory. Where thousands of flows take turns nearly each segment asks for pages of its own, and
     * for where these are. */
    TCPT_LARGE_PAGE_BYTES = 2 << 20,
};

/**
 * As many bytes, not cleared; the large pages that lie within are asked for.
 *
 * @param room  set to what is to be given to g_free()
 */
void *tcpt_lines_new(size_t bytes, void **room);

/** The same, all zero, and to be given to tcpt_zero_lines_free(). Where the system has pages that are zero without
 * being written to, a line that nobody asks for never comes into the cache. */
void *tcpt_zero_lines_new(size_t bytes);

/** As many bytes, or more, that such a piece is to have to fill its pages. */
size_t tcpt_zero_lines_filling(size_t bytes);

void tcpt_zero_lines_free(void *lines);

#endif
