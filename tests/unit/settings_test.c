/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of settings.def, and what may be set. */
#include <glib.h>
#include <string.h>

#include "tcptriage/settings.h"
#include "unit.h"

static void test_rows(void)
{
    for (unsigned i = 0; i < TCPT_SETTINGS; i++) {
        const tcpt_setting_row *row = &tcpt_setting_rows[i];

        g_test_message("%s", row->name);
        g_assert_cmpint(tcpt_setting_named(row->name), ==, i);
        g_assert_cmpuint(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"), ==, strlen(row->name));
        g_assert_cmpuint(row->least, <=, row->usual);
        g_assert_cmpuint(row->usual, <=, row->most);
        g_assert_cmpuint(row->least, <, row->most);
        g_assert_true(*row->title && *row->text);
        g_assert_false(g_str_has_suffix(row->text, ".")); /* bounds or a table's bar follow */
    }
    g_assert_cmpint(tcpt_setting_named("stall"), ==, TCPT_SETTINGS);
}

static void test_usual(void)
{
    tcpt_settings settings = tcpt_settings_default();

    g_assert_cmpint(settings.receiver_stack, ==, TCPT_STACK_LINUX);
    g_assert_cmpuint(settings.stall_seconds, ==, 2);
    g_assert_cmpuint(settings.ephemeral_ports, ==, 28232);
    g_assert_true(settings.capture_points);
}

static void test_set(void)
{
    for (unsigned i = 0; i < TCPT_SETTINGS; i++) {
        const tcpt_setting_row *row = &tcpt_setting_rows[i];
        tcpt_settings settings = tcpt_settings_default();

        g_assert_true(tcpt_settings_set(&settings, (tcpt_setting)i, row->most));
        g_assert_false(tcpt_settings_set(&settings, (tcpt_setting)i, row->most + 1));
        g_assert_true(tcpt_settings_set(&settings, (tcpt_setting)i, row->least));
        g_assert_false(tcpt_settings_set(&settings, (tcpt_setting)i, row->least - 1)); /* or the largest number */
        g_assert_false(tcpt_settings_set(&settings, (tcpt_setting)i, UINT32_MAX));
    }
}

static void test_set_one(void)
{
    tcpt_settings settings = tcpt_settings_default();

    g_assert_true(tcpt_settings_set(&settings, TCPT_SETTING_idle_seconds, 7));
    g_assert_true(tcpt_settings_set(&settings, TCPT_SETTING_tracker_models, false));
    g_assert_true(tcpt_settings_set(&settings, TCPT_SETTING_receiver_stack, TCPT_STACK_FREEBSD));
    g_assert_false(tcpt_settings_set(&settings, TCPT_SETTING_ephemeral_ports, 0));
    g_assert_cmpuint(settings.idle_seconds, ==, 7);
    g_assert_cmpuint(settings.ephemeral_ports, ==, 28232);
    g_assert_cmpuint(settings.stall_seconds, ==, 2);
    g_assert_cmpint(settings.receiver_stack, ==, TCPT_STACK_FREEBSD);
    g_assert_false(settings.tracker_models);
    g_assert_true(settings.capture_points);
}

static void test_read(void)
{
    static const struct {
        tcpt_setting setting;
        const char *word;
        int64_t value; /* -1: refused */
    } rows[] = {
        {TCPT_SETTING_receiver_stack, "linux", TCPT_STACK_LINUX},
        {TCPT_SETTING_receiver_stack, "freebsd", TCPT_STACK_FREEBSD},
        {TCPT_SETTING_receiver_stack, "bsd", -1},
        {TCPT_SETTING_receiver_stack, "", -1},
        {TCPT_SETTING_receiver_stack, "1", -1},
        {TCPT_SETTING_storm_count, "2", 2},
        {TCPT_SETTING_storm_count, "1", -1},
        {TCPT_SETTING_storm_count, "-3", -1},
        {TCPT_SETTING_storm_count, "3x", -1},
        {TCPT_SETTING_storm_count, "4294967299", -1},
        {TCPT_SETTING_storm_count, "", -1},
        {TCPT_SETTING_capture_points, "TRUE", 1},
        {TCPT_SETTING_capture_points, "false", 0},
        {TCPT_SETTING_capture_points, "yes", -1},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint32_t value = 0;
        bool good = tcpt_setting_read(rows[i].setting, rows[i].word, &value);

        g_test_message("%s", rows[i].word);
        g_assert_true(good == (rows[i].value >= 0));
        if (good)
            g_assert_cmpint(value, ==, rows[i].value);
    }
}

void add_settings_tests(void)
{
    g_test_add_func("/settings/rows", test_rows);
    g_test_add_func("/settings/usual", test_usual);
    g_test_add_func("/settings/set", test_set);
    g_test_add_func("/settings/set-one", test_set_one);
    g_test_add_func("/settings/read", test_read);
}
