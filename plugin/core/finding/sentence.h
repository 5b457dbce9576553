/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A sentence kept as its printf format and packed arguments, and written out only when somebody reads it: a storm
 * completes the same sentence with every segment, and writing it each time cost more than all the rest.
 *
 * Conversions: %u %d %x %s %f %%, with width (filled with zeros) and precision as numbers. Besides, "{name}" is the
 * finding's value of this name (tcpt_fields), as it is when the sentence is written; a duration in seconds. What grows
 * with each segment of a storm is said so: to set the value is enough.
 */
#ifndef TCPTRIAGE_CORE_FINDING_SENTENCE_H
#define TCPTRIAGE_CORE_FINDING_SENTENCE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct tcpt_diagnosis;
struct tcpt_findings;

/** The longest arguments of a sentence, in bytes: a list of causes with their evidence takes some hundred. */
enum { TCPT_SENTENCE_MOST_BYTES = 2048 };

/**
 * Pack the arguments of `format`. Strings are copied; one that takes more than its share of the room left is cut.
 *
 * @param store  where long strings are kept once for all sentences, as most are a detector's own; or NULL
 * @return bytes used of `room`
 */
size_t tcpt_sentence_pack(uint8_t room[TCPT_SENTENCE_MOST_BYTES], struct tcpt_findings *store, const char *format,
                          va_list arguments);

/** Write a sentence out, of this diagnosis; NULL where it names no value. @return g_free() it */
char *tcpt_sentence_text(const char *format, const uint8_t *arguments, const struct tcpt_diagnosis *of);

#endif
