/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcptriage/outcome.h"

#include <glib.h>
#include <string.h>

#include "tcptriage/analysis.h"
#include "tcptriage/limits.h"
#include "tcptriage/points.h"
#include "tcptriage/queries.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

enum {
    /* What is not answered by then is taken to be lost, by any sender that knows nothing of the way (RFC 6298, section
     * 2.1 and 2.5: the first timeout of a second, doubled once). A shorter end of a capture proves nothing. */
    LOST_SECONDS = 3,
};

typedef struct ending {
    const tcpt_flow *flow;
    const tcpt_endpoint *client;
    const tcpt_endpoint *server;
    int64_t now_ns;
} ending;

const char *tcpt_outcome_name(tcpt_outcome outcome)
{
    static const char *const names[] = {"closed",    "half_closed",      "reset",  "open",  "refused",
                                        "no_answer", "handshake_failed", "silent", "stuck", "partial"};

    return names[outcome];
}

const char *tcpt_outcome_words(tcpt_outcome outcome)
{
    static const char *const words[] = {"closed",    "half closed",      "reset",  "open at the end", "refused",
                                        "no answer", "handshake failed", "silent", "stuck",           "seen in part"};

    return words[outcome];
}

bool tcpt_outcome_is_failure(tcpt_outcome outcome)
{
    return outcome >= TCPT_OUTCOME_REFUSED && outcome <= TCPT_OUTCOME_STUCK;
}

static bool long_ago(const ending *at, int64_t since_ns, int64_t seconds)
{
    return at->now_ns - since_ns >= seconds * TCPT_SECOND_NS;
}

static bool only_syns(const tcpt_endpoint *end)
{
    return end->segment_count == end->syn_count + end->rst_count;
}

/* An end has sent nothing but its SYN or SYN-ACK, and that twice more: it does not get what the other one sends. */
static bool repeats_syn(const ending *at, const tcpt_endpoint *end, int64_t since_ns)
{
    enum { SENT_LEAST = 3 };

    return only_syns(end) && end->syn_count >= SENT_LEAST && long_ago(at, since_ns, LOST_SECONDS);
}

tcpt_outcome tcpt_outcome_of_syn(int64_t waited_ns)
{
    return waited_ns >= TCPT_FIRST_RTO_SECONDS * TCPT_SECOND_NS ? TCPT_OUTCOME_NO_ANSWER : TCPT_OUTCOME_OPEN;
}

/* An ICMP error is all that its newest SYN drew: a client gives up on it, or tries again (Linux, tcp_v4_err()). */
static bool syn_drew_icmp(const ending *at)
{
    const tcpt_icmp_told *told = tcpt_told_by_icmp(at->flow, at->flow->client, at->client->syn_ns);

    return told && told->kind != TCPT_ICMP_FRAGMENTATION_NEEDED;
}

/* The SYN was answered by nothing that completes the handshake. */
static tcpt_outcome of_opening(const ending *at)
{
    if (!at->server->segment_count)
        return syn_drew_icmp(at) || repeats_syn(at, at->client, at->flow->first_ns)
                   ? TCPT_OUTCOME_NO_ANSWER
                   : tcpt_outcome_of_syn(at->now_ns - at->client->syn_ns);
    if (at->server->rst_count && !at->server->syn)
        return TCPT_OUTCOME_REFUSED;
    if (at->client->rst_count && at->server->syn)
        return TCPT_OUTCOME_RESET; /* health checks and scans end so on purpose */
    if (long_ago(at, at->flow->last_ns, TCPT_FIRST_RTO_SECONDS) || repeats_syn(at, at->server, at->flow->first_ns))
        return TCPT_OUTCOME_HANDSHAKE_FAILED;
    return TCPT_OUTCOME_OPEN;
}

/* It asked again, and for long enough; or it asked once, and there was time for ten answers. */
static bool unanswered(const ending *at, const tcpt_endpoint *end)
{
    uint32_t again = end->unanswered_repeats + end->unanswered_fins + end->unanswered_probes;

    return end->unanswered_ns && again > 0 && long_ago(at, end->unanswered_ns, LOST_SECONDS);
}

static bool has(const tcpt_diagnosis *at, const char *id)
{
    for (; at; at = at->next)
        if (tcpt_alike(at) > 0 && strcmp(at->detector->id, id) == 0)
            return true;
    return false;
}

static bool owes_close(const tcpt_flow *flow)
{
    return has(tcpt_first_diagnosis(flow), "close_wait_stuck") ||
           has(tcpt_first_end_diagnosis(flow), "close_wait_stuck") ||
           has(tcpt_first_end_diagnosis(flow), "fin_missing");
}

/* An end has closed its window for too long, and has not opened it since. */
static bool withholds_window(const tcpt_flow *flow)
{
    return has(tcpt_first_end_diagnosis(flow), "zero_window_stall");
}

static bool closed(const tcpt_endpoint *end)
{
    return end->fin || end->fin_acked;
}

/* What it has sent since may be a repeat of these bytes, within a round trip or in other pieces. */
static bool may_have_repeated(const tcpt_endpoint *sender, int64_t newest_ns)
{
    return sender->payload_repeats && sender->last_ns > newest_ns;
}

/* Into a closed window nothing is sent, and what the capture is known to lack may be what is missed. */
bool tcpt_is_abandoned(const tcpt_flow *flow, unsigned sender)
{
    const tcpt_endpoint *sent = &flow->ends[sender], *lacks = &flow->ends[!sender];
    int64_t newest_ns = MAX(MAX(sent->payload_ns, sent->round_ns), sent->fin_last_ns);

    return (sent->payload_record || sent->fin_record) && sent->sent && !sent->holes && !sent->unanswered_probes &&
           lacks->acked && lacks->rcv_wnd && tcpt_shows_bare(lacks) && seq_before(lacks->rcv_nxt, sent->snd_nxt) &&
           newest_ns && !may_have_repeated(sent, newest_ns) &&
           tcpt_now_ns(flow) - newest_ns >= TCPT_LONGEST_RTO_SECONDS * TCPT_SECOND_NS && !tcpt_capture_is_holed(flow) &&
           !tcpt_capture_lacks_since(flow, newest_ns);
}

static tcpt_outcome of_ending(const ending *at)
{
    if (closed(at->client) && closed(at->server))
        return TCPT_OUTCOME_CLOSED;
    return owes_close(at->flow) ? TCPT_OUTCOME_STUCK : TCPT_OUTCOME_HALF_CLOSED;
}

static tcpt_outcome of_open(const ending *at)
{
    tcpt_outcome outcome;

    if (at->client->reset || at->server->reset)
        return TCPT_OUTCOME_RESET;
    if (repeats_syn(at, at->server, at->flow->first_ack_ns))
        return TCPT_OUTCOME_HANDSHAKE_FAILED;
    if (withholds_window(at->flow))
        return TCPT_OUTCOME_STUCK;
    if (unanswered(at, at->client) || unanswered(at, at->server))
        return TCPT_OUTCOME_SILENT;
    outcome = closed(at->client) || closed(at->server) ? of_ending(at) : TCPT_OUTCOME_OPEN;
    if (outcome != TCPT_OUTCOME_OPEN && outcome != TCPT_OUTCOME_HALF_CLOSED)
        return outcome;
    return tcpt_is_abandoned(at->flow, 0) || tcpt_is_abandoned(at->flow, 1) ? TCPT_OUTCOME_SILENT : outcome;
}

tcpt_outcome tcpt_outcome_of(const tcpt_flow *flow)
{
    ending at = {flow, &flow->ends[flow->client], &flow->ends[!flow->client], tcpt_now_ns(flow)};

    if (!at.client->syn && !at.server->syn)
        return TCPT_OUTCOME_PARTIAL;
    if (!flow->both_ways && !(at.client->syn && only_syns(at.client)))
        return TCPT_OUTCOME_PARTIAL;
    if (!at.client->syn)
        return flow->handshake_done ? of_open(&at) : TCPT_OUTCOME_PARTIAL;
    return flow->handshake_done ? of_open(&at) : of_opening(&at);
}

/* A client that has reset too, or sent what the server did not acknowledge, may have provoked it; so may one that is
 * closing. */
uint32_t tcpt_answer_cut_short(const tcpt_flow *flow)
{
    const tcpt_endpoint *client = &flow->ends[flow->client], *server = &flow->ends[!flow->client];

    if (!client->syn || !client->reset || !server->payload_segments || !client->payload_segments ||
        server->rst_count != 1 || client->rst_count || closed(client) || closed(server) || server->holes ||
        client->holes || client->snd_nxt != server->rcv_nxt)
        return 0;
    if (server->rst_ns - server->payload_ns > tcpt_rtt_ns(flow) || !seq_after(server->snd_nxt, client->rcv_nxt))
        return 0;
    return server->snd_nxt - client->rcv_nxt;
}
