/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A RST and an ACK answer each other, round after round (rule K.3). */
#include "detectors/detectors.h"

typedef struct loop_memory {
    tcpt_finding *finding;
    const tcpt_record *first; /* of the run that it tells of */
} loop_memory;

/* What keeps it going. */
typedef enum fault {
    ACK_IS_RST_SEQ, /* RFC 5961, section 3.2, asks for RCV.NXT: a RST that answers that one would be exact */
    RST_SEQ_STAYS,  /* its sender does not take the number that the ACK asks for */
    EXACT_RST,      /* the number asked for, and no effect */
} fault;

static fault fault_of(const tcpt_rst_run *run, uint32_t rst_seq)
{
    if (run->ack != rst_seq)
        return RST_SEQ_STAYS;
    return run->ack != run->acked_before ? ACK_IS_RST_SEQ : EXACT_RST;
}

static void tell(const tcpt_context *context, tcpt_finding *finding)
{
    static const char *const because[] = {
        [ACK_IS_RST_SEQ] = "the ACK carries the RST's SEQ instead of RCV.NXT: it cannot end",
        [RST_SEQ_STAYS] = "the RST keeps a SEQ that is not the one asked for",
        [EXACT_RST] = "the RST is exact, and has no effect",
    };
    static const char *const briefly[] = {
        [ACK_IS_RST_SEQ] = "the ACK has the RST's SEQ",
        [RST_SEQ_STAYS] = "the RST keeps a wrong SEQ",
        [EXACT_RST] = "exact RST without effect",
    };
    const tcpt_flow *flow = context->flow;
    const tcpt_rst_run *run = &flow->rare->rst_run;
    unsigned from = context->seen->from;
    uint32_t rounds = context->seen->rst_rounds;
    fault why = fault_of(run, context->segment->seq);

    tcpt_resummarise(finding, "RSTs of the %s and ACKs of the %s answer each other, %u rounds in %.3f s: %s",
                     tcpt_role(flow, from), tcpt_role(flow, !from), rounds,
                     tcpt_as_seconds(context->segment->time_ns - run->first_ns), because[why]);
    tcpt_brief(finding, "RST and ACK in a loop, %u rounds: %s", rounds, briefly[why]);
    tcpt_set_number(finding, TCPT_F_LOOP_ROUNDS, rounds);
    tcpt_set_text(finding, TCPT_F_LOOP_ACK_IS, why == ACK_IS_RST_SEQ ? "rst_seq" : "rcv_nxt");
    tcpt_set_blamed(finding, why == RST_SEQ_STAYS ? from : !from);
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow;
    const tcpt_rst_run *run = &flow->rare->rst_run;
    loop_memory *mine = memory;

    if (!(context->segment->flags & TCPT_RST))
        return;
    if (!mine->finding || mine->first != run->first) {
        mine->finding = tcpt_raise(context, TCPT_HIGH, " ");
        mine->first = run->first;
        tcpt_relate(mine->finding, run->first);
        tcpt_relate(mine->finding, flow->ends[!context->seen->from].last_record);
    }
    tell(context, mine->finding);
}

static const tcpt_field fields[] = {TCPT_F_LOOP_ROUNDS, TCPT_F_LOOP_ACK_IS, TCPT_FIELD_COUNT};

static const char *const explains[] = {"rst_seq_mismatch", "challenge_ack",     "rst_ignored",
                                       "data_after_close", "conntrack_invalid", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "tcpdump -ni any -vS '%traffic%'", "who sends the RSTs? which SEQ does each side use?"},
    {0},
};

const tcpt_detector tcpt_rst_loop = {
    .id = "rst_loop",
    .message = "RST and ACK answer each other without end",
    .mistaken = "an attack with resets",
    .explanation = "A receiver that does not accept a RST answers it with a challenge ACK, whose sender, if it has "
                   "really lost the "
                   "connection, sends a RST with the number that this ACK asks for: exact, and the end. Here each "
                   "round is like the "
                   "one before. A challenge ACK that carries the RST's own SEQ asks for the same RST again; a device "
                   "that makes up "
                   "RSTs keeps its own number.",
    .remedy =
        "Correct the stack that is blamed: a challenge ACK carries RCV.NXT. Where that is not possible let the "
        "application time out and close; a limit of answers (net.ipv4.tcp_invalid_ratelimit) only slows the loop down.",
    .commands = commands,
    .reference = "RFC 5961 section 3.2; RFC 9293 section 3.10.7.4; Linux tcp_send_challenge_ack()",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_RECEIVER,
    .explains = explains,
    .wants = TCPT_TRAIT_RST_LOOP,
    .memory_bytes = sizeof(loop_memory),
    .fields = fields,
    .judge = judge,
};
