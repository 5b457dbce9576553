/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tracker model by itself: the worked example of the lost window scale, and what its text says in words. What the
 * current rules make of any packet is compared with the running kernel in tests/oracle. */
#include <glib.h>
#include <string.h>

#include "core/tracker/judge.h"
#include "core/tracker/tracker.h"

enum { CLIENT, SERVER };

typedef struct packet_step {
    double at;
    uint8_t from;
    uint8_t flags;
    uint32_t seq;
    uint32_t ack;
    uint16_t win;
    uint32_t payload;
    const char *options; /* "" none, "t" timestamps, "w8" a SYN's with window scale 8 */
} packet_step;

static tcpt_segment segment_of(const packet_step *step)
{
    tcpt_segment segment = {
        .time_ns = (int64_t)(step->at * 1e9),
        .seq = step->seq,
        .ack = step->ack,
        .flags = step->flags,
        .header_bytes = step->options[0] ? 32 : 20,
        .window = step->win,
        .payload_bytes = step->payload,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };

    segment.end_seq = step->seq + step->payload + ((step->flags & TCPT_SYN) != 0) + ((step->flags & TCPT_FIN) != 0);
    if (step->options[0] == 'w') {
        segment.options = TCPT_OPTION_WSCALE | TCPT_OPTION_SACK_PERMITTED;
        segment.wscale = (uint8_t)g_ascii_digit_value(step->options[1]);
    } else if (step->options[0] == 't') {
        segment.options = TCPT_OPTION_TIMESTAMPS;
    }
    return segment;
}

static tcpt_ct_result run(tcpt_ct_entry *entry, const packet_step *step, tcpt_ct_rules rules)
{
    tcpt_segment segment = segment_of(step);
    tcpt_ct_packet packet = tcpt_ct_packet_of(&segment, step->from, false);

    return tcpt_ct_judge(entry, &packet, rules);
}

static const packet_step handshake[] = {
    {0.0, CLIENT, TCPT_SYN, 1000, 0, 64240, 0, "w7"},
    {0.1, SERVER, TCPT_SYN | TCPT_ACK, 5000, 1001, 65535, 0, "w8"},
    {0.2, CLIENT, TCPT_ACK, 1001, 5001, 502, 0, "t"},
};

static void shake_hands(tcpt_ct_entry *entry, tcpt_ct_rules rules)
{
    memset(entry, 0, sizeof *entry);
    for (unsigned i = 0; i < G_N_ELEMENTS(handshake); i++)
        g_assert_cmpint(run(entry, &handshake[i], rules).verdict, ==, TCPT_CT_VALID);
    g_assert_cmpint(entry->state, ==, TCPT_CT_ESTABLISHED);
}

/* ---- the worked example: banner before the third ACK, then a mail in segments of 1,400 bytes ---- */

typedef struct example {
    uint32_t first_invalid_offset; /* UINT32_MAX: none */
    uint32_t first_invalid_ack;    /* offset that it acknowledges */
    bool scale_reset;
} example;

static void note(example *found, const tcpt_ct_result *result, uint32_t offset, uint32_t *first)
{
    found->scale_reset = found->scale_reset || result->scale_reset;
    if (result->verdict == TCPT_CT_INVALID && *first == UINT32_MAX)
        *first = offset;
}

/* The receiver acknowledges every second segment, twenty behind. */
static example send_mail(tcpt_ct_rules rules, const char *banner_options)
{
    enum { SEGMENT = 1400, SEGMENTS = 100, BEHIND = 20 };
    packet_step banner = {0.15, SERVER, TCPT_ACK | TCPT_PSH, 5001, 1001, 267, 50, banner_options};
    packet_step third = {0.2, CLIENT, TCPT_ACK, 1001, 5051, 502, 0, banner_options};
    example found = {UINT32_MAX, UINT32_MAX, false};
    uint32_t none = UINT32_MAX;
    tcpt_ct_entry entry = {0};
    tcpt_ct_result result;

    run(&entry, &handshake[0], rules);
    run(&entry, &handshake[1], rules);
    result = run(&entry, &banner, rules);
    note(&found, &result, 0, &none);
    run(&entry, &third, rules);
    for (uint32_t i = 0; i < SEGMENTS + BEHIND; i++) {
        uint32_t sent = i * SEGMENT, acked = (i - BEHIND) * SEGMENT;
        packet_step data = {0.3 + i * 0.001, CLIENT, TCPT_ACK, 1001 + sent, 5051, 502, SEGMENT, banner_options};
        packet_step ack = {0.3005 + i * 0.001, SERVER, TCPT_ACK, 5051, 1001 + acked, 267, 0, banner_options};

        if (i < SEGMENTS) {
            result = run(&entry, &data, rules);
            note(&found, &result, sent, &found.first_invalid_offset);
        }
        if (i > BEHIND && i % 2 == 0) {
            result = run(&entry, &ack, rules);
            note(&found, &result, acked, &found.first_invalid_ack);
        }
    }
    return found;
}

static void test_scale_lost(void)
{
    example found = send_mail(TCPT_CT_BEFORE_5_18, "t");

    g_assert_true(found.scale_reset);
    g_assert_cmpuint(found.first_invalid_offset, ==, 65800);
    g_assert_cmpuint(found.first_invalid_ack, >, 65800);
    g_assert_cmpuint(found.first_invalid_ack, <=, 65800 + 2 * 1400);
}

static void test_scale_kept_without_options(void)
{
    example found = send_mail(TCPT_CT_BEFORE_5_18, "");

    g_assert_false(found.scale_reset);
    g_assert_cmpuint(found.first_invalid_offset, ==, UINT32_MAX);
    g_assert_cmpuint(found.first_invalid_ack, ==, UINT32_MAX);
}

static void test_scale_kept_by_current_rules(void)
{
    example found = send_mail(TCPT_CT_CURRENT, "t");

    g_assert_false(found.scale_reset);
    g_assert_cmpuint(found.first_invalid_offset, ==, UINT32_MAX);
    g_assert_cmpuint(found.first_invalid_ack, ==, UINT32_MAX);
}

/* ---- one packet after a handshake: a row per test ---- */

typedef struct packet_row {
    const char *name;
    packet_step step;
    struct {
        tcpt_ct_verdict verdict;
        const char *reason;
        tcpt_ct_state state;
    } expect[TCPT_CT_RULE_SETS];
} packet_row;

static const packet_row rows[] = {
    {"data",
     {1, CLIENT, TCPT_ACK, 1001, 5001, 502, 100, "t"},
     {{TCPT_CT_VALID, NULL, TCPT_CT_ESTABLISHED}, {TCPT_CT_VALID, NULL, TCPT_CT_ESTABLISHED}}},
    {"ack-of-nothing-sent",
     {1, CLIENT, TCPT_ACK, 1001, 5002, 502, 0, "t"},
     {{TCPT_CT_INVALID, "ACK is over upper bound", TCPT_CT_ESTABLISHED},
      {TCPT_CT_INVALID, "ACK is over the upper bound (ACKed data not seen yet)", TCPT_CT_ESTABLISHED}}},
    {"a-little-beyond-the-window",
     {1, CLIENT, TCPT_ACK, 1001 + 65536, 5001, 502, 100, "t"},
     {{TCPT_CT_IGNORED, "bytes more than expected", TCPT_CT_ESTABLISHED},
      {TCPT_CT_INVALID, "SEQ is over the upper bound (over the window of the receiver)", TCPT_CT_ESTABLISHED}}},
    {"far-beyond-the-window",
     {1, CLIENT, TCPT_ACK, 1001 + 1000000, 5001, 502, 100, "t"},
     {{TCPT_CT_INVALID, "SEQ is over upper bound", TCPT_CT_ESTABLISHED},
      {TCPT_CT_INVALID, "SEQ is over the upper bound (over the window of the receiver)", TCPT_CT_ESTABLISHED}}},
    {"a-SYN-is-let-pass",
     {1, CLIENT, TCPT_SYN, 9000, 0, 502, 0, "w7"},
     {{TCPT_CT_IGNORED, "packet (index 0) in dir 0 ignored, state ESTABLISHED", TCPT_CT_ESTABLISHED},
      {TCPT_CT_IGNORED, "invalid packet ignored in state ESTABLISHED", TCPT_CT_ESTABLISHED}}},
    {"a-SYN-of-the-server",
     {1, SERVER, TCPT_SYN, 9000, 0, 502, 0, "w7"},
     {{TCPT_CT_INVALID, "packet (index 0) in dir 1 invalid, state ESTABLISHED", TCPT_CT_ESTABLISHED},
      {TCPT_CT_INVALID, "invalid state", TCPT_CT_ESTABLISHED}}},
    {"exact-RST",
     {1, SERVER, TCPT_RST, 5001, 0, 0, 0, ""},
     {{TCPT_CT_VALID, NULL, TCPT_CT_CLOSE}, {TCPT_CT_VALID, NULL, TCPT_CT_CLOSE}}},
    {"RST-in-the-window",
     {1, SERVER, TCPT_RST, 5011, 0, 0, 0, ""},
     {{TCPT_CT_VALID, NULL, TCPT_CT_ESTABLISHED}, {TCPT_CT_VALID, NULL, TCPT_CT_ESTABLISHED}}},
    {"RST-below",
     {1, SERVER, TCPT_RST, 5000, 0, 0, 0, ""},
     {{TCPT_CT_INVALID, "invalid rst", TCPT_CT_ESTABLISHED}, {TCPT_CT_INVALID, "invalid rst", TCPT_CT_ESTABLISHED}}},
    {"FIN-alone",
     {1, SERVER, TCPT_FIN, 5001, 0, 0, 0, ""},
     {{TCPT_CT_INVALID, "invalid tcp flag combination", TCPT_CT_ESTABLISHED},
      {TCPT_CT_INVALID, "invalid tcp flag combination", TCPT_CT_ESTABLISHED}}},
    {"after-six-days",
     {500000, SERVER, TCPT_ACK, 5001, 1001, 100, 0, "t"},
     {{TCPT_CT_VALID, NULL, TCPT_CT_ESTABLISHED}, {TCPT_CT_VALID, NULL, TCPT_CT_ESTABLISHED}}},
    {"RST-after-six-days",
     {500000, SERVER, TCPT_RST, 5001, 0, 0, 0, ""},
     {{TCPT_CT_INVALID, "invalid new", TCPT_CT_NONE}, {TCPT_CT_INVALID, "invalid new", TCPT_CT_NONE}}},
};

static void test_row(gconstpointer data)
{
    const packet_row *row = data;

    for (unsigned rules = 0; rules < TCPT_CT_RULE_SETS; rules++) {
        char text[TCPT_CT_REASON_BYTES];
        tcpt_ct_entry entry;
        tcpt_ct_result result;

        shake_hands(&entry, (tcpt_ct_rules)rules);
        result = run(&entry, &row->step, (tcpt_ct_rules)rules);
        g_assert_cmpstr(tcpt_ct_verdict_name((tcpt_ct_verdict)result.verdict), ==,
                        tcpt_ct_verdict_name(row->expect[rules].verdict));
        g_assert_cmpstr(tcpt_ct_state_name((tcpt_ct_state)result.state), ==,
                        tcpt_ct_state_name(row->expect[rules].state));
        g_assert_cmpstr(tcpt_ct_reason_text(result.reason, (tcpt_ct_rules)rules, text), ==, row->expect[rules].reason);
    }
}

/* ---- timeouts ---- */

static int64_t left_seconds(const tcpt_ct_entry *entry, double at)
{
    return (entry->expires_ns - (int64_t)(at * 1e9)) / 1000000000;
}

/** Bad checksums behind jumps of the capture's clock, there and back: no entry outlasts the longest timeout. */
static void test_jumps(void)
{
    static const packet_step bad = {3, CLIENT, TCPT_ACK, 1001, 5001, 502, 100, ""};
    const int64_t far_ns = TCPT_TIME_LAST_NS, longest_ns = 432000 * TCPT_SECOND_NS;
    const struct {
        int64_t time_ns, jump_ns;
    } steps[] = {{far_ns, far_ns - 1}, {3 * TCPT_SECOND_NS, 0}, {far_ns, far_ns - 1}, {far_ns, far_ns - 1}};
    tcpt_ct_entry entry;

    shake_hands(&entry, TCPT_CT_CURRENT);
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        tcpt_segment segment = segment_of(&bad);
        tcpt_ct_packet packet;

        segment.time_ns = steps[i].time_ns;
        packet = tcpt_ct_packet_of(&segment, CLIENT, true);
        packet.jump_ns = steps[i].jump_ns;
        tcpt_ct_judge(&entry, &packet, TCPT_CT_CURRENT);
        g_assert_cmpint(entry.expires_ns, >, 0);
        g_assert_cmpint(entry.expires_ns, <=, far_ns + longest_ns);
    }
}

static void test_timeouts(void)
{
    static const packet_step data = {1, CLIENT, TCPT_ACK, 1001, 5001, 502, 100, ""};
    static const packet_step ack = {2, SERVER, TCPT_ACK, 5001, 1101, 267, 0, ""};
    static const packet_step fin = {3, CLIENT, TCPT_ACK | TCPT_FIN, 1101, 5001, 502, 0, ""};
    static const packet_step fin_ack = {4, SERVER, TCPT_ACK, 5001, 1102, 267, 0, ""};
    static const packet_step late = {65, SERVER, TCPT_ACK | TCPT_FIN, 5001, 1102, 267, 0, ""};
    tcpt_ct_entry entry;

    shake_hands(&entry, TCPT_CT_CURRENT);
    run(&entry, &data, TCPT_CT_CURRENT);
    g_assert_cmpint(left_seconds(&entry, 1), ==, 300); /* unacknowledged data */
    run(&entry, &ack, TCPT_CT_CURRENT);
    g_assert_cmpint(left_seconds(&entry, 2), ==, 432000);
    run(&entry, &fin, TCPT_CT_CURRENT);
    g_assert_cmpint(left_seconds(&entry, 3), ==, 120);
    run(&entry, &fin_ack, TCPT_CT_CURRENT);
    g_assert_cmpint(left_seconds(&entry, 4), ==, 60);
    g_assert_cmpint(run(&entry, &late, TCPT_CT_CURRENT).reason, ==, TCPT_CT_INVALID_NEW);
}

/** What tcp_new() and tcp_in_window() make of a SYN where there is no entry, by either rule set. */
static void test_first_syn(void)
{
    static const packet_step syns[] = {{7, SERVER, TCPT_SYN, 1000, 0, 64240, 0, "w7"},
                                       {7, SERVER, TCPT_SYN, 1000, 0, 0, 500, ""}};
    static const tcpt_ct_side opened[][2] = {
        {{.end = 1001, .max_end = 1001, .max_win = 64240, .scale = 7, .flags = TCPT_CT_WINDOW_SCALE | TCPT_CT_SACK},
         {.max_end = 64240}},
        {{.end = 1501, .max_end = 1501, .max_win = 1}, {.max_end = 1}}};

    for (unsigned i = 0; i < G_N_ELEMENTS(syns); i++)
        for (unsigned rules = 0; rules < TCPT_CT_RULE_SETS; rules++) {
            tcpt_ct_entry entry = {0};
            tcpt_ct_result result = run(&entry, &syns[i], (tcpt_ct_rules)rules);

            g_assert_cmpuint(result.verdict, ==, TCPT_CT_VALID);
            g_assert_cmpuint(result.state, ==, TCPT_CT_SYN_SENT);
            g_assert_cmpmem(entry.sides, sizeof entry.sides, opened[i], sizeof opened[i]);
            g_assert_cmpint(left_seconds(&entry, 7), ==, 120);
            g_assert_cmpuint(entry.state, ==, TCPT_CT_SYN_SENT);
            g_assert_cmpuint(entry.initiator, ==, SERVER);
            g_assert_cmpuint(entry.last_class, ==, TCPT_CT_CLASS_SYN);
        }
}

static void test_size(void)
{
    g_assert_cmpuint(sizeof(tcpt_ct_entry), <=, 160);
    g_assert_cmpuint(sizeof(tcpt_flow) + sizeof(tcpt_tracker), <=, 1536);
}

/* Every value a record can hold has a text that fits, or none. */
static void test_reason_texts(void)
{
    for (unsigned reason = 0; reason <= UINT8_MAX; reason++)
        for (unsigned rules = 0; rules < TCPT_CT_RULE_SETS; rules++) {
            char text[TCPT_CT_REASON_BYTES];

            if (tcpt_ct_reason_text((uint8_t)reason, (tcpt_ct_rules)rules, text))
                g_assert_cmpuint(strlen(text), <, TCPT_CT_REASON_BYTES);
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tracker/scale/lost-before-5.18", test_scale_lost);
    g_test_add_func("/tracker/scale/kept-without-options", test_scale_kept_without_options);
    g_test_add_func("/tracker/scale/kept-by-current-rules", test_scale_kept_by_current_rules);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *path = g_strconcat("/tracker/packet/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
        g_free(path);
    }
    g_test_add_func("/tracker/timeouts", test_timeouts);
    g_test_add_func("/tracker/jumps", test_jumps);
    g_test_add_func("/tracker/first-syn", test_first_syn);
    g_test_add_func("/tracker/size", test_size);
    g_test_add_func("/tracker/reason-texts", test_reason_texts);
    return g_test_run();
}
