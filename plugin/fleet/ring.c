/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ring.h"

#include <string.h>

#include <glib.h>

/* A pattern with groups "a" and "z", which are the stem, and "n", the number. */
typedef struct pattern {
    const char *text;
    tcpt_ring_kind kind;
} pattern;

#define PACKED "(?:\\.(?:gz|zst|lz4))?"

/* The first one that fits counts. */
static const pattern patterns[] = {
    /* dumpcap -b, editcap -c: NAME_00001_20261127012345.pcapng, and with -b nametimenum:2 the other way round. */
    {"^(?<a>.*)_(?<n>\\d{5,9})_\\d{14}(?<z>(?:\\.[^/]*)?)$", TCPT_RING_NUMBERED},
    {"^(?<a>.*)_\\d{14}_(?<n>\\d{5,9})(?<z>(?:\\.[^/]*)?)$", TCPT_RING_NUMBERED},
    /* tcpdump -G with a time in the name, seconds since 1970 among them; -C adds a number to it, which is the stem's.
     */
    {"^(?<a>[^/]*?)(?<n>\\d{4}[-_.]?\\d\\d[-_.]?\\d\\d[-_.T ]?\\d\\d[-_.:h]?\\d\\d[-_.:m]?\\d\\d)(?<z>(?!\\d)[^/]*)$",
     TCPT_RING_TIMED},
    {"^(?<a>(?:[^/]*\\D)?)(?<n>1\\d{9})(?<z>(?!\\d)[^/]*)$", TCPT_RING_TIMED},
    /* tcpdump -C: NAME.pcap, NAME.pcap1, NAME.pcap2; with -W NAME.pcap00, NAME.pcap01, and round again. */
    {"^(?<a>(?:[^/]*\\D)?)(?<n>\\d{0,9})(?<z>" PACKED ")$", TCPT_RING_ROUND},
};

/* Of "2026-11-27_01-23-45" the digits. */
static uint64_t number_of(const char *text)
{
    uint64_t number = 0;

    for (; *text; text++)
        if (g_ascii_isdigit(*text))
            number = number * 10 + (uint64_t)(*text - '0');
    return number;
}

/* Made once: there may be a million names. */
static GRegex *compiled(unsigned which)
{
    static GRegex *made[G_N_ELEMENTS(patterns)];

    if (!made[which])
        made[which] = g_regex_new(patterns[which].text, G_REGEX_RAW | G_REGEX_DOTALL | G_REGEX_OPTIMIZE,
                                  (GRegexMatchFlags)0, NULL);
    return made[which];
}

static bool fits(unsigned which, const char *name, tcpt_ring_name *said)
{
    GMatchInfo *match = NULL;
    bool found = g_regex_match(compiled(which), name, (GRegexMatchFlags)0, &match);

    if (found) {
        char *before = g_match_info_fetch_named(match, "a"), *behind = g_match_info_fetch_named(match, "z");
        char *number = g_match_info_fetch_named(match, "n");

        said->kind = patterns[which].kind;
        said->number = number_of(number);
        said->stem = g_strdup_printf("%d/%s/%s", (int)said->kind, before, behind);
        g_free(before);
        g_free(behind);
        g_free(number);
    }
    g_match_info_free(match);
    return found;
}

tcpt_ring_name tcpt_ring_name_of(const char *path)
{
    tcpt_ring_name said = {TCPT_RING_NONE, NULL, 0};
    char *name = g_path_get_basename(path), *folder = g_path_get_dirname(path), *stem;

    for (unsigned i = 0; i < G_N_ELEMENTS(patterns) && !said.stem; i++)
        fits(i, name, &said);
    if (said.stem) {
        stem = g_strconcat(folder, "/", said.stem, NULL);
        g_free(said.stem);
        said.stem = stem;
    }
    g_free(folder);
    g_free(name);
    return said;
}

bool tcpt_ring_follows(const tcpt_ring_name *before, const tcpt_ring_name *next, uint64_t least)
{
    switch (before->kind) {
    case TCPT_RING_NONE:
        return false;
    case TCPT_RING_NUMBERED:
        return next->number == before->number + 1;
    case TCPT_RING_ROUND:
        return next->number == before->number + 1 || (next->number == least && before->number > least);
    case TCPT_RING_TIMED:
        return next->number > before->number;
    }
    return false;
}
