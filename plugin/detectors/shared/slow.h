/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Servers that took their time before: a wait as long is how the two work (long polling).
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_SLOW_H
#define TCPTRIAGE_DETECTORS_SHARED_SLOW_H

#include <stdint.h>

#include "tcptriage/detector.h"

/** What slow_response notes of a flow. */
typedef struct tcpt_slow_memory {
    int64_t longest_ns; /**< that a request waited, and was answered */
} tcpt_slow_memory;

extern const tcpt_detector tcpt_slow_response;

#endif
