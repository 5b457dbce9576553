/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A report that goes into a file: whole, or not at all.
 */
#ifndef TCPTRIAGE_CAPTURE_PAGE_FILE_H
#define TCPTRIAGE_CAPTURE_PAGE_FILE_H

#include <stdio.h>

#include "model.h"

/** Asked before a capture is read, which may take long. @return why the file cannot be written, as a sentence, or NULL;
 * to be freed */
char *tcpt_page_refusal(const char *path);

/** Write it beside the file, then put it in its place. A link stays one, and a file's permissions stay. A file that is
 *  no page, such as the capture itself, is never replaced.
 *  @return as above */
char *tcpt_page_write(const char *path, void (*write)(FILE *, const tcpt_model *), const tcpt_model *model);

#endif
