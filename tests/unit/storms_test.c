/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floods in which every packet completes some evidence: what they find must be there, what is kept of it stays within
 * the budget of ordinary packets (96 bytes, and 1.5 KiB per flow), and no packet costs more than those before it. */
#include <glib.h>
#include <string.h>
#include <time.h>

#include "tcptriage/analysis.h"
#include "unit.h"

enum { CLIENT, SERVER };

/** One connection; the same 4-tuple all the time unless `port` is changed. */
typedef struct talk {
    tcpt_analysis *analysis;
    int64_t now_ns;
    uint32_t frame;
    uint16_t ip_id;
    uint16_t port;
    uint8_t client[4];
} talk;

static tcpt_record *say(talk *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
    static const uint8_t server[4] = {198, 51, 100, 1};
    tcpt_segment segment = {
        .time_ns = on->now_ns,
        .frame = ++on->frame,
        .depth = 1,
        .family = 4,
        .ttl = 64,
        .has_ip_id = true,
        .ip_id = ++on->ip_id,
        .src = from ? server : on->client,
        .dst = from ? on->client : server,
        .src_port = from ? 80 : on->port,
        .dst_port = from ? on->port : 80,
        .seq = seq,
        .ack = ack,
        .flags = flags,
        .header_bytes = 20,
        .window = 65535,
        .payload_bytes = payload_bytes,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };
    segment.end_seq = seq + payload_bytes + !!(flags & TCPT_SYN) + !!(flags & TCPT_FIN);
    on->now_ns += 20 * TCPT_MS_NS;
    return tcpt_analyse(on->analysis, &segment);
}

static talk begin(void)
{
    tcpt_settings settings = tcpt_settings_default();
    return (talk){.analysis = tcpt_analysis_new(&settings),
                  .now_ns = INT64_C(1700000000000000000),
                  .port = 40000,
                  .client = {192, 0, 2, 1}};
}

static void open_connection(talk *on)
{
    say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    say(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
    say(on, CLIENT, TCPT_ACK, 1001, 9001, 0);
    say(on, CLIENT, TCPT_ACK, 1001, 9001, 500);
    say(on, SERVER, TCPT_ACK, 9001, 1501, 500);
    say(on, CLIENT, TCPT_ACK, 1501, 9501, 0);
}

/* ---- the floods: `i` counts from 0; each returns what was fed last. ---- */

/* One segment again and again. */
static tcpt_record *retransmit(talk *on, uint32_t i)
{
    (void)i;
    return say(on, CLIENT, TCPT_ACK, 1001, 9501, 500);
}

/* RSTs that fall short of what their receiver expects. */
static tcpt_record *reset(talk *on, uint32_t i)
{
    return say(on, SERVER, TCPT_RST, 9502 + i % 50, 0, 0);
}

/* A RST in the window, and the ACK that asks to confirm it. */
static tcpt_record *challenge(talk *on, uint32_t i)
{
    if (i % 2)
        return say(on, CLIENT, TCPT_ACK, 1501, 9501, 0);
    return say(on, SERVER, TCPT_RST, 9502 + i % 50, 0, 0);
}

/* Flags that no host sends. */
static tcpt_record *invalid(talk *on, uint32_t i)
{
    return say(on, CLIENT, TCPT_FIN | TCPT_RST | TCPT_URG, 1501 + i % 50, 0, 0);
}

/* Connections of nine packets, each ended by a RST that falls short. */
static tcpt_record *reset_flows(talk *on, uint32_t i)
{
    on->port = (uint16_t)(1024 + i % 60000);
    on->client[2] = (uint8_t)(i / 60000);
    open_connection(on);
    say(on, CLIENT, TCPT_FIN | TCPT_ACK, 1501, 9501, 0);
    say(on, SERVER, TCPT_ACK, 9501, 1502, 0);
    return say(on, CLIENT, TCPT_RST, 1501, 0, 0);
}

typedef struct flood {
    const char *name;
    tcpt_record *(*feed)(talk *, uint32_t);
    uint32_t times;
    unsigned packets; /**< each time */
    double budget;    /**< bytes each time */
    const char *id;   /**< of a finding that they draw */
    unsigned every;   /**< on every so many of the last packets */
} flood;

static const flood floods[] = {
    {"one-segment-retransmitted", retransmit, 300000, 1, 96, "acked_data_retransmitted", 1},
    {"resets", reset, 300000, 1, 96, "rst_seq_mismatch", 1},
    {"challenge-acks", challenge, 300000, 1, 96, "challenge_ack", 2},
    {"invalid", invalid, 300000, 1, 96, "conntrack_invalid", 1},
    {"flows-reset", reset_flows, 100000, 9, 9 * 96 + 1536, "rst_seq_mismatch", 1},
};

/** How many of a flood's packets have a finding. */
typedef struct tally {
    const char *id;
    uint32_t count;
} tally;

static void count_finding(const tcpt_finding *finding, void *data)
{
    tally *of = data;
    of->count += !strcmp(finding->diagnosis->detector->id, of->id);
}

static void test_bytes(gconstpointer data)
{
    const flood *of = data;
    tally found = {.id = of->id};
    talk on = begin();
    if (of->packets == 1)
        open_connection(&on);
    size_t before = heap_bytes();
    for (uint32_t i = 0; i < of->times; i++) {
        tcpt_record *record = of->feed(&on, i);
        tcpt_each_finding(record, count_finding, &found);
    }
    g_assert_cmpuint(found.count, ==, of->times / of->every);
    double each = (double)(heap_bytes() - before) / of->times;
    g_test_message("%.0f bytes each, budget %.0f", each, of->budget);
    if (!before)
        g_test_skip("the allocator does not count");
    else if (each > of->budget)
        g_test_fail();
    tcpt_analysis_free(on.analysis);
}

/* ---- cost ---- */

enum { MANY = 100000, FOLLOWING = 10000 };

/* Processor time. A walk over MANY findings took 7 ms. */
static const double each_most_seconds = 0.0005;

/* A SYN-ACK of the next life asks for the SYN before it in a life of many findings. */
static void test_next_life(void)
{
    talk on = begin();
    open_connection(&on);
    for (uint32_t i = 0; i < MANY; i++)
        reset(&on, i);
    on.now_ns += tcpt_seconds_ns(100);
    say(&on, CLIENT, TCPT_SYN, 5000000, 0, 0);
    clock_t begun = clock();
    for (uint32_t i = 0; i < FOLLOWING; i++)
        say(&on, SERVER, TCPT_SYN | TCPT_ACK, 7000000 + i, 5000001, 0);
    double each = (double)(clock() - begun) / CLOCKS_PER_SEC / FOLLOWING;
    g_test_message("%.1f us each", each * 1e6);
    g_assert_cmpfloat(each, <, each_most_seconds);
    tcpt_analysis_free(on.analysis);
}

void add_storms_tests(void)
{
    g_test_add_func("/storms/cost/next-life", test_next_life);
    for (unsigned i = 0; i < G_N_ELEMENTS(floods); i++) {
        char *path = g_strdup_printf("/storms/bytes/%s", floods[i].name);
        g_test_add_data_func(path, &floods[i], test_bytes);
        g_free(path);
    }
}
