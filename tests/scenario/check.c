/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a scenario's frames made the core find, against what its lines expect. */
#include "check.h"

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

static uint32_t read_stack(const char *value)
{
    static const char *const names[] = {"linux", "rfc5961", "rfc793", "freebsd"};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!strcmp(names[i], value))
            return i;
    }
    g_error("no such receiver_stack: %s", value);
}

void scn_apply_setting(tcpt_settings *settings, const char *setting)
{
    char **pair = g_strsplit(setting, ":", 2);
    if (!strcmp(pair[0], "receiver_stack"))
        settings->receiver_stack = (tcpt_stack)read_stack(pair[1]);
    else if (!strcmp(pair[0], "stall_seconds"))
        settings->stall_seconds = (uint32_t)atoi(pair[1]);
    else if (!strcmp(pair[0], "close_wait_seconds"))
        settings->close_wait_seconds = (uint32_t)atoi(pair[1]);
    else if (!strcmp(pair[0], "storm_count"))
        settings->storm_count = (uint32_t)atoi(pair[1]);
    else if (!strcmp(pair[0], "idle_seconds"))
        settings->idle_seconds = (uint32_t)atoi(pair[1]);
    else if (!strcmp(pair[0], "time_wait_seconds"))
        settings->time_wait_seconds = (uint32_t)atoi(pair[1]);
    else if (!strcmp(pair[0], "ephemeral_ports"))
        settings->ephemeral_ports = (uint32_t)atoi(pair[1]);
    else if (!strcmp(pair[0], "port_pressure_percent"))
        settings->port_pressure_percent = (uint32_t)atoi(pair[1]);
    else if (!strcmp(pair[0], "match_seconds"))
        settings->match_seconds = (uint32_t)atoi(pair[1]);
    else
        g_error("the core has no setting %s", pair[0]);
    g_strfreev(pair);
}

/* ---- Fields. */

static const tcpt_value *find_value(const tcpt_finding *finding, const char *filter)
{
    for (unsigned i = 0; i < finding->value_count; i++) {
        if (!strcmp(tcpt_fields[finding->values[i].field].filter, filter))
            return &finding->values[i];
    }
    return NULL;
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

static bool related_to(const tcpt_finding *finding, uint32_t frame)
{
    for (unsigned i = 0; i < finding->related_count; i++) {
        if (finding->related[i]->frame == frame)
            return true;
    }
    return false;
}

static void check_typed(const scn_run *test, const tcpt_finding *finding, const char *name, const char *expected)
{
    const tcpt_value *value = find_value(finding, name);
    bool absent = !strcmp(expected, "none");
    if (!value && !absent)
        complain(test, "%s has no %s, expected %s", finding->detector->id, name, expected);
    if (!value || !strcmp(expected, "*"))
        return;
    if (absent || !value_equals(value, expected)) {
        char *shown = show_value(value);
        complain(test, "%s: %s is %s, expected %s", finding->detector->id, name, shown, expected);
        g_free(shown);
    }
}

/** Compare one "name=value"; confidence, related, pad_len and says are no typed fields. */
static void check_field(const scn_run *test, const tcpt_finding *finding, const char *field)
{
    const char *equals = strchr(field, '=');
    char *name = g_strndup(field, (gsize)(equals - field));
    char *expected = scn_resolve(test->scenario, equals + 1, NULL);
    const char *id = finding->detector->id;
    if (!strcmp(name, "confidence")) {
        const char *confidence = tcpt_confidence_name(finding->confidence);
        if (strcmp(confidence, expected))
            complain(test, "%s: confidence is %s, expected %s", id, confidence, expected);
    } else if (!strcmp(name, "related")) {
        if (!related_to(finding, (uint32_t)atoi(expected)))
            complain(test, "%s is not related to frame %s", id, expected);
    } else if (!strcmp(name, "pad_len")) {
        if (finding->on->pad_bytes != atoi(expected))
            complain(test, "%s: pad_len is %u, expected %s", id, finding->on->pad_bytes, expected);
    } else if (!strcmp(name, "says")) {
        if (!test->crowded && !strstr(finding->summary, g_strdelimit(expected, "_", ' ')))
            complain(test, "%s does not say \"%s\": %s", id, expected, finding->summary);
    } else {
        check_typed(test, finding, name, expected);
    }
    g_free(expected);
    g_free(name);
}

/* ---- Findings. */

/** Every note and warning must be expected; of the chats, those the script is about. */
static bool watched(const scn_run *test, const tcpt_finding *finding)
{
    const tcpt_detector *detector = finding->detector;
    return detector->severity != TCPT_CHAT || test->scenario->strict_chats || !strcmp(detector->id, test->scenario->id);
}

/** True when it may be there now. */
static bool due(const scn_run *test, const scn_expectation *expectation)
{
    return test->at_end ? !expectation->taken_back : !expectation->at_end;
}

/** Index of the expectation that a finding meets, or -1; compares its fields when the capture is over. */
static int meet(const scn_run *test, const GPtrArray *expected, const tcpt_finding *finding)
{
    for (unsigned i = 0; i < expected->len; i++) {
        const scn_expectation *expectation = expected->pdata[i];
        if (!due(test, expectation) || strcmp(expectation->id, finding->detector->id))
            continue;
        for (unsigned f = 0; test->at_end && f < expectation->fields->len; f++)
            check_field(test, finding, expectation->fields->pdata[f]);
        return (int)i;
    }
    return -1;
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
        if (!strcmp(((scn_expectation *)expected->pdata[i])->id, finding->detector->id))
            return true;
    }
    return false;
}

/** Gravest first: severity, then confidence. */
static void check_order(scn_run *test, const tcpt_finding *finding)
{
    const tcpt_finding *before = test->shown_before;
    test->shown_before = finding;
    if (!before || before->detector->severity > finding->detector->severity)
        return;
    if (before->detector->severity < finding->detector->severity || before->confidence < finding->confidence)
        complain(test, "%s stands before %s, which is graver", before->detector->id, finding->detector->id);
}

static void check_finding(const tcpt_finding *finding, void *data)
{
    scn_run *test = data;
    const scn_frame *frame = test->scenario->frames->pdata[test->frame];
    int index = meet(test, frame->expected, finding);
    check_order(test, finding);
    if (index >= 0)
        g_array_index(test->met, guint, index)++;
    else if (!meets_somewhere(test, finding) && watched(test, finding))
        complain(test, "%s was not expected: %s", finding->detector->id, finding->summary);
}

void scn_check_frame(scn_run *test, unsigned index)
{
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

void scn_check_states(const scn_run *test, unsigned index)
{
    const scn_frame *frame = test->scenario->frames->pdata[index];
    const tcpt_record *record = test->records[index];
    if (!frame->states || !record)
        return;
    char *states = g_strdup_printf("%s/%s", tcpt_state_name((tcpt_state)record->client_state),
                                   tcpt_state_name((tcpt_state)record->server_state));
    if (strcmp(states, frame->states))
        complain(test, "states are %s, expected %s", states, frame->states);
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
}

void scn_run_close(scn_run *test)
{
    g_array_free(test->met_somewhere, TRUE);
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
        check_copy(test, i);
    }
    check_somewhere(test);
}
