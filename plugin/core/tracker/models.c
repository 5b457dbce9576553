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

/* Whether tcpt_ct_judge_short_way() may be asked. */
static bool plain_ack(const tcpt_ct_packet *packet)
{
    return packet->class == TCPT_CT_CLASS_ACK && packet->legal_flags && !packet->bad_checksum &&
           !packet->segment->sack_count;
}

static tcpt_ct_result judge(tcpt_ct_entry *entry, const tcpt_ct_packet *packet, tcpt_ct_rules rules)
{
    if (plain_ack(packet) && tcpt_ct_judge_short_way(entry, packet->segment, packet->from))
        return (tcpt_ct_result){.verdict = TCPT_CT_VALID, .state = TCPT_CT_ESTABLISHED};
    return tcpt_ct_judge(entry, packet, rules);
}

/* The entries differ already; they may grow alike again. */
static void judge_apart(tcpt_ct_models *models, const tcpt_ct_packet *packet, tcpt_ct_result results[TCPT_CT_RULE_SETS])
{
    results[TCPT_CT_CURRENT] = judge(&models->current, packet, TCPT_CT_CURRENT);
    results[TCPT_CT_BEFORE_5_18] = judge(models->old, packet, TCPT_CT_BEFORE_5_18);
    if (!alike(&models->current, models->old))
        return;
    g_free(models->old);
    models->old = NULL;
}

void tcpt_ct_judge_both(tcpt_ct_models *models, const tcpt_ct_packet *packet, tcpt_ct_result results[TCPT_CT_RULE_SETS])
{
    tcpt_ct_result *current = &results[TCPT_CT_CURRENT];
    tcpt_ct_entry before, old;

    if (models->old) {
        judge_apart(models, packet, results);
        return;
    }
    if (plain_ack(packet) && tcpt_ct_judge_short_way(&models->current, packet->segment, packet->from)) {
        *current = (tcpt_ct_result){.verdict = TCPT_CT_VALID, .state = TCPT_CT_ESTABLISHED};
        results[TCPT_CT_BEFORE_5_18] = *current;
        return;
    }
    before = models->current;
    *current = tcpt_ct_judge(&models->current, packet, TCPT_CT_CURRENT);
    if (rules_agree(&before, packet, current)) {
        results[TCPT_CT_BEFORE_5_18] = *current;
        return;
    }
    old = before;
    results[TCPT_CT_BEFORE_5_18] = tcpt_ct_judge(&old, packet, TCPT_CT_BEFORE_5_18);
    if (alike(&models->current, &old))
        return;
    models->old = g_new(tcpt_ct_entry, 1);
    *models->old = old;
}

void tcpt_ct_clear(tcpt_ct_models *models)
{
    g_free(models->old);
    memset(models, 0, sizeof *models);
}
