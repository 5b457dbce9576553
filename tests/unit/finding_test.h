/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Tests of what is said: each file adds its paths.
 */
#ifndef TCPTRIAGE_TESTS_FINDING_TEST_H
#define TCPTRIAGE_TESTS_FINDING_TEST_H

void add_sentence_tests(void);
void add_wide_tests(void);

#endif
