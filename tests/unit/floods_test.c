/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floods: what is one, what only looks like one, and what becomes of what they explain. */
#include <glib.h>
#include <string.h>

#include "tcptriage/analysis.h"
#include "tcptriage/cases.h"
#include "tcptriage/queries.h"
#include "unit.h"
#include "world.h"

static void flood(world *in, unsigned syns, unsigned sources, int64_t each_us)
{
    uint32_t first = 100000 + in->frames; /* others each time */
    for (unsigned i = 0; i < syns; i++) {
        tuple to = {first + i % sources, TARGET, (uint16_t)(1024 + i / sources), 80};
        world_ask(in, &to);
        world_after(in, each_us);
    }
}

static void test_flood(void)
{
    world in = world_new();
    tuple late = {SCANNER, TARGET, 40000, 80};
    found flooded, unanswered;
    flood(&in, 4000, 4000, 500);
    world_ask(&in, &late);
    flood(&in, 2000, 2000, 500);
    world_ask(&in, &late);
    flood(&in, 2000, 2000, 1000);
    world_ask(&in, &late);
    flooded = world_find(&in, "syn_flood");
    unanswered = world_find(&in, "connect_unanswered");
    g_assert_cmpuint(flooded.count, ==, 1);
    g_assert_cmpint(found_number(&flooded, TCPT_F_FLOOD_SYNS), >=, 500);
    g_assert_cmpint(found_number(&flooded, TCPT_F_FLOOD_SOURCES), >=, found_number(&flooded, TCPT_F_FLOOD_SYNS) / 2);
    g_assert_cmpint(found_number(&flooded, TCPT_F_FLOOD_SOURCES), <=, found_number(&flooded, TCPT_F_FLOOD_SYNS) * 2);
    g_assert_cmpint(found_number(&flooded, TCPT_F_FLOOD_COMPLETED), ==, 0);
    g_assert_cmpuint(unanswered.count, ==, 1);
    g_assert_cmpuint(unanswered.consequences, ==, 1);
    tcpt_analysis_free(in.analysis);
}

/* A service that is down, and a few clients that try for ever. */
static void test_few_sources(void)
{
    world in = world_new();
    flood(&in, 2000, 5, 1000);
    g_assert_cmpuint(world_find(&in, "syn_flood").count, ==, 0);
    tcpt_analysis_free(in.analysis);
}

static void test_too_slow(void)
{
    world in = world_new();
    flood(&in, 1500, 1500, 25000);
    g_assert_cmpuint(world_find(&in, "syn_flood").count, ==, 0);
    tcpt_analysis_free(in.analysis);
}

/* Closed ports answer each SYN with a RST: these are not told of one by one. */
static void test_refused_flood(void)
{
    world in = world_new();
    for (unsigned i = 0; i < 5000; i++) {
        tuple to = {100000 + i, TARGET, 1024, 80};
        world_ask(&in, &to);
        world_refuse(&in, &to);
        world_after(&in, 1000);
    }
    found refused = world_find(&in, "connection_refused");
    g_assert_cmpuint(world_find(&in, "syn_flood").count, ==, 1);
    g_assert_cmpuint(refused.count, <, 1500);
    g_assert_cmpuint(refused.consequences, ==, refused.count);
    tcpt_analysis_free(in.analysis);
}

static void finish(world *in, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        tuple of = {100000 + i % 60, TARGET, (uint16_t)(40000 + i), 80};
        world_answer(in, &of);
        world_complete(in, &of);
        world_after(in, 100);
    }
}

/* So many clients begin at once, and so many of them complete two seconds later: the longest ways, a busy host. */
static world late_rush(unsigned clients, unsigned complete_them)
{
    world in = world_new();
    for (unsigned i = 0; i < clients; i++) {
        tuple of = {100000 + i % 60, TARGET, (uint16_t)(40000 + i), 80};
        world_ask(&in, &of);
        world_after(&in, 1000);
    }
    g_assert_cmpuint(world_find(&in, "syn_flood").count, ==, 1); /* as it stands */
    world_after(&in, 2000000);
    finish(&in, 0, complete_them);
    return in;
}

static void test_late_rush(void)
{
    world in = late_rush(700, 700), all_but_few = late_rush(700, 640);
    unsigned cases;
    g_assert_cmpuint(world_find(&in, "syn_flood").count, ==, 0);
    tcpt_cases(in.analysis, &cases);
    g_assert_cmpuint(cases, ==, 0);
    g_assert_cmpuint(world_find(&all_but_few, "syn_flood").count, ==, 0);
    tcpt_analysis_free(in.analysis);
    tcpt_analysis_free(all_but_few.analysis);
}

/* A flood that is none explains nothing on the flow that it was told on, until the end is forgotten. */
static void test_refuted_explains_nothing(void)
{
    world in = late_rush(700, 0);
    const tcpt_flow *told_on = tcpt_flow_of(world_find(&in, "syn_flood").last.on);
    g_assert_true(tcpt_is_explained(told_on));
    finish(&in, 0, 700);
    g_assert_cmpuint(world_find(&in, "syn_flood").count, ==, 0);
    g_assert_false(tcpt_is_explained(told_on) || tcpt_was_explained(told_on));
    world_ask(&in, &(tuple){100000, TARGET, 40001, 80}); /* the end is told anew */
    g_assert_cmpuint(world_find(&in, "syn_flood").count, ==, 0);
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
        world_refuse(&in, &(tuple){100000 + i % 60, TARGET, (uint16_t)(40000 + i), 80});
    rush = world_find(&in, "syn_flood");
    refused = world_find(&in, "connection_refused");
    g_assert_cmpuint(rush.count, ==, 1);
    g_assert_cmpint(found_number(&rush, TCPT_F_FLOOD_COMPLETED), ==, 400);
    g_assert_true(found_says(&rush, "400 of them completed, however late"));
    g_assert_false(found_says(&rush, "does not answer"));
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
    found flooded = world_find(&in, "syn_flood");
    g_assert_cmpuint(flooded.count, ==, 1);
    g_assert_cmpint(found_number(&flooded, TCPT_F_FLOOD_SYNS), ==, 700);
    g_assert_cmpint(found_number(&flooded, TCPT_F_FLOOD_COMPLETED), ==, 300);
    tcpt_analysis_free(in.analysis);
}

/* Thousands of clients begin within a second, and each completes 0.3 s later. */
static void test_rush(void)
{
    enum { CLIENTS = 6000, LATER = 2000 };
    world in = world_new();
    for (unsigned i = 0; i < CLIENTS + LATER; i++) {
        tuple now = {100000 + i, TARGET, 40000, 80}, then = {100000 + i - LATER, TARGET, 40000, 80};
        world_after(&in, 150);
        if (i < CLIENTS) {
            world_ask(&in, &now);
            world_answer(&in, &now);
        }
        if (i >= LATER)
            world_complete(&in, &then);
    }
    g_assert_cmpuint(world_find(&in, "syn_flood").count, ==, 0);
    tcpt_analysis_free(in.analysis);
}

void add_floods_tests(void)
{
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
