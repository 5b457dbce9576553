/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * How the fuzzer's bytes become segments. An input is a byte of FUZZ_MODE_* bits, one of FUZZ_WORLD_* bits, and a row
 * of records:
 *
 *   control  FUZZ_* bits
 *   time     low nibble: step, bits 4-5: which of four connections (with FUZZ_MADE), bits 6-7: FUZZ_TIME_*
 *   then, with FUZZ_MADE,    six bytes from which made.c makes a sensible header: flags, SEQ, ACK, window, FUZZ_ABOUT_*
 *                            with the options, payload
 *   or                       length, and so many bytes of TCP header and payload as they are
 */
#ifndef TCPTRIAGE_TESTS_FUZZ_INPUT_H
#define TCPTRIAGE_TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

enum {
    FUZZ_FROM_SERVER = 0x01,
    FUZZ_OTHER_POINT = 0x02, /**< with more points on the way: does not come to the farther ones */
    FUZZ_IPV6 = 0x04,
    FUZZ_BACKWARDS = 0x08,
    FUZZ_PADDED = 0x10,
    FUZZ_SETTLE = 0x20,
    FUZZ_LONGER = 0x40, /**< the datagram is longer than what was captured; with FUZZ_MADE: the same IP ID again, and
                           with FUZZ_PADDED an ICMP error behind it */
    FUZZ_MADE = 0x80,
};

enum {
    FUZZ_TIME_FINE = 0x40,  /**< and a few microseconds */
    FUZZ_TIME_LIMIT = 0x80, /**< as long as something that is waited for */
    FUZZ_TIME_FAR = 0xc0,   /**< to where counters and clocks end (table in world.c) */
    FUZZ_TIME_SCALE = 0xc0, /**< the bits */
    FUZZ_CONNECTIONS = 4,
};

/* The flags byte: its two highest bits say what the checksum holds. */
enum {
    FUZZ_CHECKSUM_OVER_PADDING = 0xc0,
    FUZZ_CHECKSUM_NONE = 0xe0, /**< whatever is there */
};

/* The SEQ and ACK bytes. Below FUZZ_DISTANCE numbers go on where they stand. */
enum {
    FUZZ_AGAIN = 0x40, /**< SEQ: the sender's newest segment once more */
    FUZZ_OLDER = 0x50, /**< SEQ: the one before it */
    FUZZ_DISTANCE = 0x60,
};

/* The byte of the options: their number in the low nibble. */
enum {
    FUZZ_ABOUT_LIFE = 0x30, /**< bits 4-5: of the connection's newest life, or of one so many before */
    FUZZ_ABOUT_LIFE_SHIFT = 4,
    FUZZ_ABOUT_NEW_LIFE = 0x40, /**< with a SYN: other initial sequence numbers, SEQ and ACK bytes say which */
    FUZZ_ABOUT_STAMPED = 0x80,  /**< timestamps behind the options */
};

/* The byte of the payload: from here on as much as fits into a packet. */
enum {
    FUZZ_LARGE = 0xf8,
};

enum {
    FUZZ_MODE_STACK = 0x03,
    FUZZ_MODE_EXPECT_POINTS = 0x04,
    FUZZ_MODE_TRANSLATED = 0x08, /**< the client has another address at the other point */
    FUZZ_MODE_DEPTH = 0x10,      /**< the other point is in a tunnel, not another interface */
    FUZZ_MODE_CLOCK = 0x20,      /**< its clock is an hour behind */
    FUZZ_MODE_PASSING = 0x40,    /**< what is made passes every point */
    FUZZ_MODE_SMALL = 0x80,      /**< settings at their least, so that few segments settle something */
};

enum {
    FUZZ_WORLD_WRAP = 0x01,     /**< sequence numbers begin below the wrap */
    FUZZ_WORLD_POINTS = 0x02,   /**< three points on the way, else two */
    FUZZ_WORLD_SUSPECT = 0x04,  /**< there may be several points, which the capture does not tell */
    FUZZ_WORLD_PICTURES = 0x08, /**< what pictures are drawn from is kept */
    FUZZ_WORLD_STOW = 0x10,     /**< flows are stowed away behind each segment, as behind a thousand newer ones */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
