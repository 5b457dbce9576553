/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"

#include <epan/proto.h>

#include "files.h"
#include "records.h"
#include "tcptriage/cases.h"
#include "tcptriage/limits.h"

enum { CASES_EVERY_MS = 500 /* while a capture goes on its rows are drawn again and again */ };

/* Registered once, for the program's life. */
static protocol_t *triage;
static protocol_t *tcp;
static tcpt_settings (*ask_settings)(void);
static bool reports;  /* somebody will print some */
static bool pictures; /* and draw in them */

/* One capture file: from the init routine to the cleanup routine. */
static tcpt_analysis *analysis;
static gint64 cases_made_us; /* 0 never */
static unsigned problems;    /* among them */
static tcpt_settings settings;
static bool zero_known;
static int64_t zero_ns; /* the time that Wireshark counts from */

int64_t tcpt_feed_time_ns(const nstime_t *time)
{
    return tcpt_time_from(time->secs, time->nsecs);
}

void tcpt_feed_note_zero(const packet_info *pinfo)
{
    nstime_t zero;

    nstime_delta(&zero, &pinfo->abs_ts, &pinfo->rel_ts);
    zero_ns = tcpt_time_moved(tcpt_feed_time_ns(&zero));
    zero_known = true;
}

void tcpt_feed_end(void)
{
    tcpt_totals totals;

    if (analysis) {
        totals = tcpt_analysis_totals(analysis);
        tcpt_files_note(&totals);
    }
    tcpt_analysis_free(analysis);
    analysis = NULL;
    zero_known = false;
}

void tcpt_feed_begin(void)
{
    cases_made_us = 0;
    settings = ask_settings();
    analysis = tcpt_analysis_new(&settings);
    tcpt_records_begin(analysis);
    if (pictures)
        tcpt_expect_pictures(analysis);
    if (!reports)
        tcpt_share_records(analysis, tcpt_records_move);
}

void tcpt_feed_register(int proto, tcpt_settings (*settings_now)(void))
{
    triage = find_protocol_by_id(proto);
    tcp = find_protocol_by_id(proto_get_id_by_filter_name("tcp"));
    ask_settings = settings_now;
}

void tcpt_feed_expect_report(bool draws)
{
    reports = true;
    if (analysis)
        tcpt_share_records(analysis, NULL);
    if (!draws)
        return;
    pictures = true;
    if (analysis)
        tcpt_expect_pictures(analysis);
}

tcpt_analysis *tcpt_feed_analysis(void)
{
    return analysis;
}

bool tcpt_feed_has_points(void)
{
    return settings.capture_points;
}

void tcpt_feed_make_cases(void)
{
    gint64 now_us = g_get_monotonic_time();
    const tcpt_case *const *cases;
    unsigned count;

    if (cases_made_us && now_us - cases_made_us < CASES_EVERY_MS * G_GINT64_CONSTANT(1000))
        return;
    cases_made_us = now_us;
    cases = tcpt_cases(analysis, &count);
    for (problems = 0; problems < count && cases[problems]->severity == TCPT_WARN; problems++)
        ;
}

unsigned tcpt_feed_problems(void)
{
    return problems;
}

const char *tcpt_feed_unwatched(void)
{
    if (!proto_is_protocol_enabled(triage))
        return "the protocol TCP Triage (tcptriage) is disabled";
    if (!proto_is_protocol_enabled(tcp))
        return "the protocol TCP (tcp) is disabled";
    return NULL;
}

int64_t tcpt_feed_zero_ns(void)
{
    return zero_known ? zero_ns : TCPT_TIME_FIRST_NS;
}
