/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A RST was not honoured: its receiver goes on, and no exact RST has followed. */
#include "detectors/detectors.h"

#include "tcptriage/limits.h"

typedef struct pending {
    tcpt_record *rst; /* first inexact RST toward this end that nothing has settled; NULL when there is none */
    int64_t rst_ns;
    tcpt_rst_position position;
    tcpt_verdict verdict; /* of the chosen stack */
    bool raised;
    tcpt_finding *finding;
} pending;

typedef struct rst_memory {
    pending toward[2];
} rst_memory;

static void note_rst(const tcpt_context *context, rst_memory *memory)
{
    const tcpt_rst_view *rst = &context->seen->rst;
    pending *toward = &memory->toward[!context->seen->from];

    if (!rst->mismatch) {
        if (toward->finding && rst->position != TCPT_RST_NONE && rst->position != TCPT_RST_AT_ACK)
            tcpt_set_number(toward->finding, TCPT_F_RST_RESOLVED_IN, context->record->frame);
        toward->rst = NULL;
        toward->finding = NULL;
        return;
    }
    if (toward->rst || toward->raised || context->flow->ends[context->seen->from].reset_peer)
        return;
    toward->rst = context->record;
    toward->rst_ns = context->segment->time_ns;
    toward->position = rst->position;
    toward->verdict = context->seen->receiver.verdict;
}

/* Expectation against observation. */
static const char *refuted(const tcpt_context *context, const pending *me)
{
    if (me->verdict == TCPT_VERDICT_RESET)
        return "; the chosen stack would have reset: this receiver does not behave like the chosen stack, or the RST "
               "never reached it";
    if (me->verdict == TCPT_VERDICT_CHALLENGE_ACK &&
        context->flow->ends[context->seen->from].trouble->provoked.record == me->rst)
        return "; the chosen stack would have sent a challenge ACK, and none was captured";
    return "";
}

static bool goes_on(const tcpt_context *context)
{
    return context->segment->payload_bytes || (context->segment->flags & (TCPT_FIN | TCPT_SYN)) || context->seen->probe;
}

/* Whether a tracker on the way still knows the flow that this host keeps. It takes any RST after a FIN for the end and
 * forgets the flow ten seconds later (nf_conntrack_tcp_packet(), table entry CLOSE). */
static const char *tracker_note(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;

    bool closing = flow->ends[0].fin || flow->ends[1].fin;

    switch (context->seen->tracker.state) {
    case TCPT_CT_NONE:
        return "; a stateful firewall on the way has forgotten the flow (Linux, default timeouts)";
    case TCPT_CT_CLOSE:
        return "; a stateful firewall on the way took the RST for the end and forgets the flow 10 s later (Linux)";
    case TCPT_CT_OFF:
    case TCPT_CT_UNKNOWN:
        return closing ? "; a stateful firewall on the way forgets the flow all the same (Linux: 10 s after a RST that "
                         "follows a FIN)"
                       : "";
    case TCPT_CT_ESTABLISHED: /* after a FIN that can only be a new entry */
        return closing ? "; a stateful firewall on the way had forgotten the flow and picks it up anew (Linux)" : "";
    default:
        return "";
    }
}

static void judge(const tcpt_context *context, void *memory)
{
    rst_memory *mine = memory;
    pending *me = &mine->toward[context->seen->from];
    int64_t survived_ns;

    if (context->seen->really_bad)
        return;
    if (context->segment->flags & TCPT_RST) {
        note_rst(context, mine);
        me->rst = NULL; /* it ends by itself */
        return;
    }
    if (!me->rst || me->raised || !goes_on(context) || context->seen->old_numbers)
        return;
    survived_ns = context->segment->time_ns - me->rst_ns;
    if (survived_ns < tcpt_rtt_ns(context->flow) + TCPT_REACT_MS * TCPT_MS_NS)
        return;
    me->raised = true;
    me->finding =
        tcpt_raise(context, context->flow->ends[!context->seen->from].holed ? TCPT_LOW : TCPT_HIGH,
                   "The RST in frame %u (%s) had no effect: the %s is still there %.3f s later%s%s", me->rst->frame,
                   tcpt_rst_position_name(me->position), tcpt_role(context->flow, context->seen->from),
                   tcpt_as_seconds(survived_ns), refuted(context, me), tracker_note(context));
    tcpt_set_number(me->finding, TCPT_F_RST_SURVIVED_FOR, survived_ns);
    tcpt_relate(me->finding, me->rst);
    tcpt_relate(me->finding, context->flow->ends[!context->seen->from].fin_record);
    tcpt_rule_out(me->finding, "An exact RST: none was captured between the inexact one and this frame.");
}

static const tcpt_field fields[] = {TCPT_F_RST_SURVIVED_FOR, TCPT_F_RST_RESOLVED_IN, TCPT_FIELD_COUNT};

static const char *const explains[] = {"rst_seq_mismatch", "challenge_ack",       "peer_silent", "close_wait_stuck",
                                       "idle_drop",        "keepalive_dead_peer", "fin_unacked", "fin_missing",
                                       "data_after_close", "conntrack_invalid",   NULL};

const tcpt_detector tcpt_rst_ignored = {
    .id = "rst_ignored",
    .message = "A RST was not honoured: its receiver goes on",
    .explanation = "One side was told to forget the connection and did not, because the RST's SEQ was not the one it "
                   "expects; the other side (or the device that sent the RST) has forgotten it. What the receiver "
                   "still sends goes nowhere until its own timeout.",
    .remedy = "Find who made the RST (compare its TTL and IP ID with its neighbours) and correct its sequence number. "
              "Until then a shorter send or idle timeout on the receiver bounds the damage; Linux 4.11 and later "
              "accepts the RST that is one below after a FIN.",
    .reference = "RFC 9293 section 3.10.7.4; RFC 5961 section 3.2; Linux tcp_validate_incoming()",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_RECEIVER,
    .explains = explains,
    .wants = TCPT_TRAIT_RST | TCPT_TRAIT_ENDING,
    .memory_bytes = sizeof(rst_memory),
    .fields = fields,
    .judge = judge,
};
