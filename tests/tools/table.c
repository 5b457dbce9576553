/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints README.md's table of findings from the detectors' rows. */
#include <stdio.h>

#include "tcptriage/detector.h"

static void print_fields(const tcpt_detector *detector)
{
    const char *separator = "";
    for (const tcpt_field *field = detector->fields; field && *field != TCPT_FIELD_COUNT; field++) {
        printf("%s`%s`", separator, tcpt_fields[*field].filter);
        separator = ", ";
    }
}

int main(void)
{
    puts("| finding | severity | what it says | its own fields |");
    puts("|---|---|---|---|");
    for (unsigned i = 0; tcpt_detectors[i]; i++) {
        const tcpt_detector *detector = tcpt_detectors[i];
        printf("| `%s` | %s%s | %s | ", detector->id, tcpt_severity_name(detector->severity),
               detector->settle ? ", *end*" : "", detector->message);
        print_fields(detector);
        puts(" |");
    }
    return 0;
}
