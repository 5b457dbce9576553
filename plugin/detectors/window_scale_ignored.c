/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device on the way reads windows without their scale: what lies beyond is dropped. Or it takes the scale out of a
 * SYN-ACK: one end reads them without. */
#include <glib.h>

#include "detectors/detectors.h"
#include "tcptriage/limits.h"
#include "tcptriage/points.h"
#include "tcptriage/sequence.h"

/* What one sender has run into. */
typedef struct narrow {
    tcpt_finding *finding;
    tcpt_record *first; /* repeat by a timer */
    int64_t newest_ns;  /* time of the newest one */
    int64_t waited_ns;  /* for all of them */
    uint32_t left;      /* what that began with */
    uint32_t raw;       /* the largest window on the wire that something lay beyond */
    uint32_t scaled;    /* the same window as it was meant */
    uint32_t stalls;
} narrow;

typedef struct narrow_memory {
    narrow of[2]; /* by sender */
} narrow_memory;

/* Three time-outs at three places, each with bytes beyond and none of them taken: what loss by chance does not do. */
enum { PROVEN_BY = 3 };

/* What was acknowledged at a time when no more than `known` was: the newest step that had come back when it was sent.
 */
static const tcpt_ack_step *known_at(const tcpt_endpoint *receiver, unsigned step)
{
    int64_t sent_ns = receiver->ack_steps[step].time_ns - receiver->rtt_ns;

    while (step > 0)
        if (receiver->ack_steps[--step].time_ns <= sent_ns)
            return &receiver->ack_steps[step];
    return NULL;
}

/* Whether bytes were taken that had been sent beyond the raw window, since then. */
static bool beyond_taken(const tcpt_endpoint *receiver, int64_t since_ns, uint32_t raw)
{
    if (receiver->sack_held && seq_after(receiver->sack_edge, receiver->rcv_nxt + raw))
        return true;
    for (unsigned i = receiver->ack_step_count; i-- > 0 && receiver->ack_steps[i].time_ns >= since_ns;) {
        const tcpt_ack_step *known = known_at(receiver, i);

        if (known && receiver->ack_steps[i].ack - known->ack > raw)
            return true;
    }
    return false;
}

static void complete(const tcpt_context *context, const narrow *mine, unsigned from)
{
    tcpt_resummarise(mine->finding,
                     "What the %s sends beyond %u bytes, the %s's window without its scale (%u with it), is lost, what "
                     "is within arrives: %u time-outs, %.1f s",
                     tcpt_role(context->flow, from), mine->raw, tcpt_role(context->flow, !from), mine->scaled,
                     mine->stalls, tcpt_as_seconds(mine->waited_ns));
    tcpt_brief(mine->finding, "Window scale ignored: all beyond %u bytes lost", mine->raw);
    tcpt_set_number(mine->finding, TCPT_F_WINDOW_RAW, mine->raw);
    tcpt_set_number(mine->finding, TCPT_F_WINDOW_SCALED, mine->scaled);
    tcpt_set_delay(mine->finding, mine->waited_ns);
}

static void refute(const tcpt_context *context, narrow *mine)
{
    if (mine->finding)
        tcpt_withdraw(context, mine->finding);
    *mine = (narrow){0};
}

/* The timer sends the oldest segment again: did everything beyond the raw window get lost, and nothing else? */
static void judge_stall(const tcpt_context *context, narrow *mine)
{
    const tcpt_segment *segment = context->segment;
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from], *receiver = &context->flow->ends[!from];
    uint32_t raw = receiver->rcv_wnd >> receiver->wscale;
    int64_t since_ns = mine->stalls ? mine->newest_ns : receiver->last_ns;

    if (mine->stalls && mine->left == segment->seq) {
        if (segment->payload_bytes <= mine->raw)
            refute(context, mine); /* it lies within, and did not arrive */
        return;
    }
    if (sender->snd_nxt - segment->seq <= raw)
        return;
    mine->raw = MAX(mine->raw, raw);
    if (beyond_taken(receiver, since_ns, mine->raw)) {
        refute(context, mine);
        return;
    }
    if (!mine->stalls)
        mine->first = context->record;
    if (mine->raw == raw)
        mine->scaled = receiver->rcv_wnd;
    mine->stalls++;
    mine->left = segment->seq;
    mine->newest_ns = segment->time_ns;
    mine->waited_ns += segment->time_ns - receiver->last_ns;
    if (mine->stalls < PROVEN_BY)
        return;
    if (!mine->finding) {
        mine->finding = tcpt_raise(context, sender->holed ? TCPT_LOW : TCPT_MEDIUM, " ");
        tcpt_relate(mine->finding, mine->first);
        tcpt_relate(mine->finding, receiver->last_record);
        tcpt_rule_out(mine->finding,
                      "Loss by chance: nothing beyond that window was taken between three time-outs, and "
                      "everything within.");
    }
    complete(context, mine, from);
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_segment *segment = context->segment;
    const tcpt_observation *seen = context->seen;
    const tcpt_endpoint *receiver = &context->flow->ends[!seen->from];
    narrow_memory *mine = memory;

    if (!receiver->wscale || !receiver->acked || segment->seq != receiver->rcv_nxt)
        return;
    if (!seen->new_round || !segment->payload_bytes || seen->really_bad || !receiver->rcv_wnd)
        return;
    if (segment->time_ns - receiver->last_ns < TCPT_SHORTEST_RTO_MS * TCPT_MS_NS)
        return; /* no timer: an ACK has asked for it */
    judge_stall(context, &mine->of[seen->from]);
}

/* ---- what another capture point tells ---- */

/* A SYN-ACK without scale that answers a SYN with one: where each end says it once, nobody has changed his mind. */
static bool answers_without_scale(const tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    return flow->client_known && flow->first_ack_record && client->syn_count == 1 && server->syn_count == 1 &&
           (client->syn_options & TCPT_OPTION_WSCALE) && !(server->syn_options & TCPT_OPTION_WSCALE) &&
           !flow->options_cut;
}

/* The same SYN-ACK nearer to the server, where it puts a scale in force. A proxy's own has other numbers. */
static const tcpt_flow *with_scale(const tcpt_flow *flow, bool *order_assumed)
{
    const tcpt_flow *nearer = tcpt_flow_nearer(flow, !flow->client, order_assumed);
    const tcpt_endpoint *server = nearer ? &nearer->ends[!nearer->client] : NULL;

    if (!server || !nearer->client_known || server->syn_count != 1 || tcpt_is_renumbered(flow))
        return NULL;
    return server->wscale || nearer->ends[nearer->client].wscale ? nearer : NULL;
}

/* The server goes by the scales, the client by none. Either may be 0. */
static char *what_is_misread(const tcpt_flow *nearer)
{
    unsigned of_server = nearer->ends[!nearer->client].wscale, of_client = nearer->ends[nearer->client].wscale;

    if (!of_client)
        return g_strdup_printf("the client reads the server's windows %u times too small", 1u << of_server);
    if (!of_server)
        return g_strdup_printf("the server reads the client's windows %u times too large", 1u << of_client);
    return g_strdup_printf("the client reads windows %u times too small, the server %u times too large",
                           1u << of_server, 1u << of_client);
}

static void settle(const tcpt_context *context, const void *memory)
{
    const tcpt_flow *flow = context->flow, *nearer;
    tcpt_finding *finding;
    char *misread;
    bool assumed;

    (void)memory;
    if (!answers_without_scale(flow) || !(nearer = with_scale(flow, &assumed)))
        return;
    misread = what_is_misread(nearer);
    finding = tcpt_raise_on(context, flow->first_ack_record, flow->first_ack_ns, assumed ? TCPT_MEDIUM : TCPT_HIGH,
                            "The SYN-ACK loses its window scale (%u) between %s and %s: %s",
                            nearer->ends[!nearer->client].wscale, nearer->at->name, flow->at->name, misread);
    g_free(misread);
    tcpt_brief(finding, "Window scale taken out of the SYN-ACK on the way");
    tcpt_relate(finding, nearer->first_ack_record);
    tcpt_rule_out(finding, "A server without window scaling: its SYN-ACK has the option at the point nearer to it.");
}

static const tcpt_field fields[] = {TCPT_F_WINDOW_RAW, TCPT_F_WINDOW_SCALED, TCPT_FIELD_COUNT};

static const char *const explains[] = {"peer_silent", "fin_unacked", "vantage_loss", "recovery_stall", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_OTHER, "tcpdump -ni any '%traffic%'", "do the segments beyond the window arrive there?"},
    {TCPT_ON_BLAMED, "sysctl net.ipv4.tcp_window_scaling", "switched off at one end, as a test, the loss must end"},
    {0},
};

const tcpt_detector tcpt_window_scale_ignored = {
    .id = "window_scale_ignored",
    .message = "What lies beyond the window without its scale gets lost",
    .mistaken = "congestion",
    .explanation =
        "Each time the sender has more under way than the window field says without the scale that both ends have "
        "agreed on, all that is beyond gets lost, and only the retransmission timer moves the connection on. "
        "Consistent with a firewall or router on the way that does not know the scale (it has not seen the SYNs, or "
        "does not support RFC 7323) and drops what it takes for out of window. Where two points have the SYN-ACK with "
        "and without the option the device "
        "takes it out: then the ends themselves disagree.",
    .remedy = "Update or bypass the stateful device between the two ends. Where it follows a connection only from its "
              "middle on (asymmetric routes, failover) let it see both directions from the SYN on. Without window "
              "scaling, as a test, the loss ends.",
    .commands = commands,
    .reference = "RFC 7323 section 2.3",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PATH,
    .explains = explains,
    .wants = TCPT_TRAIT_MISSED,
    .memory_bytes = sizeof(narrow_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
