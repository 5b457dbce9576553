/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data is sent again and again, and nothing at all comes back. */
#include <glib.h>

#include "detectors/shared/big_ones.h"
#include "detectors/shared/in_vain.h"
#include "detectors/shared/silence.h"
#include "detectors/detectors.h"
#include "tcptriage/address.h"
#include "tcptriage/icmp.h"
#include "tcptriage/limits.h"
#include "tcptriage/queries.h"

typedef struct silent_memory {
    tcpt_finding *finding[2]; /* of the run that goes on, by its sender */
    tcpt_in_vain in_vain[2];  /* the same, of what a peer that speaks does not acknowledge */
    uint32_t too_long[2]; /* bytes of the datagram that is sent in vain, where only shorter ones have passed; or 0 */
} silent_memory;

/* With SYN cookies a server whose accept queue is full forgets the connection, and does not send its SYN-ACK again. */
static bool only_syn_ack_from(const tcpt_flow *flow, unsigned end)
{
    const tcpt_endpoint *server = &flow->ends[end];

    return end != flow->client && server->syn && server->segment_count == server->syn_count;
}

/* As long as packets get, and none so long was ever acknowledged: no proof, as nothing shorter was sent since. */
static bool may_be_too_long(const tcpt_context *context)
{
    const tcpt_flow *flow = context->flow;
    unsigned from = context->seen->from;
    uint32_t longest = tcpt_longest_payload(flow);

    return longest && tcpt_wire_payload(flow, context->segment, from) >= longest && flow->ends[!from].acked &&
           !tcpt_acked_as_many(&flow->ends[!from], longest);
}

static uint32_t too_long(const tcpt_context *context)
{
    uint32_t bytes = tcpt_wire_payload(context->flow, context->segment, context->seen->from);

    return may_be_too_long(context) ? tcpt_datagram_bytes(context->segment, bytes) : 0;
}

/* What else the capture tells, to end the summary with. */
static char *suspicion(const tcpt_context *context)
{
    uint32_t bytes = too_long(context);

    if (only_syn_ack_from(context->flow, !context->seen->from))
        return g_strdup_printf(", and before only its SYN-ACK (%s? accept queue full behind SYN cookies?)",
                               bytes ? "MTU? a filter" : "a filter");
    return bytes ? g_strdup_printf("; shorter ones passed before, none of %u bytes (MTU?)", bytes) : g_strdup("");
}

static void say_silent(const tcpt_context *context, tcpt_finding *finding, double seconds)
{
    unsigned from = context->seen->from;
    const char *role = tcpt_role(context->flow, from), *other = tcpt_role(context->flow, !from);
    uint32_t repeats = context->seen->unanswered_repeats;
    char *more = suspicion(context);

    tcpt_resummarise(finding, "The %s retransmitted %u times in %.1f s; the %s sent nothing back%s", role, repeats,
                     seconds, other, more);
    g_free(more);
    tcpt_brief(finding, "No answer from the %s: %u retransmissions in %.1f s", other, repeats, seconds);
}

static void complete(const tcpt_context *context, tcpt_finding *finding)
{
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from];
    const tcpt_icmp_told *told = tcpt_told_by_icmp(context->flow, from, sender->unanswered_ns);
    const char *role = tcpt_role(context->flow, from), *other = tcpt_role(context->flow, !from);
    uint32_t repeats = context->seen->unanswered_repeats;
    int64_t duration_ns = context->segment->time_ns - sender->unanswered_ns;
    char from_text[TCPT_ADDRESS_BYTES];

    if (told) {
        tcpt_resummarise(finding,
                         "The %s retransmitted %u times in %.1f s; the %s sent nothing back, but ICMP from %s (frame "
                         "%u) says: %s",
                         role, repeats, tcpt_as_seconds(duration_ns), other,
                         tcpt_address_text(from_text, context->flow->key.family, told->from), told->record->frame,
                         tcpt_icmp_kind_words(told->kind));
        tcpt_brief(finding, "ICMP: %s. No answer to %u repeats", tcpt_icmp_kind_words(told->kind), repeats);
    } else
        say_silent(context, finding, tcpt_as_seconds(duration_ns));
    tcpt_relate(finding, told ? told->record : NULL);
    tcpt_set_delay(finding, duration_ns);
    tcpt_set_number(finding, TCPT_F_SILENT_RETRANSMISSIONS, repeats);
    tcpt_set_number(finding, TCPT_F_SILENT_DURATION, duration_ns);
}

/* It has closed, and acknowledges nothing of what was sent: it is there, and goes without. */
static bool closes_without(const tcpt_context *context)
{
    return (context->segment->flags & TCPT_FIN) && !tcpt_answers(context);
}

static void say_accept_queue(const tcpt_context *context, tcpt_finding *finding)
{
    unsigned server = context->seen->from;

    tcpt_resummarise(finding,
                     "The %s sent its SYN-ACK, nothing for %.1f s and %u retransmissions, then %s (frame %u): accept "
                     "queue full behind SYN cookies?",
                     tcpt_role(context->flow, server), tcpt_as_seconds(tcpt_waited_ns(context)),
                     context->flow->ends[!server].unanswered_repeats,
                     context->segment->flags & TCPT_RST ? "a RST" : "an answer", context->record->frame);
}

static void say_heard(const tcpt_context *context, tcpt_finding *finding, const char *what)
{
    unsigned from = context->seen->from;

    tcpt_resummarise(finding, "The %s retransmitted %u times; the %s sent nothing back for %.1f s, then %s (frame %u)",
                     tcpt_role(context->flow, !from), context->flow->ends[!from].unanswered_repeats,
                     tcpt_role(context->flow, from), tcpt_as_seconds(tcpt_waited_ns(context)), what,
                     context->record->frame);
}

/* It was captured at that end's host, or next to it. */
static bool came_to(const tcpt_context *context, unsigned end)
{
    return tcpt_is_near(&context->flow->ends[end]);
}

/* What is lost before a host that lives is the way's fault, unless both may have other keys. */
static void blame_way_before(const tcpt_context *context, tcpt_finding *finding, unsigned end)
{
    if (!came_to(context, end) && !(context->segment->options & TCPT_OPTION_SIGNED))
        tcpt_blame_way(finding);
}

static void brief_without(const tcpt_context *context, tcpt_finding *finding, unsigned end, uint32_t repeats)
{
    tcpt_brief(finding,
               came_to(context, end) ? "The %s lives and has none of %u repeats: dropped there?"
                                     : "Lost on the way? The %s lives and has none of %u repeats",
               tcpt_role(context->flow, end), repeats);
}

/* It lives, and has had nothing: not the host is to blame. */
static void say_without(const tcpt_context *context, tcpt_finding *finding, uint32_t bytes)
{
    unsigned from = context->seen->from;
    uint32_t repeats = context->flow->ends[!from].unanswered_repeats;
    const char *role = tcpt_role(context->flow, !from), *other = tcpt_role(context->flow, from);
    double seconds = tcpt_as_seconds(tcpt_waited_ns(context));

    if (bytes)
        tcpt_resummarise(
            finding,
            "The %s retransmitted %u times; the %s sent nothing back for %.1f s, then spoke (frame %u) and "
            "had none of it: nothing of %u bytes has passed (MTU?)",
            role, repeats, other, seconds, context->record->frame, bytes);
    else
        tcpt_resummarise(
            finding,
            "The %s retransmitted %u times; the %s sent nothing back for %.1f s, then spoke and had none of "
            "it: %s? (frame %u)",
            role, repeats, other, seconds, came_to(context, from) ? "dropped in its host" : "lost on the way",
            context->record->frame);
    brief_without(context, finding, from, repeats);
    blame_way_before(context, finding, from);
}

/* Heard again: taken back, or the summary says when. A RST only says that the connection is gone. */
static void judge_answer(const tcpt_context *context, silent_memory *memory)
{
    unsigned from = context->seen->from;
    uint32_t repeats = context->flow->ends[!from].unanswered_repeats;
    tcpt_finding *finding = memory->finding[!from];
    bool rst = context->segment->flags & TCPT_RST;
    bool refused = only_syn_ack_from(context->flow, from), closes = !refused && closes_without(context);
    bool without = !rst && !refused && !(context->seen->traits & TCPT_TRAIT_ACKS_NEW);

    memory->finding[!from] = NULL;
    if (!rst && !closes && !tcpt_answers(context))
        return;
    /* What was captured at the server's doorstep was not lost: its host had no use for it. */
    if (!rst && !closes && tcpt_heard_in_time(context) && !(refused && tcpt_is_near(&context->flow->ends[from]))) {
        tcpt_withdraw(context, finding);
        return;
    }
    if (refused)
        say_accept_queue(context, finding);
    else if (without)
        say_without(context, finding, memory->too_long[!from]);
    else
        say_heard(context, finding, rst ? "a RST" : "answered");
    if (!without)
        tcpt_brief(finding, "No answer from the %s for %.1f s, %u retransmissions", tcpt_role(context->flow, from),
                   tcpt_as_seconds(tcpt_waited_ns(context)), repeats);
    tcpt_set_delay(finding, tcpt_waited_ns(context));
    tcpt_relate(finding, context->record);
}

/* Each end sends again, and neither acknowledges. */
static bool both_in_vain(const tcpt_context *context, const silent_memory *memory, unsigned from)
{
    enum { SURE = 3 };

    return memory->in_vain[!from].rounds >= SURE && tcpt_still_in_vain(context, &memory->in_vain[!from], !from);
}

static void say_both_in_vain(const tcpt_context *context, const silent_memory *memory, tcpt_finding *finding)
{
    const tcpt_in_vain *by_client = &memory->in_vain[context->flow->client];
    const tcpt_in_vain *by_server = &memory->in_vain[!context->flow->client];
    bool is_signed = context->segment->options & TCPT_OPTION_SIGNED;

    tcpt_resummarise(finding,
                     "Client and server repeat their data (%u and %u times in %.1f s), neither acknowledges "
                     "the other's: %s",
                     by_client->rounds, by_server->rounds,
                     tcpt_as_seconds(context->segment->time_ns - MIN(by_client->first_ns, by_server->first_ns)),
                     is_signed ? "signed (TCP-MD5, TCP-AO): another key, or lost both ways?"
                               : "dropped both ways, behind this capture point?");
    tcpt_brief(finding, "Neither end takes the other's %s: %u and %u repeats", is_signed ? "signed data" : "data",
               by_client->rounds, by_server->rounds);
}

/* It arrives each time. Where the capture shows why, another finding says so (paws_reject, checksum_bad). */
static void say_refused(const tcpt_context *context, const tcpt_in_vain *mine, unsigned from)
{
    tcpt_resummarise(mine->finding,
                     "The %s sent the same %u times more in %.1f s; the %s answers with its old ACK (frame %u): it "
                     "arrives, and is refused (changed on the way? timestamps?)",
                     tcpt_role(context->flow, from), mine->rounds, tcpt_as_seconds(mine->round_ns - mine->first_ns),
                     tcpt_role(context->flow, !from), mine->answer->frame);
    tcpt_brief(mine->finding, "Refused, not lost: %u repeats draw the same old ACK", mine->rounds);
}

static void say_in_vain(const tcpt_context *context, const silent_memory *memory, unsigned from)
{
    const tcpt_in_vain *mine = &memory->in_vain[from];
    const char *role = tcpt_role(context->flow, from), *other = tcpt_role(context->flow, !from);
    int64_t duration_ns = mine->round_ns - mine->first_ns;

    if (both_in_vain(context, memory, from)) {
        say_both_in_vain(context, memory, mine->finding);
    } else if (!mine->heard || tcpt_is_refused(mine)) {
        say_refused(context, mine, from);
    } else {
        tcpt_resummarise(mine->finding,
                         "The %s sent the same %u times more in %.1f s; the %s speaks (frame %u), and acknowledges "
                         "none of it: lost on the way, or dropped in its host?",
                         role, mine->rounds, tcpt_as_seconds(duration_ns), other, mine->heard->frame);
        brief_without(context, mine->finding, !from, mine->rounds);
    }
    tcpt_set_delay(mine->finding, duration_ns);
    tcpt_set_number(mine->finding, TCPT_F_SILENT_RETRANSMISSIONS, mine->rounds);
    tcpt_set_number(mine->finding, TCPT_F_SILENT_DURATION, duration_ns);
}

/* Sent again while the other end speaks: that one is not silent, it does not get what is sent to it. */
static void judge_in_vain(const tcpt_context *context, silent_memory *memory)
{
    unsigned from = context->seen->from;
    tcpt_in_vain *mine = &memory->in_vain[from], *other = &memory->in_vain[!from];

    tcpt_count_in_vain(context, mine);
    if (mine->finding) {
        say_in_vain(context, memory, from);
        return;
    }
    if ((!tcpt_is_in_vain(mine) && !tcpt_is_refused(mine)) || mine->told || tcpt_silence_explained(context))
        return;
    if (other->finding && both_in_vain(context, memory, from)) {
        say_in_vain(context, memory, !from);
        return;
    }
    mine->finding = tcpt_raise(context, context->flow->ends[from].holed ? TCPT_LOW : TCPT_MEDIUM, " ");
    say_in_vain(context, memory, from);
    tcpt_relate(mine->finding, mine->first);
    tcpt_relate(mine->finding, tcpt_is_refused(mine) ? mine->answer : mine->heard);
    blame_way_before(context, mine->finding, !from);
    tcpt_rule_out(mine->finding, "A host that is gone: it speaks.");
    if (tcpt_is_refused(mine))
        tcpt_rule_out(mine->finding, "Loss on the way there: each repeat draws an answer.");
}

static void say_taken(const tcpt_context *context, const tcpt_in_vain *mine)
{
    const char *role = tcpt_role(context->flow, !context->seen->from),
               *other = tcpt_role(context->flow, context->seen->from);
    int64_t waited_ns = context->segment->time_ns - mine->first_ns;

    if (waited_ns < tcpt_seconds_ns(TCPT_HEARD_SECONDS)) {
        tcpt_withdraw(context, mine->finding);
        return;
    }
    tcpt_resummarise(mine->finding,
                     "The %s sent the same %u times more; the %s spoke and acknowledged none of it for %.1f s, then "
                     "did (frame %u)",
                     role, mine->rounds, other, tcpt_as_seconds(waited_ns), context->record->frame);
    brief_without(context, mine->finding, context->seen->from, mine->rounds);
    tcpt_set_delay(mine->finding, waited_ns);
    tcpt_relate(mine->finding, context->record);
}

/* It has taken it at last: taken back, or the summary says when; what is told of both ends is of one again. */
static void judge_taken(const tcpt_context *context, silent_memory *memory)
{
    unsigned from = context->seen->from;
    tcpt_in_vain *mine = &memory->in_vain[!from];

    if (!mine->rounds || !(context->seen->traits & TCPT_TRAIT_ACKS_NEW))
        return;
    if (mine->finding)
        say_taken(context, mine);
    *mine = (tcpt_in_vain){0};
    if (memory->in_vain[from].finding)
        say_in_vain(context, memory, from);
}

static void judge(const tcpt_context *context, void *memory)
{
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from];
    silent_memory *mine = memory;
    uint32_t repeats = context->seen->unanswered_repeats;

    if (context->seen->really_bad)
        return;
    if ((context->seen->traits & TCPT_TRAIT_HEARD_AGAIN) && mine->finding[!from])
        judge_answer(context, mine);
    judge_taken(context, mine);
    if (context->seen->traits & TCPT_TRAIT_MISSED)
        judge_in_vain(context, mine);
    if (!context->seen->new_round || context->seen->probe || !context->segment->payload_bytes ||
        !context->flow->both_ways)
        return;
    if (sender->idle_before_ns >= tcpt_seconds_ns(context->settings->idle_seconds))
        return; /* idle_drop */
    if (repeats > TCPT_REPEATS_PROVE && mine->finding[from])
        complete(context, mine->finding[from]);
    if (repeats != TCPT_REPEATS_PROVE || mine->in_vain[from].finding || tcpt_silence_explained(context))
        return;
    mine->finding[from] = tcpt_raise(context, sender->holed ? TCPT_LOW : TCPT_MEDIUM, " ");
    mine->in_vain[from].told = true;
    mine->too_long[from] = too_long(context);
    complete(context, mine->finding[from]);
    tcpt_relate(mine->finding[from], sender->unanswered_record);
    tcpt_relate(mine->finding[from], context->flow->ends[!from].last_record);
}

static const tcpt_field fields[] = {TCPT_F_SILENT_RETRANSMISSIONS, TCPT_F_SILENT_DURATION, TCPT_FIELD_COUNT};

static const char *const explains[] = {"fin_unacked", "keepalive_dead_peer", "close_wait_stuck", "icmp_error", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_BLAMED, "tcpdump -ni any '%traffic%'", "do the segments arrive, and does an ACK leave?"},
    {TCPT_ON_BLAMED, "ss -tan '%socket%'", "does it have the connection, and in which state?"},
    {TCPT_ON_BLAMED, "nft list ruleset | grep -n drop", "the silent side's own rules"},
    {0},
};

const tcpt_detector tcpt_peer_silent = {
    .id = "peer_silent",
    .message = "Data sent again and again without any answer",
    .mistaken = "a slow server: not even receipt is acknowledged",
    .explanation = "The other side was there a moment ago and answers nothing any more: consistent with a host that "
                   "crashed or lost its network, a path that broke, or a firewall that drops the flow from some packet "
                   "on. Where ICMP tells of an error, its sender knows more than the silence. A side that speaks and "
                   "acknowledges nothing is there: what is sent to it is lost, or dropped in its host.",
    .remedy = "If the segments arrive at the silent side, look at its filter, and if it is a server that has only sent "
              "its SYN-ACK at its accept queue. If not, look at the path. tcp_retries2 or TCP_USER_TIMEOUT bounds how "
              "long the sender tries. Where several hosts fall silent at one moment look at what they share: a gateway "
              "or NAT that restarted or failed over, a link that broke.",
    .commands = commands,
    .reference = "RFC 9293 section 3.8.3; RFC 6298 section 5; RFC 1122 section 4.2.3.5",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_RECEIVER,
    .silence = TCPT_SILENCE_OF_DATA,
    .picture = TCPT_DRAWN_AS_SEQUENCE,
    .explains = explains,
    .wants = TCPT_TRAIT_UNANSWERED | TCPT_TRAIT_HEARD_AGAIN | TCPT_TRAIT_MISSED,
    .follows = TCPT_TRAIT_ACKS_NEW,
    .memory_bytes = sizeof(silent_memory),
    .fields = fields,
    .judge = judge,
};
