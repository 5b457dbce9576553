/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcptriage/settings.h"

#include <glib.h>
#include <string.h>

const tcpt_stack_name tcpt_stack_names[] = {
    [TCPT_STACK_LINUX] = {"linux", "Linux 4.11 and later"},
    [TCPT_STACK_RFC5961] = {"rfc5961", "strict RFC 5961, as in Linux 3.6 to 4.10"},
    [TCPT_STACK_RFC793] = {"rfc793", "RFC 793"},
    [TCPT_STACK_FREEBSD] = {"freebsd", "FreeBSD"},
    {NULL, NULL},
};

const tcpt_setting_row tcpt_setting_rows[TCPT_SETTINGS] = {
#define TCPT_SETTING(name, type, usual, least, most, title, text)                                                      \
    {#name, TCPT_SETTING_##type, usual, least, most, title, text},
#include "tcptriage/settings.def"
#undef TCPT_SETTING
};

tcpt_settings tcpt_settings_default(void)
{
    return (tcpt_settings){
#define TCPT_SETTING(name, type, usual, least, most, title, text) .name = (usual),
#include "tcptriage/settings.def"
#undef TCPT_SETTING
    };
}

bool tcpt_settings_set(tcpt_settings *settings, tcpt_setting setting, uint32_t value)
{
    const tcpt_setting_row *row = &tcpt_setting_rows[setting];

    if (value < row->least || value > row->most)
        return false;
    switch (setting) {
#define TCPT_SETTING(name, type, usual, least, most, title, text)                                                      \
    case TCPT_SETTING_##name:                                                                                          \
        settings->name = (TCPT_SETTING_OF_##type)value;                                                                \
        break;
#include "tcptriage/settings.def"
#undef TCPT_SETTING
    case TCPT_SETTINGS:
        break;
    }
    return true;
}

tcpt_setting tcpt_setting_named(const char *name)
{
    unsigned setting = 0;

    while (setting < TCPT_SETTINGS && strcmp(tcpt_setting_rows[setting].name, name) != 0)
        setting++;
    return (tcpt_setting)setting;
}

static bool read_stack(const char *word, uint32_t *value)
{
    for (*value = 0; tcpt_stack_names[*value].name; ++*value)
        if (strcmp(tcpt_stack_names[*value].name, word) == 0)
            return true;
    return false;
}

static bool read_switch(const char *word, uint32_t *value)
{
    *value = g_ascii_strcasecmp(word, "TRUE") == 0;
    return *value || g_ascii_strcasecmp(word, "FALSE") == 0;
}

bool tcpt_setting_read(tcpt_setting setting, const char *word, uint32_t *value)
{
    const tcpt_setting_row *row = &tcpt_setting_rows[setting];
    guint64 number;

    switch (row->type) {
    case TCPT_SETTING_STACK:
        return read_stack(word, value);
    case TCPT_SETTING_SWITCH:
        return read_switch(word, value);
    case TCPT_SETTING_NUMBER:
        break;
    }
    if (!g_ascii_string_to_unsigned(word, 10, row->least, row->most, &number, NULL))
        return false;
    *value = (uint32_t)number;
    return true;
}
