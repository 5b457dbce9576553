/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scans: what is one, what only looks like one, and what becomes of what they explain. */
#include <glib.h>
#include <string.h>

#include "core/peers/identity.h"
#include "core/peers/tallies.h"
#include "tcptriage/analysis.h"
#include "tcptriage/cases.h"
#include "tcptriage/detector.h"
#include "tcptriage/queries.h"
#include "unit.h"
#include "world.h"

/* ---- scans ---- */

/* Of so many addresses each in so many answers, the others refuse. */
static world sweep(unsigned addresses, unsigned each_in)
{
    world in = world_new();
    for (unsigned i = 0; i < addresses; i++) {
        tuple to = {SCANNER, TARGET + i, (uint16_t)(40000 + i), 445};
        world_ask(&in, &to);
        world_after(&in, 5000);
        if (i % each_in == each_in - 1)
            world_answer(&in, &to);
        else
            world_refuse(&in, &to);
        world_after(&in, 50000);
    }
    return in;
}

static void test_sweep(void)
{
    world in = sweep(80, 1000);
    unsigned cases;
    found scan = world_find(&in, "port_scan"), refused = world_find(&in, "connection_refused");
    g_assert_cmpuint(scan.count, ==, 1);
    g_assert_cmpint(found_number(&scan, TCPT_F_SCAN_TARGETS), >=, 70); /* an estimate from 64 on */
    g_assert_cmpint(found_number(&scan, TCPT_F_SCAN_TARGETS), <=, 80);
    g_assert_cmpint(found_number(&scan, TCPT_F_SCAN_OPEN), ==, 0);
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
        world_ask(in, &target);
        if (port % 10 == 1 && port > from)
            world_answer(in, &before);
        else if (port % 10 != 0)
            world_refuse(in, &target);
        world_after(in, each_us);
    }
}

static void test_scan_grows(void)
{
    world in = world_new();
    found scan;
    for (unsigned i = 0; i < 55; i++) {
        tuple to = {SCANNER, TARGET, (uint16_t)(20000 + i), (uint16_t)(2001 + i)};
        world_ask(&in, &to);
        world_refuse(&in, &to);
        world_after(&in, 50000);
    }
    scan_ports(&in, 3001, 3102, 50000);
    scan = world_find(&in, "port_scan");
    g_assert_cmpuint(scan.count, ==, 1);
    g_assert_cmpint(found_number(&scan, TCPT_F_SCAN_OPEN), ==, 10);
    g_assert_cmpint(found_number(&scan, TCPT_F_SCAN_TARGETS), >, 110);
    g_assert_cmpint(found_number(&scan, TCPT_F_SCAN_TARGETS), <=, 156);
    tcpt_analysis_free(in.analysis);
}

/* Over several minutes; each counts by itself what is needed for a scan, all of them what it came to. */
static void test_scan_for_minutes(void)
{
    world in = world_new();
    found scan;
    scan_ports(&in, 3001, 3402, 1000000);
    scan = world_find(&in, "port_scan");
    g_assert_cmpuint(scan.count, ==, 1);
    g_assert_cmpint(found_number(&scan, TCPT_F_SCAN_OPEN), ==, 40);
    g_assert_cmpint(found_number(&scan, TCPT_F_SCAN_TARGETS), >, 300);
    tcpt_analysis_free(in.analysis);
}

/* What the client does minutes later, and is answered, is no part of its scan. */
static void test_scan_is_over(void)
{
    world in = sweep(60, 1000);
    found scan;
    world_after(&in, INT64_C(200000000));
    for (unsigned i = 0; i < 30; i++) {
        tuple to = {SCANNER, TARGET + 1000 + i, (uint16_t)(50000 + i), 445};
        world_ask(&in, &to);
        world_answer(&in, &to);
        world_complete(&in, &to);
        world_after(&in, 100000);
    }
    scan = world_find(&in, "port_scan");
    g_assert_cmpint(found_number(&scan, TCPT_F_SCAN_OPEN), ==, 0);
    g_assert_cmpint(found_number(&scan, TCPT_F_SCAN_TARGETS), ==, 60);
    tcpt_analysis_free(in.analysis);
}

/* What met the first tries behind a pause, before it was known again, is told of as a whole, too; not what the source
 * meets when all is over. */
static void test_pauses(void)
{
    tuple later = {SCANNER, TARGET + 1, 50000, 80};
    world in = world_new();
    unsigned cases;
    scan_ports(&in, 1001, 1201, 50000);
    world_after(&in, 300 * INT64_C(1000000));
    scan_ports(&in, 2001, 2201, 50000);
    found refused = world_find(&in, "connection_refused");
    g_assert_cmpuint(refused.count, >, 50); /* before it was known, and before it was known again */
    g_assert_cmpuint(refused.consequences, ==, refused.count);
    tcpt_cases(in.analysis, &cases);
    g_assert_cmpuint(cases, ==, 1);
    world_after(&in, 100 * INT64_C(1000000));
    world_ask(&in, &later);
    world_refuse(&in, &later);
    refused = world_find(&in, "connection_refused");
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
            world_ask(&in, &to);
            world_after(&in, 1000);
            world_refuse(&in, &to);
        }
    g_assert_cmpuint(world_find(&in, "port_scan").count, ==, 2);
    tcpt_analysis_free(in.analysis);
}

static void test_half_answers(void)
{
    world in = sweep(80, 2);
    g_assert_cmpuint(world_find(&in, "port_scan").count, ==, 0);
    g_assert_cmpuint(world_find(&in, "connection_refused").count, ==, 40);
    tcpt_analysis_free(in.analysis);
}

/* As a crawler does; the answers are on their way. */
static void test_many_at_once(void)
{
    enum { ADDRESSES = 400 };
    world in = world_new();
    for (unsigned i = 0; i < 2 * ADDRESSES; i++) {
        tuple to = {SCANNER, TARGET + i % ADDRESSES, (uint16_t)(40000 + i % ADDRESSES), 443};
        world_after(&in, 700);
        if (i < ADDRESSES) {
            world_ask(&in, &to);
            continue;
        }
        world_answer(&in, &to);
        world_complete(&in, &to);
    }
    g_assert_cmpuint(world_find(&in, "port_scan").count, ==, 0);
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
    world in = world_new();
    uint32_t other = 1000;
    found scan;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < PORTS; i++) {
            tuple to = {SCANNER, TARGET, (uint16_t)(20000 + PORTS * round + i), (uint16_t)(1001 + i)};
            world_ask(&in, &to);
            world_refuse(&in, &to);
            world_after(&in, 15000);
        }
        world_after(&in, 61000000);
        while (place_of_source(++other) != place_of_source(SCANNER))
            continue;
        world_ask(&in, &(tuple){other, TARGET + 1000, 1234, 80});
    }
    scan = world_find(&in, "port_scan");
    g_assert_cmpuint(scan.count, ==, 1);
    g_assert_cmpint(found_number(&scan, TCPT_F_SCAN_TARGETS), <=,
                    PORTS + 1); /* the very first one is counted without its port */
    tcpt_analysis_free(in.analysis);
}

static void scan_refused(world *in, unsigned ports, uint16_t client_port)
{
    for (unsigned i = 0; i < ports; i++) {
        tuple to = {SCANNER, TARGET, (uint16_t)(client_port + i), (uint16_t)(1 + i)};
        world_ask(in, &to);
        world_refuse(in, &to);
        world_after(in, 20000);
    }
}

/* Its place goes to others, and later to another scan of the same kind: of that the first one says nothing. */
static void test_place_taken(void)
{
    enum { OTHERS = 6000, LATER_US = 700000000 };
    world in = world_new();
    scan_refused(&in, 80, 20000);
    world_after(&in, LATER_US);
    for (unsigned i = 0; i < 3 * OTHERS; i++) {
        uint32_t other = 200000 + i / 3;
        tuple to = {other, TARGET + other, (uint16_t)(1000 + i % 3), (uint16_t)(80 + i % 3)};
        world_ask(&in, &to);
        world_answer(&in, &to);
        world_complete(&in, &to);
        world_after(&in, 500);
    }
    world_after(&in, LATER_US);
    for (unsigned i = 0; i < 3; i++) {
        tuple to = {SCANNER, TARGET, (uint16_t)(30000 + i), (uint16_t)(1 + i)};
        world_ask(&in, &to);
        world_answer(&in, &to);
    }
    found scan = world_find(&in, "port_scan");
    g_assert_cmpuint(scan.count, ==, 1);
    g_assert_cmpint(found_number(&scan, TCPT_F_SCAN_TARGETS), ==, 50); /* as it stood */
    tcpt_analysis_free(in.analysis);
}

/* Each address answers, but only when all have been asked; so many of them do. */
static found late_sweep(world *in, unsigned answers)
{
    for (unsigned i = 0; i < 60; i++) {
        world_ask(in, &(tuple){SCANNER, TARGET + i, (uint16_t)(20000 + i), 443});
        world_after(in, 20000);
    }
    world_after(in, 800000);
    for (unsigned i = 60 - answers; i < 60; i++) {
        tuple to = {SCANNER, TARGET + i, (uint16_t)(20000 + i), 443};
        world_answer(in, &to);
        world_complete(in, &to);
    }
    return world_find(in, "port_scan");
}

static void test_late_answers(void)
{
    world in = world_new(), half = world_new();
    found all = late_sweep(&in, 60), some = late_sweep(&half, 30);
    unsigned cases;
    g_assert_cmpuint(all.count, ==, 0);
    tcpt_cases(in.analysis, &cases);
    g_assert_cmpuint(cases, ==, 0);
    g_assert_cmpuint(some.count, ==, 1);
    g_assert_cmpint(found_number(&some, TCPT_F_SCAN_OPEN), ==, 30);
    g_assert_true(found_says(&some, "the rest silent"));
    tcpt_analysis_free(in.analysis);
    tcpt_analysis_free(half.analysis);
}

/* What became of the very first try is not kept: that makes it no silent one. */
static void test_none_silent(void)
{
    world in = world_new();
    found scan;
    scan_refused(&in, 60, 20000);
    scan = world_find(&in, "port_scan");
    g_assert_true(found_says(&scan, "60 of them") && found_says(&scan, "0 answered."));
    g_assert_false(found_says(&scan, "silent"));
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
}
