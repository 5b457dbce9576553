/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet -> segment, and what was found of it -> the packet.
 *
 * The dissector table "ip.proto" leads to the shim instead of TCP; the shim notes what lies around the TCP header,
 * has the segment analysed when the frame is dissected for the first time, and passes everything on to TCP
 * untouched. It needs no protocol tree, which is why it costs so little, and it runs before anything that could
 * throw an exception at malformed payload. It must not throw itself: each length is checked before bytes are read.
 *
 * What there is to show is shown when TCP and all that it carries have been dissected: by the frame's outermost TCP
 * layer, so that packets inside of a TCP stream are shown with what carries them. Where nobody would see anything, as a
 * rule, it is not even waited for. A frame that is shown again shows all that is known of it behind its first TCP
 * layer.
 */
#include "shim.h"

#include <epan/exceptions.h>
#include <epan/ipproto.h>
#include <epan/packet.h>

#include "carriers.h"
#include "command_line.h"
#include "compat.h"
#include "feed.h"
#include "frames.h"
#include "present.h"
#include "records.h"
#include "tcptriage/analysis.h"
#include "tcptriage/limits.h"
#include "tcptriage/portable.h"
#include "where.h"

enum { FRAME_RECORDS = 32 /* TCP layers shown per frame; more are analysed all the same */ };

/* Registered once, for the program's life. */
static int proto_shim = -1;
static dissector_table_t ip_proto_table;
static dissector_handle_t tcp_handle;
static dissector_handle_t shim_handle;
static bool dissects_once; /* each frame, in each pass */

/* One capture file: from the init routine to the cleanup routine. */
static tcpt_analysis *analysis; /* NULL while segments are not watched: switching that dissects everything anew */
static bool capture_points;
static bool zero_known;

/* One dissection of a frame. tshark dissects a frame once in each pass; where one may be dissected again and again
 * end_frame() tells where it ends. */
static uint32_t frame_shown;  /* its number; 0 none is being dissected */
static bool frame_visited;    /* it was dissected before */
static uint32_t frame_number; /* that in the file, while it is new */
static bool frame_new;        /* its segments have not been analysed yet */
static bool frame_untaken;    /* it was analysed before, and what is known of it was not looked up yet */
static unsigned frame_layers; /* TCP layers met so far, those without a usable header too */
static tcpt_record *frame_records[FRAME_RECORDS];
static unsigned frame_record_count;
static unsigned frame_presented; /* so many of them have been shown, or need not be */
static bool awaited;             /* a TCP layer is being dissected that shows the others when it ends */
static uint32_t layer_bytes;     /* captured of its newest TCP layer */

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

static tcpt_datagram datagram_of(const tcpt_place *place, const tcpt_segment *segment, const packet_info *pinfo,
                                 tcpt_carriers around)
{
    tcpt_ip_header ip = tcpt_find_ip_header(place, segment);

    return (tcpt_datagram){
        .tcp = place->captured + place->begin,
        .captured_bytes = layer_bytes,
        .reported_bytes = place->bytes,
        .readable_bytes = place->captured_bytes - place->begin,
        .pad_bytes = tcpt_find_padding(place, pinfo, &ip, around),
        .ip = ip.at,
        .ip_bytes = ip.bytes,
        .ip_cut = ip.cut,
    };
}

/* @return the new segment's record, or NULL when these bytes are none */
static tcpt_record *analyse(tvbuff_t *tvb, const packet_info *pinfo, tcpt_carriers around)
{
    tcpt_place place = place_of(tvb);
    tcpt_segment segment = {.time_ns = tcpt_feed_time_ns(&pinfo->abs_ts), .frame = frame_number, .depth = around.depth};
    tcpt_datagram datagram;

    if (!read_addresses(&segment, pinfo))
        return NULL;
    segment.fragment = pinfo->fragmented;
    datagram = datagram_of(&place, &segment, pinfo, around);
    if (!tcpt_segment_read(&segment, &datagram))
        return NULL;

    if (!zero_known)
        tcpt_feed_note_zero(pinfo);
    zero_known = true;
    if (capture_points)
        segment.point = tcpt_where_captured(analysis, pinfo, &segment.point_name);
    return tcpt_analyse(analysis, &segment);
}

TCPT_INLINE void take_record(packet_info *pinfo, tcpt_record *record)
{
    tcpt_records_note(frame_shown, frame_layers++, record);
    if (!record || frame_record_count == FRAME_RECORDS)
        return;
    tcpt_tap(pinfo, record);
    frame_records[frame_record_count++] = record;
}

static void note_segment(tvbuff_t *tvb, packet_info *pinfo, tcpt_carriers around)
{
    take_record(pinfo, analyse(tvb, pinfo, around));
}

/* Headers quoted in an ICMP error are not the flow's packets, but tell of them. */
static void note_icmp(tvbuff_t *tvb, packet_info *pinfo)
{
    tcpt_icmp icmp = {.time_ns = tcpt_feed_time_ns(&pinfo->abs_ts), .frame = frame_number};
    const char *point_name = NULL;
    tcpt_record *record = NULL;

    if (tcpt_find_icmp(&icmp, tvb, pinfo)) {
        if (capture_points)
            icmp.point = tcpt_where_captured(analysis, pinfo, &point_name);
        record = tcpt_analyse_icmp(analysis, &icmp);
    }
    take_record(pinfo, record);
}

/* In a second pass in which nobody would notice a frame nobody notices the next ones, either: what is printed, filtered
 * and tapped stays, and the highest severity does not fall. The next capture's begin takes it back. */
static void step_aside(void)
{
    if (dissects_once)
        dissector_change_uint("ip.proto", IP_PROTO_TCP, tcp_handle);
}

/* A frame that is shown again: it shows all that is known of it, where anybody would notice. */
static void take_known_records(packet_info *pinfo, const proto_tree *tree)
{
    if (!tcpt_is_noticed_again(pinfo, tree)) {
        step_aside();
        return;
    }
    frame_untaken = false;
    frame_record_count = tcpt_records_of(frame_shown, frame_records, FRAME_RECORDS);
    for (unsigned i = 0; i < frame_record_count; i++)
        tcpt_tap(pinfo, frame_records[i]);
}

static void begin_frame(packet_info *pinfo)
{
    bool again = PINFO_FD_VISITED(pinfo);

    frame_shown = pinfo->num;
    frame_visited = again;
    frame_layers = 0;
    frame_record_count = 0;
    frame_presented = 0;
    awaited = false;
    if (!again)
        frame_number = tcpt_frames_note(pinfo, &again);
    frame_new = !again;
    frame_untaken = again;
    if (frame_new)
        tcpt_carriers_begin_frame();
}

static void present(packet_info *pinfo, proto_tree *tree)
{
    unsigned from = frame_presented;

    awaited = false;
    frame_presented = frame_record_count;
    tcpt_present(pinfo, tree, frame_records + from, frame_record_count - from, frame_record_count > 1);
}

/* Payload has ended its dissection by an exception: that goes on, whatever comes of this. */
static void present_all_the_same(packet_info *pinfo, proto_tree *tree)
{
    TRY
    {
        present(pinfo, tree);
    }
    CATCH_ALL
    {
        tcpt_presenting_failed(pinfo, tree, EXCEPT_CODE, GET_MESSAGE);
    }
    ENDTRY;
}

/* What is behind TCP in the frame is dissected whatever comes of presenting: that takes no part in it. */
static int TCPT_NOINLINE dissect_and_present(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    volatile int bytes = 0;

    awaited = true;
    TRY
    {
        bytes = call_dissector_only(tcp_handle, tvb, pinfo, tree, data);
        present(pinfo, tree);
    }
    CATCH_ALL
    {
        if (awaited) {
            present_all_the_same(pinfo, tree);
            RETHROW;
        }
        tcpt_presenting_failed(pinfo, tree, EXCEPT_CODE, GET_MESSAGE);
    }
    ENDTRY;
    return bytes;
}

/* Whether what is to be shown is of a new segment alone, that has nothing in it that might be a packet. */
static bool is_bare(unsigned count)
{
    const tcpt_record *record = frame_records[frame_presented];

    return frame_new && count == 1 && !record->icmp && !(record->shape & TCPT_HAS_PAYLOAD);
}

static int TCPT_NOINLINE dissect_and_show(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    unsigned count = frame_record_count - frame_presented;

    if (count == 0 || awaited || !tcpt_is_to_be_presented(pinfo, tree, frame_records + frame_presented, count))
        return call_dissector_only(tcp_handle, tvb, pinfo, tree, data);
    if (is_bare(count) && tcpt_present_at_once(pinfo, tree, frame_records[frame_presented])) {
        frame_presented = frame_record_count;
        return call_dissector_only(tcp_handle, tvb, pinfo, tree, data);
    }
    return dissect_and_present(tvb, pinfo, tree, data);
}

/* Most are new, have one segment and no finding, and no tree is asked for. */
static bool shows_nothing(const proto_tree *tree)
{
    return !tree && frame_new && frame_record_count == 1 && !frame_records[0]->notes;
}

static int dissect_tcp(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (shows_nothing(tree))
        return call_dissector_only(tcp_handle, tvb, pinfo, tree, data);
    return dissect_and_show(tvb, pinfo, tree, data);
}

static bool wanted(tvbuff_t *tvb, const packet_info *pinfo)
{
    if (!analysis)
        return false;
    layer_bytes = tvb_captured_length(tvb);
    return layer_bytes >= TCPT_TCP_HEADER_BYTES || pinfo->flags.in_error_pkt;
}

/* A TCP layer is analysed when it is first seen, its record looked up later: tunnels have several per frame. */
static int shim(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (!wanted(tvb, pinfo))
        return call_dissector_only(tcp_handle, tvb, pinfo, tree, data);
    if (pinfo->num != frame_shown || PINFO_FD_VISITED(pinfo) != frame_visited)
        begin_frame(pinfo);
    if (frame_new && !pinfo->flags.in_error_pkt)
        return tcpt_carriers_dissect(dissect_tcp, tvb, pinfo, tree, data, note_segment);
    if (frame_new)
        note_icmp(tvb, pinfo);
    if (frame_untaken)
        take_known_records(pinfo, tree);
    return dissect_tcp(tvb, pinfo, tree, data);
}

/* A post-dissector: it runs behind everything else, exceptions included. Without TCP, too, a frame has a number. */
static int end_frame(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    bool again;

    (void)tvb, (void)tree, (void)data;
    if (PINFO_FD_VISITED(pinfo))
        tcpt_frames_note_shown(pinfo->num);
    else
        tcpt_frames_note(pinfo, &again);
    frame_shown = 0;
    return 0; /* no layer of the packet */
}

/* A `-d ip.proto==6,tcp` or the like puts TCP back without the shim; any other choice is the user's own. */
static void restore_shim(void)
{
    if (shim_handle && dissector_get_uint_handle(ip_proto_table, IP_PROTO_TCP) == tcp_handle)
        dissector_change_uint("ip.proto", IP_PROTO_TCP, shim_handle);
}

static void end_capture(void)
{
    tcpt_records_forget();
    tcpt_feed_end();
    analysis = NULL;
    tcpt_where_forget();
    tcpt_frames_forget();
    zero_known = false;
    frame_shown = 0;
}

/* May run twice without an end between. */
static void begin_capture(void)
{
    end_capture();
    restore_shim();
    tcpt_feed_begin();
    capture_points = tcpt_feed_has_points();
    analysis = tcpt_feed_unwatched() ? NULL : tcpt_feed_analysis();
}

/* A protocol that only names what a dissector handle belongs to: no layer of frame.protocols, which costs book-keeping
 * too, and no row of Enabled Protocols. Wireshark asks the parent whether users may switch it, and whether they have.
 */
static int register_in_name_only(const char *name, const char *short_name, const char *filter_name)
{
    return proto_register_protocol_in_name_only(name, short_name, filter_name, proto_get_id_by_filter_name("frame"),
                                                FT_PROTOCOL);
}

void tcpt_shim_register(void)
{
    if (proto_get_id_by_filter_name("tcp") < 0)
        return;
    proto_shim = register_in_name_only("TCP (watched by TCP Triage)", "TCP (TCPTriage)", "tcptriage_feed");
    register_init_routine(begin_capture);
    register_cleanup_routine(end_capture);
}

/* What tells where a frame ends costs more on each than most of what is looked at there. */
void tcpt_shim_handoff(void)
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
    dissects_once = tcpt_dissects_once();
    if (!dissects_once)
        register_postdissector(create_dissector_handle(end_frame, proto_shim));
}
