/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The captures that a command line means.
 */
#ifndef TCPTRIAGE_FLEET_INPUTS_H
#define TCPTRIAGE_FLEET_INPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/** One file. */
typedef struct tcpt_input {
    char *path;      /**< absolute */
    bool named;      /**< on the command line or in a list; else found in a folder */
    char *problem;   /**< why it is not even tried, a sentence's rest; NULL */
    int64_t bytes;   /**< its size */
    int64_t changed; /**< seconds since 1970 */
    bool goes_on;    /**< in a ring, from the file before */
    bool looked_at;  /**< what follows is filled in */
    bool cut;        /**< it ends before it should */
    int link_type;   /**< of the first packet */
    int64_t first_ns, last_ns;
    uint64_t frames;
} tcpt_input;

/**
 * Gather captures: files, folders with all that is below them, and for "-" a list on standard input, a name to a line.
 *
 * Nothing comes twice. What was found in a folder and is of no format that is known is left out.
 *
 * @param besides  a folder whose files are no captures, whatever is above it
 * @param skipped  how many files of folders are no captures
 * @return tcpt_input, sorted by path
 */
GPtrArray *tcpt_inputs_gather(char **paths, const char *besides, unsigned *skipped);

/** Read it to its end, for times and frames. @return whether it has any packet with a time */
bool tcpt_input_look(tcpt_input *input);

#endif
