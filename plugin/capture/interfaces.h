/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Where a packet was captured: interfaces of the file, and those behind an "any" capture, as capture points.
 */
#ifndef TCPTRIAGE_CAPTURE_INTERFACES_H
#define TCPTRIAGE_CAPTURE_INTERFACES_H

#include <stdbool.h>
#include <stdint.h>

#include "tcptriage/analysis.h"
#include "tcptriage/points.h"

/** The interfaces of one capture file. */
typedef struct tcpt_interfaces tcpt_interfaces;

/** What a packet's record says of where it was captured. */
typedef struct tcpt_captured_on {
    bool known;            /**< the file has interfaces, and this is one of them */
    uint32_t interface;    /**< number in the file, from 0; 0 where that is not known */
    uint32_t cooked_index; /**< interface index in the cooked header of an "any" capture, 0 when there is none */
    /** Name of an interface of the file; NULL or "unknown" where it has none. Anybody may have written it. */
    const char *(*name_of)(uint32_t interface, void *data);
    void *data;
} tcpt_captured_on;

/** @return none so far; tcpt_interfaces_free() them behind the analysis, which borrows their names */
tcpt_interfaces *tcpt_interfaces_new(void);

/** NULL is fine. */
void tcpt_interfaces_free(tcpt_interfaces *interfaces);

/**
 * The capture point of a packet: of interfaces behind the first TCPT_POINTS_MOST the same one. The first call also
 * tells the analysis how many there may be.
 *
 * @param name  set to its name
 */
uint32_t tcpt_interfaces_point(tcpt_interfaces *interfaces, tcpt_analysis *analysis, const tcpt_captured_on *where,
                               const char **name);

/** Number of a capture point's interface in the file (frame.interface_id), of the first one where it stands for many.
 * NULL is fine. */
uint32_t tcpt_interfaces_number(const tcpt_interfaces *interfaces, const tcpt_point *of);

/** Interface index in a frame of LINKTYPE_LINUX_SLL2, 0 when it was not captured. */
uint32_t tcpt_cooked_index(const uint8_t *frame, uint32_t captured_bytes);

#endif
