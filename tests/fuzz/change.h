/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Changes of an input that keep its records whole: one more, one less, another flag, another life.
 */
#ifndef TCPTRIAGE_TESTS_FUZZ_CHANGE_H
#define TCPTRIAGE_TESTS_FUZZ_CHANGE_H

#include <stddef.h>
#include <stdint.h>

/** Change `data` of `size` bytes with room for `room`, by chance of `seed`. @return the new size */
size_t fuzz_change(uint8_t *data, size_t size, size_t room, uint32_t seed);

#endif
