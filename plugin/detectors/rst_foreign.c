/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A RST that the host it names has not sent: that host goes on with new data, the RST's TTL and a second sign speak
 * against it, or it begins between two capture points (rule K.3). */
#include "detectors/detectors.h"

#include <glib.h>

#include "tcptriage/limits.h"
#include "tcptriage/points.h"
#include "tcptriage/sequence.h"

/* Signs against a RST, as bits; the first and the last are proof, two of the others together are enough. */
enum { GOES_ON = 1, TTL = 2, IP_ID = 4, WINDOW = 8, POINT = 16 };

enum {
    /* One hop less or more is a route that changed, or a path of code that does not count one. */
    TTL_DISTANCE_LEAST = 2,
    /* A host's own counter of IP IDs moves on by as much between two captured packets, when it serves others too. */
    IP_ID_STEP_MOST = 64,
    /* What one host sends may be captured in another order by as much: several queues of a network card. */
    ORDER_MS = 1,
    /* Where no round trip is known it may be as long as that. */
    UNKNOWN_RTT_MS = 500,
    /* A repeat from before the RST may have been in a queue for so long. */
    QUEUE_MS = 1000,
};

/* Of the newest RST that named an end, where something was odd about it; all zero else. */
typedef struct rst_signs {
    tcpt_finding *finding;
    tcpt_record *answers; /* a segment that a tracker calls INVALID, and that it seems to answer */
    uint32_t seq;
    uint8_t signs;
    uint8_t ttl;
    uint8_t usual_ttl;
    bool raised;
} rst_signs;

typedef struct foreign_memory {
    rst_signs of[2]; /* by the end that the RST names */
} foreign_memory;

/* ---- signs on the RST itself ---- */

static uint8_t nearest_ttl(const tcpt_endpoint *sender, uint8_t ttl)
{
    return ttl < sender->ttl_least ? sender->ttl_least : sender->ttl_most;
}

static bool ttl_differs(const tcpt_endpoint *sender, uint8_t ttl)
{
    return ABS(ttl - nearest_ttl(sender, ttl)) >= TTL_DISTANCE_LEAST;
}

static bool copies_ip_id(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    if (!segment->has_ip_id || !segment->ip_id || segment->ip_id != receiver->ip_id || receiver->ip_id_stuck)
        return false;
    return (uint16_t)(segment->ip_id - sender->ip_id) > IP_ID_STEP_MOST;
}

static bool copies_window(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    return segment->window && segment->window == receiver->rcv_wnd >> receiver->wscale &&
           segment->window != sender->rcv_wnd >> sender->wscale;
}

static uint8_t signs_on(const tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];

    return (uint8_t)((ttl_differs(sender, segment->ttl) ? TTL : 0) |
                     (copies_ip_id(sender, receiver, segment) ? IP_ID : 0) |
                     (copies_window(sender, receiver, segment) ? WINDOW : 0));
}

/* A host between the two that got an untranslated segment answers it so (a NAT passes over what is INVALID). */
static tcpt_record *invalid_before(const tcpt_context *context)
{
    const tcpt_endpoint *other = &context->flow->ends[!context->seen->from];

    if (!other->last_record || other->last_record->ct_current != TCPT_CT_INVALID ||
        context->segment->time_ns - other->last_ns > tcpt_rtt_ns(context->flow) + TCPT_ANSWER_MS * TCPT_MS_NS)
        return NULL;
    return other->last_record;
}

/* ---- what is said ---- */

static char *names_of(unsigned signs)
{
    static const char *const names[] = {"goes_on", "ttl", "ip_id", "window", "point"};
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (signs & 1u << i)
            g_string_append_printf(text, "%s%s", text->len ? "," : "", names[i]);
    return g_string_free(text, FALSE);
}

static const char *copied(unsigned signs)
{
    switch (signs & (IP_ID | WINDOW)) {
    case IP_ID | WINDOW:
        return "IP ID and window";
    case IP_ID:
        return "IP ID";
    default:
        return "window";
    }
}

static void set_fields(tcpt_finding *finding, const tcpt_endpoint *sender, const rst_signs *me)
{
    bool known = me->ttl || sender->ttl_least == sender->ttl_most;

    tcpt_take_text(finding, TCPT_F_RST_SIGNS, names_of(me->signs));
    if (!known || !sender->ttl_least)
        return;
    tcpt_set_number(finding, TCPT_F_RST_TTL, me->ttl ? me->ttl : sender->ttl_most);
    tcpt_set_number(finding, TCPT_F_RST_USUAL_TTL, me->ttl ? me->usual_ttl : sender->ttl_most);
}

static void raise_by_signs(const tcpt_context *context, rst_signs *me)
{
    unsigned from = context->seen->from;
    const char *role = tcpt_role(context->flow, from), *other = tcpt_role(context->flow, !from);

    me->raised = true;
    me->finding = tcpt_raise(
        context, (me->signs & (IP_ID | WINDOW)) == (IP_ID | WINDOW) ? TCPT_HIGH : TCPT_MEDIUM,
        "The RST was not sent by the %s that it names, but by a device on the way: TTL %u instead of %u, %s copied "
        "from the %s",
        role, me->ttl, me->usual_ttl, copied(me->signs), other);
    tcpt_brief(me->finding, "RST not by the %s: TTL %u not %u, %s copied", role, me->ttl, me->usual_ttl,
               me->signs & IP_ID ? "IP ID" : "window");
    set_fields(me->finding, &context->flow->ends[from], me);
    tcpt_relate(me->finding, context->flow->ends[from].last_record);
    tcpt_relate(me->finding, context->flow->ends[!from].last_record);
}

/* What its host sends since, new data or again what it had sent before, says that its socket is still there. */
static void raise_by_life(const tcpt_context *context, rst_signs *me, bool repeats)
{
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from];
    const char *role = tcpt_role(context->flow, from);
    double seconds = tcpt_as_seconds(context->segment->time_ns - sender->rst_ns);
    char *ttl = me->ttl ? g_strdup_printf("; its TTL is %u, not %u", me->ttl, me->usual_ttl) : NULL;

    me->raised = true;
    me->signs |= GOES_ON;
    me->finding =
        tcpt_raise(context, repeats ? TCPT_MEDIUM : TCPT_HIGH,
                   "The RST in frame %u was not sent by the %s, which %s %.3f s later%s%s", sender->rst_record->frame,
                   role, repeats ? "sends older data again" : "goes on with new data", seconds, ttl ? ttl : "",
                   me->answers ? "; it answers a segment that trackers call INVALID" : "");
    g_free(ttl);
    tcpt_brief(me->finding, "RST not by the %s, which %s %.3f s later", role, repeats ? "repeats data" : "goes on",
               seconds);
    set_fields(me->finding, sender, me);
    tcpt_relate(me->finding, sender->rst_record);
    tcpt_relate(me->finding, me->answers);
    tcpt_rule_out(me->finding, "A RST of that host's own socket: it would be gone.");
}

/* ---- judging ---- */

/* One of several in a row, which need not agree on a TTL: the first one's was compared with those of the host. */
static bool one_more(const tcpt_endpoint *sender, const rst_signs *me, const tcpt_segment *segment)
{
    return (me->signs & TTL) && sender->rst_record == sender->last_record &&
           ABS(segment->ttl - me->usual_ttl) >= TTL_DISTANCE_LEAST;
}

static void judge_rst(const tcpt_context *context, rst_signs *me)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *sender = &flow->ends[context->seen->from];
    bool odd = context->seen->traits & TCPT_TRAIT_TTL_ODD;

    if (me->raised)
        return;
    if (!odd && one_more(sender, me, context->segment)) {
        me->ttl = context->segment->ttl;
        return;
    }
    me->answers = invalid_before(context);
    me->seq = odd ? context->segment->seq : 0;
    me->ttl = odd ? context->segment->ttl : 0;
    me->usual_ttl = odd ? nearest_ttl(sender, context->segment->ttl) : 0;
    me->signs = odd ? signs_on(flow, context->segment, context->seen->from) : 0;
    if ((me->signs & TTL) && (me->signs & (IP_ID | WINDOW)) && tcpt_ttl_is_known(sender))
        raise_by_signs(context, me);
}

/* Scanners speak through a raw socket, and the host that they run on resets what it did not ask for: no RST from before
 * the handshake was complete counts. */
static bool was_open(const tcpt_flow *flow, const tcpt_endpoint *sender)
{
    return flow->client_known ? flow->handshake_done && flow->first_ack_ns < sender->rst_ns : flow->both_ways;
}

/* Sent by whoever used the usual TTL: then a RST with another one has not been overtaken by its own host's data, unless
 * that came in between (an answer under way when a device injects its RST comes less than a round trip later). */
static bool another_hand(const rst_signs *me, const tcpt_segment *segment)
{
    return (me->signs & TTL) && ABS(segment->ttl - me->ttl) >= TTL_DISTANCE_LEAST &&
           ABS(segment->ttl - me->usual_ttl) < TTL_DISTANCE_LEAST;
}

static bool goes_on(const tcpt_context *context, const tcpt_endpoint *sender, const rst_signs *me)
{
    int64_t rtt_ns = tcpt_rtt_ns(context->flow);
    int64_t least_ns = TCPT_REACT_MS * TCPT_MS_NS;

    if (!another_hand(me, context->segment))
        least_ns += rtt_ns ? rtt_ns : UNKNOWN_RTT_MS * TCPT_MS_NS;
    else if (!seq_before(context->segment->seq, me->seq))
        least_ns = ORDER_MS * TCPT_MS_NS; /* bytes that the RST does not count: not sent before it */

    return context->seen->new_payload && context->segment->seq == sender->snd_nxt && was_open(context->flow, sender) &&
           context->segment->time_ns - sender->rst_ns >= least_ns;
}

/* What it had sent before the RST it sends again, as it has got no answer: its socket is still there. */
static bool repeats_on(const tcpt_context *context, const tcpt_endpoint *sender, const rst_signs *me)
{
    return !me->raised && (context->seen->traits & TCPT_TRAIT_REPEAT) && context->segment->payload_bytes &&
           sender->rst_count == 1 && was_open(context->flow, sender) &&
           context->segment->time_ns - sender->rst_ns >= tcpt_rtt_ns(context->flow) + QUEUE_MS * TCPT_MS_NS;
}

/* What the RST itself has told is proved now. */
static void confirm(rst_signs *me)
{
    if (me->signs & GOES_ON)
        return;
    me->signs |= GOES_ON;
    tcpt_take_text(me->finding, TCPT_F_RST_SIGNS, names_of(me->signs));
    tcpt_set_confidence(me->finding, TCPT_HIGH);
}

static void judge(const tcpt_context *context, void *memory)
{
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from];
    rst_signs *me = &((foreign_memory *)memory)->of[from];

    if (context->seen->really_bad || context->seen->stale)
        return;
    if (context->segment->flags & TCPT_RST)
        judge_rst(context, me);
    else if (sender->rst_count && goes_on(context, sender, me))
        me->raised ? confirm(me) : raise_by_life(context, me, false);
    else if (sender->rst_count && repeats_on(context, sender, me))
        raise_by_life(context, me, true);
}

/* ---- what another capture point tells ---- */

static char *proof_of(const tcpt_rst_origin *origin, const char *role, const char *other)
{
    unsigned frame = origin->proved_by->frame;

    switch (origin->proof) {
    case TCPT_RST_HOST_GOES_ON:
        return g_strdup_printf("where the %s goes on (frame %u)", role, frame);
    case TCPT_RST_BOTH_WAYS:
        return g_strdup_printf("which got a false one of the %s instead (frame %u)", other, frame);
    case TCPT_RST_BEFORE_SYN:
        return g_strdup_printf("where the SYN that it answers comes later (frame %u)", frame);
    case TCPT_RST_BEFORE_ASKED:
        return g_strdup_printf("too far for an answer to frame %u so soon", frame);
    default:
        return g_strdup_printf("which lacks it and what it answers (frame %u)", frame);
    }
}

static tcpt_finding *raise_doubtful(const tcpt_context *context, const tcpt_endpoint *sender, const char *role,
                                    const tcpt_rst_origin *origin)
{
    tcpt_finding *finding =
        tcpt_raise_on(context, sender->rst_record, sender->rst_ns, TCPT_LOW,
                      "The RST in frame %u may not be the %s's: %s lacks it and what it answers (frame %u). A device "
                      "between, or a gap in that capture?",
                      sender->rst_record->frame, role, origin->nearer->name, origin->proved_by->frame);

    tcpt_brief(finding, "RST not by the %s? Two points differ", role);
    return finding;
}

static tcpt_finding *raise_sure(const tcpt_context *context, const tcpt_endpoint *sender, const char *role,
                                const tcpt_rst_origin *origin)
{
    const tcpt_flow *flow = context->flow;
    char *proof = proof_of(origin, role, tcpt_role(flow, sender == &flow->ends[0]));
    tcpt_confidence confidence = tcpt_rst_proof_is_by_times(origin->proof) ? TCPT_MEDIUM : TCPT_HIGH;
    tcpt_finding *finding =
        tcpt_raise_on(context, sender->rst_record, sender->rst_ns, confidence,
                      "The RST in frame %u was not sent by the %s: it begins between %s, %s, and %s",
                      sender->rst_record->frame, role, origin->nearer->name, proof, flow->at->name);

    tcpt_brief(finding, "RST not by the %s: it begins between two points", role);
    g_free(proof);
    return finding;
}

static void raise_by_point(const tcpt_context *context, unsigned from, const tcpt_rst_origin *origin)
{
    const tcpt_endpoint *sender = &context->flow->ends[from];
    const char *role = tcpt_role(context->flow, from);
    tcpt_finding *finding = origin->proof == TCPT_RST_ANSWERS_MISSING ? raise_doubtful(context, sender, role, origin)
                                                                      : raise_sure(context, sender, role, origin);

    tcpt_take_text(finding, TCPT_F_RST_SIGNS, names_of(POINT));
    tcpt_relate(finding, origin->proved_by);
}

static void settle(const tcpt_context *context, const void *memory)
{
    const rst_signs *of = ((const foreign_memory *)memory)->of;
    tcpt_rst_origin origin;

    if (context->flow->crowd != TCPT_CROWD_NONE)
        return;
    for (unsigned from = 0; from < 2; from++)
        if (!of[from].raised && tcpt_rst_begins_on_the_way(context->flow, from, &origin) &&
            origin.proof <= TCPT_RST_ANSWERS_MISSING)
            raise_by_point(context, from, &origin);
}

static const tcpt_field fields[] = {TCPT_F_RST_SIGNS, TCPT_F_RST_TTL, TCPT_F_RST_USUAL_TTL, TCPT_FIELD_COUNT};

static const char *const explains[] = {"rst_loop",
                                       "first_request_reset",
                                       "syn_refused_by_reset",
                                       "rst_ignored",
                                       "idle_drop",
                                       "rst_seq_mismatch",
                                       "challenge_ack",
                                       "data_after_close",
                                       "peer_silent",
                                       "keepalive_dead_peer",
                                       "fin_unacked",
                                       "fin_missing",
                                       "close_wait_stuck",
                                       "conntrack_invalid",
                                       "vantage_loss",
                                       "connection_refused",
                                       "acked_retransmit_storm",
                                       "acked_data_retransmitted",
                                       NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "tcpdump -ni any -vS '%traffic%'", "does the RST leave the host that it names?"},
    {TCPT_ON_THE_WAY, "conntrack -L -f %family% -s %client% -d %server%", "does the device know the connection?"},
    {TCPT_ON_CLIENT, "traceroute -T -p %port% %server%", "which device is as many hops away as the RST's TTL says?"},
    {0},
};

const tcpt_detector tcpt_rst_foreign = {
    .id = "rst_foreign",
    .message = "A RST was not sent by the host that it names",
    .mistaken = "a server that refuses, or has crashed",
    .explanation =
        "Whoever has reset a connection has forgotten it, and sends nothing more in it. A RST with another TTL and "
        "with fields copied from the other side was made by a device that read the other side's segment: a firewall, "
        "a filter, an intrusion prevention system, a load balancer, or a NAT host that got a segment it did not "
        "translate (one that its tracker calls INVALID) and has no such socket itself. A packet filter on the named "
        "host that rejects with a RST looks the same: it is not the socket's, which stays open. With two capture "
        "points such a RST shows at the farther one alone; another server behind a balancer may have sent it, too.",
    .remedy =
        "Capture at the host that the RST names: it does not leave there, or leaves while the socket stays open. The "
        "RST's TTL tells how many hops away its sender is. On a NAT host drop what is INVALID instead of letting it "
        "pass "
        "(nft: ct state invalid drop), or set net.netfilter.nf_conntrack_tcp_be_liberal.",
    .commands = commands,
    .reference = "RFC 9293 section 3.10.7; RFC 3360; Linux nf_conntrack_tcp_packet(), tcp_v4_send_reset()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PATH,
    .explains = explains,
    .wants = TCPT_TRAIT_RST_SENDER,
    .repeats_itself = true,
    .memory_bytes = sizeof(foreign_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
