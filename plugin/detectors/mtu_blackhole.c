/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Long packets get lost each time they are sent, shorter ones pass. */
#include <glib.h>

#include "detectors/shared/big_ones.h"
#include "detectors/detectors.h"
#include "tcptriage/icmp.h"
#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"

/* The oldest segment of one sender that is not acknowledged, while it is sent again. */
typedef struct stuck {
    tcpt_finding *finding;
    tcpt_record *first;  /* repeat of it */
    tcpt_record *shown;  /* the newest segment of the receiver before */
    int64_t first_ns;    /* time of `first` */
    uint32_t left;       /* its sequence number */
    uint32_t bytes;      /* of its payload, as one packet; 0 for none */
    uint32_t datagram;   /* the same with headers */
    uint32_t pieces_end; /* how far it was sent anew in shorter ones, left for not at all */
    uint32_t piece;      /* the longest of these */
    uint32_t repeats;    /* in full, in rounds */
    uint32_t answers;    /* of the receiver: how often it had sent payload anew, valid with `lacks` */
    tcpt_record *lacks;  /* it speaks of itself, and still waits for the oldest: its host is there */
    int64_t lacks_ns;
} stuck;

typedef struct mtu_memory {
    stuck of[2]; /* by sender */
} mtu_memory;

enum {
    /* Sent three times: the first, and two repeats. */
    PROVEN_BY = 2,
    /* What every way must carry: IPv6 (RFC 8200, section 5), and what every IPv4 host takes (RFC 791). */
    LEAST_IPV6 = 1280,
    LEAST_IPV4 = 576,
    /* Until Linux has sent it three times, with a round trip of half a second and its doubled timers. */
    NEVER_SECONDS = 3,
    TWINS_MOST = 8,
    IP_AND_TCP_IPV4 = 40,
    IP_AND_TCP_IPV6 = 60,
};

/* An MTU that ICMP tells and that the lost one exceeds, or that it is too long without a word of how much (RFC 792;
 * routers before RFC 1191); NULL without. */
static const tcpt_icmp_told *told_smaller(const tcpt_flow *flow, const stuck *mine, unsigned from)
{
    const tcpt_icmp_told *told = tcpt_told_by_icmp(flow, from, flow->first_ns);

    if (told && !told->mtu)
        return told->kind == TCPT_ICMP_FRAGMENTATION_NEEDED ? told : NULL;
    return told && told->mtu < mine->datagram ? told : NULL;
}

static void say_told(const stuck *mine, const char *role, const tcpt_icmp_told *told)
{
    if (!told->mtu) {
        tcpt_resummarise(mine->finding,
                         "%u-byte packets from the %s get lost (sent %u times); ICMP (frame %u) says that they are too "
                         "big, and tells no MTU: the %s goes on",
                         mine->datagram, role, mine->repeats + 1, told->record->frame, role);
        tcpt_brief(mine->finding, "Too big, says ICMP without an MTU: %u bytes, %u times", mine->datagram,
                   mine->repeats + 1);
        return;
    }
    tcpt_resummarise(
        mine->finding,
        "%u-byte packets from the %s get lost (sent %u times) although ICMP (frame %u) tells an MTU of %u: "
        "the %s does not heed it",
        mine->datagram, role, mine->repeats + 1, told->mtu_record->frame, told->mtu, role);
    tcpt_brief(mine->finding, "MTU %u told, not heeded: %u bytes sent %u times", told->mtu, mine->datagram,
               mine->repeats + 1);
}

static void say_passed(const stuck *mine, const char *role, uint32_t passed, bool in_pieces)
{
    tcpt_resummarise(mine->finding,
                     "%u-byte packets from the %s get lost (sent %u times), %s of %u bytes %s: consistent with a "
                     "smaller MTU on the way",
                     mine->datagram, role, mine->repeats + 1, in_pieces ? "the same bytes in packets" : "one", passed,
                     in_pieces ? "pass" : "passes");
    tcpt_brief(mine->finding, "MTU black hole? %u bytes lost %u times, %u pass", mine->datagram, mine->repeats + 1,
               passed);
}

/* Of the 3rd transmission, a later one, or the segment that shows it. `passed` are payload bytes, 0 for unknown. */
static void complete(const tcpt_context *context, stuck *mine, unsigned from, uint32_t passed, bool in_pieces)
{
    const tcpt_icmp_told *told = told_smaller(context->flow, mine, from);
    const char *role = tcpt_role(context->flow, from);

    if (passed)
        passed += mine->datagram - mine->bytes;
    if (told && !in_pieces)
        say_told(mine, role, told);
    else
        say_passed(mine, role, passed, in_pieces);
    tcpt_set_number(mine->finding, TCPT_F_MTU_LOST_FROM, mine->datagram);
    if (passed)
        tcpt_set_number(mine->finding, TCPT_F_MTU_PASSED_UP_TO, passed);
    if (told && told->mtu)
        tcpt_set_number(mine->finding, TCPT_F_MTU_ICMP, told->mtu);
    if (told)
        tcpt_relate(mine->finding, told->mtu ? told->mtu_record : told->record);
    tcpt_set_delay(mine->finding, context->segment->time_ns - mine->first_ns);
    tcpt_rule_out_nothing(mine->finding);
    if (passed)
        tcpt_rule_out(mine->finding,
                      in_pieces ? "A host that is gone, or a filter on the contents: the same bytes arrive in shorter "
                                  "packets."
                                : "A host that is gone: it has taken a shorter packet sent behind the lost one.");
}

static void raise_on(const tcpt_context *context, stuck *mine, unsigned from, tcpt_confidence confidence)
{
    mine->finding = tcpt_raise(context, context->flow->ends[from].holed ? TCPT_LOW : confidence, " ");
    tcpt_relate(mine->finding, mine->first);
    tcpt_relate(mine->finding, mine->shown);
}

static bool may_be_too_big(const tcpt_segment *segment, uint32_t datagram)
{
    return datagram > (segment->family == 6 ? LEAST_IPV6 : LEAST_IPV4);
}

/* It was acknowledged as it is. */
static void forget(const tcpt_context *context, stuck *mine)
{
    if (mine->finding)
        tcpt_withdraw(context, mine->finding);
    *mine = (stuck){0};
}

/* A repeat that begins where the receiver waits. */
static void judge_oldest(const tcpt_context *context, stuck *mine)
{
    const tcpt_segment *segment = context->segment;
    unsigned from = context->seen->from;
    uint32_t bytes = tcpt_wire_payload(context->flow, segment, from);
    uint32_t passed;

    if (mine->bytes && mine->left != segment->seq)
        *mine = (stuck){0};
    if (!bytes)
        return;
    if (mine->bytes && bytes < mine->bytes) {
        mine->pieces_end = segment->end_seq;
        mine->piece = bytes;
        return;
    }
    if (!context->seen->new_round || !may_be_too_big(segment, tcpt_datagram_bytes(segment, bytes)))
        return;
    if (!mine->bytes)
        *mine = (stuck){
            .first = context->record,
            .shown = context->flow->ends[!from].last_record,
            .first_ns = segment->time_ns,
            .left = segment->seq,
            .bytes = bytes,
            .datagram = tcpt_datagram_bytes(segment, bytes),
        };
    mine->pieces_end = mine->left;
    if (++mine->repeats < PROVEN_BY)
        return;
    passed = tcpt_only_shorter_pass(context->flow, from, mine->bytes);
    if (!passed && !told_smaller(context->flow, mine, from)) {
        if (mine->finding)
            tcpt_withdraw(context, mine->finding); /* shorter ones get no answer either */
        mine->finding = NULL;
        return;
    }
    if (!mine->finding)
        raise_on(context, mine, from, passed ? TCPT_MEDIUM : TCPT_HIGH);
    complete(context, mine, from, passed, false);
}

/* The next of the shorter ones that the same bytes are sent in. */
static void judge_piece(const tcpt_context *context, stuck *mine)
{
    const tcpt_segment *segment = context->segment;
    uint32_t bytes = tcpt_wire_payload(context->flow, segment, context->seen->from);

    if (!mine->bytes || mine->pieces_end == mine->left || segment->seq != mine->pieces_end)
        return;
    if (bytes >= mine->bytes)
        return;
    mine->pieces_end = segment->end_seq;
    if (bytes > mine->piece)
        mine->piece = bytes;
}

/* What was waited for is acknowledged: in shorter ones, which shows it, or in one. */
static void judge_ack(const tcpt_context *context, stuck *mine)
{
    const tcpt_endpoint *receiver = &context->flow->ends[context->seen->from];
    uint32_t ack = context->segment->ack, reach = mine->pieces_end;

    if (!mine->bytes || !seq_after(ack, mine->left))
        return;
    if (receiver->sack_held && !seq_after(receiver->trouble->sack_left, reach))
        reach = seq_max(reach, receiver->sack_edge);
    if (mine->pieces_end == mine->left || seq_after(ack, reach)) {
        forget(context, mine);
        return;
    }
    if (mine->repeats >= PROVEN_BY) {
        if (!mine->finding)
            raise_on(context, mine, !context->seen->from, TCPT_HIGH);
        tcpt_set_confidence(mine->finding, context->flow->ends[!context->seen->from].holed ? TCPT_LOW : TCPT_HIGH);
        complete(context, mine, !context->seen->from, mine->piece, true);
        tcpt_relate(mine->finding, context->record);
    }
    *mine = (stuck){0};
}

/* Its receiver has something to say (it gives up waiting, say), and acknowledges nothing of what was sent again. */
static void judge_news(const tcpt_context *context, stuck *mine)
{
    const tcpt_segment *segment = context->segment;

    if (mine->repeats < PROVEN_BY || mine->lacks || segment->ack != mine->left)
        return;
    if (!(segment->flags & TCPT_FIN) && !context->seen->new_payload)
        return;
    mine->lacks = context->record;
    mine->lacks_ns = segment->time_ns;
    mine->answers = context->flow->ends[context->seen->from].payload_repeats;
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_observation *seen = context->seen;
    const tcpt_segment *segment = context->segment;
    const tcpt_endpoint *receiver = &context->flow->ends[!seen->from];
    mtu_memory *mine = memory;

    if (seen->really_bad || (segment->flags & (TCPT_SYN | TCPT_RST)) || !context->flow->both_ways)
        return;
    if (seen->traits & TCPT_TRAIT_ACKS_NEW)
        judge_ack(context, &mine->of[!seen->from]);
    judge_news(context, &mine->of[!seen->from]);
    if (!(seen->traits & TCPT_TRAIT_REPEAT) || !segment->payload_bytes || !receiver->acked || segment->fragment)
        return;
    if (segment->seq == receiver->rcv_nxt)
        judge_oldest(context, &mine->of[seen->from]);
    else
        judge_piece(context, &mine->of[seen->from]);
}

/* Bytes that its receiver says it lacks (SACK), none of which was captured: as long as some of the longest packets, and
 * none of those ever arrived. Captured where they do not arrive nothing tells how often they were sent. */
static uint32_t never_came(const tcpt_flow *flow, unsigned from, uint32_t longest)
{
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];
    uint32_t missing;

    if (!receiver->acked || sender->snd_contig != receiver->rcv_nxt || receiver->trouble->sack_ack != receiver->rcv_nxt)
        return 0;
    missing = sender->trouble->above[0].left - sender->snd_contig;
    if (!longest || missing % longest || receiver->trouble->sack_leap >= longest)
        return 0;
    return tcpt_acked_as_many(receiver, longest) ? 0 : missing / longest;
}

/* Where the capture has them at another point it tells more there. Of many lives of a 4-tuple a few are looked at. */
static bool seen_elsewhere(const tcpt_flow *flow)
{
    unsigned count = 0;

    for (const tcpt_flow *twin = tcpt_next_twin(flow); twin != flow && count < TWINS_MOST;
         twin = tcpt_next_twin(twin), count++)
        if (twin->key.point != flow->key.point)
            return true;
    return false;
}

static void settle_end(const tcpt_context *context, unsigned from)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *sender = &flow->ends[from];
    const char *role = tcpt_role(flow, from);
    uint32_t longest = tcpt_longest_payload(flow), packets = never_came(flow, from, longest);
    uint32_t headers = flow->key.family == 6 ? IP_AND_TCP_IPV6 : IP_AND_TCP_IPV4, lost, passed;
    int64_t waited_ns = tcpt_since_ns(context, sender->payload_ns);
    tcpt_finding *finding;

    if (!packets || waited_ns < tcpt_seconds_ns(NEVER_SECONDS) || flow->damaged || seen_elsewhere(flow))
        return;
    headers += MIN(flow->ends[0].mss, flow->ends[1].mss) - longest;
    lost = longest + headers;
    passed = flow->ends[!from].trouble->sack_leap + headers;
    finding = tcpt_raise(context, TCPT_LOW,
                         "%u-byte packets from the %s never arrive (%u missing for %.1f s), the one of %u bytes behind "
                         "them does: consistent with a smaller MTU on the way",
                         lost, role, packets, tcpt_as_seconds(waited_ns), passed);
    tcpt_brief(finding, "MTU black hole? %u bytes never come, %u do", lost, passed);
    tcpt_set_number(finding, TCPT_F_MTU_LOST_FROM, lost);
    tcpt_set_number(finding, TCPT_F_MTU_PASSED_UP_TO, passed);
    tcpt_set_delay(finding, waited_ns);
    tcpt_relate(finding, sender->payload_record);
    tcpt_rule_out(finding, "A host that is gone: a shorter packet that it has sent behind the lost ones arrived.");
    tcpt_rule_out(finding, "Packets that only the capture lacks: their receiver says that it does not have them.");
}

/* The receiver spoke in the end, what it said was acknowledged, and it has not said it again: the way carries a bare
 * ACK, and has carried none of the longest packets. */
static void settle_news(const tcpt_context *context, unsigned from, const stuck *mine)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_endpoint *sender = &flow->ends[from], *receiver = &flow->ends[!from];
    const char *role = tcpt_role(flow, from), *other = tcpt_role(flow, !from);
    tcpt_finding *finding;

    if (!mine->lacks || mine->bytes < tcpt_longest_payload(flow) || receiver->rcv_nxt != mine->left)
        return;
    if (sender->rcv_nxt != receiver->snd_nxt || receiver->fin_repeats || receiver->payload_repeats != mine->answers)
        return;
    if (tcpt_since_ns(context, mine->lacks_ns) < tcpt_seconds_ns(NEVER_SECONDS) ||
        tcpt_acked_as_many(receiver, mine->bytes))
        return;
    finding = tcpt_raise(context, sender->holed ? TCPT_LOW : TCPT_MEDIUM,
                         "%u-byte packets from the %s get lost (sent %u times), while the %s speaks (frame %u) and "
                         "gets the ACK: consistent with a smaller MTU on the way",
                         mine->datagram, role, mine->repeats + 1, other, mine->lacks->frame);
    tcpt_brief(finding, "MTU black hole? %u bytes lost %u times, ACKs pass", mine->datagram, mine->repeats + 1);
    tcpt_set_number(finding, TCPT_F_MTU_LOST_FROM, mine->datagram);
    tcpt_set_delay(finding, mine->lacks_ns - mine->first_ns);
    tcpt_relate(finding, mine->first);
    tcpt_relate(finding, mine->lacks);
    tcpt_rule_out(finding, "A host that is gone: it speaks, and gets the ACKs of that.");
}

static void settle(const tcpt_context *context, const void *memory)
{
    const mtu_memory *mine = memory;

    for (unsigned from = 0; from < 2; from++)
        if (!mine->of[from].finding)
            settle_news(context, from, &mine->of[from]);
    for (unsigned from = 0; from < 2; from++)
        if (context->flow->ends[from].above_count && !mine->of[from].finding)
            settle_end(context, from);
}

static const tcpt_field fields[] = {TCPT_F_MTU_LOST_FROM, TCPT_F_MTU_PASSED_UP_TO, TCPT_F_MTU_ICMP, TCPT_FIELD_COUNT};

static const char *const explains[] = {
    "peer_silent",         "idle_drop",    "fin_unacked",    "fin_missing", "close_wait_stuck",
    "keepalive_dead_peer", "vantage_loss", "recovery_stall", "icmp_error",  NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_CLIENT, "tracepath -n %server%", "the MTU of each hop, as far as ICMP comes back"},
    {TCPT_ON_SERVER, "tracepath -n %client%", "the same on the way back"},
    {TCPT_ON_THE_WAY, "nft list ruleset | grep -n icmp", "rules that drop ICMP errors"},
    {0},
};

const tcpt_detector tcpt_mtu_blackhole = {
    .id = "mtu_blackhole",
    .message = "Long packets get lost each time they are sent, shorter ones pass",
    .mistaken = "a server that hangs after the handshake",
    .explanation =
        "The same long segment was sent three times and more and never acknowledged, while a shorter one behind it, "
        "the "
        "same bytes in shorter ones, or the bare ACK of what its receiver said, arrived; or, captured where they "
        "should arrive, only the shorter one behind the long ones ever does. Consistent with a link on the way whose "
        "MTU is smaller (a tunnel, a "
        "VPN, PPPoE) where the ICMP message that would tell the sender is not sent or is dropped: a path MTU black "
        "hole. The connection opens, small requests work, and the first long packet hangs.",
    .remedy =
        "Let ICMP \"fragmentation needed\" (type 3, code 4; IPv6: packet too big) pass on the whole way, or clamp "
        "the MSS on the device before the narrow link (nft: tcp option maxseg size set rt mtu). On Linux senders "
        "net.ipv4.tcp_mtu_probing=1 gets around it.",
    .commands = commands,
    .reference = "RFC 2923 section 2.1; RFC 4821; RFC 8899",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PATH,
    .picture = TCPT_DRAWN_AS_SEQUENCE,
    .explains = explains,
    .wants = TCPT_TRAIT_MISSED | TCPT_TRAIT_HEARD_AGAIN,
    .memory_bytes = sizeof(mtu_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
