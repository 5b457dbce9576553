/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connection_failed: on every failed connection, however many there are, and what it says where no scenario leaves it
 * alone. */
#include <glib.h>
#include <string.h>

#include "core/finding/raising.h"
#include "core/finding/store.h"
#include "detectors/detectors.h"
#include "tcptriage/analysis.h"
#include "tcptriage/cases.h"
#include "tcptriage/outcome.h"
#include "tcptriage/points.h"
#include "unit.h"

enum { CLIENT, SERVER };

typedef struct talk {
    tcpt_analysis *analysis;
    int64_t now_ns;
    uint32_t frame;
    uint8_t client[4];
    uint16_t port; /* of the server */
} talk;

static talk begin(void)
{
    tcpt_settings settings = tcpt_settings_default();
    return (talk){
        .analysis = tcpt_analysis_new(&settings), .now_ns = INT64_C(1700000000000000000), .client = {10}, .port = 80};
}

static tcpt_record *say(talk *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes,
                        uint16_t window)
{
    static const uint8_t server[4] = {198, 51, 100, 1};
    tcpt_segment segment = {
        .time_ns = on->now_ns,
        .frame = ++on->frame,
        .family = 4,
        .ttl = 64,
        .src = from ? server : on->client,
        .dst = from ? on->client : server,
        .src_port = from ? on->port : 40000,
        .dst_port = from ? 40000 : on->port,
        .seq = seq,
        .end_seq = seq + payload_bytes + !!(flags & TCPT_SYN) + !!(flags & TCPT_FIN),
        .ack = ack,
        .flags = flags,
        .header_bytes = 20,
        .window = window,
        .payload_bytes = payload_bytes,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };
    on->now_ns += 20 * TCPT_MS_NS;
    return tcpt_analyse(on->analysis, &segment);
}

static void next_client(talk *on, uint32_t number)
{
    on->client[1] = (uint8_t)(number >> 16);
    on->client[2] = (uint8_t)(number >> 8);
    on->client[3] = (uint8_t)number;
}

static void look(const tcpt_finding *finding, void *data)
{
    if (finding->diagnosis->detector == &tcpt_connection_failed)
        *(const tcpt_finding **)data = finding;
}

/** connection_failed on a flow's last frame, or NULL. */
static const tcpt_finding *failed(const tcpt_flow *flow)
{
    const tcpt_finding *found = NULL;
    tcpt_each_finding(flow->last_record, look, &found);
    return found;
}

/* ---- a flood ---- */

enum { FLOOD = 100000, OTHERS = 3 };

/** Half-open connections, and some of another outcome behind them. */
static talk flood(void)
{
    talk on = begin();
    for (uint32_t i = 0; i < FLOOD + OTHERS; i++) {
        next_client(&on, i);
        say(&on, CLIENT, TCPT_SYN, 1000, 0, 0, 512);
        if (i < FLOOD)
            say(&on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0, 65535);
    }
    on.now_ns += tcpt_seconds_ns(5);
    next_client(&on, 0);
    on.client[0] = 11; /* time goes on for all of them */
    say(&on, CLIENT, TCPT_ACK, 1, 1, 0, 512);
    return on;
}

static void count_flood(const talk *on)
{
    uint32_t flows = 0, apart = 0;
    for (const tcpt_flow *flow = tcpt_first_flow(on->analysis); flow && flows < FLOOD + OTHERS; flow = flow->next) {
        const tcpt_finding *finding = failed(flow);
        g_assert_nonnull(finding);
        apart += !finding->diagnosis->wide;
        g_assert_true(flows < FLOOD || !finding->diagnosis->wide); /* another kind has a bound of its own */
        flows++;
    }
    g_assert_cmpuint(flows, ==, FLOOD + OTHERS);
    g_assert_cmpuint(apart, ==, TCPT_APART_MOST + OTHERS);
    g_assert_cmpuint(tcpt_analysis_totals(on->analysis).folding.wide, ==, FLOOD - TCPT_APART_MOST);
}

/* Each has its finding. There are few diagnoses, and the report has two cases. */
static void test_flood(void)
{
    enum { EACH_MOST = 128 }; /* bytes: what a flow has found, and twice a mark on a frame */
    talk on = flood();
    const tcpt_flow *all = tcpt_first_flow(on.analysis); /* none is stowed away: that is not what is weighed */
    size_t before = heap_bytes();
    unsigned cases;
    g_assert_nonnull(all);
    tcpt_settle_all(on.analysis);
    double each = (double)(heap_bytes() - before) / FLOOD;
    g_test_message("%.0f bytes each", each);
    g_assert_true(!before || each < EACH_MOST);
    count_flood(&on);
    tcpt_cases(on.analysis, &cases);
    g_assert_cmpuint(cases, ==, 2);
    tcpt_analysis_free(on.analysis);
}

/* While a capture goes on all of it is judged again. */
static void test_flood_again(void)
{
    talk on = flood();
    for (unsigned i = 0; i < 3; i++) {
        say(&on, CLIENT, TCPT_ACK, 1, 1, 0, 512);
        tcpt_settle_all(on.analysis);
    }
    count_flood(&on);
    tcpt_analysis_free(on.analysis);
}

/* ---- outcomes that other findings have as a rule ---- */

/** What it says of a flow of which nothing was found. */
static void assert_says(const tcpt_flow *flow, tcpt_outcome outcome, const char *wanted)
{
    tcpt_settings settings = tcpt_settings_default();
    tcpt_flow alone = *flow;
    tcpt_findings store;
    tcpt_context context = {.settings = &settings,
                            .flow = &alone,
                            .record = flow->last_record,
                            .now_ns = tcpt_now_ns(flow),
                            .detector = &tcpt_connection_failed,
                            .store = &store};
    alone.found = NULL;
    tcpt_findings_open(&store, TCPT_DIAGNOSES_MOST_BYTES);
    g_assert_cmpint(tcpt_outcome_of(&alone), ==, outcome);
    tcpt_end_findings_forget((tcpt_flow *)flow);
    tcpt_connection_failed.settle(&context, NULL);
    char *text = tcpt_summary(failed(flow));
    g_assert_cmpstr(text, ==, wanted);
    g_free(text);
    tcpt_end_findings_forget((tcpt_flow *)flow);
    tcpt_findings_clear(&store);
}

/* Answers under another port, of connections whose segments mix: what each client is left with is a consequence of
 * that, no case of its own. */
static void test_answered_elsewhere(void)
{
    enum { CLIENTS = 3, TRIES = 4 };
    talk on = begin();
    unsigned count;

    for (unsigned try = 0; try < TRIES; try++, on.now_ns += (int64_t)3000 * TCPT_MS_NS)
        for (unsigned i = 0; i < CLIENTS; i++) {
            next_client(&on, i);
            on.port = 80;
            say(&on, CLIENT, TCPT_SYN, 1000, 0, 0, 8192);
            on.port = 8080;
            say(&on, SERVER, TCPT_SYN | TCPT_ACK, 5000, 1001, 0, 8192);
            say(&on, CLIENT, TCPT_RST, 1001, 0, 0, 0);
        }
    tcpt_settle_all(on.analysis);
    const tcpt_case *const *cases = tcpt_cases(on.analysis, &count);
    g_assert_cmpuint(count, ==, 1); /* a way each, of one server */
    g_assert_cmpstr(cases[0]->detector->id, ==, "tuple_changed");
    g_assert_cmpuint(cases[0]->consequences[tcpt_detector_number(&tcpt_connection_failed)], ==, CLIENTS);
    tcpt_analysis_free(on.analysis);
}

/* Both sides of a NAT at one point (a bridge): the translated SYN is answered past the NAT. */
static void test_answered_past_nat(void)
{
    enum { TRIES = 4 };
    talk on = begin();
    unsigned count;

    for (unsigned try = 0; try < TRIES; try++, on.now_ns += (int64_t)3000 * TCPT_MS_NS) {
        on.port = 80;
        say(&on, CLIENT, TCPT_SYN, 1000, 0, 0, 8192);
        on.port = 8080;
        say(&on, CLIENT, TCPT_SYN, 1000, 0, 0, 8192);
        say(&on, SERVER, TCPT_SYN | TCPT_ACK, 5000, 1001, 0, 8192);
        say(&on, CLIENT, TCPT_RST, 1001, 0, 0, 0);
    }
    tcpt_settle_all(on.analysis);
    const tcpt_case *const *cases = tcpt_cases(on.analysis, &count);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpstr(cases[0]->detector->id, ==, "synack_not_received");
    g_assert_cmpuint(cases[0]->consequences[tcpt_detector_number(&tcpt_connection_failed)], ==, 1);
    tcpt_analysis_free(on.analysis);
}

/* Those that were there before it was known for a flood, too: one case, its. */
static void test_of_flood(void)
{
    enum { SYNS = 800, STEP_MS = 19 }; /* say() takes 20 */
    talk on = begin();
    unsigned count;

    for (unsigned i = 0; i < SYNS; i++) {
        next_client(&on, i);
        say(&on, CLIENT, TCPT_SYN, 1000, 0, 0, 8192);
        on.now_ns -= STEP_MS * TCPT_MS_NS;
        say(&on, SERVER, TCPT_SYN | TCPT_ACK, 5000, 1001, 0, 8192);
        on.now_ns -= STEP_MS * TCPT_MS_NS;
    }
    on.now_ns += (int64_t)60000 * TCPT_MS_NS;
    next_client(&on, SYNS);
    say(&on, CLIENT, TCPT_ACK, 1000, 1, 100, 8192);
    tcpt_settle_all(on.analysis);
    const tcpt_case *const *cases = tcpt_cases(on.analysis, &count);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpstr(cases[0]->detector->id, ==, "syn_flood");
    g_assert_cmpuint(cases[0]->consequences[tcpt_detector_number(&tcpt_connection_failed)], >, TCPT_APART_MOST);
    tcpt_analysis_free(on.analysis);
}

static void test_refused(void)
{
    talk on = begin();
    say(&on, CLIENT, TCPT_SYN, 1000, 0, 0, 512);
    say(&on, SERVER, TCPT_RST | TCPT_ACK, 0, 1001, 0, 0);
    assert_says(tcpt_first_flow(on.analysis), TCPT_OUTCOME_REFUSED,
                "Refused: a RST came for 1 SYN, but not as its answer. Capture at the server: does that RST leave it?");
    tcpt_analysis_free(on.analysis);
}

void add_failed_tests(void)
{
    g_test_add_func("/failed/of-flood", test_of_flood);
    g_test_add_func("/failed/answered-elsewhere", test_answered_elsewhere);
    g_test_add_func("/failed/answered-elsewhere-past-nat", test_answered_past_nat);
    g_test_add_func("/failed/flood", test_flood);
    g_test_add_func("/failed/flood-again", test_flood_again);
    g_test_add_func("/failed/refused", test_refused);
}
