/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each case as text: what, where, whom it hit, what it means, what to do, how to see it. */
#include "text_cases.h"

#include <string.h>

#include "capture_text.h"
#include "case_text.h"
#include "filters.h"
#include "moments.h"
#include "remedy.h"
#include "tcptriage/times.h"
#include "words.h"

enum {
    FRAMES_LISTED = 8, /* of a folded entry */
    EXAMPLES_LISTED = 3,
    CASES_IN_FULL = 8, /* a screen or three */
    CASES_BY_TITLE = 32,
};

/* The cases while they are written. */
struct draft {
    GString *out;
    const tcpt_model *model;
    GHashTable *explained; /* detectors whose meaning was said already */
    unsigned cases_told;
};

static void append_case_frames(GString *text, const GArray *frames, uint64_t count)
{
    unsigned listed = MIN(frames->len, FRAMES_LISTED);

    g_string_append(text, count == 1 ? "frame " : "frames ");
    for (unsigned i = 0; i < listed; i++)
        g_string_append_printf(text, "%s%u", i ? ", " : "", g_array_index(frames, uint32_t, i));
    if (count > listed)
        g_string_append_printf(text, "%s%" PRIu64 " more", listed ? " and " : "", count - listed);
}

/* The time that Wireshark shows of the frame that is named first. */
static void append_case_time(struct draft *draft, GString *text, const tcpt_case *made, uint32_t frame, uint64_t count)
{
    int64_t time_ns;

    if (!tcpt_model_case_time_ns(draft->model, made, frame, &time_ns))
        return;
    g_string_append(text, count == 1 ? " at " : ", the first at ");
    tcpt_append_moment(text, draft->model, time_ns);
    g_string_append(text, " (");
    tcpt_append_wall_clock(text, time_ns);
    g_string_append_c(text, ')');
}

/* What proves the worst example, as far as it is shown. */
static void append_evidence(struct draft *draft, GString *text, const tcpt_diagnosis *cause)
{
    GArray *frames = tcpt_model_evidence(draft->model, cause);
    unsigned listed = MIN(frames->len, FRAMES_LISTED);

    for (unsigned i = 0; i < listed; i++)
        g_string_append_printf(text, "%s%u", i ? ", " : "; evidence: frame ", g_array_index(frames, uint32_t, i));
    if (frames->len > listed)
        g_string_append_printf(text, " and %u more", frames->len - listed);
    g_array_free(frames, TRUE);
}

static void write_frames(struct draft *draft, const tcpt_case *made)
{
    GString *text = g_string_new(NULL);
    uint64_t count;
    GArray *frames = tcpt_model_case_frames(draft->model, made, &count);

    if (frames->len > 0) {
        append_case_frames(text, frames, count);
        append_case_time(draft, text, made, g_array_index(frames, uint32_t, 0), count);
    } else {
        g_string_append(text, "none of those that are told of");
    }
    g_array_free(frames, TRUE);
    if (made->example_count)
        append_evidence(draft, text, made->examples[0].cause);
    write_labelled(draft->out, "Frames", text->str);
    g_string_free(text, TRUE);
}

static void append_example(struct draft *draft, GString *text, const tcpt_case_example *example)
{
    uint32_t frame = tcpt_model_frame(draft->model, example->cause->first.on);
    char *connection = tcpt_connection_text(draft->model, example->flow);

    g_string_append_printf(text, "%s (%s", connection, tcpt_outcome_words(tcpt_outcome_of(example->flow)));
    g_free(connection);
    if (frame)
        g_string_append_printf(text, ", frame %u", frame);
    if (tcpt_delay_is_told(example->delay_ns))
        g_string_append_printf(text, ", %.1f s", tcpt_as_seconds(example->delay_ns));
    g_string_append_c(text, ')');
}

/* Whom it hit: all of them by number, the worst by name. */
static void write_hit(struct draft *draft, const tcpt_case *made)
{
    unsigned listed = MIN(made->example_count, EXAMPLES_LISTED);
    GString *text = g_string_new(NULL);

    if (made->flow_count > 1) {
        append_count(text, made->flow_count, "connection");
        g_string_append(text, "; for example ");
    }
    for (unsigned i = 0; i < listed; i++) {
        g_string_append(text, i ? "; " : "");
        append_example(draft, text, &made->examples[i]);
    }
    write_labelled(draft->out, "Hit", text->str);
    g_string_free(text, TRUE);
}

/* Well-known timeouts that a silence matches: the fields named "....hint". */
static void write_hints(GString *out, const tcpt_diagnosis *diagnosis)
{
    tcpt_value value;

    for (unsigned at = 0; tcpt_next_value(&diagnosis->first, &at, &value);)
        if (g_str_has_suffix(tcpt_fields[value.field].filter, ".hint"))
            write_labelled(out, "Matches", value.text);
}

static void write_example_text(struct draft *draft, const tcpt_diagnosis *cause)
{
    char *summary = tcpt_model_summary(draft->model, cause);

    write_labelled(draft->out, "Seen", summary);
    g_free(summary);
}

/* What a command tells, as a comment of the shell behind it, or below it where there is no room. */
static void write_command(GString *out, const char *label, const tcpt_asked *command)
{
    unsigned behind = TEXT_AT + (unsigned)strlen(command->line) + 4;

    g_string_append_printf(out, "%*s%-*s%s", LABEL_AT, "", TEXT_AT - LABEL_AT, label, command->line);
    if (behind + g_utf8_strlen(command->tells, -1) <= get_columns()) {
        g_string_append_printf(out, "  # %s\n", command->tells);
        return;
    }
    g_string_append_c(out, '\n');
    write_labelled(out, "", command->tells);
}

/* A command is copied from the terminal, as a filter is. */
static void write_commands(struct draft *draft, const tcpt_remedy *remedy)
{
    tcpt_asked command;

    for (unsigned at = 0; tcpt_next_command(remedy, &at, &command); tcpt_asked_clear(&command)) {
        char *label = g_strdup_printf("On %s%s", command.host ? "" : "the ", command.on);

        write_command(draft->out, label, &command);
        g_free(label);
    }
}

static void write_remedy(struct draft *draft, const tcpt_case *made)
{
    tcpt_remedy remedy = tcpt_remedy_of_case(made);
    char *advice = tcpt_remedy_advice(&remedy);

    write_labelled(draft->out, "To do", advice);
    write_commands(draft, &remedy);
    g_free(advice);
}

/* What is ruled out belongs to the finding, not to its kind: it is never passed over. */
static void write_meaning(struct draft *draft, const tcpt_case *made)
{
    const tcpt_detector *detector = made->detector;
    const tcpt_diagnosis *cause = made->example_count ? made->examples[0].cause : NULL;
    bool known = !g_hash_table_add(draft->explained, (gpointer)detector);

    write_labelled(draft->out, "Meaning", known ? "as explained above" : detector->explanation);
    for (unsigned i = 0; cause && i < cause->ruled_out_count; i++)
        write_labelled(draft->out, i == 0 ? "Ruled out" : "", cause->ruled_out[i]);
    if (cause)
        write_hints(draft->out, cause);
    if (known)
        return;
    write_remedy(draft, made);
    write_labelled(draft->out, "Reference", detector->reference);
}

static void write_consequences(struct draft *draft, const tcpt_case *made)
{
    GString *text = g_string_new(NULL);

    for (unsigned number = 0; tcpt_detectors[number]; number++) {
        if (!made->consequences[number] || tcpt_detectors[number]->severity < draft->model->report.least)
            continue;
        g_string_append_printf(text, "%s%s", text->len ? ", " : "", tcpt_detectors[number]->id);
        if (made->consequences[number] > 1)
            g_string_append_printf(text, " (%" PRIu64 ")", made->consequences[number]);
    }
    write_labelled(draft->out, "Explains", text->str);
    g_string_free(text, TRUE);
}

static void write_case_title(struct draft *draft, const tcpt_case *made)
{
    char *title = tcpt_case_title(draft->model, made);
    char *severity = g_ascii_strup(tcpt_severity_word(made->severity), -1);
    char *line = g_strdup_printf("%u. %s %s (confidence %s): %s", made->number, severity, made->detector->id,
                                 tcpt_confidence_name(made->confidence), title);

    write_wrapped(draft->out, line, 0, 3);
    g_free(line);
    g_free(severity);
    g_free(title);
}

static void write_case(struct draft *draft, const tcpt_case *made)
{
    g_string_append_c(draft->out, '\n');
    write_case_title(draft, made);
    if (made->example_count)
        write_example_text(draft, made->examples[0].cause);
    if (made->frame_count)
        write_frames(draft, made);
    if (made->example_count)
        write_hit(draft, made);
    write_meaning(draft, made);
    write_consequences(draft, made);
    write_filter_line(draft->out, "Filter", tcpt_filter_for_case(made));
    if (draft->cases_told++ == 0)
        write_labelled(draft->out, "Shown", tcpt_cases_shown);
}

/* The gravest in full, further ones by their titles, the rest by their number. */
void tcpt_text_cases(GString *out, const tcpt_model *model)
{
    struct draft draft = {.out = out, .model = model, .explained = g_hash_table_new(NULL, NULL)};
    unsigned told = 0;

    for (unsigned i = 0; i < model->case_count; i++) {
        if (!tcpt_model_tells(model, model->cases[i]))
            continue;
        if (told < CASES_IN_FULL) {
            write_case(&draft, model->cases[i]);
        } else if (told < CASES_BY_TITLE) {
            g_string_append(out, told == CASES_IN_FULL ? "\n" : "");
            write_case_title(&draft, model->cases[i]);
        }
        told++;
    }
    g_hash_table_destroy(draft.explained);
    if (told <= CASES_BY_TITLE)
        return;
    append_count(out, told - CASES_BY_TITLE, "further case");
    g_string_append_printf(out, " of no greater weight: %s lists them all\n", tcpt_report_all_by(&model->report));
}
