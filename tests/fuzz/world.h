/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What the fuzzer's bytes (input.h) are played to.
 */
#ifndef TCPTRIAGE_TESTS_FUZZ_WORLD_H
#define TCPTRIAGE_TESTS_FUZZ_WORLD_H

#include <glib.h>

#include "tcptriage/analysis.h"

/** Play an input; `end` is given the analysis, not settled yet, and its records (tcpt_record *) in their order. */
void fuzz_play(const uint8_t *data, size_t size, void (*end)(tcpt_analysis *, const GPtrArray *, void *), void *user);

#endif
