/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What the fuzzer's bytes (input.h) are played to.
 */
#ifndef TCPTRIAGE_TESTS_FUZZ_WORLD_H
#define TCPTRIAGE_TESTS_FUZZ_WORLD_H

#include <glib.h>

#include "tcptriage/analysis.h"

/** Who looks on. */
typedef struct fuzz_watch {
    void (*begin)(tcpt_analysis *analysis);              /**< before the first segment; NULL: nobody */
    void (*seen)(const tcpt_record *record, void *user); /**< after each segment; NULL: nobody */
    /** All records, in their order; nothing is settled yet but what the input asks for. */
    void (*end)(tcpt_analysis *analysis, const GPtrArray *records, void *user);
    void *user;
    bool pictures;          /**< are asked for where the input says so */
    bool stows;             /**< flows are stowed away where it says so: who looks on knows none by its address */
    unsigned release_every; /**< so many segments tcpt_release() is called: `end` gets no records then; 0 never */
    int64_t quiet_ns;       /**< for it */
} fuzz_watch;

/** Play an input. */
void fuzz_play(const uint8_t *data, size_t size, const fuzz_watch *watch);

#endif
