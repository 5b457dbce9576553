/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings: names, what they say, and how a detector completes one. What others have joined is told as far as it is
 * the same for all of them. */
#include "tcptriage/detector.h"

#include "core/finding/notes.h"
#include "core/finding/sentence.h"
#include "core/finding/store.h"

#include <string.h>

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

/* ---- summary and confidence ---- */

void tcpt_resummarise(tcpt_finding *finding, const char *summary, ...)
{
    uint8_t packed[TCPT_SENTENCE_MOST_BYTES];
    va_list arguments;

    if (tcpt_is_shared(finding->diagnosis))
        return;
    va_start(arguments, summary);
    tcpt_set_summary(finding->diagnosis, summary, packed, tcpt_sentence_pack(packed, NULL, summary, arguments));
    va_end(arguments);
}

void tcpt_brief(tcpt_finding *finding, const char *brief, ...)
{
    tcpt_diagnosis *diagnosis = finding->diagnosis;
    uint8_t packed[TCPT_SENTENCE_MOST_BYTES];
    va_list arguments;
    size_t bytes;

    if (tcpt_is_shared(diagnosis))
        return;
    va_start(arguments, brief);
    bytes = tcpt_sentence_pack(packed, diagnosis->store, brief, arguments);
    va_end(arguments);
    tcpt_set_brief_arguments(diagnosis, packed, bytes);
    if (!diagnosis->brief)
        tcpt_diagnosis_count(diagnosis, bytes);
    diagnosis->brief = brief;
}

/* Cut behind the last word that fits. */
static char *at_most(char *text, unsigned most)
{
    char *end;

    if (g_utf8_strlen(text, -1) <= (glong)most)
        return text;
    end = g_utf8_offset_to_pointer(text, most);
    while (end > text && *end != ' ')
        end--;
    *end = '\0';
    return text;
}

char *tcpt_sentence_of(const tcpt_diagnosis *diagnosis)
{
    return tcpt_sentence_text(diagnosis->summary, diagnosis->arguments, diagnosis);
}

char *tcpt_brief_text(const tcpt_finding *finding)
{
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    const tcpt_detector *detector = diagnosis->detector;

    if (diagnosis->brief)
        return at_most(tcpt_sentence_text(diagnosis->brief, diagnosis->brief_arguments, diagnosis), TCPT_BRIEF_MOST);
    return at_most(g_strdup(detector->brief ? detector->brief : detector->message), TCPT_BRIEF_MOST);
}

void tcpt_set_delay(tcpt_finding *finding, int64_t delay_ns)
{
    if (!tcpt_is_shared(finding->diagnosis))
        finding->diagnosis->delay_ns = CLAMP(delay_ns, 0, TCPT_DELAY_MOST_NS);
}

void tcpt_set_until(tcpt_finding *finding, int64_t until_ns)
{
    if (!tcpt_is_shared(finding->diagnosis))
        finding->diagnosis->until_ns = until_ns;
}

void tcpt_set_blamed(tcpt_finding *finding, unsigned end)
{
    if (!tcpt_is_shared(finding->diagnosis))
        finding->diagnosis->blamed = (uint8_t)(end + 1);
}

void tcpt_blame_way(tcpt_finding *finding)
{
    if (!tcpt_is_shared(finding->diagnosis))
        finding->diagnosis->blamed = TCPT_WAY_BLAMED;
}

void tcpt_set_confidence(tcpt_finding *finding, tcpt_confidence confidence)
{
    tcpt_diagnosis *diagnosis = finding->diagnosis;

    if (!tcpt_is_shared(diagnosis) || confidence < diagnosis->confidence)
        diagnosis->confidence = (uint8_t)confidence;
}

/* ---- proof ---- */

static bool is_related(const tcpt_diagnosis *diagnosis, const tcpt_record *record)
{
    for (uint32_t i = 0; i < diagnosis->related_count; i++)
        if (diagnosis->related[i] == record)
            return true;
    return false;
}

static tcpt_record **new_related(tcpt_diagnosis *diagnosis, uint32_t room)
{
    diagnosis->related_room = (uint8_t)MIN(room, UINT8_MAX);
    G_STATIC_ASSERT(UINT8_MAX * sizeof(tcpt_record *) >= TCPT_PIECE_MOST_BYTES); /* such a piece has its own block */
    tcpt_diagnosis_count(diagnosis, room * sizeof(tcpt_record *));
    return tcpt_piece_take(&diagnosis->store->pieces, room * sizeof(tcpt_record *));
}

static void make_room(tcpt_diagnosis *diagnosis)
{
    if (diagnosis->related != diagnosis->few || diagnosis->related_count < G_N_ELEMENTS(diagnosis->few))
        return;
    diagnosis->related = new_related(diagnosis, TCPT_MAX_RELATED);
    memcpy(diagnosis->related, diagnosis->few, sizeof diagnosis->few);
}

void tcpt_relate(tcpt_finding *finding, tcpt_record *record)
{
    tcpt_diagnosis *diagnosis = finding->diagnosis;

    if (!record || record == finding->on || record == diagnosis->first.on || diagnosis->first_gone)
        return;
    if (diagnosis->wide && tcpt_is_shared(diagnosis))
        return; /* frames of another flow */
    if (diagnosis->related_count >= TCPT_MAX_RELATED || is_related(diagnosis, record))
        return;
    make_room(diagnosis);
    diagnosis->related[diagnosis->related_count++] = record;
    tcpt_note_proof(diagnosis, record);
}

void tcpt_relate_all(tcpt_finding *finding, tcpt_record *const *records, uint32_t count)
{
    tcpt_diagnosis *diagnosis = finding->diagnosis;
    uint32_t room;

    if (diagnosis->wide || count == 0)
        return;
    g_return_if_fail(diagnosis->at_end && diagnosis->related == diagnosis->few && diagnosis->related_count == 0);
    if (count > G_N_ELEMENTS(diagnosis->few)) {
        room = MAX(count, TCPT_MAX_RELATED); /* others may be related one by one */
        diagnosis->related = new_related(diagnosis, room);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (records[i] == diagnosis->first.on || (i && records[i] == records[i - 1]))
            continue; /* one frame may hold several of the segments */
        diagnosis->related[diagnosis->related_count++] = records[i];
        tcpt_note_proof(diagnosis, records[i]);
    }
}

static bool is_ruled_out(const tcpt_diagnosis *diagnosis, const char *sentence)
{
    for (unsigned i = 0; i < diagnosis->ruled_out_count; i++)
        if (diagnosis->ruled_out[i] == sentence)
            return true;
    return false;
}

void tcpt_rule_out(tcpt_finding *finding, const char *sentence)
{
    tcpt_diagnosis *diagnosis = finding->diagnosis;

    if (diagnosis->ruled_out_count >= TCPT_MAX_RULED_OUT || tcpt_is_shared(diagnosis) ||
        is_ruled_out(diagnosis, sentence))
        return;
    if (!diagnosis->ruled_out) {
        diagnosis->ruled_out = tcpt_piece_take(&diagnosis->store->pieces, TCPT_MAX_RULED_OUT * sizeof(const char *));
        tcpt_diagnosis_count(diagnosis, TCPT_MAX_RULED_OUT * sizeof(const char *));
    }
    diagnosis->ruled_out[diagnosis->ruled_out_count++] = sentence;
}

void tcpt_rule_out_nothing(tcpt_finding *finding)
{
    if (!tcpt_is_shared(finding->diagnosis))
        finding->diagnosis->ruled_out_count = 0;
}

/* ---- values ---- */

/* Detectors set their values in the order of their row: the one behind the last is looked at first.
 * @return the value's place, or -1: a field that the detector's row does not name */
static int place_of(tcpt_diagnosis *diagnosis, tcpt_field field)
{
    const tcpt_field *fields = diagnosis->detector->fields;
    unsigned next = diagnosis->next_place;

    if (fields && fields[next] == field && field != TCPT_FIELD_COUNT) {
        diagnosis->next_place = (uint8_t)(next + 1);
        return (int)next;
    }
    diagnosis->next_place = 0;
    for (int at = 0; fields && fields[at] != TCPT_FIELD_COUNT; at++)
        if (fields[at] == field) {
            diagnosis->next_place = (uint8_t)(at + 1);
            return at;
        }
    return -1;
}

static bool is_set(const tcpt_diagnosis *diagnosis, int at)
{
    return diagnosis->set >> at & 1;
}

/* Others share it: what is not the same for all is not told. */
static bool is_told(const tcpt_diagnosis *diagnosis, int at)
{
    return !(diagnosis->differs >> at & 1);
}

static void compare_number(tcpt_diagnosis *diagnosis, int at, int64_t number)
{
    if (!is_set(diagnosis, at) || diagnosis->values[at].number != number)
        diagnosis->differs |= (uint16_t)(1u << at);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || strcmp(a, b) == 0;
}

static void compare_text(tcpt_diagnosis *diagnosis, int at, const char *text)
{
    if (is_told(diagnosis, at) && (!is_set(diagnosis, at) || !same_text(diagnosis->values[at].text, text)))
        diagnosis->differs |= (uint16_t)(1u << at);
}

void tcpt_set_number(tcpt_finding *finding, tcpt_field field, int64_t value)
{
    tcpt_diagnosis *diagnosis = finding->diagnosis;
    int at = place_of(diagnosis, field);

    g_return_if_fail(at >= 0);
    if (tcpt_is_shared(diagnosis)) {
        compare_number(diagnosis, at, value);
        return;
    }
    diagnosis->values[at].number = value;
    diagnosis->set |= (uint16_t)(1u << at);
}

/* A flow's diagnoses are few (TCPT_ALIKE_MOST). */
void tcpt_set_number_of_all(const tcpt_context *context, tcpt_field field, int64_t value)
{
    tcpt_diagnosis *diagnosis = context->flow->found ? context->flow->found->first : NULL;

    for (; diagnosis; diagnosis = diagnosis->next) {
        int at = place_of(diagnosis, field);

        if (diagnosis->detector != context->detector || diagnosis->first.on->from != context->seen->from || at < 0)
            continue;
        diagnosis->values[at].number = value;
        diagnosis->set |= (uint16_t)(1u << at);
        if (diagnosis->run)
            diagnosis->run->late |= (uint16_t)(1u << at);
    }
}

static void replace_text(tcpt_diagnosis *diagnosis, int at, const char *text, bool owned)
{
    if (diagnosis->owned >> at & 1)
        tcpt_text_free(diagnosis->store, diagnosis->values[at].text);
    diagnosis->values[at].text = text;
    diagnosis->set |= (uint16_t)(1u << at);
    diagnosis->owned = (uint16_t)((diagnosis->owned & ~(1u << at)) | (unsigned)owned << at);
}

void tcpt_set_text(tcpt_finding *finding, tcpt_field field, const char *text)
{
    tcpt_diagnosis *diagnosis = finding->diagnosis;
    int at = place_of(diagnosis, field);

    g_return_if_fail(at >= 0);
    if (tcpt_is_shared(diagnosis))
        compare_text(diagnosis, at, text);
    else
        replace_text(diagnosis, at, text, false);
}

static const char *own_text(tcpt_findings *store, const char *text)
{
    size_t bytes = strlen(text) + 1;

    return memcpy(tcpt_piece_take(&store->pieces, bytes), text, bytes);
}

void tcpt_take_text(tcpt_finding *finding, tcpt_field field, char *text)
{
    tcpt_diagnosis *diagnosis = finding->diagnosis;
    int at = place_of(diagnosis, field);

    if (!text)
        return;
    g_return_if_fail(at >= 0);
    if (!tcpt_is_shared(diagnosis))
        replace_text(diagnosis, at, own_text(diagnosis->store, text), true);
    else
        compare_text(diagnosis, at, text);
    g_free(text);
}
