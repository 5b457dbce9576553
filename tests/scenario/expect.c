/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what a script's lines expect, and its labels. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"

void scn_expectation_free(void *data)
{
    scn_expectation *expectation = data;
    g_free(expectation->id);
    g_free(expectation->by);
    g_ptr_array_unref(expectation->fields);
    g_free(expectation);
}

/** name=value, or name="words" */
static char *read_field(const scn_line *line, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t length = strlen(word);
    if (!equals)
        scn_error(line, "field=value expected, not %s", word);
    if (equals[1] != '"')
        return g_strdup(word);
    if (length < (size_t)(equals - word) + 4 || word[length - 1] != '"')
        scn_error(line, "no words, or no quote behind them: %s", word);
    return g_strdup_printf("%.*s=%.*s", (int)(equals - word), word, (int)(word + length - 1 - (equals + 2)),
                           equals + 2);
}

scn_expectation *scn_expectation_read(scn_line *line, const char *mark)
{
    scn_expectation *expectation = g_new0(scn_expectation, 1);
    expectation->line = line->number;
    expectation->id = g_strdup(scn_need(line, "the finding's id"));
    expectation->at_end = !strcmp(mark, "!end");
    expectation->optional = !strcmp(mark, "!may");
    expectation->taken_back = !strcmp(mark, "!back");
    expectation->fields = g_ptr_array_new_with_free_func(g_free);
    while (line->words[line->at] && !strchr("!~", *line->words[line->at])) {
        char *field = read_field(line, scn_next(line));
        if (expectation->taken_back && g_str_has_prefix(field, "by=@"))
            expectation->by = g_strdup(field + strlen("by=@"));
        else
            g_ptr_array_add(expectation->fields, g_strdup(field));
        g_free(field);
    }
    return expectation;
}

void scn_expectations_read(scn_line *line, scn_frame *frame)
{
    static const char *const marks[] = {"!", "!end", "!may", "!back", NULL};
    const char *word;
    while ((word = scn_next(line))) {
        if (!strcmp(word, "~") || !strcmp(word, "~>")) {
            *(word[1] ? &frame->final_states : &frame->states) = g_strdup(scn_need(line, "CLIENT/SERVER states"));
            continue;
        }
        if (!g_strv_contains(marks, word))
            scn_error(line, "not understood: %s", word);
        g_ptr_array_add(frame->expected, scn_expectation_read(line, word));
    }
}

bool scn_own(const scn_scenario *scenario, const scn_expectation *expectation)
{
    return !expectation->optional && !strcmp(expectation->id, scenario->id);
}

bool scn_expects_own(const scn_scenario *scenario, const GPtrArray *expected)
{
    for (unsigned i = 0; i < expected->len; i++) {
        const scn_expectation *expectation = expected->pdata[i];
        if (scn_own(scenario, expectation) && !expectation->taken_back)
            return true;
    }
    return false;
}

/* ---- Labels. */

/** Index of a frame, which is there. */
static unsigned index_of(const scn_scenario *scenario, const scn_frame *frame)
{
    guint at = 0;
    g_ptr_array_find(scenario->frames, frame, &at);
    return at;
}

unsigned scn_labelled(const scn_scenario *scenario, const char *label)
{
    static const char at_other_point[] = ".copy";
    bool copy = g_str_has_suffix(label, at_other_point);
    size_t length = strlen(label) - (copy ? strlen(at_other_point) : 0);
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        if (!frame->label || strlen(frame->label) != length || strncmp(frame->label, label, length) != 0)
            continue;
        if (!copy)
            return i + 1;
        return frame->copy ? index_of(scenario, frame->copy) + 1 : 0;
    }
    return 0;
}

/** Letters, digits, - and _; behind a dot the part of an `open` or `close`, or "copy". */
static size_t label_length(const char *text)
{
    size_t length = 0;
    while (g_ascii_isalnum(text[length]) || (text[length] && strchr("-_", text[length])) ||
           (text[length] == '.' && g_ascii_isalnum(text[length + 1])))
        length++;
    return length;
}

/** The words with every @label in them replaced by its frame number. */
static char *resolve_labels(const scn_scenario *scenario, const char *words, const unsigned *numbers)
{
    GString *text = g_string_new(NULL);
    while (*words) {
        size_t length = *words == '@' ? label_length(words + 1) : 0;
        if (!length) {
            g_string_append_c(text, *words++);
            continue;
        }
        char *label = g_strndup(words + 1, length);
        unsigned index = scn_labelled(scenario, label);
        if (!index) {
            fprintf(stderr, "%s: scenario \"%s\" has no label %s\n", scenario->file, scenario->name, label);
            exit(2);
        }
        g_string_append_printf(text, "%u", numbers ? numbers[index - 1] : index);
        g_free(label);
        words += 1 + length;
    }
    return g_string_free(text, FALSE);
}

char *scn_resolve(const scn_scenario *scenario, const char *value, const unsigned *numbers)
{
    const scn_flow *flow = scenario->flows->pdata[0];
    if (g_str_has_prefix(value, "c+") || g_str_has_prefix(value, "s+")) {
        uint32_t isn = flow->ends[*value == 's'].isn;
        return g_strdup_printf("%u", isn + (uint32_t)strtoul(value + 2, NULL, 10));
    }
    return resolve_labels(scenario, value, numbers);
}
