/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings -> a text that is read at night in a terminal: what, where, what it means, what to do, how to see it. */
#include "text.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "points.h"
#include "tcptriage/points.h"
#include "words.h"

enum {
    COLUMNS = 100,
    TEXT_AT = 15,
    FRAMES_LISTED = 8,     /* of a folded entry */
    FRAMES_IN_FILTER = 16, /* more of them and the finding's own filter is the better one */
    CHATS_LISTED = 5,      /* per kind */
};

/* Findings of one kind: in one flow, or for chats in all of them. */
struct entry {
    const tcpt_finding *head; /* the most certain, oldest first */
    GPtrArray *findings;      /* const tcpt_finding *, borrowed */
    bool at_end;              /* some of them need the end of the capture */
};

/* What is to be said about one flow. */
struct chapter {
    const tcpt_flow *flow;
    GPtrArray *entries; /* struct entry *, owned */
};

/* The report while it is made. */
struct draft {
    GString *out;
    const tcpt_report *report;
    int64_t first_ns;
    GPtrArray *chapters;   /* struct chapter *, owned */
    GPtrArray *chats;      /* struct entry *, owned */
    GHashTable *explained; /* detectors whose meaning was said already */
    unsigned counts[TCPT_WARN + 1];
};

static void free_entry(void *data)
{
    struct entry *entry = data;

    g_ptr_array_free(entry->findings, TRUE);
    g_free(entry);
}

static void free_chapter(void *data)
{
    struct chapter *chapter = data;

    g_ptr_array_free(chapter->entries, TRUE);
    g_free(chapter);
}

static tcpt_severity severity_of(const tcpt_finding *finding)
{
    return finding->detector->severity;
}

/* Negative when `a` is to be read before `b`: more severe, more certain, earlier. */
static int compare_findings(const tcpt_finding *a, const tcpt_finding *b)
{
    if (severity_of(a) != severity_of(b))
        return (int)severity_of(b) - (int)severity_of(a);
    if (a->confidence != b->confidence)
        return (int)b->confidence - (int)a->confidence;
    if (a->time_ns != b->time_ns)
        return a->time_ns < b->time_ns ? -1 : 1;
    return (a->on->frame > b->on->frame) - (a->on->frame < b->on->frame);
}

static int compare_entries(gconstpointer a, gconstpointer b)
{
    return compare_findings((*(const struct entry *const *)a)->head, (*(const struct entry *const *)b)->head);
}

static int compare_chapters(gconstpointer a, gconstpointer b)
{
    const struct chapter *left = *(const struct chapter *const *)a, *right = *(const struct chapter *const *)b;

    return compare_findings(((const struct entry *)left->entries->pdata[0])->head,
                            ((const struct entry *)right->entries->pdata[0])->head);
}

/* ---- Gathering ---- */

static struct entry *entry_for(GPtrArray *entries, const tcpt_finding *finding)
{
    struct entry *made;

    for (unsigned i = 0; i < entries->len; i++) {
        struct entry *known = entries->pdata[i];

        if (known->head->detector == finding->detector)
            return known;
    }
    made = g_new0(struct entry, 1);
    made->head = finding;
    made->findings = g_ptr_array_new();
    g_ptr_array_add(entries, made);
    return made;
}

static void gather_finding(struct draft *draft, GPtrArray *entries, const tcpt_finding *finding, bool at_end)
{
    struct entry *entry;

    if (draft->report->wants && !draft->report->wants(finding->on, draft->report->data))
        return;
    draft->counts[severity_of(finding)]++;
    entry = entry_for(severity_of(finding) == TCPT_CHAT ? draft->chats : entries, finding);
    g_ptr_array_add(entry->findings, (gpointer)finding);
    entry->at_end |= at_end;
    if (compare_findings(finding, entry->head) < 0)
        entry->head = finding;
}

static void gather_flow(struct draft *draft, const tcpt_flow *flow)
{
    GPtrArray *entries = g_ptr_array_new_with_free_func(free_entry);
    struct chapter *made;

    for (const tcpt_finding *finding = flow->findings; finding; finding = finding->next_in_flow)
        gather_finding(draft, entries, finding, false);
    for (const tcpt_finding *finding = flow->end_findings; finding; finding = finding->next_in_flow)
        gather_finding(draft, entries, finding, true);
    if (entries->len == 0) {
        g_ptr_array_free(entries, TRUE);
        return;
    }
    g_ptr_array_sort(entries, compare_entries);
    made = g_new0(struct chapter, 1);
    made->flow = flow;
    made->entries = entries;
    g_ptr_array_add(draft->chapters, made);
}

static void gather(struct draft *draft)
{
    if (!draft->report->analysis)
        return;
    for (const tcpt_flow *flow = tcpt_first_flow(draft->report->analysis); flow; flow = flow->next)
        gather_flow(draft, flow);
    g_ptr_array_sort(draft->chapters, compare_chapters);
    g_ptr_array_sort(draft->chats, compare_entries);
}

/* ---- Writing ---- */

/* Words of `text` from column `at` on, further lines indented alike. */
static void write_wrapped(GString *out, const char *text, unsigned at)
{
    unsigned column = at;

    for (const char *word = text; *word;) {
        size_t bytes = strcspn(word, " \n");
        unsigned width = (unsigned)g_utf8_strlen(word, (gssize)bytes);

        if (column > at && column + 1 + width > COLUMNS) {
            g_string_append_printf(out, "\n%*s", (int)at, "");
            column = at;
        } else if (column > at) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append_len(out, word, (gssize)bytes);
        column += width;
        word += bytes;
        word += strspn(word, " \n");
    }
    g_string_append_c(out, '\n');
}

static void write_labelled(GString *out, const char *label, const char *text)
{
    if (!text || !*text)
        return;
    g_string_append_printf(out, "%*s%-*s", LABEL_AT, "", TEXT_AT - LABEL_AT, label);
    write_wrapped(out, text, TEXT_AT);
}

/* A filter is copied from the terminal: it stays on one line. */
static void write_filter(GString *out, const char *label, const char *filter)
{
    g_string_append_printf(out, "%*s%-*s%s\n", LABEL_AT, "", TEXT_AT - LABEL_AT, label, filter);
}

static void append_address(GString *out, const tcpt_flow *flow, unsigned end)
{
    char text[INET6_ADDRSTRLEN] = "?";

    inet_ntop(flow->key.family == 4 ? AF_INET : AF_INET6, flow->key.address[end], text, sizeof text);
    g_string_append(out, text);
}

static void append_end(GString *out, const tcpt_flow *flow, unsigned end)
{
    bool bracketed = flow->key.family == 6;

    g_string_append(out, bracketed ? "[" : "");
    append_address(out, flow, end);
    g_string_append_printf(out, "%s:%u", bracketed ? "]" : "", flow->key.port[end]);
}

/* Wireshark takes a SYN with other numbers for a new stream of its 4-tuple, and what comes later for that one's.
 * Between two capture points that may be the same connection, renumbered on the way: its frames are in no one stream
 * then. */
static bool has_own_stream(const tcpt_flow *flow)
{
    enum { LIVES_MOST = 256 };
    const tcpt_flow *twin = flow->twin;

    if (flow->stream == UINT32_MAX)
        return false;
    for (unsigned count = 0; twin != flow && count < LIVES_MOST; twin = twin->twin, count++)
        if (twin->at != flow->at && twin->stream != flow->stream && twin->first_ns <= flow->last_ns &&
            flow->first_ns <= twin->last_ns)
            return false;
    return true;
}

/* Display filter that selects the flow. */
static void append_flow_filter(GString *out, const tcpt_flow *flow)
{
    const char *ip = flow->key.family == 4 ? "ip" : "ipv6";

    if (has_own_stream(flow)) {
        g_string_append_printf(out, "tcp.stream eq %u", flow->stream);
        return;
    }
    for (unsigned end = 0; end < 2; end++) {
        g_string_append_printf(out, "%s%s.addr eq ", end ? " && " : "", ip);
        append_address(out, flow, end);
        g_string_append_printf(out, " && tcp.port eq %u", flow->key.port[end]);
    }
}

static void append_time(GString *out, const struct draft *draft, int64_t time_ns)
{
    g_string_append_printf(out, "%.6f s", (double)(time_ns - draft->first_ns) / 1e9);
}

static int compare_numbers(gconstpointer a, gconstpointer b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

/* Frames of an entry in order, each once: those the findings are on, or those that prove them. */
static GArray *frames_of(const struct entry *entry, bool on, bool related)
{
    GArray *frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    unsigned kept = 0;

    for (unsigned i = 0; i < entry->findings->len; i++) {
        const tcpt_finding *finding = entry->findings->pdata[i];

        if (on)
            g_array_append_val(frames, finding->on->frame);
        for (unsigned j = 0; related && j < finding->related_count; j++)
            g_array_append_val(frames, finding->related[j]->frame);
    }
    g_array_sort(frames, compare_numbers);
    for (unsigned i = 0; i < frames->len; i++) {
        uint32_t frame = g_array_index(frames, uint32_t, i);

        if (kept == 0 || g_array_index(frames, uint32_t, kept - 1) != frame)
            g_array_index(frames, uint32_t, kept++) = frame;
    }
    g_array_set_size(frames, kept);
    return frames;
}

static void append_frames(GString *out, const GArray *frames, unsigned most)
{
    for (unsigned i = 0; i < frames->len && i < most; i++)
        g_string_append_printf(out, "%s%u", i ? ", " : "", g_array_index(frames, uint32_t, i));
    if (frames->len > most)
        g_string_append_printf(out, " ... %u", g_array_index(frames, uint32_t, frames->len - 1));
}

static void write_frames(struct draft *draft, const struct entry *entry)
{
    GArray *on = frames_of(entry, true, false), *related = frames_of(entry, false, true);
    GString *text = g_string_new(on->len == 1 ? "frame " : "frames ");

    append_frames(text, on, FRAMES_LISTED);
    g_string_append(text, on->len == 1 ? " at " : ", first at ");
    append_time(text, draft, ((const tcpt_finding *)entry->findings->pdata[0])->time_ns);
    if (related->len > 0) {
        g_string_append(text, related->len == 1 ? "; proved by frame " : "; proved by frames ");
        append_frames(text, related, FRAMES_LISTED);
    }
    write_labelled(draft->out, "Frames", text->str);
    g_string_free(text, TRUE);
    g_array_free(on, TRUE);
    g_array_free(related, TRUE);
}

static void write_filters(struct draft *draft, const tcpt_flow *flow, const struct entry *entry)
{
    GArray *frames = frames_of(entry, true, true);
    GString *filter = g_string_new(NULL);

    append_flow_filter(filter, flow);
    g_string_append_printf(filter, " && tcptriage.%s", entry->head->detector->id);
    if (entry->at_end)
        g_string_append(filter, "    (in Wireshark, or with tshark -2)");
    write_filter(draft->out, "Filter", filter->str);
    if (frames->len <= FRAMES_IN_FILTER) {
        g_string_assign(filter, "frame.number in {");
        append_frames(filter, frames, FRAMES_IN_FILTER);
        g_string_append_c(filter, '}');
        write_filter(draft->out, "", filter->str);
    }
    g_string_free(filter, TRUE);
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
static void write_hints(GString *out, const tcpt_finding *finding)
{
    for (unsigned i = 0; i < finding->value_count; i++)
        if (g_str_has_suffix(tcpt_fields[finding->values[i].field].filter, ".hint"))
            write_labelled(out, "Matches", finding->values[i].text);
}

/* What it rules out belongs to the finding, not to its kind: it is never passed over. */
static void write_meaning(struct draft *draft, const tcpt_finding *finding)
{
    const tcpt_detector *detector = finding->detector;
    bool known = !g_hash_table_add(draft->explained, (gpointer)detector);

    write_labelled(draft->out, "Meaning", known ? "as explained above" : detector->explanation);
    for (unsigned i = 0; i < finding->ruled_out_count; i++)
        write_labelled(draft->out, i == 0 ? "Ruled out" : "", finding->ruled_out[i]);
    write_hints(draft->out, finding);
    if (known)
        return;
    write_labelled(draft->out, "Remedy", detector->remedy);
    write_labelled(draft->out, "Reference", detector->reference);
}

static void write_entry(struct draft *draft, const tcpt_flow *flow, const struct entry *entry)
{
    const tcpt_finding *head = entry->head;
    GString *out = draft->out;
    char *title = g_strdup_printf("%s %s (confidence %s): %s", severity_word(severity_of(head)), head->detector->id,
                                  tcpt_confidence_name(head->confidence), head->detector->message);

    g_string_append(out, "\n  ");
    write_wrapped(out, title, LABEL_AT);
    g_free(title);
    g_string_append_printf(out, "%*s", LABEL_AT, "");
    write_wrapped(out, head->summary, LABEL_AT);
    if (entry->findings->len > 1)
        g_string_append_printf(out, "%*sand %u more like it in this flow\n", LABEL_AT, "", entry->findings->len - 1);
    write_frames(draft, entry);
    write_meaning(draft, head);
    write_filters(draft, flow, entry);
}

static void write_chapter(struct draft *draft, const struct chapter *chapter)
{
    const tcpt_flow *flow = chapter->flow;
    GString *out = draft->out;

    g_string_append(out, "\nFlow ");
    append_end(out, flow, flow->client);
    g_string_append(out, flow->client_known ? " (client) -> " : " (taken for the client) -> ");
    append_end(out, flow, !flow->client);
    if (tcpt_point_count(draft->report->analysis) > 1)
        g_string_append_printf(out, "  seen at %s", flow->at->name);
    if (has_own_stream(flow))
        g_string_append_printf(out, "  tcp.stream %u", flow->stream);
    g_string_append_c(out, '\n');
    for (unsigned i = 0; i < chapter->entries->len; i++)
        write_entry(draft, flow, chapter->entries->pdata[i]);
}

static void write_chat(struct draft *draft, const tcpt_finding *finding)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "frame %u", finding->on->frame);
    if (has_own_stream(finding->flow))
        g_string_append_printf(text, ", tcp.stream %u", finding->flow->stream);
    g_string_append_printf(text, ": %s", finding->summary);
    g_string_append_printf(draft->out, "%*s", LABEL_AT, "");
    write_wrapped(draft->out, text->str, LABEL_AT + 2);
    g_string_free(text, TRUE);
}

static void write_chats(struct draft *draft)
{
    GString *out = draft->out;

    if (draft->chats->len == 0)
        return;
    g_string_append(out, "\nFor information\n");
    for (unsigned i = 0; i < draft->chats->len; i++) {
        const struct entry *entry = draft->chats->pdata[i];
        unsigned count = entry->findings->len;

        g_string_append_printf(out, "\n  %s: %s\n", entry->head->detector->id, entry->head->detector->message);
        for (unsigned j = 0; j < count && j < CHATS_LISTED; j++)
            write_chat(draft, entry->findings->pdata[j]);
        if (count > CHATS_LISTED)
            g_string_append_printf(out, "%*sand %u more: filter tcptriage.%s\n", LABEL_AT, "", count - CHATS_LISTED,
                                   entry->head->detector->id);
    }
}

/* ---- Port pressure ---- */

/* The highest of those whose frame is asked for, from `from` on, or NULL. */
static const tcpt_pressure *next_pressure(const struct draft *draft, unsigned *from)
{
    const tcpt_report *report = draft->report;
    const tcpt_pressure *all;
    unsigned count = 0;

    all = report->analysis ? tcpt_highest_pressures(report->analysis, &count) : NULL;
    for (; *from < count; ++*from)
        if (!report->wants || report->wants(all[*from].at, report->data))
            return &all[(*from)++];
    return NULL;
}

static void append_pressure(struct draft *draft, GString *out, const tcpt_pressure *pressure)
{
    const tcpt_flow *flow = pressure->at->flow;

    append_address(out, flow, flow->client);
    g_string_append(out, " -> ");
    append_end(out, flow, !flow->client);
    g_string_append_printf(out, ", %u of %u ports (%.0f %%), frame %u", pressure->in_use, pressure->range,
                           100.0 * pressure->in_use / MAX(pressure->range, 1), pressure->at->frame);
    if (tcpt_point_count(draft->report->analysis) > 1)
        g_string_append_printf(out, ", seen at %s", flow->at->name);
}

/* SYNs of the client to the server's port. */
static void write_pressure_filter(GString *out, const tcpt_flow *flow)
{
    const char *ip = flow->key.family == 4 ? "ip" : "ipv6";
    GString *filter = g_string_new(NULL);

    g_string_append_printf(filter, "%s.src eq ", ip);
    append_address(filter, flow, flow->client);
    g_string_append_printf(filter, " && %s.dst eq ", ip);
    append_address(filter, flow, !flow->client);
    g_string_append_printf(filter, " && tcp.dstport eq %u && tcp.flags.syn eq 1", flow->key.port[!flow->client]);
    write_filter(out, "Filter", filter->str);
    g_string_free(filter, TRUE);
}

static void write_pressures(struct draft *draft)
{
    GString *out = draft->out;
    unsigned at = 0;

    for (const tcpt_pressure *pressure; (pressure = next_pressure(draft, &at));) {
        if (at == 1)
            g_string_append(out, "\nPort pressure: the most ports that a client had open or in TIME-WAIT at once\n");
        g_string_append(out, "\n  ");
        append_pressure(draft, out, pressure);
        g_string_append(out, " at ");
        append_time(out, draft, pressure->time_ns);
        g_string_append_c(out, '\n');
        write_pressure_filter(out, pressure->at->flow);
    }
}

/* A capture without findings is told in one line, the highest pressure included. */
static void write_clean(struct draft *draft)
{
    unsigned at = 0;
    const tcpt_pressure *pressure = next_pressure(draft, &at);
    GString *out = draft->out;

    g_string_append(out, "Clean: nothing found");
    if (draft->report->wants)
        g_string_append(out, " on the frames asked for");
    else
        tcpt_report_points_briefly(out, draft->report->analysis);
    g_string_append_c(out, '.');
    if (pressure) {
        g_string_append(out, " Highest port pressure: ");
        append_pressure(draft, out, pressure);
        g_string_append_c(out, '.');
    }
    g_string_append_c(out, '\n');
}

static void write_title(struct draft *draft)
{
    tcpt_totals totals = {0};
    GString *out = draft->out;

    if (draft->report->analysis)
        totals = tcpt_analysis_totals(draft->report->analysis);
    draft->first_ns = totals.first_ns;
    g_string_append(out, "TCP Triage: ");
    append_count(out, draft->counts[TCPT_WARN], "warning");
    g_string_append(out, ", ");
    append_count(out, draft->counts[TCPT_NOTE], "note");
    g_string_append(out, ", ");
    append_count(out, draft->counts[TCPT_CHAT], "chat");
    g_string_append(out, " (");
    append_count(out, totals.flows, "TCP flow");
    g_string_append(out, ", ");
    append_count(out, totals.segments, "segment");
    g_string_append_printf(out, ", %.3f s)\n", (double)(totals.newest_ns - totals.first_ns) / 1e9);
    if (totals.segments == 0)
        g_string_append(out, "Nothing to judge: no TCP segment was seen.\n");
    else if (draft->chapters->len == 0 && draft->chats->len == 0)
        write_clean(draft);
    else if (draft->chapters->len == 0)
        g_string_append(out, "Clean: no warnings and no notes.\n");
}

void tcpt_report_text(GString *out, const tcpt_report *report)
{
    struct draft draft = {
        .out = out,
        .report = report,
        .chapters = g_ptr_array_new_with_free_func(free_chapter),
        .chats = g_ptr_array_new_with_free_func(free_entry),
        .explained = g_hash_table_new(NULL, NULL),
    };

    gather(&draft);
    write_title(&draft);
    for (unsigned i = 0; i < draft.chapters->len; i++)
        write_chapter(&draft, draft.chapters->pdata[i]);
    write_chats(&draft);
    if (draft.chapters->len > 0 || draft.chats->len > 0) {
        tcpt_report_points(out, report->analysis);
        write_pressures(&draft);
    }
    g_ptr_array_free(draft.chapters, TRUE);
    g_ptr_array_free(draft.chats, TRUE);
    g_hash_table_destroy(draft.explained);
}
