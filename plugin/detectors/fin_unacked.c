/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A FIN is sent again and again and not acknowledged. */
#include "detectors/shared/silence.h"
#include "detectors/detectors.h"

#include <glib.h>

#include "tcptriage/sequence.h"

/* Acknowledged so soon after it was first sent, its repeats were ordinary loss: the timeouts before a round trip is
 * known add up to as much (RFC 6298, sections 2.1 and 5.5). */
enum { SOON_SECONDS = 3 };

typedef struct fin_memory {
    tcpt_finding *finding[2]; /* of the FIN of that end */
} fin_memory;

static void summarise(const tcpt_context *context, tcpt_finding *finding, unsigned from, uint32_t repeats,
                      const char *end)
{
    const tcpt_endpoint *sender = &context->flow->ends[from];

    tcpt_resummarise(finding, "The %s's FIN of frame %u was retransmitted %u times and not acknowledged%s",
                     tcpt_role(context->flow, from), sender->fin_record->frame, repeats, end);
    tcpt_brief(finding, "FIN of the %s sent again %u times, no ACK", tcpt_role(context->flow, from), repeats);
    tcpt_set_delay(finding, tcpt_since_ns(context, sender->fin_ns));
    tcpt_set_number(finding, TCPT_F_FIN_RETRANSMISSIONS, repeats);
}

/* Whether it is the FIN that the other end lacks. Where bytes before it are missing there too their loss is the story
 * (peer_silent, idle_drop), and into a closed window nothing gets. */
static bool only_fin_missing(const tcpt_endpoint *sender, const tcpt_endpoint *receiver)
{
    return receiver->acked && receiver->rcv_nxt == sender->fin_end - 1 && receiver->rcv_wnd > 0;
}

static void judge_repeat(const tcpt_context *context, fin_memory *memory)
{
    unsigned from = context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[from];
    const tcpt_endpoint *receiver = &context->flow->ends[!from];
    uint32_t repeats = context->seen->fin_repeats;

    if (!context->seen->fin_again || sender->fin_acked)
        return;
    if (!context->flow->both_ways)
        return; /* its ACKs may be there, uncaptured */
    if (memory->finding[from]) {
        summarise(context, memory->finding[from], from, repeats, "");
        return;
    }
    if (repeats < 2 || !only_fin_missing(sender, receiver) || tcpt_silence_explained(context))
        return;
    memory->finding[from] = tcpt_raise(context, receiver->holed || sender->holed ? TCPT_LOW : TCPT_HIGH, " ");
    summarise(context, memory->finding[from], from, repeats, " so far");
    tcpt_relate(memory->finding[from], sender->fin_record);
    tcpt_relate(memory->finding[from], receiver->last_record);
}

/* Acknowledged at last: soon, and nothing was wrong; else the summary says when. */
static void judge_ack(const tcpt_context *context, fin_memory *memory)
{
    unsigned closer = !context->seen->from;
    const tcpt_endpoint *sender = &context->flow->ends[closer];
    char end[64];

    if (!memory->finding[closer] || sender->fin_acked || seq_before(context->segment->ack, sender->fin_end))
        return;
    if (tcpt_since_ns(context, sender->fin_ns) <= tcpt_seconds_ns(SOON_SECONDS)) {
        tcpt_withdraw(context, memory->finding[closer]);
        memory->finding[closer] = NULL;
        return;
    }
    g_snprintf(end, sizeof end, " until frame %u, %.1f s after it", context->record->frame,
               tcpt_as_seconds(tcpt_since_ns(context, sender->fin_ns)));
    summarise(context, memory->finding[closer], closer, sender->fin_repeats, end);
    tcpt_relate(memory->finding[closer], context->record);
}

static void judge(const tcpt_context *context, void *memory)
{
    if (context->seen->really_bad || (context->segment->flags & TCPT_RST))
        return;
    if (context->segment->flags & TCPT_FIN)
        judge_repeat(context, memory);
    if (context->seen->traits & TCPT_TRAIT_ACKS_NEW)
        judge_ack(context, memory);
}

static const tcpt_field fields[] = {TCPT_F_FIN_RETRANSMISSIONS, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_OTHER, "tcpdump -ni any '%traffic%'", "does the FIN arrive, and does an ACK leave?"},
    {TCPT_ON_OTHER, "ss -tan '%socket%'", "does it still have the connection?"},
    {TCPT_ON_THE_WAY, "conntrack -L -f %family% -p tcp -s %client% -d %server% --dport %port%",
     "does the tracker still know the connection?"},
    {0},
};

const tcpt_detector tcpt_fin_unacked = {
    .id = "fin_unacked",
    .message = "FIN sent again and again without an acknowledgment",
    .mistaken = "an application that does not close",
    .explanation =
        "The side that closes repeats its FIN because no ACK for it arrives. Either the FIN does not reach the "
        "other host (short frames dropped on the way, a firewall that has forgotten the flow), or its ACK "
        "does not come back, or the other host is gone.",
    .remedy = "If only short frames are missing at the other host, see short_frame_loss. Otherwise look for a stateful "
              "device that dropped the flow.",
    .commands = commands,
    .reference = "RFC 9293 section 3.6; RFC 6298 section 5",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PATH,
    .wants = TCPT_TRAIT_FIN_AGAIN,
    .follows = TCPT_TRAIT_FIN | TCPT_TRAIT_ENDING,
    .memory_bytes = sizeof(fin_memory),
    .fields = fields,
    .judge = judge,
};
