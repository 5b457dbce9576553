/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pkt2pcap: a scenario script as a capture for tshark (pcapng), with what is expected in it.
 *
 * All scenarios of a script with the same preferences share a capture and end at the same instant: silence up to
 * the end of the capture is then for each what its script says. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"

static const char usage[] =
    "Usage: pkt2pcap -l SCRIPT                  list the groups of scenarios and their preferences, one a line\n"
    "       pkt2pcap [-g GROUP] SCRIPT OUT [EXPECTED]\n"
    "       pkt2pcap -s NAME SCRIPT OUT [EXPECTED]   one scenario alone\n";

/** 2023-11-14 22:13:20 UTC: when captures end. */
#define END_NS INT64_C(1700000000000000000)

/** A frame on its way into the capture. */
typedef struct placed {
    const scn_scenario *scenario;
    const scn_frame *frame;
    unsigned index; /**< within its scenario */
    int64_t time_ns;
    int64_t sort_ns; /**< newest time of its scenario so far: scripts may step back */
    unsigned arrival;
    unsigned *numbers; /**< frame numbers of its scenario */
} placed;

static gint by_time(gconstpointer a, gconstpointer b)
{
    const placed *left = a;
    const placed *right = b;
    if (left->sort_ns != right->sort_ns)
        return left->sort_ns < right->sort_ns ? -1 : 1;
    return left->arrival < right->arrival ? -1 : 1;
}

static void place(GArray *frames, const scn_scenario *scenario)
{
    unsigned *numbers = g_new0(unsigned, scenario->frames->len);
    int64_t newest_ns = INT64_MIN;
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        int64_t time_ns = END_NS - scenario->end_ns + frame->time_ns;
        newest_ns = MAX(newest_ns, time_ns);
        placed item = {scenario, frame, i, time_ns, newest_ns, frames->len, numbers};
        g_array_append_val(frames, item);
    }
}

/* ---- pcapng (draft-ietf-opsawg-pcapng), little endian as written by this machine or not: readers know by the magic.
 */

static void write32(FILE *out, uint32_t value)
{
    fwrite(&value, sizeof value, 1, out);
}

static void write_section(FILE *out)
{
    static const uint16_t version[2] = {1, 0};
    write32(out, 0x0a0d0d0a);
    write32(out, 28);
    write32(out, 0x1a2b3c4d);
    fwrite(version, sizeof version, 1, out);
    write32(out, UINT32_MAX); /* section length unknown */
    write32(out, UINT32_MAX);
    write32(out, 28);
}

/** An Ethernet interface with times in nanoseconds, called as the core calls a point without a name. */
static void write_interface(FILE *out, unsigned point)
{
    static const uint16_t link[2] = {1, 0};
    static const uint16_t resolution[2] = {9, 1};
    enum { NAME_BYTES = 16 };
    const uint16_t option[2] = {2, NAME_BYTES - 1};
    char name[NAME_BYTES + 1];
    g_snprintf(name, sizeof name, "capture point %u", point % 10);
    write32(out, 1);
    write32(out, 52);
    fwrite(link, sizeof link, 1, out);
    write32(out, 262144);
    fwrite(option, sizeof option, 1, out);
    fwrite(name, NAME_BYTES, 1, out);
    fwrite(resolution, sizeof resolution, 1, out);
    write32(out, 9);
    write32(out, 0); /* end of options */
    write32(out, 52);
}

static void write_packet(FILE *out, const placed *item)
{
    static const uint8_t zero[4];
    uint32_t padding = -item->frame->bytes->len % 4;
    uint32_t length = 32 + item->frame->bytes->len + padding;
    write32(out, 6);
    write32(out, length);
    write32(out, item->frame->point);
    write32(out, (uint32_t)(item->time_ns >> 32));
    write32(out, (uint32_t)item->time_ns);
    write32(out, item->frame->bytes->len);
    write32(out, item->frame->wire_bytes);
    fwrite(item->frame->bytes->data, item->frame->bytes->len, 1, out);
    fwrite(zero, padding, 1, out);
    write32(out, length);
}

static bool write_capture(const char *path, const GArray *frames)
{
    FILE *out = fopen(path, "wb");
    unsigned points = 1;
    if (!out)
        return false;
    for (unsigned i = 0; i < frames->len; i++)
        points = MAX(points, g_array_index(frames, placed, i).frame->point + 1);
    write_section(out);
    for (unsigned point = 0; point < points; point++)
        write_interface(out, point);
    for (unsigned i = 0; i < frames->len; i++)
        write_packet(out, &g_array_index(frames, placed, i));
    return !fclose(out);
}

/* ---- Expectations: "FRAME now|end|may|back ID SCENARIO LINE field=value ...", separated by tabs; frame 0: somewhere.
 * "back": in one pass only, taken back later. */

static void write_expectation(FILE *out, const placed *item, const scn_expectation *expectation, unsigned frame)
{
    const char *when = expectation->optional     ? "may"
                       : expectation->at_end     ? "end"
                       : expectation->taken_back ? "back"
                                                 : "now";
    fprintf(out, "%u\t%s\t%s\t%s\t%u", frame, when, expectation->id, item->scenario->name, item->frame->line);
    for (unsigned i = 0; i < expectation->fields->len; i++) {
        const char *field = expectation->fields->pdata[i];
        const char *equals = strchr(field, '=');
        char *value = scn_resolve(item->scenario, equals + 1, item->numbers);
        fprintf(out, "\t%.*s=%s", (int)(equals - field), field, value);
        g_free(value);
    }
    fputc('\n', out);
}

/** Which scenario a frame belongs to, and whether its chats are compared: "FRAME of - SCENARIO LINE [strict]". */
static void write_frame(FILE *out, const placed *item)
{
    fprintf(out, "%u\tof\t-\t%s\t%u%s", item->numbers[item->index], item->scenario->name, item->frame->line,
            item->scenario->strict_chats ? "\tstrict" : "");
    if (item->frame->states)
        fprintf(out, "\tstates=%s", item->frame->states);
    if (item->frame->final_states)
        fprintf(out, "\tfinal=%s", item->frame->final_states);
    fputc('\n', out);
    for (unsigned i = 0; i < item->frame->expected->len; i++)
        write_expectation(out, item, item->frame->expected->pdata[i], item->numbers[item->index]);
    for (unsigned i = 0; !item->index && i < item->scenario->somewhere->len; i++)
        write_expectation(out, item, item->scenario->somewhere->pdata[i], 0);
}

static bool write_expected(const char *path, const GArray *frames)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return false;
    for (unsigned i = 0; i < frames->len; i++)
        write_frame(out, &g_array_index(frames, placed, i));
    return !fclose(out);
}

/* ---- Groups. */

/** The scenario's preferences as tshark's options, "" for the defaults. */
static char *preferences(const scn_scenario *scenario)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < scenario->settings->len; i++)
        g_string_append_printf(text, "%stcptriage.%s", i ? " " : "", (char *)scenario->settings->pdata[i]);
    return g_string_free(text, FALSE);
}

/** Whether two scenarios share a capture. */
static bool together(const scn_scenario *a, const scn_scenario *b)
{
    if (a == b || a->alone || b->alone)
        return a == b;
    char *one = preferences(a), *other = preferences(b);
    bool same = !strcmp(one, other);
    g_free(one);
    g_free(other);
    return same;
}

/** The first scenario of each capture, in order of appearance. */
static GPtrArray *groups_of(const GPtrArray *scenarios)
{
    GPtrArray *groups = g_ptr_array_new();
    for (unsigned i = 0; i < scenarios->len; i++) {
        unsigned at = 0;
        while (at < groups->len && !together(groups->pdata[at], scenarios->pdata[i]))
            at++;
        if (at == groups->len)
            g_ptr_array_add(groups, scenarios->pdata[i]);
    }
    return groups;
}

static void list_groups(const GPtrArray *groups)
{
    for (unsigned i = 0; i < groups->len; i++) {
        char *text = preferences(groups->pdata[i]);
        printf("%u%s%s\n", i, *text ? " " : "", text);
        g_free(text);
    }
}

static GArray *choose(const GPtrArray *scenarios, const scn_scenario *first, const char *name)
{
    GArray *frames = g_array_new(FALSE, FALSE, sizeof(placed));
    for (unsigned i = 0; i < scenarios->len; i++) {
        const scn_scenario *scenario = scenarios->pdata[i];
        if (name ? !strcmp(scenario->name, name) : together(first, scenario))
            place(frames, scenario);
    }
    g_array_sort(frames, by_time);
    for (unsigned i = 0; i < frames->len; i++) {
        const placed *item = &g_array_index(frames, placed, i);
        item->numbers[item->index] = i + 1;
    }
    return frames;
}

static void free_frames(GArray *frames)
{
    for (unsigned i = 0; i < frames->len; i++) {
        const placed *item = &g_array_index(frames, placed, i);
        if (!item->index)
            g_free(item->numbers);
    }
    g_array_free(frames, TRUE);
}

int main(int argc, char **argv)
{
    bool list = argc > 2 && !strcmp(argv[1], "-l");
    bool by_group = argc > 2 && !strcmp(argv[1], "-g");
    bool by_name = argc > 2 && !strcmp(argv[1], "-s");
    int first = list ? 2 : by_group || by_name ? 3 : 1;
    if (argc < first + (list ? 1 : 2)) {
        fputs(usage, stderr);
        return 2;
    }
    GPtrArray *scenarios = scn_read(argv[first]);
    GPtrArray *groups = groups_of(scenarios);
    if (list)
        list_groups(groups);
    unsigned group = by_group ? (unsigned)atoi(argv[2]) : 0;
    bool written = list;
    if (!list && group < groups->len) {
        GArray *frames = choose(scenarios, groups->pdata[group], by_name ? argv[2] : NULL);
        written = frames->len && write_capture(argv[first + 1], frames) &&
                  (argc <= first + 2 || write_expected(argv[first + 2], frames));
        free_frames(frames);
    }
    if (!written)
        fprintf(stderr, "pkt2pcap: no such group or scenario, or the capture cannot be written\n");
    g_ptr_array_unref(groups);
    g_ptr_array_unref(scenarios);
    return written ? 0 : 1;
}
