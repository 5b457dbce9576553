/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A capture of lone SYNs, and findings raised on them by hand: cases without what it takes to detect something.
 */
#ifndef TCPTRIAGE_TESTS_UNIT_BENCH_H
#define TCPTRIAGE_TESTS_UNIT_BENCH_H

#include "core/finding/cases.h"
#include "core/finding/store.h"
#include "tcptriage/analysis.h"

typedef struct bench {
    tcpt_analysis *analysis;
    tcpt_findings store;
    tcpt_case_list list;
    uint32_t frame;
    uint32_t point; /**< where the SYNs are captured from here on */
    int64_t now_ns; /**< since the capture's start, that long; a nanosecond more with each frame */
} bench;

void bench_open(bench *on);
void bench_close(bench *on);

/** When the next segment is captured. */
int64_t bench_time(const bench *on);

/** 192.0.2.CLIENT port 40000 to 198.51.100.SERVER port 80. */
tcpt_record *bench_syn(bench *on, uint8_t client, uint8_t server);

/** The same with other addresses, of `family`, and another port. */
tcpt_record *bench_syn_of(bench *on, uint8_t family, const uint8_t *from, const uint8_t *to, uint16_t port);

tcpt_finding *bench_raise(bench *on, tcpt_record *record, const tcpt_detector *detector);

/** Make cases. @return the gravest; NULL for none */
const tcpt_case *bench_cases(bench *on, unsigned *count);

const tcpt_detector *bench_detector(const char *id);

#endif
