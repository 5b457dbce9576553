/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Items of our tree, one function for each kind: values as they are, and labels for those who read them.
 *
 * Wireshark cuts a label at ITEM_LABEL_LENGTH (240 bytes), differently in each version. Everything is a registered
 * field: a mere text would be a key of its own in JSON, and a nameless field in PDML.
 */
#ifndef TCPTRIAGE_EPAN_ITEMS_H
#define TCPTRIAGE_EPAN_ITEMS_H

#include <stdbool.h>
#include <stdint.h>

#include <epan/packet.h>

#include "compat.h"
#include "fields.h"
#include "tcptriage/finding.h"
#include "tcptriage/flow.h"

/** What the functions have in common while they show one record. */
typedef struct tcpt_stage {
    tvbuff_t *tvb;
    packet_info *pinfo;
    proto_tree *tree; /**< our protocol's, the frame's where that is not wanted; NULL when none is built */
    bool visible;     /**< labels are read: those that are more than name and value are written out then only */
    bool complete;    /**< all was captured, as far as anybody knows: the frame is shown again */
    bool flat;        /**< nobody would see what belongs to what: no item has others below it */
    bool silent;      /**< nobody would notice an expert info */
    bool named;       /**< one of several in the frame: which one is said */
    unsigned finding_count;
    const tcpt_finding *gravest; /**< NULL without one */
    bool proves;                 /**< a finding on another frame; asked where labels are read */
    const char *headline;        /**< its summary, once it is written out */
} tcpt_stage;

/** Whether anybody would see a field. Wireshark would take others for its parent: asking first spares the call. */
static inline bool tcpt_is_wanted(const tcpt_stage *stage, unsigned field)
{
    return stage->visible || tcpt_is_asked_for(&tcpt_hf_rows[field].hfinfo);
}

/** A text; none for NULL. Like all of these nothing when nobody would see it. */
void tcpt_add_string(const tcpt_stage *stage, proto_tree *tree, unsigned field, const char *text);

/**
 * A text of any length: the field has `value`, its label and the lines below it show `text`. Without the brackets of
 * generated items, which would close in the middle of the sentence.
 */
void tcpt_add_lines(const tcpt_stage *stage, proto_tree *tree, unsigned field, const char *value, const char *text);

/** A line that belongs to the item above it. */
void tcpt_add_line(const tcpt_stage *stage, proto_tree *tree, const char *text);

void tcpt_add_number(const tcpt_stage *stage, proto_tree *tree, unsigned field, uint32_t number);
void tcpt_add_duration(const tcpt_stage *stage, proto_tree *tree, unsigned field, int64_t ns);

/** A link to a frame of the file. @return NULL for one that a read filter has left out: it would be another's number */
proto_item *tcpt_add_frame(const tcpt_stage *stage, proto_tree *tree, unsigned field, uint32_t frame);

/** A typed field of a finding. Sequence numbers are shown as Wireshark shows its own. */
void tcpt_add_value(const tcpt_stage *stage, proto_tree *tree, const tcpt_finding *finding, const tcpt_value *value);

/** Takes the text over. @return it for the packet's life; frames are named by the numbers that Wireshark shows */
const char *tcpt_shown_text(const tcpt_stage *stage, char *text);

#endif
