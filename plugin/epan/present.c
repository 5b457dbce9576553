/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding -> tree and expert info. On an ordinary frame, with nobody asking for our fields, that costs a look at its
 * record. Expert infos are added whether there is a tree or not, so that their counts are the same. */
#include "present.h"

#include <string.h>

#include <epan/column-utils.h>
#include <epan/show_exception.h>
#include <epan/tap.h>

#include "compat.h"
#include "experts.h"
#include "feed.h"
#include "fields.h"
#include "frames.h"
#include "items.h"
#include "layers.h"
#include "proof.h"
#include "remedy.h"
#include "standing.h"
#include "tcptriage/cases.h"
#include "tcptriage/outcome.h"
#include "tcptriage/points.h"
#include "tcptriage/portable.h"

enum {
    HEADLINE_BYTES = 210, /* of a summary: ITEM_LABEL_LENGTH (240) less what else the label has */
};

static int proto_triage = -1;
static const char *proto_short_name;
static int tap = -1;
static int tap_left = -1;

/* What is other while something is presented. */
static struct {
    const char *current_proto;
    unsigned in_error_pkt;
    bool writable;
} before;

static int ett_triage = -1;  /* of a frame that shows nothing odd */
static int ett_found = -1;   /* of one with a finding, or that proves one; Wireshark shows this one and the next open */
static int ett_gravest = -1; /* its gravest finding */
static int ett_finding = -1; /* others */

static const char *summary_of(const tcpt_stage *stage, const tcpt_finding *finding)
{
    if (finding == stage->gravest && stage->headline)
        return stage->headline;
    return tcpt_shown_text(stage, tcpt_summary(finding));
}

/* "Finding: rst_ignored (problem 1 of 2, cause)"; what is less than a problem says so. */
static void append_case(proto_item *item, const tcpt_case *made, const tcpt_diagnosis *diagnosis)
{
    const char *role = tcpt_role_in_case(diagnosis);

    if (made->severity == TCPT_WARN)
        proto_item_append_text(item, " (problem %u of %u, %s)", made->number, tcpt_feed_problems(), role);
    else
        proto_item_append_text(item, " (%s, case %u, %s)", tcpt_severity_name(made->severity), made->number, role);
}

/* Known when all was captured: on frames that are shown again. */
static void add_case(const tcpt_stage *stage, proto_item *finding, proto_tree *tree, const tcpt_diagnosis *diagnosis)
{
    const tcpt_case *made = stage->complete ? tcpt_case_of(diagnosis) : NULL;

    if (!made)
        return;
    if (stage->visible)
        append_case(finding, made, diagnosis);
    tcpt_add_number(stage, tree, TCPT_HF_CASE, made->number);
    tcpt_add_string(stage, tree, TCPT_HF_CASE_ROLE, tcpt_role_in_case(diagnosis));
    tcpt_add_number(stage, tree, TCPT_HF_CASE_FLOWS, made->flow_count);
}

static void add_values(const tcpt_stage *stage, proto_tree *tree, const tcpt_finding *finding)
{
    tcpt_value value;

    for (unsigned at = 0; tcpt_next_value(finding, &at, &value);)
        tcpt_add_value(stage, tree, finding, &value);
}

static void add_command(const tcpt_stage *stage, proto_tree *tree, const tcpt_asked *command)
{
    proto_item *item = proto_tree_add_string_format(tree, tcpt_hf[TCPT_HF_COMMAND], stage->tvb, 0, 0, command->line,
                                                    "On the %s%s%s: %s", command->on, command->host ? " " : "",
                                                    command->host ? command->host : "", command->line);

    proto_item_set_generated(item);
    if (stage->visible)
        tcpt_add_line(stage, tree, command->tells);
}

/* The field has the whole text, its lines the sentences: each command is an item of its own. */
static void add_remedy(const tcpt_stage *stage, proto_tree *tree, const tcpt_finding *finding)
{
    tcpt_remedy remedy;
    char *text, *advice;

    if (!tcpt_is_wanted(stage, TCPT_HF_REMEDY))
        return;
    remedy = tcpt_remedy_of_finding(finding);
    text = tcpt_remedy_text(&remedy);
    advice = tcpt_remedy_advice(&remedy);
    tcpt_add_lines(stage, tree, TCPT_HF_REMEDY, text, advice);
    g_free(text);
    g_free(advice);
}

static void add_commands(const tcpt_stage *stage, proto_tree *tree, const tcpt_finding *finding)
{
    tcpt_remedy remedy;
    tcpt_asked command;

    if (!tcpt_is_wanted(stage, TCPT_HF_COMMAND))
        return;
    remedy = tcpt_remedy_of_finding(finding);
    for (unsigned at = 0; tcpt_next_command(&remedy, &at, &command); tcpt_asked_clear(&command))
        add_command(stage, tree, &command);
}

/* What a reader wants first: what it is, what it means, what to do, what proves it; then what to run, which is long. */
static void add_words(const tcpt_stage *stage, proto_tree *tree, const tcpt_finding *finding)
{
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    const char *summary;

    if (tcpt_is_wanted(stage, TCPT_HF_SUMMARY)) { /* to write it out costs more than all the rest */
        summary = summary_of(stage, finding);
        tcpt_add_lines(stage, tree, TCPT_HF_SUMMARY, summary, summary);
    }
    tcpt_add_lines(stage, tree, TCPT_HF_EXPLANATION, diagnosis->detector->explanation,
                   diagnosis->detector->explanation);
    add_remedy(stage, tree, finding);
    tcpt_add_proofs(stage, tree, finding);
    for (unsigned i = 0; i < diagnosis->ruled_out_count; i++)
        tcpt_add_lines(stage, tree, TCPT_HF_RULED_OUT, diagnosis->ruled_out[i], diagnosis->ruled_out[i]);
    add_commands(stage, tree, finding);
}

static void add_fields(const tcpt_stage *stage, proto_item *item, proto_tree *tree, const tcpt_finding *finding)
{
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    const tcpt_detector *detector = diagnosis->detector;

    tcpt_add_string(stage, tree, TCPT_HF_SEVERITY, tcpt_severity_name(detector->severity));
    tcpt_add_string(stage, tree, TCPT_HF_CONFIDENCE, tcpt_confidence_name(diagnosis->confidence));
    add_case(stage, item, tree, diagnosis);
    if (diagnosis->delay_ns)
        tcpt_add_duration(stage, tree, TCPT_HF_DELAY, diagnosis->delay_ns);
    add_values(stage, tree, finding);
    if (tcpt_is_wanted(stage, TCPT_HF_BRIEF))
        tcpt_add_string(stage, tree, TCPT_HF_BRIEF, tcpt_shown_text(stage, tcpt_brief_text(finding)));
    tcpt_add_lines(stage, tree, TCPT_HF_REFERENCE, detector->reference, detector->reference);
}

/* An expert info makes the tree it hangs on one of Wireshark's own, which is open or closed with all of those. */
static void take_back(proto_item *item, int kind)
{
    proto_tree *tree = proto_item_add_subtree(item, kind);

    (void)tree; /* only the kind counts */
}

static void add_finding_to_tree(const tcpt_stage *stage, const tcpt_finding *finding)
{
    const tcpt_detector *detector = finding->diagnosis->detector;
    proto_item *item = proto_tree_add_string(stage->tree, tcpt_hf[TCPT_HF_FINDING], stage->tvb, 0, 0, detector->id);
    int kind = finding == stage->gravest ? ett_gravest : ett_finding;
    proto_tree *tree = proto_item_add_subtree(item, kind);

    proto_item_set_generated(item);
    add_words(stage, tree, finding);
    add_fields(stage, item, tree, finding);
    tcpt_expert_add(stage->pinfo, stage->tree, item, finding->diagnosis); /* below the item, behind all else */
    take_back(item, kind);
}

/* The expert info hangs on an item of the packet's own; where nobody would notice that one, the name needs none. */
static proto_item *add_name(const tcpt_stage *stage, const tcpt_diagnosis *diagnosis)
{
    proto_item *item;

    if ((stage->silent || !tcpt_expert_is_due(stage->pinfo, stage->tree, diagnosis)) &&
        tcpt_standing_add(stage->pinfo, stage->tree, diagnosis->number))
        return NULL;
    item = proto_tree_add_string(stage->tree, tcpt_hf[TCPT_HF_FINDING], stage->tvb, 0, 0, diagnosis->detector->id);
    proto_item_set_generated(item);
    tcpt_standing_keep(diagnosis->number, item);
    return item;
}

/* Nobody reads the tree: what somebody asks for, all side by side. */
static void add_finding_flat(const tcpt_stage *stage, const tcpt_finding *finding)
{
    const tcpt_detector *detector = finding->diagnosis->detector;
    proto_item *item = add_name(stage, finding->diagnosis);

    if (tcpt_more_is_asked_for(detector->fields)) {
        add_words(stage, stage->tree, finding);
        add_fields(stage, item, stage->tree, finding);
    }
    if (item)
        tcpt_expert_add(stage->pinfo, stage->tree, item, finding->diagnosis);
}

static void add_finding(const tcpt_finding *finding, void *data)
{
    const tcpt_stage *stage = data;

    if (stage->flat)
        add_finding_flat(stage, finding);
    else if (stage->tree)
        add_finding_to_tree(stage, finding);
    else
        tcpt_expert_add(stage->pinfo, NULL, NULL, finding->diagnosis);
}

static void add_missing_at(const tcpt_finding *finding, void *data)
{
    const tcpt_stage *stage = data;
    tcpt_value value;

    if (tcpt_is_wanted(stage, TCPT_HF_MISSING_AT) && tcpt_value_of(finding, TCPT_F_VANTAGE_TO, &value))
        tcpt_add_string(stage, stage->tree, TCPT_HF_MISSING_AT, value.text);
}

static void add_evidence(const tcpt_finding *finding, void *data)
{
    tcpt_add_evidence(data, finding);
    add_missing_at(finding, data);
}

/* Where it was captured, and where else. */
static void add_vantage(const tcpt_stage *stage, const tcpt_record *record)
{
    if (tcpt_has_points(tcpt_feed_analysis()))
        tcpt_add_string(stage, stage->tree, TCPT_HF_VANTAGE, tcpt_flow_of(record)->at->name);
    if (record->same_as)
        tcpt_add_frame(stage, stage->tree, record->copied ? TCPT_HF_SEEN_AGAIN : TCPT_HF_SAME_AS, record->same_as);
    tcpt_each_finding(record, add_missing_at, (void *)stage);
}

static void count_finding(const tcpt_finding *finding, void *data)
{
    tcpt_stage *stage = data;

    if (stage->finding_count++ == 0) /* the gravest comes first */
        stage->gravest = finding;
}

static void note_proven(const tcpt_finding *finding, void *data)
{
    tcpt_stage *stage = data;

    (void)finding;
    stage->proves = true;
}

/* Wireshark cuts a label wherever it ends, within a letter too, and what is said of further findings is lost then. */
static void append_headline(tcpt_stage *stage, proto_item *item)
{
    const char *summary = stage->headline = summary_of(stage, stage->gravest);
    size_t bytes = strlen(summary), most = HEADLINE_BYTES - (stage->named ? TCPT_LAYER_BYTES : 0);

    if (bytes > most)
        bytes = (size_t)(g_utf8_find_prev_char(summary, summary + most) - summary);
    proto_item_append_text(item, ": %.*s%s", (int)bytes, summary, summary[bytes] ? "..." : "");
    if (stage->finding_count > 1)
        proto_item_append_text(item, " (and %u more)", stage->finding_count - 1);
}

/* Further lines, asked for, are those of a tree that is read. */
static bool is_visible(const proto_tree *tree)
{
    return tcpt_is_read(tree) || tcpt_is_asked_for(&tcpt_hf_rows[TCPT_HF_LINE].hfinfo);
}

static bool is_flat(const proto_tree *tree)
{
    return !is_visible(tree) && tcpt_is_asked_for(&tcpt_hf_rows[TCPT_HF_FINDING].hfinfo) &&
           !tcpt_protocol_is_wanted(tree);
}

static void open_tree(tcpt_stage *stage, proto_tree *tree, const tcpt_record *record)
{
    proto_item *item;
    char name[TCPT_LAYER_BYTES];

    stage->visible = is_visible(tree);
    stage->flat = stage->gravest && is_flat(tree);
    if (stage->flat) {
        stage->tree = tree;
        return;
    }
    item = proto_tree_add_item(tree, proto_triage, stage->tvb, 0, 0, ENC_NA);
    if (stage->named && stage->visible)
        proto_item_append_text(item, ", %s", tcpt_layer_name(name, record));
    if (stage->gravest && stage->visible)
        append_headline(stage, item);
    if (stage->visible)
        tcpt_each_proven(record, note_proven, stage);
    stage->tree = proto_item_add_subtree(item, stage->gravest || stage->proves ? ett_found : ett_triage);
}

/* A tracker that is handed the frame with its padding: the checksum covers too much, and without that test the padding
 * counts as payload (nf_ip_checksum(), segment_seq_plus_len()). */
static void add_uncut_tracker(const tcpt_stage *stage, const tcpt_record *record)
{
    char text[TCPT_CT_REASON_BYTES];

    if (record->pad_bytes == 0)
        return;
    if (!record->uncut_good)
        tcpt_add_string(stage, stage->tree, TCPT_HF_CT_UNCUT,
                        tcpt_ct_reason_text(TCPT_CT_BAD_CHECKSUM, TCPT_CT_CURRENT, text));
    tcpt_add_number(stage, stage->tree, TCPT_HF_CT_PHANTOM_LEN, record->pad_bytes);
}

/* What the models say of a frame; without them, nothing. */
static void add_tracker(const tcpt_stage *stage, const tcpt_record *record)
{
    char text[TCPT_CT_REASON_BYTES];

    if (record->ct_state == TCPT_CT_OFF)
        return;
    tcpt_add_string(stage, stage->tree, TCPT_HF_CT_STATE, tcpt_ct_state_name((tcpt_ct_state)record->ct_state));
    tcpt_add_string(stage, stage->tree, TCPT_HF_CT_CURRENT, tcpt_ct_verdict_name((tcpt_ct_verdict)record->ct_current));
    tcpt_add_string(stage, stage->tree, TCPT_HF_CT_OLD, tcpt_ct_verdict_name((tcpt_ct_verdict)record->ct_old));
    tcpt_add_string(stage, stage->tree, TCPT_HF_VALUES + TCPT_F_CONNTRACK_REASON,
                    tcpt_ct_reason_text(record->ct_reason, tcpt_ct_reason_rules(record->ct_current), text));
    add_uncut_tracker(stage, record);
}

static bool is_tapped(void)
{
    return have_tap_listener(tap) || (tcpt_frames_left_out() && have_tap_listener(tap_left));
}

void tcpt_tap(packet_info *pinfo, const tcpt_record *record)
{
    unsigned quoted = pinfo->flags.in_error_pkt;

    if (!is_tapped())
        return;
    pinfo->flags.in_error_pkt = 0; /* to be seen by those who ask for no such packets: the frame itself has a finding */
    tap_queue_packet(tap, pinfo, record);
    if (tcpt_frames_left_out())
        tap_queue_packet(tap_left, pinfo, record);
    pinfo->flags.in_error_pkt = quoted;
}

static void present_record(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, tcpt_record *record, bool named)
{
    tcpt_stage stage = {.tvb = tvb, .pinfo = pinfo, .complete = PINFO_FD_VISITED(pinfo), .named = named};
    bool plain_wanted = tcpt_plain_is_wanted(tree);
    tcpt_flow *flow;

    if (record->notes)
        tcpt_each_finding(record, count_finding, &stage);
    if (stage.finding_count == 0 && !plain_wanted)
        return;

    if (tree)
        open_tree(&stage, tree, record);
    if (stage.finding_count > 0 && stage.tree && stage.complete)
        tcpt_feed_make_cases();
    if (stage.finding_count > 0)
        tcpt_each_finding(record, add_finding, &stage);
    if (!plain_wanted)
        return;
    tcpt_each_proven(record, add_evidence, &stage);
    if (record->icmp) { /* no segment: nothing has a state after it */
        add_vantage(&stage, record);
        return;
    }
    flow = tcpt_flow_of(record);
    tcpt_add_string(&stage, stage.tree, TCPT_HF_CLIENT_STATE, tcpt_state_name(tcpt_state_in(record, flow->client)));
    tcpt_add_string(&stage, stage.tree, TCPT_HF_SERVER_STATE, tcpt_state_name(tcpt_state_in(record, !flow->client)));
    tcpt_add_string(&stage, stage.tree, TCPT_HF_RECEIVER_VERDICT,
                    tcpt_verdict_name((tcpt_verdict)record->receiver_verdict));
    tcpt_add_string(&stage, stage.tree, TCPT_HF_RECEIVER_DROP_REASON, tcpt_drop_name((tcpt_drop)record->receiver_drop));
    if (stage.complete)
        tcpt_add_string(&stage, stage.tree, TCPT_HF_OUTCOME, tcpt_outcome_name(tcpt_outcome_of(flow)));
    if (record->pad_bytes > 0)
        tcpt_add_number(&stage, stage.tree, TCPT_HF_PAD_LEN, record->pad_bytes);
    add_tracker(&stage, record);
    add_vantage(&stage, record);
}

static bool has_notes(tcpt_record *const *records, unsigned count)
{
    while (count > 0)
        if (records[--count]->notes)
            return true;
    return false;
}

static bool experts_rise(tcpt_record *const *records, unsigned count)
{
    while (count > 0)
        if (tcpt_experts_rise(records[--count]))
            return true;
    return false;
}

static bool is_seen(const packet_info *pinfo, const proto_tree *tree, tcpt_record *const *records, unsigned count)
{
    if (!has_notes(records, count))
        return tcpt_plain_is_wanted(tree);
    return tcpt_any_is_wanted(tree) || tcpt_experts_are_looked_at(pinfo, tree) || experts_rise(records, count);
}

bool tcpt_is_noticed_again(const packet_info *pinfo, const proto_tree *tree)
{
    return tree || !tcpt_experts_may_be_spared(pinfo) || is_tapped();
}

/* No call tells the GUI's plugins that a file is complete: so the end is judged when a frame is shown again, if what it
 * tells would be seen. */
bool tcpt_is_to_be_presented(const packet_info *pinfo, const proto_tree *tree, tcpt_record *const *records,
                             unsigned count)
{
    if (PINFO_FD_VISITED(pinfo)) {
        if (!tcpt_is_noticed_again(pinfo, tree))
            return false;
        for (unsigned i = 0; i < count; i++)
            tcpt_settle_record(tcpt_feed_analysis(), records[i]);
    }
    return is_seen(pinfo, tree, records, count);
}

/* What a packet quoted by an ICMP error has to do without while it is dissected: columns, and taps but for those that
 * ask for such. The frame itself has a finding. */
static void begin_presenting(packet_info *pinfo)
{
    before.current_proto = pinfo->current_proto;
    before.in_error_pkt = pinfo->flags.in_error_pkt;
    before.writable = col_get_writable(pinfo->cinfo, -1);
    pinfo->current_proto = proto_short_name; /* whose expert infos these are, where no tree tells */
    pinfo->flags.in_error_pkt = 0;
    col_set_writable(pinfo->cinfo, -1, TRUE);
}

static void end_presenting(packet_info *pinfo)
{
    pinfo->current_proto = before.current_proto;
    pinfo->flags.in_error_pkt = before.in_error_pkt;
    col_set_writable(pinfo->cinfo, -1, before.writable);
}

static tvbuff_t *frame_of(const packet_info *pinfo)
{
    return get_data_source_tvb(pinfo->data_src->data);
}

void tcpt_present(packet_info *pinfo, proto_tree *tree, tcpt_record **records, unsigned count, bool named)
{
    proto_tree *root = proto_tree_get_root(tree);
    tvbuff_t *tvb = frame_of(pinfo);

    begin_presenting(pinfo);
    if (count > 1)
        tcpt_layers_sort(records, count);
    for (unsigned i = 0; i < count; i++)
        present_record(tvb, pinfo, root, records[i], named);
    end_presenting(pinfo);
}

/* Items that Wireshark takes at least before it gives up on the tree by an exception. */
static bool has_room(const proto_tree *tree)
{
    enum { ITEMS_MOST = 64 /* of a finding */ };

    return PTREE_DATA(tree)->count + TCPT_ON_FRAME_MOST * ITEMS_MOST < prefs.gui_max_tree_items;
}

bool tcpt_present_at_once(packet_info *pinfo, proto_tree *tree, const tcpt_record *record)
{
    tcpt_stage stage = {.pinfo = pinfo, .flat = true, .silent = true};

    if (!tree || !is_flat(tree) || tcpt_plain_is_wanted(tree) || !tcpt_experts_are_silent(pinfo, tree) ||
        !has_room(tree))
        return false;
    stage.tvb = frame_of(pinfo);
    stage.tree = proto_tree_get_root(tree);
    tcpt_each_finding(record, add_finding, &stage);
    return true;
}

/* As the frame's dissector does it for post-dissectors. */
void tcpt_presenting_failed(packet_info *pinfo, proto_tree *tree, unsigned long exception, const char *message)
{
    show_exception(frame_of(pinfo), pinfo, proto_tree_get_root(tree), exception, message);
    end_presenting(pinfo);
}

/* Once, as soon as Wireshark has counted its trees: what its user closes stays closed. */
static void open_what_was_found(void)
{
    static bool done;

    if (done)
        return;
    done = true;
    tree_expanded_set(ett_found, TRUE);
    tree_expanded_set(ett_gravest, TRUE);
}

void tcpt_present_register(int proto)
{
    static int *trees[] = {&ett_triage, &ett_found, &ett_gravest, &ett_finding};

    proto_triage = proto;
    proto_short_name = proto_get_protocol_short_name(find_protocol_by_id(proto));
    tcpt_fields_register(proto);
    tcpt_experts_register(proto);
    tcpt_standing_register();
    proto_register_subtree_array(trees, G_N_ELEMENTS(trees));
    register_init_routine(open_what_was_found);
    tap = register_tap(TCPT_TAP);
    tap_left = register_tap(TCPT_TAP_LEFT);
}
