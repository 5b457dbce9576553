/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows that are stowed away come back as they were, and nobody notices: against an analysis that stows none. */
#include "stow_test.h"

#include <glib.h>
#include <string.h>

#include "core/finding/notes.h"
#include "core/state.h"
#include "core/stowing.h"
#include "same.h"
#include "scenario.h"
#include "tcptriage/cases.h"
#include "tcptriage/times.h"
#include "unit.h"

typedef struct both {
    tcpt_analysis *small;
    tcpt_analysis *full;
    unsigned stowed; /* so often */
    unsigned found;  /* so often with what was found on a frame */
} both;

static both begin(void)
{
    tcpt_settings settings = tcpt_settings_default();
    both of = {.small = tcpt_analysis_new(&settings), .full = tcpt_analysis_new(&settings)};
    tcpt_first_flow(of.full); /* who knows all of them may know them by address: none is stowed away */
    return of;
}

static bool is_stowed(const void *owner)
{
    return tcpt_rests(owner) && !tcpt_is_lone(owner);
}

/* Whether what was found on a frame is stowed away with its flow. */
static bool found_is_stowed(const tcpt_analysis *analysis, uint32_t number)
{
    const tcpt_record *record = tcpt_records_at(&analysis->records, number);
    return is_stowed(record->owner) && record->notes && !tcpt_notes_are_listed(record) && !(record->mark & 1);
}

static void stow_all(both *of)
{
    for (uint32_t i = 0; i < tcpt_flows_count(of->small->flows); i++) {
        void *owner = tcpt_flows_at(of->small->flows, i);
        if (tcpt_rests(owner))
            continue;
        tcpt_stow_flow(of->small, owner);
        of->stowed += is_stowed(tcpt_flows_at(of->small->flows, i));
    }
    for (uint32_t i = 0; i < of->small->records.count; i++)
        of->found += found_is_stowed(of->small, i);
}

static void note_found(const tcpt_finding *finding, void *data)
{
    char *summary = tcpt_summary(finding);
    g_string_append_printf(data, "%u %s %s\n", finding->on->frame, finding->diagnosis->detector->id, summary);
    g_free(summary);
}

static char *found_in(tcpt_analysis *analysis)
{
    GString *found = g_string_new(NULL);
    tcpt_settle_all(analysis);
    tcpt_each_found(analysis, note_found, found);
    return g_string_free(found, FALSE);
}

/* The same is found, and all flows are the same. */
static void end(both *of)
{
    char *found[2] = {found_in(of->small), found_in(of->full)};
    const tcpt_flow *small = tcpt_first_flow(of->small), *full = tcpt_first_flow(of->full);
    unsigned cases[2];
    g_assert_cmpstr(found[0], ==, found[1]);
    for (; small && full; small = small->next, full = full->next) {
        same_flow(small, full);
        same_list(tcpt_first_diagnosis(small), tcpt_first_diagnosis(full));
        same_list(tcpt_first_end_diagnosis(small), tcpt_first_end_diagnosis(full));
    }
    g_assert_true(!small && !full);
    for (uint32_t i = 0; i < of->full->records.count; i++)
        same_notes(tcpt_records_at(&of->small->records, i), tcpt_records_at(&of->full->records, i));
    tcpt_cases(of->small, &cases[0]);
    tcpt_cases(of->full, &cases[1]);
    g_assert_cmpuint(cases[0], ==, cases[1]);
    tcpt_analysis_free(of->small);
    tcpt_analysis_free(of->full);
    g_free(found[0]);
    g_free(found[1]);
}

/* ---- Scenarios, where all is stowed away behind each segment. ---- */

static void feed_scenario(both *of, const scn_scenario *scenario)
{
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        tcpt_segment segment = {
            .time_ns = INT64_C(1700000000000000000) + frame->time_ns, .frame = i + 1, .point = frame->point};
        tcpt_record *small, *full;
        if (!scn_decode(&segment, frame->bytes->data, frame->bytes->len, frame->wire_bytes))
            continue;
        small = tcpt_analyse(of->small, &segment);
        full = tcpt_analyse(of->full, &segment);
        same_records(small, full);
        if (i % 2)
            same_flow(tcpt_flow_of(small), tcpt_flow_of(full));
        stow_all(of);
    }
}

static void play(const scn_scenario *scenario, void *data)
{
    both *all = data, of = begin();
    feed_scenario(&of, scenario);
    all->stowed += of.stowed;
    all->found += of.found;
    end(&of);
}

static void test_scenarios(void)
{
    both all = {.stowed = 0};
    scn_each(SCENARIOS, play, &all);
    g_test_message("%u stowed, %u frames with what was found", all.stowed, all.found);
    g_assert_cmpuint(all.stowed, >, 1000);
    g_assert_cmpuint(all.found, >, 100);
}

/* ---- Floods, where it is done as time goes on. ---- */

enum { CLIENT, SERVER };

typedef struct step {
    uint8_t from;
    uint16_t flags;
} step;

/* Of a step: its SEQ lies so many bytes beyond the next one. */
enum { BESIDE = 1 << 8, BESIDE_BYTES = 1000 };

/* What is sent again and again by hosts of their own; what takes much as a flow, and little. */
static const struct flood {
    const char *name;
    unsigned count;
    bool one_tuple;
    uint32_t points;     /* they come at in turn */
    unsigned most_bytes; /* of the heap, for each, with all that hangs on it, and slack: flows take 600 more at least */
    step steps[5];
} floods[] = {
    {"points", 1, false, 64, 880, {{CLIENT, TCPT_SYN}}},
    {"half-open", 2, false, 1, 470, {{CLIENT, TCPT_SYN}, {SERVER, TCPT_SYN | TCPT_ACK}}},
    {"refused", 2, false, 1, 390, {{CLIENT, TCPT_SYN}, {SERVER, TCPT_RST | TCPT_ACK}}},
    {"rst", 1, false, 1, 200, {{CLIENT, TCPT_RST}}},
    {"one-tuple", 2, true, 1, 720, {{CLIENT, TCPT_SYN}, {SERVER, TCPT_RST | TCPT_ACK}}},
    {"reset-beside",
     4,
     false,
     1,
     1090,
     {{CLIENT, TCPT_SYN}, {SERVER, TCPT_SYN | TCPT_ACK}, {CLIENT, TCPT_ACK}, {SERVER, TCPT_RST | BESIDE}}},
    {"half-closed",
     5,
     false,
     1,
     1090,
     {{CLIENT, TCPT_SYN},
      {SERVER, TCPT_SYN | TCPT_ACK},
      {CLIENT, TCPT_ACK},
      {CLIENT, TCPT_FIN | TCPT_ACK},
      {SERVER, TCPT_ACK}}},
};

enum { FLOOD = 40000, STEP_US = 200 };

typedef struct sending {
    int64_t now_ns;
    uint32_t frame;
    uint8_t address[2][4];
    uint32_t seq[2];
    uint32_t point;
} sending;

static tcpt_segment next_segment(sending *of, const step *what)
{
    unsigned from = what->from;
    tcpt_segment segment = {
        .time_ns = of->now_ns,
        .frame = ++of->frame,
        .point = of->point,
        .depth = 1,
        .family = 4,
        .ttl = 64,
        .has_ip_id = true,
        .ip_id = (uint16_t)of->frame,
        .src = of->address[from],
        .dst = of->address[!from],
        .src_port = from == CLIENT ? 40000 : 443,
        .dst_port = from == CLIENT ? 443 : 40000,
        .seq = of->seq[from] + (what->flags & BESIDE ? BESIDE_BYTES : 0),
        .flags = (uint8_t)what->flags,
        .ack = what->flags & TCPT_ACK ? of->seq[!from] : 0,
        .window = 64240,
        .header_bytes = 20,
        .checksum_is = TCPT_CHECKSUM_GOOD,
    };
    of->now_ns += STEP_US * (TCPT_MS_NS / 1000);
    segment.end_seq = segment.seq + !!(what->flags & (TCPT_SYN | TCPT_FIN));
    of->seq[from] = segment.end_seq;
    return segment;
}

static void begin_flow(sending *of, const struct flood *flood, uint32_t number)
{
    uint32_t host = flood->one_tuple ? 0 : number;
    of->point = number % flood->points;
    of->address[CLIENT][0] = 10;
    of->address[CLIENT][1] = (uint8_t)(host >> 16);
    of->address[CLIENT][2] = (uint8_t)(host >> 8);
    of->address[CLIENT][3] = (uint8_t)host;
    of->address[SERVER][0] = 192;
    of->address[SERVER][3] = (uint8_t)(1 + host % 20);
    of->seq[CLIENT] = number * 2654435761u;
    of->seq[SERVER] = number * 40503u;
}

static void send_flood(tcpt_analysis *analysis, const struct flood *flood)
{
    sending of = {.now_ns = INT64_C(1700000000000000000)};
    for (uint32_t number = 0; number < FLOOD; number++) {
        begin_flow(&of, flood, number);
        for (unsigned i = 0; i < flood->count; i++) {
            tcpt_segment segment = next_segment(&of, &flood->steps[i]);
            tcpt_analyse(analysis, &segment);
        }
    }
}

static void test_flood(const void *data)
{
    const struct flood *flood = data;
    both of = begin();
    size_t before = heap_bytes();
    double each;
    unsigned stowed = 0;
    send_flood(of.small, flood);
    each = (double)(heap_bytes() - before) / FLOOD;
    for (uint32_t i = 0; i < tcpt_flows_count(of.small->flows); i++)
        stowed += is_stowed(tcpt_flows_at(of.small->flows, i));
    g_test_message("%.0f bytes each, %u of %u stowed away", each, stowed, tcpt_flows_count(of.small->flows));
    g_assert_cmpuint(stowed, >, FLOOD / 2);
    g_assert_true(!before || each < flood->most_bytes);
    send_flood(of.full, flood);
    end(&of);
}

/* What is given back while it is read is not stowed away before. */
static void test_release(void)
{
    both of = begin();
    tcpt_expect_release(of.small);
    send_flood(of.small, &floods[1]);
    for (uint32_t i = 0; i < tcpt_flows_count(of.small->flows); i++)
        g_assert_false(is_stowed(tcpt_flows_at(of.small->flows, i)));
    send_flood(of.full, &floods[1]);
    end(&of);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stow/scenarios", test_scenarios);
    g_test_add_func("/stow/release", test_release);
    add_stow_found_tests();
    add_stow_shapes_tests();
    for (unsigned i = 0; i < G_N_ELEMENTS(floods); i++) {
        char *path = g_strdup_printf("/stow/%s", floods[i].name);
        g_test_add_data_func(path, &floods[i], test_flood);
        g_free(path);
    }
    return g_test_run();
}
