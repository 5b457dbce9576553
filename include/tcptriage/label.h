/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Text that comes from a capture, made fit to be shown: on a terminal, in a tree, in a document.
 */
#ifndef TCPTRIAGE_LABEL_H
#define TCPTRIAGE_LABEL_H

/** Columns of the longest label: more than a name of Windows ("\Device\NPF_" and 38 more), few enough for a sentence.
 */
#define TCPT_LABEL_COLUMNS 64

/**
 * Make a label of text that anybody may have written: one line, printable, not too long.
 *
 * What steers a terminal, begins a line, turns the direction of writing or is not to be seen becomes "\x1b" or
 * "\u202e", and so do bytes that are no UTF-8. Blanks of all kinds become single ones, none at the ends. Of a text that
 * is too long the middle gives way to "...". Backslashes stay as they are: names of Windows are full of them.
 *
 * @return empty when nothing is to be seen; to be freed
 */
char *tcpt_label(const char *text);

#endif
