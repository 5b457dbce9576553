/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A close that must have happened never shows. */
#include <glib.h>

#include "detectors/shared/close_due.h"
#include "detectors/shared/lacking.h"
#include "detectors/shared/timeouts.h"
#include "detectors/detectors.h"
#include "tcptriage/points.h"
#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"

typedef struct missing_memory {
    tcpt_finding *finding[2]; /* by the end whose FIN is missing */
    uint32_t fin_at[2];       /* where that FIN would begin; valid with finding */
} missing_memory;

static tcpt_finding *raise_missing(const tcpt_context *context, unsigned end, int64_t silence_ns,
                                   tcpt_confidence confidence, const char *why)
{
    const tcpt_endpoint *closer = &context->flow->ends[end];
    char *until = context->segment ? NULL : tcpt_end_of_capture(context->flow, closer->last_ns);
    tcpt_finding *finding = tcpt_raise(context, confidence, "No FIN from the %s, though %s: %.1f s of silence%s%s",
                                       tcpt_role(context->flow, end), why, tcpt_as_seconds(silence_ns),
                                       until ? " up to " : "", until ? until : "");

    g_free(until);
    if (context->segment || !tcpt_capture_lacks_since(context->flow, closer->last_ns))
        tcpt_rule_out(finding, "A hole in the capture: every byte of this side up to the missing FIN was captured.");
    tcpt_brief(finding, "No FIN from %s, %.1f s lost", tcpt_role(context->flow, end), tcpt_as_seconds(silence_ns));
    tcpt_set_delay(finding, silence_ns);
    tcpt_set_text(finding, TCPT_F_FIN_MISSING_FROM, tcpt_role(context->flow, end));
    tcpt_set_number(finding, TCPT_F_FIN_SILENCE, silence_ns);
    if (context->segment)
        tcpt_take_text(finding, TCPT_F_FIN_HINT, tcpt_timeout_hint(context->flow, context->seen->from, silence_ns));
    if (closer->said_close != TCPT_SAID_NOTHING)
        tcpt_relate(finding, closer->said_record);
    tcpt_relate(finding, closer->last_record);
    tcpt_relate(finding, context->flow->ends[!end].fin_record);
    return finding;
}

/* What it sent last is not acknowledged either, this segment's ACK included: not only its FIN was lost. */
static bool unanswered(const tcpt_context *context, unsigned end)
{
    const tcpt_endpoint *closer = &context->flow->ends[end], *other = &context->flow->ends[!end];

    if (!closer->payload_segments || !other->acked || !seq_before(other->rcv_nxt, closer->snd_nxt))
        return false;
    return !context->segment || context->seen->from == end || !(context->segment->flags & TCPT_ACK) ||
           seq_before(context->segment->ack, closer->snd_nxt);
}

/* Its close shows nowhere, and that means something. */
static bool missed(const tcpt_context *context, unsigned end)
{
    return tcpt_close_unseen(context->flow, end) && tcpt_shows_bare(&context->flow->ends[end]) &&
           !unanswered(context, end) && !tcpt_goes_on_elsewhere(context->flow, !end) &&
           !tcpt_fin_is_behind(context->flow, end);
}

static bool after_stall(const tcpt_context *context)
{
    return (context->seen->traits & TCPT_TRAIT_SILENCE) &&
           context->seen->since_ns >= tcpt_seconds_ns(context->settings->stall_seconds);
}

/* The other side gives up after the silence in which the close was due. */
static bool given_up(const tcpt_context *context, unsigned end)
{
    return context->seen->from != end && after_stall(context) && (context->segment->flags & (TCPT_FIN | TCPT_RST));
}

static tcpt_finding *raise_seen_elsewhere(const tcpt_context *context, unsigned end, int64_t silence_ns)
{
    tcpt_record *elsewhere =
        tcpt_fin_elsewhere(context->flow, end, context->now_ns - tcpt_seconds_ns(context->settings->stall_seconds));
    tcpt_finding *finding;
    char *why;

    if (!elsewhere)
        return NULL;
    why = g_strdup_printf("it was seen at %s in frame %u", tcpt_flow_of(elsewhere)->at->name, elsewhere->frame);
    finding = raise_missing(context, end, silence_ns, TCPT_HIGH, why);
    g_free(why);
    tcpt_relate(finding, elsewhere);
    return finding;
}

static tcpt_finding *raise_said(const tcpt_context *context, unsigned end, int64_t silence_ns, tcpt_confidence complete)
{
    tcpt_close_due due = tcpt_close_due_from(context->flow, end);

    if (!due)
        return NULL;
    return raise_missing(context, end, silence_ns,
                         due == TCPT_CLOSE_DUE_COMPLETE || complete == TCPT_LOW ? complete : complete - 1,
                         tcpt_close_due_reason(context->flow, end));
}

/* What the other side sent since is not in the capture: a FIN may have got lost in the same hole. */
static bool shows_hole(const tcpt_context *context, unsigned end)
{
    const tcpt_endpoint *other = &context->flow->ends[!end];

    return (context->segment->flags & TCPT_ACK) && other->sent && seq_after(context->segment->ack, other->snd_nxt);
}

/* Its next SEQ is one further than all it was seen to send: that one is the FIN. */
static bool consumed_one(const tcpt_context *context, unsigned end)
{
    const tcpt_endpoint *closer = &context->flow->ends[end];

    return context->seen->from == end && !context->segment->payload_bytes &&
           !(context->segment->flags & (TCPT_FIN | TCPT_SYN)) && closer->sent &&
           closer->snd_contig == closer->snd_nxt && context->segment->seq == closer->snd_nxt + 1 &&
           !shows_hole(context, end);
}

/* A RST without ACK comes from a host that has no socket any more (RFC 9293, section 3.10.7.1). */
static bool answers_fin_without_socket(const tcpt_context *context, unsigned end)
{
    const tcpt_endpoint *closer = &context->flow->ends[end];
    const tcpt_endpoint *other = &context->flow->ends[!end];

    return context->seen->from == end && (context->segment->flags & (TCPT_RST | TCPT_ACK)) == TCPT_RST && other->fin &&
           other->fin_ns > closer->last_ns && context->segment->seq == other->rcv_nxt &&
           (other->rcv_nxt == closer->snd_nxt || other->rcv_nxt == closer->snd_nxt + 1);
}

/* That it has closed is not the only reason: it may never have had the connection, or somebody else has forgotten it.
 */
static tcpt_finding *raise_without_socket(const tcpt_context *context, unsigned end, int64_t silence_ns)
{
    const tcpt_endpoint *closer = &context->flow->ends[end];
    tcpt_finding *finding;

    if (closer->syn && closer->segment_count == closer->syn_count) {
        finding = raise_missing(context, end, silence_ns, TCPT_MEDIUM,
                                "it answers the other side's FIN with a RST; it sent only its SYN-ACK (final ACK "
                                "lost, SYN cookies?)");
        tcpt_brief(finding, "Did the %s ever have it? FIN drew a RST", tcpt_role(context->flow, end));
    } else if (silence_ns >= tcpt_seconds_ns(context->settings->idle_seconds)) {
        finding = raise_missing(context, end, silence_ns, TCPT_MEDIUM,
                                "it (or a device on the way that forgot the idle connection) answers the other side's "
                                "FIN with a RST");
        tcpt_brief(finding, "FIN drew a RST after %.0f s: FIN lost, or NAT entry?", tcpt_as_seconds(silence_ns));
    } else
        finding = raise_missing(context, end, silence_ns, TCPT_MEDIUM,
                                "it has no such connection any more and answers the other side's FIN with a RST");
    return finding;
}

/* It closed all the same, later: say so, and how little is certain then. */
static void withdraw(const tcpt_context *context, missing_memory *memory, unsigned end)
{
    tcpt_finding *finding = memory->finding[end];

    if (!finding || context->seen->from != end || !(context->segment->flags & TCPT_FIN))
        return;
    memory->finding[end] = NULL;
    tcpt_set_confidence(finding, TCPT_LOW);
    tcpt_resummarise(finding, "The %s's FIN was due but came only in frame %u, after the other side had closed",
                     tcpt_role(context->flow, end), context->record->frame);
    tcpt_brief(finding, "FIN of the %s late, after the other side's", tcpt_role(context->flow, end));
    tcpt_relate(finding, context->record);
}

/* The other side acknowledges it: it has arrived, and only the capture lacks it. */
static void take_back_acked(const tcpt_context *context, missing_memory *memory, unsigned end)
{
    const tcpt_segment *segment = context->segment;

    if (!memory->finding[end] || context->seen->from == end || context->seen->odd_ack ||
        (segment->flags & (TCPT_ACK | TCPT_RST)) != TCPT_ACK || !seq_after(segment->ack, memory->fin_at[end]))
        return;
    tcpt_withdraw(context, memory->finding[end]);
    memory->finding[end] = NULL;
}

static void judge_end(const tcpt_context *context, missing_memory *memory, unsigned end)
{
    const tcpt_endpoint *closer = &context->flow->ends[end];
    int64_t stall_ns = tcpt_seconds_ns(context->settings->stall_seconds);
    int64_t own_silence_ns = tcpt_since_ns(context, closer->last_ns);

    if (memory->finding[end] || !missed(context, end))
        return;
    memory->fin_at[end] = closer->snd_contig;
    if (after_stall(context) && !(context->segment->flags & TCPT_FIN && context->seen->from == end))
        memory->finding[end] = raise_seen_elsewhere(context, end, context->seen->since_ns);
    if (!memory->finding[end] && given_up(context, end))
        memory->finding[end] = raise_said(context, end, context->seen->since_ns, TCPT_HIGH);
    if (memory->finding[end])
        return;
    if (own_silence_ns < stall_ns)
        return;
    if (consumed_one(context, end))
        memory->finding[end] =
            raise_missing(context, end, own_silence_ns, context->flow->ends[!end].holed ? TCPT_LOW : TCPT_HIGH,
                          "its SEQ is now one further than all it sent");
    else if (answers_fin_without_socket(context, end) && context->flow->ends[!end].fin_ns - closer->last_ns >= stall_ns)
        memory->finding[end] = raise_without_socket(context, end, own_silence_ns);
}

/* Of a segment without FIN or RST that skips nothing only another capture point can tell; most silences are nothing. */
static bool tells_nothing(const tcpt_context *context)
{
    return !(context->segment->flags & (TCPT_FIN | TCPT_RST)) &&
           context->segment->seq != context->flow->ends[context->seen->from].snd_nxt + 1 &&
           !tcpt_flow_elsewhere(context->flow, 0);
}

static void judge(const tcpt_context *context, void *memory)
{
    missing_memory *mine = memory;

    if (context->seen->really_bad)
        return;
    for (unsigned end = 0; end < 2; end++) {
        withdraw(context, mine, end);
        take_back_acked(context, mine, end);
    }
    if (tells_nothing(context))
        return;
    judge_end(context, mine, 0);
    judge_end(context, mine, 1);
}

/* The other side's FIN is not answered at all. When it is sent again and again that is fin_unacked: it never arrived;
 * when what it sent before is not acknowledged either the silence is older than the close. */
static bool never_answers(const tcpt_flow *flow, unsigned end)
{
    const tcpt_endpoint *closer = &flow->ends[end];
    const tcpt_endpoint *other = &flow->ends[!end];

    return other->fin && other->fin_repeats < 2 && !other->fin_acked && !other->rst_count &&
           closer->last_ns < other->fin_ns && (!closer->acked || !seq_before(closer->rcv_nxt, other->fin_end - 1));
}

/* How sure a FIN that was announced is missing at the end of the capture, and is not in a hole of it. */
static tcpt_confidence sure_at_end(const tcpt_flow *flow, unsigned end)
{
    return tcpt_capture_lacks_since(flow, flow->ends[end].last_ns) ? TCPT_LOW : TCPT_MEDIUM;
}

static void settle(const tcpt_context *context, const void *memory)
{
    const missing_memory *mine = memory;
    const tcpt_flow *flow = context->flow;
    int64_t stall_ns = tcpt_seconds_ns(context->settings->stall_seconds);

    for (unsigned end = 0; end < 2; end++) {
        const tcpt_endpoint *other = &flow->ends[!end];
        int64_t silence_ns = tcpt_since_ns(context, flow->last_ns);

        if (mine->finding[end] || !missed(context, end))
            continue;
        if (!other->rst_count && silence_ns >= stall_ns &&
            (raise_seen_elsewhere(context, end, silence_ns) ||
             (!tcpt_capture_is_holed(flow) && raise_said(context, end, silence_ns, sure_at_end(flow, end)))))
            continue;
        if (never_answers(flow, end) && tcpt_since_ns(context, other->fin_ns) >= stall_ns &&
            !tcpt_capture_is_holed(flow))
            raise_missing(context, end, tcpt_since_ns(context, flow->ends[end].last_ns), TCPT_LOW,
                          "the other side's FIN is not answered at all");
    }
}

static const tcpt_field fields[] = {TCPT_F_FIN_MISSING_FROM, TCPT_F_FIN_SILENCE, TCPT_F_FIN_HINT, TCPT_FIELD_COUNT};

static const char *const explains[] = {"close_wait_stuck", "fin_unacked", "rst_seq_mismatch", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "tcpdump -ni any '%traffic%'", "is the FIN sent, or does it arrive?"},
    {TCPT_ON_CLIENT, "tcpdump -ni any '%traffic%'", "the same on the other end"},
    {TCPT_ON_THE_WAY, "conntrack -S", "does \"invalid\" grow with each FIN?"},
    {TCPT_ON_THE_WAY, "sysctl net.netfilter.nf_conntrack_checksum", "0 hides bad checksums of padded frames"},
    {0},
};

const tcpt_detector tcpt_fin_missing = {
    .id = "fin_missing",
    .message = "A close that must have happened never shows: FIN missing",
    .mistaken = "a slow application: the silence is somebody's time-out",
    .explanation =
        "One side closed, or said that it would, but its FIN never reached this capture point, so a peer that "
        "waits for the end of the connection waits for a timeout of its own. Consistent with a device "
        "between the closing side and this capture that drops the FIN: look whether only short frames are "
        "missing.",
    .remedy =
        "See whether the FIN is sent, and sent again, and how far it comes. Where an Open vSwitch or a connection "
        "tracker is on the way, look for dropped bad checksums of padded frames (Linux 4.16 cuts the padding).",
    .commands = commands,
    .reference = "RFC 9293 section 3.6; RFC 9112 section 9.6; RFC 8446 section 6.1; Linux commit 9382fe71c005",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PATH,
    .explains = explains,
    .wants = TCPT_TRAIT_SILENCE | TCPT_TRAIT_SEQUENCE_ODD | TCPT_TRAIT_ENDING_ODD,
    .follows = TCPT_TRAIT_ENDING | TCPT_TRAIT_ACKS_NEW,
    .memory_bytes = sizeof(missing_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
