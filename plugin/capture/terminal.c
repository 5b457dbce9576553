/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "terminal.h"

#include <stdlib.h>

#ifndef _WIN32
#include <sys/ioctl.h>
#include <unistd.h>
#endif

enum { READABLE = 100, NARROWEST = 40 };

static unsigned columns_of_output(void)
{
#ifndef _WIN32
    struct winsize size;

    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        return size.ws_col;
#endif
    return 0;
}

unsigned tcpt_terminal_columns(void)
{
    unsigned columns = columns_of_output();

    return columns >= NARROWEST && columns < READABLE ? columns : READABLE;
}
