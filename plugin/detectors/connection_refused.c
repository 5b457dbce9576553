/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SYN is answered by a RST. */
#include "detectors/detectors.h"

#include <string.h>

#include "tcptriage/flow.h"
#include "tcptriage/limits.h"
#include "tcptriage/peers.h"
#include "tcptriage/points.h"

typedef struct refused_memory {
    tcpt_finding *finding;
    int64_t rst_ns; /* of the newest such RST, its TTL, its SEQ and how many tries there were by then */
    uint32_t rst_seq;
    uint32_t tries;
    uint32_t syn_frame; /* of the SYN that it answers */
    uint8_t rst_ttl;
    bool by_old;         /* what is left of the connection before refuses */
    bool by_others;      /* a SYN-ACK answers the same SYN */
    bool unheard;        /* the client asks on by its timer */
    bool accepted;       /* the port answers the next SYN that is captured */
    int64_t open_ago_ns; /* how long before the port had answered another SYN; 0: not that is known */
} refused_memory;

#define CAUSES "Consistent with a port on which nobody listens, or a filter that rejects"

/* A port that answers is not closed: devices and services that take so many connections and no more, Windows with a
 * full backlog, a filter that rejects some clients. One that is shut down is seen the same way, at first. */
#define CAUSES_OF_OPEN "The port answered another SYN %.3f s before: full, just ended, or a filter of clients?"

enum {
    /* Lives of a 4-tuple that are looked through: a client that is refused again and again makes many. */
    LIVES_MOST = 8,
    /* Who asks again although it is refused does so after half a second (Windows); timers for an answer that does not
     * come begin with a second (RFC 6298, section 2). */
    TIMER_MS = 900,
};

/* The connection before on these ports, where the RST speaks from it: a RST from no socket has SEQ 0 here (RFC 9293,
 * section 3.10.7.1). NULL for none. */
static const tcpt_flow *refusing_life(const tcpt_context *context)
{
    const tcpt_flow *old = tcpt_life_before(context->flow);

    for (unsigned i = 1; old && !old->synchronised && i < LIVES_MOST; i++)
        old = tcpt_life_before(old); /* refused like this one */
    return old && old->synchronised && context->segment->seq != 0 &&
                   context->segment->seq == old->ends[!old->client].snd_nxt && old->client == context->flow->client
               ? old
               : NULL;
}

static void say_old_numbers(const tcpt_context *context, tcpt_finding *finding, const tcpt_flow *old)
{
    tcpt_resummarise(
        finding,
        "The server refuses (frame %u): its RST goes on from the connection before on these ports (frame %u, %.1f s "
        "before), which is still there; the port is not closed",
        context->flow->ends[context->flow->client].last_record->frame, old->last_record->frame,
        tcpt_as_seconds(context->flow->first_ns - old->last_ns));
    tcpt_brief(finding, "Refused by the connection before on these ports");
    tcpt_relate(finding, old->last_record);
    tcpt_rule_out(finding, "A closed port: its RST would have sequence number 0.");
}

/* A stack that gets the RST gives up: this one has heard of none. */
static void say_unheard(tcpt_finding *finding, uint32_t tries, int64_t since_ns)
{
    tcpt_resummarise(finding,
                     "The server refuses with a RST, %u tries in %.1f s, and the client asks on by its timer: do the "
                     "RSTs get lost on the way back?",
                     tries, tcpt_as_seconds(since_ns));
    tcpt_brief(finding, "Refused, but the client asks on: RST lost on the way?");
}

/* 0 for a port that has not answered lately. */
static int64_t open_ago_ns(const tcpt_context *context)
{
    const tcpt_listener *listener = context->seen->listener;
    int64_t ago_ns = listener && listener->answered_ns ? context->segment->time_ns - listener->answered_ns : 0;

    return ago_ns > 0 && ago_ns < tcpt_seconds_ns(TCPT_SIBLING_SECONDS) ? ago_ns : 0;
}

static void say_open(const tcpt_context *context, const refused_memory *mine)
{
    uint32_t frame = context->flow->ends[context->flow->client].last_record->frame;

    tcpt_resummarise(mine->finding, "The server refuses: a RST answers the SYN (frame %u). " CAUSES_OF_OPEN, frame,
                     tcpt_as_seconds(mine->open_ago_ns));
    tcpt_brief(mine->finding, "Refused; port answered %.3f s ago: full, filter or ended?",
               tcpt_as_seconds(mine->open_ago_ns));
    tcpt_rule_out(mine->finding, "A port that nobody serves: it had answered another SYN shortly before.");
}

static void complete(const tcpt_context *context, const refused_memory *mine)
{
    tcpt_finding *finding = mine->finding;
    const tcpt_endpoint *client = &context->flow->ends[context->flow->client];
    int64_t since_ns = context->segment->time_ns - context->flow->first_ns;

    tcpt_set_number(finding, TCPT_F_SYN_TRIES, client->syn_count);
    if (client->syn_count == 1)
        return;
    tcpt_set_delay(finding, since_ns);
    if (mine->by_old || mine->by_others || mine->accepted)
        return;
    if (mine->unheard)
        say_unheard(finding, client->syn_count, since_ns);
    else if (mine->open_ago_ns)
        tcpt_resummarise(finding, "The server refuses with a RST, %u tries in %.1f s. " CAUSES_OF_OPEN,
                         client->syn_count, tcpt_as_seconds(since_ns), tcpt_as_seconds(mine->open_ago_ns));
    else
        tcpt_resummarise(finding, "The server refuses with a RST, %u tries in %.1f s. " CAUSES, client->syn_count,
                         tcpt_as_seconds(since_ns));
}

static void note_rst(const tcpt_context *context, refused_memory *mine)
{
    const tcpt_endpoint *client = &context->flow->ends[context->flow->client];

    mine->unheard |=
        mine->rst_ns && client->syn_count > mine->tries && client->last_ns - mine->rst_ns >= TIMER_MS * TCPT_MS_NS;
    mine->rst_ns = context->segment->time_ns;
    mine->rst_seq = context->segment->seq;
    mine->rst_ttl = context->segment->ttl;
    mine->tries = client->syn_count;
    mine->syn_frame = client->last_record->frame;
}

/* The SYN that was refused last draws a SYN-ACK as well. One host gives one answer; a service that has come up in the
 * meantime answers the next try, and a RST of the SYN-ACK's own socket, captured before it, goes on from its number. */
static bool answers_too(const tcpt_context *context, const refused_memory *mine)
{
    const tcpt_endpoint *client = &context->flow->ends[context->flow->client];
    const tcpt_segment *segment = context->segment;

    return (segment->flags & (TCPT_SYN | TCPT_ACK | TCPT_RST)) == (TCPT_SYN | TCPT_ACK) &&
           segment->ack == client->snd_nxt && client->syn_count == mine->tries && segment->seq + 1 != mine->rst_seq;
}

static void say_others(const tcpt_context *context, refused_memory *mine)
{
    tcpt_finding *finding = mine->finding;

    mine->by_others = true;
    tcpt_rule_out_nothing(finding);
    tcpt_resummarise(finding,
                     "The RST (TTL %u) is not the service's: a SYN-ACK (frame %u, TTL %u) answers the same SYN %.3f s "
                     "later. A device on the way refuses, or an address is used twice",
                     mine->rst_ttl, context->record->frame, context->segment->ttl,
                     tcpt_as_seconds(context->segment->time_ns - mine->rst_ns));
    tcpt_brief(finding, "RST and SYN-ACK answer one SYN: refused on the way?");
    tcpt_relate(finding, context->record);
    tcpt_rule_out(finding, "A closed port: the service answers, too.");
}

static bool same_client(const tcpt_flow *a, const tcpt_flow *b)
{
    return memcmp(a->key.address[a->client], b->key.address[b->client], sizeof a->key.address[0]) == 0;
}

/* One that answers before and after is not closed, and did not just end or begin. Devices that test who connects refuse
 * a client's first try. */
static void say_accepted(const tcpt_context *context, const tcpt_flow *flow, refused_memory *mine)
{
    tcpt_finding *finding = mine->finding;
    double later = tcpt_as_seconds(context->segment->time_ns - mine->rst_ns);
    bool same = same_client(flow, context->flow);

    mine->accepted = true;
    if (mine->open_ago_ns) {
        tcpt_resummarise(
            finding,
            "A RST refuses the SYN (frame %u); others are accepted %.3f s before and%s %.3f s after (frame "
            "%u): one of several servers down, %s?",
            mine->syn_frame, tcpt_as_seconds(mine->open_ago_ns), same ? " this client" : "", later,
            context->record->frame, same ? "clients tested" : "full, or a filter");
        tcpt_brief(finding, "Refused, others before and after not: one server down?");
        tcpt_rule_out(finding, "A service that had just ended: it answers the next SYN.");
    } else {
        tcpt_resummarise(finding,
                         "A RST refuses the SYN (frame %u); %s is accepted %.3f s after (frame %u): just started, one "
                         "of several servers down, or %s?",
                         mine->syn_frame, same ? "this client's next" : "another", later, context->record->frame,
                         same ? "are clients tested" : "a filter");
        tcpt_brief(finding, "Refused; accepted %.3f s later: just started?", later);
        tcpt_rule_out(finding, "A port that nobody serves: it answers the next SYN.");
    }
    tcpt_relate(finding, context->record);
}

/* A refusal of the same port, in another connection or in this one. */
static void follow_refusal(const tcpt_context *context, refused_memory *mine)
{
    const tcpt_flow *flow = context->seen->refused_before ? tcpt_flow_of(context->seen->refused_before) : context->flow;
    refused_memory *theirs = flow == context->flow ? mine : tcpt_memory_of(flow, context->detector);

    if (theirs && theirs->finding && !theirs->by_old && !theirs->by_others && !theirs->unheard && !theirs->accepted)
        say_accepted(context, flow, theirs);
}

/* The SYN-ACK of a later try. */
static bool answers_retry(const tcpt_context *context, const refused_memory *mine)
{
    const tcpt_endpoint *client = &context->flow->ends[context->flow->client];

    return mine->finding && client->syn_count > mine->tries && context->segment->ack == client->snd_nxt;
}

/* Once per SYN: Windows asks a closed port three times, and some clients for as long as they live. */
static void judge(const tcpt_context *context, void *memory)
{
    refused_memory *mine = memory;
    const tcpt_flow *flow = context->flow, *old;

    if (context->seen->really_bad || context->seen->from == flow->client)
        return;
    if (mine->finding && !mine->by_others && answers_too(context, mine))
        say_others(context, mine);
    if ((context->segment->flags & TCPT_SYN) && !context->seen->ecn_refused &&
        (context->seen->refused_before || answers_retry(context, mine)))
        follow_refusal(context, mine);
    if (context->seen->rst.position != TCPT_RST_SYN_SENT_OK || flow->ends[!flow->client].syn)
        return;
    if (!flow->ends[flow->client].last_record)
        return; /* its SYN came into the life before this one, which a damaged SYN-ACK began */
    if (!mine->finding && flow->crowd != TCPT_CROWD_NONE)
        return; /* told of as a whole */
    old = mine->finding ? NULL : refusing_life(context);
    if (!mine->finding) {
        mine->finding = tcpt_raise(context, TCPT_HIGH, "The server refuses: a RST answers the SYN (frame %u). " CAUSES,
                                   flow->ends[flow->client].last_record->frame);
        tcpt_relate(mine->finding, flow->ends[flow->client].last_record);
        mine->open_ago_ns = old ? 0 : open_ago_ns(context);
        if (mine->open_ago_ns)
            say_open(context, mine);
    }
    mine->by_old |= old != NULL;
    note_rst(context, mine);
    complete(context, mine);
    if (old)
        say_old_numbers(context, mine->finding, old);
}

/* ---- what another connection of the server tells ---- */

static uint8_t usual_ttl(const tcpt_flow *other, const tcpt_host *server)
{
    const tcpt_endpoint *end = &other->ends[other->ends[1].host == server];

    return end->host == server ? tcpt_only_ttl(end) : 0;
}

/* A packet filter or a balancer before the server that refuses is fewer hops away. Some hosts have another TTL for what
 * belongs to no socket: it proves nothing. */
static void doubt_by_ttl(const tcpt_context *context, const refused_memory *mine)
{
    const tcpt_host *server = context->flow->ends[!context->flow->client].host;
    const tcpt_flow *other = server && server->open ? tcpt_flow_of(server->open) : NULL;
    uint8_t usual = other ? usual_ttl(other, server) : 0;
    tcpt_finding *finding;

    if (!usual || !mine->rst_ttl || mine->rst_ttl == usual)
        return;
    finding = tcpt_instead_of(context, mine->finding);
    tcpt_set_confidence(finding, TCPT_MEDIUM);
    tcpt_resummarise(finding,
                     "A RST answers the SYN (frame %u). Its TTL is %u, the server's is %u in another connection (frame "
                     "%u): does the server refuse, or a device before it?",
                     mine->syn_frame, mine->rst_ttl, usual, other->last_record->frame);
    tcpt_brief(finding, "Refused, TTL %u not %u: by a device on the way?", mine->rst_ttl, usual);
    tcpt_relate(finding, other->last_record);
}

/* ---- what another capture point tells ---- */

static void say_between(const tcpt_context *context, tcpt_finding *finding, const tcpt_rst_origin *origin)
{
    const char *nearer = origin->nearer->name;
    uint32_t syn = context->flow->ends[context->flow->client].last_record->frame;

    tcpt_relate(finding, origin->proved_by);
    if (origin->proof < TCPT_RST_ANSWERS_MISSING) {
        tcpt_resummarise(finding, "A RST answers the SYN (frame %u), but not the server's: it begins between %s and %s",
                         syn, nearer, context->flow->at->name);
        tcpt_brief(finding, "Refused between two points, not by the server");
        tcpt_blame_way(finding);
        if (tcpt_rst_proof_is_by_times(origin->proof))
            tcpt_set_confidence(finding, TCPT_MEDIUM);
        return;
    }
    tcpt_set_confidence(finding, TCPT_MEDIUM);
    tcpt_brief(finding, origin->proof == TCPT_RST_PORT_UNSEEN ? "Refused by a device between the points, or the server?"
                                                              : "Refused by a device between the points, or a gap?");
    if (origin->proof == TCPT_RST_PORT_UNSEEN)
        tcpt_resummarise(finding,
                         "A RST answers the SYN (frame %u); %s, nearer to the server, has nothing of port %u: did a "
                         "device between refuse, or does its filter leave that out?",
                         syn, nearer, context->flow->key.port[!context->flow->client]);
    else if (origin->proof == TCPT_RST_ANSWERS_MISSING)
        tcpt_resummarise(finding,
                         "A RST answers the SYN (frame %u); %s, nearer to the server, has neither: did a device "
                         "between refuse, or is there a gap?",
                         syn, nearer);
    else
        tcpt_resummarise(finding,
                         "A RST answers the SYN (frame %u); %s, nearer to the server, has that SYN alone (frame %u): "
                         "did a device between refuse, or is there a gap?",
                         syn, nearer, origin->proved_by->frame);
}

static void settle(const tcpt_context *context, const void *memory)
{
    const refused_memory *mine = memory;
    tcpt_rst_origin origin;

    if (!mine->finding || mine->by_old || mine->by_others)
        return;
    if (tcpt_rst_begins_on_the_way(context->flow, !context->flow->client, &origin))
        say_between(context, tcpt_instead_of(context, mine->finding), &origin);
    else if (!mine->unheard && !mine->accepted && !mine->open_ago_ns)
        doubt_by_ttl(context, mine);
}

static const tcpt_field fields[] = {TCPT_F_SYN_TRIES, TCPT_FIELD_COUNT};

static const char *const explains[] = {"conntrack_invalid", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_SERVER, "ss -ltn 'sport = :%port%'", "does the service listen, and on this address?"},
    {TCPT_ON_SERVER, "ss -tan 'sport = :%port%'", "how many connections does it hold, and of whom?"},
    {TCPT_ON_SERVER, "nft list ruleset | grep -n reject", "the rules that answer with a RST"},
    {TCPT_ON_SERVER, "tcpdump -ni any '%traffic%'", "does the RST leave the server?"},
    {0},
};

const tcpt_detector tcpt_connection_refused = {
    .id = "connection_refused",
    .message = "A SYN is answered by a RST",
    .brief = "Connection refused: closed port, or a filter that rejects",
    .mistaken = "a host that is down",
    .explanation =
        "The RST acknowledges the SYN, and no SYN-ACK came before it: the client gives up at once (ECONNREFUSED). "
        "Consistent with a port on which nobody listens (a service that is down, or bound to another address), or "
        "with a filter that rejects instead of dropping. The host itself, or a device before it, is up. A port that "
        "answers others just before or after is open: a device or service that takes so many connections and no more "
        "(a "
        "printer, a PLC, Windows with a full backlog), a filter that rejects this client, one of several servers "
        "behind one address that is down, a device that refuses each client's first try, or a service that has just "
        "ended or begun. Where a SYN-ACK answers the same SYN, the RST was sent by "
        "somebody else than the service; so was one that a capture nearer to the server shows to begin on the way, and "
        "perhaps one whose TTL is not that of the server's other connections.",
    .remedy =
        "Let the service listen on this address, or mend the rule that rejects. A RST that does not leave the "
        "server comes from a device on the way, or from a second host with its address; one that the client takes no "
        "notice of is lost on the way back. Where it has the numbers of the connection before, that host (or a "
        "firewall) has not let go of it: connect from another port, or later; a client with one fixed port, as NFS "
        "has, meets it at each reconnect.",
    .commands = commands,
    .reference = "RFC 9293 section 3.10.7.1; Linux tcp_v4_rcv(), tcp_rcv_synsent_state_process()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_LISTENER,
    .explains = explains,
    .wants = TCPT_TRAIT_RST_FIRST | TCPT_TRAIT_SYN_MORE,
    .memory_bytes = sizeof(refused_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
