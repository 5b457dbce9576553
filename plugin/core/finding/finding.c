/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings: names, and how a detector completes one. */
#include "tcptriage/detector.h"

#include <glib.h>
#include <stdarg.h>

const tcpt_field_info tcpt_fields[TCPT_FIELD_COUNT] = {
#define TCPT_FIELD(name, filter, type, label) [TCPT_F_##name] = {filter, label, TCPT_TYPE_##type},
#include "tcptriage/fields.def"
#undef TCPT_FIELD
};

const char *tcpt_severity_name(tcpt_severity severity)
{
    static const char *const names[] = {"chat", "note", "warn"};

    return names[severity];
}

const char *tcpt_confidence_name(tcpt_confidence confidence)
{
    static const char *const names[] = {"low", "medium", "high"};

    return names[confidence];
}

void tcpt_resummarise(tcpt_finding *finding, const char *summary, ...)
{
    va_list arguments;

    g_free(finding->summary);
    va_start(arguments, summary);
    finding->summary = g_strdup_vprintf(summary, arguments);
    va_end(arguments);
}

void tcpt_relate(tcpt_finding *finding, tcpt_record *record)
{
    if (!record || record == finding->on || finding->related_count >= TCPT_MAX_RELATED)
        return;
    for (unsigned i = 0; i < finding->related_count; i++)
        if (finding->related[i] == record)
            return;
    record->end_proof |= finding->at_end;
    if (!finding->at_end) {
        tcpt_proof *proof = &finding->proofs[finding->related_count];

        *proof = (tcpt_proof){finding, record->proofs};
        record->proofs = proof;
    }
    finding->related[finding->related_count++] = record;
}

void tcpt_relate_all(tcpt_finding *finding, tcpt_record *const *records, uint32_t count)
{
    g_return_if_fail(finding->at_end && finding->related == finding->few && finding->related_count == 0);
    if (count > TCPT_MAX_RELATED)
        finding->related = g_new(tcpt_record *, count);
    for (uint32_t i = 0; i < count; i++) {
        finding->related[i] = records[i];
        records[i]->end_proof = true;
    }
    finding->related_count = count;
}

static tcpt_value *value_of(tcpt_finding *finding, tcpt_field field)
{
    for (unsigned i = 0; i < finding->value_count; i++)
        if (finding->values[i].field == field)
            return &finding->values[i];
    g_return_val_if_fail(finding->value_count < TCPT_MAX_VALUES, NULL);
    finding->values[finding->value_count] = (tcpt_value){.field = field};
    return &finding->values[finding->value_count++];
}

void tcpt_set_number(tcpt_finding *finding, tcpt_field field, int64_t value)
{
    tcpt_value *place = value_of(finding, field);

    if (place)
        place->number = value;
}

void tcpt_set_text(tcpt_finding *finding, tcpt_field field, const char *text)
{
    tcpt_value *value = value_of(finding, field);

    if (value)
        value->text = text;
}

void tcpt_take_text(tcpt_finding *finding, tcpt_field field, char *text)
{
    if (!text)
        return;
    g_free(finding->owned_text);
    finding->owned_text = text;
    tcpt_set_text(finding, field, text);
}

void tcpt_rule_out(tcpt_finding *finding, const char *sentence)
{
    if (finding->ruled_out_count < TCPT_MAX_RULED_OUT)
        finding->ruled_out[finding->ruled_out_count++] = sentence;
}
