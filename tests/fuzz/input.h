/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * How the fuzzer's bytes become segments. An input is a byte of FUZZ_MODE_* bits, one that chooses where sequence
 * numbers begin, and a row of records:
 *
 *   control  FUZZ_* bits
 *   time     low nibble: step (table in fuzz_core.c), high nibble: fraction
 *   then, with FUZZ_MADE,    seven bytes from which a sensible header is made
 *   or                       length, and so many bytes of TCP header and payload as they are
 */
#ifndef TCPTRIAGE_TESTS_FUZZ_INPUT_H
#define TCPTRIAGE_TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

enum {
    FUZZ_FROM_SERVER = 0x01,
    FUZZ_OTHER_POINT = 0x02,
    FUZZ_IPV6 = 0x04,
    FUZZ_BACKWARDS = 0x08,
    FUZZ_PADDED = 0x10,
    FUZZ_SETTLE = 0x20,
    FUZZ_LONGER = 0x40, /**< the datagram is longer than what was captured; with FUZZ_MADE: the same IP ID again */
    FUZZ_MADE = 0x80,
};

enum {
    FUZZ_MODE_STACK = 0x03,
    FUZZ_MODE_EXPECT_POINTS = 0x04,
    FUZZ_MODE_TRANSLATED = 0x08, /**< the client has another address at the other point */
    FUZZ_MODE_DEPTH = 0x10,      /**< the other point is in a tunnel, not another interface */
    FUZZ_MODE_CLOCK = 0x20,      /**< its clock is an hour behind */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
