/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SACK blocks name bytes that were never sent, always as far beside those that were. */
#include "detectors/detectors.h"
#include "tcptriage/sequence.h"

/* What one end reports. */
typedef struct shifted {
    tcpt_finding *finding;
    tcpt_record *first;
    int64_t first_ns;
    uint32_t left;  /* lowest edge so far */
    uint32_t right; /* highest one */
    int32_t shift;
    uint32_t count; /* ACKs */
} shifted;

typedef struct shifted_memory {
    shifted of[2]; /* by the end that sends the SACK */
} shifted_memory;

/* Three in a row that fit each other: no accident, and no damage. */
enum { PROVEN_BY = 3 };

/* The lowest left edge and the highest right one; all blocks lie far outside of what was sent. */
static void edges_of(const tcpt_segment *segment, uint32_t *left, uint32_t *right)
{
    *left = segment->sack_left[0];
    *right = segment->sack_right[0];
    for (unsigned i = 1; i < segment->sack_count; i++) {
        if (seq_before(segment->sack_left[i], *left))
            *left = segment->sack_left[i];
        *right = seq_max(*right, segment->sack_right[i]);
    }
}

/* Where the lowest block begins, as far as can be told: behind one missing segment as long as the first one that was
 * taken. What was sent bounds it. */
static int32_t estimate(const tcpt_context *context, uint32_t left, uint32_t right)
{
    const tcpt_segment *segment = context->segment;
    uint32_t sent = context->flow->ends[!context->seen->from].snd_nxt;
    uint32_t first_bytes = segment->sack_right[0] - segment->sack_left[0];
    uint32_t least = right - sent, shift = left - (segment->ack + first_bytes);

    return (int32_t)(seq_before(shift, least) ? least : shift);
}

/* Whether they can be of the same shift as those before. */
static bool fits(const tcpt_context *context, const shifted *mine, uint32_t left, uint32_t right)
{
    uint32_t window = context->flow->ends[context->seen->from].max_wnd;

    return left - mine->left + window <= 2 * window && right - mine->left <= 2 * window;
}

static void begin(const tcpt_context *context, shifted *mine, uint32_t left, uint32_t right)
{
    *mine = (shifted){
        .first = context->record,
        .first_ns = context->segment->time_ns,
        .left = left,
        .right = right,
        .shift = estimate(context, left, right),
        .count = 1,
    };
}

static void raise_shift(const tcpt_context *context, shifted *mine)
{
    unsigned from = context->seen->from;

    mine->finding = tcpt_raise(context, TCPT_HIGH,
                               "The %s's SACK blocks lie %d beside what the %s has sent: consistent with a device that "
                               "shifts sequence numbers and leaves SACK as it is",
                               tcpt_role(context->flow, from), mine->shift, tcpt_role(context->flow, !from));
    tcpt_brief(mine->finding, "SACK off by %d: a device on the way leaves it alone", mine->shift);
    tcpt_set_number(mine->finding, TCPT_F_SACK_SHIFT, mine->shift);
    tcpt_relate(mine->finding, mine->first);
    tcpt_relate(mine->finding, context->flow->ends[from].last_record);
}

static void judge_sack(const tcpt_context *context, shifted *mine)
{
    uint32_t left, right;

    edges_of(context->segment, &left, &right);
    if (!mine->count || !fits(context, mine, left, right)) {
        if (!mine->finding)
            begin(context, mine, left, right);
        return;
    }
    if (seq_before(left, mine->left))
        mine->left = left;
    mine->right = seq_max(mine->right, right);
    mine->count++;
    if (mine->count >= PROVEN_BY && !mine->finding)
        raise_shift(context, mine);
}

/* The sender has found out by its timer what SACK could not tell it. */
static void judge_repair(const tcpt_context *context, const shifted *mine)
{
    if (mine->finding)
        tcpt_set_delay(mine->finding, context->segment->time_ns - mine->first_ns);
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_observation *seen = context->seen;
    shifted *mine = &((shifted_memory *)memory)->of[seen->from];

    if (seen->really_bad)
        return;
    if (seen->traits & TCPT_TRAIT_SACK_ODD)
        judge_sack(context, mine);
    else if (mine->finding && (seen->traits & TCPT_TRAIT_HEARD_AGAIN) && (seen->traits & TCPT_TRAIT_ACKS_NEW))
        judge_repair(context, mine);
}

static const tcpt_field fields[] = {TCPT_F_SACK_SHIFT, TCPT_FIELD_COUNT};

static const char *const explains[] = {"conntrack_invalid", "peer_silent", NULL};

static const tcpt_command commands[] = {
    {TCPT_ON_CLIENT, "tcpdump -nvSi any '%traffic%'",
     "with absolute numbers: do the SACK blocks fit the numbers there?"},
    {TCPT_ON_SERVER, "tcpdump -nvSi any '%traffic%'", "the same at the other end"},
    {TCPT_ON_SERVER, "sysctl net.ipv4.tcp_sack", "switched off, as a way around, recovery needs no SACK"},
    {0},
};

const tcpt_detector tcpt_sack_shifted = {
    .id = "sack_shifted",
    .message = "SACK blocks lie outside of all that was sent, always by as much",
    .mistaken = "heavy loss",
    .explanation =
        "The blocks of selective acknowledgments are sequence numbers of the data. Here they lie far from anything "
        "that "
        "was sent, while ACK numbers fit: consistent with a firewall or load balancer that shifts sequence numbers "
        "(initial sequence number randomisation, SYN proxy) and does not translate SACK. The sender cannot use them: "
        "a loss that SACK would repair within a round trip costs a whole retransmission time-out, and a stateful "
        "device behind may drop such ACKs as invalid.",
    .remedy = "Update the device, or switch its sequence number randomisation off (Cisco ASA, FWSM: set connection "
              "random-sequence-number disable). As a way around let it clear the SACK-permitted option, or switch SACK "
              "off at one end.",
    .commands = commands,
    .reference = "RFC 2018 section 3; RFC 9293 section 3.4.1",
    .group = TCPT_GROUP_SEQUENCE,
    .severity = TCPT_WARN,
    .blames = TCPT_BLAMES_PATH,
    .explains = explains,
    .wants = TCPT_TRAIT_SACK_ODD | TCPT_TRAIT_HEARD_AGAIN,
    .memory_bytes = sizeof(shifted_memory),
    .fields = fields,
    .judge = judge,
};
