/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/answers.h"

#include "tcptriage/limits.h"

/* What a SYN cookie has no room for where the client has no timestamps (Linux, cookie_init_timestamp()). */
enum { COOKIE_LACKS = TCPT_OPTION_WSCALE | TCPT_OPTION_SACK_PERMITTED | TCPT_OPTION_TIMESTAMPS };

/* ---- ECN ---- */

/* One whose answer may be under way yet is no failure. */
static bool has_failed(const tcpt_listener *listener, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_flow *other = tcpt_flow_of(listener->ecn_record);
    const tcpt_endpoint *server = &other->ends[!other->client];
    int64_t since_ns = segment->time_ns - listener->ecn_ns;

    if (other == flow)
        return flow->ends[flow->client].syn_ns - listener->ecn_ns >= TCPT_SHORTEST_RTO_MS * TCPT_MS_NS;
    return server->rst_count || (!server->segment_count && since_ns >= tcpt_seconds_ns(TCPT_FIRST_RTO_SECONDS));
}

static tcpt_record *ecn_refused(const tcpt_listener *listener, const tcpt_flow *flow, const tcpt_segment *segment)
{
    int64_t answered_ns = listener->ecn_answered_ns;

    if (!listener->ecn_record || flow->asks_ecn ||
        segment->time_ns - listener->ecn_ns > tcpt_seconds_ns(TCPT_SIBLING_SECONDS) ||
        (answered_ns && segment->time_ns - answered_ns <= tcpt_seconds_ns(TCPT_SIBLING_SECONDS)))
        return NULL;
    return has_failed(listener, flow, segment) ? listener->ecn_record : NULL;
}

void tcpt_listener_note_ecn(tcpt_listener *listener, const tcpt_segment *segment, tcpt_record *record)
{
    listener->ecn_record = record;
    listener->ecn_ns = segment->time_ns;
    listener->ecn_failed += listener->ecn_failed < UINT8_MAX;
}

/* ---- cookies ---- */

/* Some stacks leave options out of a SYN that they send again: what that one offered is not known. */
static bool is_cookie(const tcpt_listener *listener, const tcpt_flow *flow, const tcpt_segment *segment)
{
    const tcpt_endpoint *client = &flow->ends[flow->client];
    unsigned lacks = client->syn_options & listener->given & ~(unsigned)segment->options;

    return !listener->cookie_told && !segment->options_cut && client->syn && client->syn_count == 1 &&
           !(segment->options & COOKIE_LACKS) && (lacks & (TCPT_OPTION_WSCALE | TCPT_OPTION_SACK_PERMITTED));
}

void tcpt_observe_answer(tcpt_observation *seen, const tcpt_listener *listener, const tcpt_flow *flow,
                         const tcpt_segment *segment)
{
    seen->ecn_refused = ecn_refused(listener, flow, segment);
    seen->syn_cookie = is_cookie(listener, flow, segment);
}

void tcpt_listener_note_answer(tcpt_listener *listener, const tcpt_flow *flow, const tcpt_segment *segment,
                               const tcpt_observation *seen, tcpt_record *record)
{
    listener->answered_ns = segment->time_ns;
    listener->cookie_told |= seen->syn_cookie;
    if (segment->options & COOKIE_LACKS) {
        listener->given |= segment->options & COOKIE_LACKS;
        listener->given_ttl = segment->ttl;
        listener->given_record = record;
    }
    if (flow->asks_ecn) {
        listener->ecn_answered_ns = segment->time_ns;
        listener->ecn_failed = 0;
    }
    if (flow->asks_ecn || seen->ecn_refused)
        listener->ecn_record = NULL;
}
