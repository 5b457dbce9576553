/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Unit tests of the core: each file adds its paths.
 */
#ifndef TCPTRIAGE_TESTS_UNIT_H
#define TCPTRIAGE_TESTS_UNIT_H

#include <stddef.h>

/** Memory that is allocated now; with other C libraries than glibc always 0. */
size_t heap_bytes(void);

void add_sequence_tests(void);
void add_address_tests(void);
void add_label_tests(void);
void add_command_line_tests(void);
void add_html_tests(void);
void add_segment_tests(void);
void add_checksum_tests(void);
void add_registry_tests(void);
void add_cases_tests(void);
void add_icmp_tests(void);
void add_places_tests(void);
void add_pieces_tests(void);
void add_explains_tests(void);
void add_flow_tests(void);
void add_flow_table_tests(void);
void add_copies_tests(void);
void add_vantage_tests(void);
void add_vantage_loss_tests(void);
void add_peers_tests(void);
void add_remedy_tests(void);
void add_million_tests(void);
void add_release_tests(void);
void add_report_tests(void);
void add_tables_tests(void);
void add_settings_tests(void);
void add_storms_tests(void);
void add_failed_tests(void);
void add_crowds_tests(void);
void add_floods_tests(void);
void add_scene_tests(void);

#endif
