/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases: whom they blame, and how they are ranked; with findings raised by hand. */
#include <glib.h>
#include <string.h>

#include "bench.h"
#include "case_text.h"
#include "tcptriage/limits.h"
#include "tcptriage/times.h"
#include "unit.h"

/* ---- one place, one case ---- */

static void test_one_listener(void)
{
    const tcpt_detector *detector = bench_detector("syn_unanswered"); /* blames the listening port */
    unsigned count;
    bench on;

    bench_open(&on);
    for (uint8_t client = 1; client <= 5; client++)
        tcpt_set_delay(bench_raise(&on, bench_syn(&on, client, 1), detector), client * INT64_C(1000000000));
    bench_raise(&on, bench_syn(&on, 1, 2), detector);
    const tcpt_case *first = bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpuint(first->number, ==, 1);
    g_assert_cmpuint(first->flow_count, ==, 5);
    g_assert_cmpuint(first->cause_count, ==, 5);
    g_assert_cmpint(first->delay_ns, ==, INT64_C(15000000000));
    g_assert_cmpuint(first->example_count, ==, TCPT_CASE_EXAMPLES);
    g_assert_cmpint(first->examples[0].delay_ns, ==, INT64_C(5000000000));
    g_assert_cmpuint(first->frame, ==, 1);
    bench_close(&on);
}

/* Two ways are two places; a third one of the same host shows what they have in common. */
static void test_ways_of_one_host(void)
{
    const tcpt_detector *detector = bench_detector("idle_drop"); /* blames the way */
    unsigned count;
    bench on;

    for (uint8_t clients = 2; clients <= 4; clients++) {
        bench_open(&on);
        for (uint8_t client = 1; client <= clients; client++)
            tcpt_set_delay(bench_raise(&on, bench_syn(&on, client, 1), detector), INT64_C(1000000000));
        tcpt_finding *far = bench_raise(&on, bench_syn(&on, 9, 9), detector);
        const tcpt_case *first = bench_cases(&on, &count);
        g_assert_cmpuint(count, ==, clients < 3 ? clients + 1 : 2);
        g_assert_cmpuint(first->flow_count, ==, clients < 3 ? 1 : clients);
        g_assert_cmpuint(first->ways_more, ==, clients < 3 ? 0 : clients - 1);
        g_assert_cmpuint(first->cause_count, ==, first->flow_count);
        g_assert_cmpuint(first->example_count, ==, first->flow_count);
        g_assert_cmpint(first->delay_ns, ==, first->flow_count * INT64_C(1000000000));
        g_assert_true(tcpt_case_of(far->diagnosis) != first);
        bench_close(&on);
    }
}

enum { WAYS = 5 };

/* One client and some servers. It has lost its own way, rather than each of them that is silent; but not where these
 * fall silent one by one. */
static const struct ways {
    const char *name, *id;
    int64_t seconds[WAYS];
    unsigned cases, servers;
} ways[] = {
    {"of-one-client", "mtu_blackhole", {0, 1000, 2000}, 1, 3}, /* blames the way */
    {"silent-together", "peer_silent", {0, TCPT_SIBLING_SECONDS / 2, TCPT_SIBLING_SECONDS - 1}, 1, 3},
    {"silent-one-by-one", "peer_silent", {0, TCPT_SIBLING_SECONDS + 1, 2 * (TCPT_SIBLING_SECONDS + 1)}, 3, 3},
    {"silent-two-and-one", "peer_silent", {0, 10, 7200}, 3, 3},
    {"silent-and-on", "peer_silent", {0, 1, 2, TCPT_SIBLING_SECONDS + 2, 2 * (TCPT_SIBLING_SECONDS + 1)}, 1, 5},
    {"silent-and-later", "peer_silent", {0, 1, 2, TCPT_SIBLING_SECONDS + 3}, 2, 4},
    {"silent-now-and-then", "peer_silent", {0, 50, 100, 150, 200}, 5, 5},
};

static void test_ways_of_one_client(gconstpointer data)
{
    const struct ways *row = data;
    unsigned count;
    bench on;

    bench_open(&on);
    for (uint8_t server = 1; server <= row->servers; server++)
        bench_raise(&on, bench_syn(&on, 1, server), bench_detector(row->id))->diagnosis->time_ns +=
            row->seconds[server - 1] * TCPT_SECOND_NS;
    g_assert_cmpuint(bench_cases(&on, &count)->flow_count, ==, row->servers - row->cases + 1);
    g_assert_cmpuint(count, ==, row->cases);
    bench_close(&on);
}

/* Each pair has a client and a server of its own: what they share is the moment, or nothing. */
static const struct moment {
    const char *name;
    unsigned pairs;
    int64_t apart_ns;  /* each is heard and asked so much later than the one before */
    int64_t quiet_ns;  /* between the two */
    unsigned probed;   /* hosts that keep-alives ask, between the first two */
    unsigned going_on; /* connections */
    unsigned points;   /* that see these */
    bool answered;     /* in the end */
    unsigned cases;
} moments[] = {
    {"all-at-once", 3, TCPT_SECOND_NS / 10, 2 * TCPT_SECOND_NS, 0, 2, 1, false, 1},
    {"busy", 6, 4 * TCPT_MS_NS, TCPT_MS_NS / 10, 0, 0, 1, false, 1},
    {"busy-one-by-one", 3, 1200 * TCPT_MS_NS, TCPT_MS_NS / 10, 0, 0, 1, false, 3},
    {"two-hosts", 2, TCPT_SECOND_NS / 10, 2 * TCPT_SECOND_NS, 0, 0, 1, false, 2},
    {"one-by-one", 3, 4 * TCPT_SECOND_NS, 2 * TCPT_SECOND_NS, 0, 0, 1, false, 3},
    {"others-probed", 3, TCPT_SECOND_NS / 10, 2 * TCPT_SECOND_NS, 2, 0, 1, false, 3},
    {"two-and-others-probed", 2, TCPT_SECOND_NS / 10, 2 * TCPT_SECOND_NS, 2, 0, 1, false, 4},
    {"others-go-on", 3, TCPT_SECOND_NS / 10, 2 * TCPT_SECOND_NS, 0, 3, 1, false, 3},
    {"others-seen-twice", 3, TCPT_SECOND_NS / 10, 2 * TCPT_SECOND_NS, 0, 2, 2, false, 1},
    {"answered-at-last", 3, TCPT_SECOND_NS / 10, 2 * TCPT_SECOND_NS, 0, 0, 1, true, 3},
};

static void fall_silent(bench *on, const struct moment *row, uint8_t pair, const char *id, int64_t after_ns)
{
    tcpt_finding *finding = bench_raise(on, bench_syn(on, pair, pair), bench_detector(id));
    tcpt_flow *flow = tcpt_flow_of(finding->on);

    flow->ends[!flow->client].last_ns = flow->first_ns + 100 * TCPT_SECOND_NS + after_ns;
    flow->ends[flow->client].unanswered_ns = row->answered ? 0 : flow->ends[!flow->client].last_ns + row->quiet_ns;
}

static void go_on(bench *on, const struct moment *row)
{
    for (on->point = 0; on->point < row->points; on->point++)
        for (uint8_t pair = 1; pair <= row->going_on; pair++) {
            tcpt_flow *flow = tcpt_flow_of(bench_syn(on, 100 + pair, 100 + pair));

            flow->ends[0].last_ns = flow->ends[1].last_ns = flow->first_ns + 200 * TCPT_SECOND_NS;
        }
}

static void test_cut_at_once(gconstpointer data)
{
    const struct moment *row = data;
    bench on;
    unsigned count;

    bench_open(&on);
    for (uint8_t pair = 1; pair <= row->pairs; pair++)
        fall_silent(&on, row, pair, "peer_silent", pair * row->apart_ns);
    for (uint8_t pair = 1; pair <= row->probed; pair++)
        fall_silent(&on, row, 50 + pair, "keepalive_dead_peer", row->apart_ns + pair * TCPT_MS_NS);
    go_on(&on, row);
    const tcpt_case *first = bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, row->cases);
    if (count < row->pairs + row->probed) {
        char *blamed = tcpt_case_blamed(first), *wanted = g_strdup_printf("the way to %u hosts", row->pairs);
        g_assert_cmpstr(blamed, ==, wanted);
        g_free(wanted);
        g_free(blamed);
    }
    g_assert_cmpuint(first->ways_more, ==, count < row->pairs + row->probed ? row->pairs - 1 : 0);
    bench_close(&on);
}

/* Each point has a clock of its own: what they have seen is no one moment. */
static void test_cut_at_points(void)
{
    static const struct moment row = {.quiet_ns = 2 * TCPT_SECOND_NS};
    bench on;
    unsigned count;

    bench_open(&on);
    for (uint8_t pair = 1; pair <= 3; pair++) {
        on.point = pair == 2;
        fall_silent(&on, &row, pair, "peer_silent", 0);
    }
    bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 3);
    bench_close(&on);
}

/* What two points have seen of one connection has cost it once. */
static void test_delay_seen_twice(void)
{
    const tcpt_detector *detector = bench_detector("syn_unanswered");
    unsigned count;
    bench on;

    bench_open(&on);
    for (on.point = 0; on.point < 2; on.point++)
        for (uint8_t client = 1; client <= 2; client++)
            tcpt_set_delay(bench_raise(&on, bench_syn(&on, client, 1), detector), client * INT64_C(1000000000));
    const tcpt_case *first = bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpuint(first->flow_count, ==, 2);
    g_assert_cmpint(first->delay_ns, ==, INT64_C(3000000000));
    bench_close(&on);
}

/* By a clock that goes back and by one that leaps: costs nothing, or as much as can be told. */
static void test_odd_delays(void)
{
    static const int64_t delays_ns[] = {-1, INT64_MIN, INT64_MAX, INT64_MAX, 5};
    const tcpt_detector *detector = bench_detector("syn_unanswered");
    unsigned count;
    bench on;

    bench_open(&on);
    for (unsigned i = 0; i < G_N_ELEMENTS(delays_ns); i++)
        tcpt_set_delay(bench_raise(&on, bench_syn(&on, (uint8_t)(i + 1), 1), detector), delays_ns[i]);
    const tcpt_case *first = bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpint(first->delay_ns, ==, TCPT_DELAY_MOST_NS);
    bench_close(&on);
}

/* Made anew when more was captured: nothing is left of the cases before (a leak otherwise), nor of findings' places in
 * them. */
static void test_made_anew(void)
{
    const tcpt_detector *detector = bench_detector("syn_unanswered");
    unsigned count;
    bench on;

    bench_open(&on);
    tcpt_finding *first = bench_raise(&on, bench_syn(&on, 1, 1), detector);
    bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpuint(tcpt_case_of(first->diagnosis)->finding_count, ==, 1);
    bench_raise(&on, bench_syn(&on, 2, 1), detector);
    bench_raise(&on, bench_syn(&on, 3, 2), detector);
    bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpuint(tcpt_case_of(first->diagnosis)->finding_count, ==, 2);
    bench_close(&on);
}

/* A full queue leaves some SYNs unanswered and delays others: one case. Not at another port, or at another time. */
static void test_joined_at_listener(void)
{
    static const uint8_t from[4] = {192, 0, 2, 9}, to[4] = {198, 51, 100, 1};
    unsigned count;
    bench on;

    bench_open(&on);
    bench_raise(&on, bench_syn(&on, 1, 1), bench_detector("syn_unanswered"));
    tcpt_record *delayed = bench_syn(&on, 2, 1);
    tcpt_finding *joined = bench_raise(&on, delayed, bench_detector("syn_delayed"));
    bench_raise(&on, delayed, bench_detector("conntrack_divergence")); /* unexplained: a case of its own */
    const tcpt_case *first = bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpstr(first->detector->id, ==, "syn_unanswered");
    g_assert_true(tcpt_case_of(joined->diagnosis) == first);
    g_assert_cmpstr(tcpt_role_in_case(joined->diagnosis), ==, "consequence");
    g_assert_cmpuint(first->finding_count, ==, 2);
    g_assert_cmpuint(first->cause_count, ==, 1);
    g_assert_cmpuint(first->flow_count, ==, 2);
    g_assert_cmpuint(first->consequences[tcpt_detector_number(bench_detector("syn_delayed"))], ==, 1);

    bench_raise(&on, bench_syn_of(&on, 4, from, to, 81), bench_detector("syn_delayed"));
    tcpt_finding *later = bench_raise(&on, bench_syn(&on, 3, 1), bench_detector("syn_delayed"));
    later->diagnosis->time_ns += 2 * TCPT_SIBLING_SECONDS * TCPT_SECOND_NS; /* the bench has no clock */
    first = bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 4);
    g_assert_cmpuint(first->finding_count, ==, 2);
    g_assert_cmpstr(tcpt_role_in_case(later->diagnosis), ==, "cause");
    bench_close(&on);
}

/* What one client does to its own ports is no cause of what all see. */
static void test_not_joined(void)
{
    unsigned count;
    bench on;

    bench_open(&on);
    bench_raise(&on, bench_syn(&on, 1, 1), bench_detector("time_wait_reuse"));
    bench_raise(&on, bench_syn(&on, 2, 1), bench_detector("connect_unanswered"));
    bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 2);
    bench_close(&on);
}

/* A host dies: what was open and what is begun then is one case. Not where it is heard later, nor for another host, nor
 * at another time. */
static const struct silence {
    const char *name, *id;
    uint8_t server; /* to which the second connection goes */
    int64_t later_ns, heard_ns;
    unsigned cases;
    int64_t asked_ns; /* first in vain; 0 not told */
} silences[] = {
    {"dies", "connect_unanswered", 1, TCPT_SECOND_NS, -1, 1, 0},
    {"dies-sibling-answered", "syn_unanswered", 1, TCPT_SECOND_NS, -1, 1, 0},
    {"heard-on-its-way", "connect_unanswered", 1, TCPT_SECOND_NS, TCPT_SECOND_NS + 20 * TCPT_MS_NS, 1, 0},
    {"heard-again", "connect_unanswered", 1, TCPT_SECOND_NS, 9 * TCPT_SECOND_NS, 2, 0},
    {"heard-by-others", "connect_unanswered", 1, 4 * TCPT_SECOND_NS, 3 * TCPT_SECOND_NS, 2, TCPT_SECOND_NS},
    {"heard-when-asked", "connect_unanswered", 1, 4 * TCPT_SECOND_NS, 3 * TCPT_SECOND_NS, 1, 5 * TCPT_SECOND_NS / 2},
    {"other-host", "connect_unanswered", 2, TCPT_SECOND_NS, -1, 2, 0},
    {"later", "connect_unanswered", 1, (TCPT_SIBLING_SECONDS + 7) * TCPT_SECOND_NS, -1, 2, 0},
    {"other-trouble", "connection_refused", 1, TCPT_SECOND_NS, -1, 2, 0},
};

static void test_silent_host(gconstpointer data)
{
    const struct silence *row = data;
    const uint8_t from[4] = {192, 0, 2, 1}, to[4] = {198, 51, 100, row->server}, dead[4] = {198, 51, 100, 1};
    unsigned count;
    bench on;

    bench_open(&on);
    tcpt_finding *silent = bench_raise(&on, bench_syn(&on, 1, 1), bench_detector("peer_silent"));
    silent->diagnosis->time_ns = bench_time(&on) + 5 * TCPT_SECOND_NS; /* the fifth repeat */
    if (row->asked_ns) {
        tcpt_flow *flow = tcpt_flow_of(silent->on);

        flow->ends[flow->client].unanswered_ns = bench_time(&on) + row->asked_ns;
    }
    on.now_ns = row->later_ns;
    tcpt_finding *begun = bench_raise(&on, bench_syn_of(&on, 4, from, to, 81), bench_detector(row->id));
    begun->diagnosis->time_ns = bench_time(&on);
    if (row->heard_ns >= 0) {
        on.now_ns = row->heard_ns;
        bench_syn_of(&on, 4, dead, from, 82);
        bench_syn_of(&on, 4, dead, from, 82);
    }
    const tcpt_case *first = bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, row->cases);
    if (count == 1) {
        g_assert_cmpstr(first->detector->id, ==, "peer_silent");
        g_assert_cmpuint(first->flow_count, ==, 2);
        g_assert_cmpuint(first->cause_count, ==, 1);
        g_assert_true(tcpt_case_of(begun->diagnosis) == first);
        g_assert_cmpstr(tcpt_role_in_case(begun->diagnosis), ==, "consequence");
        g_assert_cmpstr(tcpt_role_in_case(silent->diagnosis), ==, "cause");
    }
    bench_close(&on);
}

/* Two ports of a host that answers nothing: one case, and both are causes. */
static void test_silent_ports(void)
{
    static const uint8_t from[4] = {192, 0, 2, 1}, to[4] = {198, 51, 100, 1};
    unsigned count;
    bench on;

    bench_open(&on);
    for (uint16_t port = 80; port < 82; port++)
        bench_raise(&on, bench_syn_of(&on, 4, from, to, port), bench_detector("connect_unanswered"));
    const tcpt_case *first = bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpuint(first->cause_count, ==, 2);
    g_assert_cmpuint(first->flow_count, ==, 2);
    g_assert_cmpuint(first->ways_more, ==, 0);
    g_assert_cmpuint(first->consequences[tcpt_detector_number(first->detector)], ==, 0);
    bench_close(&on);
}

/* A case is as grave as the gravest finding in it; of equals the one that hit more connections comes first. */
static void test_ranking(void)
{
    unsigned count;
    bench on;

    bench_open(&on);
    bench_raise(&on, bench_syn(&on, 1, 1), bench_detector("checksum_unverifiable"));
    bench_raise(&on, bench_syn(&on, 2, 2), bench_detector("stale_segment"));
    bench_raise(&on, bench_syn(&on, 3, 3), bench_detector("syn_unanswered"));
    const tcpt_case *first = bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, 3);
    g_assert_cmpstr(first->detector->id, ==, "syn_unanswered");
    g_assert_cmpint(first->severity, ==, TCPT_WARN);
    g_assert_cmpint(((const tcpt_case *)on.list.cases->pdata[2])->severity, ==, TCPT_CHAT);
    bench_close(&on);
}

/* Many places: what is beyond the bound is one case of its kind, and nothing is lost. */
static void test_bounded(void)
{
    enum { FLOWS = TCPT_CASES_MOST + 1000 };
    const tcpt_detector *detector = bench_detector("checksum_bad"); /* blames the sender */
    uint64_t findings = 0;
    unsigned count;
    bench on;

    bench_open(&on);
    for (unsigned i = 0; i < FLOWS; i++) {
        uint8_t from[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        static const uint8_t to[4] = {198, 51, 100, 1};

        bench_raise(&on, bench_syn_of(&on, 4, from, to, 80), detector);
    }
    bench_cases(&on, &count);
    g_assert_cmpuint(count, ==, TCPT_CASES_MOST + 1);
    for (unsigned i = 0; i < count; i++)
        findings += ((const tcpt_case *)on.list.cases->pdata[i])->finding_count;
    g_assert_cmpuint(findings, ==, FLOWS);
    g_assert_true(((const tcpt_case *)on.list.cases->pdata[0])->scattered);
    bench_close(&on);
}

void add_cases_tests(void)
{
    g_test_add_func("/cases/one-listener", test_one_listener);
    g_test_add_func("/cases/ways-of-one-host", test_ways_of_one_host);
    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
        char *path = g_strdup_printf("/cases/ways/%s", ways[i].name);
        g_test_add_data_func(path, &ways[i], test_ways_of_one_client);
        g_free(path);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(moments); i++) {
        char *path = g_strdup_printf("/cases/moments/%s", moments[i].name);
        g_test_add_data_func(path, &moments[i], test_cut_at_once);
        g_free(path);
    }
    g_test_add_func("/cases/moments-of-points", test_cut_at_points);
    g_test_add_func("/cases/delay-seen-twice", test_delay_seen_twice);
    g_test_add_func("/cases/odd-delays", test_odd_delays);
    g_test_add_func("/cases/made-anew", test_made_anew);
    g_test_add_func("/cases/joined-at-listener", test_joined_at_listener);
    g_test_add_func("/cases/not-joined", test_not_joined);
    for (unsigned i = 0; i < G_N_ELEMENTS(silences); i++) {
        char *path = g_strdup_printf("/cases/silent-host/%s", silences[i].name);

        g_test_add_data_func(path, &silences[i], test_silent_host);
        g_free(path);
    }
    g_test_add_func("/cases/silent-ports", test_silent_ports);
    g_test_add_func("/cases/ranking", test_ranking);
    g_test_add_func("/cases/bounded", test_bounded);
}
