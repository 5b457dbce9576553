/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model as a text that is read at night in a terminal: what, where, what it means, what to do, how to see it. */
#include "text.h"

#include <string.h>

#include "filters.h"
#include "points.h"
#include "tcptriage/address.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"
#include "words.h"

enum {
    TEXT_AT = 15,
    FRAMES_LISTED = 8,     /* of a folded entry */
    FRAMES_IN_FILTER = 16, /* more of them and the finding's own filter is the better one */
    CHATS_LISTED = 5,      /* per kind */
};

/* The report while it is written. */
struct draft {
    GString *out;
    const tcpt_model *model;
    GHashTable *explained; /* detectors whose meaning was said already */
};

static void write_labelled(GString *out, const char *label, const char *text)
{
    if (!text || !*text)
        return;
    g_string_append_printf(out, "%*s%-*s", LABEL_AT, "", TEXT_AT - LABEL_AT, label);
    write_wrapped(out, text, TEXT_AT, TEXT_AT);
}

/* A filter is copied from the terminal: it stays on one line, and nothing else does. Takes the filter over. */
static void write_filter(GString *out, const char *label, char *filter)
{
    g_string_append_printf(out, "%*s%-*s%s\n", LABEL_AT, "", TEXT_AT - LABEL_AT, label, filter);
    g_free(filter);
}

static void append_address(GString *out, const tcpt_flow *flow, unsigned end)
{
    char text[TCPT_ADDRESS_BYTES];

    g_string_append(out, tcpt_address_text(text, flow->key.family, flow->key.address[end]));
}

static void append_end(GString *out, const tcpt_flow *flow, unsigned end)
{
    char text[TCPT_SOCKET_BYTES];

    g_string_append(out, tcpt_socket_text(text, flow->key.family, flow->key.address[end], flow->key.port[end]));
}

/* As Wireshark has them, to the digit: what is read here is looked up there. */
static void append_time(GString *out, const struct draft *draft, int64_t time_ns)
{
    int64_t since_ns = time_ns - draft->model->report.zero_ns;
    uint64_t ns = (uint64_t)ABS(since_ns);

    g_string_append_printf(out, "%s%" PRIu64, since_ns < 0 ? "-" : "", ns / TCPT_SECOND_NS);
    if (draft->model->fine_times)
        g_string_append_printf(out, ".%09" PRIu64 " s", ns % TCPT_SECOND_NS);
    else
        g_string_append_printf(out, ".%06" PRIu64 " s", ns % TCPT_SECOND_NS / 1000);
}

static void append_frames(GString *out, const GArray *frames, unsigned most)
{
    for (unsigned i = 0; i < frames->len && i < most; i++)
        g_string_append_printf(out, "%s%u", i ? ", " : "", g_array_index(frames, uint32_t, i));
    if (frames->len > most)
        g_string_append_printf(out, " ... %u", g_array_index(frames, uint32_t, frames->len - 1));
}

static void write_frames(struct draft *draft, const tcpt_entry *entry)
{
    GArray *on = tcpt_model_frames(draft->model, entry, TCPT_FRAMES_ON);
    GArray *related = tcpt_model_frames(draft->model, entry, TCPT_FRAMES_RELATED);
    GString *text = g_string_new(on->len == 1 ? "frame " : "frames ");
    int64_t time_ns;

    append_frames(text, on, FRAMES_LISTED);
    if (tcpt_entry_time_ns(entry, &time_ns)) {
        g_string_append(text, on->len == 1 ? " at " : ", first at ");
        append_time(text, draft, time_ns);
    }
    if (related->len > 0) {
        g_string_append(text, related->len == 1 ? "; evidence: frame " : "; evidence: frames ");
        append_frames(text, related, FRAMES_LISTED);
    }
    write_labelled(draft->out, "Frames", text->str);
    g_string_free(text, TRUE);
    g_array_free(on, TRUE);
    g_array_free(related, TRUE);
}

static void write_filters(struct draft *draft, const tcpt_flow *flow, const tcpt_entry *entry)
{
    GArray *frames = tcpt_model_frames(draft->model, entry, TCPT_FRAMES_ALL);

    write_filter(draft->out, "Filter", tcpt_filter_for_entry(draft->model, flow, entry));
    if (frames->len <= FRAMES_IN_FILTER && entry->count <= entry->on->len)
        write_filter(draft->out, "", tcpt_filter_for_frames(frames));
    if (entry->at_end)
        write_labelled(draft->out, "Shown",
                       "in Wireshark, and by tshark with -2: known at the end of the capture only");
    g_array_free(frames, TRUE);
}

static const char *severity_word(tcpt_severity severity)
{
    switch (severity) {
    case TCPT_WARN:
        return "WARNING";
    case TCPT_NOTE:
        return "NOTE";
    case TCPT_CHAT:
        break;
    }
    return "CHAT";
}

/* Well-known timeouts that a silence matches: the fields named "....hint". */
static void write_hints(GString *out, const tcpt_diagnosis *diagnosis)
{
    tcpt_value value;

    for (unsigned at = 0; tcpt_next_value(&diagnosis->first, &at, &value);)
        if (g_str_has_suffix(tcpt_fields[value.field].filter, ".hint"))
            write_labelled(out, "Matches", value.text);
}

/* What it rules out belongs to the finding, not to its kind: it is never passed over. */
static void write_meaning(struct draft *draft, const tcpt_diagnosis *diagnosis)
{
    const tcpt_detector *detector = diagnosis->detector;
    bool known = !g_hash_table_add(draft->explained, (gpointer)detector);

    write_labelled(draft->out, "Meaning", known ? "as explained above" : detector->explanation);
    for (unsigned i = 0; i < diagnosis->ruled_out_count; i++)
        write_labelled(draft->out, i == 0 ? "Ruled out" : "", diagnosis->ruled_out[i]);
    write_hints(draft->out, diagnosis);
    if (known)
        return;
    write_labelled(draft->out, "Remedy", detector->remedy);
    write_labelled(draft->out, "Reference", detector->reference);
}

static void write_summary(struct draft *draft, const tcpt_diagnosis *diagnosis)
{
    char *summary = tcpt_model_summary(draft->model, diagnosis);

    g_string_append_printf(draft->out, "%*s", LABEL_AT, "");
    write_wrapped(draft->out, summary, LABEL_AT, LABEL_AT);
    g_free(summary);
}

static void write_entry(struct draft *draft, const tcpt_flow *flow, const tcpt_entry *entry)
{
    const tcpt_diagnosis *head = entry->head;
    GString *out = draft->out;
    char *title = g_strdup_printf("%s %s (confidence %s): %s", severity_word(head->detector->severity),
                                  head->detector->id, tcpt_confidence_name(head->confidence), head->detector->message);

    g_string_append(out, "\n  ");
    write_wrapped(out, title, 2, LABEL_AT);
    g_free(title);
    write_summary(draft, head);
    if (entry->count > 1)
        g_string_append_printf(out, "%*sand %" PRIu64 " more like it in this flow\n", LABEL_AT, "", entry->count - 1);
    write_frames(draft, entry);
    write_meaning(draft, head);
    write_filters(draft, flow, entry);
}

/* Where all of it is in one. */
static void write_stream(struct draft *draft, const tcpt_chapter *chapter)
{
    uint32_t stream = tcpt_model_stream(draft->model, chapter->entries->pdata[0]);

    for (unsigned i = 1; i < chapter->entries->len; i++)
        if (tcpt_model_stream(draft->model, chapter->entries->pdata[i]) != stream)
            return;
    if (stream != UINT32_MAX)
        g_string_append_printf(draft->out, "  tcp.stream %u", stream);
}

static void write_chapter(struct draft *draft, const tcpt_chapter *chapter)
{
    const tcpt_flow *flow = chapter->flow;
    GString *out = draft->out;

    g_string_append(out, "\nFlow ");
    append_end(out, flow, flow->client);
    g_string_append(out, flow->client_known ? " (client) -> " : " (taken for the client) -> ");
    append_end(out, flow, !flow->client);
    if (tcpt_point_count(draft->model->report.analysis) > 1)
        g_string_append_printf(out, "  seen at %s", flow->at->name);
    write_stream(draft, chapter);
    g_string_append_c(out, '\n');
    for (unsigned i = 0; i < chapter->entries->len; i++)
        write_entry(draft, flow, chapter->entries->pdata[i]);
}

static void write_chat(struct draft *draft, const tcpt_diagnosis *diagnosis)
{
    const tcpt_record *on = diagnosis->first.on;
    const tcpt_model *model = draft->model;
    uint32_t stream = model->report.stream_of ? model->report.stream_of(on) : UINT32_MAX;
    char *summary = tcpt_model_summary(model, diagnosis);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "frame %u", tcpt_model_frame(model, on));
    if (stream != UINT32_MAX)
        g_string_append_printf(text, ", tcp.stream %u", stream);
    g_string_append_printf(text, ": %s", summary);
    g_free(summary);
    g_string_append_printf(draft->out, "%*s", LABEL_AT, "");
    write_wrapped(draft->out, text->str, LABEL_AT, LABEL_AT + 2);
    g_string_free(text, TRUE);
}

static void write_chats(struct draft *draft)
{
    const GPtrArray *chats = draft->model->chats;
    GString *out = draft->out;

    if (chats->len == 0)
        return;
    g_string_append(out, "\nFor information\n");
    for (unsigned i = 0; i < chats->len; i++) {
        const tcpt_entry *entry = chats->pdata[i];
        unsigned listed = MIN(entry->diagnoses->len, CHATS_LISTED);

        g_string_append_printf(out, "\n  %s: %s\n", entry->head->detector->id, entry->head->detector->message);
        for (unsigned j = 0; j < listed; j++)
            write_chat(draft, entry->diagnoses->pdata[j]);
        if (entry->count > listed) {
            g_string_append_printf(out, "%*sand %" PRIu64 " more\n", LABEL_AT, "", entry->count - listed);
            write_filter(out, "Filter", tcpt_filter_for_kind(entry->head->detector));
        }
    }
}

/* ---- What was not kept one by one ---- */

static void write_wide(struct draft *draft, const tcpt_entry *entry)
{
    const tcpt_detector *detector = entry->head->detector;
    GArray *on = tcpt_model_frames(draft->model, entry, TCPT_FRAMES_ON);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s %s: %" PRIu64 " more, frames ", severity_word(detector->severity), detector->id,
                           entry->count);
    append_frames(text, on, FRAMES_LISTED);
    g_string_append(draft->out, "  ");
    write_wrapped(draft->out, text->str, 2, LABEL_AT);
    write_filter(draft->out, "Filter", tcpt_filter_for_kind(detector));
    g_string_free(text, TRUE);
    g_array_free(on, TRUE);
}

/* Every frame is marked all the same. */
static void write_shortened(struct draft *draft)
{
    const tcpt_model *model = draft->model;
    const tcpt_folding *folding = &model->totals.folding;
    GString *out = draft->out;

    if (model->wide->len > 0)
        g_string_append(out, "\nWithout details, as there are too many findings in this capture\n");
    for (unsigned i = 0; i < model->wide->len; i++)
        write_wide(draft, model->wide->pdata[i]);
    if (folding->in_flows > 0)
        g_string_append_printf(
            out,
            "\nOf long runs of alike findings in one connection the first %d are kept one by one; %" PRIu64
            " more are told as one.\n",
            TCPT_ALIKE_MOST, folding->in_flows);
    if (folding->proofs > 0)
        g_string_append_printf(out,
                               "\nA frame names at most %d findings that it proves; %" PRIu64 " more are left out.\n",
                               TCPT_PROOFS_MOST, folding->proofs);
}

/* ---- Port pressure ---- */

static void append_pressure(struct draft *draft, GString *out, const tcpt_pressure *pressure)
{
    const tcpt_flow *flow = pressure->at->flow;

    append_address(out, flow, flow->client);
    g_string_append(out, " -> ");
    append_end(out, flow, !flow->client);
    g_string_append_printf(out, ", %u of %u ports (%.0f %%), frame %u", pressure->in_use, pressure->range,
                           100.0 * pressure->in_use / MAX(pressure->range, 1),
                           tcpt_model_frame(draft->model, pressure->at));
    if (tcpt_point_count(draft->model->report.analysis) > 1)
        g_string_append_printf(out, ", seen at %s", flow->at->name);
}

static void write_pressures(struct draft *draft)
{
    const GPtrArray *pressures = draft->model->pressures;
    GString *out = draft->out;

    if (pressures->len == 0)
        return;
    g_string_append(out, "\nPort pressure: the most ports that a client had open or in TIME-WAIT at once\n");
    for (unsigned i = 0; i < pressures->len; i++) {
        const tcpt_pressure *pressure = pressures->pdata[i];

        g_string_append(out, "\n  ");
        append_pressure(draft, out, pressure);
        g_string_append(out, " at ");
        append_time(out, draft, pressure->time_ns);
        g_string_append_c(out, '\n');
        write_filter(out, "Filter", tcpt_filter_for_pressure(draft->model, pressure));
    }
}

/* ---- All of it ---- */

/* Without a single bare segment in so many somebody has filtered them. */
static bool payload_only(const tcpt_model *model)
{
    enum { TELLING = 10 };

    return model->totals.segments >= TELLING && model->totals.bare == 0;
}

static const char only_payload[] =
    "Only segments with payload were captured: that an ACK, SYN, FIN or RST does not show "
    "proves nothing here.";

/* A capture without findings is told in one line, the highest pressure included. */
static void write_clean(struct draft *draft)
{
    const tcpt_report *report = &draft->model->report;
    GString *out = draft->out;

    g_string_append(out, "Clean: nothing found");
    if (report->asked || report->shown)
        g_string_append(out, " on the frames asked for");
    else
        tcpt_report_points_briefly(out, draft->model);
    g_string_append_c(out, '.');
    if (draft->model->pressures->len > 0) {
        g_string_append(out, " Highest port pressure: ");
        append_pressure(draft, out, draft->model->pressures->pdata[0]);
        g_string_append_c(out, '.');
    }
    if (payload_only(draft->model))
        g_string_append_printf(out, " %s", only_payload);
    g_string_append_c(out, '\n');
}

static bool anything_found(const tcpt_model *model)
{
    return model->chapters->len > 0 || model->chats->len > 0 || model->wide->len > 0;
}

static void write_title(struct draft *draft)
{
    const tcpt_model *model = draft->model;
    const tcpt_totals *totals = &model->totals;
    GString *out = draft->out;

    g_string_append(out, "TCP Triage: ");
    append_count(out, model->counts[TCPT_WARN], "warning");
    g_string_append(out, ", ");
    append_count(out, model->counts[TCPT_NOTE], "note");
    g_string_append(out, ", ");
    append_count(out, model->counts[TCPT_CHAT], "chat");
    g_string_append(out, " (");
    append_count(out, totals->flows, "TCP flow");
    g_string_append(out, ", ");
    append_count(out, totals->segments, "segment");
    g_string_append_printf(out, ", %.3f s)\n", (double)(totals->newest_ns - totals->first_ns) / 1e9);
    if (model->left_out > 0) {
        append_count(out, model->left_out, "finding");
        g_string_append(out, " on frames that the read filter has left out\n");
    }
    if (totals->segments == 0)
        g_string_append(out, "Nothing to judge: no TCP segment was seen.\n");
    else if (!anything_found(model))
        write_clean(draft);
    else if (model->counts[TCPT_WARN] + model->counts[TCPT_NOTE] == 0)
        g_string_append(out, "Clean: no warnings and no notes.\n");
    if (anything_found(model) && payload_only(model))
        g_string_append_printf(out, "%s\n", only_payload);
}

void tcpt_report_text(GString *out, const tcpt_model *model)
{
    struct draft draft = {.out = out, .model = model, .explained = g_hash_table_new(NULL, NULL)};

    write_title(&draft);
    for (unsigned i = 0; i < model->chapters->len; i++)
        write_chapter(&draft, model->chapters->pdata[i]);
    write_chats(&draft);
    if (anything_found(model)) {
        write_shortened(&draft);
        tcpt_report_points(out, model);
        write_pressures(&draft);
    }
    g_hash_table_destroy(draft.explained);
}
