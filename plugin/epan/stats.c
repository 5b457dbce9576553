/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reports behind `-z tcptriage[,FORM][,FILTER]`. They are written when everything was read, from the analysis
 * itself; the tap only makes tshark dissect, and tells which frames pass the filter when there is one. */
#include "stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h> /* before headers of 4.0 that take it for granted */
#include <epan/conversation.h>
#include <epan/dissectors/packet-tcp.h>
#include <epan/stat_tap_ui.h>
#include <epan/tap.h>

#include "capture/page_file.h"
#include "capture/terminal.h"
#include "case_tree.h"
#include "compat.h"
#include "feed.h"
#include "files.h"
#include "flows.h"
#include "frames.h"
#include "html.h"
#include "json.h"
#include "present.h"
#include "text.h"
#include "where.h"
#include "words.h"

#define OPTION "tcptriage"

enum { COLUMNS_LEAST = 40, COLUMNS_MOST = 400 };

/* What a report looks like. */
struct form {
    const char *name;
    void (*write)(FILE *file, const tcpt_model *model);
    const char *example; /* the option, where the form needs a file; NULL: it is printed */
    tcpt_severity least; /* what is told where nothing else is asked for */
    bool draws;          /* pictures, from what has to be kept while the capture is read */
};

static void print(FILE *file, void (*report)(GString *out, const tcpt_model *model), const tcpt_model *model)
{
    GString *text = g_string_new(NULL);

    report(text, model);
    fputs(text->str, file);
    g_string_free(text, TRUE);
}

static void write_text(FILE *file, const tcpt_model *model)
{
    print(file, tcpt_report_text, model);
}

static void write_cases(FILE *file, const tcpt_model *model)
{
    print(file, tcpt_report_case_tree, model);
}

static void write_connections(FILE *file, const tcpt_model *model)
{
    print(file, tcpt_report_flows, model);
}

static const struct form forms[] = {
    {"text", write_text, NULL, TCPT_NOTE, false},
    {"json", tcpt_report_json, NULL, TCPT_CHAT, false},
    {"html", tcpt_report_html, "-z " OPTION ",html,page.html", TCPT_NOTE, true},
    {"cases", write_cases, NULL, TCPT_NOTE, false},
    {"tree", write_cases, NULL, TCPT_NOTE, false}, /* as Wireshark names the -z option of any tree */
    {"connections", write_connections, NULL, TCPT_NOTE, false},
};

/* One -z option; lives as long as the program. */
struct request {
    const struct form *form;
    tcpt_severity least;
    unsigned columns;   /* 0: as wide as the terminal */
    char *file;         /* NULL: standard output */
    char *filter;       /* NULL without one */
    GHashTable *passed; /* records of the frames that passed the filter, NULL without a filter */
    GHashTable *kept;   /* of those that a read filter has kept, NULL without one: the tap sees no others */
};

static void forget_frames(void *data)
{
    struct request *request = data;

    if (request->passed)
        g_hash_table_remove_all(request->passed);
    g_clear_pointer(&request->kept, g_hash_table_destroy);
}

static tap_packet_status note_frame(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *record,
                                    tap_flags_t flags)
{
    struct request *request = data;

    (void)pinfo, (void)edt, (void)flags;
    if (!request->passed && !request->kept && tcpt_frames_left_out())
        request->kept = g_hash_table_new(NULL, NULL);
    if (request->passed || request->kept)
        g_hash_table_add(request->passed ? request->passed : request->kept, (gpointer)record);
    return TAP_PACKET_DONT_REDRAW;
}

/* TCP's own number of the conversation that a frame's segment is in: Wireshark's filters know no other. Read from what
 * TCP attached: get_tcp_conversation_data() would make a new number where there is none, and turn TCP's idea of the
 * direction. Asked for at the end, of frames with findings only. */
static uint32_t stream_of(const tcpt_record *record)
{
    const tcpt_flow_key *key = &tcpt_flow_of(record)->key;
    const struct tcp_analysis *tcp;
    conversation_t *conversation;
    address ends[2];

    for (unsigned i = 0; i < 2; i++)
        set_address(&ends[i], key->family == 4 ? AT_IPv4 : AT_IPv6, key->family == 4 ? 4 : 16, key->address[i]);
    conversation = find_conversation(tcpt_frames_shown(record->frame), &ends[0], &ends[1], CONVERSATION_TCP,
                                     key->port[0], key->port[1], 0);
    tcp = conversation ? conversation_get_proto_data(conversation, proto_get_id_by_filter_name("tcp")) : NULL;
    return tcp ? tcp->stream : UINT32_MAX;
}

/* Too late for the option to be refused: what is left is the exit status. */
static void fail_at_exit(void)
{
    _Exit(EXIT_FAILURE);
}

static void write_report(const struct request *request, const tcpt_model *model)
{
    char *problem;

    if (!request->file) {
        request->form->write(stdout, model);
        return;
    }
    problem = tcpt_page_write(request->file, request->form->write, model);
    if (!problem)
        return;
    fprintf(stderr, OPTION ": %s\n", problem);
    g_free(problem);
    atexit(fail_at_exit);
}

tcpt_model *tcpt_stats_model(tcpt_severity least, GHashTable *asked, bool filtered)
{
    tcpt_analysis *analysis = tcpt_feed_analysis();
    tcpt_totals totals = {0};
    uint64_t segments_before;
    unsigned files_before;

    if (analysis)
        totals = tcpt_analysis_totals(analysis);
    files_before = tcpt_files_before(&totals, &segments_before);
    return tcpt_model_new(&(tcpt_report){
        .analysis = analysis,
        .least = least,
        .asked = asked,
        .filtered = filtered,
        .made_by = "TCP Triage " TCPTRIAGE_VERSION ", a plugin for Wireshark",
        .unwatched = tcpt_feed_unwatched(),
        .files_before = files_before,
        .segments_before = segments_before,
        .zero_ns = tcpt_feed_zero_ns(),
        .stream_of = stream_of,
        .shown = tcpt_frames_left_out() ? tcpt_frames_shown : NULL,
        .interface_of = tcpt_where_interface,
    });
}

static void print_report(void *data)
{
    const struct request *request = data;
    tcpt_model *model;

    tcpt_frames_end();
    model = tcpt_stats_model(request->least, request->passed ? request->passed : request->kept,
                             !request->passed && request->kept);
    model->report.filter = request->filter;
    set_columns(request->columns ? request->columns : tcpt_terminal_columns());
    write_report(request, model);
    tcpt_model_free(model);
}

/* Behind a comma and this word, or NULL when there is another one. */
static const char *skip_word(const char *argument, const char *word)
{
    size_t bytes = strlen(word);

    if (*argument != ',' || strncmp(argument + 1, word, bytes) != 0)
        return NULL;
    argument += 1 + bytes;
    return *argument == '\0' || *argument == ',' ? argument : NULL;
}

/* "min=note" and the like, "width=80". @return what follows, or NULL when the argument is none of them */
static const char *skip_choice(const char *argument, struct request *wanted)
{
    static const char *const severities[] = {"min=chat", "min=note", "min=warn"};
    char *behind;
    guint64 columns;

    for (unsigned i = 0; i < G_N_ELEMENTS(severities); i++)
        if (skip_word(argument, severities[i])) {
            wanted->least = (tcpt_severity)i;
            return skip_word(argument, severities[i]);
        }
    if (!g_str_has_prefix(argument, ",width="))
        return NULL;
    columns = g_ascii_strtoull(argument + strlen(",width="), &behind, 10);
    if (*behind != '\0' && *behind != ',')
        return NULL;
    wanted->columns = (unsigned)CLAMP(columns, COLUMNS_LEAST, COLUMNS_MOST);
    return behind;
}

/* The name of the file behind a form's name, up to a comma. @return what follows, or NULL when there is none */
static const char *read_file(const char *argument, struct request *wanted)
{
    struct request ignored;
    size_t bytes = *argument == ',' ? strcspn(argument + 1, ",") : 0;

    if (bytes == 0 || skip_choice(argument, &ignored))
        return NULL;
    wanted->file = g_strndup(argument + 1, bytes);
    return argument + 1 + bytes;
}

/* @return what follows the name of a form, if there is one. Names of forms are no display filters. */
static const char *read_form(const char *argument, struct request *wanted)
{
    wanted->form = &forms[0];
    for (unsigned i = 0; i < G_N_ELEMENTS(forms); i++) {
        const char *behind = skip_word(argument, forms[i].name);

        if (!behind)
            continue;
        wanted->form = &forms[i];
        return behind;
    }
    return argument;
}

/* @return what is wrong with the option, or NULL; to be freed */
static char *read_option(const char *option, struct request *wanted)
{
    const char *argument = option + strlen(OPTION);

    if (*argument != '\0' && *argument != ',')
        return g_strdup_printf("\"-z %s\" is not known; did you mean \"-z " OPTION "\"?", option);
    argument = read_form(argument, wanted);
    if (wanted->form->example && !(argument = read_file(argument, wanted)))
        return g_strdup_printf("\"-z %s\" does not say which file to write: \"%s\".", option, wanted->form->example);
    wanted->least = wanted->form->least;
    for (const char *next; (next = skip_choice(argument, wanted)) != NULL;)
        argument = next;
    if (*argument && argument[1])
        wanted->filter = g_strdup(argument + 1);
    return wanted->file ? tcpt_page_refusal(wanted->file) : NULL;
}

static void free_request(struct request *request)
{
    g_free(request->file);
    g_free(request->filter);
    if (request->passed)
        g_hash_table_destroy(request->passed);
    g_free(request);
}

/* @return what is wrong with the option, or NULL; to be freed */
static char *listen(const char *option)
{
    struct request *wanted = g_new0(struct request, 1);
    char *problem = read_option(option, wanted);
    GString *error;

    if (problem) {
        free_request(wanted);
        return problem;
    }
    wanted->passed = wanted->filter ? g_hash_table_new(NULL, NULL) : NULL;
    error = register_tap_listener(wanted->filter ? TCPT_TAP : TCPT_TAP_LEFT, wanted, wanted->filter,
                                  TL_REQUIRES_NOTHING, forget_frames, note_frame, print_report, NULL);
    if (!error) {
        tcpt_feed_expect_report(wanted->form->draws);
        return NULL;
    }
    free_request(wanted);
    return g_string_free(error, FALSE);
}

static TCPT_STAT_INIT take_option(const char *option, void *data)
{
    char *problem = listen(option);

    (void)data;
    if (!problem) {
        TCPT_STAT_INIT_DONE;
    }
    fprintf(stderr, "tcptriage: %s\n", problem);
    g_free(problem);
    TCPT_STAT_INIT_FAIL;
}

void tcpt_stats_register(void)
{
    static tap_param parameters[] = {{PARAM_FILTER, "filter", "Filter", NULL, TRUE}};
    /* What has a table or a tree in Wireshark's menu is taken here before tshark takes it to be filled packet by
     * packet: it is known at the end of the capture. The longest name that fits an option takes it. */
    static const char *const names[] = {OPTION, OPTION ",connections", OPTION ",tree"};

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        register_stat_tap_ui(
            &(stat_tap_ui){
                .group = REGISTER_STAT_GROUP_GENERIC,
                .title = "TCP Triage",
                .cli_string = names[i],
                .tap_init_cb = take_option,
                .nparams = G_N_ELEMENTS(parameters),
                .params = parameters,
            },
            NULL);
}
