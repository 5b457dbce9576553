/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fields.h"

#include "compat.h"
#include "printed.h"

int tcpt_hf[TCPT_HF_COUNT];
const header_field_info *tcpt_hf_info[TCPT_HF_COUNT];

static int proto_triage = -1;

/* Wireshark's type and base for a type of shown.def and fields.def. */
#define FIELD_INTEGER  FT_INT32, BASE_DEC
#define FIELD_NUMBER   FT_UINT32, BASE_DEC
#define FIELD_BYTE     FT_UINT8, BASE_DEC
#define FIELD_HEX16    FT_UINT16, BASE_HEX
#define FIELD_FRAME    FT_FRAMENUM, BASE_NONE
#define FIELD_DURATION FT_RELATIVE_TIME, BASE_NONE
#define FIELD_TEXT     FT_STRING, BASE_NONE

static void register_fields(void)
{
    static hf_register_info fields[] = {
#define TCPT_SHOWN(name, filter, type, who, label, text)                                                               \
    {&tcpt_hf[TCPT_HF_##name], {label, "tcptriage." filter, FIELD_##type, NULL, 0, text, HFILL}},
#include "shown.def"
#undef TCPT_SHOWN
#define TCPT_FIELD(name, filter, type, label)                                                                          \
    {&tcpt_hf[TCPT_HF_VALUES + TCPT_F_##name], {label, "tcptriage." filter, FIELD_##type, NULL, 0, NULL, HFILL}},
#include "tcptriage/fields.def"
#undef TCPT_FIELD
    };

    proto_register_field_array(proto_triage, fields, G_N_ELEMENTS(fields));
}

/* What frames without a finding show: the protocol, and these. */
static const int *const plain_fields[] = {
    &proto_triage,
    &tcpt_hf[TCPT_HF_VALUES + TCPT_F_CONNTRACK_REASON],
#define FOUND(field)
#define PLAIN(field)                                     &tcpt_hf[field],
#define TCPT_SHOWN(name, filter, type, who, label, text) who(TCPT_HF_##name)
#include "shown.def"
#undef TCPT_SHOWN
};
static const header_field_info *plain[G_N_ELEMENTS(plain_fields)];

/* What findings show besides their ids and values. */
static const uint8_t found_fields[] = {
#undef FOUND
#undef PLAIN
#define FOUND(field) field,
#define PLAIN(field)
#define TCPT_SHOWN(name, filter, type, who, label, text) who(TCPT_HF_##name)
#include "shown.def"
#undef TCPT_SHOWN
};

G_STATIC_ASSERT(TCPT_HF_FINDING == 0); /* the first of them */

static void look_up_fields(void)
{
    for (unsigned i = 0; i < TCPT_HF_COUNT; i++)
        tcpt_hf_info[i] = proto_registrar_get_nth((guint)tcpt_hf[i]);
    for (unsigned i = 0; i < G_N_ELEMENTS(plain_fields); i++)
        plain[i] = proto_registrar_get_nth((guint)*plain_fields[i]);
}

bool tcpt_is_read(const proto_tree *tree)
{
    return PTREE_DATA(tree)->visible && !tcpt_prints_other_fields();
}

/* The protocol counts as referenced when any of its fields is, of which most belong to findings: so each is asked. What
 * proto_field_is_referenced() does, without its calls: every frame passes here. */
bool tcpt_plain_is_wanted(const proto_tree *tree)
{
    if (!tree)
        return false;
    if (tcpt_is_read(tree) || !PTREE_DATA(tree)->fake_protocols)
        return true;
    if (plain[0]->ref_type == HF_REF_TYPE_NONE)
        return false; /* nor is any of its fields */
    for (unsigned i = 0; i < G_N_ELEMENTS(plain); i++)
        if (tcpt_is_asked_for(plain[i]))
            return true;
    return false;
}

bool tcpt_protocol_is_wanted(const proto_tree *tree)
{
    return !PTREE_DATA(tree)->fake_protocols || tcpt_is_asked_for(plain[0]);
}

bool tcpt_more_is_asked_for(const tcpt_field *fields)
{
    for (unsigned i = 1; i < G_N_ELEMENTS(found_fields); i++)
        if (tcpt_is_asked_for(tcpt_hf_info[found_fields[i]]))
            return true;
    for (; fields && *fields != TCPT_FIELD_COUNT; fields++)
        if (tcpt_is_asked_for(tcpt_hf_info[TCPT_HF_VALUES + *fields]))
            return true;
    return false;
}

void tcpt_fields_register(int proto)
{
    proto_triage = proto;
    for (unsigned i = 0; i < TCPT_HF_COUNT; i++)
        tcpt_hf[i] = -1;
    register_fields();
    look_up_fields();
}
