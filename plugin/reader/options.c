/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <string.h>

#include <glib.h>

enum { COLUMNS_LEAST = 40, COLUMNS_MOST = 400 };

/* As they are written, before they are understood. */
typedef struct words {
    gboolean text, json, version, quiet, follow;
    char *page, *least, *fail_on, *cut;
    int columns;
    char **wanted, **settings, **files;
} words;

static bool read_severity(const char *text, int *severity)
{
    for (int each = TCPT_CHAT; text && each <= TCPT_WARN; each++)
        if (strcmp(text, tcpt_severity_name((tcpt_severity)each)) == 0) {
            *severity = each;
            return true;
        }
    return !text;
}

static char *read_forms(tcpt_options *options, const words *said)
{
    if (said->text && (said->json || said->page))
        return g_strdup("--text cannot be had beside --json or --html.");
    if (said->follow && (said->text || said->page || said->cut))
        return g_strdup("--follow prints lines of JSON: it goes with none of --text, --html and --cut.");
    options->follow = said->follow;
    options->form = said->json || said->follow ? TCPT_FORM_JSON : said->page ? TCPT_FORM_HTML : TCPT_FORM_TEXT;
    options->least = said->json ? TCPT_CHAT : TCPT_NOTE; /* programs choose for themselves */
    options->page_least = TCPT_NOTE;
    if (!read_severity(said->least, &options->least) || !read_severity(said->least, &options->page_least))
        return g_strdup_printf("--min takes chat, note or warn, not \"%s\".", said->least);
    options->fail_on = TCPT_WARN;
    if (said->fail_on && strcmp(said->fail_on, "never") == 0)
        options->fail_on = TCPT_FAIL_NEVER;
    else if (!read_severity(said->fail_on, &options->fail_on) || options->fail_on == TCPT_CHAT)
        return g_strdup_printf("--fail-on takes note, warn or never, not \"%s\".", said->fail_on);
    if (said->columns != 0 && (said->columns < COLUMNS_LEAST || said->columns > COLUMNS_MOST))
        return g_strdup_printf("--width takes %d to %d columns.", COLUMNS_LEAST, COLUMNS_MOST);
    options->columns = (unsigned)said->columns;
    return NULL;
}

/* "NAME:VALUE", as Wireshark's -o has it, with or without "tcptriage.". */
static char *read_setting(tcpt_settings *settings, const char *text)
{
    const char *colon = strchr(text, ':');
    const char *name = g_str_has_prefix(text, "tcptriage.") ? text + strlen("tcptriage.") : text;
    char *alone;
    tcpt_setting setting;
    uint32_t value;

    if (!colon || colon < name)
        return g_strdup_printf("-o takes NAME:VALUE, not \"%s\".", text);
    alone = g_strndup(name, (gsize)(colon - name));
    setting = tcpt_setting_named(alone);
    g_free(alone);
    if (setting == TCPT_SETTINGS)
        return g_strdup_printf("-o does not know the preference in \"%s\".", text);
    if (!tcpt_setting_read(setting, colon + 1, &value) || !tcpt_settings_set(settings, setting, value))
        return g_strdup_printf("-o cannot set the value in \"%s\".", text);
    return NULL;
}

static char *read_lists(tcpt_options *options, const words *said)
{
    for (char **each = said->settings; each && *each; each++) {
        char *problem = read_setting(&options->settings, *each);

        if (problem)
            return problem;
    }
    for (char **each = said->wanted; each && *each; each++)
        if (!tcpt_wanted_add(&options->wanted, *each))
            return g_strdup_printf("--filter takes an ADDRESS, ADDRESS/PORT or /PORT, not \"%s\".", *each);
    return NULL;
}

static char *read_files(tcpt_options *options, const words *said)
{
    unsigned count = said->files ? g_strv_length(said->files) : 0;

    if (options->version)
        return NULL;
    if (count == 0)
        return g_strdup("Which capture? tcptriage FILE, or \"-\" for standard input.");
    if (count > 1 && (options->page || options->cut || options->follow))
        return g_strdup_printf("%s takes one capture at a time.", options->page  ? "--html"
                                                                  : options->cut ? "--cut"
                                                                                 : "--follow");
    for (char **each = said->files; *each; each++)
        if (options->cut && strcmp(*each, "-") == 0)
            return g_strdup("--cut reads the capture twice, which standard input cannot be.");
    return NULL;
}

static void clear(words *said)
{
    g_free(said->least);
    g_free(said->fail_on);
    g_strfreev(said->wanted);
    g_strfreev(said->settings);
}

static char *understand(tcpt_options *options, const words *said)
{
    char *problem = read_forms(options, said);

    if (!problem)
        problem = read_lists(options, said);
    return problem ? problem : read_files(options, said);
}

bool tcpt_options_read(tcpt_options *options, int argc, char **argv, char **problem)
{
    words said = {0};
    const GOptionEntry entries[] = {
        {"text", 0, 0, G_OPTION_ARG_NONE, &said.text, "Print the report as text (as it is without this)", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &said.json, "Print it for programs, a document for each file", NULL},
        {"html", 0, 0, G_OPTION_ARG_FILENAME, &said.page, "Write it as a page; may stand beside --json", "OUT"},
        {"min", 0, 0, G_OPTION_ARG_STRING, &said.least, "What is at least so severe: chat, note (as usual) or warn",
         "SEVERITY"},
        {"filter", 0, 0, G_OPTION_ARG_STRING_ARRAY, &said.wanted,
         "Tell of connections of this end only: ADDRESS, ADDRESS/PORT or /PORT; may be given again", "END"},
        {"cut", 0, 0, G_OPTION_ARG_FILENAME, &said.cut,
         "Copy the frames of connections with a case, and comment those that decide it", "OUT.pcapng"},
        {"follow", 0, 0, G_OPTION_ARG_NONE, &said.follow, "Print each case as it settles, a line of JSON", NULL},
        {"fail-on", 0, 0, G_OPTION_ARG_STRING, &said.fail_on,
         "Exit with 3 from this severity on: note, warn (as usual) or never", "SEVERITY"},
        {"width", 0, 0, G_OPTION_ARG_INT, &said.columns, "Columns of text (as usual as many as the terminal has)",
         "COLUMNS"},
        {"option", 'o', 0, G_OPTION_ARG_STRING_ARRAY, &said.settings, "Set a preference, as for tshark", "NAME:VALUE"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &said.quiet, "Show no progress", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &said.version, "Say which version this is", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &said.files, NULL, "FILE..."},
        {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
    };
    GOptionContext *context = g_option_context_new(NULL);
    GError *error = NULL;

    *options = (tcpt_options){.settings = tcpt_settings_default()};
    g_option_context_set_summary(context,
                                 "Says why the TCP connections in capture files failed: what tshark -z tcptriage "
                                 "says, without dissecting.");
    g_option_context_set_description(context,
                                     "Exit status: 0 nothing of note, 3 warnings, 1 something could not be read "
                                     "or written, 2 the command line is wrong.");
    g_option_context_add_main_entries(context, entries, NULL);
    *problem = NULL;
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        *problem = g_strdup_printf("%s.", error->message);
        g_error_free(error);
    }
    g_option_context_free(context);
    options->page = said.page;
    options->cut = said.cut;
    options->version = said.version;
    options->quiet = said.quiet;
    options->files = said.files;
    if (!*problem)
        *problem = understand(options, &said);
    clear(&said);
    return !*problem;
}

void tcpt_options_clear(tcpt_options *options)
{
    g_free(options->page);
    g_free(options->cut);
    g_strfreev(options->files);
    tcpt_wanted_clear(&options->wanted);
}
