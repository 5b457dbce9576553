/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "picture_axes.h"

#include <inttypes.h>
#include <stdbool.h>

#include "svg.h"
#include "tcptriage/times.h"

enum { TICKS_MOST = 6, LETTER = 6, SAMPLE = 26 };

static double part(int64_t value, int64_t from, int64_t to)
{
    return to > from ? CLAMP(((double)value - (double)from) / ((double)to - (double)from), 0, 1) : 0.5;
}

int tcpt_axes_x(const tcpt_axes *axes, int64_t time_ns)
{
    return TCPT_PLOT_LEFT + (int)(part(time_ns, axes->from_ns, axes->to_ns) * (TCPT_PLOT_RIGHT - TCPT_PLOT_LEFT) + 0.5);
}

int tcpt_axes_y(const tcpt_axes *axes, int64_t value)
{
    return TCPT_PLOT_BOTTOM - (int)(part(value, axes->low, axes->high) * (TCPT_PLOT_BOTTOM - TCPT_PLOT_TOP) + 0.5);
}

/* 1, 2 or 5 times a power of ten, so that there are a few of them. */
static int64_t round_step(int64_t range)
{
    static const unsigned factors[] = {1, 2, 5};

    for (int64_t power = 1; power <= INT64_MAX / 50; power *= 10)
        for (unsigned i = 0; i < G_N_ELEMENTS(factors); i++)
            if (range / (power * factors[i]) < TICKS_MOST)
                return power * factors[i];
    return range;
}

/* Clocks of hostile captures take most of what 64 bits hold. */
static bool next_tick(int64_t *at, int64_t step, int64_t to)
{
    if (*at > INT64_MAX - step)
        return false;
    *at += step;
    return *at <= to;
}

static bool first_tick(int64_t *at, int64_t from, int64_t step, int64_t to)
{
    *at = from / step * step;
    return *at < from ? next_tick(at, step, to) : *at <= to;
}

/* As many decimals as the step has. */
static char *seconds(int64_t ns, int64_t step)
{
    int64_t unit = TCPT_SECOND_NS;
    int digits = 0;

    for (; unit > 1 && step % unit; unit /= 10)
        digits++;
    if (digits == 0)
        return g_strdup_printf("%" PRId64, ns / TCPT_SECOND_NS);
    return g_strdup_printf("%s%" PRId64 ".%0*" PRId64, ns < 0 ? "-" : "", ABS(ns / TCPT_SECOND_NS), digits,
                           ABS(ns % TCPT_SECOND_NS) / unit);
}

static void draw_times(GString *out, const tcpt_axes *axes)
{
    int64_t from = axes->from_ns - axes->zero_ns, to = axes->to_ns - axes->zero_ns;
    int64_t step = round_step(to - from), at;

    for (bool more = first_tick(&at, from, step, to); more; more = next_tick(&at, step, to)) {
        int x = tcpt_axes_x(axes, at + axes->zero_ns);

        tcpt_svg_line(out, x, TCPT_PLOT_BOTTOM, x, TCPT_PLOT_BOTTOM + 4, "m");
        if (x < TCPT_PLOT_RIGHT - 60) /* there is the unit */
            tcpt_svg_take(out, x, TCPT_PLOT_BOTTOM + 17, "c s m", seconds(at, step));
    }
    tcpt_svg_text(out, TCPT_PLOT_RIGHT, TCPT_PLOT_BOTTOM + 17, "e s m", "seconds");
}

static void draw_values(GString *out, const tcpt_axes *axes)
{
    int64_t step = round_step(axes->high - axes->low), at;

    for (bool more = first_tick(&at, axes->low, step, axes->high); more; more = next_tick(&at, step, axes->high)) {
        bool thousands = step % 1000 == 0 && at;
        int y = tcpt_axes_y(axes, at);

        tcpt_svg_line(out, TCPT_PLOT_LEFT, y, TCPT_PLOT_RIGHT, y, "l");
        tcpt_svg_take(out, TCPT_PLOT_LEFT - 6, y + 4, "e s m",
                      g_strdup_printf("%" PRId64 "%s", thousands ? at / 1000 : at, thousands ? "k" : ""));
    }
}

void tcpt_axes_draw(GString *out, const tcpt_axes *axes, const char *what)
{
    draw_values(out, axes);
    draw_times(out, axes);
    tcpt_svg_line(out, TCPT_PLOT_LEFT, TCPT_PLOT_BOTTOM, TCPT_PLOT_RIGHT, TCPT_PLOT_BOTTOM, "m");
    tcpt_svg_line(out, TCPT_PLOT_LEFT, TCPT_PLOT_TOP, TCPT_PLOT_LEFT, TCPT_PLOT_BOTTOM, "m");
    tcpt_svg_text(out, 0, 12, "s m", what);
}

int tcpt_legend_words(GString *out, int x, int y, const char *words)
{
    tcpt_svg_text(out, x + SAMPLE, y + 4, "s", words);
    return x + SAMPLE + (int)g_utf8_strlen(words, -1) * LETTER + 14;
}
