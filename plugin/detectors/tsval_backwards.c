/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An unanswered SYN whose timestamp lies behind others of its source address. */
#include "detectors/shared/unanswered_syn.h"
#include "detectors/detectors.h"
#include "tcptriage/peers.h"

typedef struct backwards_memory {
    bool raised;
} backwards_memory;

static void judge(const tcpt_context *context, void *memory)
{
    backwards_memory *mine = memory;
    const tcpt_pair *pair = context->seen->pair;
    tcpt_finding *finding;
    int32_t delta;

    if (mine->raised || !tcpt_syn_left_out(context) || !tcpt_tsval_behind(context, &delta))
        return;
    mine->raised = true;
    finding = tcpt_raise(context, TCPT_MEDIUM,
                         "TSval %u behind the server's last from this address (frame %u, %.1f s before): consistent "
                         "with tcp_tw_recycle behind a NAT",
                         0u - (uint32_t)delta, pair->busy->closed_record->frame,
                         tcpt_as_seconds(context->segment->time_ns - pair->busy->closed_ns));
    tcpt_brief(finding, "tcp_tw_recycle? TSval %u behind frame %u", 0u - (uint32_t)delta,
               pair->busy->closed_record->frame);
    tcpt_set_number(finding, TCPT_F_TSVAL_DELTA, delta);
    tcpt_set_number(finding, TCPT_F_TSVAL_CLOCKS, tcpt_clock_count(pair));
    tcpt_relate(finding, pair->busy->closed_record);
    tcpt_relate(finding, pair->answered_record);
}

static const tcpt_field fields[] = {TCPT_F_TSVAL_DELTA, TCPT_F_TSVAL_CLOCKS, TCPT_FIELD_COUNT};

static const char *const explains[] = {"syn_unanswered", "syn_delayed", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "sysctl net.ipv4.tcp_tw_recycle", "1: this is it; unknown: the kernel has it no more"},
    {TCPT_ON_SERVER, "nstat -az TcpExtPAWSPassive", "does it grow with each such SYN?"},
    {0},
};

const tcpt_detector tcpt_tsval_backwards = {
    .id = "tsval_backwards",
    .message = "An unanswered SYN's timestamp lies behind others of its address",
    .mistaken = "SYNs lost by chance",
    .explanation =
        "Several clients with clocks of their own share one address. A server with net.ipv4.tcp_tw_recycle=1 "
        "remembers the last timestamp per address for 60 s after it closed a connection first, and drops SYNs that "
        "look older without a word.",
    .remedy = "Switch net.ipv4.tcp_tw_recycle off on the server (it is gone since Linux 4.12). Switching timestamps "
              "off on the clients hides it. tcp_tw_reuse is another setting and concerns outgoing connections only.",
    .commands = commands,
    .reference =
        "Linux before 4.12: tcp_peer_is_proven(), tcp_remember_stamp(); commit 4396e46187ca; RFC 7323 section 5",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_LISTENER,
    .explains = explains,
    .wants = TCPT_TRAIT_SYN_MORE,
    .memory_bytes = sizeof(backwards_memory),
    .fields = fields,
    .judge = judge,
};
