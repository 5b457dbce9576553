/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * TCP headers made of a few bytes, so that the segments of a connection, and its lives, hang together.
 */
#ifndef TCPTRIAGE_TESTS_FUZZ_MADE_H
#define TCPTRIAGE_TESTS_FUZZ_MADE_H

#include <stdbool.h>
#include <stdint.h>

enum { FUZZ_MADE_BYTES = 6, FUZZ_TCP_ROOM = 1460, FUZZ_LIVES = 4 };

/** Numbers of one life of a connection, by the side that sends them. */
typedef struct fuzz_life {
    uint32_t iss[2];
    uint32_t next[2];   /**< behind what it has sent */
    uint32_t newest[2]; /**< of its newest segment */
    uint32_t older[2];  /**< of the one before */
} fuzz_life;

typedef struct fuzz_connection {
    fuzz_life lives[FUZZ_LIVES]; /**< a ring */
    unsigned newest;
} fuzz_connection;

void fuzz_begin(fuzz_connection *connection, bool wrap);

/**
 * Make a header and its payload.
 *
 * @param code      FUZZ_MADE_BYTES bytes, as in input.h
 * @param clock_ms  what timestamps tell
 * @param tcp       zeros, FUZZ_TCP_ROOM bytes; ports and checksum are left to the caller
 * @return bytes written
 */
uint32_t fuzz_make(fuzz_connection *connection, unsigned from, const uint8_t *code, uint32_t clock_ms, uint8_t *tcp);

void fuzz_put16(uint8_t *bytes, uint32_t value);

#endif
