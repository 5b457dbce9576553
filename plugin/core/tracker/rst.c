/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/tracker/rst.h"

#include "tcptriage/sequence.h"

static bool established(const tcpt_ct_entry *entry)
{
    return entry->state == TCPT_CT_ESTABLISHED && entry->assured;
}

static bool closing(const tcpt_ct_entry *entry)
{
    return entry->state >= TCPT_CT_FIN_WAIT && entry->state <= TCPT_CT_CLOSE;
}

/* Comes directly behind the sender's own segment. */
static bool ends_train(const tcpt_ct_entry *entry, unsigned dir, uint32_t seq)
{
    return entry->last_class == TCPT_CT_CLASS_ACK && entry->last_dir == dir && seq == entry->last_end;
}

/* Answers a packet that was ignored: the host it went to does not know this connection. */
static bool answers_ignored(const tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet, tcpt_ct_rules rules)
{
    bool syn = entry->seen_reply && entry->last_class == TCPT_CT_CLASS_SYN &&
               (rules == TCPT_CT_BEFORE_5_18 || entry->last_dir != dir);
    bool ack = !entry->assured && entry->last_class == TCPT_CT_CLASS_ACK;

    return (syn || ack) && tcpt_ct_ack_field(packet->segment) == entry->last_end;
}

static bool answers_challenge(const tcpt_ct_entry *entry, const tcpt_ct_packet *packet)
{
    return entry->state == TCPT_CT_SYN_SENT && entry->last_class == TCPT_CT_CLASS_ACK &&
           entry->last_dir == TCPT_CT_REPLY && packet->segment->seq == entry->last_ack;
}

tcpt_ct_rst_course tcpt_ct_judge_rst(const tcpt_ct_entry *entry, unsigned dir, const tcpt_ct_packet *packet,
                                     tcpt_ct_rules rules, uint8_t *next)
{
    const tcpt_ct_side *receiver = &entry->sides[!dir];
    bool current = rules == TCPT_CT_CURRENT;
    uint32_t seq = packet->segment->seq;

    if (current && closing(entry))
        return TCPT_CT_RST_TAKE;
    if ((receiver->flags & TCPT_CT_MAX_ACK_SET) && !(current && entry->last_class == TCPT_CT_CLASS_SYN)) {
        if (current && seq == 0 && !established(entry))
            return TCPT_CT_RST_CHECK_WINDOW; /* most likely the answer to a SYN that was let pass */
        if (seq_before(seq, receiver->max_ack))
            return TCPT_CT_RST_REFUSE;
        if (!established(entry) || seq == receiver->max_ack || ends_train(entry, dir, seq))
            return TCPT_CT_RST_CHECK_WINDOW;
        *next = entry->state;
    }
    if (answers_ignored(entry, dir, packet, rules) || (current && answers_challenge(entry, packet)))
        return TCPT_CT_RST_TAKE;
    return TCPT_CT_RST_CHECK_WINDOW;
}
