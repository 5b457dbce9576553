/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both rule sets side by side, with one entry as long as theirs are alike. */
#include "core/tracker/models.h"

#include <glib.h>
#include <string.h>

#include "core/tracker/judge.h"

/* The handshake as it should be: SYN, SYN-ACK of the other end, ACK of the first one. They differ in what is sent
 * again, in data of the second one, and in crossed SYNs. */
static bool opens_alike(const tcpt_ct_entry *before, const tcpt_ct_packet *packet)
{
    unsigned dir = tcpt_ct_direction(before, packet->from);

    if (!before->state)
        return packet->class == TCPT_CT_CLASS_SYN;
    if (packet->jump_ns || packet->segment->time_ns >= before->expires_ns)
        return false;
    if (before->state == TCPT_CT_SYN_SENT)
        return packet->class == TCPT_CT_CLASS_SYN_ACK && dir == TCPT_CT_REPLY && !before->sides[dir].max_win;
    return before->state == TCPT_CT_SYN_RECV && packet->class == TCPT_CT_CLASS_ACK && dir == TCPT_CT_ORIGINAL;
}

/* A RST on an open connection: they differ in what they make of one after a SYN, of one that closes again or meets an
 * unfinished handshake, and of one beside the window. */
static bool rst_alike(const tcpt_ct_entry *before, const tcpt_ct_result *result)
{
    return before->state == TCPT_CT_ESTABLISHED && before->assured && before->last_class != TCPT_CT_CLASS_SYN &&
           (result->verdict == TCPT_CT_VALID || result->reason == TCPT_CT_INVALID_RST);
}

/* Where the two rule sets cannot part: a packet that fits, of a connection whose windows are checked, and without SYN
 * after the handshake. They differ in what else happens at the handshake, and to what does not fit. */
static bool rules_agree(const tcpt_ct_entry *before, const tcpt_ct_packet *packet, const tcpt_ct_result *result)
{
    if ((before->sides[0].flags | before->sides[1].flags) & TCPT_CT_LIBERAL)
        return false;
    if (packet->class == TCPT_CT_CLASS_RST)
        return rst_alike(before, result);
    if (result->verdict != TCPT_CT_VALID)
        return false;
    if (before->state < TCPT_CT_ESTABLISHED)
        return opens_alike(before, packet);
    return (packet->class == TCPT_CT_CLASS_ACK || packet->class == TCPT_CT_CLASS_FIN) && before->state <= TCPT_CT_CLOSE;
}

static bool alike(const tcpt_ct_entry *a, const tcpt_ct_entry *b)
{
    return a->expires_ns == b->expires_ns && memcmp(a, b, sizeof *a) == 0;
}

static bool goes_short_way(const tcpt_ct_entry *entry, const tcpt_ct_packet *packet)
{
    if (packet->class != TCPT_CT_CLASS_ACK || !packet->legal_flags || packet->bad_checksum ||
        packet->segment->sack_count)
        return false;
    return tcpt_ct_fits_short_way(entry, packet->segment, packet->from) ||
           tcpt_ct_completes(entry, packet->segment, packet->from);
}

static void judge_at_length(const tcpt_ct_entry *entry, const tcpt_ct_packet *packet, tcpt_ct_rules rules,
                            tcpt_ct_proposal *proposal, tcpt_ct_result *result)
{
    proposal->short_way[rules] = false;
    proposal->next[rules] = *entry;
    *result = tcpt_ct_judge(&proposal->next[rules], packet, rules);
}

static void judge(const tcpt_ct_entry *entry, const tcpt_ct_packet *packet, tcpt_ct_rules rules,
                  tcpt_ct_proposal *proposal, tcpt_ct_result *result)
{
    if (goes_short_way(entry, packet)) {
        proposal->short_way[rules] = true;
        *result = (tcpt_ct_result){.verdict = TCPT_CT_VALID, .state = TCPT_CT_ESTABLISHED};
        return;
    }
    judge_at_length(entry, packet, rules, proposal, result);
}

void tcpt_ct_judge_both(const tcpt_ct_models *models, const tcpt_ct_packet *packet, tcpt_ct_proposal *proposal,
                        tcpt_ct_result results[TCPT_CT_RULE_SETS])
{
    const tcpt_ct_entry *current = &models->current;
    tcpt_ct_result *result = &results[TCPT_CT_CURRENT], *old_result = &results[TCPT_CT_BEFORE_5_18];

    judge(current, packet, TCPT_CT_CURRENT, proposal, result);
    proposal->parted = models->old != NULL;
    if (proposal->parted) {
        judge(models->old, packet, TCPT_CT_BEFORE_5_18, proposal, old_result);
        return;
    }
    if (proposal->short_way[TCPT_CT_CURRENT] || rules_agree(current, packet, result)) {
        *old_result = *result;
        return;
    }
    judge_at_length(current, packet, TCPT_CT_BEFORE_5_18, proposal, old_result);
    proposal->parted = !alike(&proposal->next[TCPT_CT_CURRENT], &proposal->next[TCPT_CT_BEFORE_5_18]);
}

static void become(tcpt_ct_entry *entry, const tcpt_segment *segment, unsigned from, const tcpt_ct_proposal *proposal,
                   tcpt_ct_rules rules)
{
    if (proposal->short_way[rules])
        tcpt_ct_take_short_way(entry, segment, from);
    else
        *entry = proposal->next[rules];
}

void tcpt_ct_commit(tcpt_ct_models *models, const tcpt_segment *segment, unsigned from,
                    const tcpt_ct_proposal *proposal)
{
    become(&models->current, segment, from, proposal, TCPT_CT_CURRENT);
    if (!proposal->parted)
        return;
    if (!models->old)
        models->old = g_new(tcpt_ct_entry, 1);
    become(models->old, segment, from, proposal, TCPT_CT_BEFORE_5_18);
    if (!alike(&models->current, models->old))
        return;
    g_free(models->old); /* grown alike again */
    models->old = NULL;
}

void tcpt_ct_clear(tcpt_ct_models *models)
{
    g_free(models->old);
    memset(models, 0, sizeof *models);
}
