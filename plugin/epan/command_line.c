/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wireshark tells plugins neither what it will print nor whether there is a read filter. So the command line is asked,
 * where the system shows it; in doubt the answer is no, which is always right, and costs more. */
#include "command_line.h"

#include <string.h>

#include <glib.h>

static const char *after(const char *argument)
{
    return argument + strlen(argument) + 1;
}

static bool is_tshark(const char *program)
{
    return g_str_has_suffix(program, "tshark");
}

/* Options whose argument is no field to be printed. */
static bool takes_other_text(const char *option)
{
    static const char *const options[] = {"-Y", "-R", "-z", "-o", "-r", "-w", NULL};

    return g_strv_contains(options, option);
}

/* A Lua script may walk through all there is; a -T among other letters is left alone. */
static bool is_unclear(const char *option)
{
    return g_str_has_prefix(option, "-X") || (option[0] == '-' && option[1] != 'T' && strchr(option, 'T')) ||
           strstr(option, "tcptriage");
}

/* "tshark -T fields" of 4.0 has a tree built as if for reading, and keeps for itself which fields it will look at; of
 * what we add to each frame that is twice what all the rest costs. What filters, columns and taps refer to is
 * referenced, and found without this. */
bool tcpt_asks_other_fields(const char *arguments, size_t bytes)
{
    const char *end = arguments + bytes;
    bool fields = false;

    if (bytes == 0 || end[-1] != '\0' || !is_tshark(arguments))
        return false;
    for (const char *at = after(arguments); at < end; at = after(at)) {
        if (takes_other_text(at) && after(at) < end) {
            at = after(at);
            continue;
        }
        if (is_unclear(at))
            return false;
        if (strcmp(at, "-T") == 0 && after(at) < end)
            fields = strcmp(at = after(at), "fields") == 0;
        else if (g_str_has_prefix(at, "-T"))
            fields = strcmp(at + 2, "fields") == 0;
    }
    return fields;
}

/* -R among other letters, too, and --read-filter. */
static bool may_be_read_filter(const char *argument)
{
    return argument[0] == '-' && (strchr(argument, 'R') || g_str_has_prefix(argument, "--r"));
}

/* The GUI and sharkd dissect a frame whenever it is shown. */
bool tcpt_asks_for_all_once(const char *arguments, size_t bytes)
{
    const char *end = arguments + bytes;

    if (bytes == 0 || end[-1] != '\0' || !is_tshark(arguments))
        return false;
    for (const char *at = after(arguments); at < end; at = after(at))
        if (may_be_read_filter(at))
            return false;
    return true;
}

static bool ask(bool (*question)(const char *arguments, size_t bytes))
{
    char *arguments;
    gsize bytes;
    bool answer;

    if (!g_file_get_contents("/proc/self/cmdline", &arguments, &bytes, NULL))
        return false;
    answer = question(arguments, bytes);
    g_free(arguments);
    return answer;
}

bool tcpt_prints_other_fields(void)
{
    static enum { UNKNOWN, NO, YES } answer; /* the program's command line is always the same */

    if (answer == UNKNOWN)
        answer = ask(tcpt_asks_other_fields) ? YES : NO;
    return answer == YES;
}

bool tcpt_dissects_once(void)
{
    return ask(tcpt_asks_for_all_once);
}
