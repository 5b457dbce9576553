/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SYN flood of a million addresses, with the scenarios of every finding that needs memory across flows in its middle:
 * what they expect must be found all the same, nothing else, and the tables across flows stay small. The flood goes to
 * the scenarios' own servers and ports; every third SYN of it is answered, which is what fills tables.
 *
 * flood-test                the tests
 * flood-test SYNS ADDRESSES the flood alone, for the benchmark: prints the bytes of the tables across flows */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#ifndef FLOOD_SYNS
#define FLOOD_SYNS 1000000
#endif

/* What a million SYNs from a million addresses may take across flows. */
enum { TABLES_MAX_BYTES = 64 << 20, ANSWERED_EVERY = 3, LOOK_EVERY = 1024 };

/** A frame of a scenario on its way into the common capture. */
typedef struct placed {
    scn_run *test;
    unsigned index;
    unsigned script;
    int64_t time_ns;
    int64_t sort_ns; /**< newest time of its scenario so far: scripts may step back */
    unsigned arrival;
} placed;

typedef struct flood {
    tcpt_analysis *analysis;
    uint32_t sent;
    uint32_t addresses;
    uint32_t frame;
    size_t largest_bytes; /**< of the tables across flows, so far */
    uint8_t target[4];
    uint16_t port;
} flood;

/* ---- The flood. */

static void feed_flood(flood *from, int64_t time_ns, const uint8_t *source, uint16_t port, bool answer)
{
    tcpt_segment segment = {
        .time_ns = time_ns,
        .frame = ++from->frame,
        .depth = 1,
        .family = 4,
        .ttl = 64,
        .has_ip_id = true,
        .ip_id = (uint16_t)from->frame,
        .src = answer ? from->target : source,
        .dst = answer ? source : from->target,
        .src_port = answer ? from->port : port,
        .dst_port = answer ? port : from->port,
        .seq = from->sent * 2654435761u,
        .flags = TCPT_SYN | (answer ? TCPT_ACK : 0),
        .header_bytes = 40,
        .window = 64240,
        .options = TCPT_OPTION_TIMESTAMPS,
        .tsval = from->sent,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };
    if (answer) {
        segment.ack = segment.seq + 1;
        segment.seq = ~segment.seq;
    }
    segment.end_seq = segment.seq + 1;
    tcpt_analyse(from->analysis, &segment);
}

/** The next SYN, perhaps with its answer. Sources are scattered over 10.0.0.0/8, which no scenario uses. */
static void flood_once(flood *from, int64_t time_ns)
{
    uint32_t scattered = (from->sent % from->addresses * 9973u) & 0xffffff; /* odd: each address once */
    uint8_t source[4] = {10, (uint8_t)(scattered >> 16), (uint8_t)(scattered >> 8), (uint8_t)scattered};
    uint16_t port = (uint16_t)(1024 + from->sent / from->addresses % 60000);
    feed_flood(from, time_ns, source, port, false);
    if (from->sent % ANSWERED_EVERY == 0)
        feed_flood(from, time_ns, source, port, true);
    if (from->sent++ % LOOK_EVERY == 0)
        from->largest_bytes = MAX(from->largest_bytes, tcpt_bytes_across_flows(from->analysis));
}

/* ---- Scenarios side by side. */

/** Scripts use the same addresses: each gets a network of its own. */
static void move_away(uint8_t *moved, const uint8_t *address, unsigned bytes, unsigned script)
{
    memcpy(moved, address, bytes);
    moved[1] = (uint8_t)(moved[1] + 1 + script);
}

static void feed_icmp(flood *around, const placed *item, int64_t time_ns)
{
    const scn_frame *frame = item->test->scenario->frames->pdata[item->index];
    tcpt_icmp icmp = {.time_ns = time_ns, .frame = item->index + 1, .point = frame->point};
    uint8_t src[16], dst[16];
    if (!scn_decode_icmp(&icmp, frame->bytes->data, frame->bytes->len))
        return;
    move_away(src, icmp.src, icmp.family == 4 ? 4 : 16, item->script);
    move_away(dst, icmp.dst, icmp.family == 4 ? 4 : 16, item->script);
    icmp.src = src;
    icmp.dst = dst;
    item->test->records[item->index] = tcpt_analyse_icmp(around->analysis, &icmp);
}

static void feed(flood *around, const placed *item, int64_t time_ns)
{
    const scn_frame *frame = item->test->scenario->frames->pdata[item->index];
    tcpt_segment segment = {.time_ns = time_ns, .frame = item->index + 1, .point = frame->point};
    uint8_t src[16], dst[16];
    if (!scn_decode(&segment, frame->bytes->data, frame->bytes->len, frame->wire_bytes)) {
        feed_icmp(around, item, time_ns);
        return;
    }
    unsigned bytes = segment.family == 4 ? 4 : 16;
    move_away(src, segment.src, bytes, item->script);
    move_away(dst, segment.dst, bytes, item->script);
    segment.src = src;
    segment.dst = dst;
    item->test->records[item->index] = tcpt_analyse(around->analysis, &segment);
    if (bytes == 4 && (segment.flags & (TCPT_SYN | TCPT_ACK)) == TCPT_SYN) {
        memcpy(around->target, dst, 4);
        around->port = segment.dst_port;
    }
}

/* All end at the same instant: what needs the capture's end is then as in the script. */
static void place(GArray *items, scn_run *test, unsigned script)
{
    int64_t newest_ns = INT64_MIN;
    for (unsigned i = 0; i < test->scenario->frames->len; i++) {
        const scn_frame *frame = test->scenario->frames->pdata[i];
        int64_t time_ns = INT64_C(1700000000000000000) - test->scenario->end_ns + frame->time_ns;
        newest_ns = MAX(newest_ns, time_ns);
        placed item = {test, i, script, time_ns, newest_ns, items->len};
        g_array_append_val(items, item);
    }
}

static gint by_time(gconstpointer a, gconstpointer b)
{
    const placed *left = a;
    const placed *right = b;
    if (left->sort_ns != right->sort_ns)
        return left->sort_ns < right->sort_ns ? -1 : 1;
    return left->arrival < right->arrival ? -1 : 1;
}

/** Preferences of a scenario in one word: those with the same share a capture. */
static char *settings_of(const scn_scenario *scenario)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < scenario->settings->len; i++)
        g_string_append_printf(text, "%s ", (const char *)scenario->settings->pdata[i]);
    return g_string_free(text, FALSE);
}

/** Scenarios of all scripts with these preferences. */
static GArray *gather(const GPtrArray *scripts, const char *settings, GPtrArray *runs)
{
    GArray *items = g_array_new(FALSE, FALSE, sizeof(placed));
    for (unsigned script = 0; script < scripts->len; script++) {
        const GPtrArray *scenarios = scripts->pdata[script];
        for (unsigned i = 0; i < scenarios->len; i++) {
            char *own = settings_of(scenarios->pdata[i]);
            bool wanted = !((const scn_scenario *)scenarios->pdata[i])->alone && !strcmp(own, settings);
            scn_run *test = wanted ? g_new0(scn_run, 1) : NULL;
            g_free(own);
            if (!test)
                continue;
            scn_run_open(test, scenarios->pdata[i]);
            test->crowded = true;
            g_ptr_array_add(runs, test);
            place(items, test, script);
        }
    }
    g_array_sort(items, by_time);
    return items;
}

static void close_run(void *data)
{
    scn_run_close(data);
    g_free(data);
}

/** As much of the flood as falls between two frames, at equal distances. */
static void flood_between(flood *around, int64_t from_ns, int64_t to_ns, uint32_t syns)
{
    for (uint32_t i = 0; i < syns && around->target[0]; i++)
        flood_once(around, from_ns + (to_ns - from_ns) / (syns + 1) * (i + 1));
}

static void check_all(flood *around, GArray *items, const GPtrArray *runs, uint32_t syns)
{
    int64_t before_ns = 0;
    for (unsigned i = 0; i < items->len; i++) {
        const placed *item = &g_array_index(items, placed, i);
        if (i)
            flood_between(around, before_ns, MAX(before_ns, item->time_ns), syns / items->len);
        feed(around, item, item->time_ns);
        scn_check_frame(item->test, item->index);
        before_ns = MAX(before_ns, item->time_ns);
    }
    tcpt_settle_all(around->analysis);
    for (unsigned i = 0; i < runs->len; i++)
        scn_check_end(runs->pdata[i]);
}

/** Scenarios with the same preferences. */
typedef struct group {
    char *settings;
    const GPtrArray *scripts;
    uint32_t syns;
} group;

static void test_group(gconstpointer data)
{
    const group *of = data;
    tcpt_settings settings = tcpt_settings_default();
    GPtrArray *runs = g_ptr_array_new_with_free_func(close_run);
    GArray *items = gather(of->scripts, of->settings, runs);
    char **words = g_strsplit(of->settings, " ", -1);
    for (char **word = words; *word && **word; word++)
        scn_apply_setting(&settings, *word);
    flood around = {.analysis = tcpt_analysis_new(&settings), .addresses = UINT32_MAX};
    check_all(&around, items, runs, of->syns);
    g_test_message("%u SYNs around %u scenarios, %.1f MiB across flows", around.sent, runs->len,
                   (double)around.largest_bytes / (1 << 20));
    g_assert_cmpuint(around.largest_bytes, <, TABLES_MAX_BYTES);
    tcpt_analysis_free(around.analysis);
    g_strfreev(words);
    g_array_free(items, TRUE);
    g_ptr_array_unref(runs);
}

static void free_group(void *data)
{
    group *made = data;
    g_free(made->settings);
    g_free(made);
}

static void add_group(const GPtrArray *scripts, const char *settings)
{
    group *made = g_new0(group, 1);
    char *name = g_strdup_printf("/flood/%s", *settings ? settings : "default");
    *made = (group){g_strdup(settings), scripts, *settings ? FLOOD_SYNS / 10 : FLOOD_SYNS};
    g_test_add_data_func_full(g_strdelimit(g_strchomp(name), " ", '-'), made, test_group, free_group);
    g_free(name);
}

/** One test per set of preferences; the default one gets the whole flood, the others a tenth. */
static void add_groups(const GPtrArray *scripts)
{
    GHashTable *known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned script = 0; script < scripts->len; script++) {
        const GPtrArray *scenarios = scripts->pdata[script];
        for (unsigned i = 0; i < scenarios->len; i++) {
            char *settings = settings_of(scenarios->pdata[i]);
            if (!g_hash_table_contains(known, settings))
                add_group(scripts, settings);
            g_hash_table_add(known, settings);
        }
    }
    g_hash_table_destroy(known);
}

static int flood_alone(uint32_t syns, uint32_t addresses)
{
    tcpt_settings settings = tcpt_settings_default();
    flood alone = {
        .analysis = tcpt_analysis_new(&settings), .addresses = addresses, .target = {192, 0, 2, 1}, .port = 80};
    flood_between(&alone, 0, syns * INT64_C(60000), syns); /* a million a minute */
    printf("%zu\n", alone.largest_bytes);
    tcpt_analysis_free(alone.analysis);
    return 0;
}

/** Scripts marked `flooded`: what reaches beyond one flow, and what is about silence, which a flood must not fill. */
static GPtrArray *read_flooded(void)
{
    GPtrArray *flooded = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    GPtrArray *paths = scn_scripts(SCENARIOS);
    for (unsigned i = 0; i < paths->len; i++) {
        GPtrArray *scenarios = scn_read(paths->pdata[i]);
        const scn_scenario *first = scenarios->len ? scenarios->pdata[0] : NULL;
        if (first && first->flooded)
            g_ptr_array_add(flooded, scenarios);
        else
            g_ptr_array_unref(scenarios);
    }
    g_ptr_array_unref(paths);
    g_assert_cmpuint(flooded->len, >, 0);
    return flooded;
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (argc == 3)
        return flood_alone((uint32_t)atoi(argv[1]), (uint32_t)atoi(argv[2]));
    GPtrArray *scripts = read_flooded();
    add_groups(scripts);
    int status = g_test_run();
    g_ptr_array_unref(scripts);
    return status;
}
