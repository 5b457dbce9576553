/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A RST that shows at the farther of two capture points alone: has its host sent it, or somebody between the two? */
#include "core/points/clock_offsets.h"
#include "core/points/guides.h"
#include "core/points/legs.h"
#include "core/points/losses.h"
#include "core/points/nearer.h"
#include "core/points/state.h"
#include "tcptriage/points.h"

/* One connection's members, and one way: that of the RST. */
typedef struct place {
    const tcpt_connection *connection;
    unsigned here;
    unsigned nearer; /* to the host that the RST names */
    unsigned way;
} place;

static const tcpt_endpoint *end_at(const place *at, unsigned member, unsigned way)
{
    const tcpt_member *there = &at->connection->members[member];

    return &tcpt_member_flow(there)->ends[way ^ there->turned];
}

/* Where the clock was set, or files were joined, what comes later is no later. */
static bool in_one_piece(const tcpt_member *member)
{
    return tcpt_member_flow(member)->piece == 0 && member->at->piece == 0;
}

/* ---- what the capture at one member lacks of what another has ---- */

typedef tcpt_record *(*choice)(const tcpt_lost *lost, const place *at);

/* The newest of what is missing that is chosen; NULL for none, and where that capture is known to lack more. */
static tcpt_record *missing(const place *at, unsigned from, unsigned to, unsigned way, choice chosen)
{
    tcpt_loss_table sum = tcpt_tally_table(at->connection, from, to, way);
    tcpt_record *found = NULL;

    for (unsigned i = 0; i < sum.lost->len && !sum.uncaptured; i++) {
        tcpt_record *record = chosen(&g_array_index(sum.lost, tcpt_lost, i), at);

        found = record ? record : found;
    }
    g_array_free(sum.lost, TRUE);
    return found;
}

static tcpt_record *is_the_rst(const tcpt_lost *lost, const place *at)
{
    return lost->record == end_at(at, at->here, at->way)->rst_record ? lost->record : NULL;
}

static tcpt_record *is_the_other_rst(const tcpt_lost *lost, const place *at)
{
    return lost->record == end_at(at, at->nearer, !at->way)->rst_record ? lost->record : NULL;
}

static int64_t before_rst_ns(const tcpt_lost *lost, const place *at)
{
    return end_at(at, at->here, at->way)->rst_ns - lost->time_ns;
}

/* So shortly before the RST that it is an answer. */
static tcpt_record *is_answered(const tcpt_lost *lost, const place *at)
{
    const tcpt_flow *flow = tcpt_member_flow(&at->connection->members[at->here]);
    int64_t later_ns = before_rst_ns(lost, at);

    return later_ns >= 0 && later_ns <= tcpt_rtt_ns(flow) + TCPT_ANSWER_MS * TCPT_MS_NS ? lost->record : NULL;
}

/* What goes from one point to the other and back takes at least so long, whatever their clocks say; 0 unknown. A queue
 * on the way may have held up all of one connection, but not those that passed the two points without. */
static int64_t there_and_back_ns(const place *at)
{
    const tcpt_leg *leg = tcpt_leg_between(at->connection, at->here, at->nearer);
    const tcpt_member *members = at->connection->members;
    const tcpt_clock_offset *clocks =
        tcpt_clock_offset_of(at->connection->points, members[at->here].at, members[at->nearer].at);
    unsigned to_b = at->here < at->nearer ? !at->way : at->way;

    if (!leg || !leg->matched[0] || !leg->matched[1] || !clocks || !clocks->known)
        return 0;
    return MIN(MAX(leg->least_ns[to_b] - leg->most_ns[!to_b], 0), clocks->loop_ns);
}

static tcpt_record *is_answered_too_soon(const tcpt_lost *lost, const place *at)
{
    return before_rst_ns(lost, at) < there_and_back_ns(at) ? is_answered(lost, at) : NULL;
}

/* The RST has an ACK of all that the other end has sent. As long as it is kept: it may still show at the nearer point.
 */
static bool acknowledges(const place *at, const tcpt_endpoint *asks)
{
    const tcpt_record *rst = end_at(at, at->here, at->way)->rst_record;
    uint32_t shift = at->connection->members[at->here].shift[!at->way];

    for (const tcpt_sighting *kept = at->connection->newest[at->way]; kept; kept = kept->before)
        if ((kept->seen & 1u << at->here) && kept->record[at->here] == rst)
            return kept->ack + shift == asks->snd_nxt;
    return false;
}

/* What it answers is the first that was sent after a silence, so that it answers nothing before that: a RST that is not
 * drawn by a segment carries an ACK, which would not count what came too late for it. It came in less than half of the
 * time that there and back takes at least, so that the point nearer to the host need not have captured either. */
static tcpt_record *asked_too_late(const place *at)
{
    const tcpt_member *here = &at->connection->members[at->here];
    const tcpt_endpoint *asks = end_at(at, at->here, !at->way), *told = end_at(at, at->here, at->way);
    int64_t later_ns = told->rst_ns - asks->payload_ns;

    if (!in_one_piece(here) || !asks->payload_record || asks->payload_record != asks->last_record ||
        asks->unanswered_record != asks->last_record)
        return NULL;
    if (later_ns < 0 || 2 * later_ns >= there_and_back_ns(at) ||
        asks->idle_before_ns <= tcpt_rtt_ns(tcpt_member_flow(here)) + TCPT_ANSWER_MS * TCPT_MS_NS)
        return NULL;
    return !(told->rst_record->shape & TCPT_ACK) || acknowledges(at, asks) ? asks->last_record : NULL;
}

/* ---- proofs ---- */

/* Who has reset a connection sends nothing more in it. */
static tcpt_record *host_goes_on(const place *at)
{
    const tcpt_leg *leg = tcpt_leg_between(at->connection, at->nearer, at->here);
    const tcpt_endpoint *host = end_at(at, at->nearer, at->way), *told = end_at(at, at->here, at->way);
    int64_t expected_ns, late_ns;

    if (!leg || !in_one_piece(&at->connection->members[at->here]) ||
        !in_one_piece(&at->connection->members[at->nearer]))
        return NULL;
    tcpt_expected_ns(at->connection, at->nearer, at->here, at->way, &expected_ns);
    late_ns = leg->most_ns[at->way] - leg->least_ns[at->way] + TCPT_ANSWER_MS * TCPT_MS_NS;
    return host->last_ns > told->rst_ns - expected_ns + late_ns ? host->last_record : NULL;
}

/* ---- a refused SYN ---- */

static bool refuses(const tcpt_flow *flow, unsigned from)
{
    const tcpt_endpoint *client = &flow->ends[!from];

    return !flow->ends[from].syn && client->syn && client->segment_count == client->syn_count;
}

/* No host answers a SYN that has not come yet. How far the clocks differ is known within half the way there and back:
 * an answer from there is later than that. They may have drifted apart since: it came sooner than there and back, too.
 */
static bool before_syn(const place *at)
{
    const tcpt_member *here = &at->connection->members[at->here], *there = &at->connection->members[at->nearer];
    const tcpt_clock_offset *clocks = tcpt_clock_offset_of(at->connection->points, here->at, there->at);
    const tcpt_endpoint *syn = end_at(at, at->nearer, !at->way), *asked = end_at(at, at->here, !at->way);
    const tcpt_endpoint *refused = end_at(at, at->here, at->way);
    int64_t ahead_ns;

    if (!clocks || !clocks->known || syn->syn_count != asked->syn_count || refused->rst_count != asked->syn_count)
        return false;
    ahead_ns = here->at->index < there->at->index ? clocks->ahead_ns : -clocks->ahead_ns;
    return refused->rst_ns - asked->syn_ns < clocks->loop_ns && refused->rst_ns + ahead_ns < syn->syn_ns;
}

static bool find_place(place *at, const tcpt_flow *flow, unsigned from)
{
    bool assumed = false;

    at->connection = tcpt_connection_of(flow);
    if (!at->connection || at->connection->member_count < 2 || tcpt_points_appended(at->connection->points) ||
        tcpt_is_renumbered(flow))
        return false;
    at->here = tcpt_member_of(at->connection, flow);
    at->way = from ^ at->connection->members[at->here].turned;
    at->nearer = tcpt_next_member(at->connection, at->here, !at->way, &assumed);
    return at->nearer != at->here && !assumed;
}

/* ---- a refused SYN that never came to the nearer point ---- */

static bool captured_at(const tcpt_point *point, int64_t due_ns)
{
    return point->piece == 0 && due_ns >= point->first_ns && due_ns < point->newest_ns;
}

static bool known_from_the_start(const tcpt_connection *connection)
{
    for (unsigned i = 0; i < connection->member_count; i++)
        if (connection->members[i].noted_from_ns != INT64_MIN)
            return false;
    return true;
}

/* Other connections of these hosts pass a point that is nearer to the server than all that have seen this one: in the
 * guide's numbers. */
static bool find_guide(place *at, const tcpt_flow *flow, unsigned from)
{
    const tcpt_connection *own = tcpt_connection_of(flow);
    const tcpt_points *points = flow->at->all;
    const tcpt_member *members;
    bool assumed = false;

    at->connection = tcpt_guide_of(points, flow);
    if (!known_from_the_start(own) || !at->connection || tcpt_points_appended(points))
        return false;
    members = at->connection->members;
    at->here = tcpt_member_at(at->connection, flow->at);
    at->way = from ^ members[at->here].turned;
    at->nearer = tcpt_next_member(at->connection, at->here, !at->way, &assumed);
    for (unsigned i = 0; i < own->member_count && tcpt_member_at(own, members[at->nearer].at) < own->member_count;
         i++) {
        at->here = at->nearer;
        at->nearer = tcpt_next_member(at->connection, at->here, !at->way, &assumed);
    }
    return at->nearer != at->here && !assumed && members[at->nearer].translated == members[at->here].translated &&
           !members[at->nearer].shift[0] && !members[at->nearer].shift[1] &&
           tcpt_member_at(own, members[at->nearer].at) == own->member_count;
}

/* The same connection where the guide's way is left, and its end there. */
static const tcpt_flow *flow_there(const place *at, const tcpt_flow *flow, unsigned *from)
{
    const tcpt_connection *own = tcpt_connection_of(flow);
    unsigned here = tcpt_member_of(own, flow), there = tcpt_member_at(own, at->connection->members[at->here].at);

    *from ^= own->members[here].turned ^ own->members[there].turned;
    return tcpt_member_flow(&own->members[there]);
}

/* Of a port that the nearer point has captured nothing of its capture filter may know nothing. */
static bool captures_port(const place *at, const tcpt_flow *flow)
{
    return tcpt_guide_shares_port(flow->at->all, flow) ||
           tcpt_ports_has(at->connection->members[at->nearer].at, flow->key.port[!flow->client]);
}

static bool should_have_come(const place *at, const tcpt_flow *flow, unsigned from)
{
    const tcpt_point *point = at->connection->members[at->nearer].at;
    int64_t there_ns, back_ns;

    tcpt_expected_ns(at->connection, at->here, at->nearer, !at->way, &there_ns);
    tcpt_expected_ns(at->connection, at->nearer, at->here, at->way, &back_ns);
    return flow->piece == 0 && captured_at(point, flow->first_ns + there_ns) &&
           captured_at(point, flow->ends[from].rst_ns - back_ns) &&
           !tcpt_syn_is_in_life_at(flow, point, flow->first_ns + there_ns);
}

/* The RST came sooner than from the nearer point, which need not have captured it when it is that soon. */
static bool refused_too_soon(const place *at, const tcpt_flow *flow, unsigned from, unsigned times)
{
    const tcpt_endpoint *client = &flow->ends[!from], *server = &flow->ends[from];

    return server->rst_count == client->syn_count && times * (server->rst_ns - client->syn_ns) < there_and_back_ns(at);
}

static bool refused_on_the_way(const tcpt_flow *flow, unsigned from, tcpt_rst_origin *origin)
{
    place at;

    if (!refuses(flow, from) || !find_guide(&at, flow, from))
        return false;
    flow = flow_there(&at, flow, &from);
    if (!refuses(flow, from) || !flow->ends[from].rst_count)
        return false;
    origin->nearer = at.connection->members[at.nearer].at;
    origin->proved_by = flow->ends[!from].last_record;
    origin->proof = TCPT_RST_TOO_SOON;
    if (!should_have_come(&at, flow, from)) {
        origin->proof = TCPT_RST_BEFORE_ASKED;
        return flow->piece == 0 && tcpt_guide_shares_port(flow->at->all, flow) && refused_too_soon(&at, flow, from, 2);
    }
    if (refused_too_soon(&at, flow, from, 1))
        return true;
    origin->proof = captures_port(&at, flow) ? TCPT_RST_ANSWERS_MISSING : TCPT_RST_PORT_UNSEEN;
    return !origin->nearer->uncaptured;
}

/* ---- the RST of a connection that both points know, or one does ---- */

bool tcpt_rst_begins_on_the_way(const tcpt_flow *flow, unsigned from, tcpt_rst_origin *origin)
{
    place at;

    if (!flow->ends[from].rst_record || !tcpt_connection_of(flow))
        return false;
    if (!find_place(&at, flow, from) || end_at(&at, at.nearer, at.way)->rst_count)
        return refused_on_the_way(flow, from, origin);
    origin->nearer = at.connection->members[at.nearer].at;
    origin->proof = TCPT_RST_BEFORE_ASKED;
    origin->proved_by = asked_too_late(&at);
    if (!missing(&at, at.here, at.nearer, at.way, is_the_rst))
        return origin->proved_by != NULL;
    origin->proof = TCPT_RST_HOST_GOES_ON;
    origin->proved_by = host_goes_on(&at);
    if (origin->proved_by)
        return true;
    origin->proof = TCPT_RST_BOTH_WAYS;
    origin->proved_by = missing(&at, at.nearer, at.here, !at.way, is_the_other_rst);
    if (origin->proved_by)
        return true;
    origin->proof = TCPT_RST_BEFORE_SYN;
    origin->proved_by = end_at(&at, at.nearer, !at.way)->last_record;
    if (refuses(flow, from) && origin->proved_by && before_syn(&at))
        return true;
    origin->proof = TCPT_RST_BEFORE_ASKED;
    origin->proved_by = asked_too_late(&at);
    if (origin->proved_by)
        return true;
    if (origin->nearer->uncaptured)
        return false; /* two gaps of a capture that is known to have some */
    origin->proof = TCPT_RST_TOO_SOON;
    origin->proved_by = missing(&at, at.here, at.nearer, !at.way, is_answered_too_soon);
    if (origin->proved_by)
        return true;
    origin->proof = TCPT_RST_ANSWERS_MISSING;
    origin->proved_by = missing(&at, at.here, at.nearer, !at.way, is_answered);
    if (origin->proved_by)
        return true;
    origin->proof = TCPT_RST_SYN_ALONE;
    origin->proved_by = end_at(&at, at.nearer, !at.way)->last_record;
    return refuses(flow, from) && origin->proved_by;
}
