/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The frames of connections that have a case, in a capture of their own that says what is where.
 */
#ifndef TCPTRIAGE_READER_CUT_H
#define TCPTRIAGE_READER_CUT_H

#include "model.h"
#include "reading.h"

/**
 * Copy the frames of all connections that a case of the model is told of, at all capture points, ICMP errors included;
 * and of those of the same clients, and toward the same listening ports, at about that time, as far as there are not
 * too many: causes are told from them too. What tells how long the capture goes on is there as well (marks.h). Frames
 * that carry a finding have it as a comment.
 *
 * @param read     the capture, read to its end
 * @param from     its path: it is read once more
 * @param reading  with frames
 * @return what went wrong, a sentence, to be freed; NULL
 */
char *tcpt_cut(const char *path, tcpt_capture_file *read, const char *from, const tcpt_reading *reading,
               const tcpt_model *model);

#endif
