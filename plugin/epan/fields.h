/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Which fields there are, and whether anybody would see them.
 */
#ifndef TCPTRIAGE_EPAN_FIELDS_H
#define TCPTRIAGE_EPAN_FIELDS_H

#include <stdbool.h>

#include <epan/packet.h>

#include "tcptriage/finding.h"

/** The rows of shown.def, and behind them those of fields.def: TCPT_HF_VALUES + tcpt_field. */
enum {
#define TCPT_SHOWN(name, filter, type, who, label, text) TCPT_HF_##name,
#include "shown.def"
#undef TCPT_SHOWN
    TCPT_HF_VALUES,
    TCPT_HF_COUNT = TCPT_HF_VALUES + TCPT_FIELD_COUNT
};

/** Wireshark's numbers of them. */
extern int tcpt_hf[TCPT_HF_COUNT];

/** What was registered: Wireshark keeps it, and notes there who refers to a field. */
extern hf_register_info tcpt_hf_rows[TCPT_HF_COUNT];

void tcpt_fields_register(int proto);

/** Whether somebody reads the tree: all of it then, and labels. */
bool tcpt_is_read(const proto_tree *tree);

/** Whether anybody would see our protocol's own item. */
bool tcpt_protocol_is_wanted(const proto_tree *tree);

/** Whether somebody asks for more of a finding than which it is. `fields` are its detector's, NULL for none. */
bool tcpt_more_is_asked_for(const tcpt_field *fields);

/** Whether anybody would see any field of ours, be it of a finding. */
bool tcpt_any_is_wanted(const proto_tree *tree);

/** Whether anybody would see a frame without a finding. */
bool tcpt_plain_is_wanted(const proto_tree *tree);

#endif
