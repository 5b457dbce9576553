/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to do: nothing that the capture has answered, and commands with the case's addresses and ports. */
#include <glib.h>
#include <string.h>

#include "bench.h"
#include "remedy.h"
#include "tcptriage/detector.h"
#include "unit.h"

static const uint8_t home[4] = {127, 0, 0, 1}, other_home[4] = {127, 0, 0, 2}, host[4] = {192, 0, 2, 1},
                     v6_home[16] = {[15] = 1}, v6_host[16] = {0x20, 1, 0xd, 0xb8, [15] = 1},
                     v6_server[16] = {0x20, 1, 0xd, 0xb8, [15] = 2};

static const char advice[] = "Capture at the other side. Update the device on the path. Restart the server.";

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "ss -ltn 'sport = :%port%'", "listening?"},
    {TCPT_ON_CLIENT, "tcpdump -ni any '%traffic%'", "arriving?"},
    {TCPT_ON_OTHER, "ss -tn '%socket%'", "known?"},
    {TCPT_ON_BLAMED, "ip route get %other% from %host%", "which way?"},
    {TCPT_ON_CLIENT, "traceroute -nT -p %port% %server%", "how far?"},
    {TCPT_ON_THE_WAY, "conntrack -L -f %family% -s %client% -d %server%", "tracked?"},
    {0},
};

/* A row that asks for all of it. */
static tcpt_detector asking(tcpt_blame blames)
{
    tcpt_detector detector = *bench_detector("connection_refused");

    detector.remedy = advice;
    detector.commands = commands;
    detector.blames = blames;
    return detector;
}

/* All that is asked for, the sentences first, a line each. To be freed. */
static char *all_of(tcpt_remedy remedy)
{
    char *sentences = tcpt_remedy_advice(&remedy);
    GString *text = g_string_new(sentences);
    tcpt_asked command;

    for (unsigned at = 0; tcpt_next_command(&remedy, &at, &command); tcpt_asked_clear(&command))
        g_string_append_printf(text, "\n%s %s: %s", command.on, command.host ? command.host : "-", command.line);
    g_free(sentences);
    return g_string_free(text, FALSE);
}

/* What is asked for about a lone SYN; takes `all` over. */
static void assert_all(char *all, const char *wanted)
{
    g_assert_cmpstr(all, ==, wanted);
    g_free(all);
}

static tcpt_remedy remedy_of(tcpt_record *on, const tcpt_detector *detector)
{
    tcpt_diagnosis diagnosis = {.detector = detector};
    tcpt_finding finding = {.diagnosis = &diagnosis, .on = on};

    return tcpt_remedy_of_finding(&finding);
}

static void test_one_point(void)
{
    tcpt_detector detector = asking(TCPT_BLAMES_SENDER);
    bench on;

    bench_open(&on);
    assert_all(all_of(remedy_of(bench_syn(&on, 1, 2), &detector)),
               "Capture at the other side. Update the device on the path. Restart the server.\n"
               "server 198.51.100.2: ss -ltn 'sport = :80'\n"
               "client 192.0.2.1: tcpdump -ni any 'tcp port 80 and host 198.51.100.2 and host 192.0.2.1'\n"
               "server 198.51.100.2: ss -tn 'sport = :80 and dst 192.0.2.1'\n"
               "client 192.0.2.1: ip route get 198.51.100.2 from 192.0.2.1\n"
               "client 192.0.2.1: traceroute -nT -p 80 198.51.100.2\n"
               "way -: conntrack -L -f ipv4 -s 192.0.2.1 -d 198.51.100.2");
    bench_close(&on);
}

/* What is captured next is told apart, with what hangs on it. */
static void test_capture_apart(void)
{
    tcpt_detector detector = asking(TCPT_BLAMES_SENDER);
    tcpt_remedy remedy;
    char *act, *capture;
    bench on;

    detector.remedy =
        "Restart it. Capture at the server. If it arrives, look there. If not, on the way. Then update it.";
    bench_open(&on);
    remedy = remedy_of(bench_syn(&on, 1, 2), &detector);
    act = tcpt_remedy_advice_on(&remedy, false);
    capture = tcpt_remedy_advice_on(&remedy, true);
    g_assert_cmpstr(act, ==, "Restart it. Then update it.");
    g_assert_cmpstr(capture, ==, "Capture at the server. If it arrives, look there. If not, on the way.");
    g_free(act);
    g_free(capture);
    bench_close(&on);
}

static void test_ipv6(void)
{
    tcpt_detector detector = asking(TCPT_BLAMES_RECEIVER);
    bench on;

    bench_open(&on);
    assert_all(all_of(remedy_of(bench_syn_of(&on, 6, v6_host, v6_server, 443), &detector)),
               "Capture at the other side. Update the device on the path. Restart the server.\n"
               "server 2001:db8::2: ss -ltn 'sport = :443'\n"
               "client 2001:db8::1: tcpdump -ni any 'tcp port 443 and host 2001:db8::2 and host 2001:db8::1'\n"
               "client 2001:db8::1: ss -tn 'dport = :443 and dst [2001:db8::2]'\n"
               "server 2001:db8::2: ip route get 2001:db8::1 from 2001:db8::2\n"
               "client 2001:db8::1: traceroute -nT -p 443 2001:db8::2\n"
               "way -: conntrack -L -f ipv6 -s 2001:db8::1 -d 2001:db8::2");
    bench_close(&on);
}

/* With both points in the file nobody is asked to capture at the other. */
static void test_two_points(void)
{
    tcpt_detector detector = asking(TCPT_BLAMES_LISTENER);
    bench on;

    bench_open(&on);
    bench_syn(&on, 1, 2);
    on.point = 1;
    assert_all(all_of(remedy_of(bench_syn(&on, 1, 2), &detector)),
               "Update the device on the path. Restart the server.\n"
               "server 198.51.100.2: ss -ltn 'sport = :80'\n"
               "client 192.0.2.1: ss -tn 'dport = :80 and dst 198.51.100.2'\n"
               "server 198.51.100.2: ip route get 192.0.2.1 from 198.51.100.2\n"
               "client 192.0.2.1: traceroute -nT -p 80 198.51.100.2\n"
               "way -: conntrack -L -f ipv4 -s 192.0.2.1 -d 198.51.100.2");
    bench_close(&on);
}

/* A host that speaks with itself: no device is between, and there is no other side. */
static void test_loopback(void)
{
    static const struct {
        uint8_t family;
        const uint8_t *from, *to;
        const char *server, *client, *socket;
    } rows[] = {
        {4, home, home, "127.0.0.1", "127.0.0.1", "127.0.0.1"},
        {4, other_home, home, "127.0.0.1", "127.0.0.2", "127.0.0.2"},
        {4, host, host, "192.0.2.1", "192.0.2.1", "192.0.2.1"},
        {6, v6_home, v6_home, "::1", "::1", "[::1]"},
    };
    tcpt_detector detector = asking(TCPT_BLAMES_SENDER);

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        bench on;
        char *wanted = g_strdup_printf("Restart the server.\nserver %s: ss -ltn 'sport = :80'\n"
                                       "server %s: ss -tn 'sport = :80 and dst %s'\nclient %s: ip route get %s from %s",
                                       rows[i].server, rows[i].server, rows[i].socket, rows[i].client, rows[i].server,
                                       rows[i].client);

        bench_open(&on);
        assert_all(all_of(remedy_of(bench_syn_of(&on, rows[i].family, rows[i].from, rows[i].to, 80), &detector)),
                   wanted);
        bench_close(&on);
        g_free(wanted);
    }
}

/* Where all sentences are idle the commands say enough; without any, better too much than nothing. */
static void test_nothing_left(void)
{
    tcpt_detector detector = asking(TCPT_BLAMES_SENDER);
    bench on;

    bench_open(&on);
    tcpt_remedy remedy = remedy_of(bench_syn_of(&on, 4, home, home, 80), &detector);
    detector.remedy = "Look at the devices before it.";
    detector.commands = &commands[3];
    char *text = tcpt_remedy_text(&remedy);
    g_assert_cmpstr(text, ==, "On the client 127.0.0.1: ip route get 127.0.0.1 from 127.0.0.1 (which way?).");
    g_free(text);
    detector.commands = &commands[4];
    text = tcpt_remedy_text(&remedy);
    g_assert_cmpstr(text, ==, detector.remedy);
    g_free(text);
    bench_close(&on);
}

/* Of many connections what they have in common, else the worst one's. */
static void test_many(void)
{
    tcpt_detector detector = asking(TCPT_BLAMES_LISTENER);
    const tcpt_detector *raised = bench_detector("syn_unanswered"); /* blames the same */
    unsigned count;
    bench on;

    bench_open(&on);
    for (uint8_t client = 1; client <= 3; client++)
        tcpt_set_delay(bench_raise(&on, bench_syn(&on, client, 2), raised), client);
    tcpt_remedy remedy = tcpt_remedy_of_case(bench_cases(&on, &count));
    remedy.detector = &detector;
    assert_all(all_of(remedy), "Capture at the other side. Update the device on the path. Restart the server.\n"
                               "server 198.51.100.2: ss -ltn 'sport = :80'\n"
                               "client 192.0.2.3: tcpdump -ni any 'tcp port 80 and host 198.51.100.2'\n"
                               "client 192.0.2.3: ss -tn 'dport = :80 and dst 198.51.100.2'\n"
                               "server 198.51.100.2: ip route get 192.0.2.3 from 198.51.100.2\n"
                               "client 192.0.2.3: traceroute -nT -p 80 198.51.100.2\n"
                               "way -: conntrack -L -f ipv4 -s 192.0.2.3 -d 198.51.100.2");
    remedy.differs = TCPT_DIFFERENT_SERVERS | TCPT_DIFFERENT_PORTS | TCPT_DIFFERENT_CLIENTS;
    tcpt_asked command;
    unsigned at = 1;
    g_assert_true(tcpt_next_command(&remedy, &at, &command));
    g_assert_cmpstr(command.line, ==, "tcpdump -ni any 'tcp'");
    tcpt_asked_clear(&command);
    bench_close(&on);
}

static void test_in_common(void)
{
    const tcpt_detector *raised = bench_detector("rst_seq_mismatch"); /* blames the sender, here the client */
    unsigned count;
    bench on;

    bench_open(&on);
    bench_raise(&on, bench_syn(&on, 1, 2), raised);
    g_assert_cmpuint(bench_cases(&on, &count)->differs, ==, 0);
    bench_raise(&on, bench_syn(&on, 1, 3), raised);
    g_assert_cmpuint(bench_cases(&on, &count)->differs, ==, TCPT_DIFFERENT_SERVERS);
    bench_raise(&on, bench_syn_of(&on, 4, host, (const uint8_t[]){198, 51, 100, 2}, 81), raised);
    g_assert_cmpuint(bench_cases(&on, &count)->differs, ==, TCPT_DIFFERENT_SERVERS | TCPT_DIFFERENT_PORTS);
    g_assert_cmpuint(count, ==, 1);
    bench_close(&on);
}

/* ---- each row ---- */

/* Alone on its line in a terminal, quotes closed, nothing left to fill in. */
static void assert_pasteable(const char *line)
{
    enum { COLUMNS = 120 };
    char **words = NULL;

    g_test_message("%s", line);
    g_assert_cmpuint(strlen(line), <=, COLUMNS);
    g_assert_null(strpbrk(line, "%\n\t"));
    g_assert_true(g_shell_parse_argv(line, NULL, &words, NULL));
    g_strfreev(words);
}

static void test_row(gconstpointer data)
{
    const tcpt_detector *detector = data;
    unsigned count = 0;
    tcpt_asked command;
    bench on;

    for (const tcpt_command *row = detector->commands; row && row->line; row++) {
        g_assert_cmpint(row->where, <=, TCPT_ON_THE_WAY);
        g_assert_cmpuint(strlen(row->tells), >=, 5);
        g_assert_null(strpbrk(row->tells, "%\n\t"));
        count++;
    }
    if (detector->severity > TCPT_CHAT && !count) {
        g_test_message("%s names no command (tcpt_command): what does its reader run to look further?", detector->id);
        g_test_fail();
    }
    bench_open(&on);
    tcpt_remedy remedy = remedy_of(bench_syn_of(&on, 6, v6_host, v6_server, 65535), detector);
    for (unsigned at = 0; tcpt_next_command(&remedy, &at, &command); tcpt_asked_clear(&command), count--)
        assert_pasteable(command.line);
    g_assert_cmpuint(count, ==, 0);
    char *text = tcpt_remedy_text(&remedy);
    g_assert_true(g_str_has_prefix(text, detector->remedy));
    g_free(text);
    bench_close(&on);
}

void add_remedy_tests(void)
{
    g_test_add_func("/remedy/capture-apart", test_capture_apart);
    g_test_add_func("/remedy/one-point", test_one_point);
    g_test_add_func("/remedy/ipv6", test_ipv6);
    g_test_add_func("/remedy/two-points", test_two_points);
    g_test_add_func("/remedy/loopback", test_loopback);
    g_test_add_func("/remedy/nothing-left", test_nothing_left);
    g_test_add_func("/remedy/many", test_many);
    g_test_add_func("/remedy/in-common", test_in_common);
    for (unsigned i = 0; tcpt_detectors[i]; i++) {
        char *path = g_strdup_printf("/remedy/row/%s", tcpt_detectors[i]->id);

        g_test_add_data_func(path, tcpt_detectors[i], test_row);
        g_free(path);
    }
}
