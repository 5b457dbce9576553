/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What pictures of all forms write alike. For picture*.c only.
 */
#ifndef TCPTRIAGE_REPORT_PICTURE_WORDS_H
#define TCPTRIAGE_REPORT_PICTURE_WORDS_H

#include "picture_forms.h"

/** Where an end's sequence numbers begin, as Wireshark counts them. @return false where the capture does not tell */
bool tcpt_drawn_base(const tcpt_flow *flow, unsigned end, uint32_t *base);

/** "192.0.2.1:40000", of at most `most` characters. To be freed. */
char *tcpt_drawn_name(const tcpt_flow *flow, unsigned end, unsigned most);

/** What the finding says: the last sentence of a picture's words. */
void tcpt_drawn_summary(tcpt_drawing *drawing);

/** "12.3 s", "250 ms". */
void tcpt_append_span(GString *out, int64_t ns);

/** "SYN ACK"; "" without a flag that says something. */
void tcpt_append_flags(GString *out, uint8_t flags);

#endif
