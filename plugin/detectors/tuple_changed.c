/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection goes on under another address or port, where nobody knows it. */
#include <glib.h>
#include <string.h>

#include "detectors/detectors.h"
#include "tcptriage/address.h"
#include "tcptriage/sequence.h"

typedef struct moved_memory {
    bool raised;
} moved_memory;

static char *socket_of(const tcpt_flow *flow, unsigned end)
{
    char text[TCPT_SOCKET_BYTES];

    return g_strdup(tcpt_socket_text(text, flow->key.family, flow->key.address[end], flow->key.port[end]));
}

/* "port 1024, not 40000", or that it is another address. */
static char *change(const tcpt_flow *was, unsigned was_end, const tcpt_flow *is, unsigned is_end)
{
    if (memcmp(was->key.address[was_end], is->key.address[is_end], sizeof was->key.address[0]) != 0)
        return g_strdup("another address");
    return g_strdup_printf("port %u, not %u", is->key.port[is_end], was->key.port[was_end]);
}

/* The answer to a SYN goes another way than the SYN: the NAT that has changed one does not change the other back. */
static tcpt_finding *raise_answer(const tcpt_context *context, const tcpt_flow *was, const char *what)
{
    unsigned server = context->seen->moved_end;
    bool rst = context->segment->flags & TCPT_RST;
    tcpt_finding *finding =
        tcpt_raise(context, rst ? TCPT_HIGH : TCPT_MEDIUM,
                   "The %s's SYN-ACK (frame %u) comes from %s, and %s: consistent with an answer that goes around a "
                   "NAT or load balancer",
                   tcpt_role(was, server), context->flow->last_record->frame, what,
                   rst ? "draws a RST" : "its client goes on asking");

    tcpt_brief(finding, "SYN-ACK from another %s: it goes around the NAT?", strchr(what, ',') ? "port" : "address");
    tcpt_rule_out(finding, "A server or path that is down: the SYN arrived, and its answer comes back.");
    return finding;
}

/* Nothing new: what the tracker of the NAT calls invalid is not its own to translate. */
static bool nothing_new(const tcpt_endpoint *was, const tcpt_endpoint *is)
{
    return !seq_after(is->snd_nxt, was->snd_nxt) && !seq_after(is->rcv_nxt, was->rcv_nxt);
}

static tcpt_finding *raise_untranslated(const tcpt_context *context, const tcpt_flow *was, const char *what)
{
    unsigned began = !context->flow->ends[0].acked;
    const char *role = tcpt_role(was, context->seen->moved_end);
    tcpt_finding *finding = tcpt_raise(
        context, TCPT_MEDIUM,
        "The %s's segment of odd numbers (frame %u) comes from %s, and draws a RST that ends the connection: "
        "passed by a NAT untranslated, as invalid?",
        role, context->flow->ends[began].last_record->frame, what);

    tcpt_brief(finding, "Invalid, so untranslated? The %s's segment is reset", role);
    tcpt_rule_out(finding, "A new connection: it begins without a SYN, and acknowledges exactly what was sent on the "
                           "other one.");
    return finding;
}

static tcpt_finding *raise_moved(const tcpt_context *context, const tcpt_flow *was, const char *what)
{
    const tcpt_flow *flow = context->flow;
    unsigned began = !flow->ends[0].acked, end = context->seen->moved_end;
    bool rst = context->segment->flags & TCPT_RST;
    tcpt_finding *finding =
        tcpt_raise(context, rst ? TCPT_HIGH : TCPT_MEDIUM,
                   "The %s goes on (frame %u) from %s%s: consistent with a NAT that lost its entry, or "
                   "let it pass untranslated",
                   tcpt_role(was, end), flow->ends[began].last_record->frame, what, rst ? ", and draws a RST" : "");

    tcpt_brief(finding, "NAT lost it? The %s goes on under another %s", tcpt_role(was, end),
               strchr(what, ',') ? "port" : "address");
    tcpt_rule_out(finding,
                  "A new connection: it begins without a SYN, with exactly the next numbers of the other one.");
    if (rst)
        tcpt_rule_out(finding,
                      "A host that has forgotten the connection: it knows it under the other address and port.");
    return finding;
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_flow *flow = context->flow, *was = context->seen->moved;
    unsigned began = !flow->ends[0].acked, was_end = context->seen->moved_end;
    bool rst = context->segment->flags & TCPT_RST;
    moved_memory *mine = memory;
    tcpt_finding *finding;
    char *what;

    if (context->seen->really_bad || mine->raised || (!rst && context->seen->from != began))
        return; /* answered: whoever is there knows it */
    mine->raised = true;
    what = change(was, was_end, flow, began);
    finding = flow->ends[began].syn                                  ? raise_answer(context, was, what)
              : nothing_new(&was->ends[was_end], &flow->ends[began]) ? raise_untranslated(context, was, what)
                                                                     : raise_moved(context, was, what);
    g_free(what);
    tcpt_set_number(finding, TCPT_F_TUPLE_OF_FRAME, was->last_record->frame);
    tcpt_take_text(finding, TCPT_F_TUPLE_WAS, socket_of(was, was_end));
    tcpt_take_text(finding, TCPT_F_TUPLE_IS, socket_of(flow, began));
    tcpt_relate(finding, flow->ends[began].last_record);
    tcpt_relate(finding, was->last_record);
    tcpt_relate(finding, was->ends[was_end].last_record);
}

static const tcpt_field fields[] = {TCPT_F_TUPLE_OF_FRAME, TCPT_F_TUPLE_WAS, TCPT_F_TUPLE_IS, TCPT_FIELD_COUNT};

static const char *const explains[] = {
    "rst_ignored", "rst_seq_mismatch", "conntrack_invalid", "connection_failed",   "peer_silent",
    "idle_drop",   "fin_unacked",      "data_after_close",  "first_request_reset", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_THE_WAY, "conntrack -L -f %family% -p tcp --dport %port%", "the entries of the NAT, and their states"},
    {TCPT_ON_THE_WAY, "conntrack -S", "insert_failed, drop and invalid count what the tracker refused"},
    {TCPT_ON_THE_WAY, "nft list ruleset | grep -n 'ct state'", "is there a rule that drops what is invalid?"},
    {0},
};

const tcpt_detector tcpt_tuple_changed = {
    .id = "tuple_changed",
    .message = "A connection goes on under another address or port",
    .mistaken = "a host that went silent",
    .explanation =
        "A segment without a SYN before it carries exactly the next sequence and acknowledgment numbers of a "
        "connection "
        "that was alive, but comes from another address or port, and the host that it is sent to has no such "
        "connection. Consistent with a NAT on the way that has lost its entry (timeout, restart, table full) and made "
        "a "
        "new one, or with a packet that passed untranslated because the tracker called it invalid. The other end waits "
        "for what will never come under the old address and port. A SYN-ACK under another name has taken another way "
        "than "
        "the SYN: the server answers the client directly, past the NAT or load balancer that has changed the SYN.",
    .remedy =
        "Look at the NAT before this capture point: why did it lose the entry (timeouts, failover, flush, full "
        "table)? Where invalid packets pass untranslated drop them (ct state invalid drop), or let the tracker be "
        "liberal (net.netfilter.nf_conntrack_tcp_be_liberal=1). Where SYN-ACKs go around it, translate the client's "
        "address, too (masquerade), so that the answer comes back to it, or give the server the service's address.",
    .commands = commands,
    .reference = "RFC 5382 section 5; Linux nf_nat_inet_fn(), nf_conntrack_tcp_packet()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PATH,
    .explains = explains,
    .wants = TCPT_TRAIT_MOVED,
    .memory_bytes = sizeof(moved_memory),
    .fields = fields,
    .judge = judge,
};
