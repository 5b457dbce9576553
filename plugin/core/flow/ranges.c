/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/ranges.h"

#include <string.h>

#include <glib.h>

#include "core/flow/trouble.h"
#include "tcptriage/sequence.h"

static void remove_first(tcpt_endpoint *sender)
{
    tcpt_range *above = tcpt_trouble_of(sender)->above;

    sender->above_count--;
    memmove(above, above + 1, sender->above_count * sizeof *above);
}

/* Let snd_contig swallow the ranges that it has reached. */
static void swallow(tcpt_endpoint *sender)
{
    while (sender->above_count && !seq_after(sender->trouble->above[0].left, sender->snd_contig)) {
        sender->snd_contig = seq_max(sender->snd_contig, sender->trouble->above[0].right);
        remove_first(sender);
    }
}

/* Merge [left, right) into the sorted list; false when there is no room for one more. */
static bool insert(tcpt_endpoint *sender, uint32_t left, uint32_t right)
{
    tcpt_range *above = tcpt_trouble_of(sender)->above;
    unsigned at = 0, end;

    while (at < sender->above_count && seq_before(above[at].right, left))
        at++;
    for (end = at; end < sender->above_count && !seq_after(above[end].left, right); end++) {
        left = seq_before(above[end].left, left) ? above[end].left : left;
        right = seq_max(above[end].right, right);
    }
    if (end == at) {
        if (sender->above_count == TCPT_RANGES)
            return false;
        memmove(above + at + 1, above + at, (sender->above_count - at) * sizeof *above);
        sender->above_count++;
    } else {
        memmove(above + at + 1, above + end, (sender->above_count - end) * sizeof *above);
        sender->above_count -= (uint8_t)(end - at - 1);
    }
    above[at] = (tcpt_range){left, right};
    return true;
}

/* There are too many to keep. Nearly always they are losses, repaired before they are acknowledged; what is
 * acknowledged unseen the capture lacks. */
static void give_up_lowest(tcpt_endpoint *sender)
{
    tcpt_trouble *trouble = tcpt_trouble_of(sender);
    uint32_t gap = trouble->above[0].left - sender->snd_contig;

    trouble->unsure_bytes += MIN(gap, UINT32_MAX - trouble->unsure_bytes);
    trouble->unsure_to = trouble->above[0].left;
    sender->holed = true;
    sender->snd_contig = trouble->above[0].right;
    remove_first(sender);
}

void tcpt_ranges_add(tcpt_endpoint *sender, uint32_t left, uint32_t right)
{
    while (seq_after(left, sender->snd_contig)) {
        if (insert(sender, left, right))
            return;
        give_up_lowest(sender);
    }
    tcpt_ranges_skip_to(sender, right);
}

void tcpt_ranges_late(tcpt_endpoint *sender, uint32_t left, uint32_t right, uint32_t acked)
{
    uint32_t unsure = sender->trouble->unsure_bytes;

    if (!unsure || !seq_before(left, sender->trouble->unsure_to) || !seq_after(right, acked))
        return;
    tcpt_trouble_of(sender)->unsure_bytes = unsure - MIN(unsure, right - left);
    tcpt_holes_changed(sender);
}

void tcpt_ranges_acked(tcpt_endpoint *sender, uint32_t ack)
{
    if (!sender->trouble->unsure_bytes || seq_before(ack, sender->trouble->unsure_to))
        return;
    tcpt_trouble_of(sender)->unsure_bytes = 0;
    tcpt_add_hole(sender);
}

void tcpt_add_hole(tcpt_endpoint *sender)
{
    if (sender->holes < UINT8_MAX)
        sender->holes++;
    sender->holed = true;
}

void tcpt_holes_changed(tcpt_endpoint *sender)
{
    sender->holed = sender->holes || sender->trouble->unsure_bytes;
}

bool tcpt_ranges_skip_to(tcpt_endpoint *sender, uint32_t right)
{
    if (!seq_after(right, sender->snd_contig))
        return false;
    sender->snd_contig = right;
    swallow(sender);
    return true;
}
