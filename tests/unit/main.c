/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>

#include "unit.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_sequence_tests();
    add_address_tests();
    add_label_tests();
    add_command_line_tests();
    add_html_tests();
    add_segment_tests();
    add_checksum_tests();
    add_registry_tests();
    add_cases_tests();
    add_icmp_tests();
    add_places_tests();
    add_pieces_tests();
    add_explains_tests();
    add_flow_tests();
    add_flow_table_tests();
    add_copies_tests();
    add_vantage_tests();
    add_vantage_loss_tests();
    add_peers_tests();
    add_remedy_tests();
    add_million_tests();
    add_release_tests();
    add_report_tests();
    add_tables_tests();
    add_settings_tests();
    add_storms_tests();
    add_failed_tests();
    add_crowds_tests();
    add_floods_tests();
    add_scene_tests();
    return g_test_run();
}
