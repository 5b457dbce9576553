/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#if __GLIBC_PREREQ(2, 33)
#define HAS_MALLINFO2
#endif
#endif

#include "unit.h"

size_t heap_bytes(void)
{
#ifdef HAS_MALLINFO2
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
#else
    return 0; /* nothing tells: what is measured there is not measured here */
#endif
}
