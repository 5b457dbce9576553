/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding -> tree, fields, expert info.
 *
 * A post-dissector without wanted fields: on an ordinary frame, with nobody asking for our fields, it costs a look at
 * the frame's record. Expert infos are added whether there is a tree or not, so that their counts are the same.
 */
#include "present.h"

#include <string.h>

#include <epan/expert.h>
#include <epan/packet.h>
#include <epan/tap.h>

#include "compat.h"
#include "feed.h"
#include "frames.h"
#include "layers.h"
#include "renumber.h"
#include "tcptriage/cases.h"
#include "tcptriage/outcome.h"
#include "tcptriage/points.h"

enum {
    LINE_BYTES = 110, /* of a long text in the tree: what a pane shows without scrolling */
};

static int proto_triage = -1;
static const char *proto_short_name;
static int tap = -1;

static int hf_finding = -1;
static int hf_summary = -1;
static int hf_brief = -1;
static int hf_delay = -1;
static int hf_outcome = -1;
static int hf_case = -1;
static int hf_case_role = -1;
static int hf_case_flows = -1;
static int hf_severity = -1;
static int hf_confidence = -1;
static int hf_explanation = -1;
static int hf_ruled_out = -1;
static int hf_remedy = -1;
static int hf_reference = -1;
static int hf_related_frame = -1;
static int hf_evidence_for = -1;
static int hf_client_state = -1;
static int hf_server_state = -1;
static int hf_pad_len = -1;
static int hf_vantage = -1;
static int hf_same_as = -1;
static int hf_seen_again = -1;
static int hf_missing_at = -1;
static int hf_ct_state = -1;
static int hf_ct_current = -1;
static int hf_ct_old = -1;
static int hf_ct_uncut = -1;
static int hf_ct_phantom_len = -1;
static int hf_receiver_verdict = -1;
static int hf_receiver_drop_reason = -1;
static int hf_value[TCPT_FIELD_COUNT]; /* the typed fields of fields.def */

static int ett_triage = -1;
static int ett_finding = -1;
static int ett_line = -1; /* never opened */

/* What frames without a finding show: the protocol, and these. */
static const int *const plain_fields[] = {
    &proto_triage,
    &hf_evidence_for,
    &hf_missing_at,
    &hf_client_state,
    &hf_server_state,
    &hf_receiver_verdict,
    &hf_receiver_drop_reason,
    &hf_pad_len,
    &hf_outcome,
    &hf_ct_state,
    &hf_ct_current,
    &hf_ct_old,
    &hf_ct_uncut,
    &hf_ct_phantom_len,
    &hf_value[TCPT_F_CONNTRACK_REASON],
    &hf_vantage,
    &hf_same_as,
    &hf_seen_again,
};
static const header_field_info *plain[G_N_ELEMENTS(plain_fields)];

static expert_field *expert_ids; /* one per detector, in the order of tcpt_detectors */

/* Wireshark's type and base for a type of fields.def. */
#define FIELD_INTEGER  FT_INT32, BASE_DEC
#define FIELD_NUMBER   FT_UINT32, BASE_DEC
#define FIELD_HEX16    FT_UINT16, BASE_HEX
#define FIELD_FRAME    FT_FRAMENUM, BASE_NONE
#define FIELD_DURATION FT_RELATIVE_TIME, BASE_NONE
#define FIELD_TEXT     FT_STRING, BASE_NONE

static void register_fields(void)
{
    static hf_register_info fields[] = {
        {&hf_finding, {"Finding", "tcptriage.finding", FT_STRING, BASE_NONE, NULL, 0, "Id of the diagnosis", HFILL}},
        {&hf_summary,
         {"Summary", "tcptriage.summary", FT_STRING, BASE_NONE, NULL, 0, "The diagnosis in one sentence", HFILL}},
        {&hf_brief,
         {"Brief", "tcptriage.brief", FT_STRING, BASE_NONE, NULL, 0, "The diagnosis in at most 60 characters", HFILL}},
        {&hf_delay,
         {"Delay", "tcptriage.delay", FT_RELATIVE_TIME, BASE_NONE, NULL, 0, "What the finding cost on this flow",
          HFILL}},
        {&hf_outcome,
         {"Outcome of the connection", "tcptriage.flow.outcome", FT_STRING, BASE_NONE, NULL, 0,
          "How the connection ends, as far as it was captured (second pass and GUI)", HFILL}},
        {&hf_case,
         {"Case", "tcptriage.case", FT_UINT32, BASE_DEC, NULL, 0,
          "Number of the problem that the finding is part of, 1 the gravest (second pass and GUI)", HFILL}},
        {&hf_case_role,
         {"Role in the case", "tcptriage.case.role", FT_STRING, BASE_NONE, NULL, 0,
          "cause or consequence (second pass and GUI)", HFILL}},
        {&hf_case_flows,
         {"Flows hit by the case", "tcptriage.case.flows", FT_UINT32, BASE_DEC, NULL, 0,
          "Connections that the same problem has hit (second pass and GUI)", HFILL}},
        {&hf_severity, {"Severity", "tcptriage.severity", FT_STRING, BASE_NONE, NULL, 0, "chat, note or warn", HFILL}},
        {&hf_confidence,
         {"Confidence", "tcptriage.confidence", FT_STRING, BASE_NONE, NULL, 0, "low, medium or high", HFILL}},
        {&hf_explanation,
         {"Explanation", "tcptriage.explanation", FT_STRING, BASE_NONE, NULL, 0, "What it means", HFILL}},
        {&hf_ruled_out,
         {"Ruled out", "tcptriage.ruled_out", FT_STRING, BASE_NONE, NULL, 0, "What the frames exclude", HFILL}},
        {&hf_remedy,
         {"Remedy", "tcptriage.remedy", FT_STRING, BASE_NONE, NULL, 0, "What to change, or to capture next", HFILL}},
        {&hf_reference,
         {"Reference", "tcptriage.reference", FT_STRING, BASE_NONE, NULL, 0, "Where the rule is written", HFILL}},
        {&hf_related_frame,
         {"Related frame", "tcptriage.related_frame", FT_FRAMENUM, BASE_NONE, NULL, 0, "A frame that proves it",
          HFILL}},
        {&hf_evidence_for,
         {"Evidence for the finding in frame", "tcptriage.evidence_for", FT_FRAMENUM, BASE_NONE, NULL, 0,
          "This frame proves a finding there (second pass and GUI)", HFILL}},
        {&hf_client_state,
         {"Client state", "tcptriage.client.state", FT_STRING, BASE_NONE, NULL, 0,
          "State of the side that sent the SYN, after this frame (RFC 9293, section 3.3.2)", HFILL}},
        {&hf_server_state,
         {"Server state", "tcptriage.server.state", FT_STRING, BASE_NONE, NULL, 0,
          "State of the side that was sent the SYN, after this frame (RFC 9293, section 3.3.2)", HFILL}},
        {&hf_ct_state,
         {"Tracker state", "tcptriage.conntrack.state", FT_STRING, BASE_NONE, NULL, 0,
          "State of Linux connection tracking's entry after this frame, by the current rules", HFILL}},
        {&hf_ct_current,
         {"Tracker, current rules", "tcptriage.conntrack.current", FT_STRING, BASE_NONE, NULL, 0,
          "What connection tracking of Linux 6.2 and later says of this frame: VALID, IGNORED, INVALID or UNKNOWN",
          HFILL}},
        {&hf_ct_old,
         {"Tracker, rules before 5.18", "tcptriage.conntrack.pre_5_18", FT_STRING, BASE_NONE, NULL, 0,
          "What connection tracking of Linux before 5.18 says of this frame", HFILL}},
        {&hf_ct_uncut,
         {"Tracker, padding not cut off", "tcptriage.conntrack.uncut", FT_STRING, BASE_NONE, NULL, 0,
          "Why connection tracking refuses this frame where it is handed over with its padding (layer 2 before Linux "
          "4.16)",
          HFILL}},
        {&hf_ct_phantom_len,
         {"Payload the tracker believes in", "tcptriage.conntrack.phantom_len", FT_UINT8, BASE_DEC, NULL, 0,
          "Padding that connection tracking takes for payload where it is not cut off and checksums are not tested",
          HFILL}},
        {&hf_receiver_verdict,
         {"Receiver's verdict", "tcptriage.receiver.verdict", FT_STRING, BASE_NONE, NULL, 0,
          "What the receiver stack of the preferences does with this segment", HFILL}},
        {&hf_receiver_drop_reason,
         {"Receiver's drop reason", "tcptriage.receiver.drop_reason", FT_STRING, BASE_NONE, NULL, 0,
          "Why the receiver does not accept it, in the Linux kernel's drop-reason names", HFILL}},
        {&hf_vantage,
         {"Capture point", "tcptriage.vantage", FT_STRING, BASE_NONE, NULL, 0, "Where this frame was captured", HFILL}},
        {&hf_same_as,
         {"Same segment as in frame", "tcptriage.same_as", FT_FRAMENUM, BASE_NONE, NULL, 0,
          "This frame is a further copy of that one: captured there before, at another point or at the same", HFILL}},
        {&hf_seen_again,
         {"Same segment again in frame", "tcptriage.seen_again", FT_FRAMENUM, BASE_NONE, NULL, 0,
          "The first copy of this frame behind it (second pass and GUI)", HFILL}},
        {&hf_missing_at,
         {"Never seen at", "tcptriage.missing_at", FT_STRING, BASE_NONE, NULL, 0,
          "Capture point farther from the sender that this segment never came to (second pass and GUI)", HFILL}},
        {&hf_pad_len,
         {"Padding bytes", "tcptriage.pad_len", FT_UINT8, BASE_DEC, NULL, 0, "Ethernet padding behind the datagram",
          HFILL}},
#define TCPT_FIELD(name, filter, type, label)                                                                          \
    {&hf_value[TCPT_F_##name], {label, "tcptriage." filter, FIELD_##type, NULL, 0, NULL, HFILL}},
#include "tcptriage/fields.def"
#undef TCPT_FIELD
    };

    proto_register_field_array(proto_triage, fields, G_N_ELEMENTS(fields));
}

static void look_up_plain_fields(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(plain_fields); i++)
        plain[i] = proto_registrar_get_nth((guint)*plain_fields[i]);
}

/* Whether anybody would see a frame without a finding. The protocol counts as referenced when any of its fields is, of
 * which most belong to findings: so each is asked. */
static bool plain_is_wanted(proto_tree *tree)
{
    if (!proto_field_is_referenced(tree, proto_triage))
        return false; /* also the answer without a tree */
    if (PTREE_DATA(tree)->visible || !PTREE_DATA(tree)->fake_protocols)
        return true;
    for (unsigned i = 0; i < G_N_ELEMENTS(plain); i++)
        if (plain[i]->ref_type == HF_REF_TYPE_DIRECT)
            return true;
    return false;
}

static int expert_group_of(tcpt_group group)
{
    switch (group) {
    case TCPT_GROUP_SEQUENCE:
        return PI_SEQUENCE;
    case TCPT_GROUP_CHECKSUM:
        return PI_CHECKSUM;
    case TCPT_GROUP_PROTOCOL:
        break;
    }
    return PI_PROTOCOL;
}

static int expert_severity_of(tcpt_severity severity)
{
    switch (severity) {
    case TCPT_WARN:
        return PI_WARN;
    case TCPT_NOTE:
        return PI_NOTE;
    case TCPT_CHAT:
        break;
    }
    return PI_CHAT;
}

static unsigned detector_count(void)
{
    unsigned count = 0;

    while (tcpt_detectors[count])
        count++;
    return count;
}

/* One expert info per detector. Wireshark keeps the arrays: they live as long as the program. */
static void register_expert_infos(void)
{
    unsigned count = detector_count();
    ei_register_info *infos = wmem_alloc0_array(wmem_epan_scope(), ei_register_info, count);

    expert_ids = wmem_alloc0_array(wmem_epan_scope(), expert_field, count);
    for (unsigned i = 0; i < count; i++) {
        const tcpt_detector *detector = tcpt_detectors[i];

        expert_ids[i] = (expert_field)EI_INIT;
        infos[i].ids = &expert_ids[i];
        infos[i].eiinfo = (expert_field_info){
            .name = wmem_strdup_printf(wmem_epan_scope(), "tcptriage.%s", detector->id),
            .group = expert_group_of(detector->group),
            .severity = expert_severity_of(detector->severity),
            .summary = detector->message,
            .hf_info = {0, {NULL, NULL, FT_NONE, BASE_NONE, NULL, 0, NULL, HFILL}},
        };
    }
    expert_register_field_array(expert_register_protocol(proto_triage), infos, (int)count);
}

static expert_field *expert_id_of(const tcpt_detector *detector)
{
    unsigned i = 0;

    while (tcpt_detectors[i] != detector)
        i++;
    return &expert_ids[i];
}

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

static void add_string(const struct stage *stage, proto_tree *tree, int field, const char *text)
{
    if (text)
        proto_item_set_generated(proto_tree_add_string(tree, field, stage->tvb, 0, 0, text));
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

/* Wireshark cuts a label at ITEM_LABEL_LENGTH (240 bytes). The field holds the whole text; its label shows the first
 * line, the others follow as mere text. */
static void add_long_string(const struct stage *stage, proto_tree *tree, int field, const char *text)
{
    size_t bytes;

    if (!text)
        return;
    bytes = line_bytes(text);
    proto_item_set_generated(
        proto_tree_add_string_format_value(tree, field, stage->tvb, 0, 0, text, "%.*s", (int)bytes, text));
    for (text += bytes; *text; text += bytes) {
        text += strspn(text, " ");
        bytes = line_bytes(text);
        proto_tree_add_subtree_format(tree, stage->tvb, 0, 0, ett_line, NULL, "    %.*s", (int)bytes, text);
    }
}

static void add_number(const struct stage *stage, proto_tree *tree, int field, uint32_t number)
{
    proto_item_set_generated(proto_tree_add_uint(tree, field, stage->tvb, 0, 0, number));
}

/* One that a read filter has left out would be another frame's number. */
static void add_frame(const struct stage *stage, proto_tree *tree, int field, uint32_t frame)
{
    uint32_t shown = tcpt_frames_shown(frame);

    if (shown)
        add_number(stage, tree, field, shown);
}

static void add_duration(const struct stage *stage, proto_tree *tree, int field, int64_t ns)
{
    nstime_t time = {.secs = (time_t)(ns / 1000000000), .nsecs = (int)(ns % 1000000000)};

    proto_item_set_generated(proto_tree_add_time(tree, field, stage->tvb, 0, 0, &time));
}

static void add_value(const struct stage *stage, proto_tree *tree, const tcpt_value *value)
{
    int field = hf_value[value->field];

    switch (tcpt_fields[value->field].type) {
    case TCPT_TYPE_INTEGER:
        proto_item_set_generated(proto_tree_add_int(tree, field, stage->tvb, 0, 0, (int32_t)value->number));
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
    add_number(stage, tree, hf_case, made->number);
    add_string(stage, tree, hf_case_role, tcpt_role_in_case(diagnosis));
    add_number(stage, tree, hf_case_flows, made->flow_count);
}

static void add_values(const struct stage *stage, proto_tree *tree, const tcpt_finding *finding)
{
    tcpt_value value;

    for (unsigned at = 0; tcpt_next_value(finding, &at, &value);)
        add_value(stage, tree, &value);
}

static void add_finding(const tcpt_finding *finding, void *data)
{
    const struct stage *stage = data;
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    const tcpt_detector *detector = diagnosis->detector;
    proto_item *item = proto_tree_add_string(stage->tree, hf_finding, stage->tvb, 0, 0, detector->id);
    proto_tree *tree;

    proto_item_set_generated(item);
    expert_add_info(stage->pinfo, item, expert_id_of(detector));
    if (!stage->tree)
        return;
    tree = proto_item_add_subtree(item, ett_finding);
    if (proto_field_is_referenced(tree, hf_summary)) /* to write it out costs more than all the rest */
        add_string(stage, tree, hf_summary, summary_of(stage, finding));
    if (proto_field_is_referenced(tree, hf_brief))
        add_string(stage, tree, hf_brief, shown_text(stage, tcpt_brief_text(finding)));
    add_string(stage, tree, hf_severity, tcpt_severity_name(detector->severity));
    add_string(stage, tree, hf_confidence, tcpt_confidence_name(diagnosis->confidence));
    add_case(stage, tree, diagnosis);
    if (diagnosis->delay_ns)
        add_duration(stage, tree, hf_delay, diagnosis->delay_ns);
    add_values(stage, tree, finding);
    for (uint32_t i = 0; i < diagnosis->related_count; i++)
        add_frame(stage, tree, hf_related_frame, diagnosis->related[i]->frame);
    add_long_string(stage, tree, hf_explanation, detector->explanation);
    for (unsigned i = 0; i < diagnosis->ruled_out_count; i++)
        add_long_string(stage, tree, hf_ruled_out, diagnosis->ruled_out[i]);
    add_long_string(stage, tree, hf_remedy, detector->remedy);
    add_long_string(stage, tree, hf_reference, detector->reference);
}

static void add_missing_at(const tcpt_finding *finding, void *data)
{
    const struct stage *stage = data;
    tcpt_value value;

    if (tcpt_value_of(finding, TCPT_F_VANTAGE_TO, &value))
        add_string(stage, stage->tree, hf_missing_at, value.text);
}

static void add_evidence(const tcpt_finding *finding, void *data)
{
    const struct stage *stage = data;

    add_frame(stage, stage->tree, hf_evidence_for, finding->on->frame);
    add_missing_at(finding, data);
}

/* Where it was captured, and where else. */
static void add_vantage(const struct stage *stage, const tcpt_record *record)
{
    if (tcpt_has_points(tcpt_feed_analysis()))
        add_string(stage, stage->tree, hf_vantage, record->flow->at->name);
    if (record->same_as)
        add_frame(stage, stage->tree, record->copied ? hf_seen_again : hf_same_as, record->same_as);
    tcpt_each_finding(record, add_missing_at, (void *)stage);
}

static void count_finding(const tcpt_finding *finding, void *data)
{
    struct stage *stage = data;

    if (stage->finding_count++ == 0) /* the gravest comes first */
        stage->headline = finding;
}

static void append_headline(const struct stage *stage, proto_item *item)
{
    proto_item_append_text(item, ": %s", summary_of(stage, stage->headline));
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
        add_string(stage, stage->tree, hf_ct_uncut, tcpt_ct_reason_text(TCPT_CT_BAD_CHECKSUM, TCPT_CT_CURRENT, text));
    add_number(stage, stage->tree, hf_ct_phantom_len, record->pad_bytes);
}

/* What the models say of a frame; without them, nothing. */
static void add_tracker(const struct stage *stage, const tcpt_record *record)
{
    char text[TCPT_CT_REASON_BYTES];

    if (record->ct_state == TCPT_CT_OFF)
        return;
    add_string(stage, stage->tree, hf_ct_state, tcpt_ct_state_name((tcpt_ct_state)record->ct_state));
    add_string(stage, stage->tree, hf_ct_current, tcpt_ct_verdict_name((tcpt_ct_verdict)record->ct_current));
    add_string(stage, stage->tree, hf_ct_old, tcpt_ct_verdict_name((tcpt_ct_verdict)record->ct_old));
    add_string(stage, stage->tree, hf_value[TCPT_F_CONNTRACK_REASON],
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
    if (stage.finding_count == 0 && !plain_is_wanted(tree))
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
    add_string(&stage, stage.tree, hf_client_state, tcpt_state_name(tcpt_state_in(record, flow->client)));
    add_string(&stage, stage.tree, hf_server_state, tcpt_state_name(tcpt_state_in(record, !flow->client)));
    add_string(&stage, stage.tree, hf_receiver_verdict, tcpt_verdict_name((tcpt_verdict)record->receiver_verdict));
    add_string(&stage, stage.tree, hf_receiver_drop_reason, tcpt_drop_name((tcpt_drop)record->receiver_drop));
    if (stage.complete)
        add_string(&stage, stage.tree, hf_outcome, tcpt_outcome_name(tcpt_outcome_of(flow)));
    if (record->pad_bytes > 0)
        add_number(&stage, stage.tree, hf_pad_len, record->pad_bytes);
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
    for (unsigned i = 0; i < TCPT_FIELD_COUNT; i++)
        hf_value[i] = -1;
    register_fields();
    look_up_plain_fields();
    register_expert_infos();
    proto_register_subtree_array(trees, G_N_ELEMENTS(trees));
    tap = register_tap(TCPT_TAP);
    register_postdissector(create_dissector_handle(present_frame, proto_shown));
}
