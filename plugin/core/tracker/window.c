/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tracker's window check: is a segment within what the other side allowed? After Guido van Rooij's "Real Stateful
 * TCP Packet Filtering in IP Filter"; behaviour of tcp_in_window() in Linux. */
#include "core/tracker/window.h"

#include "tcptriage/portable.h"
#include "tcptriage/sequence.h"

enum {
    ACK_WINDOW_MIN = 66000, /* MAXACKWINCONST: how far back an ACK may lie at least */
};

/* As the kernel's after(): numbers 2^31 apart count as after each other, where seq_after() says no. */
static bool after(uint32_t a, uint32_t b)
{
    return seq_before(b, a);
}

/* A segment's numbers as the check uses them. */
typedef struct numbers {
    uint32_t seq;
    uint32_t end;
    uint32_t ack;
    uint32_t sack; /* ACK, or the highest SACK edge beyond it */
    uint32_t win;  /* raw */
} numbers;

void tcpt_ct_read_options(tcpt_ct_side *side, const tcpt_ct_packet *packet)
{
    const tcpt_segment *segment = packet->segment;

    if (!packet->options)
        return;
    side->scale = segment->wscale;
    side->flags &= TCPT_CT_LIBERAL;
    if (segment->options & TCPT_OPTION_WSCALE)
        side->flags |= TCPT_CT_WINDOW_SCALE;
    if (segment->options & TCPT_OPTION_SACK_PERMITTED)
        side->flags |= TCPT_CT_SACK;
}

static void start_side(tcpt_ct_side *side, const numbers *now, const tcpt_ct_packet *packet)
{
    side->end = side->max_end = now->end;
    side->max_win = now->win ? now->win : 1;
    tcpt_ct_read_options(side, packet);
}

/* RFC 7323, section 2.2: both or none. Known when the second of them speaks. */
static void agree_on_scale(tcpt_ct_side *sender, tcpt_ct_side *receiver)
{
    if (sender->flags & receiver->flags & TCPT_CT_WINDOW_SCALE)
        return;
    sender->scale = receiver->scale = 0;
}

/* The first packet of a side is not its SYN: the tracker has to believe it. */
static void pick_up_side(tcpt_ct_side *sender, tcpt_ct_side *receiver, const numbers *now)
{
    uint32_t win = now->win << sender->scale;

    sender->end = now->end;
    sender->max_win = win ? win : 1;
    sender->max_end = now->end + sender->max_win;
    if (receiver->max_win == 0)
        receiver->end = receiver->max_end = now->sack;
    else if (now->sack == receiver->end + 1)
        receiver->end++; /* answer to a keep-alive probe */
}

/* Before 5.18 any packet with new bytes of the side whose turn it is in the handshake counted as its SYN: options
 * that are no SYN's then cost it the window scale. */
static bool starts_again_by_old_rules(const tcpt_ct_entry *entry, unsigned dir)
{
    return dir == TCPT_CT_ORIGINAL ? entry->state == TCPT_CT_SYN_SENT : entry->state == TCPT_CT_SYN_RECV;
}

static bool starts_again(const tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet, tcpt_ct_rules rules)
{
    if (!after(packet->segment->end_seq, entry->sides[dir].end))
        return false;
    if (rules == TCPT_CT_BEFORE_5_18)
        return starts_again_by_old_rules(entry, dir);
    return (packet->segment->flags & TCPT_SYN) &&
           (entry->state == TCPT_CT_SYN_SENT || entry->state == TCPT_CT_SYN_RECV);
}

/* @return true when nothing more has to be checked: one of two crossed SYNs */
static bool prepare_sender(tcpt_ct_entry *entry, unsigned dir, const numbers *now, const tcpt_ct_packet *packet,
                           tcpt_ct_rules rules, tcpt_ct_result *result)
{
    tcpt_ct_side *sender = &entry->sides[dir], *receiver = &entry->sides[!dir];
    uint8_t flags = packet->segment->flags;

    if (sender->max_win == 0) {
        if (!(flags & TCPT_SYN)) {
            pick_up_side(sender, receiver, now);
            return false;
        }
        start_side(sender, now, packet);
        if (dir == TCPT_CT_REPLY || rules == TCPT_CT_BEFORE_5_18)
            agree_on_scale(sender, receiver);
        return !(flags & TCPT_ACK);
    }
    if (!starts_again(entry, dir, packet, rules))
        return false;
    if (!(flags & TCPT_SYN) && packet->options && sender->scale)
        result->scale_reset = true;
    start_side(sender, now, packet);
    if (rules == TCPT_CT_BEFORE_5_18 || dir == TCPT_CT_ORIGINAL)
        return false;
    agree_on_scale(sender, receiver);
    return !(flags & TCPT_ACK);
}

/* ---- the four conditions ---- */

static bool seq_not_over(const tcpt_ct_side *sender, const numbers *now)
{
    return seq_before(now->seq, sender->max_end + 1);
}

static bool seq_not_under(const tcpt_ct_side *sender, const tcpt_ct_side *receiver, const numbers *now)
{
    return after(now->end, sender->end - receiver->max_win - 1);
}

static bool ack_not_over(const tcpt_ct_side *receiver, const numbers *now)
{
    return seq_before(now->sack, receiver->end + 1);
}

static bool ack_not_under(const tcpt_ct_side *sender, const tcpt_ct_side *receiver, const numbers *now)
{
    uint32_t window = sender->max_win > ACK_WINDOW_MIN ? sender->max_win : ACK_WINDOW_MIN;

    return after(now->sack, receiver->end - window - 1);
}

static tcpt_ct_fit refuse(const tcpt_ct_side *sender, tcpt_ct_fit fit, tcpt_ct_reason reason, tcpt_ct_result *result)
{
    if (sender->flags & TCPT_CT_LIBERAL)
        return TCPT_CT_FITS;
    result->reason = (uint8_t)reason;
    return fit;
}

static tcpt_ct_fit check_by_old_rules(const tcpt_ct_side *sender, const tcpt_ct_side *receiver, const numbers *now,
                                      tcpt_ct_result *result)
{
    if (!seq_not_over(sender, now))
        return refuse(sender, TCPT_CT_FIT_INVALID, TCPT_CT_SEQ_OVER, result);
    if (receiver->max_win && !seq_not_under(sender, receiver, now))
        return refuse(sender, TCPT_CT_FIT_INVALID, TCPT_CT_SEQ_UNDER, result);
    if (!ack_not_over(receiver, now))
        return refuse(sender, TCPT_CT_FIT_INVALID, TCPT_CT_ACK_OVER, result);
    return refuse(sender, TCPT_CT_FIT_INVALID, TCPT_CT_ACK_UNDER, result);
}

/* Some senders go a little beyond the window (since 6.1). Their end is noted all the same, else every ACK of these
 * bytes would seem to acknowledge what was never sent. */
static tcpt_ct_fit check_overshoot(tcpt_ct_side *sender, const tcpt_ct_side *receiver, const numbers *now,
                                   tcpt_ct_result *result)
{
    uint32_t overshoot = now->end - sender->max_end + 1;

    if (!receiver->max_win || !seq_not_under(sender, receiver, now) || !ack_not_under(sender, receiver, now) ||
        !ack_not_over(receiver, now) || overshoot > receiver->max_win)
        return refuse(sender, TCPT_CT_FIT_INVALID, TCPT_CT_SEQ_OVER, result);
    sender->end = now->end;
    sender->flags |= TCPT_CT_UNACKED;
    return refuse(sender, TCPT_CT_FIT_IGNORE, TCPT_CT_OVERSHOOT, result);
}

/* Old and late packets are let pass and not learned from (since 6.1). */
static tcpt_ct_fit check_by_current_rules(tcpt_ct_side *sender, const tcpt_ct_side *receiver, const numbers *now,
                                          tcpt_ct_result *result)
{
    if (!seq_not_over(sender, now))
        return check_overshoot(sender, receiver, now, result);
    if (!ack_not_over(receiver, now))
        return refuse(sender, TCPT_CT_FIT_INVALID, TCPT_CT_ACK_OVER, result);
    if (receiver->max_win && !seq_not_under(sender, receiver, now))
        return refuse(sender, TCPT_CT_FIT_IGNORE, TCPT_CT_SEQ_UNDER, result);
    return refuse(sender, TCPT_CT_FIT_IGNORE, TCPT_CT_ACK_UNDER, result);
}

/* ---- taking it in ---- */

static void learn(tcpt_ct_side *sender, tcpt_ct_side *receiver, const numbers *now, uint8_t flags)
{
    uint32_t win = flags & TCPT_SYN ? now->win : now->win << sender->scale;
    uint32_t offered = win + (now->sack - now->ack);

    if (sender->max_win < offered)
        sender->max_win = offered;
    if (after(now->end, sender->end)) {
        sender->end = now->end;
        sender->flags |= TCPT_CT_UNACKED;
    }
    if ((flags & TCPT_ACK) && (!(sender->flags & TCPT_CT_MAX_ACK_SET) || after(now->ack, sender->max_ack))) {
        sender->max_ack = now->ack;
        sender->flags |= TCPT_CT_MAX_ACK_SET;
    }
    if (receiver->max_win && after(now->end, sender->max_end))
        receiver->max_win += now->end - sender->max_end;
    if (after(now->sack + win, receiver->max_end - 1))
        receiver->max_end = now->sack + win + (win == 0);
    if (now->ack == receiver->end)
        receiver->flags &= (uint8_t)~TCPT_CT_UNACKED;
}

static void count_repeats(tcpt_ct_entry *entry, unsigned dir, const numbers *now)
{
    if (entry->last_dir == dir && entry->last_seq == now->seq && entry->last_ack == now->ack &&
        entry->last_end == now->end && entry->last_win == now->win) {
        entry->retrans++;
        return;
    }
    entry->last_dir = (uint8_t)dir;
    entry->last_seq = now->seq;
    entry->last_ack = now->ack;
    entry->last_end = now->end;
    entry->last_win = (uint16_t)now->win;
    entry->retrans = 0;
}

static uint32_t highest_sack(const tcpt_segment *segment)
{
    uint32_t sack = tcpt_ct_ack_field(segment);

    for (unsigned i = 0; i < segment->sack_count; i++)
        sack = after(segment->sack_right[i], sack) ? segment->sack_right[i] : sack;
    return sack;
}

static numbers numbers_of(const tcpt_segment *segment)
{
    return (numbers){segment->seq, segment->end_seq, segment->ack, segment->ack, segment->window};
}

/* Without an ACK, or with the zero that some stacks put on their RST, III and IV have nothing to test. */
static numbers numbers_of_rst(const tcpt_segment *segment, const tcpt_ct_side *receiver)
{
    uint32_t ack = segment->flags & TCPT_ACK && segment->ack ? segment->ack : receiver->end;

    return (numbers){segment->seq, segment->end_seq, ack, ack, segment->window};
}

TCPT_INLINE bool fits(const tcpt_ct_side *sender, const tcpt_ct_side *receiver, const numbers *now)
{
    return sender->max_win && receiver->max_win && !((sender->flags | receiver->flags) & TCPT_CT_LIBERAL) &&
           seq_not_over(sender, now) && ack_not_over(receiver, now) && seq_not_under(sender, receiver, now) &&
           ack_not_under(sender, receiver, now);
}

bool tcpt_ct_fits_window(const tcpt_ct_entry *entry, unsigned dir, const tcpt_segment *segment)
{
    numbers now = numbers_of(segment);

    return fits(&entry->sides[dir], &entry->sides[!dir], &now);
}

bool tcpt_ct_rst_fits_window(const tcpt_ct_entry *entry, unsigned dir, const tcpt_segment *segment)
{
    numbers now = numbers_of_rst(segment, &entry->sides[!dir]);

    return fits(&entry->sides[dir], &entry->sides[!dir], &now);
}

void tcpt_ct_learn(tcpt_ct_entry *entry, unsigned dir, const tcpt_segment *segment)
{
    numbers now = numbers_of(segment);

    learn(&entry->sides[dir], &entry->sides[!dir], &now, TCPT_ACK);
    count_repeats(entry, dir, &now);
}

void tcpt_ct_learn_rst(tcpt_ct_entry *entry, unsigned dir, const tcpt_segment *segment)
{
    numbers now = numbers_of_rst(segment, &entry->sides[!dir]);

    learn(&entry->sides[dir], &entry->sides[!dir], &now, segment->flags);
}

tcpt_ct_fit tcpt_ct_window(tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet, tcpt_ct_rules rules,
                           tcpt_ct_result *result)
{
    const tcpt_segment *segment = packet->segment;
    tcpt_ct_side *sender = &entry->sides[dir], *receiver = &entry->sides[!dir];
    uint32_t ack = tcpt_ct_ack_field(segment);
    numbers now = {segment->seq, segment->end_seq, ack, ack, segment->window};

    if (segment->sack_count && (receiver->flags & TCPT_CT_SACK))
        now.sack = highest_sack(segment);
    if (prepare_sender(entry, dir, &now, packet, rules, result))
        return TCPT_CT_FITS;

    /* As numbers_of_rst(): a segment without an ACK need be no RST. */
    if (!(segment->flags & TCPT_ACK) || ((segment->flags & TCPT_RST) && now.ack == 0))
        now.ack = now.sack = receiver->end;
    if ((segment->flags & TCPT_RST) && now.seq == 0 && entry->state == TCPT_CT_SYN_SENT)
        now.seq = now.end = sender->end; /* a RST that answers a SYN */

    if (seq_not_over(sender, &now) && ack_not_over(receiver, &now) &&
        (!receiver->max_win || seq_not_under(sender, receiver, &now)) && ack_not_under(sender, receiver, &now)) {
        learn(sender, receiver, &now, segment->flags);
        if (packet->class == TCPT_CT_CLASS_ACK)
            count_repeats(entry, dir, &now);
        return TCPT_CT_FITS;
    }
    return rules == TCPT_CT_BEFORE_5_18 ? check_by_old_rules(sender, receiver, &now, result)
                                        : check_by_current_rules(sender, receiver, &now, result);
}
