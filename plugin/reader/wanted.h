/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Whose connections are told of: hosts and ports.
 */
#ifndef TCPTRIAGE_READER_WANTED_H
#define TCPTRIAGE_READER_WANTED_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "tcptriage/flow.h"

/** One of them: an end of a connection has this address and port. */
typedef struct tcpt_wanted_end {
    uint8_t family; /**< 0: any address */
    uint8_t address[16];
    uint16_t port; /**< 0: any */
} tcpt_wanted_end;

/** Any of them; none: all connections. */
typedef struct tcpt_wanted {
    GArray *ends; /**< tcpt_wanted_end; NULL for none */
} tcpt_wanted;

/** Add "192.0.2.1", "192.0.2.1/443", "2001:db8::1/443" or "/443". @return false when it is none of these */
bool tcpt_wanted_add(tcpt_wanted *wanted, const char *text);

bool tcpt_wanted_has(const tcpt_wanted *wanted, const tcpt_flow *flow);

void tcpt_wanted_clear(tcpt_wanted *wanted);

#endif
