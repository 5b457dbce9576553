/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reading.h"

#include "capture/padding.h"
#include "decap/decap.h"
#include "tcptriage/icmp.h"
#include "tcptriage/times.h"

enum {
    PROGRESS_EVERY = 4096, /* frames: a few milliseconds of work */
    /* Records, about ten megabytes: fewer of them are not worth the search. From there on twice as many as were left,
     * so that the search takes its share of the time however many there are; where that would be a lot of memory
     * the search takes more of it. */
    RELEASE_LEAST = 1 << 18,
    RELEASE_MOST = 1 << 23,
    /* What may still come of a connection that is over comes within two maximum segment lifetimes (RFC 9293, section
     * 3.4.2), each of two minutes. */
    QUIET_SECONDS = 240,
    /* Flows, two gigabytes with what hangs on them: where more are left they are given back sooner after their end, at
     * last when no segment can be under way any more. */
    CROWD_FLOWS = 1 << 20,
    CROWD_PARTS = 4,
    QUIET_SECONDS_LEAST = 2,
};

/* One capture while it is read. */
typedef struct run {
    const tcpt_reading_wants *wants;
    tcpt_capture_file *file;
    tcpt_reading *reading;
    const tcpt_captured *frame;
    tcpt_segment segment; /* the newest one: what is read of a packet is all written anew */
    /* The capture point of the newest one: most come from where the one before came from. */
    bool has_point;
    uint32_t interface;
    uint32_t point;
    const char *point_name;
} run;

static void find_point(run *of)
{
    const tcpt_captured *frame = of->frame;
    tcpt_captured_on where = {.known = frame->has_interface,
                              .interface = frame->interface,
                              .name_of = tcpt_capture_file_interface,
                              .data = of->file};

    if (frame->link == TCPT_LINK_SLL2)
        where.cooked_index = tcpt_cooked_index(frame->bytes.at, frame->bytes.captured);
    of->has_point = frame->link != TCPT_LINK_SLL2; /* of that each frame says where it comes from */
    of->interface = frame->interface;
    of->point = tcpt_interfaces_point(of->reading->interfaces, of->reading->analysis, &where, &of->point_name);
}

static uint32_t point_of(run *of, const char **name)
{
    bool same = of->has_point && of->interface == of->frame->interface && of->frame->link != TCPT_LINK_SLL2;

    *name = NULL;
    if (!of->wants->settings.capture_points)
        return 0;
    if (!same)
        find_point(of);
    *name = of->point_name;
    return of->point;
}

static void keep(run *of, tcpt_record *record)
{
    if (!record || !of->reading->frames)
        return;
    g_array_append_vals(of->reading->frames,
                        &(tcpt_read_frame){of->frame->number, record, tcpt_time_moved(of->frame->time_ns)}, 1);
}

static uint32_t padding_of(const run *of, const tcpt_packet *packet)
{
    bool frame = packet->whole_frame && of->frame->link == TCPT_LINK_ETHERNET;

    if (!packet->pads || !packet->ip || packet->ip_bytes + packet->tcp.reported >= TCPT_ETHERNET_PAYLOAD_LEAST)
        return 0;
    return tcpt_padding_behind(&(tcpt_datagram_place){
        .frame = frame && packet->source.captured == packet->source.reported ? packet->source.at : NULL,
        .frame_bytes = packet->source.reported,
        .end = (uint32_t)(packet->tcp.at - packet->source.at) + packet->tcp.reported,
        .datagram_bytes = packet->ip_bytes + packet->tcp.reported,
        .fcs_bytes = frame ? of->frame->fcs_bytes : 0,
    });
}

static tcpt_datagram datagram_of(const run *of, const tcpt_packet *packet)
{
    return (tcpt_datagram){
        .tcp = packet->tcp.at,
        .captured_bytes = packet->tcp.captured,
        .reported_bytes = packet->tcp.reported,
        .readable_bytes = packet->source.captured - (uint32_t)(packet->tcp.at - packet->source.at),
        .pad_bytes = padding_of(of, packet),
        .ip = packet->ip,
        .ip_bytes = packet->ip_bytes,
        .ip_cut = packet->ip && packet->ip_cut,
    };
}

static void take_segment(const tcpt_packet *packet, void *data)
{
    run *of = data;
    tcpt_datagram datagram = datagram_of(of, packet);
    tcpt_segment *segment = &of->segment;

    segment->time_ns = of->frame->time_ns;
    segment->frame = of->frame->number;
    segment->depth = packet->depth;
    segment->family = packet->family;
    segment->fragment = packet->fragment;
    segment->src = packet->src;
    segment->dst = packet->dst;
    if (!tcpt_segment_read(segment, &datagram))
        return;
    segment->point = point_of(of, &segment->point_name);
    keep(of, tcpt_analyse(of->reading->analysis, segment));
}

static void take_message(const tcpt_message *message, void *data)
{
    run *of = data;
    tcpt_icmp icmp = {.time_ns = of->frame->time_ns, .frame = of->frame->number, .depth = message->depth};
    const char *point_name;

    if (!tcpt_icmp_parse(&icmp, message->datagram.at, message->datagram.captured))
        return;
    icmp.point = point_of(of, &point_name);
    keep(of, tcpt_analyse_icmp(of->reading->analysis, &icmp));
}

static void count_unread(tcpt_reading *reading, int link_type)
{
    gpointer key = GINT_TO_POINTER(link_type), count = g_hash_table_lookup(reading->unread, key);

    g_hash_table_insert(reading->unread, key, GUINT_TO_POINTER(GPOINTER_TO_UINT(count) + 1));
}

static void note_frame(tcpt_reading *reading, const tcpt_captured *frame)
{
    int64_t time_ns = tcpt_time_moved(frame->time_ns);

    reading->frames_read++;
    if (frame->has_time && time_ns > reading->newest_ns)
        reading->newest_ns = time_ns;
    if (reading->zero_ns == 0 && frame->has_time)
        reading->zero_ns = time_ns;
    if (frame->packet && frame->link == TCPT_LINK_OTHER)
        count_unread(reading, frame->link_type);
}

tcpt_reading tcpt_reading_begin(const tcpt_reading_wants *wants)
{
    tcpt_reading reading = {.analysis = tcpt_analysis_new(&wants->settings),
                            .interfaces = tcpt_interfaces_new(),
                            .unread = g_hash_table_new(NULL, NULL),
                            .newest_ns = INT64_MIN,
                            .quiet_seconds = QUIET_SECONDS,
                            .release_at = RELEASE_LEAST,
                            .release_at_flows = CROWD_FLOWS + CROWD_FLOWS / CROWD_PARTS};

    if (wants->pictures)
        tcpt_expect_pictures(reading.analysis);
    if (wants->frames)
        reading.frames = g_array_new(FALSE, FALSE, sizeof(tcpt_read_frame));
    else
        tcpt_expect_release(reading.analysis);
    return reading;
}

static void count_gone(const tcpt_flow *flow, void *data)
{
    tcpt_flow_count(data, flow);
}

static bool is_due(const tcpt_reading *reading)
{
    return !reading->frames && (tcpt_record_count(reading->analysis) >= reading->release_at ||
                                tcpt_flow_weight(reading->analysis) >= reading->release_at_flows);
}

static uint32_t more_than(uint32_t left, uint32_t least, uint32_t most)
{
    return left + CLAMP(left, least, most);
}

static void release_once(tcpt_reading *reading)
{
    tcpt_release(reading->analysis, tcpt_seconds_ns(reading->quiet_seconds), count_gone, &reading->gone);
}

/* In a crowd as soon after the end as was necessary the last time: each search takes seconds. */
static void release(tcpt_reading *reading)
{
    if (!is_due(reading))
        return;
    release_once(reading);
    while (tcpt_flow_weight(reading->analysis) > CROWD_FLOWS && reading->quiet_seconds > QUIET_SECONDS_LEAST) {
        reading->quiet_seconds = MAX(reading->quiet_seconds / 4, QUIET_SECONDS_LEAST);
        release_once(reading);
    }
    if (tcpt_flow_weight(reading->analysis) < CROWD_FLOWS / 2)
        reading->quiet_seconds = MIN(reading->quiet_seconds * 4, QUIET_SECONDS);
    reading->release_at = more_than(tcpt_record_count(reading->analysis), RELEASE_LEAST, RELEASE_MOST);
    reading->release_at_flows = MAX(CROWD_FLOWS, tcpt_flow_weight(reading->analysis)) + CROWD_FLOWS / CROWD_PARTS;
}

static void take_frame(run *of, tcpt_decap *decap)
{
    const tcpt_captured *frame = of->frame;

    note_frame(of->reading, frame);
    if (frame->packet)
        tcpt_decap_frame(decap, frame->link, &frame->bytes);
    if (frame->number % PROGRESS_EVERY != 0)
        return;
    release(of->reading);
    if (of->wants->progress)
        of->wants->progress(tcpt_capture_file_progress(of->file), of->wants->data);
}

static void take_next(run *of, tcpt_decap *decap)
{
    if (!of->wants->lock) {
        take_frame(of, decap);
        return;
    }
    g_mutex_lock(of->wants->lock);
    take_frame(of, decap);
    of->reading->came_us = g_get_monotonic_time();
    g_mutex_unlock(of->wants->lock);
}

void tcpt_read_capture(tcpt_reading *reading, tcpt_capture_file *file, const tcpt_reading_wants *wants)
{
    tcpt_captured frame;
    run of = {.wants = wants, .file = file, .reading = reading, .frame = &frame};
    tcpt_decap *decap = tcpt_decap_new(&(tcpt_decap_visitor){take_segment, take_message, &of});

    while (tcpt_capture_file_next(file, &frame, &reading->problem)) {
        take_next(&of, decap);
        if (wants->over && wants->over(wants->data))
            break;
    }
    reading->given_up = tcpt_decap_given_up(decap);
    tcpt_decap_free(decap);
}

int64_t tcpt_reading_now_ns(const tcpt_reading *reading)
{
    if (reading->newest_ns == INT64_MIN)
        return INT64_MIN;
    return reading->newest_ns + (g_get_monotonic_time() - reading->came_us) * 1000;
}

void tcpt_reading_clear(tcpt_reading *reading)
{
    tcpt_analysis_free(reading->analysis);
    tcpt_interfaces_free(reading->interfaces);
    g_hash_table_destroy(reading->unread);
    if (reading->frames)
        g_array_unref(reading->frames);
    g_free(reading->problem);
    *reading = (tcpt_reading){0};
}
