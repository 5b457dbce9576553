/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables and trees of a capture that has more than a reader looks through: the gravest are listed, all are counted. */
#include <string.h>

#include <glib.h>

#include "case_tree.h"
#include "flows.h"
#include "tcptriage/analysis.h"
#include "tcptriage/times.h"
#include "unit.h"

enum { CLIENT, SERVER };

/** A capture while it is made. */
typedef struct tape {
    tcpt_analysis *analysis;
    uint32_t client;
    uint32_t server;
    int64_t now_ns;
    uint32_t frame;
    bool damaged; /**< what comes next */
} tape;

static tape tape_begin(void)
{
    tcpt_settings settings = tcpt_settings_default();

    return (tape){.analysis = tcpt_analysis_new(&settings), .now_ns = INT64_C(1700000000) * TCPT_SECOND_NS};
}

static void tape_say(tape *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t bytes)
{
    uint8_t client[4] = {10, (uint8_t)(on->client >> 16), (uint8_t)(on->client >> 8), (uint8_t)on->client};
    uint8_t server[4] = {172, 16, (uint8_t)(on->server >> 8), (uint8_t)on->server};
    tcpt_segment segment = {
        .time_ns = on->now_ns += TCPT_MS_NS,
        .frame = ++on->frame,
        .point_name = "near",
        .depth = 1,
        .family = 4,
        .ttl = 64,
        .has_ip_id = true,
        .ip_id = (uint16_t)on->frame,
        .src = from == CLIENT ? client : server,
        .dst = from == CLIENT ? server : client,
        .src_port = from == CLIENT ? 40000 : 80,
        .dst_port = from == CLIENT ? 80 : 40000,
        .seq = seq,
        .ack = ack,
        .payload_bytes = bytes,
        .end_seq = seq + bytes + !!(flags & TCPT_SYN) + !!(flags & TCPT_FIN),
        .flags = flags,
        .header_bytes = 20,
        .window = 10000,
        .checksum_is = on->damaged ? TCPT_CHECKSUM_WRONG : TCPT_CHECKSUM_GOOD,
    };

    tcpt_analyse(on->analysis, &segment);
}

static void tape_open(tape *on)
{
    tape_say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
    tape_say(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
    tape_say(on, CLIENT, TCPT_ACK, 1001, 9001, 0);
}

static void tape_unanswered(tape *on)
{
    for (unsigned i = 0; i < 4; i++) {
        tape_say(on, CLIENT, TCPT_SYN, 1000, 0, 0);
        on->now_ns += 2 * TCPT_SECOND_NS;
    }
}

static tcpt_model *tape_model(const tape *on)
{
    return tcpt_model_new(&(tcpt_report){.analysis = on->analysis, .least = TCPT_CHAT});
}

static char *tape_text(const tape *on, void (*report)(GString *, const tcpt_model *))
{
    tcpt_model *model = tape_model(on);
    GString *text = g_string_new(NULL);

    report(text, model);
    tcpt_model_free(model);
    tcpt_analysis_free(on->analysis);
    return g_string_free(text, FALSE);
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        g_error("no \"%s\" in:\n%.4000s", part, text);
}

static unsigned lines_with(const char *text, const char *part)
{
    unsigned count = 0;

    while ((text = strstr(text, part)) != NULL) {
        text++;
        count++;
    }
    return count;
}

/* The one that failed came last. */
static void test_rows(void)
{
    enum { MORE = 7 };
    tape on = tape_begin();
    char *text;

    for (on.client = 1; on.client < TCPT_FLOW_ROWS + MORE; on.client++)
        tape_open(&on);
    tape_unanswered(&on);
    text = tape_text(&on, tcpt_report_flows);
    assert_has(text, "5007 connections, the failed ones first");
    g_assert_true(strstr(text, "no_answer") && strstr(text, "no_answer") < strstr(text, " open "));
    g_assert_cmpuint(lines_with(text, " -> ") + lines_with(text, "172.16.0.0:80"), ==, TCPT_FLOW_ROWS);
    assert_has(text, "7 more are not listed: 5000 rows are the most");
    g_free(text);
}

static void test_no_rows(void)
{
    tape on = tape_begin();
    char *text = tape_text(&on, tcpt_report_flows);

    g_assert_cmpstr(text, ==, "0 connections\n");
    g_free(text);
}

/* Nothing is known of a connection of which only damaged segments were seen. */
static void test_damaged_row(void)
{
    tape on = tape_begin();
    char *text;

    tape_open(&on);
    for (uint32_t i = 0; i < 20; i++)
        tape_say(&on, CLIENT, TCPT_ACK, 1001 + i, 9001, 1);
    on.server = 1;
    on.damaged = true;
    tape_say(&on, CLIENT, TCPT_ACK, 5001, 7001, 100);
    text = tape_text(&on, tcpt_report_flows);
    g_assert_cmpuint(lines_with(text, "172.16.0.1:80"), ==, 1);
    assert_has(text, "2 connections");
    g_free(text);
}

/* Rows of more than twice the most are sorted while they come. */
static void test_rows_of_many(void)
{
    tape on = tape_begin();
    tcpt_model *model;
    GArray *rows;
    uint64_t left_out;

    for (on.client = 1; on.client <= 3 * TCPT_FLOW_ROWS; on.client++)
        if (on.client % TCPT_FLOW_ROWS == 0)
            tape_unanswered(&on);
        else
            tape_open(&on);
    model = tape_model(&on);
    rows = tcpt_flow_rows(model, &left_out);
    g_assert_cmpuint(rows->len, ==, TCPT_FLOW_ROWS);
    g_assert_cmpuint(left_out, ==, 2 * TCPT_FLOW_ROWS);
    for (unsigned i = 0; i < 4; i++)
        g_assert_cmpint(g_array_index(rows, tcpt_flow_row, i).outcome == TCPT_OUTCOME_NO_ANSWER, ==, i < 3);
    g_array_free(rows, TRUE);
    tcpt_model_free(model);
    tcpt_analysis_free(on.analysis);
}

static void test_cases(void)
{
    enum { PAIRS = 130 };
    tape on = tape_begin();
    char *text;

    for (on.client = on.server = 1; on.client <= PAIRS; on.client++, on.server++)
        tape_unanswered(&on);
    text = tape_text(&on, tcpt_report_case_tree);
    assert_has(text, "130 findings in 50 cases");
    assert_has(text, "\n50. ");
    g_assert_null(strstr(text, "\n51. "));
    assert_has(text, "more cases, none graver: 50 are listed [80]");
    g_free(text);
}

/* The server sends its SYN-ACK again, though the handshake is done: 30 times at one port. */
static void test_flows(void)
{
    tape on = tape_begin();
    char *text;

    for (on.client = 1; on.client <= 30; on.client++) {
        tape_open(&on);
        tape_say(&on, CLIENT, TCPT_ACK, 1001, 9001, 100);
        on.now_ns += TCPT_SECOND_NS;
        tape_say(&on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
    }
    text = tape_text(&on, tcpt_report_case_tree);
    assert_has(text, "cause: accept_queue_overflow [30]");
    g_assert_cmpuint(lines_with(text, ":40000 -> 172.16.0.0:80"), ==, 10);
    assert_has(text, "more connections: 10 are listed [20]");
    g_free(text);
}

/* Two kinds of findings on 40 connections: more than one case has room for. */
static void test_room(void)
{
    tape on = tape_begin();
    char *text;

    for (on.client = 1; on.client <= 40; on.client++) {
        tape_open(&on);
        tape_say(&on, CLIENT, TCPT_ACK, 1001, 9001, 100);
        on.now_ns += TCPT_SECOND_NS;
        tape_say(&on, SERVER, TCPT_SYN | TCPT_ACK, 9000, 1001, 0);
        on.now_ns += TCPT_SECOND_NS;
        tape_say(&on, CLIENT, TCPT_ACK, 1001, 9001, 100);
        tape_say(&on, SERVER, TCPT_ACK, 9001, 1101, 0);
        tape_say(&on, CLIENT, TCPT_ACK, 1001, 9001, 100);
        on.now_ns += TCPT_SECOND_NS;
        tape_say(&on, CLIENT, TCPT_ACK, 1001, 9001, 100);
    }
    text = tape_text(&on, tcpt_report_case_tree);
    assert_has(text, "cause: accept_queue_overflow [40]");
    assert_has(text, "acked_data_retransmitted [40]");
    g_assert_cmpuint(lines_with(text, "more connections: 30 rows are listed of this case [33]"), ==, 2);
    g_assert_cmpuint(lines_with(text, "\n         frame "), ==, 14);
    g_free(text);
}

/* Data that were acknowledged are sent again, 15 times. */
static void test_frames(void)
{
    tape on = tape_begin();
    char *text;

    tape_open(&on);
    tape_say(&on, CLIENT, TCPT_ACK, 1001, 9001, 100);
    tape_say(&on, SERVER, TCPT_ACK, 9001, 1101, 0);
    for (unsigned i = 0; i < 15; i++) {
        on.now_ns += TCPT_SECOND_NS;
        tape_say(&on, CLIENT, TCPT_ACK, 1001, 9001, 100);
        tape_say(&on, SERVER, TCPT_ACK, 9001, 1101, 0);
    }
    text = tape_text(&on, tcpt_report_case_tree);
    assert_has(text, "acked_data_retransmitted [15]");
    assert_has(text, "more findings of this connection: 5 are listed [10]");
    g_free(text);
}

void add_tables_tests(void)
{
    g_test_add_func("/tables/rows", test_rows);
    g_test_add_func("/tables/no-rows", test_no_rows);
    g_test_add_func("/tables/damaged-row", test_damaged_row);
    g_test_add_func("/tables/rows-of-many", test_rows_of_many);
    g_test_add_func("/tables/cases", test_cases);
    g_test_add_func("/tables/flows", test_flows);
    g_test_add_func("/tables/room", test_room);
    g_test_add_func("/tables/frames", test_frames);
}
