/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report behind `-z tcptriage[,FILTER]`. It is written when everything was read, from the analysis itself; the tap
 * only makes tshark dissect, and tells which frames pass the filter when there is one. */
#include "stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h> /* before headers of 4.0 that take it for granted */
#include <epan/stat_tap_ui.h>
#include <epan/tap.h>

#include "compat.h"
#include "feed.h"
#include "present.h"
#include "text.h"

#define OPTION "tcptriage"

/* One -z option; lives as long as the program. */
struct request {
    GHashTable *passed; /* records of the frames that passed the filter, NULL without a filter */
};

static void forget_frames(void *data)
{
    struct request *request = data;

    if (request->passed)
        g_hash_table_remove_all(request->passed);
}

static tap_packet_status note_frame(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *record,
                                    tap_flags_t flags)
{
    struct request *request = data;

    (void)pinfo, (void)edt, (void)flags;
    if (request->passed)
        g_hash_table_add(request->passed, (gpointer)record);
    return TAP_PACKET_DONT_REDRAW;
}

static bool passed(const tcpt_record *record, const void *data)
{
    return g_hash_table_contains((GHashTable *)data, record);
}

static void print_report(void *data)
{
    const struct request *request = data;
    tcpt_analysis *analysis = tcpt_feed_analysis();
    tcpt_report report = {
        .analysis = analysis,
        .wants = request->passed ? passed : NULL,
        .data = request->passed,
    };
    GString *text = g_string_new(NULL);
    tcpt_model *model;

    if (analysis)
        tcpt_settle_all(analysis);
    model = tcpt_model_new(&report);
    tcpt_report_text(text, model);
    tcpt_model_free(model);
    fputs(text->str, stdout);
    g_string_free(text, TRUE);
}

/* @return what is wrong with the option, or NULL; to be freed */
static char *read_option(const char *option, const char **filter)
{
    const char *argument = option + strlen(OPTION);

    *filter = NULL;
    if (*argument == '\0')
        return NULL;
    if (*argument != ',')
        return g_strdup_printf("\"-z %s\" is not known; did you mean \"-z " OPTION "\"?", option);
    argument++;
    for (const char *const *format = (const char *const[]){"json", "html", NULL}; *format; format++) {
        size_t bytes = strlen(*format);

        if (strncmp(argument, *format, bytes) == 0 && (argument[bytes] == '\0' || argument[bytes] == ','))
            return g_strdup_printf("the %s report is not available yet; \"-z " OPTION "\" prints it as text.", *format);
    }
    if (*argument)
        *filter = argument;
    return NULL;
}

static char *listen(const char *option)
{
    const char *filter;
    char *problem = read_option(option, &filter);
    struct request *wanted;
    GString *error;

    if (problem)
        return problem;
    wanted = g_new0(struct request, 1);
    wanted->passed = filter ? g_hash_table_new(NULL, NULL) : NULL;
    error = register_tap_listener(TCPT_TAP, wanted, filter, TL_REQUIRES_NOTHING, forget_frames, note_frame,
                                  print_report, NULL);
    return error ? g_string_free(error, FALSE) : NULL;
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
    static stat_tap_ui option = {
        .group = REGISTER_STAT_GROUP_GENERIC,
        .title = "TCP Triage",
        .cli_string = OPTION,
        .tap_init_cb = take_option,
        .nparams = G_N_ELEMENTS(parameters),
        .params = parameters,
    };

    register_stat_tap_ui(&option, NULL);
}
