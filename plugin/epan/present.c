/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding -> tree and expert info.
 *
 * A post-dissector without wanted fields: on an ordinary frame, with nobody asking for our fields, it costs a look at
 * the frame's record. Expert infos are added whether there is a tree or not, so that their counts are the same.
 */
#include "present.h"

#include <string.h>

#include <epan/packet.h>
#include <epan/tap.h>

#include "compat.h"
#include "experts.h"
#include "feed.h"
#include "fields.h"
#include "frames.h"
#include "layers.h"
#include "remedy.h"
#include "renumber.h"
#include "tcptriage/cases.h"
#include "tcptriage/outcome.h"
#include "tcptriage/points.h"

enum {
    HEADLINE_BYTES = 210, /* of a summary: ITEM_LABEL_LENGTH (240) less what else the label has */
    LINE_BYTES = 110,     /* of a long text in the tree: what a pane shows without scrolling */
};

static int proto_triage = -1;
static const char *proto_short_name;
static int tap = -1;

static int ett_triage = -1;
static int ett_finding = -1;
static int ett_line = -1; /* never opened */

/* What the functions below have in common while they show one record. */
struct stage {
    tvbuff_t *tvb;
    packet_info *pinfo;
    proto_tree *tree; /* our protocol's, NULL when none is built */
    const tcpt_finding *headline;
    unsigned finding_count;
    bool complete; /* all was captured, as far as anybody knows: the frame is shown again */
    bool named;    /* one of several in the frame: which one is said */
};

static void add_string(const struct stage *stage, proto_tree *tree, unsigned field, const char *text)
{
    if (text)
        proto_item_set_generated(proto_tree_add_string(tree, tcpt_hf[field], stage->tvb, 0, 0, text));
}

/* Bytes of `text` that make a line: up to the last space that fits. */
static size_t line_bytes(const char *text)
{
    size_t bytes = strlen(text);

    if (bytes <= LINE_BYTES)
        return bytes;
    for (bytes = LINE_BYTES; bytes > 0 && text[bytes] != ' '; bytes--)
        ;
    return bytes > 0 ? bytes : LINE_BYTES;
}

/* Wireshark cuts a label at ITEM_LABEL_LENGTH (240 bytes). The field holds the whole value; its label shows the first
 * line of `text`, the others follow as mere text. */
static void add_long_string_as(const struct stage *stage, proto_tree *tree, unsigned field, const char *value,
                               const char *text)
{
    size_t bytes = line_bytes(text);

    proto_item_set_generated(
        proto_tree_add_string_format_value(tree, tcpt_hf[field], stage->tvb, 0, 0, value, "%.*s", (int)bytes, text));
    for (text += bytes; *text; text += bytes) {
        text += strspn(text, " ");
        bytes = line_bytes(text);
        proto_tree_add_subtree_format(tree, stage->tvb, 0, 0, ett_line, NULL, "    %.*s", (int)bytes, text);
    }
}

static void add_long_string(const struct stage *stage, proto_tree *tree, unsigned field, const char *text)
{
    add_long_string_as(stage, tree, field, text, text);
}

static void add_number(const struct stage *stage, proto_tree *tree, unsigned field, uint32_t number)
{
    proto_item_set_generated(proto_tree_add_uint(tree, tcpt_hf[field], stage->tvb, 0, 0, number));
}

/* One that a read filter has left out would be another frame's number. */
static void add_frame(const struct stage *stage, proto_tree *tree, unsigned field, uint32_t frame)
{
    uint32_t shown = tcpt_frames_shown(frame);

    if (shown)
        add_number(stage, tree, field, shown);
}

static void add_duration(const struct stage *stage, proto_tree *tree, unsigned field, int64_t ns)
{
    nstime_t time = {.secs = (time_t)(ns / 1000000000), .nsecs = (int)(ns % 1000000000)};

    proto_item_set_generated(proto_tree_add_time(tree, tcpt_hf[field], stage->tvb, 0, 0, &time));
}

static void add_value(const struct stage *stage, proto_tree *tree, const tcpt_value *value)
{
    unsigned field = TCPT_HF_VALUES + value->field;

    switch (tcpt_fields[value->field].type) {
    case TCPT_TYPE_INTEGER:
        proto_item_set_generated(proto_tree_add_int(tree, tcpt_hf[field], stage->tvb, 0, 0, (int32_t)value->number));
        return;
    case TCPT_TYPE_NUMBER:
    case TCPT_TYPE_HEX16:
        add_number(stage, tree, field, (uint32_t)value->number);
        return;
    case TCPT_TYPE_FRAME:
        add_frame(stage, tree, field, (uint32_t)value->number);
        return;
    case TCPT_TYPE_DURATION:
        add_duration(stage, tree, field, value->number);
        return;
    case TCPT_TYPE_TEXT:
        if (value->field != TCPT_F_CONNTRACK_REASON) /* the frame itself shows it */
            add_string(stage, tree, field, value->text);
        return;
    }
}

/* Takes the text over. Frames are named by the numbers that Wireshark shows. */
static const char *shown_text(const struct stage *stage, char *text)
{
    const char *kept;

    if (tcpt_frames_left_out()) {
        char *renumbered = tcpt_renumbered(text, tcpt_frames_shown);

        g_free(text);
        text = renumbered;
    }
    kept = wmem_strdup(stage->pinfo->pool, text);
    g_free(text);
    return kept;
}

static const char *summary_of(const struct stage *stage, const tcpt_finding *finding)
{
    return shown_text(stage, tcpt_summary(finding));
}

/* Known when all was captured: on frames that are shown again. */
static void add_case(const struct stage *stage, proto_tree *tree, const tcpt_diagnosis *diagnosis)
{
    const tcpt_case *made = stage->complete ? tcpt_case_of(diagnosis) : NULL;

    if (!made)
        return;
    add_number(stage, tree, TCPT_HF_CASE, made->number);
    add_string(stage, tree, TCPT_HF_CASE_ROLE, tcpt_role_in_case(diagnosis));
    add_number(stage, tree, TCPT_HF_CASE_FLOWS, made->flow_count);
}

static void add_values(const struct stage *stage, proto_tree *tree, const tcpt_finding *finding)
{
    tcpt_value value;

    for (unsigned at = 0; tcpt_next_value(finding, &at, &value);)
        add_value(stage, tree, &value);
}

static void add_command(const struct stage *stage, proto_tree *tree, const tcpt_asked *command)
{
    proto_item *item = proto_tree_add_string_format(tree, tcpt_hf[TCPT_HF_COMMAND], stage->tvb, 0, 0, command->line,
                                                    "On the %s%s%s: %s", command->on, command->host ? " " : "",
                                                    command->host ? command->host : "", command->line);

    proto_item_set_generated(item);
    proto_tree_add_subtree_format(tree, stage->tvb, 0, 0, ett_line, NULL, "    %s", command->tells);
}

/* The field has the whole text, its lines the sentences: each command is an item of its own. */
static void add_remedy(const struct stage *stage, proto_tree *tree, const tcpt_finding *finding)
{
    tcpt_remedy remedy;
    tcpt_asked command;
    char *text, *advice;

    if (!proto_field_is_referenced(tree, tcpt_hf[TCPT_HF_REMEDY]) &&
        !proto_field_is_referenced(tree, tcpt_hf[TCPT_HF_COMMAND]))
        return;
    remedy = tcpt_remedy_of_finding(finding);
    text = tcpt_remedy_text(&remedy);
    advice = tcpt_remedy_advice(&remedy);
    add_long_string_as(stage, tree, TCPT_HF_REMEDY, text, advice);
    for (unsigned at = 0; tcpt_next_command(&remedy, &at, &command); tcpt_asked_clear(&command))
        add_command(stage, tree, &command);
    g_free(text);
    g_free(advice);
}

static void add_finding(const tcpt_finding *finding, void *data)
{
    const struct stage *stage = data;
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    const tcpt_detector *detector = diagnosis->detector;
    proto_item *item = proto_tree_add_string(stage->tree, tcpt_hf[TCPT_HF_FINDING], stage->tvb, 0, 0, detector->id);
    proto_tree *tree;

    proto_item_set_generated(item);
    expert_add_info(stage->pinfo, item, tcpt_expert_of(detector));
    if (!stage->tree)
        return;
    tree = proto_item_add_subtree(item, ett_finding);
    if (proto_field_is_referenced(tree, tcpt_hf[TCPT_HF_SUMMARY])) /* to write it out costs more than all the rest */
        add_string(stage, tree, TCPT_HF_SUMMARY, summary_of(stage, finding));
    if (proto_field_is_referenced(tree, tcpt_hf[TCPT_HF_BRIEF]))
        add_string(stage, tree, TCPT_HF_BRIEF, shown_text(stage, tcpt_brief_text(finding)));
    add_string(stage, tree, TCPT_HF_SEVERITY, tcpt_severity_name(detector->severity));
    add_string(stage, tree, TCPT_HF_CONFIDENCE, tcpt_confidence_name(diagnosis->confidence));
    add_case(stage, tree, diagnosis);
    if (diagnosis->delay_ns)
        add_duration(stage, tree, TCPT_HF_DELAY, diagnosis->delay_ns);
    add_values(stage, tree, finding);
    for (uint32_t i = 0; i < diagnosis->related_count; i++)
        add_frame(stage, tree, TCPT_HF_RELATED_FRAME, diagnosis->related[i]->frame);
    add_long_string(stage, tree, TCPT_HF_EXPLANATION, detector->explanation);
    for (unsigned i = 0; i < diagnosis->ruled_out_count; i++)
        add_long_string(stage, tree, TCPT_HF_RULED_OUT, diagnosis->ruled_out[i]);
    add_remedy(stage, tree, finding);
    add_long_string(stage, tree, TCPT_HF_REFERENCE, detector->reference);
}

static void add_missing_at(const tcpt_finding *finding, void *data)
{
    const struct stage *stage = data;
    tcpt_value value;

    if (tcpt_value_of(finding, TCPT_F_VANTAGE_TO, &value))
        add_string(stage, stage->tree, TCPT_HF_MISSING_AT, value.text);
}

static void add_evidence(const tcpt_finding *finding, void *data)
{
    const struct stage *stage = data;

    add_frame(stage, stage->tree, TCPT_HF_EVIDENCE_FOR, finding->on->frame);
    add_missing_at(finding, data);
}

/* Where it was captured, and where else. */
static void add_vantage(const struct stage *stage, const tcpt_record *record)
{
    if (tcpt_has_points(tcpt_feed_analysis()))
        add_string(stage, stage->tree, TCPT_HF_VANTAGE, record->flow->at->name);
    if (record->same_as)
        add_frame(stage, stage->tree, record->copied ? TCPT_HF_SEEN_AGAIN : TCPT_HF_SAME_AS, record->same_as);
    tcpt_each_finding(record, add_missing_at, (void *)stage);
}

static void count_finding(const tcpt_finding *finding, void *data)
{
    struct stage *stage = data;

    if (stage->finding_count++ == 0) /* the gravest comes first */
        stage->headline = finding;
}

/* Wireshark cuts a label wherever it ends, within a letter too, and what is said of further findings is lost then. */
static void append_headline(const struct stage *stage, proto_item *item)
{
    const char *summary = summary_of(stage, stage->headline);
    size_t bytes = strlen(summary), most = HEADLINE_BYTES - (stage->named ? TCPT_LAYER_BYTES : 0);

    if (bytes > most)
        bytes = (size_t)(g_utf8_find_prev_char(summary, summary + most) - summary);
    proto_item_append_text(item, ": %.*s%s", (int)bytes, summary, summary[bytes] ? "..." : "");
    if (stage->finding_count > 1)
        proto_item_append_text(item, " (and %u more)", stage->finding_count - 1);
}

static void open_tree(struct stage *stage, proto_tree *tree, const tcpt_record *record)
{
    proto_item *item = proto_tree_add_item(tree, proto_triage, stage->tvb, 0, 0, ENC_NA);
    char name[TCPT_LAYER_BYTES];

    if (stage->named && PTREE_DATA(tree)->visible)
        proto_item_append_text(item, ", %s", tcpt_layer_name(name, record));
    if (stage->headline && PTREE_DATA(tree)->visible)
        append_headline(stage, item);
    stage->tree = proto_item_add_subtree(item, ett_triage);
}

/* A tracker that is handed the frame with its padding: the checksum covers too much, and without that test the padding
 * counts as payload (nf_ip_checksum(), segment_seq_plus_len()). */
static void add_uncut_tracker(const struct stage *stage, const tcpt_record *record)
{
    char text[TCPT_CT_REASON_BYTES];

    if (record->pad_bytes == 0)
        return;
    if (!record->uncut_good)
        add_string(stage, stage->tree, TCPT_HF_CT_UNCUT,
                   tcpt_ct_reason_text(TCPT_CT_BAD_CHECKSUM, TCPT_CT_CURRENT, text));
    add_number(stage, stage->tree, TCPT_HF_CT_PHANTOM_LEN, record->pad_bytes);
}

/* What the models say of a frame; without them, nothing. */
static void add_tracker(const struct stage *stage, const tcpt_record *record)
{
    char text[TCPT_CT_REASON_BYTES];

    if (record->ct_state == TCPT_CT_OFF)
        return;
    add_string(stage, stage->tree, TCPT_HF_CT_STATE, tcpt_ct_state_name((tcpt_ct_state)record->ct_state));
    add_string(stage, stage->tree, TCPT_HF_CT_CURRENT, tcpt_ct_verdict_name((tcpt_ct_verdict)record->ct_current));
    add_string(stage, stage->tree, TCPT_HF_CT_OLD, tcpt_ct_verdict_name((tcpt_ct_verdict)record->ct_old));
    add_string(stage, stage->tree, TCPT_HF_VALUES + TCPT_F_CONNTRACK_REASON,
               tcpt_ct_reason_text(record->ct_reason, tcpt_ct_reason_rules(record->ct_current), text));
    add_uncut_tracker(stage, record);
}

static void present_record(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, tcpt_record *record, bool named)
{
    struct stage stage = {.tvb = tvb, .pinfo = pinfo, .complete = PINFO_FD_VISITED(pinfo), .named = named};
    tcpt_flow *flow = record->flow;

    if (record->notes)
        tcpt_each_finding(record, count_finding, &stage);
    if (have_tap_listener(tap))
        tap_queue_packet(tap, pinfo, record);
    if (stage.finding_count == 0 && !tcpt_plain_is_wanted(tree))
        return;

    if (tree)
        open_tree(&stage, tree, record);
    if (stage.finding_count > 0 && stage.tree && stage.complete)
        tcpt_feed_make_cases();
    if (stage.finding_count > 0)
        tcpt_each_finding(record, add_finding, &stage);
    if (!stage.tree)
        return;
    tcpt_each_proven(record, add_evidence, &stage);
    if (record->icmp) { /* no segment: nothing has a state after it */
        add_vantage(&stage, record);
        return;
    }
    add_string(&stage, stage.tree, TCPT_HF_CLIENT_STATE, tcpt_state_name(tcpt_state_in(record, flow->client)));
    add_string(&stage, stage.tree, TCPT_HF_SERVER_STATE, tcpt_state_name(tcpt_state_in(record, !flow->client)));
    add_string(&stage, stage.tree, TCPT_HF_RECEIVER_VERDICT, tcpt_verdict_name((tcpt_verdict)record->receiver_verdict));
    add_string(&stage, stage.tree, TCPT_HF_RECEIVER_DROP_REASON, tcpt_drop_name((tcpt_drop)record->receiver_drop));
    if (stage.complete)
        add_string(&stage, stage.tree, TCPT_HF_OUTCOME, tcpt_outcome_name(tcpt_outcome_of(flow)));
    if (record->pad_bytes > 0)
        add_number(&stage, stage.tree, TCPT_HF_PAD_LEN, record->pad_bytes);
    add_tracker(&stage, record);
    add_vantage(&stage, record);
}

static int present_frame(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    tcpt_record **records;
    unsigned count = tcpt_feed_take(pinfo, &records);
    const char *current_proto = pinfo->current_proto;

    (void)data;
    pinfo->current_proto = proto_short_name; /* whose expert infos these are, where no tree tells */
    /* No call tells the GUI's plugins that a file is complete: so the end is judged when a frame is shown again. */
    for (unsigned i = 0; i < count && PINFO_FD_VISITED(pinfo); i++)
        tcpt_settle(tcpt_feed_analysis(), records[i]->flow);
    if (count > 1)
        tcpt_layers_sort(records, count);
    for (unsigned i = 0; i < count; i++)
        present_record(tvb, pinfo, tree, records[i], count > 1);
    pinfo->current_proto = current_proto;
    return 0; /* no layer of the packet */
}

void tcpt_present_register(int proto)
{
    static int *trees[] = {&ett_triage, &ett_finding, &ett_line};
    int proto_shown;

    proto_triage = proto;
    proto_short_name = proto_get_protocol_short_name(find_protocol_by_id(proto));
    /* In name only, as that saves Wireshark the book-keeping of one more layer for each frame. */
    proto_shown = proto_register_protocol_in_name_only("TCP Triage (findings)", "TCPTriage (findings)",
                                                       "tcptriage_findings", proto, FT_PROTOCOL);
    tcpt_fields_register(proto);
    tcpt_experts_register(proto);
    proto_register_subtree_array(trees, G_N_ELEMENTS(trees));
    tap = register_tap(TCPT_TAP);
    register_postdissector(create_dissector_handle(present_frame, proto_shown));
}
