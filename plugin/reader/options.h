/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What the command line asks for.
 */
#ifndef TCPTRIAGE_READER_OPTIONS_H
#define TCPTRIAGE_READER_OPTIONS_H

#include <stdbool.h>

#include "tcptriage/detector.h"
#include "tcptriage/settings.h"
#include "wanted.h"

typedef enum tcpt_form { TCPT_FORM_TEXT, TCPT_FORM_JSON, TCPT_FORM_HTML } tcpt_form;

/** Above every severity: nothing of note changes the exit status. */
#define TCPT_FAIL_NEVER (TCPT_WARN + 1)

typedef struct tcpt_options {
    tcpt_form form;
    char *page;       /**< file of the page, NULL without one */
    char *cut;        /**< file for the frames of connections with a case, NULL */
    int least;        /**< tcpt_severity */
    int page_least;   /**< the same, of the page */
    int fail_on;      /**< tcpt_severity, or TCPT_FAIL_NEVER */
    unsigned columns; /**< of text, 0: the terminal's */
    tcpt_settings settings;
    tcpt_wanted wanted; /**< whose findings are told */
    bool version;
    bool quiet;   /**< no progress */
    bool follow;  /**< cases as they settle, in lines of JSON */
    char **files; /**< NULL at the end */
} tcpt_options;

/**
 * Read the command line.
 *
 * @param problem  set to what is wrong with it, a sentence, to be freed
 * @return false then
 */
bool tcpt_options_read(tcpt_options *options, int argc, char **argv, char **problem);

void tcpt_options_clear(tcpt_options *options);

#endif
