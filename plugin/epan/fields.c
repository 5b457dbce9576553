/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fields.h"

#include "compat.h"
#include "command_line.h"

int tcpt_hf[TCPT_HF_COUNT];

static int proto_triage = -1;

/* Wireshark's type and base for a type of shown.def and fields.def. */
#define FIELD_INTEGER  FT_INT32, BASE_DEC
#define FIELD_NUMBER   FT_UINT32, BASE_DEC
#define FIELD_BYTE     FT_UINT8, BASE_DEC
#define FIELD_HEX16    FT_UINT16, BASE_HEX
#define FIELD_FRAME    FT_FRAMENUM, BASE_NONE
#define FIELD_DURATION FT_RELATIVE_TIME, BASE_NONE
#define FIELD_TEXT     FT_STRING, BASE_NONE

hf_register_info tcpt_hf_rows[TCPT_HF_COUNT] = {
#define TCPT_SHOWN(name, filter, type, who, label, text)                                                               \
    {&tcpt_hf[TCPT_HF_##name], {label, "tcptriage." filter, FIELD_##type, NULL, 0, text, HFILL}},
#include "shown.def"
#undef TCPT_SHOWN
#define TCPT_FIELD(name, filter, type, label)                                                                          \
    {&tcpt_hf[TCPT_HF_VALUES + TCPT_F_##name], {label, "tcptriage." filter, FIELD_##type, NULL, 0, NULL, HFILL}},
#include "tcptriage/fields.def"
#undef TCPT_FIELD
};

static const header_field_info *protocol;

#define KIND(field) | (unsigned)tcpt_hf_rows[field].hfinfo.ref_type
#define NONE(field)

/* What frames without a finding show: the protocol, and these. Their kinds of reference are put together without a
 * loop, as every frame is asked while somebody wants any field of ours. */
static unsigned plain_kinds(void)
{
    return (unsigned)protocol->ref_type KIND(TCPT_HF_VALUES + TCPT_F_CONNTRACK_REASON)
#define FOUND                                            NONE
#define PLAIN                                            KIND
#define TCPT_SHOWN(name, filter, type, who, label, text) who(TCPT_HF_##name)
#include "shown.def"
#undef TCPT_SHOWN
#undef FOUND
#undef PLAIN
        ;
}

/* What findings show besides their ids, the first, and values. */
static unsigned found_kinds(void)
{
    return 0
#define FOUND(field)                                     | ((field) == TCPT_HF_FINDING ? 0 : (unsigned)tcpt_hf_rows[field].hfinfo.ref_type)
#define PLAIN                                            NONE
#define TCPT_SHOWN(name, filter, type, who, label, text) who(TCPT_HF_##name)
#include "shown.def"
#undef TCPT_SHOWN
#undef FOUND
#undef PLAIN
        ;
}

bool tcpt_is_read(const proto_tree *tree)
{
    return PTREE_DATA(tree)->visible && !tcpt_prints_other_fields();
}

/* The protocol counts as referenced when any of its fields is, of which most belong to findings: so each is asked. What
 * proto_field_is_referenced() does, without its calls: every frame passes here. */
bool tcpt_plain_is_wanted(const proto_tree *tree)
{
    if (!tcpt_any_is_wanted(tree))
        return false;
    return tcpt_is_read(tree) || !PTREE_DATA(tree)->fake_protocols || tcpt_one_is_asked_for(plain_kinds());
}

bool tcpt_any_is_wanted(const proto_tree *tree)
{
    return tree && (tcpt_is_read(tree) || !PTREE_DATA(tree)->fake_protocols || protocol->ref_type != HF_REF_TYPE_NONE);
}

bool tcpt_protocol_is_wanted(const proto_tree *tree)
{
    return !PTREE_DATA(tree)->fake_protocols || tcpt_is_asked_for(protocol);
}

bool tcpt_more_is_asked_for(const tcpt_field *fields)
{
    if (tcpt_one_is_asked_for(found_kinds()))
        return true;
    for (; fields && *fields != TCPT_FIELD_COUNT; fields++)
        if (tcpt_is_asked_for(&tcpt_hf_rows[TCPT_HF_VALUES + *fields].hfinfo))
            return true;
    return false;
}

void tcpt_fields_register(int proto)
{
    proto_triage = proto;
    for (unsigned i = 0; i < TCPT_HF_COUNT; i++)
        tcpt_hf[i] = -1;
    proto_register_field_array(proto_triage, tcpt_hf_rows, G_N_ELEMENTS(tcpt_hf_rows));
    protocol = proto_registrar_get_nth((guint)proto_triage);
}
