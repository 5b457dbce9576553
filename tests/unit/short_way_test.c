/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The short ways are the long ones: the same traffic through both leaves the same flows, records and findings. */
#include <glib.h>
#include <string.h>

#include "core/flow/flow.h"
#include "core/flow/rst_again.h"
#include "core/flow/short_way.h"
#include "core/tracker/judge.h"
#include "core/tracker/tracker.h"
#include "same.h"
#include "scenario.h"
#include "tcptriage/analysis.h"
#include "tcptriage/points.h"

/** Two analyses of one capture. The second never takes the short way: after each segment its flow is told not to take
 * it. */
typedef struct both {
    tcpt_analysis *analysis[2];
    tcpt_analysis *sharing; /**< a third, where frames share records; NULL for none */
    GPtrArray *records;     /**< by frame, of the second */
    uint64_t segments;
    uint64_t by_short_way; /**< of those, judged by the short way */
    uint64_t again;        /**< of those, RSTs judged as the one before */
    uint64_t lagging;      /**< of those, left out by the tracker's entry, which catches up later */
} both;

static void begin(both *ways, tcpt_settings settings)
{
    *ways = (both){.analysis = {tcpt_analysis_new(&settings), tcpt_analysis_new(&settings)}};
}

/* ---- Frames that share a record: it says what their own would. */

static GArray *numbers; /* of records, by frame */
static uint64_t shared; /* frames whose record is another one's */

static void move(uint32_t frame, uint32_t from, uint32_t to)
{
    g_assert_cmpuint(g_array_index(numbers, uint32_t, frame), ==, from);
    g_assert_cmpuint(to, !=, from);
    g_array_index(numbers, uint32_t, frame) = to;
    shared++;
}

static void share(both *ways, tcpt_settings settings)
{
    ways->sharing = tcpt_analysis_new(&settings);
    ways->records = g_ptr_array_new();
    tcpt_share_records(ways->sharing, move);
    numbers = g_array_new(FALSE, TRUE, sizeof(uint32_t));
}

static void feed_sharing(const both *ways, const tcpt_segment *segment, tcpt_record *slow)
{
    same_records(tcpt_analyse(ways->sharing, segment), slow);
    g_array_set_size(numbers, segment->frame + 1);
    g_array_index(numbers, uint32_t, segment->frame) = tcpt_newest_record(ways->sharing);
    g_ptr_array_set_size(ways->records, (int)segment->frame + 1);
    ways->records->pdata[segment->frame] = slow;
}

static void tell(const tcpt_finding *finding, void *text)
{
    char *summary = tcpt_summary(finding), *brief = tcpt_brief_text(finding);
    tcpt_value value;

    g_string_append_printf(text, "%s: %s; %s", finding->diagnosis->detector->id, summary, brief);
    for (unsigned at = 0; tcpt_next_value(finding, &at, &value);)
        g_string_append_printf(text, ", %" G_GINT64_FORMAT " %s", value.number, value.text);
    g_free(summary);
    g_free(brief);
}

static void same_said(const tcpt_record *sharing, const tcpt_record *own)
{
    GString *texts[2] = {g_string_new(NULL), g_string_new(NULL)};
    tcpt_record of_frame = *sharing;

    of_frame.frame = own->frame;
    same_records(&of_frame, own);
    tcpt_each_finding(sharing, tell, texts[0]);
    tcpt_each_finding(own, tell, texts[1]);
    g_assert_cmpstr(texts[0]->str, ==, texts[1]->str);
    for (unsigned i = 0; i < 2; i++)
        g_string_free(texts[i], TRUE);
}

static void end_sharing(both *ways)
{
    const tcpt_flow *sharing, *slow;

    tcpt_settle_all(ways->sharing);
    for (unsigned frame = 0; frame < numbers->len; frame++)
        if (ways->records->pdata[frame])
            same_said(tcpt_record_numbered(ways->sharing, g_array_index(numbers, uint32_t, frame)),
                      ways->records->pdata[frame]);
    sharing = tcpt_first_flow(ways->sharing);
    slow = tcpt_first_flow(ways->analysis[1]);
    for (; sharing && slow; sharing = sharing->next, slow = slow->next) {
        same_list(tcpt_first_diagnosis(sharing), tcpt_first_diagnosis(slow));
        same_list(tcpt_first_end_diagnosis(sharing), tcpt_first_end_diagnosis(slow));
    }
    g_assert_true(!sharing && !slow);
    tcpt_analysis_free(ways->sharing);
    g_ptr_array_free(ways->records, TRUE);
    g_array_free(numbers, TRUE);
}

/* ---- */

static void feed(both *ways, const tcpt_segment *segment)
{
    tcpt_record *fast, *slow;
    fast = tcpt_analyse(ways->analysis[0], segment);
    slow = tcpt_analyse(ways->analysis[1], segment);
    same_records(fast, slow);
    if (ways->sharing)
        feed_sharing(ways, segment, slow);
    tcpt_flow_of(slow)->short_way =
        tcpt_may_take_short_way(tcpt_flow_of(slow)); /* what the short way leaves as it is */
    same_flow(tcpt_flow_of(fast), tcpt_flow_of(slow));
    tcpt_flow_of(slow)->short_way = false;
    tcpt_rst_forget(tcpt_flow_of(slow));
    ways->segments++;
    ways->lagging += tcpt_flow_of(fast)->tracker_lags;
}

/** Whether the next segment goes the short way; asked before it is fed. */
static bool goes_short(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    tcpt_settings settings = tcpt_settings_default();
    tcpt_observation seen;
    tcpt_observe(&seen, flow, segment, from, flow->ends[from].host, &settings);
    return seen.short_way;
}

static void note_found(const tcpt_finding *finding, void *data)
{
    g_string_append_printf(data, "%u %s %" G_GINT64_FORMAT "\n", finding->on->frame, finding->diagnosis->detector->id,
                           finding->time_ns);
}

/** The same findings on the same frames. */
static void same_found(tcpt_analysis *const analysis[2])
{
    GString *found[2];
    for (unsigned i = 0; i < 2; i++)
        tcpt_each_found(analysis[i], note_found, found[i] = g_string_new(NULL));
    g_assert_cmpstr(found[0]->str, ==, found[1]->str);
    for (unsigned i = 0; i < 2; i++)
        g_string_free(found[i], TRUE);
}

static void end(both *ways)
{
    const tcpt_flow *fast, *slow;
    tcpt_settle_all(ways->analysis[0]);
    tcpt_settle_all(ways->analysis[1]);
    same_found(ways->analysis);
    if (ways->sharing)
        end_sharing(ways);
    fast = tcpt_first_flow(ways->analysis[0]);
    slow = tcpt_first_flow(ways->analysis[1]);
    for (; fast && slow; fast = fast->next, slow = slow->next) {
        same_list(tcpt_first_diagnosis(fast), tcpt_first_diagnosis(slow));
        same_list(tcpt_first_end_diagnosis(fast), tcpt_first_end_diagnosis(slow));
    }
    g_assert_true(!fast && !slow);
    tcpt_analysis_free(ways->analysis[0]);
    tcpt_analysis_free(ways->analysis[1]);
}

/* ---- The scripts of captures/scenarios. */

static void feed_scenario(both *ways, const scn_scenario *scenario)
{
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        tcpt_segment segment = {
            .time_ns = INT64_C(1700000000000000000) + frame->time_ns, .frame = i + 1, .point = frame->point};
        if (scn_decode(&segment, frame->bytes->data, frame->bytes->len, frame->wire_bytes))
            feed(ways, &segment);
    }
}

static void play(const scn_scenario *scenario, void *segments)
{
    both ways;
    begin(&ways, tcpt_settings_default());
    feed_scenario(&ways, scenario);
    *(uint64_t *)segments += ways.segments;
    end(&ways);
}

static void test_scenarios(void)
{
    uint64_t segments = 0;
    scn_each(SCENARIOS, play, &segments);
    g_assert_cmpuint(segments, >, 1000);
}

/* ---- Random conversations: mostly data and ACKs in order, now and then anything else. */

typedef struct talk {
    uint32_t next[2];  /**< behind what each end has sent */
    uint32_t acked[2]; /**< what each end has acknowledged */
    uint32_t stamp;
    uint8_t wscale;
    bool timestamps;
    uint16_t port;
    uint16_t ip_id;
    uint32_t frame;
    int64_t now_ns;
    unsigned oddness; /**< one segment in so many is odd, 0 none */
    tcpt_segment last;
} talk;

static const uint8_t addresses[2][4] = {{192, 0, 2, 1}, {198, 51, 100, 1}};

static bool one_in(unsigned many)
{
    return many && g_test_rand_int_range(0, (int)many) == 0;
}

static tcpt_segment plain(talk *all, unsigned from, uint8_t flags, uint32_t payload_bytes)
{
    tcpt_segment segment = {
        .time_ns = all->now_ns += g_test_rand_int_range(0, 3000000),
        .frame = ++all->frame,
        .depth = 1,
        .family = 4,
        .ttl = 64,
        .has_ip_id = true,
        .ip_id = ++all->ip_id,
        .src = addresses[from],
        .dst = addresses[!from],
        .src_port = from ? 80 : all->port,
        .dst_port = from ? all->port : 80,
        .seq = all->next[from],
        .ack = flags & TCPT_ACK ? all->next[!from] : 0,
        .flags = flags,
        .header_bytes = 20,
        .window = 65000,
        .payload_bytes = payload_bytes,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };
    if (all->timestamps) {
        segment.options = TCPT_OPTION_TIMESTAMPS;
        segment.header_bytes = 32;
        segment.tsval = all->stamp += one_in(3);
        segment.tsecr = all->stamp;
    }
    if (flags & TCPT_SYN) {
        segment.options |= TCPT_OPTION_MSS | TCPT_OPTION_SACK_PERMITTED | TCPT_OPTION_WSCALE;
        segment.mss = 1460;
        segment.wscale = all->wscale;
        segment.header_bytes = 40;
    }
    return segment;
}

static uint32_t near_zero(void)
{
    static const int32_t distances[] = {1, -1, -100, 100, -1460, 1460, 70000, -70000, 1 << 29, INT32_MIN};
    return (uint32_t)distances[g_test_rand_int_range(0, G_N_ELEMENTS(distances))];
}

/** Something unusual about a segment; several at times. */
static void make_odd(talk *all, tcpt_segment *segment)
{
    static const uint8_t flags[] = {
        TCPT_FIN | TCPT_ACK, TCPT_RST, TCPT_RST | TCPT_ACK, TCPT_SYN, TCPT_SYN | TCPT_ACK, 0, TCPT_ACK | TCPT_URG,
        TCPT_ACK | TCPT_PSH, 0xd8};
    static const int64_t jumps[] = {-1000, -1000000, 300000000, 1500000000, 2000000000, 31000000000, 600000000000};
    static const char *const texts[] = {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "\x15\x03\x03\x00\x02\x01\x00"};
    switch (g_test_rand_int_range(0, 18)) {
    case 0:
    case 1:
        segment->seq += near_zero();
        break;
    case 2:
    case 3:
        segment->ack += near_zero();
        break;
    case 4:
        if (one_in(4))
            segment->flags = flags[g_test_rand_int_range(0, G_N_ELEMENTS(flags))];
        break;
    case 5:
        segment->window = (uint16_t)(one_in(2) ? 0 : g_test_rand_int());
        break;
    case 6:
        segment->sack_count = 1;
        segment->options |= TCPT_OPTION_SACK;
        segment->sack_left[0] = segment->ack + near_zero();
        segment->sack_right[0] = segment->sack_left[0] + 100;
        break;
    case 7:
        segment->time_ns = all->now_ns += jumps[g_test_rand_int_range(0, G_N_ELEMENTS(jumps))];
        break;
    case 8:
        segment->tsval += near_zero();
        break;
    case 9:
        segment->checksum_is = (tcpt_checksum)g_test_rand_int_range(0, TCPT_CHECKSUM_WRONG + 1);
        break;
    case 10:
        segment->pad_bytes = 6;
        break;
    case 11: /* the last one again: a copy, or sent again */
        segment->seq = all->last.seq;
        segment->ack = all->last.ack;
        segment->payload_bytes = all->last.payload_bytes;
        segment->ip_id = one_in(2) ? all->last.ip_id : segment->ip_id;
        break;
    case 12: /* a probe */
        segment->seq--;
        segment->payload_bytes = one_in(2);
        break;
    case 13:
        segment->fragment = one_in(4);
        segment->options_cut = one_in(4);
        break;
    case 14:
        segment->payload = (const uint8_t *)texts[one_in(2)];
        segment->payload_bytes = segment->payload_captured_bytes = (uint32_t)strlen((const char *)segment->payload);
        break;
    case 15: /* lost before the capture point: a gap */
        segment->seq += 1000;
        all->next[!!(segment->src == addresses[1])] += 1000;
        break;
    case 16:
        segment->ttl = (uint8_t)g_test_rand_int_range(0, 256);
        break;
    default:
        segment->options &= (uint8_t)~TCPT_OPTION_TIMESTAMPS;
        break;
    }
}

static void say(both *ways, talk *all, const tcpt_flow **flow, tcpt_segment segment, unsigned from)
{
    segment.end_seq = segment.seq + segment.payload_bytes + !!(segment.flags & TCPT_SYN) + !!(segment.flags & TCPT_FIN);
    if (*flow && (*flow)->short_way && !(segment.flags & TCPT_SYN))
        ways->by_short_way += goes_short(*flow, &segment, from);
    feed(ways, &segment);
    *flow = NULL;
    for (const tcpt_flow *each = tcpt_first_flow(ways->analysis[0]); each; each = each->next)
        *flow = each; /* the newest */
    if (!(segment.flags & TCPT_RST) && (int32_t)(segment.end_seq - all->next[from]) > 0)
        all->next[from] = segment.end_seq;
    all->last = segment;
}

static void converse(both *ways, talk *all, unsigned segments, uint32_t largest)
{
    const tcpt_flow *flow = NULL;
    if (!one_in(8)) {
        say(ways, all, &flow, plain(all, 0, TCPT_SYN, 0), 0);
        say(ways, all, &flow, plain(all, 1, TCPT_SYN | TCPT_ACK, 0), 1);
    }
    all->acked[0] = all->next[1];
    all->acked[1] = all->next[0];
    for (unsigned i = 0; i < segments; i++) {
        unsigned from = one_in(2);
        uint32_t payload_bytes = one_in(3) ? 0 : (uint32_t)g_test_rand_int_range(1, (int)largest);
        tcpt_segment segment = plain(all, from, TCPT_ACK, payload_bytes);
        if (one_in(6))
            segment.ack = all->acked[from]; /* sent before the newest bytes arrived */
        all->acked[from] = segment.ack;
        while (one_in(all->oddness))
            make_odd(all, &segment);
        say(ways, all, &flow, segment, from);
    }
}

static talk new_talk(unsigned oddness)
{
    return (talk){
        .next = {g_test_rand_int(), g_test_rand_int()},
        .stamp = g_test_rand_int(),
        .wscale = (uint8_t)g_test_rand_int_range(0, 15),
        .timestamps = one_in(2),
        .port = 40000,
        .now_ns = INT64_C(1700000000000000000),
        .oddness = oddness,
    };
}

/* From conversations without anything odd to such of odd segments only. */
static void test_random(void)
{
    static const unsigned oddness[] = {0, 40, 10, 3};
    uint64_t segments = 0, by_short_way = 0, lagging = 0;
    for (unsigned round = 0; round < 800; round++) {
        tcpt_settings settings = tcpt_settings_default();
        both ways;
        talk all = new_talk(oddness[round % G_N_ELEMENTS(oddness)]);
        settings.receiver_stack = (tcpt_stack)(round / 4 % 4);
        begin(&ways, settings);
        for (unsigned life = 0; life < 2; life++) {
            converse(&ways, &all, 100, 2000);
            all.next[0] += 1 << 20;
            all.next[1] += 1 << 20;
            all.now_ns += one_in(2) ? 1000000 : INT64_C(70000000000);
        }
        segments += ways.segments;
        by_short_way += ways.by_short_way;
        lagging += ways.lagging;
        end(&ways);
    }
    g_test_message("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " by the short way, %" G_GUINT64_FORMAT
                   " without the tracker's entry",
                   by_short_way, segments, lagging);
    g_assert_cmpuint(by_short_way * 4, >, segments); /* else the short way is not what is tested */
    g_assert_cmpuint(lagging * 8, >, segments);
}

/* ---- Floods of RSTs, with other segments in between. */

enum { WITHIN_SENT = 6 }; /* after shrink(): in the window that is left, and before what was sent */

/** Where the next one of a flood lies: the kinds of places, most often one kind for long. */
static uint32_t beside(const talk *all, unsigned from, unsigned kind)
{
    switch (kind) {
    case 0:
        return all->next[from] + (uint32_t)g_test_rand_int_range(1, 60000);
    case 1:
        return all->next[from] + 77;
    case 2:
        return all->next[from];
    case 3:
        return all->next[from] - (uint32_t)g_test_rand_int_range(1, 70000);
    case 4:
        return all->next[from] + (uint32_t)g_test_rand_int_range(65000, 70000);
    case WITHIN_SENT:
        return all->next[from] - (uint32_t)g_test_rand_int_range(1, 3000);
    default:
        return all->next[from] + near_zero();
    }
}

static void pause_before(talk *all)
{
    static const int64_t pauses[] = {90000000, 400000000, 495000000, 900000000, 1500000000, 40000000000, 400000000000};

    all->now_ns += pauses[g_test_rand_int_range(0, G_N_ELEMENTS(pauses))];
}

static void shoot(both *ways, talk *all, const tcpt_flow **flow, unsigned from, unsigned kind, uint8_t flags)
{
    tcpt_segment segment = plain(all, from, flags, 0);

    segment.seq = beside(all, from, one_in(50) ? (unsigned)g_test_rand_int_range(0, 6) : kind);
    segment.window = (uint16_t)(one_in(60) ? 0 : 501);
    if (one_in(40))
        segment.ip_id = all->last.ip_id;
    if (one_in(60))
        make_odd(all, &segment);
    segment.end_seq = segment.seq;
    ways->again += *flow && tcpt_rst_comes_again(*flow, &segment, from);
    say(ways, all, flow, segment, from);
}

/** The receiver of the flood says what it holds behind a gap: a RST there is one that it takes (tcp_validate_incoming).
 */
static void hold_above(both *ways, talk *all, const tcpt_flow **flow, unsigned from)
{
    tcpt_segment segment = plain(all, from, TCPT_ACK, 0);

    segment.sack_count = 1;
    segment.options |= TCPT_OPTION_SACK;
    segment.sack_left[0] = segment.ack + 20;
    segment.sack_right[0] = segment.ack + 77; /* where one kind of flood lies */
    say(ways, all, flow, segment, from);
}

/** The receiver of the flood takes back most of its window: what it was sent lies beyond, and so do places of RSTs. */
static void shrink(both *ways, talk *all, const tcpt_flow **flow, unsigned from)
{
    tcpt_segment segment = plain(all, from, TCPT_ACK, 0);

    segment.ack -= (uint32_t)g_test_rand_int_range(0, 2000); /* what it has not seen yet */
    segment.window = (uint16_t)(g_test_rand_int_range(1, 3000) >> all->wscale);
    say(ways, all, flow, segment, from);
}

/** Now and then a pause, or another segment. */
static void come_between(both *ways, talk *all, const tcpt_flow **flow)
{
    if (one_in(25))
        pause_before(all);
    if (one_in(100)) {
        for (unsigned i = 0; i < 2; i++)
            tcpt_settle_all(ways->analysis[i]);
        tcpt_settle_all(ways->sharing);
    }
    if (one_in(70))
        say(ways, all, flow, plain(all, one_in(2), TCPT_ACK, one_in(2) ? 0 : 100), one_in(2));
}

static void test_rst_floods(void)
{
    uint64_t segments = 0, again = 0;

    for (unsigned round = 0; round < 600; round++) {
        tcpt_settings settings = tcpt_settings_default();
        const tcpt_flow *flow = NULL;
        unsigned kind = (unsigned)g_test_rand_int_range(0, 6), from = one_in(2);
        uint8_t flags = one_in(2) ? TCPT_RST : TCPT_RST | TCPT_ACK;
        bool shrunk = one_in(2);
        both ways;
        talk all = new_talk(one_in(2) ? 0 : 60);

        if (round % 4 == 3)
            settings.receiver_stack = (tcpt_stack)(round / 4 % 4);
        begin(&ways, settings);
        share(&ways, settings);
        converse(&ways, &all, (unsigned)g_test_rand_int_range(0, 12), 2000);
        for (const tcpt_flow *each = tcpt_first_flow(ways.analysis[0]); each; each = each->next)
            flow = each;
        if (one_in(10))
            hold_above(&ways, &all, &flow, !from);
        if (shrunk)
            shrink(&ways, &all, &flow, !from);
        for (unsigned i = 0; i < 150; i++) {
            come_between(&ways, &all, &flow);
            shoot(&ways, &all, &flow, from, shrunk && one_in(4) ? WITHIN_SENT : kind, flags);
        }
        segments += ways.segments;
        again += ways.again;
        end(&ways);
    }
    g_test_message("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " judged as the RST before, %" G_GUINT64_FORMAT
                   " share a record",
                   again, segments, shared);
    g_assert_cmpuint(again * 20, >, segments); /* else it is not that what is tested */
    g_assert_cmpuint(shared * 100, >, segments);
}

/* Numbers that come round: what lies before what turns over behind 2 GiB, once in each direction. */
static void test_around(void)
{
    both ways;
    talk all = new_talk(0);
    all.wscale = 14;
    begin(&ways, tcpt_settings_default());
    converse(&ways, &all, 220000, 65000);
    g_test_message("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " by the short way", ways.by_short_way, ways.segments);
    end(&ways);
}

/* ---- The tracker's rule sets side by side, against each on its own. */

static void same_verdict(const tcpt_ct_result *a, const tcpt_ct_result *b)
{
    g_assert_cmpuint(a->verdict, ==, b->verdict);
    g_assert_cmpuint(a->reason, ==, b->reason);
    g_assert_cmpuint(a->state, ==, b->state);
    g_assert_true(a->scale_reset == b->scale_reset);
}

static void track(tcpt_ct_models *models, tcpt_ct_entry alone[TCPT_CT_RULE_SETS], const tcpt_segment *segment,
                  unsigned from)
{
    tcpt_ct_packet packet = tcpt_ct_packet_of(segment, from, segment->checksum_is == TCPT_CHECKSUM_WRONG);
    tcpt_ct_models before = *models;
    tcpt_ct_entry old_before = models->old ? *models->old : models->current;
    tcpt_ct_proposal proposal;
    tcpt_ct_result results[TCPT_CT_RULE_SETS];
    tcpt_ct_judge_both(models, &packet, &proposal, results);
    same_bytes(models, &before, sizeof before); /* a proposal changes nothing */
    same_bytes(models->old ? models->old : &models->current, &old_before, sizeof old_before);
    tcpt_ct_commit(models, segment, from, &proposal);
    for (unsigned rules = 0; rules < TCPT_CT_RULE_SETS; rules++) {
        tcpt_ct_result expected = tcpt_ct_judge(&alone[rules], &packet, (tcpt_ct_rules)rules);
        same_verdict(&results[rules], &expected);
    }
    same_bytes(&models->current, &alone[TCPT_CT_CURRENT], sizeof models->current);
    same_bytes(models->old ? models->old : &models->current, &alone[TCPT_CT_BEFORE_5_18], sizeof models->current);
}

/** The i-th segment of a conversation: handshake, the server's data before the client's first ACK where it is `early`,
 * then anything. */
static tcpt_segment nth(talk *all, unsigned i, bool early, unsigned *from)
{
    bool ordinary = i > 2 || !one_in(6); /* else perhaps crossed, or sent again */
    uint8_t flags = i > 1 ? TCPT_ACK : i ? TCPT_SYN | TCPT_ACK : TCPT_SYN;
    uint32_t payload_bytes = one_in(3) ? 0 : (uint32_t)g_test_rand_int_range(1, 3000);
    tcpt_segment segment;
    *from = i == 1 || (i == 2 && early) || (i > 2 && one_in(2));
    if (!ordinary) {
        *from = one_in(2);
        flags = one_in(2) ? TCPT_SYN : flags;
    }
    segment = plain(all, *from, flags, flags & TCPT_SYN ? 0 : payload_bytes);
    if ((i > 2 || !ordinary) && one_in(all->oddness))
        make_odd(all, &segment);
    segment.end_seq = segment.seq + segment.payload_bytes + !!(segment.flags & TCPT_SYN) + !!(segment.flags & TCPT_FIN);
    return segment;
}

/* Data of the server before the client's first ACK is what makes the old rules forget a scale. Behind one in so many
 * segments comes a RST, perhaps behind a SYN that is let pass. */
static void test_tracker(gconstpointer data)
{
    unsigned parted = 0, segments = 0, rst_every = GPOINTER_TO_UINT(data);
    for (unsigned round = 0; round < 2000; round++) {
        tcpt_ct_models models = {0};
        tcpt_ct_entry alone[TCPT_CT_RULE_SETS] = {0};
        talk all = new_talk(round % 4 ? 20 : 0);
        all.timestamps = true;
        for (unsigned i = 0; i < 60; i++) {
            unsigned from;
            tcpt_segment segment = nth(&all, i, round % 2, &from);
            track(&models, alone, &segment, from);
            all.next[from] = segment.end_seq;
            all.last = segment;
            parted += models.old != NULL;
            segments++;
            if (!one_in(rst_every))
                continue;
            if (one_in(4)) {
                tcpt_segment syn = plain(&all, 0, TCPT_SYN, 0);
                syn.end_seq = syn.seq + 1;
                track(&models, alone, &syn, 0);
                segment.ack = one_in(2) ? syn.end_seq : segment.ack;
            }
            segment.flags = one_in(2) ? TCPT_RST : TCPT_RST | TCPT_ACK;
            segment.payload_bytes = segment.sack_count = 0;
            segment.seq = segment.end_seq += one_in(8) ? 0 : near_zero();
            track(&models, alone, &segment, from);
        }
        tcpt_ct_clear(&models);
    }
    g_test_message("%u of %u with entries of their own", parted, segments);
    g_assert_cmpuint(parted * 10, >, segments);
    g_assert_cmpuint(parted * 10, <, segments * 9);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/short_way/scenarios", test_scenarios);
    g_test_add_func("/short_way/random", test_random);
    g_test_add_func("/short_way/around", test_around);
    g_test_add_func("/short_way/rst_floods", test_rst_floods);
    g_test_add_data_func("/short_way/tracker", GUINT_TO_POINTER(0), test_tracker);
    g_test_add_data_func("/short_way/tracker-and-rst", GUINT_TO_POINTER(4), test_tracker);
    return g_test_run();
}
