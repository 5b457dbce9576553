/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transition table, packets that are let pass unlearned, timeouts: behaviour of nf_conntrack_tcp_packet() in
 * Linux. */
#include "core/tracker/judge.h"

#include <glib.h>
#include <string.h>

#include "core/tracker/rst.h"
#include "core/tracker/window.h"
#include "tcptriage/limits.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

enum {
    MAX_RETRANS = 3,           /* nf_conntrack_tcp_max_retrans */
    RETRANS_SECONDS = 300,     /* nf_conntrack_tcp_timeout_max_retrans */
    SHRINK_FROM_SECONDS = 120, /* entries with less left are not shortened further */
};

/* What the table says besides a state. */
enum { REFUSE = 64, IGNORE };

#define NO TCPT_CT_NONE
#define SS TCPT_CT_SYN_SENT
#define SR TCPT_CT_SYN_RECV
#define ES TCPT_CT_ESTABLISHED
#define FW TCPT_CT_FIN_WAIT
#define CW TCPT_CT_CLOSE_WAIT
#define LA TCPT_CT_LAST_ACK
#define TW TCPT_CT_TIME_WAIT
#define CL TCPT_CT_CLOSE
#define S2 TCPT_CT_SYN_SENT2
#define IV REFUSE
#define IG IGNORE

/* Direction, class of the packet, state before -> state after; rows are filled up to powers of two. */
/* clang-format off */
static const uint8_t transitions[2][8][16] = {
    [TCPT_CT_ORIGINAL] =
        {
            /*                          NO  SS  SR  ES  FW  CW  LA  TW  CL  S2 */
            [TCPT_CT_CLASS_SYN] =     {SS, SS, IG, IG, IG, IG, IG, SS, SS, S2},
            [TCPT_CT_CLASS_SYN_ACK] = {IV, IV, SR, IV, IV, IV, IV, IV, IV, SR},
            [TCPT_CT_CLASS_FIN] =     {IV, IV, FW, FW, LA, LA, LA, TW, CL, IV},
            [TCPT_CT_CLASS_ACK] =     {ES, IV, ES, ES, CW, CW, TW, TW, CL, IV},
            [TCPT_CT_CLASS_RST] =     {IV, CL, CL, CL, CL, CL, CL, CL, CL, CL},
            [TCPT_CT_CLASS_NONE] =    {IV, IV, IV, IV, IV, IV, IV, IV, IV, IV},
        },
    [TCPT_CT_REPLY] =
        {
            /*                          NO  SS  SR  ES  FW  CW  LA  TW  CL  S2 */
            [TCPT_CT_CLASS_SYN] =     {IV, S2, IV, IV, IV, IV, IV, SS, IV, S2},
            [TCPT_CT_CLASS_SYN_ACK] = {IV, SR, IG, IG, IG, IG, IG, IG, IG, SR},
            [TCPT_CT_CLASS_FIN] =     {IV, IV, FW, FW, LA, LA, LA, TW, CL, IV},
            [TCPT_CT_CLASS_ACK] =     {IV, IG, SR, ES, CW, CW, TW, TW, CL, IG},
            [TCPT_CT_CLASS_RST] =     {IV, CL, CL, CL, CL, CL, CL, CL, CL, CL},
            [TCPT_CT_CLASS_NONE] =    {IV, IV, IV, IV, IV, IV, IV, IV, IV, IV},
        },
};
/* clang-format on */

#undef NO
#undef SS
#undef SR
#undef ES
#undef FW
#undef CW
#undef LA
#undef TW
#undef CL
#undef S2
#undef IV
#undef IG

/* nf_conntrack_tcp_timeout_*: seconds an entry lives on after a packet that left it in this state. */
static const uint32_t timeouts[] = {
    [TCPT_CT_SYN_SENT] = TCPT_CT_SYN_SENT_SECONDS,
    [TCPT_CT_SYN_RECV] = TCPT_CT_SYN_RECV_SECONDS,
    [TCPT_CT_ESTABLISHED] = 432000,
    [TCPT_CT_FIN_WAIT] = 120,
    [TCPT_CT_CLOSE_WAIT] = 60,
    [TCPT_CT_LAST_ACK] = 30,
    [TCPT_CT_TIME_WAIT] = 120,
    [TCPT_CT_CLOSE] = 10,
    [TCPT_CT_SYN_SENT2] = 120,
};

/* ---- verdicts ---- */

static tcpt_ct_result verdict_of(const tcpt_ct_entry *entry, tcpt_ct_verdict verdict, unsigned reason)
{
    return (tcpt_ct_result){
        .verdict = (uint8_t)verdict,
        .reason = (uint8_t)reason,
        .state = entry->state ? entry->state : TCPT_CT_NONE,
    };
}

static unsigned table_reason(bool ignored, unsigned dir, unsigned state, unsigned class)
{
    return TCPT_CT_REASON_TABLE + (((ignored ? 2u : 0u) + dir) * 10 + (state - TCPT_CT_NONE)) * 6 + class;
}

/* ---- opening ---- */

/* tcp_new(). @return false when this packet makes no entry */
static bool open_entry(tcpt_ct_entry *entry, const tcpt_ct_packet *packet)
{
    const tcpt_segment *segment = packet->segment;
    tcpt_ct_side *original = &entry->sides[TCPT_CT_ORIGINAL];
    uint8_t next = transitions[TCPT_CT_ORIGINAL][packet->class][0];

    memset(entry, 0, sizeof *entry);
    if (next == REFUSE)
        return false;
    entry->initiator = packet->from;
    entry->state = TCPT_CT_NONE;
    entry->last_class = TCPT_CT_CLASS_NONE;
    original->end = original->max_end = segment->end_seq;
    original->max_win = segment->window ? segment->window : 1;
    if (next == TCPT_CT_SYN_SENT) {
        tcpt_ct_read_options(original, packet);
        return true;
    }
    /* In the middle of a connection (nf_conntrack_tcp_loose): nothing is known of its windows. */
    original->max_end += original->max_win;
    entry->sides[0].flags = entry->sides[1].flags = TCPT_CT_SACK | TCPT_CT_LIBERAL;
    return true;
}

/* The SYN that most entries begin with: what open_entry() and all checks and steps behind it come to. */
static tcpt_ct_result open_by_syn(tcpt_ct_entry *entry, const tcpt_ct_packet *packet)
{
    const tcpt_segment *segment = packet->segment;
    uint32_t window = segment->window ? segment->window : 1;

    *entry = (tcpt_ct_entry){
        .expires_ns = segment->time_ns + tcpt_seconds_ns(timeouts[TCPT_CT_SYN_SENT]),
        .sides = {{.end = segment->end_seq, .max_end = segment->end_seq, .max_win = window}, {.max_end = window}},
        .last_class = TCPT_CT_CLASS_SYN,
        .state = TCPT_CT_SYN_SENT,
        .initiator = packet->from,
    };
    tcpt_ct_read_options(&entry->sides[TCPT_CT_ORIGINAL], packet);
    return verdict_of(entry, TCPT_CT_VALID, TCPT_CT_REASON_NONE);
}

/* ---- packets that pass unlearned ---- */

static uint8_t next_state(const tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet)
{
    return transitions[dir][packet->class][entry->state - TCPT_CT_NONE];
}

/* A SYN in the last states of a connection. */
static bool opens_next(const tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet)
{
    return entry->state >= TCPT_CT_TIME_WAIT && next_state(entry, dir, packet) == TCPT_CT_SYN_SENT;
}

/* Is that connection over, so that the SYN opens the next? */
static bool may_reopen(const tcpt_ct_entry *entry, unsigned dir)
{
    if ((entry->sides[0].flags | entry->sides[1].flags) & TCPT_CT_CLOSE_INIT)
        return true;
    return entry->last_dir == dir && entry->last_class == TCPT_CT_CLASS_RST;
}

static bool answers_ignored_syn(const tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet)
{
    return packet->class == TCPT_CT_CLASS_SYN_ACK && entry->last_class == TCPT_CT_CLASS_SYN && entry->last_dir != dir &&
           packet->segment->ack == entry->last_end;
}

/* The SYN that was ignored turns out to be real: begin with its numbers. */
static void synchronise(tcpt_ct_entry *entry, unsigned dir)
{
    tcpt_ct_side *opener = &entry->sides[!dir], *answerer = &entry->sides[dir];
    uint8_t liberal = answerer->flags & TCPT_CT_LIBERAL;

    opener->end = opener->max_end = entry->last_end;
    opener->max_win = entry->last_win ? entry->last_win : 1;
    opener->scale = entry->last_scale;
    entry->last_flags &= (uint8_t)~TCPT_CT_EXPECT_CHALLENGE;
    opener->flags = entry->last_flags;
    memset(answerer, 0, sizeof *answerer);
    answerer->flags = liberal;
}

static void note_ignored_syn(tcpt_ct_entry *entry, const tcpt_ct_packet *packet)
{
    tcpt_ct_side offered = {0};

    tcpt_ct_read_options(&offered, packet);
    entry->last_flags = offered.flags;
    entry->last_scale = offered.scale;
    if (entry->state == TCPT_CT_LAST_ACK)
        entry->last_flags |= TCPT_CT_EXPECT_CHALLENGE;
}

static void note_ignored(tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet, tcpt_ct_rules rules)
{
    entry->last_class = packet->class;
    entry->last_dir = (uint8_t)dir;
    entry->last_seq = packet->segment->seq;
    entry->last_end = packet->segment->end_seq;
    entry->last_win = packet->segment->window;
    if (packet->class == TCPT_CT_CLASS_SYN && dir == TCPT_CT_ORIGINAL)
        note_ignored_syn(entry, packet);
    if (rules == TCPT_CT_CURRENT && entry->state == TCPT_CT_SYN_SENT && packet->class == TCPT_CT_CLASS_ACK &&
        dir == TCPT_CT_REPLY)
        entry->last_ack = packet->segment->ack; /* a challenge ACK perhaps: a RST may follow */
}

/* An ACK in LAST_ACK that answers a SYN (RFC 5961, section 4.2), not the FIN. */
static bool challenge_ack(const tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet)
{
    return entry->state == TCPT_CT_LAST_ACK && packet->class == TCPT_CT_CLASS_ACK && entry->last_dir != dir &&
           entry->last_class == TCPT_CT_CLASS_SYN && (entry->last_flags & TCPT_CT_EXPECT_CHALLENGE);
}

/* Set when a packet of the reply direction has passed, learned from or not: only the next one finds it set. */
static void note_reply(tcpt_ct_entry *entry, unsigned dir)
{
    if (dir == TCPT_CT_REPLY)
        entry->seen_reply = true;
}

/* ---- after the packet ---- */

/* A FIN or RST that does not fit, after one from the other side: both ends are done, the tracker is out of step, so the
 * entry shall not stay for days (nf_tcp_handle_invalid()). */
static void shorten(tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet)
{
    int64_t now_ns = packet->segment->time_ns, left_ns = entry->expires_ns - now_ns;

    if (!entry->assured || (packet->class != TCPT_CT_CLASS_RST && packet->class != TCPT_CT_CLASS_FIN))
        return;
    if (entry->last_dir == dir || (entry->last_class != TCPT_CT_CLASS_FIN && entry->last_class != TCPT_CT_CLASS_RST)) {
        entry->last_class = packet->class;
        entry->last_dir = (uint8_t)dir;
        return;
    }
    if (left_ns >= tcpt_seconds_ns(SHRINK_FROM_SECONDS) && left_ns > tcpt_seconds_ns(TCPT_CT_UNACKED_SECONDS))
        entry->expires_ns = now_ns + tcpt_seconds_ns(TCPT_CT_UNACKED_SECONDS);
}

static uint32_t timeout_of(const tcpt_ct_entry *entry, const tcpt_ct_packet *packet)
{
    uint32_t seconds = timeouts[entry->state];

    if (entry->retrans >= MAX_RETRANS && seconds > RETRANS_SECONDS)
        return RETRANS_SECONDS;
    if (packet->class == TCPT_CT_CLASS_RST)
        return timeouts[TCPT_CT_CLOSE];
    if (((entry->sides[0].flags | entry->sides[1].flags) & TCPT_CT_UNACKED) && seconds > TCPT_CT_UNACKED_SECONDS)
        return TCPT_CT_UNACKED_SECONDS;
    if (entry->last_win == 0 && seconds > RETRANS_SECONDS)
        return RETRANS_SECONDS;
    return seconds;
}

static void renew(tcpt_ct_entry *entry, uint8_t old_state, const tcpt_ct_packet *packet, tcpt_ct_rules rules)
{
    uint32_t seconds = timeout_of(entry, packet);

    if (!entry->seen_reply) {
        /* Since 5.14 a SYN sent again does not keep the entry alive. */
        if (rules == TCPT_CT_CURRENT && packet->class == TCPT_CT_CLASS_SYN && old_state == TCPT_CT_SYN_SENT)
            return;
        if (entry->state == TCPT_CT_ESTABLISHED && seconds > TCPT_CT_UNACKED_SECONDS)
            seconds = TCPT_CT_UNACKED_SECONDS;
    } else if (entry->state == TCPT_CT_ESTABLISHED &&
               (old_state == TCPT_CT_SYN_RECV || old_state == TCPT_CT_ESTABLISHED)) {
        entry->assured = true;
    }
    entry->expires_ns = packet->segment->time_ns + tcpt_seconds_ns(seconds);
}

static void take(tcpt_ct_entry *entry, unsigned dir, uint8_t old_state, uint8_t next, const tcpt_ct_packet *packet,
                 tcpt_ct_rules rules)
{
    entry->last_class = packet->class;
    entry->last_dir = (uint8_t)dir;
    entry->state = next;
    if (old_state != next && next == TCPT_CT_FIN_WAIT)
        entry->sides[dir].flags |= TCPT_CT_CLOSE_INIT;
    if (!entry->seen_reply && packet->class == TCPT_CT_CLASS_RST) {
        memset(entry, 0, sizeof *entry); /* nobody ever answered: the entry goes at once */
        return;
    }
    renew(entry, old_state, packet, rules);
    note_reply(entry, dir);
}

/* ---- all together ---- */

static tcpt_ct_result ignore(tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet, tcpt_ct_rules rules)
{
    unsigned reason = table_reason(true, dir, entry->state, packet->class);

    note_ignored(entry, dir, packet, rules);
    note_reply(entry, dir);
    return verdict_of(entry, TCPT_CT_IGNORED, reason);
}

static tcpt_ct_result check_and_take(tcpt_ct_entry *entry, unsigned dir, uint8_t old_state, uint8_t next,
                                     const tcpt_ct_packet *packet, tcpt_ct_rules rules)
{
    tcpt_ct_result found = {0}, result;
    tcpt_ct_fit fit = tcpt_ct_window(entry, dir, packet, rules, &found);

    switch (fit) {
    case TCPT_CT_FIT_INVALID:
        if (rules == TCPT_CT_CURRENT)
            shorten(entry, dir, packet);
        result = verdict_of(entry, TCPT_CT_INVALID, found.reason);
        break;
    case TCPT_CT_FIT_IGNORE:
        note_reply(entry, dir);
        result = verdict_of(entry, TCPT_CT_IGNORED, found.reason);
        break;
    default:
        take(entry, dir, old_state, next, packet, rules);
        result = verdict_of(entry, TCPT_CT_VALID, TCPT_CT_REASON_NONE);
        break;
    }
    result.scale_reset = found.scale_reset;
    return result;
}

static tcpt_ct_result judge_known(tcpt_ct_entry *entry, const tcpt_ct_packet *packet, tcpt_ct_rules rules)
{
    unsigned dir = tcpt_ct_direction(entry, packet->from);
    uint8_t old_state, next;

    if (opens_next(entry, dir, packet) && may_reopen(entry, dir)) {
        open_entry(entry, packet);
        dir = tcpt_ct_direction(entry, packet->from);
    }
    old_state = entry->state;
    next = opens_next(entry, dir, packet) ? IGNORE : next_state(entry, dir, packet);
    switch (next) {
    case IGNORE:
        if (!answers_ignored_syn(entry, dir, packet))
            return ignore(entry, dir, packet, rules);
        synchronise(entry, dir);
        old_state = TCPT_CT_SYN_SENT;
        next = TCPT_CT_SYN_RECV;
        break;
    case REFUSE:
        return verdict_of(entry, TCPT_CT_INVALID, table_reason(false, dir, old_state, packet->class));
    case TCPT_CT_TIME_WAIT:
        if (challenge_ack(entry, dir, packet)) {
            entry->last_flags &= (uint8_t)~TCPT_CT_EXPECT_CHALLENGE;
            note_reply(entry, dir);
            return verdict_of(entry, TCPT_CT_IGNORED, TCPT_CT_CHALLENGE_ACK);
        }
        break;
    case TCPT_CT_SYN_SENT2:
        entry->last_flags |= TCPT_CT_SIMULTANEOUS;
        break;
    case TCPT_CT_SYN_RECV:
        if (dir == TCPT_CT_REPLY && packet->class == TCPT_CT_CLASS_ACK && (entry->last_flags & TCPT_CT_SIMULTANEOUS))
            next = TCPT_CT_ESTABLISHED;
        break;
    case TCPT_CT_CLOSE:
        if (packet->class != TCPT_CT_CLASS_RST)
            break;
        switch (tcpt_ct_judge_rst(entry, dir, packet, rules, &next)) {
        case TCPT_CT_RST_REFUSE:
            return verdict_of(entry, TCPT_CT_INVALID, TCPT_CT_INVALID_RST);
        case TCPT_CT_RST_TAKE:
            take(entry, dir, old_state, next, packet, rules);
            return verdict_of(entry, TCPT_CT_VALID, TCPT_CT_REASON_NONE);
        case TCPT_CT_RST_CHECK_WINDOW:
            break;
        }
        break;
    default:
        break;
    }
    return check_and_take(entry, dir, old_state, next, packet, rules);
}

bool tcpt_ct_fits_short_way(const tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from)
{
    return entry->state == TCPT_CT_ESTABLISHED && entry->assured && entry->seen_reply &&
           segment->time_ns < entry->expires_ns && tcpt_ct_fits_window(entry, tcpt_ct_direction(entry, from), segment);
}

bool tcpt_ct_completes(const tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from)
{
    return entry->state == TCPT_CT_SYN_RECV && from == entry->initiator && entry->seen_reply &&
           segment->time_ns < entry->expires_ns && tcpt_ct_fits_window(entry, TCPT_CT_ORIGINAL, segment);
}

void tcpt_ct_take_short_way(tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from)
{
    unsigned dir = tcpt_ct_direction(entry, from);
    uint32_t seconds = timeouts[TCPT_CT_ESTABLISHED];

    tcpt_ct_learn(entry, dir, segment);
    if (entry->retrans >= MAX_RETRANS || entry->last_win == 0 ||
        ((entry->sides[0].flags | entry->sides[1].flags) & TCPT_CT_UNACKED))
        seconds = TCPT_CT_UNACKED_SECONDS; /* timeout_of(): all of them the same */
    entry->state = TCPT_CT_ESTABLISHED;    /* it may have been the handshake's last */
    entry->assured = true;
    entry->last_class = TCPT_CT_CLASS_ACK;
    entry->last_dir = (uint8_t)dir;
    entry->expires_ns = segment->time_ns + tcpt_seconds_ns(seconds);
}

bool tcpt_ct_fits_rst_again(const tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from)
{
    unsigned dir = tcpt_ct_direction(entry, from);
    const tcpt_ct_side *receiver = &entry->sides[!dir];

    if (entry->state != TCPT_CT_ESTABLISHED || !entry->assured || !entry->seen_reply ||
        entry->last_class != TCPT_CT_CLASS_RST || segment->time_ns >= entry->expires_ns)
        return false;
    if (!(receiver->flags & TCPT_CT_MAX_ACK_SET) || segment->seq == receiver->max_ack ||
        seq_before(segment->seq, receiver->max_ack))
        return false; /* it would close the entry, or be refused: tcpt_ct_judge_rst() */
    return tcpt_ct_rst_fits_window(entry, dir, segment);
}

void tcpt_ct_take_rst_again(tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from)
{
    unsigned dir = tcpt_ct_direction(entry, from);
    uint32_t seconds = entry->retrans >= MAX_RETRANS ? RETRANS_SECONDS : timeouts[TCPT_CT_CLOSE]; /* timeout_of() */

    tcpt_ct_learn_rst(entry, dir, segment);
    entry->last_dir = (uint8_t)dir;
    entry->expires_ns = segment->time_ns + tcpt_seconds_ns(seconds);
}

G_STATIC_ASSERT((int)TCPT_CT_UNACKED_SECONDS == (int)RETRANS_SECONDS);

/* The capture's clock jumped, the tracker's did not. No entry lasts longer than an established one, however often. */
static void shift(tcpt_ct_entry *entry, const tcpt_ct_packet *packet)
{
    int64_t latest_ns = packet->segment->time_ns + tcpt_seconds_ns(timeouts[TCPT_CT_ESTABLISHED]);

    entry->expires_ns =
        packet->jump_ns < latest_ns - entry->expires_ns ? entry->expires_ns + packet->jump_ns : latest_ns;
}

tcpt_ct_result tcpt_ct_judge(tcpt_ct_entry *entry, const tcpt_ct_packet *packet, tcpt_ct_rules rules)
{
    if (entry->state)
        shift(entry, packet);
    if (entry->state && packet->segment->time_ns >= entry->expires_ns)
        memset(entry, 0, sizeof *entry);
    if (packet->bad_checksum)
        return verdict_of(entry, TCPT_CT_INVALID, TCPT_CT_BAD_CHECKSUM);
    if (!packet->legal_flags)
        return verdict_of(entry, TCPT_CT_INVALID, TCPT_CT_BAD_FLAGS);
    if (!entry->state && packet->class == TCPT_CT_CLASS_SYN)
        return open_by_syn(entry, packet);
    if (!entry->state && !open_entry(entry, packet))
        return verdict_of(entry, TCPT_CT_INVALID, TCPT_CT_INVALID_NEW);
    return judge_known(entry, packet, rules);
}
