/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tracker before Linux 5.18 loses the window scale: the trigger of the Fast Open storms. */
#include "detectors/detectors.h"

typedef struct reset_memory {
    tcpt_finding *finding; /* of this flow, until the first byte is known that such a tracker refuses */
    uint8_t from;          /* end whose scale was lost */
} reset_memory;

static void raise_reset(const tcpt_context *context, reset_memory *memory)
{
    const tcpt_flow *flow = context->flow;
    unsigned from = context->seen->from;

    memory->from = (uint8_t)from;
    memory->finding =
        tcpt_raise(context, TCPT_HIGH,
                   "A tracker before Linux 5.18 takes this for a new start of the %s and forgets its window scale (%u)",
                   tcpt_role(flow, from), flow->ends[from].wscale);
    tcpt_brief(memory->finding, "Tracker before Linux 5.18 forgets the %s's window scale", tcpt_role(flow, from));
    tcpt_relate(memory->finding, flow->ends[from].last_record);
}

/* The first byte in the other direction that lies beyond the window without its scale. */
static void complete(const tcpt_context *context, reset_memory *memory)
{
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from];
    uint32_t offset = context->segment->seq - sender->iss - 1;

    if (!memory->finding || from == memory->from || !sender->syn ||
        context->seen->tracker.old_reason != TCPT_CT_SEQ_OVER)
        return;
    tcpt_set_number(memory->finding, TCPT_F_CONNTRACK_FIRST_INVALID_OFFSET, offset);
    tcpt_resummarise(
        memory->finding,
        "A tracker before Linux 5.18 takes this for a new start of the %s, forgets its window scale (%u) and refuses "
        "the %s's bytes from %u on (frame %u)",
        tcpt_role(context->flow, memory->from), context->flow->ends[memory->from].wscale,
        tcpt_role(context->flow, from), offset, context->record->frame);
    tcpt_relate(memory->finding, context->record);
    memory->finding = NULL;
}

static void judge(const tcpt_context *context, void *memory)
{
    if (context->seen->traits & TCPT_TRAIT_CT_DIVERGENT)
        complete(context, memory);
    if ((context->seen->traits & TCPT_TRAIT_SCALE_RESET) && !context->flow->scale_reset)
        raise_reset(context, memory);
}

static const tcpt_field fields[] = {TCPT_F_CONNTRACK_FIRST_INVALID_OFFSET, TCPT_FIELD_COUNT};

static const char *const explains[] = {"conntrack_divergence", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_THE_WAY, "uname -r", "before 5.18 (5.17.6): such a tracker"},
    {0},
};

const tcpt_detector tcpt_conntrack_scale_reset = {
    .id = "conntrack_scale_reset",
    .message = "A connection tracker before Linux 5.18 loses the window scale here",
    .explanation =
        "New bytes of the server with TCP options, before a tracker on the way has seen the client's ACK of the "
        "handshake: before Linux 5.18 it takes them for the server's SYN sent again, reads options that offer "
        "no window scale, and from then on takes the server's windows for many times smaller than they are. "
        "Once the client has sent more than about 64 kB, its data and the ACKs of it count as invalid. A risk, "
        "not a fault: nothing happens where no such tracker is, or where nothing drops invalid packets.",
    .remedy =
        "Where a transfer stalls beyond 64 kB: Linux 5.18 (5.17.6) or later on hosts and firewalls with connection "
        "tracking, or do not offer Fast Open to that peer, or do not drop ct state invalid.",
    .commands = commands,
    .reference = "Linux 5.18 netfilter: nf_conntrack_tcp: re-init for syn packets only (tcp_in_window())",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_CHAT,
    .blames = TCPT_BLAMES_PATH,
    .explains = explains,
    .wants = TCPT_TRAIT_SCALE_RESET | TCPT_TRAIT_CT_DIVERGENT,
    .memory_bytes = sizeof(reset_memory),
    .fields = fields,
    .judge = judge,
};
