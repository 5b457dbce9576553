/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command tcptriage: captures in, the plugin's report out, without Wireshark's dissection. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include "capture/page_file.h"
#include "capture/terminal.h"
#include "capture_file.h"
#include "cut.h"
#include "follow.h"
#include "html.h"
#include "json.h"
#include "live.h"
#include "model.h"
#include "options.h"
#include "reading.h"
#include "tcptriage/cases.h"
#include "tcptriage/label.h"
#include "tcptriage/times.h"
#include "text.h"
#include "words.h"

/* What the process ends with; the gravest of all files. */
enum { FINE = 0, UNREAD = 1, MISUSED = 2, FOUND = 3 };

#define UNWRITTEN "The report cannot be written."
#define MADE_BY   "tcptriage " TCPTRIAGE_VERSION

/* The file that is told of: a report asks for the numbers of its interfaces. */
static const tcpt_interfaces *interfaces;

static uint32_t interface_of(const tcpt_point *point)
{
    return tcpt_interfaces_number(interfaces, point);
}

/* Names come from anywhere. */
static void complain(const char *file, const char *what)
{
    char *name = tcpt_label(file);

    fprintf(stderr, "tcptriage: %s: %s\n", name, what);
    g_free(name);
}

static void show_progress(double share, void *data)
{
    (void)data;
    if (share >= 0)
        fprintf(stderr, "\r%3.0f %%", share * 100);
}

static void print_text(const tcpt_options *options, const char *file, const tcpt_model *model)
{
    GString *text = g_string_new(NULL);

    if (options->files[1]) {
        char *name = tcpt_label(file);

        g_string_append_printf(text, "%s%s\n\n", strcmp(file, options->files[0]) == 0 ? "" : "\n", name);
        g_free(name);
    }
    set_columns(options->columns ? options->columns : tcpt_terminal_columns());
    tcpt_report_text(text, model);
    fputs(text->str, stdout);
    g_string_free(text, TRUE);
}

/* @return what went wrong, a sentence, to be freed; NULL */
static char *write_report(const tcpt_options *options, const char *file, const tcpt_model *model)
{
    switch (options->form) {
    case TCPT_FORM_HTML:
        return tcpt_page_write(options->page, tcpt_report_html, model);
    case TCPT_FORM_JSON:
        tcpt_report_json(stdout, model);
        break;
    case TCPT_FORM_TEXT:
        print_text(options, file, model);
        break;
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? NULL : g_strdup(UNWRITTEN);
}

/* The frames that --filter asks for; NULL for all. */
static GHashTable *asked_for(const tcpt_options *options, const tcpt_reading *reading)
{
    GHashTable *asked;

    if (!options->wanted.ends)
        return NULL;
    asked = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < reading->frames->len; i++) {
        tcpt_record *record = g_array_index(reading->frames, tcpt_read_frame, i).record;

        if (tcpt_wanted_has(&options->wanted, tcpt_flow_of(record)))
            g_hash_table_add(asked, record);
    }
    return asked;
}

static tcpt_model *model_of(int least, const tcpt_reading *reading, GHashTable *asked)
{
    return tcpt_model_new(&(tcpt_report){
        .analysis = reading->analysis,
        .least = (tcpt_severity)least,
        .asked = asked,
        .made_by = MADE_BY,
        .all_by = "--json",
        .zero_ns = reading->zero_ns ? reading->zero_ns : TCPT_TIME_FIRST_NS,
        .gone = &reading->gone,
        .interface_of = interface_of,
    });
}

static int status_of(const tcpt_options *options, const tcpt_model *model)
{
    for (int severity = options->fail_on; severity <= TCPT_WARN; severity++)
        if (model->counts[severity] > 0)
            return FOUND;
    return FINE;
}

/* What the report cannot tell. @return whether everything was read */
static bool tell_unread(const char *file, const tcpt_reading *reading)
{
    GHashTableIter each;
    gpointer link_type, count;

    g_hash_table_iter_init(&each, reading->unread);
    while (g_hash_table_iter_next(&each, &link_type, &count)) {
        char *what = g_strdup_printf("%u frame%s of link type \"%s\" %s not read: use tshark -z tcptriage.",
                                     GPOINTER_TO_UINT(count), GPOINTER_TO_UINT(count) == 1 ? "" : "s",
                                     tcpt_link_type_name(GPOINTER_TO_INT(link_type)),
                                     GPOINTER_TO_UINT(count) == 1 ? "was" : "were");

        complain(file, what);
        g_free(what);
    }
    if (reading->given_up) {
        char *what = g_strdup_printf("%" PRIu64 " datagrams were not put together: too many had fragments missing.",
                                     reading->given_up);

        complain(file, what);
        g_free(what);
    }
    if (reading->problem)
        complain(file, reading->problem);
    return !reading->problem && g_hash_table_size(reading->unread) == 0;
}

/* One file while it is triaged. */
typedef struct job {
    const tcpt_options *options;
    const char *file;
    tcpt_capture_file *opened;
    tcpt_reading reading;
    tcpt_follow *follow; /* NULL where cases are not told on the way */
    tcpt_live *live;     /* NULL where all of it is there */
    bool told;           /* whether all lines could be written so far */
} job;

/* The page that is written beside what is printed. @return as write_report() */
static char *write_page(const tcpt_options *options, const tcpt_reading *reading, GHashTable *asked)
{
    tcpt_model *model = model_of(options->page_least, reading, asked);
    char *problem = tcpt_page_write(options->page, tcpt_report_html, model);

    tcpt_model_free(model);
    return problem;
}

/* The last of what is told, or all of it. @return what went wrong, a sentence, to be freed; NULL */
static char *tell_last(job *of, const tcpt_model *model, GHashTable *asked)
{
    const tcpt_options *options = of->options;
    char *problem;

    if (of->follow)
        return tcpt_follow_print(of->follow, stdout, model, INT64_MAX) && of->told ? NULL : g_strdup(UNWRITTEN);
    problem = write_report(options, of->file, model);
    if (!problem && options->page && options->form != TCPT_FORM_HTML)
        problem = write_page(options, &of->reading, asked);
    if (!problem && options->cut)
        problem = tcpt_cut(options->cut, of->opened, of->file, &of->reading, model);
    return problem;
}

static int report_on(job *of)
{
    const tcpt_options *options = of->options;
    GHashTable *asked = asked_for(options, &of->reading);
    tcpt_model *model;
    char *problem;
    int status;

    model = model_of(options->least, &of->reading, asked);
    status = status_of(options, model);
    problem = tell_last(of, model, asked);
    tcpt_model_free(model);
    if (asked)
        g_hash_table_destroy(asked);
    if (!tell_unread(of->file, &of->reading))
        status = UNREAD;
    if (!problem)
        return status;
    complain(options->cut && options->form != TCPT_FORM_HTML ? options->cut : of->file, problem);
    g_free(problem);
    return UNREAD;
}

/* ---- captures that come while they are read ---- */

static void look(void *data)
{
    job *of = data;
    tcpt_model *model = model_of(of->options->least, &of->reading, NULL);

    of->told &= tcpt_follow_print(of->follow, stdout, model, tcpt_reading_now_ns(&of->reading));
    tcpt_model_free(model);
}

static int finish(void *data)
{
    return report_on(data);
}

static bool is_over(void *data)
{
    return tcpt_live_is_over(((const job *)data)->live);
}

static void begin_live(job *of, tcpt_reading_wants *wants)
{
    if (!of->options->follow && strcmp(of->file, "-") != 0)
        return;
    if (of->options->follow)
        of->follow = tcpt_follow_new();
    of->live = tcpt_live_begin(&(tcpt_live_calls){of->follow ? look : NULL, finish, of});
    wants->lock = tcpt_live_lock(of->live);
    wants->over = is_over;
    wants->data = of;
}

static int read_and_report(job *of)
{
    const tcpt_options *options = of->options;
    bool terminal = !options->quiet && isatty(STDERR_FILENO);
    tcpt_reading_wants wants = {.settings = options->settings,
                                .pictures = options->page != NULL,
                                .frames = options->cut || options->wanted.ends,
                                .progress = terminal ? show_progress : NULL};
    int status;

    of->reading = tcpt_reading_begin(&wants);
    interfaces = of->reading.interfaces;
    begin_live(of, &wants);
    tcpt_read_capture(&of->reading, of->opened, &wants);
    if (of->live)
        tcpt_live_end(of->live);
    if (terminal)
        fputs("\r     \r", stderr);
    status = report_on(of);
    tcpt_follow_free(of->follow);
    tcpt_reading_clear(&of->reading);
    return status;
}

static int triage(const tcpt_options *options, const char *file)
{
    job of = {.options = options, .file = file, .told = true};
    char *problem;
    int status;

    of.opened = tcpt_capture_file_open(file, &problem);
    if (!of.opened) {
        complain(file, problem);
        g_free(problem);
        return UNREAD;
    }
    status = read_and_report(&of);
    tcpt_capture_file_close(of.opened);
    return status;
}

/* What cannot be read is graver than what was found: nobody knows what is in it. */
static int graver(int a, int b)
{
    return a == UNREAD || b == UNREAD ? UNREAD : MAX(a, b);
}

/* @return why the command cannot do what it is to do, before a capture is read, which may take long */
static char *refusal(const tcpt_options *options)
{
    if (options->page)
        return tcpt_page_refusal(options->page);
    if (options->cut && g_file_test(options->cut, G_FILE_TEST_EXISTS)) {
        char *name = tcpt_label(options->cut), *refused = g_strdup_printf("There is a file %s already.", name);

        g_free(name);
        return refused;
    }
    return NULL;
}

static int run(const tcpt_options *options, const char *program)
{
    char *refused = refusal(options);
    int status = FINE;

    if (refused) {
        fprintf(stderr, "tcptriage: %s\n", refused);
        g_free(refused);
        return UNREAD;
    }
    tcpt_capture_files_init(program);
    for (char **file = options->files; *file; file++)
        status = graver(status, triage(options, *file));
    tcpt_capture_files_end();
    return status;
}

int main(int argc, char **argv)
{
    tcpt_options options;
    char *problem;
    int status = FINE;

    if (!tcpt_options_read(&options, argc, argv, &problem)) {
        fprintf(stderr, "tcptriage: %s\nTry \"tcptriage --help\".\n", problem);
        g_free(problem);
        tcpt_options_clear(&options);
        return MISUSED;
    }
    if (options.version)
        puts(MADE_BY);
    else
        status = run(&options, argv[0]);
    tcpt_options_clear(&options);
    return status;
}
