/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a user may choose (preferences of protocol "tcptriage"). Numbers are plain seconds here; code asks
 * tcpt_seconds_ns().
 */
#ifndef TCPTRIAGE_SETTINGS_H
#define TCPTRIAGE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

/** Whose rules the receiver of a RST follows. */
typedef enum tcpt_stack {
    TCPT_STACK_LINUX,   /**< Linux 4.11 and later */
    TCPT_STACK_RFC5961, /**< strict RFC 5961, Linux 3.6 to 4.10 */
    TCPT_STACK_RFC793,
    TCPT_STACK_FREEBSD,
} tcpt_stack;

typedef struct tcpt_settings {
    tcpt_stack receiver_stack;
    uint32_t stall_seconds;
    uint32_t close_wait_seconds;
    uint32_t storm_count;
    uint32_t idle_seconds;
    uint32_t time_wait_seconds;
    uint32_t ephemeral_ports;
    uint32_t port_pressure_percent;
    uint32_t match_seconds; /**< how long a segment may take from one capture point to the next */
    bool capture_points;
    bool tracker_models; /**< follow what connection tracking makes of each segment */
} tcpt_settings;

/** The defaults: linux, 2 s, 10 s, 3, 30 s, 60 s, 28,232 ports, 80 %, 10 s, on, on. */
tcpt_settings tcpt_settings_default(void);

#endif
