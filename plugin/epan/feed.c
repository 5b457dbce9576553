/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet -> segment.
 *
 * The dissector table "ip.proto" leads to the shim instead of TCP; the shim notes what lies around the TCP header,
 * has the segment analysed when the frame is dissected for the first time, and passes everything on to TCP
 * untouched. It needs no protocol tree, which is why it costs so little, and it runs before anything that could
 * throw an exception at malformed payload. It must not throw itself: each length is checked before bytes are read.
 */
#include "feed.h"

#include <string.h>

#include <epan/ipproto.h>
#include <wsutil/crc32.h>

#include "compat.h"
#include "frames.h"
#include "records.h"
#include "tcptriage/cases.h"
#include "tcptriage/label.h"
#include "tcptriage/limits.h"

enum {
    IPV4_HEADER_MAX_BYTES = 60,
    IPV6_HEADER_BYTES = 40,
    FCS_BYTES = 4,
    SLL2_IFINDEX_AT = 4,  /* LINKTYPE_LINUX_SLL2: protocol, reserved, interface index, ... */
    ORDINARY_LAYERS = 4,  /* frame, Ethernet, ethertype, IP */
    CASES_EVERY_MS = 500, /* while a capture goes on its rows are drawn again and again */
    FRAME_RECORDS = 32,   /* TCP layers shown per frame; more are analysed all the same */
};

/* Odder ones do not fit 64 bits of nanoseconds; the core wants less (times.h). */
static const int64_t latest_seconds = TCPT_TIME_LAST_NS / TCPT_SECOND_NS;

/* Registered once, for the program's life. */
static int proto_triage = -1;
static protocol_t *triage;
static int proto_shim = -1;
static int proto_ip = -1;
static int proto_ipv6 = -1;
static int proto_eth = -1;
static int proto_sll = -1;
static dissector_table_t ip_proto_table;
static dissector_handle_t tcp_handle;
static dissector_handle_t shim_handle;
static tcpt_settings (*ask_settings)(void);

/* An interface of the file, or one of those behind an "any" capture. The analysis borrows the name. */
struct point {
    gint64 key;
    uint32_t id;
    char *name;
};

/* One capture file: from the init routine to the cleanup routine. */
static tcpt_analysis *analysis;
static gint64 cases_made_us; /* 0 never */
static tcpt_settings settings;
static bool enabled; /* there is an analysis, and our protocol is switched on: switching dissects everything anew */
static GHashTable *points;               /* interface and index -> struct point */
static GHashTable *taken_names;          /* of them; borrowed */
static const struct point *newest_point; /* NULL before the first */
static bool points_expected;
static bool zero_known;
static int64_t zero_ns; /* the time that Wireshark counts from */

/* One frame: filled by the shim, taken over by the post-dissector, which runs behind everything else. */
static tcpt_record *frame_records[FRAME_RECORDS];
static unsigned frame_record_count;
static unsigned frame_layers; /* TCP layers met so far, those without a usable header too */
static uint32_t frame_shown;  /* its number */
static uint32_t frame_number; /* that in the file, while it is new */
static bool frame_new;        /* its segments have not been analysed yet */

#define UNNAMED_INTERFACE "unknown" /* what Wireshark calls an interface without a name, or none */

static uint16_t read_be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t read_be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void forget_frame(void)
{
    frame_record_count = 0;
    frame_layers = 0;
}

static bool is_packet(const packet_info *pinfo)
{
    return pinfo->rec && pinfo->rec->rec_type == REC_TYPE_PACKET;
}

/* Link-layer type of the frame, WTAP_ENCAP_UNKNOWN when it is no captured packet. */
static int encapsulation(const packet_info *pinfo)
{
    return is_packet(pinfo) ? pinfo->rec->rec_header.packet_header.pkt_encap : WTAP_ENCAP_UNKNOWN;
}

/* Interface index in the cooked header of an "any" capture, 0 when there is none. */
static uint32_t cooked_ifindex(const packet_info *pinfo)
{
    tvbuff_t *frame;

    if (encapsulation(pinfo) != WTAP_ENCAP_SLL2 || !pinfo->data_src)
        return 0;
    frame = get_data_source_tvb(pinfo->data_src->data);
    if (tvb_captured_length(frame) < SLL2_IFINDEX_AT + 4)
        return 0;
    return read_be32(tvb_get_ptr(frame, SLL2_IFINDEX_AT, 4));
}

static bool is_named(const packet_info *pinfo, uint32_t interface_id)
{
    const char *name = tcpt_interface_name(pinfo, interface_id);

    return name && strcmp(name, UNNAMED_INTERFACE) != 0;
}

/* NULL when the capture does not tell. Anybody may have written it. */
static char *interface_label(const packet_info *pinfo, uint32_t interface_id)
{
    char *label;

    if (!is_named(pinfo, interface_id))
        return NULL;
    label = tcpt_label(tcpt_interface_name(pinfo, interface_id));
    if (!*label)
        g_clear_pointer(&label, g_free);
    return label;
}

/* Interfaces of several machines may all be called eth0. */
static char *make_point_name(const packet_info *pinfo, uint32_t interface_id, uint32_t ifindex)
{
    g_autofree char *name = interface_label(pinfo, interface_id);

    if (ifindex)
        return name && interface_id ? g_strdup_printf("%s, interface index %u", name, ifindex)
                                    : g_strdup_printf("interface index %u", ifindex);
    if (!name)
        return g_strdup_printf("interface %u", interface_id);
    return g_hash_table_contains(taken_names, name) ? g_strdup_printf("%s (interface %u)", name, interface_id)
                                                    : g_steal_pointer(&name);
}

static void free_point(void *data)
{
    struct point *point = data;

    g_free(point->name);
    g_free(point);
}

static const struct point *point_of(const packet_info *pinfo, uint32_t interface_id, uint32_t ifindex)
{
    gint64 key = (gint64)((uint64_t)interface_id << 32 | ifindex);
    struct point *point;

    if (newest_point && newest_point->key == key)
        return newest_point;
    newest_point = g_hash_table_lookup(points, &key);
    if (newest_point)
        return newest_point;
    point = g_new0(struct point, 1);
    point->key = key;
    point->id = g_hash_table_size(points);
    point->name = make_point_name(pinfo, interface_id, ifindex);
    g_hash_table_insert(points, &point->key, point);
    g_hash_table_add(taken_names, point->name);
    newest_point = point;
    return point;
}

/* Is this to be a capture with several points? Cooked frames with an index come from all interfaces of a machine. A
 * second interface can be asked for when it has a name. Where even the first one has none, as in captures without
 * interfaces that were joined into one with them, only its first packet would tell: too late for all before it. */
static void expect_points(const packet_info *pinfo, uint32_t interface_id, uint32_t ifindex)
{
    if (points_expected)
        return;
    points_expected = true;
    if (ifindex)
        tcpt_expect_points(analysis);
    if (!(pinfo->rec->presence_flags & WTAP_HAS_INTERFACE_ID))
        return;
    if (is_named(pinfo, 1))
        tcpt_expect_points(analysis);
    else if (!is_named(pinfo, interface_id))
        tcpt_suspect_points(analysis);
}

static uint32_t capture_point(const packet_info *pinfo, const char **name)
{
    uint32_t interface_id = 0, ifindex;
    const struct point *point;

    *name = NULL;
    if (!settings.capture_points || !is_packet(pinfo))
        return 0;
    if (pinfo->rec->presence_flags & WTAP_HAS_INTERFACE_ID)
        interface_id = pinfo->rec->rec_header.packet_header.interface_id;
    ifindex = cooked_ifindex(pinfo);
    expect_points(pinfo, interface_id, ifindex);
    point = point_of(pinfo, interface_id, ifindex);
    *name = point->name;
    return point->id;
}

/* What is around the segment. */
typedef struct carriers {
    uint8_t depth; /* IP headers */
    bool ethernet; /* a link layer that pads: Ethernet, or cooked, which may have been Ethernet */
} carriers;

/* `layers` also holds what came before in the same frame (subframes of an aggregated 802.11 frame, say), which is
 * alike: as many layers as are open now, from the start, tell what is around the segment all the same. */
static carriers find_carriers(const packet_info *pinfo)
{
    carriers around = {.depth = 1, .ethernet = true};
    wmem_list_frame_t *layer;
    unsigned depth = 0;

    if (pinfo->curr_layer_num == ORDINARY_LAYERS && encapsulation(pinfo) == WTAP_ENCAP_ETHERNET)
        return around;
    around.ethernet = false;
    layer = wmem_list_head(pinfo->layers);
    for (unsigned i = 0; layer && i < pinfo->curr_layer_num; i++, layer = wmem_list_frame_next(layer)) {
        int proto = GPOINTER_TO_INT(wmem_list_frame_data(layer));

        depth += proto == proto_ip || proto == proto_ipv6;
        around.ethernet |= proto == proto_eth || proto == proto_sll;
    }
    around.depth = (uint8_t)CLAMP(depth, 1, UINT8_MAX);
    return around;
}

/* The IP header that ends where the segment begins; bytes behind `end` are the segment's. */
typedef struct ip_header {
    const uint8_t *at;
    unsigned bytes; /* 0: not found, as in a reassembled datagram or behind IPv6 extension headers */
    uint8_t ttl;
    uint16_t id;
    bool cut; /* it claims more bytes than its carrier holds: what the checksum covers is not all there */
} ip_header;

static ip_header find_ipv4_header(const uint8_t *end, unsigned before_bytes, const tcpt_segment *segment,
                                  uint32_t reported_bytes)
{
    ip_header found = {0};

    for (unsigned bytes = TCPT_IPV4_HEADER_BYTES; bytes <= before_bytes && bytes <= IPV4_HEADER_MAX_BYTES; bytes += 4) {
        const uint8_t *header = end - bytes;
        unsigned total_bytes = read_be16(header + 2);

        if (header[0] != (0x40 | bytes / 4) || header[9] != IP_PROTO_TCP || memcmp(header + 12, segment->src, 4) != 0)
            continue;
        if (total_bytes != 0 && total_bytes < bytes + reported_bytes) /* 0: segmentation offload */
            continue;
        found.cut = total_bytes > bytes + reported_bytes;
        found.at = header;
        found.bytes = bytes;
        found.ttl = header[8];
        found.id = read_be16(header + 4);
        return found;
    }
    return found;
}

static ip_header find_ipv6_header(const uint8_t *end, unsigned before_bytes, const tcpt_segment *segment)
{
    const uint8_t *header = end - IPV6_HEADER_BYTES;
    ip_header found = {0};

    if (before_bytes < IPV6_HEADER_BYTES || header[0] >> 4 != 6 || header[6] != IP_PROTO_TCP)
        return found;
    if (memcmp(header + 8, segment->src, 16) != 0)
        return found;
    found.bytes = IPV6_HEADER_BYTES;
    found.ttl = header[7];
    return found;
}

static ip_header find_ip_header(tvbuff_t *source, unsigned segment_at, const tcpt_segment *segment,
                                uint32_t reported_bytes)
{
    unsigned before_bytes = MIN(segment_at, IPV4_HEADER_MAX_BYTES);
    const uint8_t *before;

    if (before_bytes < TCPT_IPV4_HEADER_BYTES || tvb_captured_length(source) < segment_at)
        return (ip_header){0};
    before = tvb_get_ptr(source, (int)(segment_at - before_bytes), (int)before_bytes);
    return segment->family == 4 ? find_ipv4_header(before + before_bytes, before_bytes, segment, reported_bytes)
                                : find_ipv6_header(before + before_bytes, before_bytes, segment);
}

/* Bytes of frame check sequence at the end of the frame, as far as they matter behind a datagram of `rest_bytes` in
 * all. Some files say it; classic pcap does not, then four bytes that are the right CRC-32 are one. */
static unsigned fcs_bytes(const packet_info *pinfo, tvbuff_t *source, uint32_t rest_bytes)
{
    unsigned frame_bytes = tvb_reported_length(source);
    const uint8_t *frame;
    uint32_t crc;
    int fcs_len;

    if (encapsulation(pinfo) != WTAP_ENCAP_ETHERNET)
        return 0;
    if (frame_bytes != pinfo->fd->pkt_len)
        return 0; /* another data source than the frame */
    fcs_len = pinfo->pseudo_header->eth.fcs_len;
    if (fcs_len >= 0)
        return (unsigned)fcs_len;
    if (rest_bytes <= TCPT_ETHERNET_PAYLOAD_LEAST || tvb_captured_length(source) < frame_bytes)
        return 0; /* short enough without one */
    frame = tvb_get_ptr(source, 0, (int)frame_bytes);
    crc = crc32_ccitt(frame, frame_bytes - FCS_BYTES);
    return crc == GUINT32_SWAP_LE_BE(read_be32(frame + frame_bytes - FCS_BYTES)) ? FCS_BYTES : 0;
}

/* Ethernet padding behind the datagram. Inside a tunnel the inner frame's: it ends where its carrier ends. */
static uint32_t padding_bytes(const packet_info *pinfo, tvbuff_t *source, unsigned segment_at, uint32_t reported_bytes,
                              const ip_header *ip, carriers around)
{
    uint32_t datagram_bytes = ip->bytes + reported_bytes;
    uint32_t behind_bytes;

    if (!around.ethernet || ip->bytes == 0 || tvb_reported_length(source) <= segment_at + reported_bytes)
        return 0;
    behind_bytes = tvb_reported_length(source) - (segment_at + reported_bytes);
    if (datagram_bytes + behind_bytes > TCPT_ETHERNET_PAYLOAD_LEAST + FCS_BYTES)
        return 0; /* a trailer, with FCS or without */
    behind_bytes -= MIN(behind_bytes, fcs_bytes(pinfo, source, datagram_bytes + behind_bytes));
    return tcpt_padding_bytes(datagram_bytes, behind_bytes);
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
    return CLAMP((int64_t)time->secs, 0, latest_seconds) * TCPT_SECOND_NS + time->nsecs;
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

/* @return the new segment's record, or NULL when these bytes are none */
static tcpt_record *analyse(tvbuff_t *tvb, packet_info *pinfo)
{
    uint32_t captured_bytes = tvb_captured_length(tvb);
    uint32_t reported_bytes = tvb_reported_length(tvb);
    tvbuff_t *source = tvb_get_ds_tvb(tvb);
    unsigned segment_at = (unsigned)tvb_raw_offset(tvb);
    tcpt_segment segment; /* every member is set below: clearing it first is dear */
    const uint8_t *header;
    uint32_t pad_bytes;
    carriers around;
    ip_header ip;

    if (!read_addresses(&segment, pinfo))
        return NULL;
    segment.time_ns = as_ns(&pinfo->abs_ts);
    segment.frame = frame_number;
    segment.fragment = pinfo->fragmented;
    header = tvb_get_ptr(tvb, 0, (int)captured_bytes);
    if (!tcpt_segment_parse(&segment, header, captured_bytes, reported_bytes))
        return NULL;

    note_zero(pinfo);
    around = find_carriers(pinfo);
    segment.point = capture_point(pinfo, &segment.point_name);
    segment.depth = around.depth;
    ip = find_ip_header(source, segment_at, &segment, reported_bytes);
    segment.ttl = ip.ttl;
    segment.ip_id = ip.id;
    segment.has_ip_id = segment.family == 4 && ip.bytes > 0;
    segment.fragments = segment.family == 4 && ip.bytes == 0;

    pad_bytes = padding_bytes(pinfo, source, segment_at, reported_bytes, &ip, around);
    if (pad_bytes > 0 && captured_bytes == reported_bytes) {
        if (tvb_captured_length(source) < segment_at + reported_bytes + pad_bytes)
            pad_bytes = 0; /* the padding itself was not captured */
        else
            header = tvb_get_ptr(source, (int)segment_at, (int)(reported_bytes + pad_bytes));
    }
    tcpt_segment_check(&segment, header, ip.cut ? 0 : captured_bytes, reported_bytes, pad_bytes);
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
}

/* Analyse a TCP layer when it is first seen, look its record up later: tunnels have several per frame. */
static void note_segment(tvbuff_t *tvb, packet_info *pinfo)
{
    tcpt_record *record;
    unsigned layer;

    if (frame_layers == 0 || pinfo->num != frame_shown)
        begin_frame(pinfo);
    layer = frame_layers++;
    if (frame_new) {
        record = analyse(tvb, pinfo);
        tcpt_records_note(frame_shown, layer, record);
    } else {
        record = tcpt_records_find(frame_shown, layer);
    }
    if (record && frame_record_count < FRAME_RECORDS)
        frame_records[frame_record_count++] = record;
}

/* Headers quoted in an ICMP error are not the flow's packets. */
static bool wanted(tvbuff_t *tvb, const packet_info *pinfo)
{
    return enabled && !pinfo->flags.in_error_pkt && tvb_captured_length(tvb) >= TCPT_TCP_HEADER_BYTES;
}

static int shim(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    if (wanted(tvb, pinfo))
        note_segment(tvb, pinfo);
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
    tcpt_records_forget();
    tcpt_analysis_free(analysis);
    analysis = NULL;
    enabled = false;
    g_clear_pointer(&taken_names, g_hash_table_destroy);
    g_clear_pointer(&points, g_hash_table_destroy);
    newest_point = NULL;
    points_expected = false;
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
    points = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, free_point);
    taken_names = g_hash_table_new(g_str_hash, g_str_equal);
    analysis = tcpt_analysis_new(&settings);
    enabled = proto_is_protocol_enabled(triage);
}

void tcpt_feed_register(int proto, tcpt_settings (*settings_now)(void))
{
    int proto_tcp = proto_get_id_by_filter_name("tcp");

    proto_triage = proto;
    triage = find_protocol_by_id(proto);
    ask_settings = settings_now;
    if (proto_tcp < 0)
        return;
    /* In name only and a child of TCP: adds no layer to frame.protocols, and follows TCP when that is disabled. */
    proto_shim = proto_register_protocol_in_name_only("TCP (watched by TCP Triage)", "TCP (TCPTriage)",
                                                      "tcptriage_feed", proto_tcp, FT_PROTOCOL);
    register_init_routine(begin_capture);
    register_cleanup_routine(end_capture);
}

void tcpt_feed_handoff(void)
{
    if (proto_shim < 0)
        return;
    proto_ip = proto_get_id_by_filter_name("ip");
    proto_ipv6 = proto_get_id_by_filter_name("ipv6");
    proto_eth = proto_get_id_by_filter_name("eth");
    proto_sll = proto_get_id_by_filter_name("sll");
    ip_proto_table = find_dissector_table("ip.proto");
    tcp_handle = ip_proto_table ? dissector_get_uint_handle(ip_proto_table, IP_PROTO_TCP) : NULL;
    if (!tcp_handle)
        return;
    shim_handle = create_dissector_handle(shim, proto_shim);
    dissector_add_uint("ip.proto", IP_PROTO_TCP, shim_handle);
}

unsigned tcpt_feed_take(const packet_info *pinfo, tcpt_record *const **records)
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

tcpt_analysis *tcpt_feed_analysis(void)
{
    return analysis;
}

void tcpt_feed_make_cases(void)
{
    gint64 now_us = g_get_monotonic_time();
    unsigned count;

    if (cases_made_us && now_us - cases_made_us < CASES_EVERY_MS * 1000)
        return;
    cases_made_us = now_us;
    tcpt_cases(analysis, &count);
}

int64_t tcpt_feed_zero_ns(void)
{
    return zero_known ? zero_ns : TCPT_TIME_FIRST_NS;
}

uint32_t tcpt_feed_interface_of(const tcpt_point *of)
{
    const struct point *point;
    GHashTableIter each;

    g_hash_table_iter_init(&each, points);
    while (g_hash_table_iter_next(&each, NULL, (gpointer *)&point))
        if (point->id == of->id)
            return (uint32_t)(point->key >> 32);
    return 0; /* capture points are not told apart */
}
