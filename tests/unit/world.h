/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Connections by the thousand, for tests of scans and floods.
 */
#ifndef TCPTRIAGE_UNIT_WORLD_H
#define TCPTRIAGE_UNIT_WORLD_H

#include <stdbool.h>

#include "tcptriage/analysis.h"
#include "tcptriage/detector.h"

typedef struct world {
    tcpt_analysis *analysis;
    int64_t now_ns;
    uint32_t frames;
} world;

/** One connection; hosts are numbers. */
typedef struct tuple {
    uint32_t client;
    uint32_t server;
    uint16_t client_port;
    uint16_t server_port;
} tuple;

typedef struct found {
    const char *id;
    unsigned count;
    unsigned consequences;
    tcpt_finding last;
} found;

/** Hosts of which the tests speak. */
enum { SCANNER = 10, TARGET = 500 };

/** tcpt_analysis_free() its analysis. */
world world_new(void);
/** Time passes. */
void world_after(world *in, int64_t us);
/** SYN, SYN-ACK, the ACK behind it, or a RST in the SYN-ACK's place. */
void world_ask(world *in, const tuple *of);
void world_answer(world *in, const tuple *of);
void world_complete(world *in, const tuple *of);
void world_refuse(world *in, const tuple *of);
/** What is found by a detector, and what is made of it; judges the end. */
found world_find(const world *in, const char *id);
int64_t found_number(const found *of, tcpt_field field);
bool found_says(const found *of, const char *words);

#endif
