/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What is read as one capture.
 */
#ifndef TCPTRIAGE_FLEET_JOBS_H
#define TCPTRIAGE_FLEET_JOBS_H

#include "inputs.h"

/** How its files belong together. */
typedef enum tcpt_job_kind {
    TCPT_JOB_SINGLE,
    TCPT_JOB_RING,   /**< one goes on where the other ends */
    TCPT_JOB_POINTS, /**< the same time at several points */
} tcpt_job_kind;

typedef struct tcpt_job {
    tcpt_job_kind kind;
    GPtrArray *inputs; /**< tcpt_input, borrowed */
    int64_t bytes;
    char *key; /**< name of its results: of the first file's name and what makes the result, so that a capture that has
                  changed since, or is read in another way, has other results */
} tcpt_job;

const char *tcpt_job_kind_name(tcpt_job_kind kind);

/** @param how     in which way they are read, as text: part of the key
 *  @param rings   join files that go on in others
 *  @param points  join captures of the same time
 *  @return tcpt_job, the largest first */
GPtrArray *tcpt_jobs_of(GPtrArray *inputs, const char *how, bool rings, bool points);

#endif
