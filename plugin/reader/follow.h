/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Cases, a line of JSON each (NDJSON), while the capture goes on.
 */
#ifndef TCPTRIAGE_READER_FOLLOW_H
#define TCPTRIAGE_READER_FOLLOW_H

#include <stdio.h>

#include "model.h"

/** So long nothing of a case's kind and place was seen when it is told. Longer than the gaps between a SYN's first five
 * retries, which double from one second on (RFC 6298, section 5.5): whoever waits longer is told of twice. */
#define TCPT_SETTLED_SECONDS 30

/** Which cases were told. */
typedef struct tcpt_follow tcpt_follow;

tcpt_follow *tcpt_follow_new(void);
void tcpt_follow_free(tcpt_follow *follow);

/**
 * Print the cases of a model that have settled, and were not told as they are now.
 *
 * @param now_ns  capture time; INT64_MAX at the end, when all of them have settled
 * @return whether the lines could be written
 */
bool tcpt_follow_print(tcpt_follow *follow, FILE *to, const tcpt_model *model, int64_t now_ns);

#endif
