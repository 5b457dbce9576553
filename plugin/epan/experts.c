/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "experts.h"

#include <epan/column-info.h>
#include <epan/tap.h>

#include "compat.h"
#include "tcptriage/analysis.h"

/* One per detector, in the order of tcpt_detectors. */
static expert_field *expert_ids;
static ei_register_info *infos;
static const header_field_info **fields;

/* Wireshark's own, of every expert info. */
static const header_field_info *expert_protocol;
static int expert_tap;

static int expert_group_of(tcpt_group group)
{
    switch (group) {
    case TCPT_GROUP_SEQUENCE:
        return PI_SEQUENCE;
    case TCPT_GROUP_CHECKSUM:
        return PI_CHECKSUM;
    case TCPT_GROUP_PROTOCOL:
        break;
    }
    return PI_PROTOCOL;
}

static int expert_severity_of(tcpt_severity severity)
{
    switch (severity) {
    case TCPT_WARN:
        return PI_WARN;
    case TCPT_NOTE:
        return PI_NOTE;
    case TCPT_CHAT:
        break;
    }
    return PI_CHAT;
}

static unsigned detector_count(void)
{
    unsigned count = 0;

    while (tcpt_detectors[count])
        count++;
    return count;
}

/* Wireshark keeps the arrays: they live as long as the program. */
void tcpt_experts_register(int proto)
{
    unsigned count = detector_count();

    infos = wmem_alloc0_array(wmem_epan_scope(), ei_register_info, count);
    fields = wmem_alloc0_array(wmem_epan_scope(), const header_field_info *, count);
    expert_ids = wmem_alloc0_array(wmem_epan_scope(), expert_field, count);
    for (unsigned i = 0; i < count; i++) {
        const tcpt_detector *detector = tcpt_detectors[i];

        expert_ids[i] = (expert_field)EI_INIT;
        infos[i].ids = &expert_ids[i];
        infos[i].eiinfo = (expert_field_info){
            .name = wmem_strdup_printf(wmem_epan_scope(), "tcptriage.%s", detector->id),
            .group = expert_group_of(detector->group),
            .severity = expert_severity_of(detector->severity),
            .summary = detector->message,
            .hf_info = {0, {NULL, NULL, FT_NONE, BASE_NONE, NULL, 0, NULL, HFILL}},
        };
    }
    expert_register_field_array(expert_register_protocol(proto), infos, (int)count);
}

/* Others register theirs, too, and one may be the first. */
static void look_up_fields(void)
{
    expert_protocol = proto_registrar_get_nth((guint)proto_get_id_by_filter_name("_ws.expert"));
    expert_tap = find_tap_id("expert");
    for (unsigned i = 0; tcpt_detectors[i]; i++)
        fields[i] = proto_registrar_get_nth((guint)expert_ids[i].hf);
}

/* The protocol counts as referenced when any of its fields is. */
static bool is_in_tree(const proto_tree *tree, unsigned number)
{
    return tree && (PTREE_DATA(tree)->visible || !PTREE_DATA(tree)->fake_protocols ||
                    expert_protocol->ref_type != HF_REF_TYPE_NONE || fields[number]->ref_type != HF_REF_TYPE_NONE);
}

static bool has_column(const column_info *columns)
{
    return columns && columns->col_first[COL_EXPERT] >= 0;
}

/* Whether somebody looks at expert infos beside the tree. */
static bool is_listed(const packet_info *pinfo)
{
    return have_tap_listener(expert_tap) || has_column(pinfo->cinfo);
}

/* What expert_add_info() leaves behind: items, text of a column, a line for those who list them, and which severity was
 * the highest. Where all of that is nothing new the call, a thousand instructions, may be spared: of a flood each frame
 * may have one. */
static bool leaves_something(const packet_info *pinfo, const proto_tree *tree, unsigned number)
{
    return is_in_tree(tree, number) || infos[number].eiinfo.severity > expert_get_highest_severity() ||
           is_listed(pinfo);
}

bool tcpt_experts_are_looked_at(const packet_info *pinfo, const proto_tree *tree)
{
    if (!expert_protocol)
        look_up_fields();
    return (tree && (PTREE_DATA(tree)->visible || expert_protocol->ref_type != HF_REF_TYPE_NONE)) || is_listed(pinfo);
}

static void note_highest(const tcpt_finding *finding, void *data)
{
    int *highest = data;

    *highest = MAX(*highest, infos[finding->diagnosis->number].eiinfo.severity);
}

/* No detector's is graver than a warning. */
static bool none_rises(void)
{
    return expert_get_highest_severity() >= PI_WARN;
}

bool tcpt_experts_rise(const tcpt_record *record)
{
    int highest = 0;

    if (none_rises())
        return false;
    tcpt_each_finding(record, note_highest, &highest);
    return highest > expert_get_highest_severity();
}

bool tcpt_experts_may_be_spared(const packet_info *pinfo)
{
    return expert_protocol && none_rises() && !is_listed(pinfo);
}

bool tcpt_experts_are_silent(const packet_info *pinfo, const proto_tree *tree)
{
    return expert_protocol && none_rises() && !tcpt_experts_are_looked_at(pinfo, tree);
}

bool tcpt_expert_is_due(const packet_info *pinfo, const proto_tree *tree, const tcpt_diagnosis *diagnosis)
{
    if (!expert_protocol)
        look_up_fields();
    return leaves_something(pinfo, tree, diagnosis->number);
}

void tcpt_expert_add(packet_info *pinfo, const proto_tree *tree, proto_item *item, const tcpt_diagnosis *diagnosis)
{
    if (tcpt_expert_is_due(pinfo, tree, diagnosis))
        expert_add_info(pinfo, item, &expert_ids[diagnosis->number]);
}
