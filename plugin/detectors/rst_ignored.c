/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A RST was not honoured: its receiver goes on. An inexact one is no matter where the receiver's next segment draws the
 * exact one; an exact one never reached TCP, or TCP took no notice (rules A.5 and K.3). */
#include "detectors/detectors.h"

#include <glib.h>

#include "tcptriage/limits.h"
#include "tcptriage/times.h"

/* An exact RST that follows so soon has done what the one before it could not; after an inexact one see is_drawn(). */
enum { RESOLVED_SECONDS = 1 };

/* What was raised of one end, of a RST that was inexact or of one that was exact. */
typedef struct survival {
    tcpt_finding *finding; /* while it may be taken back or told more of; else NULL */
    int64_t raised_ns;
    bool raised;
    bool stays; /* the next exact RST proves nothing */
} survival;

typedef struct rst_memory {
    survival of[2][2]; /* by end; exact or not */
} rst_memory;

/* ---- the next exact RST ---- */

static bool follows_at_once(const tcpt_context *context, const survival *me)
{
    return me->finding && context->segment->time_ns - me->raised_ns <= tcpt_seconds_ns(RESOLVED_SECONDS);
}

/* A closed socket's answer to what shows that the inexact RST had no effect: nothing has hung. What comes later only
 * ends what was wrong until then. */
static bool is_drawn(const tcpt_context *context, const survival *me)
{
    return follows_at_once(context, me) &&
           context->segment->time_ns - me->raised_ns <= MAX(tcpt_rtt_ns(context->flow), TCPT_ANSWER_MS * TCPT_MS_NS);
}

static void take_back(const tcpt_context *context, survival *me)
{
    tcpt_withdraw(context, me->finding);
    me->raised = false;
}

static void resolve(const tcpt_context *context, survival *inexact, survival *exact)
{
    if (is_drawn(context, inexact))
        take_back(context, inexact);
    else if (inexact->finding)
        tcpt_set_number(inexact->finding, TCPT_F_RST_RESOLVED_IN, context->record->frame);
    inexact->finding = NULL;
    if (!exact->stays && follows_at_once(context, exact)) {
        take_back(context, exact);
        exact->stays = true; /* the first may have been lost; a second is enough */
    }
    exact->finding = NULL;
}

static void judge_rst(const tcpt_context *context, rst_memory *memory)
{
    const tcpt_rst_view *rst = &context->seen->rst;
    survival *of = memory->of[!context->seen->from];

    if (!rst->mismatch && rst->position != TCPT_RST_NONE && rst->position != TCPT_RST_AT_ACK)
        resolve(context, &of[false], &of[true]);
}

/* ---- what is said ---- */

/* Whether a tracker on the way still knows the flow that this host keeps. It takes any RST after a FIN for the end and
 * forgets the flow ten seconds later (nf_conntrack_tcp_packet(), table entry CLOSE). */
static const char *tracker_note(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    bool closing = flow->ends[0].fin || flow->ends[1].fin;

    switch (context->seen->tracker.state) {
    case TCPT_CT_NONE:
        return "; Linux firewalls have forgotten the flow";
    case TCPT_CT_CLOSE:
        return "; Linux firewalls forget the flow after 10 s";
    case TCPT_CT_OFF:
    case TCPT_CT_UNKNOWN:
        return closing ? "; Linux firewalls forget the flow after 10 s" : "";
    case TCPT_CT_ESTABLISHED: /* after a FIN that can only be a new entry */
        return closing ? "; Linux firewalls had forgotten the flow" : "";
    default:
        return "";
    }
}

/* Expectation against observation: what the receiver cannot be, or cannot have got. */
static void rule_out_stack(tcpt_finding *finding, const tcpt_context *context, tcpt_verdict verdict)
{
    static const char *const would_reset[] = {
        [TCPT_STACK_LINUX] = "A receiver with Linux 4.11 or later that got the RST: it would have closed.",
        [TCPT_STACK_RFC5961] = "A receiver by strict RFC 5961 that got the RST: it would have closed.",
        [TCPT_STACK_RFC793] = "A receiver by RFC 793 that got the RST: it would have closed.",
        [TCPT_STACK_FREEBSD] = "A receiver with FreeBSD that got the RST: it would have closed.",
    };

    if (verdict == TCPT_VERDICT_RESET)
        tcpt_rule_out(finding, would_reset[context->settings->receiver_stack]);
}

/* Its client waits for an answer to its SYN, and this is none (RFC 9293, section 3.10.7.3). */
static bool answers_syn_in_vain(const tcpt_rst_toward *rst)
{
    return rst->position == TCPT_RST_SYN_SENT_BAD_ACK || rst->position == TCPT_RST_SYN_SENT_NO_ACK;
}

static tcpt_finding *raise_in_vain(const tcpt_context *context, const tcpt_rst_toward *rst)
{
    bool bare = rst->position == TCPT_RST_SYN_SENT_NO_ACK;
    tcpt_finding *finding = tcpt_raise(
        context, TCPT_HIGH,
        "The RST in frame %u answers the SYN, but %s: the client sends the SYN again %.3f s later, and waits "
        "for its time-out",
        rst->record->frame, bare ? "has no ACK" : "its ACK is not the SYN's number plus one",
        tcpt_as_seconds(context->seen->outlived_ns));

    tcpt_brief(finding, "SYN refused by a RST %s: not taken", bare ? "without ACK" : "with a wrong ACK number");
    tcpt_rule_out(finding, "A host that is down, or a filter that drops: an answer came.");
    return finding;
}

static tcpt_finding *raise_inexact(const tcpt_context *context, const tcpt_rst_toward *rst)
{
    unsigned from = context->seen->from;
    const char *position = tcpt_rst_position_name((tcpt_rst_position)rst->position);
    tcpt_finding *finding = tcpt_raise(context, context->flow->ends[!from].holed ? TCPT_LOW : TCPT_HIGH,
                                       "The RST in frame %u (%s) had no effect: the %s is still there %.3f s later%s",
                                       rst->record->frame, position, tcpt_role(context->flow, from),
                                       tcpt_as_seconds(context->seen->outlived_ns), tracker_note(context));

    tcpt_brief(finding, "RST ignored (%s): %s goes on", position, tcpt_role(context->flow, from));
    rule_out_stack(finding, context, (tcpt_verdict)rst->verdict);
    if (rst->verdict == TCPT_VERDICT_CHALLENGE_ACK && !rst->challenged)
        tcpt_rule_out(finding, "A challenge ACK: the receiver should have sent one, and none was captured.");
    tcpt_rule_out(finding, "An exact RST: none was captured before its receiver went on.");
    return finding;
}

/* Nothing is wrong with it, nor with who sent it: a filter on its receiver's host, or before that. */
static tcpt_finding *raise_dropped(const tcpt_context *context, uint32_t frame, double seconds, const char *tracker)
{
    unsigned from = context->seen->from;
    bool near = tcpt_is_near(&context->flow->ends[from]);
    tcpt_finding *finding =
        tcpt_raise(context, near ? TCPT_HIGH : TCPT_MEDIUM,
                   "The exact RST in frame %u was dropped %sbehind this point, or ignored: the %s goes on %.3f s "
                   "later%s",
                   frame, near ? "right " : "", tcpt_role(context->flow, from), seconds, tracker);

    if (near)
        tcpt_set_blamed(finding, from);
    else
        tcpt_blame_way(finding);
    return finding;
}

static tcpt_finding *raise_exact(const tcpt_context *context, const tcpt_rst_toward *rst)
{
    unsigned from = context->seen->from;
    const char *role = tcpt_role(context->flow, from), *tracker = tracker_note(context);
    double seconds = tcpt_as_seconds(context->seen->outlived_ns);
    uint32_t frame = rst->record->frame;

    if (rst->lacks_signature) /* dropped before its number is looked at: RFC 2385, section 2.0; RFC 5925, section 7.3 */
        return tcpt_raise(context, TCPT_HIGH,
                          "The RST in frame %u, not signed as the connection is (MD5, AO), was dropped: the %s goes on "
                          "%.3f s later%s",
                          frame, role, seconds, tracker);
    if (rst->challenged)
        return tcpt_raise(context, TCPT_HIGH,
                          "The RST in frame %u had no effect: the %s challenged it and is still there %.3f s later%s",
                          frame, role, seconds, tracker);
    if (rst->position == TCPT_RST_AT_ACK)
        return tcpt_raise(
            context, TCPT_MEDIUM,
            "The RST in frame %u, with more on its way, had no effect: the %s is still there %.3f s later%s", frame,
            role, seconds, tracker);
    return raise_dropped(context, frame, seconds, tracker);
}

/* What is ruled out, and the few words. */
static void complete_exact(const tcpt_context *context, tcpt_finding *finding, const tcpt_rst_toward *rst)
{
    unsigned from = context->seen->from;

    tcpt_brief(finding, "%s without effect: %s goes on",
               rst->lacks_signature                                  ? "RST not signed (MD5 or AO)"
               : rst->challenged || rst->position == TCPT_RST_AT_ACK ? "RST"
                                                                     : "Exact RST",
               tcpt_role(context->flow, from));
    if (!rst->challenged && tcpt_is_near(&context->flow->ends[from]))
        tcpt_rule_out(finding, "Loss of the RST on the way: it was captured at its receiver.");
}

static void judge(const tcpt_context *context, void *memory)
{
    rst_memory *mine = memory;
    const tcpt_flow *flow = context->flow;
    unsigned from = context->seen->from;
    const tcpt_rst_toward *rst;
    survival *me;
    bool exact;

    if (context->seen->really_bad)
        return;
    if (context->segment->flags & TCPT_RST)
        judge_rst(context, mine);
    if (!context->seen->outlived || context->seen->other_syn)
        return; /* another life's SYN-ACK, before its SYN */
    rst = &flow->toward[from];
    exact = tcpt_rst_is_exact(rst->position);
    me = &mine->of[from][exact];
    if (me->raised)
        return;
    me->raised = true;
    me->raised_ns = context->segment->time_ns;
    me->finding = exact                      ? raise_exact(context, rst)
                  : answers_syn_in_vain(rst) ? raise_in_vain(context, rst)
                                             : raise_inexact(context, rst);
    if (exact)
        complete_exact(context, me->finding, rst);
    me->stays |= exact && (rst->challenged || tcpt_is_near(&flow->ends[from]));
    tcpt_set_number(me->finding, TCPT_F_RST_SURVIVED_FOR, context->seen->outlived_ns);
    tcpt_set_text(me->finding, TCPT_F_RST_POSITION, tcpt_rst_position_name((tcpt_rst_position)rst->position));
    tcpt_relate(me->finding, rst->record);
    if (!exact)
        tcpt_relate(me->finding, flow->ends[!from].fin_record);
}

static const tcpt_field fields[] = {TCPT_F_RST_SURVIVED_FOR, TCPT_F_RST_RESOLVED_IN, TCPT_F_RST_POSITION,
                                    TCPT_FIELD_COUNT};

static const char *const explains[] = {"rst_seq_mismatch", "challenge_ack",       "peer_silent", "close_wait_stuck",
                                       "idle_drop",        "keepalive_dead_peer", "fin_unacked", "fin_missing",
                                       "data_after_close", "conntrack_invalid",   NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "ss -tanp '%socket%'", "does the socket outlive the RST, and who holds it?"},
    {TCPT_ON_BLAMED, "tcpdump -ni any -vS '%traffic%'", "does the RST arrive? TTL and IP ID tell who made it"},
    {TCPT_ON_BLAMED, "nft list ruleset | grep -n invalid", "rules that drop what a tracker calls invalid"},
    {TCPT_ON_OTHER, "tcpdump -ni any -vS '%traffic%'", "does this host send the RST, with this number?"},
    {0},
};

const tcpt_detector tcpt_rst_ignored = {
    .id = "rst_ignored",
    .message = "A RST was not honoured: its receiver goes on",
    .mistaken = "a connection that the RST has ended",
    .explanation =
        "One side was told to forget the connection and did not: the RST's SEQ was not the one it expects, or the RST, "
        "exact as it was, never reached its TCP. The other side (or the device that sent the RST) has forgotten it. "
        "What the receiver still sends goes nowhere until its own timeout.",
    .remedy =
        "Find who made the RST (compare its TTL and IP ID with its neighbours) and correct its sequence number. "
        "Until then a shorter send or idle timeout on the receiver bounds the damage; Linux 4.11 and later "
        "accepts the RST that is one below after a FIN. An exact one: look for a filter that drops RSTs or "
        "INVALID packets between this capture point and the receiver's socket (host firewall, sandbox, tracker). "
        "One that is not signed in a signed connection (BGP, LDP): a kernel signs the RST of a closed socket only "
        "while it finds the key, on the listening socket for instance; keep it there, or close in order first.",
    .commands = commands,
    .reference = "RFC 9293 section 3.10.7.4; RFC 5961 section 3.2; Linux tcp_validate_incoming()",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_RECEIVER,
    .explains = explains,
    .wants = TCPT_TRAIT_OUTLIVED,
    .follows = TCPT_TRAIT_RST,
    .memory_bytes = sizeof(rst_memory),
    .fields = fields,
    .judge = judge,
};
