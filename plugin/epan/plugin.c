/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Wireshark's plugin loader asks for, the protocol and its preferences. */
#include <epan/packet.h>
#include <epan/prefs.h>
#include <epan/tap.h>
#include <wsutil/report_message.h>

#include "compat.h"
#include "feed.h"
#include "present.h"
#include "shim.h"
#include "stats.h"
#include "tcptriage/portable.h"
#include "tables.h"

TCPT_EXPORT extern const char plugin_version[];
TCPT_EXPORT extern const int plugin_want_major;
TCPT_EXPORT extern const int plugin_want_minor;
TCPT_EXPORT void plugin_register(void);

const char plugin_version[] = TCPTRIAGE_VERSION;
const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

#ifdef TCPT_PLUGIN_DESCRIPTION
TCPT_EXPORT uint32_t plugin_describe(void);

uint32_t plugin_describe(void)
{
    return TCPT_PLUGIN_DESCRIPTION;
}
#endif

/* Where the preferences are kept, by tcpt_setting; read when a capture file is opened. A change makes Wireshark dissect
 * it anew. */
static struct {
    guint number;
    tcpt_pref_bool on;
    int stack;
} preferences[TCPT_SETTINGS];

static void preset(tcpt_setting setting)
{
    preferences[setting].number = tcpt_setting_rows[setting].usual;
    preferences[setting].on = tcpt_setting_rows[setting].usual != 0;
    preferences[setting].stack = (int)tcpt_setting_rows[setting].usual;
}

static uint32_t value_of(tcpt_setting setting)
{
    switch (tcpt_setting_rows[setting].type) {
    case TCPT_SETTING_SWITCH:
        return preferences[setting].on;
    case TCPT_SETTING_STACK:
        return (uint32_t)preferences[setting].stack;
    case TCPT_SETTING_NUMBER:
        break;
    }
    return preferences[setting].number;
}

static tcpt_settings settings_now(void)
{
    tcpt_settings settings = tcpt_settings_default();

    for (unsigned setting = 0; setting < TCPT_SETTINGS; setting++)
        tcpt_settings_set(&settings, (tcpt_setting)setting, value_of((tcpt_setting)setting));
    return settings;
}

/* Wireshark knows no bounds: it takes whatever fits 32 bits, and tells of a change afterwards. */
static void refuse_out_of_bounds(void)
{
    tcpt_settings scratch;

    for (unsigned i = 0; i < TCPT_SETTINGS; i++) {
        const tcpt_setting_row *row = &tcpt_setting_rows[i];
        uint32_t value = value_of((tcpt_setting)i);

        if (tcpt_settings_set(&scratch, (tcpt_setting)i, value))
            continue;
        report_failure("Preference tcptriage.%s cannot be %u (least %u, most %u): %u is used instead.", row->name,
                       value, row->least, row->most, row->usual);
        preset((tcpt_setting)i);
    }
}

static enum_val_t *stack_choices(void)
{
    enum_val_t *choices = wmem_alloc0_array(wmem_epan_scope(), enum_val_t, TCPT_STACK_FREEBSD + 2);

    for (int stack = 0; tcpt_stack_names[stack].name; stack++)
        choices[stack] = (enum_val_t){tcpt_stack_names[stack].name, tcpt_stack_names[stack].description, stack};
    return choices;
}

static void register_number(module_t *module, tcpt_setting setting)
{
    const tcpt_setting_row *row = &tcpt_setting_rows[setting];
    const char *text = wmem_strdup_printf(wmem_epan_scope(), "%s (%u to %u, usually %u)", row->text, row->least,
                                          row->most, row->usual);

    prefs_register_uint_preference(module, row->name, row->title, text, 10, &preferences[setting].number);
}

static void register_preferences(int proto)
{
    module_t *module = prefs_register_protocol(proto, refuse_out_of_bounds);

    for (unsigned i = 0; i < TCPT_SETTINGS; i++) {
        const tcpt_setting_row *row = &tcpt_setting_rows[i];

        preset((tcpt_setting)i);
        switch (row->type) {
        case TCPT_SETTING_NUMBER:
            register_number(module, (tcpt_setting)i);
            break;
        case TCPT_SETTING_SWITCH:
            prefs_register_bool_preference(module, row->name, row->title, row->text, &preferences[i].on);
            break;
        case TCPT_SETTING_STACK:
            prefs_register_enum_preference(module, row->name, row->title, row->text, &preferences[i].stack,
                                           stack_choices(), FALSE);
            break;
        }
    }
}

static void register_protocol(void)
{
    int proto = proto_register_protocol("TCP Triage", "TCPTriage", "tcptriage");

    register_preferences(proto);
    tcpt_feed_register(proto, settings_now);
    tcpt_shim_register();
    tcpt_present_register(proto);
    tcpt_case_window_register(); /* not with the options: sharkd asks plugins for none */
    tcpt_flow_window_register();
    tcpt_windows_register(proto);
}

void plugin_register(void)
{
    static const proto_plugin protocol = {
        .register_protoinfo = register_protocol,
        .register_handoff = tcpt_shim_handoff,
    };
    static const tap_plugin statistics = {.register_tap_listener = tcpt_stats_register};

    proto_register_plugin(&protocol);
    tap_register_plugin(&statistics);
}
