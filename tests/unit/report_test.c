/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report: times, frames and filters as Wireshark has them, whatever was left out or asked for. */
#include <string.h>

#include <glib.h>

#include "case_text.h"
#include "model.h"
#include "renumber.h"
#include "tcptriage/analysis.h"
#include "tcptriage/times.h"
#include "text.h"
#include "unit.h"

enum { CLIENT, SERVER };

static const int64_t begin_ns = INT64_C(1700000000) * TCPT_SECOND_NS;

/** A capture while it is made. */
typedef struct tape {
    tcpt_analysis *analysis;
    uint8_t client[4];
    uint16_t port;
    uint32_t point;
    uint8_t depth;
    int64_t now_ns;
    uint32_t frame;
    uint32_t iss; /**< of the client */
    bool options_cut;
    uint32_t bytes;    /**< payload of what is said */
    GHashTable *asked; /**< every record from here on; NULL for none */
} tape;

static tape tape_begin(uint32_t ephemeral_ports)
{
    tcpt_settings settings = tcpt_settings_default();

    settings.ephemeral_ports = ephemeral_ports;
    return (tape){.analysis = tcpt_analysis_new(&settings),
                  .client = {192, 0, 2, 1},
                  .port = 40000,
                  .depth = 1,
                  .now_ns = begin_ns,
                  .iss = 1000};
}

static void tape_say(tape *on, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack)
{
    static const uint8_t server[4] = {198, 51, 100, 1};
    tcpt_segment segment = {
        .time_ns = on->now_ns += TCPT_MS_NS,
        .frame = ++on->frame,
        .point = on->point,
        .point_name = on->point ? "far" : "near",
        .depth = on->depth,
        .family = 4,
        .ttl = 64,
        .has_ip_id = true,
        .options_cut = on->options_cut,
        .ip_id = (uint16_t)on->frame,
        .src = from == CLIENT ? on->client : server,
        .dst = from == CLIENT ? server : on->client,
        .src_port = from == CLIENT ? on->port : 80,
        .dst_port = from == CLIENT ? 80 : on->port,
        .seq = seq,
        .ack = ack,
        .payload_bytes = on->bytes,
        .end_seq = seq + on->bytes + !!(flags & TCPT_SYN) + !!(flags & TCPT_FIN),
        .flags = flags,
        .header_bytes = 20,
        .window = 10000,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };

    tcpt_record *newest = tcpt_analyse(on->analysis, &segment);
    if (on->asked)
        g_hash_table_add(on->asked, newest);
}

static void tape_open(tape *on)
{
    tape_say(on, CLIENT, TCPT_SYN, on->iss, 0);
    tape_say(on, SERVER, TCPT_SYN | TCPT_ACK, 9000, on->iss + 1);
    tape_say(on, CLIENT, TCPT_ACK, on->iss + 1, 9001);
}

/* A note: rst_seq_mismatch. */
static void tape_open_and_reset(tape *on)
{
    tape_open(on);
    tape_say(on, CLIENT, TCPT_RST, on->iss + 101, 0);
}

/* Ends the tape. */
static char *tape_report(tape *on, tcpt_report report)
{
    GString *text = g_string_new(NULL);
    tcpt_model *model;

    tcpt_settle_all(on->analysis);
    report.analysis = on->analysis;
    if (!report.zero_ns)
        report.zero_ns = begin_ns;
    model = tcpt_model_new(&report);
    tcpt_report_text(text, model);
    tcpt_model_free(model);
    tcpt_analysis_free(on->analysis);
    return g_string_free(text, FALSE);
}

static void assert_has(const char *text, const char *piece)
{
    if (!strstr(text, piece))
        g_error("\"%s\" is not in:\n%s", piece, text);
}

static void assert_lacks(const char *text, const char *piece)
{
    if (strstr(text, piece))
        g_error("\"%s\" is in:\n%s", piece, text);
}

/* ---- times ---- */

static void test_times(void)
{
    tape on = tape_begin(28232);
    char *text;

    tape_open_and_reset(&on);
    text = tape_report(&on, (tcpt_report){.zero_ns = begin_ns - 3600 * TCPT_SECOND_NS});
    assert_has(text, "frame 4 at 3600.004000 s (2023-11-14 22:13:20.004 UTC); evidence: frame 2");
    g_free(text);
}

static void test_fine_times(void)
{
    tape on = tape_begin(28232);
    char *text;

    tape_open_and_reset(&on);
    text = tape_report(&on, (tcpt_report){.zero_ns = begin_ns - 1});
    assert_has(text, "frame 4 at 0.004000001 s (");
    g_free(text);
}

/* The capture's first frame need not be the earliest. */
static void test_negative_times(void)
{
    tape on = tape_begin(28232);
    char *text;

    tape_open_and_reset(&on);
    text = tape_report(&on, (tcpt_report){.zero_ns = begin_ns + 5 * TCPT_SECOND_NS});
    assert_has(text, "frame 4 at -4.996000 s (");
    g_free(text);
}

/* ---- what it cost ---- */

static const struct cost {
    const char *name;
    int64_t delay_ns;
    uint32_t flows;
    const char *told;
} costs[] = {
    {"long", 60 * TCPT_SECOND_NS, 1, "60.0 s"},  {"each", 300 * TCPT_SECOND_NS, 5, "60.0 s each"},
    {"least", 50 * TCPT_MS_NS, 1, "0.1 s"},      {"too-short", 49 * TCPT_MS_NS, 1, ""},
    {"too-short-each", 100 * TCPT_MS_NS, 5, ""}, {"unknown", 0, 1, ""},
};

static void test_cost(gconstpointer data)
{
    const struct cost *row = data;
    tcpt_case made = {.delay_ns = row->delay_ns, .flow_count = row->flows};
    char *text = tcpt_case_cost(&made);

    g_assert_cmpstr(text, ==, row->told);
    g_free(text);
}

/* ---- frames that a read filter left out ---- */

static uint32_t half_of_even(uint32_t frame)
{
    return frame % 2 ? 0 : frame / 2;
}

static const struct sentence {
    const char *name, *before, *after;
} sentences[] = {
    {"none", "No number here", "No number here"},
    {"shown", "answered in frame 8, at last", "answered in frame 4, at last"},
    {"left-out", "frame 7: gone", "frame 7 of the unfiltered file: gone"},
    {"several", "frame 8 and frame 9 (frame 10)", "frame 4 and frame 9 of the unfiltered file (frame 5)"},
    {"no-frame", "this frame 8s after; frame rate; timeframe ", "this frame 4s after; frame rate; timeframe "},
    {"end", "until frame 4294967294", "until frame 2147483647"},
    {"too-large", "frame 4294967298", "frame 4294967298 of the unfiltered file"},
    {"word-at-the-end", "frame ", "frame "},
};

static void test_sentence(gconstpointer data)
{
    const struct sentence *row = data;
    char *text = tcpt_renumbered(row->before, half_of_even);

    g_assert_cmpstr(text, ==, row->after);
    g_free(text);
}

static void test_left_out(void)
{
    tape on = tape_begin(28232);
    char *text;

    tape_open_and_reset(&on); /* on frame 4, evidence frame 2 */
    on.port++;
    tape_say(&on, CLIENT, TCPT_SYN, 5000, 0);
    on.port++;
    tape_open_and_reset(&on); /* on frame 9 */
    text = tape_report(&on, (tcpt_report){.shown = half_of_even});
    assert_has(text, "0 warnings, 1 note,");
    assert_has(text, "1 finding on frames that the read filter has left out");
    assert_has(text, "frames 2 and 1 more, the first at 0.004000 s (2023-11-14 22:13:20.004 UTC);");
    assert_has(text, "frame 1\n");
    g_free(text);
}

/* ---- filters ---- */

/* Two findings of a kind in one flow, as two RSTs are, are one case. */
static void test_case_filter(void)
{
    tape on = tape_begin(28232);
    char *text;

    tape_open_and_reset(&on);
    on.now_ns += TCPT_SECOND_NS;
    tape_say(&on, CLIENT, TCPT_RST, 1201, 0);
    text = tape_report(&on, (tcpt_report){0});
    assert_has(text, "1 note: ");
    assert_has(text, "frames 4, 5, the first at 0.004000 s");
    assert_has(text, "    Filter     tcptriage.case eq 1\n");
    assert_lacks(text, "2. ");
    g_free(text);
}

/* ---- long runs ---- */

/* RSTs, 100 in all; the newest ones are asked for, or all. */
static char *report_run(unsigned asked_for)
{
    enum { RESETS = 100 };
    GHashTable *asked = asked_for ? g_hash_table_new(NULL, NULL) : NULL;
    tape on = tape_begin(28232);
    char *text;

    tape_open(&on);
    for (unsigned i = 0; i < RESETS; i++) {
        on.asked = RESETS - i <= asked_for ? asked : NULL;
        tape_say(&on, CLIENT, TCPT_RST, 1101 + i, 0);
    }
    text = tape_report(&on, (tcpt_report){.asked = asked});
    if (asked)
        g_hash_table_destroy(asked);
    return text;
}

static void test_run(void)
{
    char *text = report_run(0);

    assert_has(text, "0 warnings, 100 notes,");
    assert_has(text, "frames 4, 5, 6, 7, 8, 9, 10, 11 and 92 more, the first at 0.004000 s");
    assert_has(text, "Of alike findings in one connection 16 are kept one by one: 83 more are told as");
    assert_lacks(text, "frame.number in");
    g_free(text);
}

static void test_run_asked_for(void)
{
    char *text = report_run(3);

    assert_has(text, "0 warnings, 3 notes,");
    assert_has(text, "frames 101, 102, 103; evidence: frame 2\n");
    g_free(text);
}

/* A frame with several TCP layers may have a cause in each: it is one frame. */
static void test_two_layers(void)
{
    tape on = tape_begin(28232);
    char *text;

    tape_open(&on);
    on.port++;
    tape_open(&on);
    tape_say(&on, CLIENT, TCPT_RST, on.iss + 101, 0);
    on.port--;
    on.frame--;
    on.now_ns -= TCPT_MS_NS;
    tape_say(&on, CLIENT, TCPT_RST, on.iss + 101, 0);
    text = tape_report(&on, (tcpt_report){0});
    assert_has(text, "2 connections");
    assert_has(text, "Frames     frame 7 at 0.007000 s");
    g_free(text);
}

/* ---- port pressure ---- */

/* Two clients with three of twenty ports each: the first one's pressure is not asked for. */
static void test_pressure_asked_for(void)
{
    tape on = tape_begin(20);
    GHashTable *asked = g_hash_table_new(NULL, NULL);
    char *text;

    for (unsigned client = 1; client <= 2; client++) {
        on.client[3] = (uint8_t)client;
        on.asked = client == 1 ? NULL : asked;
        for (unsigned i = 0; i < 3; i++, on.port++)
            tape_open(&on);
    }
    on.port--;
    tape_say(&on, CLIENT, TCPT_RST, 1101, 0); /* a finding: else all is told in one line */
    text = tape_report(&on, (tcpt_report){.asked = asked});
    g_hash_table_destroy(asked);
    assert_has(text, "\nPort pressure: the most ports that a client had open or in TIME-WAIT at once\n\n"
                     "  192.0.2.2 -> 198.51.100.1:80, 3 of 20 ports (15 %), frame 18 at 0.018000 s\n"
                     "    Filter     frame.number eq 18 || (ip.src eq 192.0.2.2 && ip.dst eq 198.51.100.1 && "
                     "tcp.dstport eq 80 && tcp.flags.syn eq 1)\n");
    assert_lacks(text, "192.0.2.1 ->");
    g_free(text);
}

/* ---- capture points with nothing in common ---- */

/* Its words, one space between two. */
static char *in_one_line(const char *text)
{
    GString *line = g_string_new(NULL);

    for (; *text; text++)
        if (!g_ascii_isspace(*text))
            g_string_append_c(line, *text);
        else if (line->len > 0 && line->str[line->len - 1] != ' ')
            g_string_append_c(line, ' ');
    return g_string_free(line, FALSE);
}

static void assert_apart(tape *on, const char *why)
{
    char *text = tape_report(on, (tcpt_report){0}), *line = in_one_line(text);

    assert_has(text, "\nCapture points\n\n  Nothing was seen at more than one of these 2 capture points: ");
    assert_has(line, why);
    assert_has(text, "    near: ");
    assert_has(text, "    far: 4 segments, 2023-11-14 22:13:20 to 2023-11-14 22:13:20 UTC\n");
    g_free(line);
    g_free(text);
}

static void test_apart_traffic(void)
{
    tape on = tape_begin(28232);

    tape_open_and_reset(&on);
    on.point = 1;
    on.port++;
    on.iss += 50000;
    tape_open_and_reset(&on);
    assert_apart(&on, "They hold other traffic,");
}

/* The two interfaces of a tap. */
static void test_apart_directions(void)
{
    tape on = tape_begin(28232);

    for (unsigned i = 0; i < 4; i++) {
        on.point = 0;
        tape_say(&on, CLIENT, TCPT_ACK, 1001 + i, 9001 + i);
        on.point = 1;
        tape_say(&on, SERVER, TCPT_ACK, 9001 + i, 1001 + i);
    }
    on.point = 0;
    on.port++;
    tape_open_and_reset(&on); /* a finding: else all is told in one line */
    assert_apart(&on, "each has one direction of the connections,");
}

static void test_apart_times(void)
{
    tape on = tape_begin(28232);

    on.now_ns -= 3600 * TCPT_SECOND_NS;
    tape_open_and_reset(&on);
    on.now_ns = begin_ns;
    on.point = 1;
    on.iss += 50000;
    tape_open_and_reset(&on);
    assert_apart(&on, "were seen at other times.");
}

/* A proxy that keeps the client's address. */
static void test_apart_segments(void)
{
    static const uint32_t far_numbers = 2000000000;
    tape on = tape_begin(28232);

    tape_open(&on);
    on.point = 1;
    on.iss += far_numbers;
    tape_open_and_reset(&on);
    on.point = 0;
    on.iss -= far_numbers;
    tape_say(&on, CLIENT, TCPT_RST, on.iss + 101, 0);
    assert_apart(&on, "a device between them ends the connections and opens its own");
}

/* What passes an interface in a tunnel and beside it. */
static void test_one_interface(void)
{
    tape on = tape_begin(28232);
    char *text;

    tape_open_and_reset(&on);
    on.depth = 2;
    on.port++;
    on.iss += 50000;
    tape_open_and_reset(&on);
    text = tape_report(&on, (tcpt_report){0});
    assert_has(text, " at near, 2 IP headers deep (");
    assert_lacks(text, "Capture points");
    g_free(text);
}

/* ---- what could not be judged ---- */

static void test_clean(void)
{
    tape on = tape_begin(28232);
    char *text;

    tape_open(&on);
    text = tape_report(&on, (tcpt_report){0});
    assert_has(text, "Clean: nothing found");
    assert_lacks(text, "in part");
    assert_lacks(text, "reset");
    g_free(text);
}

/* What the application calls "connection reset by peer". */
static void test_clean_with_reset(void)
{
    tape on = tape_begin(28232);
    char *text;

    tape_open(&on);
    on.port++;
    tape_open(&on);
    tape_say(&on, CLIENT, TCPT_RST, on.iss + 1, 0);
    text = tape_report(&on, (tcpt_report){0});
    assert_has(text, "Clean: nothing found");
    assert_has(text, "\n1 connection ended in a reset that nothing speaks against: tcp.flags.reset == 1\n");
    g_free(text);
}

/* A request, an answer of which the client has acknowledged `acked` bytes of 3000, and the server's reset behind it. */
static char *report_of_answer(uint32_t acked)
{
    tape on = tape_begin(28232);

    tape_open(&on);
    on.bytes = 100;
    tape_say(&on, CLIENT, TCPT_ACK, on.iss + 1, 9001);
    on.bytes = 1000;
    for (uint32_t at = 0; at < 3000; at += 1000)
        tape_say(&on, SERVER, TCPT_ACK, 9001 + at, on.iss + 101);
    on.bytes = 0;
    tape_say(&on, CLIENT, TCPT_ACK, on.iss + 101, 9001 + acked);
    tape_say(&on, SERVER, TCPT_RST | TCPT_ACK, 12001, on.iss + 101);
    return tape_report(&on, (tcpt_report){0});
}

static void test_answer_cut_short(void)
{
    char *text = report_of_answer(1000);

    assert_has(text, "\n1 connection ended in a reset that nothing speaks against, 1 of them by the server inside its "
                     "answer (2000 bytes not acknowledged): tcp.flags.reset == 1\n");
    g_free(text);
    text = report_of_answer(3000);
    assert_has(text, "1 connection ended in a reset that nothing speaks against: tcp.flags.reset == 1\n");
    g_free(text);
}

/* The SYN-ACK and all that the server sent are not in the capture, though the client goes on. */
static void test_one_direction(void)
{
    tape on = tape_begin(28232);
    char *text;

    tape_open(&on);
    on.port++;
    tape_say(&on, CLIENT, TCPT_SYN, on.iss, 0);
    tape_say(&on, CLIENT, TCPT_ACK, on.iss + 1, 9001);
    text = tape_report(&on, (tcpt_report){0});
    assert_lacks(text, "Clean");
    assert_has(text, "1 of 2 connections seen in part only");
    g_free(text);
}

static void test_one_direction_and_a_note(void)
{
    tape on = tape_begin(28232);
    char *text;

    tape_open_and_reset(&on);
    on.port++;
    tape_say(&on, CLIENT, TCPT_SYN, on.iss, 0);
    tape_say(&on, CLIENT, TCPT_ACK, on.iss + 1, 9001);
    text = tape_report(&on, (tcpt_report){0});
    assert_has(text, "1 connection captured in one direction only");
    g_free(text);
}

/* A snap length that ends in the TCP header. */
static void test_options_cut(void)
{
    for (unsigned cut = 0; cut < 2; cut++) {
        tape on = tape_begin(28232);
        char *text;

        on.options_cut = cut;
        tape_open_and_reset(&on);
        text = tape_report(&on, (tcpt_report){0});
        g_assert_true((strstr(text, "(snap length)") != NULL) == cut);
        g_free(text);
    }
}

void add_report_tests(void)
{
    g_test_add_func("/report/options-cut", test_options_cut);
    g_test_add_func("/report/clean", test_clean);
    g_test_add_func("/report/clean-with-reset", test_clean_with_reset);
    g_test_add_func("/report/answer-cut-short", test_answer_cut_short);
    for (unsigned i = 0; i < G_N_ELEMENTS(costs); i++) {
        char *path = g_strdup_printf("/report/cost/%s", costs[i].name);
        g_test_add_data_func(path, &costs[i], test_cost);
        g_free(path);
    }
    g_test_add_func("/report/one-direction", test_one_direction);
    g_test_add_func("/report/one-direction-and-a-note", test_one_direction_and_a_note);
    g_test_add_func("/report/apart/traffic", test_apart_traffic);
    g_test_add_func("/report/apart/directions", test_apart_directions);
    g_test_add_func("/report/apart/times", test_apart_times);
    g_test_add_func("/report/apart/segments", test_apart_segments);
    g_test_add_func("/report/apart/one-interface", test_one_interface);
    g_test_add_func("/report/times", test_times);
    g_test_add_func("/report/run", test_run);
    g_test_add_func("/report/run-asked-for", test_run_asked_for);
    g_test_add_func("/report/fine-times", test_fine_times);
    g_test_add_func("/report/negative-times", test_negative_times);
    for (unsigned i = 0; i < G_N_ELEMENTS(sentences); i++) {
        char *path = g_strdup_printf("/report/renumbered/%s", sentences[i].name);

        g_test_add_data_func(path, &sentences[i], test_sentence);
        g_free(path);
    }
    g_test_add_func("/report/left-out", test_left_out);
    g_test_add_func("/report/case-filter", test_case_filter);
    g_test_add_func("/report/two-layers", test_two_layers);
    g_test_add_func("/report/pressure-asked-for", test_pressure_asked_for);
}
