/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP errors: what is read of them, whatever they hold, and what many of them leave. */
#include <glib.h>
#include <string.h>

#include "tcptriage/analysis.h"
#include "tcptriage/outcome.h"
#include "unit.h"

static const uint8_t router[4] = {203, 0, 113, 1}, client[4] = {192, 0, 2, 1}, server[4] = {198, 51, 100, 1};

/** Type and code, what they are called, and whether they are errors at all. */
static const struct {
    unsigned family;
    uint8_t type, code;
    const char *name; /* NULL: no error */
} kinds[] = {
    {4, 3, 0, "host_unreachable"},
    {4, 3, 1, "host_unreachable"},
    {4, 3, 3, "port_unreachable"},
    {4, 3, 4, "fragmentation_needed"},
    {4, 3, 13, "prohibited"},
    {4, 3, 9, "prohibited"},
    {4, 3, 15, "other"},
    {4, 11, 0, "ttl_exceeded"},
    {4, 11, 1, "other"},
    {4, 12, 0, "other"},
    {4, 4, 0, "other"},
    {4, 0, 0, NULL},
    {4, 5, 1, NULL},
    {4, 8, 0, NULL},
    {6, 1, 0, "host_unreachable"},
    {6, 1, 3, "host_unreachable"},
    {6, 1, 4, "port_unreachable"},
    {6, 1, 1, "prohibited"},
    {6, 2, 0, "fragmentation_needed"},
    {6, 3, 0, "ttl_exceeded"},
    {6, 3, 1, "other"},
    {6, 4, 0, "other"},
    {6, 0, 0, NULL},
    {6, 5, 0, NULL},
    {6, 128, 0, NULL},
    {6, 135, 0, NULL},
};

enum { ROOM = 200 };

/** An error of a router that quotes 8 bytes of TCP; `options` bytes in both IPv4 headers. @return bytes */
static unsigned make(uint8_t bytes[ROOM], unsigned family, uint8_t type, uint8_t code, unsigned options)
{
    unsigned ip = family == 4 ? 20 + options : 40;
    uint8_t *outer = bytes, *icmp = bytes + ip, *inner = icmp + 8, *tcp = inner + ip;
    memset(bytes, 0, ROOM);
    outer[0] = inner[0] = (uint8_t)(family == 4 ? 0x40 | ip / 4 : 0x60);
    outer[family == 4 ? 9 : 6] = family == 4 ? 1 : 58;
    inner[family == 4 ? 9 : 6] = 6;
    memcpy(outer + (family == 4 ? 12 : 8), router, 4);
    memcpy(inner + (family == 4 ? 12 : 8), client, 4);
    memcpy(inner + (family == 4 ? 16 : 24), server, 4);
    icmp[0] = type;
    icmp[1] = code;
    icmp[6] = 0x05;
    icmp[7] = 0x78;
    memcpy(tcp, (const uint8_t[]){0x9c, 0x40, 0, 80, 0, 0, 0x03, 0xe8}, 8);
    return (unsigned)(tcp + 8 - bytes);
}

static void test_kinds(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        uint8_t bytes[ROOM];
        unsigned count = make(bytes, kinds[i].family, kinds[i].type, kinds[i].code, 0);
        tcpt_icmp icmp = {0};
        g_assert_cmpint(tcpt_icmp_parse(&icmp, bytes, count), ==, kinds[i].name != NULL);
        if (!kinds[i].name)
            continue;
        g_assert_cmpstr(tcpt_icmp_kind_name(icmp.kind), ==, kinds[i].name);
        g_assert_cmpuint(icmp.family, ==, kinds[i].family);
        g_assert_cmpuint(icmp.mtu, ==, icmp.kind == TCPT_ICMP_FRAGMENTATION_NEEDED ? 1400 : 0);
        g_assert_cmpmem(icmp.from, 4, router, 4);
        g_assert_cmpmem(icmp.src, 4, client, 4);
        g_assert_cmpmem(icmp.dst, 4, server, 4);
        g_assert_cmpuint(icmp.src_port, ==, 40000);
        g_assert_cmpuint(icmp.dst_port, ==, 80);
        g_assert_cmpuint(icmp.seq, ==, 1000);
        g_assert_cmpuint(icmp.tcp_at, ==, count - 8);
    }
}

/* Cut anywhere, and with any byte changed: nothing is read beyond (a copy on the heap shows that), nothing is taken for
 * another packet. */
static void test_hostile(void)
{
    uint8_t bytes[ROOM];
    tcpt_icmp icmp = {0};
    for (unsigned options = 0; options <= 40; options += 4) {
        unsigned count = make(bytes, 4, 3, 4, options);
        g_assert_true(tcpt_icmp_parse(&icmp, bytes, count));
        for (unsigned cut = 0; cut < count; cut++) {
            uint8_t *copy = g_memdup2(bytes, cut);
            g_assert_false(tcpt_icmp_parse(&icmp, copy, cut));
            g_free(copy);
        }
        for (unsigned at = 0; at < count; at++)
            for (unsigned value = 0; value < 256; value++) {
                uint8_t *copy = g_memdup2(bytes, count);
                copy[at] = (uint8_t)value;
                if (tcpt_icmp_parse(&icmp, copy, count))
                    g_assert_cmpuint(icmp.tcp_at + 8, <=, count);
                g_free(copy);
            }
    }
}

static tcpt_record *send_segment(tcpt_analysis *analysis, int64_t now_ns, uint32_t frame, uint8_t flags)
{
    tcpt_segment segment = {.time_ns = now_ns,
                            .frame = frame,
                            .depth = 1,
                            .family = 4,
                            .src = client,
                            .dst = server,
                            .src_port = 40000,
                            .dst_port = 80,
                            .seq = 1000,
                            .end_seq = 1001,
                            .flags = flags,
                            .header_bytes = 20,
                            .window = 1000,
                            .checksum_is = TCPT_CHECKSUM_GOOD};
    return tcpt_analyse(analysis, &segment);
}

static void count_finding(const tcpt_finding *finding, void *data)
{
    g_assert_cmpstr(finding->diagnosis->detector->id, ==, "icmp_error");
    ++*(unsigned *)data;
}

/* A flood of them: each frame has its finding, what is told of them is told once, and no segment is counted. */
static void test_flood(void)
{
    enum { ERRORS = 20000, DIAGNOSES_MOST = TCPT_ALIKE_MOST + 1 };
    tcpt_settings settings = tcpt_settings_default();
    tcpt_analysis *analysis = tcpt_analysis_new(&settings);
    int64_t now_ns = INT64_C(1700000000000000000);
    unsigned diagnoses = 0, found = 0;
    uint8_t bytes[ROOM];
    unsigned bytes_made = make(bytes, 4, 3, 1, 0);
    tcpt_record *syn = send_segment(analysis, now_ns, 1, TCPT_SYN);
    for (uint32_t i = 0; i < ERRORS; i++) {
        tcpt_icmp icmp = {.time_ns = now_ns + i, .frame = 2 + i, .depth = 1};
        g_assert_true(tcpt_icmp_parse(&icmp, bytes, bytes_made));
        tcpt_record *record = tcpt_analyse_icmp(analysis, &icmp);
        g_assert_true(record && record->icmp && tcpt_flow_of(record) == tcpt_flow_of(syn));
        tcpt_each_finding(record, count_finding, &found);
    }
    for (const tcpt_diagnosis *at = tcpt_first_diagnosis(tcpt_flow_of(syn)); at; at = at->next)
        diagnoses++;
    g_assert_cmpuint(found, ==, ERRORS);
    g_assert_cmpuint(diagnoses, <=, DIAGNOSES_MOST);
    g_assert_cmpuint(tcpt_analysis_totals(analysis).segments, ==, 1);
    g_assert_cmpuint(tcpt_flow_of(syn)->ends[0].segment_count + tcpt_flow_of(syn)->ends[1].segment_count, ==, 1);
    g_assert_true(tcpt_flow_of(syn)->last_record == syn);
    tcpt_analysis_free(analysis);
}

/* Of a flow that nobody knows, and of one at another depth. */
static void test_unknown(void)
{
    tcpt_settings settings = tcpt_settings_default();
    tcpt_analysis *analysis = tcpt_analysis_new(&settings);
    uint8_t bytes[ROOM];
    tcpt_icmp icmp = {.time_ns = 1, .frame = 2, .depth = 2};
    g_assert_true(tcpt_icmp_parse(&icmp, bytes, make(bytes, 4, 3, 1, 0)));
    g_assert_null(tcpt_analyse_icmp(analysis, &icmp));
    send_segment(analysis, 1, 1, TCPT_SYN);
    g_assert_null(tcpt_analyse_icmp(analysis, &icmp));
    icmp.depth = 1;
    g_assert_nonnull(tcpt_analyse_icmp(analysis, &icmp));
    icmp.time_ns = INT64_MIN;
    g_assert_nonnull(tcpt_analyse_icmp(analysis, &icmp));
    tcpt_analysis_free(analysis);
}

/** How it stands, half a second after a SYN that an ICMP error of this code quotes, and where it is sent `again`. */
static tcpt_outcome outcome_of_syn(uint8_t code, bool again)
{
    tcpt_settings settings = tcpt_settings_default();
    tcpt_analysis *analysis = tcpt_analysis_new(&settings);
    int64_t now_ns = INT64_C(1700000000000000000);
    uint8_t bytes[ROOM];
    tcpt_icmp icmp = {.time_ns = now_ns + 5000000, .frame = 2, .depth = 1};
    tcpt_record *syn = send_segment(analysis, now_ns, 1, TCPT_SYN);
    tcpt_outcome outcome;

    g_assert_true(tcpt_icmp_parse(&icmp, bytes, make(bytes, 4, 3, code, 0)));
    g_assert_nonnull(tcpt_analyse_icmp(analysis, &icmp));
    if (again)
        send_segment(analysis, now_ns + 500000000, 3, TCPT_SYN);
    outcome = tcpt_outcome_of(tcpt_flow_of(syn));
    tcpt_analysis_free(analysis);
    return outcome;
}

/* Whoever reads "open" looks for a connection that lives; what a client sends again may be answered yet. */
static void test_outcome(void)
{
    enum { HOST_UNREACHABLE = 1, PORT_UNREACHABLE = 3, FRAGMENTATION_NEEDED = 4, PROHIBITED = 13 };

    g_assert_cmpint(outcome_of_syn(HOST_UNREACHABLE, false), ==, TCPT_OUTCOME_NO_ANSWER);
    g_assert_cmpint(outcome_of_syn(PORT_UNREACHABLE, false), ==, TCPT_OUTCOME_NO_ANSWER);
    g_assert_cmpint(outcome_of_syn(PROHIBITED, false), ==, TCPT_OUTCOME_NO_ANSWER);
    g_assert_cmpint(outcome_of_syn(PROHIBITED, true), ==, TCPT_OUTCOME_OPEN);
    g_assert_cmpint(outcome_of_syn(FRAGMENTATION_NEEDED, false), ==, TCPT_OUTCOME_OPEN);
}

void add_icmp_tests(void)
{
    g_test_add_func("/icmp/kinds", test_kinds);
    g_test_add_func("/icmp/hostile", test_hostile);
    g_test_add_func("/icmp/flood", test_flood);
    g_test_add_func("/icmp/unknown", test_unknown);
    g_test_add_func("/icmp/outcome", test_outcome);
}
