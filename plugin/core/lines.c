/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcptriage/lines.h"

#include <glib.h>
#include <stdint.h>
#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "tcptriage/portable.h"

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

/* ---- all zero ---- */

#if defined(MAP_ANONYMOUS) && !defined(TCPT_ADDRESS_SANITIZER)
/* Not by calloc(): it clears what it has had before. */
static void *zero_room(size_t bytes)
{
    void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return room == MAP_FAILED ? NULL : room;
}

static void free_zero_room(void *room, size_t bytes)
{
    munmap(room, bytes);
}
#else
static void *zero_room(size_t bytes)
{
    return g_try_malloc0(bytes);
}

static void free_zero_room(void *room, size_t bytes)
{
    (void)bytes;
    g_free(room);
}
#endif

/* What lies in front of zero lines. */
typedef struct zero_head {
    void *room;
    size_t bytes;
} zero_head;

/* In front, for zero_head, and to where a line begins. */
enum { HEAD_BYTES = 2 * TCPT_LINE_BYTES };

size_t tcpt_zero_lines_filling(size_t bytes)
{
    size_t pages = (bytes + HEAD_BYTES + TCPT_PAGE_BYTES - 1) / TCPT_PAGE_BYTES;

    return pages * TCPT_PAGE_BYTES - HEAD_BYTES;
}

void *tcpt_zero_lines_new(size_t bytes)
{
    const size_t all = bytes + HEAD_BYTES;
    uint8_t *room = zero_room(all), *lines;

    if (!room)
        g_error("no memory for %zu bytes", all);
    lines = room + HEAD_BYTES - (uintptr_t)room % TCPT_LINE_BYTES;
    ((zero_head *)(void *)lines)[-1] = (zero_head){room, all};
    if (bytes >= TCPT_LARGE_PAGE_BYTES)
        in_large_pages(lines, bytes);
    return lines;
}

void tcpt_zero_lines_free(void *lines)
{
    const zero_head *head = (zero_head *)lines - 1;

    free_zero_room(head->room, head->bytes);
}
