/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/timeouts.h"

#include <glib.h>
#include <string.h>

enum { ROLE_ANY, ROLE_CLIENT, ROLE_SERVER, ROLE_DEVICE };

struct timeout {
    uint32_t seconds;
    unsigned role;
    const char *who;
};

static const struct timeout timeouts[] = {
#define TCPT_TIMEOUT(seconds, role, who) {seconds, ROLE_##role, who},
#define TCPT_IDLE_LIMIT(seconds, who)
#include "detectors/shared/timeouts.def"
#undef TCPT_TIMEOUT
#undef TCPT_IDLE_LIMIT
};

static const struct timeout idle_limits[] = {
#define TCPT_TIMEOUT(seconds, role, who)
#define TCPT_IDLE_LIMIT(seconds, who) {seconds, ROLE_DEVICE, who},
#include "detectors/shared/timeouts.def"
#undef TCPT_TIMEOUT
#undef TCPT_IDLE_LIMIT
};

static void append(GString *hint, const struct timeout *candidate)
{
    if (hint->len)
        g_string_append(hint, " | ");
    g_string_append_printf(hint, "%u s: %s", candidate->seconds, candidate->who);
}

char *tcpt_idle_hint(int64_t gap_ns, int64_t survived_ns)
{
    enum { CANDIDATES = 3 };
    double gap = (double)gap_ns / 1e9, survived = (double)survived_ns / 1e9;
    GString *hint = g_string_new(NULL);
    unsigned named = 0;

    for (unsigned i = G_N_ELEMENTS(idle_limits); i-- > 0 && named < CANDIDATES;) {
        if (gap < idle_limits[i].seconds * 0.98)
            continue;
        if (survived > idle_limits[i].seconds)
            break; /* they rise: the connection has outlived all that are left */
        append(hint, &idle_limits[i]);
        named++;
    }
    return g_string_free(hint, hint->len == 0);
}

char *tcpt_idle_limit_text(int64_t gap_ns, int64_t survived_ns)
{
    const double near = 1.5, slack = 0.98;
    double gap = (double)gap_ns / 1e9, survived = (double)survived_ns / 1e9;

    for (unsigned i = G_N_ELEMENTS(idle_limits); i-- > 0;) {
        if (gap < idle_limits[i].seconds * slack)
            continue;
        if (gap > idle_limits[i].seconds * near || survived > idle_limits[i].seconds)
            break;
        return g_strdup_printf("; limit of %u s (%.*s)?", idle_limits[i].seconds,
                               (int)strcspn(idle_limits[i].who, ",;"), idle_limits[i].who);
    }
    return g_strdup("");
}

static unsigned stranger_to(const tcpt_flow *flow, unsigned end)
{
    return end == flow->client ? ROLE_SERVER : ROLE_CLIENT;
}

bool tcpt_is_timeout(const tcpt_flow *flow, unsigned end, int64_t silence_ns)
{
    const double slack = 0.1;
    double silence = (double)silence_ns / 1e9;

    for (unsigned i = 0; i < G_N_ELEMENTS(timeouts); i++)
        if (timeouts[i].role != stranger_to(flow, end) && ABS(silence - timeouts[i].seconds) <= slack)
            return true;
    return false;
}

char *tcpt_timeout_hint(const tcpt_flow *flow, unsigned end, int64_t silence_ns)
{
    unsigned stranger = stranger_to(flow, end);
    double silence = (double)silence_ns / 1e9;
    GString *hint = g_string_new(NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(timeouts); i++) {
        double slack = MAX(1.0, timeouts[i].seconds * 0.02);

        if (timeouts[i].role == stranger || ABS(silence - timeouts[i].seconds) > slack)
            continue;
        append(hint, &timeouts[i]);
    }
    return g_string_free(hint, hint->len == 0);
}
