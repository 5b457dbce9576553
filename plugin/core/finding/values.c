/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The values of a finding, as they are read. */
#include "tcptriage/detector.h"

const tcpt_field_info tcpt_fields[TCPT_FIELD_COUNT] = {
#define TCPT_FIELD(name, filter, type, label) [TCPT_F_##name] = {filter, label, TCPT_TYPE_##type},
#include "tcptriage/fields.def"
#undef TCPT_FIELD
};

static tcpt_value value_at(const tcpt_diagnosis *diagnosis, unsigned at)
{
    tcpt_value value = {.field = diagnosis->detector->fields[at]};

    if (tcpt_fields[value.field].type == TCPT_TYPE_TEXT)
        value.text = diagnosis->values[at].text;
    else
        value.number = diagnosis->values[at].number;
    return value;
}

bool tcpt_next_value(const tcpt_finding *finding, unsigned *at, tcpt_value *value)
{
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    unsigned left = diagnosis->set;

    if (tcpt_is_folded(finding))
        left &= ~(unsigned)diagnosis->differs;
    left &= ~0u << *at;
    if (!left)
        return false;
    *at = tcpt_lowest_bit(left);
    *value = value_at(diagnosis, (*at)++);
    return true;
}

bool tcpt_value_of(const tcpt_finding *finding, tcpt_field field, tcpt_value *value)
{
    for (unsigned at = 0; tcpt_next_value(finding, &at, value);)
        if (value->field == field)
            return true;
    return false;
}
