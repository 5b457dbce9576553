/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Times and durations, both signed nanoseconds, and why their arithmetic does not overflow: tcpt_analyse() moves what a
 * capture says into TCPT_TIME_FIRST_NS to TCPT_TIME_LAST_NS, half of what 64 bits hold. So a time and a duration, two
 * durations, and the difference of either fit; round trips are short besides (TCPT_RTT_MOST_NS), so that they may be
 * multiplied. No code behind that door needs to check.
 */
#ifndef TCPTRIAGE_TIMES_H
#define TCPTRIAGE_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#define TCPT_MS_NS     INT64_C(1000000)
#define TCPT_SECOND_NS INT64_C(1000000000)

/** Not 0, which stands for "never" wherever a time is kept. */
#define TCPT_TIME_FIRST_NS INT64_C(1)
/** In the year 2116. */
#define TCPT_TIME_LAST_NS (INT64_MAX / 2)

/** Round trips are taken for no longer than this, an hour: no path is, odd clocks are. */
#define TCPT_RTT_MOST_NS (3600 * TCPT_SECOND_NS)

/** Whether a time is one that the core works with. */
static inline bool tcpt_time_fits(int64_t time_ns)
{
    return (uint64_t)time_ns - TCPT_TIME_FIRST_NS <= (uint64_t)(TCPT_TIME_LAST_NS - TCPT_TIME_FIRST_NS);
}

/** The nearest one that does. */
static inline int64_t tcpt_time_moved(int64_t time_ns)
{
    if (tcpt_time_fits(time_ns))
        return time_ns;
    return time_ns < TCPT_TIME_FIRST_NS ? TCPT_TIME_FIRST_NS : TCPT_TIME_LAST_NS;
}

/** What a capture file says, a number of seconds and nanoseconds since 1970: odder ones do not fit, and the core wants
 * less. */
static inline int64_t tcpt_time_from(int64_t seconds, int32_t nanoseconds)
{
    if (seconds < 0)
        return nanoseconds;
    return (seconds < TCPT_TIME_LAST_NS / TCPT_SECOND_NS ? seconds : TCPT_TIME_LAST_NS / TCPT_SECOND_NS) *
               TCPT_SECOND_NS +
           nanoseconds;
}

/** At most 136 years: less than half of what 64 bits hold. */
static inline int64_t tcpt_seconds_ns(uint32_t seconds)
{
    return seconds * TCPT_SECOND_NS;
}

/** Nanoseconds as seconds, for texts. */
static inline double tcpt_as_seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

#endif
