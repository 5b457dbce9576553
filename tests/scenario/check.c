/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a scenario's frames made the core find, against what its lines expect. */
#include "check.h"

#include "core/finding/sentence.h"
#include "said.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void complain(const scn_run *test, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void complain(const scn_run *test, const char *format, ...)
{
    const scn_frame *frame = test->scenario->frames->pdata[test->frame];
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_test_message("%s:%u: %s%s", test->scenario->file, frame->line, text, test->at_end ? " (at the end)" : "");
    g_test_fail();
    g_free(text);
}

/* ---- Settings. */

void scn_apply_setting(tcpt_settings *settings, const char *setting)
{
    char **pair = g_strsplit(setting, ":", 2);
    tcpt_setting which = tcpt_setting_named(pair[0]);
    uint32_t value;
    g_assert(which < TCPT_SETTINGS && tcpt_setting_read(which, pair[1], &value)); /* script.c has looked */
    tcpt_settings_set(settings, which, value);
    g_strfreev(pair);
}

/* ---- Fields. */

static bool find_value(const tcpt_finding *finding, const char *filter, tcpt_value *value)
{
    for (unsigned at = 0; tcpt_next_value(finding, &at, value);) {
        if (!strcmp(tcpt_fields[value->field].filter, filter))
            return true;
    }
    return false;
}

static bool value_equals(const tcpt_value *value, const char *expected)
{
    switch (tcpt_fields[value->field].type) {
    case TCPT_TYPE_TEXT:
        return value->text && !strcmp(value->text, expected);
    case TCPT_TYPE_DURATION:
        return fabs((double)value->number / 1e9 - strtod(expected, NULL)) < 0.001;
    default:
        return value->number == strtoll(expected, NULL, 0);
    }
}

static char *show_value(const tcpt_value *value)
{
    if (tcpt_fields[value->field].type == TCPT_TYPE_TEXT)
        return g_strdup(value->text ? value->text : "(null)");
    if (tcpt_fields[value->field].type == TCPT_TYPE_DURATION)
        return g_strdup_printf("%.6f", (double)value->number / 1e9);
    return g_strdup_printf("%" G_GINT64_FORMAT, value->number);
}

static void check_typed(const scn_run *test, const tcpt_finding *finding, const char *name, const char *expected)
{
    tcpt_value value;
    bool found = find_value(finding, name, &value), absent = !strcmp(expected, "none");
    if (!found && !absent)
        complain(test, "%s has no %s, expected %s", finding->diagnosis->detector->id, name, expected);
    if (!found || !strcmp(expected, "*"))
        return;
    if (absent || !value_equals(&value, expected)) {
        char *shown = show_value(&value);
        complain(test, "%s: %s is %s, expected %s", finding->diagnosis->detector->id, name, shown, expected);
        g_free(shown);
    }
}

static void check_said(const scn_run *test, const tcpt_finding *finding, const scn_said *said, const char *expected)
{
    char *shown = said->show(finding);
    if (!(test->crowded && said->alone) && !said->fits(shown, expected))
        complain(test, "%s: %s is \"%s\", expected \"%s\"", finding->diagnosis->detector->id, said->name, shown,
                 expected);
    g_free(shown);
}

/** Compare one "name=value". What was `said` when the finding was raised is compared then. */
static void check_field(const scn_run *test, const tcpt_finding *finding, const char *field)
{
    const char *equals = strchr(field, '=');
    char *name = g_strndup(field, (gsize)(equals - field));
    char *expected = scn_resolve(test->scenario, equals + 1, NULL);
    bool then = !strcmp(name, "said");
    const scn_said *said = scn_said_of(then ? "says" : name);
    if (!said->name)
        check_typed(test, finding, name, expected);
    else if (!then || !test->at_end)
        check_said(test, finding, said, expected);
    g_free(expected);
    g_free(name);
}

/* ---- Findings. */

/** Every note and warning must be expected; of the chats, those the script is about. What stands where nothing else is
 * found is in the way of scripts about something else: it comes and goes with every other finding. */
static bool watched(const scn_run *test, const tcpt_finding *finding)
{
    const tcpt_detector *detector = finding->diagnosis->detector;
    if (test->crowded && !strcmp(detector->id, "syn_flood"))
        return false; /* the crowd is one */
    if (!strcmp(detector->id, test->scenario->id))
        return true;
    return (detector->severity != TCPT_CHAT || test->scenario->strict_chats) &&
           strcmp(detector->id, "connection_failed") != 0;
}

static bool has_field(const scn_expectation *expectation, const char *name)
{
    for (unsigned i = 0; i < expectation->fields->len; i++) {
        const char *field = expectation->fields->pdata[i];
        if (g_str_has_prefix(field, name) && field[strlen(name)] == '=')
            return true;
    }
    return false;
}

/** A script says everything of the findings that it is about. */
static void check_told(const scn_run *test, const scn_expectation *expectation, const tcpt_finding *finding)
{
    if (test->crowded || !scn_own(test->scenario, expectation))
        return;
    for (const scn_said *said = scn_saids; said->name; said++) {
        if (said->has && said->has(finding) && !has_field(expectation, said->name))
            complain(test, "%s: %s= is missing; scenario/update.py writes it", expectation->id, said->name);
    }
    if (expectation->taken_back && !expectation->by)
        complain(test, "%s: by= is missing", expectation->id);
    const char *then = g_hash_table_lookup(test->then, expectation);
    char *now = tcpt_summary(finding);
    if (then && strcmp(then, now) != 0 && !has_field(expectation, "said"))
        complain(test, "%s: said= is missing; scenario/update.py writes it", expectation->id);
    g_free(now);
}

/** Compare the fields: when the capture is over, or while the finding is there. */
static void check_fields(const scn_run *test, const scn_expectation *expectation, const tcpt_finding *finding)
{
    bool all = test->at_end || expectation->taken_back;
    for (unsigned i = 0; i < expectation->fields->len; i++) {
        const char *field = expectation->fields->pdata[i];
        if (all || g_str_has_prefix(field, "said="))
            check_field(test, finding, field);
    }
    if (all)
        check_told(test, expectation, finding);
}

/** True when it may be there now. */
static bool due(const scn_run *test, const scn_expectation *expectation)
{
    return test->at_end ? !expectation->taken_back : !expectation->at_end;
}

/** Index of the expectation that a finding meets, or -1. */
static int meet(const scn_run *test, const GPtrArray *expected, const tcpt_finding *finding)
{
    for (unsigned i = 0; i < expected->len; i++) {
        const scn_expectation *expectation = expected->pdata[i];
        if (!due(test, expectation) || strcmp(expectation->id, finding->diagnosis->detector->id) != 0)
            continue;
        check_fields(test, expectation, finding);
        return (int)i;
    }
    return -1;
}

/** What is being noted. */
typedef struct noting {
    scn_run *test;
    const GPtrArray *expected;
} noting;

static void note_said(const tcpt_finding *finding, void *data)
{
    const noting *now = data;
    for (unsigned i = 0; i < now->expected->len; i++) {
        scn_expectation *expectation = now->expected->pdata[i];
        if (!strcmp(expectation->id, finding->diagnosis->detector->id) && !expectation->at_end)
            g_hash_table_insert(now->test->then, expectation, tcpt_summary(finding));
    }
}

void scn_note_said(scn_run *test, unsigned index)
{
    noting now = {test, ((const scn_frame *)test->scenario->frames->pdata[index])->expected};
    if (test->records[index])
        tcpt_each_finding(test->records[index], note_said, &now);
}

/** True when the finding is one whose frame the script leaves open. */
static bool meets_somewhere(const scn_run *test, const tcpt_finding *finding)
{
    const GPtrArray *expected = test->scenario->somewhere;
    if (test->at_end) {
        int index = meet(test, expected, finding);
        if (index >= 0)
            g_array_index(test->met_somewhere, guint, index)++;
        return index >= 0;
    }
    for (unsigned i = 0; i < expected->len; i++) {
        if (!strcmp(((scn_expectation *)expected->pdata[i])->id, finding->diagnosis->detector->id))
            return true;
    }
    return false;
}

/** What one finding's row says of another's. */
static bool explains(const tcpt_detector *one, const tcpt_detector *other)
{
    for (const char *const *id = one->explains; id && *id; id++)
        if (strcmp(*id, other->id) == 0)
            return true;
    return false;
}

/** Gravest first: severity, then a cause before what it explains, then confidence. */
static void check_order(scn_run *test, const tcpt_finding *finding)
{
    const tcpt_diagnosis *before = test->shown_before, *now = finding->diagnosis;
    test->shown_before = now;
    if (!before || before->detector->severity > now->detector->severity)
        return;
    if (before->detector->severity == now->detector->severity && explains(before->detector, now->detector))
        return;
    if (before->detector->severity < now->detector->severity || explains(now->detector, before->detector) ||
        before->confidence < now->confidence)
        complain(test, "%s stands before %s, which is graver", before->detector->id, now->detector->id);
}

/** The few words as the detector meant them: not cut. */
static char *whole_brief(const tcpt_finding *finding)
{
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    const tcpt_detector *detector = diagnosis->detector;
    if (diagnosis->brief)
        return tcpt_sentence_text(diagnosis->brief, diagnosis->brief_arguments, diagnosis);
    return g_strdup(detector->brief ? detector->brief : detector->message);
}

/** What is shown in a column fits there, a sentence is one that is read. */
static void check_length(const scn_run *test, const tcpt_finding *finding)
{
    enum { SUMMARY_MOST = 160 };
    const char *id = finding->diagnosis->detector->id;
    char *summary = tcpt_sentence_of(finding->diagnosis), *brief = whole_brief(finding);
    if (g_utf8_strlen(summary, -1) > SUMMARY_MOST)
        complain(test, "%s: a summary of %ld characters: %s", id, g_utf8_strlen(summary, -1), summary);
    if (!*brief || g_utf8_strlen(brief, -1) > TCPT_BRIEF_MOST)
        complain(test, "%s: a brief of %ld characters: %s", id, g_utf8_strlen(brief, -1), brief);
    g_free(summary);
    g_free(brief);
}

static void complain_of(const scn_run *test, const tcpt_finding *finding)
{
    char *summary = tcpt_summary(finding);
    complain(test, "%s was not expected: %s", finding->diagnosis->detector->id, summary);
    g_free(summary);
}

static void check_finding(const tcpt_finding *finding, void *data)
{
    scn_run *test = data;
    const scn_frame *frame = test->scenario->frames->pdata[test->frame];
    int index = meet(test, frame->expected, finding);
    check_order(test, finding);
    check_length(test, finding);
    if (index >= 0)
        g_array_index(test->met, guint, index)++;
    else if (!meets_somewhere(test, finding) && watched(test, finding))
        complain_of(test, finding);
}

void scn_check_frame(scn_run *test, unsigned index)
{
    if (!test->at_end)
        scn_note_said(test, index);
    const scn_frame *frame = test->scenario->frames->pdata[index];
    test->frame = index;
    test->shown_before = NULL;
    test->met = g_array_new(FALSE, TRUE, sizeof(guint));
    g_array_set_size(test->met, frame->expected->len);
    if (test->records[index])
        tcpt_each_finding(test->records[index], check_finding, test);
    for (unsigned i = 0; i < frame->expected->len; i++) {
        const scn_expectation *expectation = frame->expected->pdata[i];
        guint count = g_array_index(test->met, guint, i);
        if (count > 1 || (due(test, expectation) && !expectation->optional && !count))
            complain(test, "%s raised %u times, expected once", expectation->id, count);
    }
    g_array_free(test->met, TRUE);
}

/* ---- What is taken back. */

/** A finding that is looked for on a frame. */
typedef struct search {
    const char *id;
    bool found;
} search;

static void match_id(const tcpt_finding *finding, void *data)
{
    search *wanted = data;
    wanted->found |= !strcmp(finding->diagnosis->detector->id, wanted->id);
}

/** It is there up to the line before the one that takes it back. */
static void check_back(scn_run *test, const scn_expectation *expectation, unsigned raised, unsigned now)
{
    unsigned by = scn_labelled(test->scenario, expectation->by);
    search wanted = {.id = expectation->id};
    if (!by || !test->records[raised]) {
        complain(test, "%s: no line is labelled %s", expectation->id, expectation->by);
        return;
    }
    tcpt_each_finding(test->records[raised], match_id, &wanted);
    if (wanted.found != (now + 1 < by))
        complain(test, "%s is %s after frame %u, expected to be taken back by frame %u", expectation->id,
                 wanted.found ? "still there" : "not there", now + 1, by);
}

void scn_check_taken_back(scn_run *test, unsigned index)
{
    for (unsigned i = 0; i <= index; i++) {
        const scn_frame *frame = test->scenario->frames->pdata[i];
        test->frame = i;
        for (unsigned e = 0; e < frame->expected->len; e++) {
            const scn_expectation *expectation = frame->expected->pdata[e];
            if (expectation->by)
                check_back(test, expectation, i, index);
        }
    }
}

void scn_check_states(const scn_run *test, unsigned index)
{
    const scn_frame *frame = test->scenario->frames->pdata[index];
    const tcpt_record *record = test->records[index];
    const char *expected = test->at_end && frame->final_states ? frame->final_states : frame->states;
    if (!expected || !record)
        return;
    char *states = g_strdup_printf("%s/%s", tcpt_state_name(tcpt_state_in(record, tcpt_flow_of(record)->client)),
                                   tcpt_state_name(tcpt_state_in(record, !tcpt_flow_of(record)->client)));
    if (strcmp(states, expected) != 0)
        complain(test, "states are %s, expected %s", states, expected);
    g_free(states);
}

static void check_somewhere(const scn_run *test)
{
    for (unsigned i = 0; i < test->scenario->somewhere->len; i++) {
        const scn_expectation *expectation = test->scenario->somewhere->pdata[i];
        guint count = g_array_index(test->met_somewhere, guint, i);
        if (count != 1 && !expectation->optional)
            complain(test, "%s raised on %u frames, expected once", expectation->id, count);
    }
}

void scn_run_open(scn_run *test, const scn_scenario *scenario)
{
    *test = (scn_run){.scenario = scenario, .records = g_new0(tcpt_record *, scenario->frames->len)};
    test->met_somewhere = g_array_new(FALSE, TRUE, sizeof(guint));
    g_array_set_size(test->met_somewhere, scenario->somewhere->len);
    test->then = g_hash_table_new_full(NULL, NULL, NULL, g_free);
}

void scn_run_close(scn_run *test)
{
    g_array_free(test->met_somewhere, TRUE);
    g_hash_table_destroy(test->then);
    g_free(test->records);
}

/* With two points each segment is known by its copy, and none that was lost is. */
static void check_copy(scn_run *test, unsigned index)
{
    const scn_frame *frame = test->scenario->frames->pdata[index];
    const tcpt_record *record = test->records[index], *copy;
    guint at = 0;
    test->frame = index;
    if (!test->scenario->across_ns || !record || frame->placed)
        return;
    if (frame->lost && record->same_as)
        complain(test, "a lost segment is taken for frame %u", record->same_as);
    if (!frame->copy)
        return;
    g_assert_true(g_ptr_array_find(test->scenario->frames, frame->copy, &at));
    copy = test->records[at];
    if (!copy || copy->copied || copy->same_as != record->frame)
        complain(test, "its copy is not recognised (but as frame %u's)", copy ? copy->same_as : 0);
    else if (!record->copied || record->same_as != copy->frame)
        complain(test, "its copy is frame %u, not %u", copy->frame, record->same_as);
}

void scn_check_end(scn_run *test)
{
    test->at_end = true;
    for (unsigned i = 0; i < test->scenario->frames->len; i++) {
        scn_check_frame(test, i);
        scn_check_states(test, i);
        check_copy(test, i);
    }
    check_somewhere(test);
}
