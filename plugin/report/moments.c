/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "moments.h"

#include <inttypes.h>

#include "tcptriage/times.h"

void tcpt_append_moment(GString *out, const tcpt_model *model, int64_t time_ns)
{
    int64_t since_ns = time_ns - model->report.zero_ns;
    uint64_t ns = (uint64_t)ABS(since_ns);

    g_string_append_printf(out, "%s%" PRIu64, since_ns < 0 ? "-" : "", ns / TCPT_SECOND_NS);
    if (model->fine_times)
        g_string_append_printf(out, ".%09" PRIu64 " s", ns % TCPT_SECOND_NS);
    else
        g_string_append_printf(out, ".%06" PRIu64 " s", ns % TCPT_SECOND_NS / 1000);
}

char *tcpt_utc_text(int64_t time_ns, const char *format)
{
    GDateTime *time = g_date_time_new_from_unix_utc(time_ns / TCPT_SECOND_NS);
    char *text;

    if (!time)
        return NULL;
    text = g_date_time_format(time, format);
    g_date_time_unref(time);
    return text;
}

void tcpt_append_wall_clock(GString *out, int64_t time_ns)
{
    char *second = tcpt_utc_text(time_ns, "%Y-%m-%d %H:%M:%S");

    if (second)
        g_string_append_printf(out, "%s.%03" PRId64 " UTC", second, time_ns % TCPT_SECOND_NS / TCPT_MS_NS);
    g_free(second);
}

void tcpt_append_milliseconds(GString *out, int64_t ns)
{
    g_string_append_printf(out, ns < TCPT_MS_NS ? "%.3f ms" : "%.1f ms", (double)ns / (double)TCPT_MS_NS);
}
