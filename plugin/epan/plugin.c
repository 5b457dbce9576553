/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Wireshark's plugin loader asks for, the protocol and its preferences. */
#include <epan/packet.h>
#include <epan/prefs.h>
#include <epan/tap.h>

#include "compat.h"
#include "feed.h"
#include "present.h"
#include "stats.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED extern const char plugin_version[];
EXPORTED extern const int plugin_want_major;
EXPORTED extern const int plugin_want_minor;
EXPORTED void plugin_register(void);

const char plugin_version[] = TCPTRIAGE_VERSION;
const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

#ifdef TCPT_PLUGIN_DESCRIPTION
EXPORTED uint32_t plugin_describe(void);

uint32_t plugin_describe(void)
{
    return TCPT_PLUGIN_DESCRIPTION;
}
#endif

/* Where the preferences are kept; read when a capture file is opened. A change makes Wireshark dissect it anew. */
static struct {
    int receiver_stack;
    guint stall_seconds;
    guint close_wait_seconds;
    guint storm_count;
    guint idle_seconds;
    guint time_wait_seconds;
    guint ephemeral_ports;
    guint port_pressure_percent;
    guint match_seconds;
    tcpt_pref_bool capture_points;
    tcpt_pref_bool tracker_models;
} preferences;

static tcpt_settings settings_now(void)
{
    tcpt_settings settings = tcpt_settings_default();

    settings.receiver_stack = (tcpt_stack)preferences.receiver_stack;
    settings.stall_seconds = preferences.stall_seconds;
    settings.close_wait_seconds = preferences.close_wait_seconds;
    settings.storm_count = preferences.storm_count;
    settings.idle_seconds = preferences.idle_seconds;
    settings.time_wait_seconds = preferences.time_wait_seconds;
    settings.ephemeral_ports = preferences.ephemeral_ports;
    settings.port_pressure_percent = preferences.port_pressure_percent;
    settings.match_seconds = preferences.match_seconds;
    settings.capture_points = preferences.capture_points;
    settings.tracker_models = preferences.tracker_models;
    return settings;
}

static void register_preferences(int proto)
{
    static const enum_val_t stacks[] = {
        {"linux", "Linux 4.11 and later", TCPT_STACK_LINUX},
        {"rfc5961", "RFC 5961 strict (Linux 3.6 to 4.10)", TCPT_STACK_RFC5961},
        {"rfc793", "RFC 793", TCPT_STACK_RFC793},
        {"freebsd", "FreeBSD", TCPT_STACK_FREEBSD},
        {NULL, NULL, 0},
    };
    module_t *module = prefs_register_protocol(proto, NULL);
    tcpt_settings defaults = tcpt_settings_default();

    preferences.receiver_stack = (int)defaults.receiver_stack;
    preferences.stall_seconds = defaults.stall_seconds;
    preferences.close_wait_seconds = defaults.close_wait_seconds;
    preferences.storm_count = defaults.storm_count;
    preferences.idle_seconds = defaults.idle_seconds;
    preferences.time_wait_seconds = defaults.time_wait_seconds;
    preferences.ephemeral_ports = defaults.ephemeral_ports;
    preferences.port_pressure_percent = defaults.port_pressure_percent;
    preferences.match_seconds = defaults.match_seconds;
    preferences.capture_points = defaults.capture_points;
    preferences.tracker_models = defaults.tracker_models;

    prefs_register_enum_preference(module, "receiver_stack", "Receiver of a RST",
                                   "Whose rules decide what the receiver does with a RST", &preferences.receiver_stack,
                                   stacks, FALSE);
    prefs_register_uint_preference(module, "stall_seconds", "Silence that counts as a stall (seconds)",
                                   "A FIN is called missing when the connection was silent for at least so long", 10,
                                   &preferences.stall_seconds);
    prefs_register_uint_preference(module, "close_wait_seconds", "Close owed for too long (seconds)",
                                   "How long a side may stay in CLOSE-WAIT before that is reported", 10,
                                   &preferences.close_wait_seconds);
    prefs_register_uint_preference(module, "storm_count", "Retransmissions that make a storm",
                                   "How many times data must be sent again although it was acknowledged", 10,
                                   &preferences.storm_count);
    prefs_register_uint_preference(
        module, "idle_seconds", "Silence that may make a device forget (seconds)",
        "How long a healthy connection must have been idle before its loss is put down to that", 10,
        &preferences.idle_seconds);
    prefs_register_uint_preference(module, "time_wait_seconds", "TIME-WAIT (seconds)",
                                   "How long hosts remember a closed connection (Linux: 60; twice the MSL elsewhere)",
                                   10, &preferences.time_wait_seconds);
    prefs_register_uint_preference(module, "ephemeral_ports", "Ephemeral ports of a client",
                                   "Size of net.ipv4.ip_local_port_range", 10, &preferences.ephemeral_ports);
    prefs_register_uint_preference(module, "port_pressure_percent", "Ports in use that are worth a warning (%)",
                                   "Share of the ephemeral ports, open or in TIME-WAIT toward one server port", 10,
                                   &preferences.port_pressure_percent);
    prefs_register_uint_preference(module, "match_seconds", "On the way between two capture points at most (seconds)",
                                   "How much later than expected a segment may show at another capture point; then it "
                                   "counts as lost between the two",
                                   10, &preferences.match_seconds);
    prefs_register_bool_preference(module, "capture_points", "Tell capture points apart",
                                   "Treat the same connection at two interfaces of the capture as two. Switch off when "
                                   "the packets of one connection are spread over several interfaces.",
                                   &preferences.capture_points);
    prefs_register_bool_preference(
        module, "tracker_models", "Follow connection tracking",
        "Tell for each segment what Linux connection tracking (nf_conntrack) on the way makes "
        "of it, by today's rules and by those before Linux 5.18",
        &preferences.tracker_models);
}

static void register_protocol(void)
{
    int proto = proto_register_protocol("TCP Triage", "TCPTriage", "tcptriage");

    register_preferences(proto);
    tcpt_feed_register(proto, settings_now);
    tcpt_present_register(proto);
}

void plugin_register(void)
{
    static const proto_plugin protocol = {
        .register_protoinfo = register_protocol,
        .register_handoff = tcpt_feed_handoff,
    };
    static const tap_plugin statistics = {.register_tap_listener = tcpt_stats_register};

    proto_register_plugin(&protocol);
    tap_register_plugin(&statistics);
}
