/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the tables of README.md and the manual page, of findings from the detectors' rows and of preferences from
 * settings.def; and the rows themselves, a line each: id, severity, fields, and "end" where the whole capture is
 * needed. */
#include <stdio.h>
#include <string.h>

#include "tcptriage/detector.h"
#include "tcptriage/settings.h"

static void print_fields(const tcpt_detector *detector, const char *quote, const char *between)
{
    const char *separator = "";
    for (const tcpt_field *field = detector->fields; field && *field != TCPT_FIELD_COUNT; field++) {
        printf("%s%s%s%s", separator, quote, tcpt_fields[*field].filter, quote);
        separator = between;
    }
}

static void print_rows(void)
{
    for (unsigned i = 0; tcpt_detectors[i]; i++) {
        const tcpt_detector *detector = tcpt_detectors[i];
        printf("%s\t%s\t", detector->id, tcpt_severity_name(detector->severity));
        print_fields(detector, "", " ");
        puts(detector->settle ? "\tend" : "\t");
    }
}

static void print_findings(void)
{
    puts("| finding | severity | what it says | easily mistaken for | its own fields |");
    puts("|---|---|---|---|---|");
    for (unsigned i = 0; tcpt_detectors[i]; i++) {
        const tcpt_detector *detector = tcpt_detectors[i];
        printf("| `%s` | %s%s | %s | %s | ", detector->id, tcpt_severity_name(detector->severity),
               detector->settle ? ", *end*" : "", detector->message, detector->mistaken ? detector->mistaken : "");
        print_fields(detector, "`", ", ");
        puts(" |");
    }
}

static void print_stacks(const char *quote)
{
    for (const tcpt_stack_name *stack = tcpt_stack_names; stack->name; stack++)
        printf("%s %s%s%s (%s)", stack == tcpt_stack_names ? ":" : ",", quote, stack->name, quote, stack->description);
}

static void print_preferences(void)
{
    puts("| name | usual | bounds | meaning |");
    puts("|---|---|---|---|");
    for (unsigned i = 0; i < TCPT_SETTINGS; i++) {
        const tcpt_setting_row *row = &tcpt_setting_rows[i];
        printf("| `%s` | ", row->name);
        if (row->type == TCPT_SETTING_NUMBER)
            printf("%u | %u to %u | ", row->usual, row->least, row->most);
        else if (row->type == TCPT_SETTING_SWITCH)
            printf("`%s` | | ", row->usual ? "TRUE" : "FALSE");
        else
            printf("`%s` | | ", tcpt_stack_names[row->usual].name);
        printf("%s", row->text);
        if (row->type == TCPT_SETTING_STACK)
            print_stacks("`");
        puts(" |");
    }
}

static void print_man_findings(void)
{
    for (unsigned i = 0; tcpt_detectors[i]; i++) {
        const tcpt_detector *detector = tcpt_detectors[i];
        printf(".TP\n.BR %s \" (%s%s)\"\n%s.\n", detector->id, tcpt_severity_name(detector->severity),
               detector->settle ? ", end" : "", detector->message);
        if (detector->mistaken)
            printf("Easily mistaken for %s.\n", detector->mistaken);
    }
}

static void print_man_preferences(void)
{
    for (unsigned i = 0; i < TCPT_SETTINGS; i++) {
        const tcpt_setting_row *row = &tcpt_setting_rows[i];
        printf(".TP\n.B %s\n%s", row->name, row->text);
        if (row->type == TCPT_SETTING_STACK)
            print_stacks("");
        else if (row->type == TCPT_SETTING_NUMBER)
            printf(" (%u to %u, usual is %u)", row->least, row->most, row->usual);
        puts(".");
    }
}

/* An arrow of the cases: what a finding makes a consequence. */
static void print_explains(void)
{
    static const char *const places[] = {
        "the sender",           "the receiver", "the listening port", "client and listening port",
        "the client's address", "the way",      "the capture"};

    puts("| finding | blames | explains |");
    puts("|---|---|---|");
    for (unsigned i = 0; tcpt_detectors[i]; i++) {
        printf("| `%s` | %s |", tcpt_detectors[i]->id, places[tcpt_detectors[i]->blames]);
        for (const char *const *id = tcpt_detectors[i]->explains; id && *id; id++)
            printf("%s `%s`", id == tcpt_detectors[i]->explains ? "" : ",", *id);
        puts(" |");
    }
}

static const struct {
    const char *name;
    void (*print)(void);
} tables[] = {
    {"findings", print_findings},         {"preferences", print_preferences},         {"explains", print_explains},
    {"man-findings", print_man_findings}, {"man-preferences", print_man_preferences}, {"rows", print_rows},
};

int main(int argc, char **argv)
{
    for (unsigned i = 0; argc == 2 && i < sizeof tables / sizeof *tables; i++)
        if (strcmp(argv[1], tables[i].name) == 0) {
            tables[i].print();
            return 0;
        }
    fprintf(stderr, "usage: tcptriage-table TABLE, one of");
    for (unsigned i = 0; i < sizeof tables / sizeof *tables; i++)
        fprintf(stderr, " %s", tables[i].name);
    fprintf(stderr, "\n");
    return 2;
}
