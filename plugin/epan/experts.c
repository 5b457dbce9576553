/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "experts.h"

#include "compat.h"

static expert_field *expert_ids; /* one per detector, in the order of tcpt_detectors */

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
    ei_register_info *infos = wmem_alloc0_array(wmem_epan_scope(), ei_register_info, count);

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

expert_field *tcpt_expert_of(const tcpt_detector *detector)
{
    unsigned i = 0;

    while (tcpt_detectors[i] != detector)
        i++;
    return &expert_ids[i];
}
