/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is over is given back, wherever it was captured: memory follows what lives at the same time. What is told of the
 * capture as a whole is the same. */
#include <glib.h>
#include <string.h>

#include "core/state.h"
#include "model.h"
#include "tcptriage/analysis.h"
#include "tcptriage/times.h"
#include "unit.h"

enum {
    QUIET_SECONDS = 240,
    PAIR_SECONDS = 600, /* what is known of two hosts stays so long, with the flows that it was learned from */
    CLIENT = 0,
    SERVER = 1,
};

/* A capture that goes on and on, released now and then or never. */
typedef struct capture {
    tcpt_analysis *analysis;
    tcpt_flow_counts gone;
    bool releases;
    uint32_t points;
    uint32_t frame;
    int64_t time_ns;
    uint32_t most_flows; /* that were left by a release */
    uint32_t most_records;
} capture;

/* What came of it. */
typedef struct sum {
    uint64_t flows;
    uint64_t outcomes[TCPT_OUTCOMES];
    tcpt_path path; /* of the first two points */
} sum;

static capture begin(bool releases, uint32_t points)
{
    tcpt_settings settings = tcpt_settings_default();
    capture of = {.analysis = tcpt_analysis_new(&settings),
                  .releases = releases,
                  .points = points,
                  .time_ns = INT64_C(1700000000000000000)};
    if (points > 1)
        tcpt_expect_points(of.analysis);
    return of;
}

static void say(capture *of, uint32_t flow, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack)
{
    enum { WIRE_NS = 5000 };
    const uint8_t client[4] = {10, (uint8_t)(flow >> 16), (uint8_t)(flow >> 8), (uint8_t)flow};
    static const uint8_t server[4] = {198, 51, 100, 1};
    for (uint32_t i = 0; i < of->points; i++) {
        bool far = i > 0;
        tcpt_segment segment = {
            .time_ns = of->time_ns + (far ? WIRE_NS : 0),
            .frame = ++of->frame,
            .point = from == SERVER ? of->points - 1 - i : i,
            .depth = 1,
            .family = 4,
            .ttl = 64,
            .src = from == SERVER ? server : client,
            .dst = from == SERVER ? client : server,
            .src_port = from == SERVER ? 80 : 40000,
            .dst_port = from == SERVER ? 40000 : 80,
            .seq = seq + flow,
            .ack = flags & TCPT_ACK ? ack + flow : 0,
            .end_seq = seq + flow + ((flags & (TCPT_SYN | TCPT_FIN)) != 0),
            .flags = flags,
            .header_bytes = 20,
            .window = 65535,
            .checksum_is = TCPT_CHECKSUM_GOOD,
        };
        tcpt_analyse(of->analysis, &segment);
    }
    of->time_ns += 40 * TCPT_MS_NS;
}

static void count_gone(const tcpt_flow *flow, void *data)
{
    tcpt_flow_count(data, flow);
}

static void release(capture *of)
{
    if (!of->releases)
        return;
    tcpt_release(of->analysis, tcpt_seconds_ns(QUIET_SECONDS), count_gone, &of->gone);
    of->most_flows = MAX(of->most_flows, tcpt_flows_count(of->analysis->flows));
    of->most_records = MAX(of->most_records, tcpt_record_count(of->analysis));
}

static void note_path(const tcpt_path *path, void *data)
{
    *(tcpt_path *)data = *path;
}

static sum end(capture *of)
{
    sum came = {0};
    tcpt_settle_all(of->analysis);
    tcpt_each_path(of->analysis, note_path, &came.path);
    for (const tcpt_flow *flow = tcpt_first_awake_flow(of->analysis); flow; flow = flow->next) {
        g_assert_null(tcpt_first_diagnosis(flow));
        tcpt_flow_count(&of->gone, flow);
    }
    tcpt_count_lone_outcomes(of->analysis, of->gone.outcomes);
    came.flows = tcpt_analysis_totals(of->analysis).flows;
    memcpy(came.outcomes, of->gone.outcomes, sizeof came.outcomes);
    tcpt_analysis_free(of->analysis);
    came.path.a = came.path.b = NULL; /* of that analysis */
    return came;
}

static void check_same(const sum *whole, const sum *released)
{
    g_assert_cmpuint(released->flows, ==, whole->flows);
    for (unsigned i = 0; i < TCPT_OUTCOMES; i++)
        g_assert_cmpuint(released->outcomes[i], ==, whole->outcomes[i]);
    g_assert_cmpuint(released->path.connections, ==, whole->path.connections);
    g_assert_cmpuint(released->path.to_a.total, ==, whole->path.to_a.total);
    g_assert_cmpuint(released->path.to_b.total, ==, whole->path.to_b.total);
    g_assert_cmpuint(released->path.matched_to_a, ==, whole->path.matched_to_a);
    g_assert_cmpuint(released->path.matched_to_b, ==, whole->path.matched_to_b);
    g_assert_cmpint(released->path.delay_to_a_ns, ==, whole->path.delay_to_a_ns);
    g_assert_cmpint(released->path.delay_to_b_ns, ==, whole->path.delay_to_b_ns);
}

/* ---- connections that come and go, each seen at both ends of a wire ---- */

enum { CONNECTIONS = 8000, EVERY = 50 };

static void live(capture *of, uint32_t flow)
{
    say(of, flow, CLIENT, TCPT_SYN, 1000, 0);
    say(of, flow, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001);
    say(of, flow, CLIENT, TCPT_ACK, 1001, 9001);
    say(of, flow, CLIENT, TCPT_FIN | TCPT_ACK, 1001, 9001);
    say(of, flow, SERVER, TCPT_FIN | TCPT_ACK, 9001, 1002);
    say(of, flow, CLIENT, TCPT_ACK, 1002, 9002);
}

static sum play_connections(bool releases, capture *of)
{
    *of = begin(releases, 2);
    for (uint32_t flow = 0; flow < CONNECTIONS; flow++) {
        live(of, flow);
        if (flow % EVERY == 0)
            release(of);
    }
    return end(of);
}

static void test_points(void)
{
    enum {
        LIVE_MOST = 2 * 17 * PAIR_SECONDS / 4, /* a little more than four a second, two flows each */
        SPARE_MOST = 4 * EVERY,                /* what memory that nobody uses refers to: now more, now less */
    };
    capture whole, released;
    sum all = play_connections(false, &whole), left = play_connections(true, &released);
    g_assert_cmpuint(all.path.connections, ==, CONNECTIONS);
    g_assert_cmpuint(released.most_flows, <, LIVE_MOST + SPARE_MOST);
    g_assert_cmpuint(released.most_records, <, 6 * (LIVE_MOST + SPARE_MOST));
    check_same(&all, &left);
}

/* ---- a flood of SYNs that nobody answers ---- */

static sum play_flood(bool releases, capture *of)
{
    enum { SYNS = 40000 };
    *of = begin(releases, 1);
    of->analysis->findings.most_bytes = releases ? 0 : of->analysis->findings.most_bytes; /* there is no room */
    for (uint32_t flow = 0; flow < SYNS; flow++) {
        say(of, flow, CLIENT, TCPT_SYN, 1000, 0);
        if (flow % 500 == 0)
            release(of);
    }
    return end(of);
}

static void test_flood(void)
{
    enum { LIVE_MOST = 25 * (QUIET_SECONDS + 20) }; /* 25 a second */
    capture whole, released;
    sum all = play_flood(false, &whole), left = play_flood(true, &released);
    g_assert_cmpuint(released.most_flows, <, LIVE_MOST + 500);
    g_assert_cmpuint(released.most_records, <, LIVE_MOST + 500);
    check_same(&all, &left);
}

/* ---- what a flow refers to ---- */

typedef struct sought {
    const void *at;
    size_t bytes;
    bool found;
} sought;

static void look_for(const void *block, size_t bytes, void *data)
{
    sought *in = data;
    in->found |=
        (const char *)block <= (const char *)in->at && (const char *)in->at + in->bytes <= (const char *)block + bytes;
}

static bool shows(const tcpt_flow *flow, const void *at, size_t bytes)
{
    sought in = {at, bytes, false};
    tcpt_flow_each_block(flow, look_for, &in);
    return in.found;
}

/* A record that only a rarely needed part of a flow refers to is none that nobody does. */
static void test_blocks(void)
{
    tcpt_rst_toward toward[2] = {{0}};
    tcpt_rarities rare = {0};
    tcpt_again again = {0};
    tcpt_trouble trouble[2] = {{.damages = NULL}, {.damages = NULL}};
    tcpt_flow flow = {.rare = &rare, .again = &again, .toward = toward};
    for (unsigned end = 0; end < 2; end++)
        flow.ends[end].trouble = &trouble[end];
    g_assert_true(shows(&flow, &flow.first_ack_record, sizeof flow.first_ack_record));
    g_assert_true(shows(&flow, &flow.ends[1], sizeof flow.ends[1]));
    g_assert_true(shows(&flow, &rare, sizeof rare));
    g_assert_true(shows(&flow, &again, sizeof again));
    g_assert_true(shows(&flow, toward, sizeof toward));
    g_assert_true(shows(&flow, &trouble[0], sizeof trouble[0]) && shows(&flow, &trouble[1], sizeof trouble[1]));
    g_assert_false(shows(&flow, &flow.next, sizeof flow.next));
}

void add_release_tests(void)
{
    g_test_add_func("/release/blocks", test_blocks);
    g_test_add_func("/release/points", test_points);
    g_test_add_func("/release/flood", test_flood);
}
