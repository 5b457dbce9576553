/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include <glib.h>

#include "tcptriage/address.h"
#include "unit.h"

static const struct row {
    const char *name;
    const char *wanted;
    uint8_t family;
    uint8_t address[16];
} rows[] = {
    {"ipv4", "192.0.2.1", 4, {192, 0, 2, 1}},
    {"ipv4-widest", "255.255.255.255", 4, {255, 255, 255, 255}},
    {"ipv4-none", "0.0.0.0", 4, {0}},
    {"unspecified", "::", 6, {0}},
    {"loopback", "::1", 6, {[15] = 1}},
    {"ends-in-zeros", "fe80::", 6, {0xfe, 0x80}},
    {"no-leading-zeros", "2001:db8::1", 6, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
    {"lower-case", "2001:db8::a:bcde", 6, {0x20, 0x01, 0x0d, 0xb8, [13] = 0x0a, 0xbc, 0xde}},
    {"one-zero-group-stays", "2001:db8:0:1:1:1:1:1", 6, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}},
    {"longest-run", "2001:0:0:1::1", 6, {0x20, 0x01, 0, 0, 0, 0, 0, 1, [15] = 1}},
    {"first-of-equal-runs", "2001:db8::1:0:0:1", 6, {0x20, 0x01, 0x0d, 0xb8, [9] = 1, [15] = 1}},
    {"two-zero-groups", "1:2:3::6:7:8", 6, {0, 1, 0, 2, 0, 3, 0, 0, 0, 0, 0, 6, 0, 7, 0, 8}},
    {"mapped", "::ffff:192.0.2.1", 6, {[10] = 0xff, 0xff, 192, 0, 2, 1}},
    {"not-mapped", "::fffe:c000:201", 6, {[10] = 0xff, 0xfe, 192, 0, 2, 1}},
    {"longest",
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     6,
     {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}},
};

static void test_row(gconstpointer data)
{
    const struct row *row = data;
    char text[TCPT_ADDRESS_BYTES], socket[TCPT_SOCKET_BYTES];
    char *wanted = g_strdup_printf(row->family == 4 ? "%s:65535" : "[%s]:65535", row->wanted);

    memset(text, 'x', sizeof text);
    g_assert_cmpstr(tcpt_address_text(text, row->family, row->address), ==, row->wanted);
    g_assert_cmpstr(tcpt_socket_text(socket, row->family, row->address, 65535), ==, wanted);
    g_free(wanted);
}

void add_address_tests(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *path = g_strdup_printf("/address/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], test_row);
        g_free(path);
    }
}
