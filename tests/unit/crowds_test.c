/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scans and floods: what is one, what only looks like one, and what becomes of what they explain. */
#include <glib.h>
#include <string.h>

#include "core/peers/identity.h"
#include "core/peers/tallies.h"
#include "tcptriage/analysis.h"
#include "tcptriage/cases.h"
#include "tcptriage/detector.h"
#include "tcptriage/queries.h"
#include "unit.h"

typedef struct world {
    tcpt_analysis *analysis;
    int64_t now_ns;
    uint32_t frames;
} world;

/** One connection; hosts are numbers. */
typedef struct tuple {
    uint32_t client;
    uint32_t server;
    uint16_t client_port;
    uint16_t server_port;
} tuple;

static world new_world(void)
{
    tcpt_settings settings = tcpt_settings_default();
    return (world){.analysis = tcpt_analysis_new(&settings), .now_ns = INT64_C(1700000000000000000)};
}

static void after(world *in, int64_t us)
{
    in->now_ns += us * 1000;
}

static void say(world *in, const tuple *of, bool by_server, uint8_t flags)
{
    uint8_t client[4], server[4];
    uint32_t client_seq = of->client * 7919 + of->client_port, server_seq = client_seq + 77777;
    memcpy(client, &of->client, 4);
    memcpy(server, &of->server, 4);
    tcpt_segment segment = {
        .time_ns = in->now_ns,
        .frame = ++in->frames,
        .depth = 1,
        .family = 4,
        .ttl = 64,
        .has_ip_id = true,
        .ip_id = (uint16_t)in->frames,
        .src = by_server ? server : client,
        .dst = by_server ? client : server,
        .src_port = by_server ? of->server_port : of->client_port,
        .dst_port = by_server ? of->client_port : of->server_port,
        .flags = flags,
        .header_bytes = 20,
        .window = 65535,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };
    segment.seq = by_server ? server_seq : client_seq + !(flags & TCPT_SYN);
    if (flags & TCPT_ACK)
        segment.ack = by_server ? client_seq + 1 : server_seq + 1;
    segment.end_seq = segment.seq + !!(flags & TCPT_SYN);
    tcpt_analyse(in->analysis, &segment);
}

static void ask(world *in, const tuple *of)
{
    say(in, of, false, TCPT_SYN);
}

static void answer(world *in, const tuple *of)
{
    say(in, of, true, TCPT_SYN | TCPT_ACK);
}

static void complete(world *in, const tuple *of)
{
    say(in, of, false, TCPT_ACK);
}

static void refuse(world *in, const tuple *of)
{
    say(in, of, true, TCPT_RST | TCPT_ACK);
}

typedef struct found {
    const char *id;
    unsigned count;
    unsigned consequences;
    tcpt_finding last;
} found;

static void note(const tcpt_finding *finding, void *data)
{
    found *wanted = data;
    if (strcmp(finding->diagnosis->detector->id, wanted->id) != 0)
        return;
    wanted->count++;
    wanted->consequences += finding->diagnosis->consequence;
    wanted->last = *finding;
}

static found find(const world *in, const char *id)
{
    found wanted = {.id = id};
    unsigned cases;
    tcpt_cases(in->analysis, &cases);
    tcpt_each_found(in->analysis, note, &wanted);
    return wanted;
}

static int64_t number_of(const found *of, tcpt_field field)
{
    tcpt_value value;
    g_assert_true(tcpt_value_of(&of->last, field, &value));
    return value.number;
}

static bool says(const found *of, const char *words)
{
    char *summary = tcpt_summary(&of->last);
    bool with = strstr(summary, words) != NULL;
    g_free(summary);
    return with;
}

enum { SCANNER = 10, TARGET = 500 };

/* ---- scans ---- */

/* Of so many addresses each in so many answers, the others refuse. */
static world sweep(unsigned addresses, unsigned each_in)
{
    world in = new_world();
    for (unsigned i = 0; i < addresses; i++) {
        tuple to = {SCANNER, TARGET + i, (uint16_t)(40000 + i), 445};
        ask(&in, &to);
        after(&in, 5000);
        if (i % each_in == each_in - 1)
            answer(&in, &to);
        else
            refuse(&in, &to);
        after(&in, 50000);
    }
    return in;
}

static void test_sweep(void)
{
    world in = sweep(80, 1000);
    unsigned cases;
    found scan = find(&in, "port_scan"), refused = find(&in, "connection_refused");
    g_assert_cmpuint(scan.count, ==, 1);
    g_assert_cmpint(number_of(&scan, TCPT_F_SCAN_TARGETS), >=, 70); /* an estimate from 64 on */
    g_assert_cmpint(number_of(&scan, TCPT_F_SCAN_TARGETS), <=, 80);
    g_assert_cmpint(number_of(&scan, TCPT_F_SCAN_OPEN), ==, 0);
    g_assert_cmpuint(refused.count, ==, 49); /* before it was known */
    g_assert_cmpuint(refused.consequences, ==, 49);
    g_assert_true(tcpt_cases(in.analysis, &cases)[0]->detector == scan.last.diagnosis->detector);
    g_assert_cmpuint(cases, ==, 1);
    tcpt_analysis_free(in.analysis);
}

/* Ports are tried one by one; the open ones come behind the fiftieth, and one answers late. */
static void scan_ports(world *in, unsigned from, unsigned to, int64_t each_us)
{
    for (unsigned port = from; port < to; port++) {
        tuple target = {SCANNER, TARGET, (uint16_t)(30000 + port), (uint16_t)port};
        tuple before = {SCANNER, TARGET, (uint16_t)(30000 + port - 1), (uint16_t)(port - 1)};
        ask(in, &target);
        if (port % 10 == 1 && port > from)
            answer(in, &before);
        else if (port % 10 != 0)
            refuse(in, &target);
        after(in, each_us);
    }
}

static void test_scan_grows(void)
{
    world in = new_world();
    found scan;
    for (unsigned i = 0; i < 55; i++) {
        tuple to = {SCANNER, TARGET, (uint16_t)(20000 + i), (uint16_t)(2001 + i)};
        ask(&in, &to);
        refuse(&in, &to);
        after(&in, 50000);
    }
    scan_ports(&in, 3001, 3102, 50000);
    scan = find(&in, "port_scan");
    g_assert_cmpuint(scan.count, ==, 1);
    g_assert_cmpint(number_of(&scan, TCPT_F_SCAN_OPEN), ==, 10);
    g_assert_cmpint(number_of(&scan, TCPT_F_SCAN_TARGETS), >, 110);
    g_assert_cmpint(number_of(&scan, TCPT_F_SCAN_TARGETS), <=, 156);
    tcpt_analysis_free(in.analysis);
}

/* Over several minutes; each counts by itself what is needed for a scan, all of them what it came to. */
static void test_scan_for_minutes(void)
{
    world in = new_world();
    found scan;
    scan_ports(&in, 3001, 3402, 1000000);
    scan = find(&in, "port_scan");
    g_assert_cmpuint(scan.count, ==, 1);
    g_assert_cmpint(number_of(&scan, TCPT_F_SCAN_OPEN), ==, 40);
    g_assert_cmpint(number_of(&scan, TCPT_F_SCAN_TARGETS), >, 300);
    tcpt_analysis_free(in.analysis);
}

/* What the client does minutes later, and is answered, is no part of its scan. */
static void test_scan_is_over(void)
{
    world in = sweep(60, 1000);
    found scan;
    after(&in, INT64_C(200000000));
    for (unsigned i = 0; i < 30; i++) {
        tuple to = {SCANNER, TARGET + 1000 + i, (uint16_t)(50000 + i), 445};
        ask(&in, &to);
        answer(&in, &to);
        complete(&in, &to);
        after(&in, 100000);
    }
    scan = find(&in, "port_scan");
    g_assert_cmpint(number_of(&scan, TCPT_F_SCAN_OPEN), ==, 0);
    g_assert_cmpint(number_of(&scan, TCPT_F_SCAN_TARGETS), ==, 60);
    tcpt_analysis_free(in.analysis);
}

/* What met the first tries behind a pause, before it was known again, is told of as a whole, too; not what the source
 * meets when all is over. */
static void test_pauses(void)
{
    tuple later = {SCANNER, TARGET + 1, 50000, 80};
    world in = new_world();
    unsigned cases;
    scan_ports(&in, 1001, 1201, 50000);
    after(&in, 300 * INT64_C(1000000));
    scan_ports(&in, 2001, 2201, 50000);
    found refused = find(&in, "connection_refused");
    g_assert_cmpuint(refused.count, >, 50); /* before it was known, and before it was known again */
    g_assert_cmpuint(refused.consequences, ==, refused.count);
    tcpt_cases(in.analysis, &cases);
    g_assert_cmpuint(cases, ==, 1);
    after(&in, 100 * INT64_C(1000000));
    ask(&in, &later);
    refuse(&in, &later);
    refused = find(&in, "connection_refused");
    g_assert_cmpuint(refused.consequences, ==, refused.count - 1);
    tcpt_cases(in.analysis, &cases);
    g_assert_cmpuint(cases, ==, 2);
    tcpt_analysis_free(in.analysis);
}

/* A source is told of once, whatever it tries next; another one for itself. */
static void test_told_once(void)
{
    world in = sweep(60, 1000);
    for (unsigned host = 0; host < 2; host++)
        for (unsigned i = 0; i < 60; i++) {
            tuple to = {SCANNER + host, TARGET, (uint16_t)(50000 + i), (uint16_t)(1000 + i)};
            ask(&in, &to);
            after(&in, 1000);
            refuse(&in, &to);
        }
    g_assert_cmpuint(find(&in, "port_scan").count, ==, 2);
    tcpt_analysis_free(in.analysis);
}

static void test_half_answers(void)
{
    world in = sweep(80, 2);
    g_assert_cmpuint(find(&in, "port_scan").count, ==, 0);
    g_assert_cmpuint(find(&in, "connection_refused").count, ==, 40);
    tcpt_analysis_free(in.analysis);
}

/* As a crawler does; the answers are on their way. */
static void test_many_at_once(void)
{
    enum { ADDRESSES = 400 };
    world in = new_world();
    for (unsigned i = 0; i < 2 * ADDRESSES; i++) {
        tuple to = {SCANNER, TARGET + i % ADDRESSES, (uint16_t)(40000 + i % ADDRESSES), 443};
        after(&in, 700);
        if (i < ADDRESSES) {
            ask(&in, &to);
            continue;
        }
        answer(&in, &to);
        complete(&in, &to);
    }
    g_assert_cmpuint(find(&in, "port_scan").count, ==, 0);
    tcpt_analysis_free(in.analysis);
}

static unsigned place_of_source(uint32_t client)
{
    tcpt_flow *flow = g_new0(tcpt_flow, 1);
    flow->key.family = 4;
    flow->key.depth = 1;
    memcpy(flow->key.address[0], &client, 4);
    unsigned place = (unsigned)(tcpt_identity_of(flow).source % TCPT_SOURCES);
    g_free(flow);
    return place;
}

/* Others take the place where it is noted that a source has sent a SYN: the next one counts as its first again. */
static void test_forgotten_source(void)
{
    enum { ROUNDS = 20, PORTS = 60 };
    world in = new_world();
    uint32_t other = 1000;
    found scan;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < PORTS; i++) {
            tuple to = {SCANNER, TARGET, (uint16_t)(20000 + PORTS * round + i), (uint16_t)(1001 + i)};
            ask(&in, &to);
            refuse(&in, &to);
            after(&in, 15000);
        }
        after(&in, 61000000);
        while (place_of_source(++other) != place_of_source(SCANNER))
            continue;
        ask(&in, &(tuple){other, TARGET + 1000, 1234, 80});
    }
    scan = find(&in, "port_scan");
    g_assert_cmpuint(scan.count, ==, 1);
    g_assert_cmpint(number_of(&scan, TCPT_F_SCAN_TARGETS), <=,
                    PORTS + 1); /* the very first one is counted without its port */
    tcpt_analysis_free(in.analysis);
}

static void scan_refused(world *in, unsigned ports, uint16_t client_port)
{
    for (unsigned i = 0; i < ports; i++) {
        tuple to = {SCANNER, TARGET, (uint16_t)(client_port + i), (uint16_t)(1 + i)};
        ask(in, &to);
        refuse(in, &to);
        after(in, 20000);
    }
}

/* Its place goes to others, and later to another scan of the same kind: of that the first one says nothing. */
static void test_place_taken(void)
{
    enum { OTHERS = 6000, LATER_US = 700000000 };
    world in = new_world();
    scan_refused(&in, 80, 20000);
    after(&in, LATER_US);
    for (unsigned i = 0; i < 3 * OTHERS; i++) {
        uint32_t other = 200000 + i / 3;
        tuple to = {other, TARGET + other, (uint16_t)(1000 + i % 3), (uint16_t)(80 + i % 3)};
        ask(&in, &to);
        answer(&in, &to);
        complete(&in, &to);
        after(&in, 500);
    }
    after(&in, LATER_US);
    for (unsigned i = 0; i < 3; i++) {
        tuple to = {SCANNER, TARGET, (uint16_t)(30000 + i), (uint16_t)(1 + i)};
        ask(&in, &to);
        answer(&in, &to);
    }
    found scan = find(&in, "port_scan");
    g_assert_cmpuint(scan.count, ==, 1);
    g_assert_cmpint(number_of(&scan, TCPT_F_SCAN_TARGETS), ==, 50); /* as it stood */
    tcpt_analysis_free(in.analysis);
}

/* Each address answers, but only when all have been asked; so many of them do. */
static found late_sweep(world *in, unsigned answers)
{
    for (unsigned i = 0; i < 60; i++) {
        ask(in, &(tuple){SCANNER, TARGET + i, (uint16_t)(20000 + i), 443});
        after(in, 20000);
    }
    after(in, 800000);
    for (unsigned i = 60 - answers; i < 60; i++) {
        tuple to = {SCANNER, TARGET + i, (uint16_t)(20000 + i), 443};
        answer(in, &to);
        complete(in, &to);
    }
    return find(in, "port_scan");
}

static void test_late_answers(void)
{
    world in = new_world(), half = new_world();
    found all = late_sweep(&in, 60), some = late_sweep(&half, 30);
    unsigned cases;
    g_assert_cmpuint(all.count, ==, 0);
    tcpt_cases(in.analysis, &cases);
    g_assert_cmpuint(cases, ==, 0);
    g_assert_cmpuint(some.count, ==, 1);
    g_assert_cmpint(number_of(&some, TCPT_F_SCAN_OPEN), ==, 30);
    g_assert_true(says(&some, "the rest silent"));
    tcpt_analysis_free(in.analysis);
    tcpt_analysis_free(half.analysis);
}

/* What became of the very first try is not kept: that makes it no silent one. */
static void test_none_silent(void)
{
    world in = new_world();
    found scan;
    scan_refused(&in, 60, 20000);
    scan = find(&in, "port_scan");
    g_assert_true(says(&scan, "60 of them") && says(&scan, "0 answered."));
    g_assert_false(says(&scan, "silent"));
    tcpt_analysis_free(in.analysis);
}

/* ---- floods ---- */

static void flood(world *in, unsigned syns, unsigned sources, int64_t each_us)
{
    uint32_t first = 100000 + in->frames; /* others each time */
    for (unsigned i = 0; i < syns; i++) {
        tuple to = {first + i % sources, TARGET, (uint16_t)(1024 + i / sources), 80};
        ask(in, &to);
        after(in, each_us);
    }
}

static void test_flood(void)
{
    world in = new_world();
    tuple late = {SCANNER, TARGET, 40000, 80};
    found flooded, unanswered;
    flood(&in, 4000, 4000, 500);
    ask(&in, &late);
    flood(&in, 2000, 2000, 500);
    ask(&in, &late);
    flood(&in, 2000, 2000, 1000);
    ask(&in, &late);
    flooded = find(&in, "syn_flood");
    unanswered = find(&in, "connect_unanswered");
    g_assert_cmpuint(flooded.count, ==, 1);
    g_assert_cmpint(number_of(&flooded, TCPT_F_FLOOD_SYNS), >=, 500);
    g_assert_cmpint(number_of(&flooded, TCPT_F_FLOOD_SOURCES), >=, number_of(&flooded, TCPT_F_FLOOD_SYNS) / 2);
    g_assert_cmpint(number_of(&flooded, TCPT_F_FLOOD_SOURCES), <=, number_of(&flooded, TCPT_F_FLOOD_SYNS) * 2);
    g_assert_cmpint(number_of(&flooded, TCPT_F_FLOOD_COMPLETED), ==, 0);
    g_assert_cmpuint(unanswered.count, ==, 1);
    g_assert_cmpuint(unanswered.consequences, ==, 1);
    tcpt_analysis_free(in.analysis);
}

/* A service that is down, and a few clients that try for ever. */
static void test_few_sources(void)
{
    world in = new_world();
    flood(&in, 2000, 5, 1000);
    g_assert_cmpuint(find(&in, "syn_flood").count, ==, 0);
    tcpt_analysis_free(in.analysis);
}

static void test_too_slow(void)
{
    world in = new_world();
    flood(&in, 1500, 1500, 25000);
    g_assert_cmpuint(find(&in, "syn_flood").count, ==, 0);
    tcpt_analysis_free(in.analysis);
}

/* Closed ports answer each SYN with a RST: these are not told of one by one. */
static void test_refused_flood(void)
{
    world in = new_world();
    for (unsigned i = 0; i < 5000; i++) {
        tuple to = {100000 + i, TARGET, 1024, 80};
        ask(&in, &to);
        refuse(&in, &to);
        after(&in, 1000);
    }
    found refused = find(&in, "connection_refused");
    g_assert_cmpuint(find(&in, "syn_flood").count, ==, 1);
    g_assert_cmpuint(refused.count, <, 1500);
    g_assert_cmpuint(refused.consequences, ==, refused.count);
    tcpt_analysis_free(in.analysis);
}

static void finish(world *in, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        tuple of = {100000 + i % 60, TARGET, (uint16_t)(40000 + i), 80};
        answer(in, &of);
        complete(in, &of);
        after(in, 100);
    }
}

/* So many clients begin at once, and so many of them complete two seconds later: the longest ways, a busy host. */
static world late_rush(unsigned clients, unsigned complete_them)
{
    world in = new_world();
    for (unsigned i = 0; i < clients; i++) {
        tuple of = {100000 + i % 60, TARGET, (uint16_t)(40000 + i), 80};
        ask(&in, &of);
        after(&in, 1000);
    }
    g_assert_cmpuint(find(&in, "syn_flood").count, ==, 1); /* as it stands */
    after(&in, 2000000);
    finish(&in, 0, complete_them);
    return in;
}

static void test_late_rush(void)
{
    world in = late_rush(700, 700), all_but_few = late_rush(700, 640);
    unsigned cases;
    g_assert_cmpuint(find(&in, "syn_flood").count, ==, 0);
    tcpt_cases(in.analysis, &cases);
    g_assert_cmpuint(cases, ==, 0);
    g_assert_cmpuint(find(&all_but_few, "syn_flood").count, ==, 0);
    tcpt_analysis_free(in.analysis);
    tcpt_analysis_free(all_but_few.analysis);
}

/* A flood that is none explains nothing on the flow that it was told on, until the end is forgotten. */
static void test_refuted_explains_nothing(void)
{
    world in = late_rush(700, 0);
    const tcpt_flow *told_on = tcpt_flow_of(find(&in, "syn_flood").last.on);
    g_assert_true(tcpt_is_explained(told_on));
    finish(&in, 0, 700);
    g_assert_cmpuint(find(&in, "syn_flood").count, ==, 0);
    g_assert_false(tcpt_is_explained(told_on) || tcpt_was_explained(told_on));
    ask(&in, &(tuple){100000, TARGET, 40001, 80}); /* the end is told anew */
    g_assert_cmpuint(find(&in, "syn_flood").count, ==, 0);
    g_assert_false(tcpt_is_explained(told_on));
    tcpt_analysis_free(in.analysis);
}

/* Most complete, and the others are refused: as part of the crowd these are told of nowhere else. */
static void test_late_rush_in_part(void)
{
    world in = late_rush(700, 400);
    found rush, refused;
    unsigned cases;
    for (unsigned i = 400; i < 700; i++)
        refuse(&in, &(tuple){100000 + i % 60, TARGET, (uint16_t)(40000 + i), 80});
    rush = find(&in, "syn_flood");
    refused = find(&in, "connection_refused");
    g_assert_cmpuint(rush.count, ==, 1);
    g_assert_cmpint(number_of(&rush, TCPT_F_FLOOD_COMPLETED), ==, 400);
    g_assert_true(says(&rush, "400 of them completed, however late"));
    g_assert_false(says(&rush, "does not answer"));
    g_assert_cmpint(rush.last.diagnosis->confidence, ==, TCPT_LOW);
    g_assert_cmpuint(refused.count, >, 200);
    g_assert_cmpuint(refused.consequences, ==, refused.count);
    g_assert_true(tcpt_cases(in.analysis, &cases)[0]->detector == rush.last.diagnosis->detector);
    g_assert_cmpuint(cases, ==, 1);
    tcpt_analysis_free(in.analysis);
}

/* Real clients in a flood complete, and others' SYNs before it have nothing to do with it. */
static void test_rush_in_flood(void)
{
    world in = late_rush(700, 300);
    found flooded = find(&in, "syn_flood");
    g_assert_cmpuint(flooded.count, ==, 1);
    g_assert_cmpint(number_of(&flooded, TCPT_F_FLOOD_SYNS), ==, 700);
    g_assert_cmpint(number_of(&flooded, TCPT_F_FLOOD_COMPLETED), ==, 300);
    tcpt_analysis_free(in.analysis);
}

/* Thousands of clients begin within a second, and each completes 0.3 s later. */
static void test_rush(void)
{
    enum { CLIENTS = 6000, LATER = 2000 };
    world in = new_world();
    for (unsigned i = 0; i < CLIENTS + LATER; i++) {
        tuple now = {100000 + i, TARGET, 40000, 80}, then = {100000 + i - LATER, TARGET, 40000, 80};
        after(&in, 150);
        if (i < CLIENTS) {
            ask(&in, &now);
            answer(&in, &now);
        }
        if (i >= LATER)
            complete(&in, &then);
    }
    g_assert_cmpuint(find(&in, "syn_flood").count, ==, 0);
    tcpt_analysis_free(in.analysis);
}

void add_crowds_tests(void)
{
    g_test_add_func("/crowds/sweep", test_sweep);
    g_test_add_func("/crowds/scan-grows", test_scan_grows);
    g_test_add_func("/crowds/scan-for-minutes", test_scan_for_minutes);
    g_test_add_func("/crowds/scan-is-over", test_scan_is_over);
    g_test_add_func("/crowds/pauses", test_pauses);
    g_test_add_func("/crowds/told-once", test_told_once);
    g_test_add_func("/crowds/half-answers", test_half_answers);
    g_test_add_func("/crowds/many-at-once", test_many_at_once);
    g_test_add_func("/crowds/forgotten-source", test_forgotten_source);
    g_test_add_func("/crowds/place-taken", test_place_taken);
    g_test_add_func("/crowds/late-answers", test_late_answers);
    g_test_add_func("/crowds/none-silent", test_none_silent);
    g_test_add_func("/crowds/flood", test_flood);
    g_test_add_func("/crowds/few-sources", test_few_sources);
    g_test_add_func("/crowds/too-slow", test_too_slow);
    g_test_add_func("/crowds/refused-flood", test_refused_flood);
    g_test_add_func("/crowds/late-rush", test_late_rush);
    g_test_add_func("/crowds/late-rush-in-part", test_late_rush_in_part);
    g_test_add_func("/crowds/refuted-explains-nothing", test_refuted_explains_nothing);
    g_test_add_func("/crowds/rush-in-flood", test_rush_in_flood);
    g_test_add_func("/crowds/rush", test_rush);
}
