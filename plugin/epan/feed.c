/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet -> segment.
 *
 * The dissector table "ip.proto" leads to the shim instead of TCP; the shim notes what lies around the TCP header,
 * has the segment analysed when the frame is dissected for the first time, and passes everything on to TCP
 * untouched. It needs no protocol tree, which is why it costs so little, and it runs before anything that could
 * throw an exception at malformed payload. It must not throw itself: each length is checked before bytes are read.
 */
#include "feed.h"

#include <epan/ipproto.h>

#include "carriers.h"
#include "compat.h"
#include "files.h"
#include "frames.h"
#include "records.h"
#include "tcptriage/cases.h"
#include "tcptriage/limits.h"
#include "where.h"

enum {
    CASES_EVERY_MS = 500, /* while a capture goes on its rows are drawn again and again */
    FRAME_RECORDS = 32,   /* TCP layers shown per frame; more are analysed all the same */
};

/* Registered once, for the program's life. */
static int proto_triage = -1;
static protocol_t *triage;
static protocol_t *tcp;
static int proto_shim = -1;
static dissector_table_t ip_proto_table;
static dissector_handle_t tcp_handle;
static dissector_handle_t shim_handle;
static tcpt_settings (*ask_settings)(void);
static bool reports;  /* somebody will print some */
static bool pictures; /* and draw in them */

/* One capture file: from the init routine to the cleanup routine. */
static tcpt_analysis *analysis;
static gint64 cases_made_us; /* 0 never */
static unsigned problems;    /* among them */
static tcpt_settings settings;
static bool enabled; /* there is an analysis, and both protocols are switched on: switching dissects everything anew */
static bool zero_known;
static int64_t zero_ns; /* the time that Wireshark counts from */

/* One frame: filled by the shim, taken over by the post-dissector, which runs behind everything else. */
static tcpt_record *frame_records[FRAME_RECORDS];
static unsigned frame_record_count;
static unsigned frame_layers; /* TCP layers met so far, those without a usable header too */
static uint32_t frame_shown;  /* its number */
static uint32_t frame_number; /* that in the file, while it is new */
static bool frame_new;        /* its segments have not been analysed yet */
static uint32_t layer_bytes;  /* captured of its newest TCP layer */

static void forget_frame(void)
{
    frame_record_count = 0;
    frame_layers = 0;
}

static bool read_addresses(tcpt_segment *segment, const packet_info *pinfo)
{
    if (pinfo->src.type != pinfo->dst.type || pinfo->src.len != pinfo->dst.len)
        return false;
    if (pinfo->src.type == AT_IPv4 && pinfo->src.len == 4)
        segment->family = 4;
    else if (pinfo->src.type == AT_IPv6 && pinfo->src.len == 16)
        segment->family = 6;
    else
        return false;
    segment->src = pinfo->src.data;
    segment->dst = pinfo->dst.data;
    return true;
}

static int64_t as_ns(const nstime_t *time)
{
    return tcpt_time_from(time->secs, time->nsecs);
}

/* The file's first frame as a rule, which need not be TCP. */
static void note_zero(const packet_info *pinfo)
{
    nstime_t zero;

    if (zero_known)
        return;
    nstime_delta(&zero, &pinfo->abs_ts, &pinfo->rel_ts);
    zero_ns = tcpt_time_moved(as_ns(&zero));
    zero_known = true;
}

/* Where a layer is no part of its source, as behind a proxy buffer, nothing is around it. */
static tcpt_place place_of(tvbuff_t *tvb)
{
    tvbuff_t *source = tvb_get_ds_tvb(tvb);
    unsigned captured_bytes = tvb_captured_length(source), begin = (unsigned)tvb_raw_offset(tvb);

    if (captured_bytes < begin + layer_bytes) {
        source = tvb;
        captured_bytes = layer_bytes;
        begin = 0;
    }
    return (tcpt_place){
        .source = source,
        .captured = tvb_get_ptr(source, 0, (int)captured_bytes),
        .captured_bytes = captured_bytes,
        .begin = begin,
        .bytes = tvb_reported_length(tvb),
    };
}

/* @return the new segment's record, or NULL when these bytes are none */
static tcpt_record *analyse(tvbuff_t *tvb, const packet_info *pinfo, tcpt_carriers around)
{
    uint32_t captured_bytes = layer_bytes;
    tcpt_place place = place_of(tvb);
    tcpt_segment segment = {.time_ns = as_ns(&pinfo->abs_ts), .frame = frame_number, .depth = around.depth};
    const uint8_t *header = place.captured + place.begin;
    uint32_t pad_bytes;
    tcpt_ip_header ip;

    if (!read_addresses(&segment, pinfo))
        return NULL;
    segment.fragment = pinfo->fragmented;
    if (!tcpt_segment_parse(&segment, header, captured_bytes, place.bytes))
        return NULL;

    note_zero(pinfo);
    if (settings.capture_points)
        segment.point = tcpt_where_captured(analysis, pinfo, &segment.point_name);
    ip = tcpt_find_ip_header(&place, &segment);
    segment.ttl = ip.ttl;
    segment.ip_id = ip.id;
    segment.has_ip_id = segment.family == 4 && ip.bytes > 0;
    segment.fragments = segment.family == 4 && ip.bytes == 0;

    pad_bytes = tcpt_find_padding(&place, pinfo, &ip, around);
    if (captured_bytes == place.bytes && place.captured_bytes < place.begin + place.bytes + pad_bytes)
        pad_bytes = 0; /* the padding itself was not captured */
    tcpt_segment_check(&segment, header, ip.cut ? 0 : captured_bytes, place.bytes, pad_bytes);
    if (segment.has_ip_id)
        tcpt_segment_check_ipv4(&segment, ip.at, ip.bytes);
    return tcpt_analyse(analysis, &segment);
}

static void begin_frame(const packet_info *pinfo)
{
    bool again;

    forget_frame(); /* the frame before may never have reached the post-dissector */
    frame_shown = pinfo->num;
    frame_new = !PINFO_FD_VISITED(pinfo);
    if (!frame_new)
        return;
    frame_number = tcpt_frames_note(pinfo, &again);
    frame_new = !again;
    tcpt_carriers_begin_frame();
}

static void take_record(tcpt_record *record)
{
    if (record && frame_record_count < FRAME_RECORDS)
        frame_records[frame_record_count++] = record;
}

static void note_segment(tvbuff_t *tvb, packet_info *pinfo, tcpt_carriers around)
{
    tcpt_record *record = analyse(tvb, pinfo, around);

    tcpt_records_note(frame_shown, frame_layers++, record);
    take_record(record);
}

/* Headers quoted in an ICMP error are not the flow's packets, but tell of them. */
static void note_icmp(tvbuff_t *tvb, const packet_info *pinfo)
{
    tcpt_icmp icmp = {.time_ns = as_ns(&pinfo->abs_ts), .frame = frame_number};
    const char *point_name = NULL;
    tcpt_record *record = NULL;

    if (tcpt_find_icmp(&icmp, tvb, pinfo)) {
        if (settings.capture_points)
            icmp.point = tcpt_where_captured(analysis, pinfo, &point_name);
        record = tcpt_analyse_icmp(analysis, &icmp);
    }
    tcpt_records_note(frame_shown, frame_layers++, record);
    take_record(record);
}

static bool wanted(tvbuff_t *tvb, const packet_info *pinfo)
{
    if (!enabled)
        return false;
    layer_bytes = tvb_captured_length(tvb);
    return layer_bytes >= TCPT_TCP_HEADER_BYTES || pinfo->flags.in_error_pkt;
}

/* A TCP layer is analysed when it is first seen, its record looked up later: tunnels have several per frame. */
static int shim(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (!wanted(tvb, pinfo))
        return call_dissector_only(tcp_handle, tvb, pinfo, tree, data);
    if (frame_layers == 0 || pinfo->num != frame_shown)
        begin_frame(pinfo);
    if (frame_new && pinfo->flags.in_error_pkt) {
        note_icmp(tvb, pinfo);
        return call_dissector_only(tcp_handle, tvb, pinfo, tree, data);
    }
    if (frame_new)
        return tcpt_carriers_dissect(tcp_handle, tvb, pinfo, tree, data, note_segment);
    take_record(tcpt_records_find(frame_shown, frame_layers++));
    return call_dissector_only(tcp_handle, tvb, pinfo, tree, data);
}

/* A `-d ip.proto==6,tcp` or the like puts TCP back without the shim; any other choice is the user's own. */
static void restore_shim(void)
{
    if (shim_handle && dissector_get_uint_handle(ip_proto_table, IP_PROTO_TCP) == tcp_handle)
        dissector_change_uint("ip.proto", IP_PROTO_TCP, shim_handle);
}

static void end_capture(void)
{
    tcpt_totals totals;

    if (analysis) {
        totals = tcpt_analysis_totals(analysis);
        tcpt_files_note(&totals);
    }
    tcpt_records_forget();
    tcpt_analysis_free(analysis);
    analysis = NULL;
    enabled = false;
    tcpt_where_forget();
    zero_known = false;
    forget_frame();
    tcpt_frames_forget();
}

/* May run twice without an end between. */
static void begin_capture(void)
{
    end_capture();
    cases_made_us = 0;
    restore_shim();
    settings = ask_settings();
    analysis = tcpt_analysis_new(&settings);
    tcpt_records_begin(analysis);
    if (pictures)
        tcpt_expect_pictures(analysis);
    if (!reports)
        tcpt_share_records(analysis, tcpt_records_move);
    enabled = proto_is_protocol_enabled(triage) && proto_is_protocol_enabled(tcp);
}

/* Wireshark asks the parent whether users may switch such a protocol, and whether they have. */
int tcpt_register_in_name_only(const char *name, const char *short_name, const char *filter_name)
{
    return proto_register_protocol_in_name_only(name, short_name, filter_name, proto_get_id_by_filter_name("frame"),
                                                FT_PROTOCOL);
}

void tcpt_feed_register(int proto, tcpt_settings (*settings_now)(void))
{
    int proto_tcp = proto_get_id_by_filter_name("tcp");

    proto_triage = proto;
    triage = find_protocol_by_id(proto);
    ask_settings = settings_now;
    if (proto_tcp < 0)
        return;
    tcp = find_protocol_by_id(proto_tcp);
    proto_shim = tcpt_register_in_name_only("TCP (watched by TCP Triage)", "TCP (TCPTriage)", "tcptriage_feed");
    register_init_routine(begin_capture);
    register_cleanup_routine(end_capture);
}

void tcpt_feed_handoff(void)
{
    if (proto_shim < 0)
        return;
    tcpt_carriers_handoff();
    ip_proto_table = find_dissector_table("ip.proto");
    tcp_handle = ip_proto_table ? dissector_get_uint_handle(ip_proto_table, IP_PROTO_TCP) : NULL;
    if (!tcp_handle)
        return;
    shim_handle = create_dissector_handle(shim, proto_shim);
    dissector_add_uint("ip.proto", IP_PROTO_TCP, shim_handle);
}

unsigned tcpt_feed_take(const packet_info *pinfo, tcpt_record ***records)
{
    unsigned count;
    bool again;

    if (PINFO_FD_VISITED(pinfo))
        tcpt_frames_note_shown(pinfo->num);
    else if (frame_layers == 0)
        tcpt_frames_note(pinfo, &again);
    if (frame_layers == 0)
        return 0;
    count = pinfo->num == frame_shown ? frame_record_count : 0;
    *records = frame_records;
    forget_frame();
    return count;
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
