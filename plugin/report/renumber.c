/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "renumber.h"

#include <string.h>

#include <glib.h>

#define WORD "frame "

/* The number behind the next "frame ", or NULL. */
static const char *next_number(const char *text)
{
    const char *found = text;

    while ((found = strstr(found, WORD))) {
        found += strlen(WORD);
        if (g_ascii_isdigit(*found))
            return found;
    }
    return NULL;
}

char *tcpt_renumbered(const char *sentence, uint32_t (*shown)(uint32_t frame))
{
    GString *out = g_string_new(NULL);
    const char *number;

    while ((number = next_number(sentence))) {
        char *behind;
        guint64 frame = g_ascii_strtoull(number, &behind, 10);
        uint32_t now = frame <= UINT32_MAX ? shown((uint32_t)frame) : 0;

        g_string_append_len(out, sentence, number - sentence);
        if (now)
            g_string_append_printf(out, "%u", now);
        else
            g_string_append_printf(out, "%.*s of the unfiltered file", (int)(behind - number), number);
        sentence = behind;
    }
    g_string_append(out, sentence);
    return g_string_free(out, FALSE);
}
