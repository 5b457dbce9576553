/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Tests of what is stowed away: each file adds its paths.
 */
#ifndef TCPTRIAGE_TESTS_STOW_TEST_H
#define TCPTRIAGE_TESTS_STOW_TEST_H

void add_stow_found_tests(void);
void add_stow_shapes_tests(void);

#endif
