/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcptriage/lines.h"

#include <glib.h>
#include <stdint.h>
#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

/* A wish: most systems give large pages to those only who ask for them (transparent_hugepage/enabled: madvise). It is
 * made of whole pages. */
static void in_large_pages(uint8_t *from, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    size_t page = (size_t)sysconf(_SC_PAGESIZE), before = (page - (uintptr_t)from % page) % page;

    madvise(from + before, (bytes - before) / page * page, MADV_HUGEPAGE);
#else
    (void)from, (void)bytes;
#endif
}

void *tcpt_lines_new(size_t bytes, void **room)
{
    uint8_t *lines = *room = g_malloc(bytes + TCPT_LINE_BYTES - 1);

    lines += (TCPT_LINE_BYTES - (uintptr_t)lines % TCPT_LINE_BYTES) % TCPT_LINE_BYTES;
    if (bytes >= TCPT_LARGE_PAGE_BYTES)
        in_large_pages(lines, bytes);
    return lines;
}
