/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables across flows: how large they become, what they keep, which pressures they remember. */
#include <glib.h>

#include "tcptriage/analysis.h"
#include "unit.h"

static const uint8_t server[4] = {198, 51, 100, 1};

/** A client's connection on its way. */
typedef struct talk {
    tcpt_analysis *analysis;
    uint8_t client[4];
    uint16_t port;
    int64_t now_ns;
} talk;

static void say(talk *on, bool by_server, uint8_t flags, uint32_t seq, uint32_t ack)
{
    static uint32_t frames;
    uint32_t frame = ++frames;
    tcpt_segment segment = {
        .time_ns = on->now_ns += 1000,
        .frame = frame,
        .depth = 1,
        .family = 4,
        .ttl = 64,
        .has_ip_id = true,
        .ip_id = (uint16_t)frame,
        .src = by_server ? server : on->client,
        .dst = by_server ? on->client : server,
        .src_port = by_server ? 80 : on->port,
        .dst_port = by_server ? on->port : 80,
        .seq = seq,
        .ack = ack,
        .flags = flags,
        .header_bytes = 32,
        .window = 65535,
        .options = TCPT_OPTION_TIMESTAMPS,
        .tsval = frame,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };
    segment.end_seq = seq + !!(flags & TCPT_SYN) + !!(flags & TCPT_FIN);
    tcpt_analyse(on->analysis, &segment);
}

static void open_connection(talk *on)
{
    say(on, false, TCPT_SYN, 1000, 0);
    say(on, true, TCPT_SYN | TCPT_ACK, 9000, 1001);
    say(on, false, TCPT_ACK, 1001, 9001);
}

/** The client closes first: its port waits. */
static void close_connection(talk *on)
{
    say(on, false, TCPT_FIN | TCPT_ACK, 1001, 9001);
    say(on, true, TCPT_FIN | TCPT_ACK, 9001, 1002);
    say(on, false, TCPT_ACK, 1002, 9002);
}

static void set_client(talk *on, uint32_t number)
{
    on->client[0] = 10;
    on->client[1] = (uint8_t)(number >> 16);
    on->client[2] = (uint8_t)(number >> 8);
    on->client[3] = (uint8_t)number;
}

static void count_chat(const tcpt_finding *finding, void *data)
{
    *(unsigned *)data += finding->diagnosis->detector->severity == TCPT_CHAT;
}

/* A scan with padded frames that goes on for ten minutes, from ever other addresses: a few chats at its start, not some
 * each minute. */
static void test_long_scan(gconstpointer flags)
{
    tcpt_settings settings = tcpt_settings_default();
    talk scanner = {.analysis = tcpt_analysis_new(&settings), .now_ns = INT64_C(1700000000000000000)};
    unsigned chats = 0, late = 0;
    for (unsigned i = 0; i < 1200; i++) {
        set_client(&scanner, i / 100);
        tcpt_segment probe = {.time_ns = scanner.now_ns += 500 * TCPT_MS_NS,
                              .frame = i + 1,
                              .depth = 1,
                              .family = 4,
                              .ttl = 64,
                              .src = scanner.client,
                              .dst = server,
                              .src_port = 40000,
                              .dst_port = (uint16_t)(i + 1),
                              .seq = 1000,
                              .end_seq = 1001,
                              .flags = (uint8_t)GPOINTER_TO_UINT(flags),
                              .header_bytes = 20,
                              .window = 1024,
                              .checksum_is = TCPT_CHECKSUM_GOOD,
                              .pad_bytes = 6,
                              .checksum_expected = 1,
                              .checksum_over_padding = 2};
        tcpt_record *record = tcpt_analyse(scanner.analysis, &probe);
        tcpt_each_finding(record, count_chat, i < 60 ? &chats : &late);
    }
    g_assert_cmpuint(chats, >, 0);
    g_assert_cmpuint(chats, <=, 16);
    g_assert_cmpuint(late, ==, 0);
    tcpt_analysis_free(scanner.analysis);
}

/* Nothing of a flood here: as many real clients as fill every table. */
static void test_bounded(void)
{
    enum { CLIENTS = 200000, MOST_BYTES = 64 << 20 };
    tcpt_settings settings = tcpt_settings_default();
    talk on = {.analysis = tcpt_analysis_new(&settings), .port = 40000};
    size_t largest = 0;
    for (uint32_t i = 0; i < CLIENTS; i++) {
        set_client(&on, i);
        open_connection(&on);
        close_connection(&on);
        largest = MAX(largest, tcpt_bytes_across_flows(on.analysis));
    }
    g_test_message("%.1f MiB", (double)largest / (1 << 20));
    g_assert_cmpuint(largest, <, MOST_BYTES);
    tcpt_analysis_free(on.analysis);
}

/* Of seven clients the five with most ports in use, highest first; each as it was at its highest. */
static void test_highest_pressures(void)
{
    static const unsigned most[] = {12, 30, 11, 25, 18, 40, 10};
    tcpt_settings settings = tcpt_settings_default();
    settings.ephemeral_ports = 100;
    talk on = {.analysis = tcpt_analysis_new(&settings)};
    unsigned count;
    for (unsigned i = 0; i < G_N_ELEMENTS(most); i++) {
        set_client(&on, i + 1);
        for (unsigned port = 0; port < most[i]; port++) {
            on.port = (uint16_t)(40000 + port);
            open_connection(&on);
            if (port % 2)
                close_connection(&on);
        }
    }
    const tcpt_pressure *highest = tcpt_highest_pressures(on.analysis, &count);
    g_assert_cmpuint(count, ==, TCPT_PRESSURES);
    static const unsigned expected[] = {40, 30, 25, 18, 12};
    for (unsigned i = 0; i < count; i++) {
        g_assert_cmpuint(highest[i].in_use, ==, expected[i]);
        g_assert_cmpuint(highest[i].range, ==, 100);
        g_assert_nonnull(highest[i].at);
    }
    tcpt_analysis_free(on.analysis);
}

/* Below a tenth of the range there is nothing to tell. */
static void test_no_pressure(void)
{
    tcpt_settings settings = tcpt_settings_default();
    settings.ephemeral_ports = 100;
    talk on = {.analysis = tcpt_analysis_new(&settings)};
    unsigned count;
    set_client(&on, 1);
    for (on.port = 40000; on.port < 40009; on.port++)
        open_connection(&on);
    tcpt_highest_pressures(on.analysis, &count);
    g_assert_cmpuint(count, ==, 0);
    open_connection(&on);
    tcpt_highest_pressures(on.analysis, &count);
    g_assert_cmpuint(count, ==, 1);
    tcpt_analysis_free(on.analysis);
}

/* A pool that is idle for an hour still holds its ports, whatever others do meanwhile; TIME-WAIT is over by then. */
static void test_idle_pool(void)
{
    tcpt_settings settings = tcpt_settings_default();
    settings.ephemeral_ports = 100;
    talk on = {.analysis = tcpt_analysis_new(&settings)};
    unsigned count;
    set_client(&on, 1);
    for (on.port = 40000; on.port < 40020; on.port++) {
        open_connection(&on);
        if (on.port % 2)
            close_connection(&on);
    }
    for (unsigned minute = 0; minute < 60; minute++) {
        on.now_ns += tcpt_seconds_ns(60);
        set_client(&on, 2 + minute);
        open_connection(&on);
    }
    set_client(&on, 1);
    for (on.port = 50000; on.port < 50011; on.port++)
        open_connection(&on);
    const tcpt_pressure *highest = tcpt_highest_pressures(on.analysis, &count);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpuint(highest->in_use, ==, 10 + 11);
    tcpt_analysis_free(on.analysis);
}

void add_peers_tests(void)
{
    g_test_add_data_func("/peers/long-scan/syn", GUINT_TO_POINTER(TCPT_SYN), test_long_scan);
    g_test_add_data_func("/peers/long-scan/fin", GUINT_TO_POINTER(TCPT_FIN), test_long_scan);
    g_test_add_func("/peers/bounded", test_bounded);
    g_test_add_func("/peers/highest-pressures", test_highest_pressures);
    g_test_add_func("/peers/no-pressure", test_no_pressure);
    g_test_add_func("/peers/idle-pool", test_idle_pool);
}
