/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Capture points as lines for scripts: `-z tcptriage,points`. Fields are separated by tabs; names come last and hold
 * neither tabs nor line ends. What is here stays; more kinds of lines may come.
 *
 *     point  NUMBER  INTERFACE  DEPTH  SEGMENTS  FIRST  LAST  NAME
 *     path   POINT  POINT  CONNECTIONS  SEGMENTS  MISSING  SEGMENTS  MISSING  AHEAD
 *
 * INTERFACE is frame.interface_id, DEPTH the IP headers around a segment there, FIRST and LAST seconds since 1970. A
 * path is two points at which the same segments were recognised: those on their way from the first to the second and
 * how many of them the second lacks, then those of the other way. AHEAD says by how many nanoseconds the second one's
 * clock is ahead of the first one's (negative: behind), "-" when nothing tells that they differ.
 */
#ifndef TCPTRIAGE_REPORT_LINES_H
#define TCPTRIAGE_REPORT_LINES_H

#include "model.h"

void tcpt_report_lines(GString *out, const tcpt_model *model);

#endif
