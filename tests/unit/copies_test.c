/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Second copies of a packet: what is one, how long it may take, and which packet it is the copy of. */
#include <glib.h>

#include "tcptriage/analysis.h"
#include "tcptriage/times.h"
#include "unit.h"

static const uint8_t addresses[2][4] = {{192, 0, 2, 1}, {198, 51, 100, 1}};

/** A data segment of one of many connections, `us` microseconds after the capture began. */
static tcpt_segment data(uint16_t port, uint32_t seq, uint16_t ip_id, int64_t us)
{
    static uint32_t frame;

    return (tcpt_segment){
        .time_ns = 1700000000 * TCPT_SECOND_NS + us * 1000,
        .frame = ++frame,
        .family = 4,
        .has_ip_id = true,
        .ip_id = ip_id,
        .src = addresses[0],
        .dst = addresses[1],
        .src_port = port,
        .dst_port = 80,
        .seq = seq,
        .ack = 1,
        .end_seq = seq + 100,
        .payload_bytes = 100,
        .flags = TCPT_ACK,
        .header_bytes = 20,
        .window = 1000,
        .checksum = 0x1234,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };
}

static tcpt_analysis *begin(void)
{
    tcpt_settings settings = tcpt_settings_default();

    return tcpt_analysis_new(&settings);
}

/** Whether the same bytes under the same IP ID, so much later or earlier, count as the same packet. */
static bool copy_after(uint16_t ip_id, int64_t us)
{
    tcpt_analysis *analysis = begin();
    tcpt_segment first = data(40000, 1000, ip_id, 0), second = data(40000, 1000, ip_id, us);
    const tcpt_record *record;
    bool copy;

    tcpt_analyse(analysis, &first);
    record = tcpt_analyse(analysis, &second);
    copy = record->copy;
    g_assert_cmpuint(record->same_as, ==, copy ? first.frame : 0);
    tcpt_analysis_free(analysis);
    return copy;
}

/* 200 ms with an IP ID, 1 ms without. */
static void test_age(void)
{
    g_assert_true(copy_after(7, 0));
    g_assert_true(copy_after(7, 199999));
    g_assert_true(copy_after(7, -199999));
    g_assert_false(copy_after(7, 200000));
    g_assert_false(copy_after(7, -200000));
    g_assert_true(copy_after(0, 999));
    g_assert_false(copy_after(0, 1000));
}

/* Times are kept short. However much later, the same segment is no copy. */
static void test_age_of_days(void)
{
    static const int64_t ages_us[] = {INT64_C(1) << 31, INT64_C(1) << 32, INT64_C(1) << 33, INT64_C(3) << 31};

    for (unsigned i = 0; i < G_N_ELEMENTS(ages_us); i++)
        for (int64_t off_us = -2; off_us <= 2; off_us++) {
            g_assert_false(copy_after(7, ages_us[i] + off_us));
            g_assert_false(copy_after(0, ages_us[i] + off_us));
            g_assert_false(copy_after(7, -ages_us[i] + off_us));
        }
}

/** A capture of an old file, that began so much before or after the one it is appended to. */
static void test_age_across_a_pause(gconstpointer pause_us)
{
    int64_t later_us = *(const int64_t *)pause_us;
    tcpt_analysis *analysis = begin();
    tcpt_segment segments[3] = {data(40000, 1000, 1, 0), data(40000, 1100, 2, later_us - 100000),
                                data(40000, 1200, 3, later_us)};

    for (unsigned i = 0; i < G_N_ELEMENTS(segments); i++)
        g_assert_false(tcpt_analyse(analysis, &segments[i])->copy);
    for (unsigned i = G_N_ELEMENTS(segments); i-- > 0;) {
        tcpt_segment again = segments[i];
        tcpt_record *record;
        again.frame = 100 + i;
        again.time_ns = segments[2].time_ns + 1000;
        record = tcpt_analyse(analysis, &again);
        g_assert_true(record->copy == (i > 0));
        g_assert_cmpuint(record->same_as, ==, i > 0 ? segments[i].frame : 0);
    }
    tcpt_analysis_free(analysis);
}

/* The original is known however many packets of other connections lie between. */
static void test_original_behind_others(void)
{
    enum { OTHERS = 20000 };
    tcpt_analysis *analysis = begin();
    tcpt_segment first = data(40000, 1000, 7, 0), second = data(40000, 1000, 7, 1000);
    tcpt_record *original = tcpt_analyse(analysis, &first), *copy;

    for (unsigned i = 0; i < OTHERS; i++) {
        tcpt_segment other = data((uint16_t)(1 + i), 5000, (uint16_t)i, 500);
        tcpt_analyse(analysis, &other);
    }
    copy = tcpt_analyse(analysis, &second);
    g_assert_true(copy->copy);
    g_assert_cmpuint(copy->same_as, ==, first.frame);
    g_assert_cmpuint(original->same_as, ==, second.frame);
    g_assert_true(original->copied);
    tcpt_analysis_free(analysis);
}

/* Of several with the same numbers, the one that has its IP ID. */
static void test_original_among_repeats(void)
{
    tcpt_analysis *analysis = begin();
    tcpt_segment sent[3] = {data(40000, 1000, 1, 0), data(40000, 1000, 2, 50000), data(40000, 1000, 3, 100000)};
    tcpt_segment copy = sent[1];

    for (unsigned i = 0; i < G_N_ELEMENTS(sent); i++)
        g_assert_false(tcpt_analyse(analysis, &sent[i])->copy);
    copy.frame = 100;
    g_assert_cmpuint(tcpt_analyse(analysis, &copy)->same_as, ==, sent[1].frame);
    tcpt_analysis_free(analysis);
}

void add_copies_tests(void)
{
    static const int64_t pauses_us[] = {INT64_C(1) << 30, (INT64_C(1) << 31) + 7, INT64_C(1) << 32, INT64_C(1) << 40};

    g_test_add_func("/copies/age", test_age);
    g_test_add_func("/copies/age-of-days", test_age_of_days);
    for (unsigned i = 0; i < G_N_ELEMENTS(pauses_us); i++) {
        char *path = g_strdup_printf("/copies/pause/%u", i);
        g_test_add_data_func(path, &pauses_us[i], test_age_across_a_pause);
        g_free(path);
    }
    g_test_add_func("/copies/original-behind-others", test_original_behind_others);
    g_test_add_func("/copies/original-among-repeats", test_original_among_repeats);
}
