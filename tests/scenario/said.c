/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "said.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Words. */

static bool in_a_word(char character)
{
    return g_ascii_isalnum(character) || character == '_';
}

/** Where a piece stands in a summary, and is not part of a longer word or number; NULL nowhere. */
static const char *find_piece(const char *summary, const char *piece)
{
    size_t length = strlen(piece);
    for (const char *at = strstr(summary, piece); at; at = strstr(at + 1, piece)) {
        char before = (char)(at == summary ? ' ' : at[-1]), last = piece[length - 1], after = at[length];
        bool joined = in_a_word(*piece) && (in_a_word(before) || (before == '.' && g_ascii_isdigit(*piece)));
        bool goes_on = in_a_word(last) && (in_a_word(after) || (after == '.' && g_ascii_isdigit(at[length + 1])));
        if (!joined && !goes_on)
            return at;
    }
    return NULL;
}

static bool says(const char *summary, const char *words)
{
    char **pieces = g_strsplit(words, " ... ", -1);
    const char *at = summary;
    for (char **piece = pieces; *piece && at; piece++) {
        at = **piece ? find_piece(at, *piece) : NULL;
        at = at ? at + strlen(*piece) : NULL;
    }
    g_strfreev(pieces);
    return at != NULL;
}

/* ---- What a finding shows. */

static char *show_related(const tcpt_finding *finding)
{
    GString *text = g_string_new(finding->diagnosis->related_count ? NULL : "none");
    for (unsigned i = 0; i < finding->diagnosis->related_count; i++)
        g_string_append_printf(text, "%s%u", i ? "," : "", finding->diagnosis->related[i]->frame);
    return g_string_free(text, FALSE);
}

/** The same frames, in whatever order. */
static bool relates(const char *shown, const char *expected)
{
    char **frames = g_strsplit(shown, ",", -1), **wanted = g_strsplit(expected, ",", -1);
    bool all = g_strv_length(frames) == g_strv_length(wanted);
    for (char **frame = wanted; *frame; frame++)
        all &= g_strv_contains((const char *const *)frames, *frame);
    g_strfreev(frames);
    g_strfreev(wanted);
    return all;
}

static char *show_confidence(const tcpt_finding *finding)
{
    return g_strdup(tcpt_confidence_name((tcpt_confidence)finding->diagnosis->confidence));
}

static char *show_pad_len(const tcpt_finding *finding)
{
    return g_strdup_printf("%u", finding->on->pad_bytes);
}

static char *show_delay(const tcpt_finding *finding)
{
    return g_strdup_printf("%.6f", (double)finding->diagnosis->delay_ns / 1e9);
}

/** Which end a finding blames, where it is not as the detector's row says. */
static char *show_blamed(const tcpt_finding *finding)
{
    unsigned blamed = finding->diagnosis->blamed;
    if (blamed == TCPT_WAY_BLAMED)
        return g_strdup("way");
    return g_strdup(blamed ? tcpt_role(tcpt_flow_of(finding->on), blamed - 1) : "none");
}

static char *show_ruled_out(const tcpt_finding *finding)
{
    return g_strdup_printf("%u", finding->diagnosis->ruled_out_count);
}

static bool same_word(const char *shown, const char *expected)
{
    return !strcmp(shown, expected);
}

static bool same_time(const char *shown, const char *expected)
{
    return fabs(strtod(shown, NULL) - strtod(expected, NULL)) < 0.001;
}

static bool always(const tcpt_finding *finding)
{
    (void)finding;
    return true;
}

static bool has_own_brief(const tcpt_finding *finding)
{
    return finding->diagnosis->brief != NULL;
}

static bool has_delay(const tcpt_finding *finding)
{
    return finding->diagnosis->delay_ns != 0;
}

static bool has_blamed(const tcpt_finding *finding)
{
    return finding->diagnosis->blamed != 0;
}

/** What is certain need not say so. */
static bool has_doubt(const tcpt_finding *finding)
{
    return finding->diagnosis->confidence != TCPT_HIGH;
}

static bool has_ruled_out(const tcpt_finding *finding)
{
    return finding->diagnosis->ruled_out_count != 0;
}

const scn_said scn_saids[] = {
    {"says", tcpt_summary, says, always, true},
    {"related", show_related, relates, always, true},
    {"brief", tcpt_brief_text, says, has_own_brief, true},
    {"delay", show_delay, same_time, has_delay, false},
    {"blames", show_blamed, same_word, has_blamed, false},
    {"rules_out", show_ruled_out, same_word, has_ruled_out, true},
    {"confidence", show_confidence, same_word, has_doubt, false},
    {"pad_len", show_pad_len, same_word, NULL, false},
    {NULL, NULL, NULL, NULL, false},
};

const scn_said *scn_said_of(const char *field)
{
    const scn_said *said = scn_saids;
    while (said->name && !(strlen(said->name) == strcspn(field, "=") && g_str_has_prefix(field, said->name)))
        said++;
    return said;
}
