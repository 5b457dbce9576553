/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * How the fuzzer's bytes become segments. An input is a row of records:
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
