/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both rule sets side by side, with one entry as long as theirs are alike. */
#include "core/tracker/entry.h"

#include <glib.h>
#include <string.h>

/* Where the two rule sets cannot part: a packet without SYN or RST, after the handshake, of a connection whose windows
 * are checked, that fits. They differ in what else happens at the handshake, to a RST, and to what does not fit. */
static bool rules_agree(const tcpt_ct_entry *before, const tcpt_ct_packet *packet, const tcpt_ct_result *result)
{
    return result->verdict == TCPT_CT_VALID &&
           (packet->class == TCPT_CT_CLASS_ACK || packet->class == TCPT_CT_CLASS_FIN) &&
           before->state >= TCPT_CT_ESTABLISHED && before->state <= TCPT_CT_CLOSE &&
           !((before->sides[0].flags | before->sides[1].flags) & TCPT_CT_LIBERAL);
}

static bool alike(const tcpt_ct_entry *a, const tcpt_ct_entry *b)
{
    return a->expires_ns == b->expires_ns && memcmp(a, b, sizeof *a) == 0;
}

/* Whether tcpt_ct_judge_steady() may be asked. */
static bool plain_ack(const tcpt_ct_packet *packet)
{
    return packet->class == TCPT_CT_CLASS_ACK && packet->legal_flags && !packet->bad_checksum &&
           !packet->segment->sack_count;
}

static tcpt_ct_result judge(tcpt_ct_entry *entry, const tcpt_ct_packet *packet, tcpt_ct_rules rules)
{
    if (plain_ack(packet) && tcpt_ct_judge_steady(entry, packet->segment, packet->from))
        return (tcpt_ct_result){.verdict = TCPT_CT_VALID, .state = TCPT_CT_ESTABLISHED};
    return tcpt_ct_judge(entry, packet, rules);
}

/* The entries differ already; they may grow alike again. */
static void judge_apart(tcpt_ct_pair *pair, const tcpt_ct_packet *packet, tcpt_ct_result results[TCPT_CT_RULE_SETS])
{
    results[TCPT_CT_CURRENT] = judge(&pair->current, packet, TCPT_CT_CURRENT);
    results[TCPT_CT_BEFORE_5_18] = judge(pair->old, packet, TCPT_CT_BEFORE_5_18);
    if (!alike(&pair->current, pair->old))
        return;
    g_free(pair->old);
    pair->old = NULL;
}

void tcpt_ct_judge_both(tcpt_ct_pair *pair, const tcpt_ct_packet *packet, tcpt_ct_result results[TCPT_CT_RULE_SETS])
{
    tcpt_ct_result *current = &results[TCPT_CT_CURRENT];
    tcpt_ct_entry before, old;

    if (pair->old) {
        judge_apart(pair, packet, results);
        return;
    }
    if (plain_ack(packet) && tcpt_ct_judge_steady(&pair->current, packet->segment, packet->from)) {
        *current = (tcpt_ct_result){.verdict = TCPT_CT_VALID, .state = TCPT_CT_ESTABLISHED};
        results[TCPT_CT_BEFORE_5_18] = *current;
        return;
    }
    before = pair->current;
    *current = tcpt_ct_judge(&pair->current, packet, TCPT_CT_CURRENT);
    if (rules_agree(&before, packet, current)) {
        results[TCPT_CT_BEFORE_5_18] = *current;
        return;
    }
    old = before;
    results[TCPT_CT_BEFORE_5_18] = tcpt_ct_judge(&old, packet, TCPT_CT_BEFORE_5_18);
    if (alike(&pair->current, &old))
        return;
    pair->old = g_new(tcpt_ct_entry, 1);
    *pair->old = old;
}

void tcpt_ct_clear(tcpt_ct_pair *pair)
{
    g_free(pair->old);
    memset(pair, 0, sizeof *pair);
}
