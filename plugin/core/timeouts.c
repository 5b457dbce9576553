/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/timeouts.h"

#include <glib.h>

static const struct timeout {
    uint32_t seconds;
    const char *who;
} timeouts[] = {
#define TCPT_TIMEOUT(seconds, who) {seconds, who},
#include "core/timeouts.def"
#undef TCPT_TIMEOUT
};

char *tcpt_timeout_hint(int64_t silence_ns)
{
    double silence = (double)silence_ns / 1e9;
    GString *hint = NULL;

    for (unsigned i = 0; i < G_N_ELEMENTS(timeouts); i++) {
        double slack = MAX(1.0, timeouts[i].seconds * 0.02);

        if (ABS(silence - timeouts[i].seconds) > slack)
            continue;
        if (!hint)
            hint = g_string_new(NULL);
        else
            g_string_append(hint, " | ");
        g_string_append_printf(hint, "%u s: %s", timeouts[i].seconds, timeouts[i].who);
    }
    return hint ? g_string_free(hint, FALSE) : NULL;
}
