/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a lone SYN is kept as makes the flow that it would have been: against an analysis that keeps none. */
#include <glib.h>

#include "core/flow/commit.h"
#include "same.h"
#include "tcptriage/times.h"

enum { SEGMENTS = 200000, HOSTS = 64 };

static uint32_t below(uint32_t most)
{
    return (uint32_t)g_test_rand_int_range(0, (int32_t)most);
}

static void random_bytes(uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        bytes[i] = (uint8_t)below(256);
}

/* Mostly SYNs, of few and of many hosts, and what is none or none that may rest. */
static tcpt_segment random_segment(uint8_t addresses[2][16], uint32_t frame, int64_t now_ns)
{
    static const uint8_t flags[] = {
        TCPT_SYN, TCPT_SYN, TCPT_SYN, TCPT_SYN | TCPT_ECE | TCPT_CWR, TCPT_SYN | TCPT_PSH, TCPT_SYN | TCPT_ACK,
        TCPT_ACK, TCPT_RST};
    tcpt_segment segment = {
        .time_ns = below(50) ? now_ns : now_ns - (int64_t)below(1000) * TCPT_SECOND_NS,
        .frame = frame,
        .depth = 1,
        .family = below(3) ? 4 : 6,
        .ttl = (uint8_t)below(256),
        .src = addresses[0],
        .dst = addresses[1],
        .src_port = (uint16_t)(1024 + below(60000)),
        .dst_port = (uint16_t)(80 + below(3)),
        .seq = g_test_rand_int(),
        .flags = flags[below(G_N_ELEMENTS(flags))],
        .window = (uint16_t)below(65536),
        .checksum = (uint16_t)below(65536),
        .options = (uint8_t)(below(4) ? below(256) : 0),
        .wscale = (uint8_t)below(15),
        .fast_open_bytes = (uint8_t)below(16),
        .mss = (uint16_t)below(9000),
        .tsval = g_test_rand_int(),
        .header_bytes = (uint8_t)(24 + 4 * below(10)), /* as it has options */
        .payload_bytes = below(10) ? 0 : below(1400),
        .checksum_is = (tcpt_checksum)(below(10) ? below(2) : below(6)),
        .pad_bytes = (uint8_t)(below(20) ? 0 : below(18)),
    };

    random_bytes(addresses[0], 16);
    random_bytes(addresses[1], 16);
    if (below(2))
        memset(addresses[0], (int)below(HOSTS), 16);
    if (below(2))
        memset(addresses[1], (int)below(HOSTS), 16);
    segment.has_ip_id = segment.family == 4;
    segment.ip_id = (uint16_t)(segment.has_ip_id ? below(65536) : 0);
    segment.ack = segment.flags & TCPT_ACK ? g_test_rand_int() : 0;
    if (!(segment.options & TCPT_OPTION_TIMESTAMPS))
        segment.tsval = 0;
    segment.end_seq = segment.seq + segment.payload_bytes + !!(segment.flags & TCPT_SYN);
    return segment;
}

static void test_same(void)
{
    tcpt_settings settings = tcpt_settings_default();
    tcpt_analysis *small = tcpt_analysis_new(&settings), *full = tcpt_analysis_new(&settings);
    int64_t now_ns = INT64_C(1700000000000000000);
    unsigned lone = 0;

    tcpt_expect_pictures(full); /* what is drawn from is noted of each segment: no flow rests */
    for (uint32_t frame = 1; frame <= SEGMENTS; frame++) {
        uint8_t addresses[2][16];
        tcpt_segment segment = random_segment(addresses, frame, now_ns);
        tcpt_record *a = tcpt_analyse(small, &segment), *b = tcpt_analyse(full, &segment);

        now_ns += below(1000) * TCPT_MS_NS;
        same_records(a, b);
        g_assert_false(tcpt_is_lone(b->owner));
        lone += tcpt_is_lone(a->owner);
        if (below(2)) /* the others stay as they are */
            same_flow(tcpt_flow_of(a), tcpt_flow_of(b));
    }
    g_assert_cmpuint(lone, >, SEGMENTS / 4);
    g_assert_cmpuint(tcpt_analysis_totals(small).flows, ==, tcpt_analysis_totals(full).flows);
    tcpt_analysis_free(small);
    tcpt_analysis_free(full);
}

/* What the end tells of a SYN alone is told without its flow, and the flow is made where that is a finding. */
static void test_end(void)
{
    tcpt_settings settings = tcpt_settings_default();
    tcpt_analysis *small = tcpt_analysis_new(&settings), *full = tcpt_analysis_new(&settings);
    uint64_t outcomes[2][TCPT_OUTCOMES] = {{0}};
    const tcpt_flow *awake;
    unsigned told = 0, asleep = 0;

    tcpt_expect_pictures(full);
    for (uint32_t frame = 1; frame <= SEGMENTS; frame++) {
        uint8_t addresses[2][16];
        tcpt_segment segment = random_segment(addresses, frame, TCPT_SECOND_NS + frame * TCPT_MS_NS);
        tcpt_record *a = tcpt_analyse(small, &segment), *b = tcpt_analyse(full, &segment);

        if (below(10))
            continue;
        tcpt_settle_record(small, a);
        tcpt_settle(full, tcpt_flow_of(b));
        if (!tcpt_is_lone(a->owner))
            same_list(tcpt_first_end_diagnosis(tcpt_flow_of(a)), tcpt_first_end_diagnosis(tcpt_flow_of(b)));
        else
            g_assert_null(tcpt_first_end_diagnosis(tcpt_flow_of(b)));
    }
    tcpt_settle_all(small);
    tcpt_settle_all(full);
    awake = tcpt_first_awake_flow(small);
    tcpt_count_lone_outcomes(small, outcomes[0]);
    for (const tcpt_flow *flow = tcpt_first_flow(full); flow; flow = flow->next) {
        outcomes[1][tcpt_outcome_of(flow)]++;
        told += tcpt_first_end_diagnosis(flow) != NULL;
        if (!awake || awake->number != flow->number) {
            asleep++;
            g_assert_null(tcpt_first_end_diagnosis(flow));
            continue;
        }
        outcomes[0][tcpt_outcome_of(awake)]++;
        same_list(tcpt_first_end_diagnosis(awake), tcpt_first_end_diagnosis(flow));
        awake = awake->next;
    }
    g_assert_null(awake);
    g_assert_true(memcmp(outcomes[0], outcomes[1], sizeof outcomes[0]) == 0);
    g_assert_cmpuint(told, >, 100);
    g_assert_cmpuint(asleep, >, 100);
    tcpt_analysis_free(small);
    tcpt_analysis_free(full);
}

/* All flows are in order, whichever rested. */
static void test_order(void)
{
    tcpt_settings settings = tcpt_settings_default();
    tcpt_analysis *analysis = tcpt_analysis_new(&settings);
    uint32_t number = 0;

    for (uint32_t frame = 1; frame <= 2000; frame++) {
        uint8_t addresses[2][16];
        tcpt_segment segment = random_segment(addresses, frame, frame * TCPT_SECOND_NS);
        tcpt_record *record = tcpt_analyse(analysis, &segment);

        if (frame % 3 == 0)
            tcpt_flow_of(record);
        if (frame % 500 == 0)
            tcpt_first_flow(analysis);
        if (frame % 700 == 0)
            for (const tcpt_flow *flow = tcpt_first_awake_flow(analysis); flow; flow = flow->next)
                g_assert_true(!flow->next || flow->next->number > flow->number);
    }
    for (const tcpt_flow *flow = tcpt_first_flow(analysis); flow; flow = flow->next)
        g_assert_cmpuint(flow->number, ==, number++);
    g_assert_cmpuint(number, ==, tcpt_analysis_totals(analysis).flows);
    tcpt_analysis_free(analysis);
}

/* What a flood takes: the table's places included, and all that is not counted here below 256. */
static void test_size(void)
{
    g_assert_cmpuint(sizeof(tcpt_lone), <=, 128);
    g_assert_cmpuint(sizeof(tcpt_lone) + sizeof(tcpt_record), <=, 160);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lone/same", test_same);
    g_test_add_func("/lone/end", test_end);
    g_test_add_func("/lone/order", test_order);
    g_test_add_func("/lone/size", test_size);
    return g_test_run();
}
