/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One side's FIN was acknowledged, and the other owes its own close for long. */
#include "detectors/shared/timeouts.h"
#include "detectors/detectors.h"

typedef struct close_memory {
    bool raised[2]; /* by the end that owes */
} close_memory;

/* Since when `owing` owes its close, with nothing new sent since; 0 when it does not. A half-closed connection
 * over which data still flows is in order (RFC 9293, section 3.6). */
static int64_t owed_since_ns(const tcpt_flow *flow, unsigned owing)
{
    const tcpt_endpoint *closer = &flow->ends[!owing];
    const tcpt_endpoint *ower = &flow->ends[owing];

    if (!closer->fin || !closer->fin_acked || ower->fin || ower->fin_acked || closer->reset_peer ||
        !tcpt_shows_bare(ower))
        return 0;
    return ower->payload_ns > closer->fin_acked_ns ? ower->payload_ns : closer->fin_acked_ns;
}

static void raise_stuck(const tcpt_context *context, unsigned owing, int64_t owed_ns, const char *end)
{
    const tcpt_endpoint *closer = &context->flow->ends[!owing];
    tcpt_finding *finding =
        tcpt_raise(context, context->flow->ends[owing].holed ? TCPT_LOW : TCPT_MEDIUM,
                   "The %s has closed (FIN acknowledged in frame %u), the %s owes its close for %.1f s%s",
                   tcpt_role(context->flow, !owing), closer->fin_acked_record->frame, tcpt_role(context->flow, owing),
                   tcpt_as_seconds(owed_ns), end);

    tcpt_set_text(finding, TCPT_F_CLOSE_OWED_BY, tcpt_role(context->flow, owing));
    tcpt_set_number(finding, TCPT_F_CLOSE_DURATION, owed_ns);
    tcpt_take_text(finding, TCPT_F_CLOSE_HINT, tcpt_timeout_hint(owed_ns));
    tcpt_relate(finding, closer->fin_record);
    tcpt_relate(finding, closer->fin_acked_record);
    tcpt_relate(finding, closer->rst_record);
    tcpt_rule_out(finding, "Loss of the FIN: it was acknowledged.");
}

/* What ends the wait: the owing side speaks again or closes, or the other side gives up. */
static bool ends_wait(const tcpt_context *context, unsigned owing)
{
    if (context->segment->flags & TCPT_RST)
        return context->seen->from == owing || !context->seen->rst.mismatch;
    return context->seen->from == owing && ((context->segment->flags & TCPT_FIN) || context->seen->new_payload);
}

static void judge(const tcpt_context *context, void *memory)
{
    close_memory *mine = memory;

    if (context->seen->really_bad)
        return;
    for (unsigned owing = 0; owing < 2; owing++) {
        int64_t since_ns = owed_since_ns(context->flow, owing);

        if (!since_ns || mine->raised[owing] || !ends_wait(context, owing))
            continue;
        if (context->segment->time_ns - since_ns <= tcpt_seconds_ns(context->settings->close_wait_seconds))
            continue;
        mine->raised[owing] = true;
        raise_stuck(context, owing, context->segment->time_ns - since_ns, ", until this frame");
    }
}

static void settle(const tcpt_context *context, const void *memory)
{
    const close_memory *mine = memory;

    for (unsigned owing = 0; owing < 2; owing++) {
        int64_t since_ns = owed_since_ns(context->flow, owing);

        if (!since_ns || mine->raised[owing] || context->flow->ends[owing].reset)
            continue;
        if (context->now_ns - since_ns <= tcpt_seconds_ns(context->settings->close_wait_seconds))
            continue;
        raise_stuck(context, owing, context->now_ns - since_ns, " and still does at the end of the capture");
    }
}

static const tcpt_field fields[] = {TCPT_F_CLOSE_OWED_BY, TCPT_F_CLOSE_DURATION, TCPT_F_CLOSE_HINT, TCPT_FIELD_COUNT};

static const char *const explains[] = {"data_after_close", NULL};

const tcpt_detector tcpt_close_wait_stuck = {
    .id = "close_wait_stuck",
    .message = "One side has closed, the other owes its close for long",
    .explanation = "The peer's FIN was received and acknowledged, so this side's kernel is in CLOSE-WAIT: only its "
                   "application can end the connection, and it does not. Consistent with an application that does "
                   "not notice the end of input, or waits for a timeout of its own.",
    .remedy = "On the side that owes the close: which process holds the socket (ss -tanp state close-wait), and why "
              "does it not read the end of file and close? A duration that matches a well-known timeout names the "
              "setting to look at (close.hint).",
    .reference = "RFC 9293 sections 3.3.2 and 3.6",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_SENDER,
    .explains = explains,
    .wants = TCPT_TRAIT_ENDING,
    .memory_bytes = sizeof(close_memory),
    .fields = fields,
    .judge = judge,
    .settle = settle,
};
