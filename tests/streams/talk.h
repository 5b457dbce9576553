/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Conversations that random streams begin with: chance alone does not get far into a connection.
 */
#ifndef TCPTRIAGE_TESTS_TALK_H
#define TCPTRIAGE_TESTS_TALK_H

#include <stddef.h>
#include <stdint.h>

/** How many there are. */
unsigned talk_count(void);

/**
 * Write a conversation as input of the fuzzer (input.h) behind its first two bytes.
 *
 * @param data     room for at least TALK_ROOM bytes
 * @param control  FUZZ_* bits for all segments
 * @param option   FUZZ_ABOUT_* bits for all segments
 * @return bytes of data in use; 2 for the conversation of nobody
 */
size_t talk_write(uint8_t *data, unsigned number, uint8_t control, uint8_t option);

enum { TALK_ROOM = 900 };

#endif
