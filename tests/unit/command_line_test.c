/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include <glib.h>

#include "epan/command_line.h"
#include "unit.h"

static const struct row {
    const char *name, *command;
    bool answer;
} rows[] = {
    {"plain", "tshark -r a.pcap", false},
    {"tree", "tshark -V -r a.pcap", false},
    {"fields", "tshark -r a.pcap -T fields -e tcp.seq", true},
    {"together", "/usr/bin/tshark -Tfields -e tcp.seq", true},
    {"filtered", "tshark -T fields -Y tcptriage.finding -e tcp.seq -z tcptriage", true},
    {"preference", "tshark -o tcptriage.capture_points:FALSE -T fields -e tcp.seq", true},
    {"odd-name", "tshark -r tcptriage.T -T fields -e tcp.seq", true},
    {"ours", "tshark -T fields -e tcp.seq -e tcptriage.client.state", false},
    {"ours-together", "tshark -T fields -etcptriage", false},
    {"json", "tshark -T json -e tcp.seq", false},
    {"last-one-counts", "tshark -T fields -e tcp.seq -T json", false},
    {"last-is-fields", "tshark -T pdml -T fields -e tcp.seq", true},
    {"among-letters", "tshark -T fields -e tcp.seq -nT json", false},
    {"script", "tshark -X lua_script:a.lua -T fields -e tcp.seq", false},
    {"another-program", "wireshark -T fields -e tcp.seq", false},
    {"cut", "tshark -e tcp.seq -T", false},
    {"only-name", "tshark", false},
};

/* Whether each frame is dissected once in each pass. */
static const struct row programs[] = {
    {"plain", "tshark -r a.pcap", true},
    {"two-passes", "/usr/bin/tshark -2 -r a.pcap -Y tcp", true},
    {"read-filter", "tshark -2 -R tcp -r a.pcap", false},
    {"read-filter-together", "tshark -2 -Rtcp -r a.pcap", false},
    {"read-filter-among-letters", "tshark -2nR tcp -r a.pcap", false},
    {"read-filter-in-full", "tshark -2 --read-filter tcp -r a.pcap", false},
    {"read-filter-abbreviated", "tshark -2 --re=tcp -r a.pcap", false},
    {"file-with-R", "tshark -r R.pcap", true},
    {"wireshark", "wireshark -r a.pcap", false},
    {"sharkd", "sharkd -", false},
};

static void test_row(gconstpointer data)
{
    const struct row *row = data;
    char *arguments = g_strdelimit(g_strdup(row->command), " ", '\0');

    g_assert_true(tcpt_asks_other_fields(arguments, strlen(row->command) + 1) == row->answer);
    g_free(arguments);
}

static void test_program(gconstpointer data)
{
    const struct row *row = data;
    char *arguments = g_strdelimit(g_strdup(row->command), " ", '\0');

    g_assert_true(tcpt_asks_for_all_once(arguments, strlen(row->command) + 1) == row->answer);
    g_free(arguments);
}

/* What the system shows need not be what it should be. */
static void test_odd(void)
{
    g_assert_false(tcpt_asks_other_fields("", 0));
    g_assert_false(tcpt_asks_other_fields("", 1));
    g_assert_false(tcpt_asks_for_all_once("", 0));
    g_assert_false(tcpt_asks_for_all_once("tshark", 6));
    g_assert_false(tcpt_asks_other_fields("tshark\0-T\0fieldsome", sizeof "tshark\0-T\0fieldsome" - 1));
}

void add_command_line_tests(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *path = g_strconcat("/printed/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
        g_free(path);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(programs); i++) {
        char *path = g_strconcat("/dissected-once/", programs[i].name, NULL);

        g_test_add_data_func(path, &programs[i], test_program);
        g_free(path);
    }
    g_test_add_func("/printed/odd", test_odd);
}
