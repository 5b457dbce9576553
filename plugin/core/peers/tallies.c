/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/tallies.h"

#include <string.h>

#include "core/peers/identity.h"
#include "tcptriage/times.h"

/* What makes a crowd. */
typedef struct crowd_rule {
    uint32_t attempts;
    uint32_t members;
    int64_t window_ns;
} crowd_rule;

static const crowd_rule rules[] = {
    [TCPT_CROWD_FLOOD] = {500, TCPT_CROWD_MEMBERS, 10 * TCPT_SECOND_NS},
    [TCPT_CROWD_SWEEP] = {TCPT_CROWD_MEMBERS, TCPT_CROWD_MEMBERS, 60 * TCPT_SECOND_NS},
    [TCPT_CROWD_PORTS] = {TCPT_CROWD_MEMBERS, TCPT_CROWD_MEMBERS, 60 * TCPT_SECOND_NS},
};

enum {
    PLACES = 4,
    SUCCESS_PART = 10, /* one in so many may succeed */
    ENOUGH_PART = 4,   /* so much of the attempts that make a crowd */
    /* What is younger may have its answer under way: the longest round trips, and a busy host. */
    YOUNG_MS = 500,
    STEP_MS = YOUNG_MS / (TCPT_TALLY_MARKS - 1), /* between two marks */
    TOLD_SECONDS = 600, /* a source or a target is told of once, while the place is not needed more */
};

/* Of a member: it was met since `since_ns`. */
#define FRESH (UINT32_C(1) << 31)

/* ---- the table ---- */

static uint64_t salted(uint64_t hash, unsigned salt)
{
    hash = (hash + salt) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 32;
    return hash ? hash : 1;
}

static bool is_over_for_good(const tcpt_tally *tally, int64_t now_ns)
{
    return now_ns - tally->since_ns > tcpt_seconds_ns(tally->told ? TOLD_SECONDS : 60);
}

/* Its place, or the one that it may take: nobody's, then one that is over, then the least. */
static unsigned place_of(const tcpt_tallies *tallies, uint64_t hash, int64_t now_ns)
{
    unsigned worst = (unsigned)(hash % TCPT_TALLIES);
    uint32_t least = UINT32_MAX;

    for (unsigned i = 0; i < PLACES; i++) {
        unsigned at = (unsigned)((hash + i) % TCPT_TALLIES);
        const tcpt_tally *tally = &tallies->places[at];
        uint32_t worth = tally->hash && !is_over_for_good(tally, now_ns) ? tally->attempts + tally->told * 1000u : 0;

        if (tally->hash == hash)
            return at;
        if (worth < least) {
            least = worth;
            worst = at;
        }
    }
    return worst;
}

static const tcpt_tally *find(const tcpt_tallies *tallies, uint64_t hash)
{
    for (unsigned i = 0; i < PLACES; i++) {
        const tcpt_tally *tally = &tallies->places[(hash + i) % TCPT_TALLIES];

        if (tally->hash == hash)
            return tally;
    }
    return NULL;
}

/* Counts begin anew; that it was told of, and what that has come to, stays. */
static void begin(tcpt_tally *tally, uint64_t hash, int64_t now_ns)
{
    bool same = tally->hash == hash, told = same && tally->told;
    int64_t over_ns = same ? tally->over_ns : 0;
    tcpt_crowd_sum whole = told ? tally->whole : (tcpt_crowd_sum){0};

    memset(tally, 0, sizeof *tally);
    tally->hash = hash;
    tally->since_ns = tally->mark_ns[0] = now_ns;
    tally->over_ns = over_ns;
    tally->told = told;
    tally->whole = whole;
}

/* The same while a crowd goes on that was told of: whom it has met before it meets again. */
static void begin_while(tcpt_tally *tally, int64_t now_ns)
{
    memset(tally->mark_ns, 0, sizeof tally->mark_ns);
    memset(tally->mark, 0, sizeof tally->mark);
    tally->since_ns = tally->mark_ns[0] = now_ns;
    tally->attempts = tally->good = tally->refused = 0;
    tally->fresh = tally->newest_mark = 0;
    for (unsigned i = 0; i < tally->members; i++)
        tally->member[i] &= ~FRESH;
}

/* ---- what an attempt belongs to ---- */

static uint64_t key_of(const tcpt_identity *who, tcpt_crowd crowd)
{
    switch (crowd) {
    case TCPT_CROWD_FLOOD:
        return salted(who->server, 1);
    case TCPT_CROWD_SWEEP:
        return salted(who->sweep, 2);
    default:
        return salted(who->source ^ salted(who->target, 3), 4);
    }
}

/* Where it is noted that a source's scan was told of, whatever it was. */
static uint64_t source_key(const tcpt_identity *who)
{
    return salted(who->source, 5);
}

static uint32_t member_of(const tcpt_identity *who, tcpt_crowd crowd)
{
    switch (crowd) {
    case TCPT_CROWD_FLOOD:
        return (uint32_t)salted(who->source, 6) | FRESH;
    case TCPT_CROWD_SWEEP:
        return (uint32_t)salted(who->target, 7) | FRESH;
    default:
        return (uint32_t)salted(who->port, 8) | FRESH;
    }
}

/* ---- counting ---- */

static bool is_sampled(const tcpt_tally *tally, uint32_t member)
{
    return (member & ((1u << tally->level) - 1)) == 0;
}

static uint32_t *known(tcpt_tally *tally, uint32_t member)
{
    for (unsigned i = 0; i < tally->members; i++)
        if ((tally->member[i] | FRESH) == member)
            return &tally->member[i];
    return NULL;
}

static bool is_fresh(const tcpt_tally *tally, uint32_t member)
{
    const uint32_t *at = known((tcpt_tally *)tally, member);

    return at && (*at & FRESH);
}

static void add_member(tcpt_tally *tally, uint32_t member)
{
    tally->member[tally->members++] = member;
    tally->fresh += (member & FRESH) != 0;
}

/* Half of them stays. */
static void sample_less(tcpt_tally *tally)
{
    unsigned count = tally->members;

    tally->level++;
    tally->members = tally->fresh = 0;
    for (unsigned i = 0; i < count; i++)
        if (is_sampled(tally, tally->member[i]))
            add_member(tally, tally->member[i]);
}

/* Adaptive sampling: when the sample is full half of it goes, and half of what comes. */
static void note_member(tcpt_tally *tally, uint32_t member)
{
    uint32_t *at;

    if (!is_sampled(tally, member))
        return;
    at = known(tally, member);
    if (at) {
        tally->fresh += !(*at & FRESH);
        *at |= FRESH;
        return;
    }
    if (tally->members == TCPT_TALLY_MEMBERS) {
        if (tally->level == 24)
            return; /* a billion: enough */
        sample_less(tally);
    }
    if (is_sampled(tally, member) && tally->members < TCPT_TALLY_MEMBERS)
        add_member(tally, member);
}

/* @return whether time has moved on */
static bool note_attempt(tcpt_tally *tally, uint32_t member, int64_t now_ns)
{
    bool moves = now_ns - tally->mark_ns[tally->newest_mark] >= STEP_MS * TCPT_MS_NS;

    if (moves) {
        tally->newest_mark = (tally->newest_mark + 1) % TCPT_TALLY_MARKS;
        tally->mark_ns[tally->newest_mark] = now_ns;
        tally->mark[tally->newest_mark] = tally->attempts;
    }
    tally->attempts++;
    note_member(tally, member);
    return moves;
}

/* Attempts that have had their time. Those since the newest mark came within a step of it. */
static uint32_t ripe(const tcpt_tally *tally, int64_t now_ns)
{
    uint32_t most = tally->good + tally->refused;

    if (tally->attempts > most && now_ns - tally->mark_ns[tally->newest_mark] >= (YOUNG_MS + STEP_MS) * TCPT_MS_NS)
        return tally->attempts;
    for (unsigned i = 0; i < TCPT_TALLY_MARKS; i++)
        if (tally->mark[i] > most && now_ns - tally->mark_ns[i] >= YOUNG_MS * TCPT_MS_NS)
            most = tally->mark[i];
    return most;
}

/* With one more, of this member, where it is none sent again: of those that have had their time, enough to tell, hardly
 * any has succeeded. */
static bool is_crowd(const tcpt_tally *tally, tcpt_crowd crowd, uint32_t member, bool again, int64_t now_ns)
{
    const crowd_rule *rule = &rules[crowd];
    uint32_t attempts = tally->attempts + !again, members = (uint32_t)tally->fresh << tally->level, had_time;

    if (attempts < rule->attempts || now_ns - tally->since_ns > rule->window_ns)
        return false;
    if (members < rule->members && members + !is_fresh(tally, member) < rule->members)
        return false;
    had_time = ripe(tally, now_ns);
    return had_time * ENOUGH_PART >= rule->attempts && (uint64_t)tally->good * SUCCESS_PART <= had_time;
}

static bool goes_on(const tcpt_tally *tally, tcpt_crowd crowd, int64_t now_ns)
{
    return tally->over_ns && now_ns - tally->over_ns <= 2 * rules[crowd].window_ns;
}

/* ---- observe and commit ---- */

/* @return whether the SYN belongs to such a crowd */
static bool observe_one(const tcpt_tallies *tallies, tcpt_observation *seen, const tcpt_flow *flow,
                        const tcpt_identity *who, tcpt_crowd crowd, int64_t now_ns)
{
    const tcpt_tally *tally = find(tallies, key_of(who, crowd)), *source;
    bool again = flow->ends[flow->client].segment_count > 0;

    if (!tally)
        return false;
    if (goes_on(tally, crowd, now_ns)) {
        seen->crowd = crowd;
        return true;
    }
    if (tally->attempts + !again < rules[crowd].attempts ||
        !is_crowd(tally, crowd, member_of(who, crowd), again, now_ns))
        return false;
    seen->crowd = crowd;
    source = crowd == TCPT_CROWD_FLOOD ? NULL : find(tallies, source_key(who));
    if (!tally->told && !(source && source->told))
        seen->crossing = tally;
    return true;
}

/* The last bit tells whether only one SYN of the source is known. */
static uint32_t tag_of(uint64_t source)
{
    return (uint32_t)(source >> 32) & ~1u;
}

static bool is_new(const tcpt_tallies *tallies, const tcpt_identity *who)
{
    uint64_t hash = who->source;

    return (tallies->sources[hash % TCPT_SOURCES] & ~1u) != tag_of(hash);
}

void tcpt_tallies_observe(const tcpt_tallies *tallies, tcpt_observation *seen, const tcpt_flow *flow,
                          const tcpt_identity *who, int64_t now_ns)
{
    if (observe_one(tallies, seen, flow, who, TCPT_CROWD_FLOOD, now_ns) || is_new(tallies, who))
        return;
    if (!observe_one(tallies, seen, flow, who, TCPT_CROWD_PORTS, now_ns))
        observe_one(tallies, seen, flow, who, TCPT_CROWD_SWEEP, now_ns);
}

static void note_told(tcpt_tallies *tallies, const tcpt_identity *who, int64_t now_ns)
{
    uint64_t hash = source_key(who);
    tcpt_tally *source = &tallies->places[place_of(tallies, hash, now_ns)];

    begin(source, hash, now_ns);
    source->told = true;
}

/* Of the first SYN nothing but its source was kept: it counts now. So does the first since others took the place of a
 * source whose crowd goes on. */
static void count_first(tcpt_tally *tally)
{
    tally->attempts++;
    note_member(tally, FRESH); /* whatever it was: in every sample */
}

static void tell(tcpt_tally *tally, int64_t now_ns)
{
    tally->told = true;
    tally->whole = (tcpt_crowd_sum){.since_ns = tally->since_ns,
                                    .told_ns = now_ns,
                                    .last_ns = now_ns,
                                    .attempts = tally->attempts,
                                    .members = tcpt_tally_members(tally),
                                    .good = tally->good,
                                    .refused = tally->refused,
                                    .about = tally->level > 0};
}

static void add_attempt(tcpt_tally *tally, int64_t now_ns)
{
    tcpt_crowd_sum *whole = &tally->whole;

    whole->attempts++;
    whole->last_ns = now_ns;
    if (tcpt_tally_members(tally) <= whole->members)
        return;
    whole->members = tcpt_tally_members(tally);
    whole->about = tally->level > 0;
}

static void count_in(tcpt_tallies *tallies, const tcpt_identity *who, const tcpt_observation *seen, tcpt_crowd crowd,
                     bool second, int64_t now_ns)
{
    uint64_t hash = key_of(who, crowd);
    uint32_t member = member_of(who, crowd);
    tcpt_tally *tally = (tcpt_tally *)find(tallies, hash);
    bool moves;

    if (!tally)
        tally = &tallies->places[place_of(tallies, hash, now_ns)];
    if (tally->hash == hash && tally->told && seen->crowd == crowd && now_ns - tally->since_ns > rules[crowd].window_ns)
        begin_while(tally, now_ns);
    else if (tally->hash != hash || now_ns - tally->since_ns > rules[crowd].window_ns)
        begin(tally, hash, now_ns);
    if (second && !tally->attempts)
        count_first(tally);
    moves = note_attempt(tally, member, now_ns);
    if (seen->crowd == crowd &&
        (!goes_on(tally, crowd, now_ns) || (moves && is_crowd(tally, crowd, member, true, now_ns))))
        tally->over_ns = now_ns;
    if (seen->crossing == tally)
        tell(tally, now_ns);
    else if (tally->told && seen->crowd == crowd)
        add_attempt(tally, now_ns);
}

/* @return how many of its SYNs are known, 2 for more */
static unsigned note_source(tcpt_tallies *tallies, const tcpt_identity *who)
{
    uint64_t hash = who->source;
    uint32_t *tag = &tallies->sources[hash % TCPT_SOURCES], before = *tag;
    bool known = (before & ~1u) == tag_of(hash);

    *tag = tag_of(hash) | !known;
    return known ? 2 - (before & 1) : 0;
}

/* A retry is no further attempt, but it may be what comes late enough to tell that the others have failed. */
static void note_again(const tcpt_tally *crossing, int64_t now_ns)
{
    tcpt_tally *tally = (tcpt_tally *)crossing;

    if (!tally)
        return;
    tally->over_ns = now_ns;
    tell(tally, now_ns);
}

void tcpt_tallies_note_syn(tcpt_tallies *tallies, const tcpt_flow *flow, const tcpt_identity *who,
                           const tcpt_observation *seen, int64_t now_ns)
{
    unsigned known;

    if (flow->ends[flow->client].segment_count > 1) {
        note_again(seen->crossing, now_ns);
    } else {
        count_in(tallies, who, seen, TCPT_CROWD_FLOOD, false, now_ns);
        known = seen->crowd == TCPT_CROWD_FLOOD ? 0 : note_source(tallies, who);
        if (!known)
            return;
        count_in(tallies, who, seen, TCPT_CROWD_PORTS, known == 1, now_ns);
        count_in(tallies, who, seen, TCPT_CROWD_SWEEP, known == 1, now_ns);
    }
    if (seen->crossing && seen->crowd != TCPT_CROWD_FLOOD)
        note_told(tallies, who, now_ns);
}

/* Whether the connection is one of those that a crowd was told of. */
static bool is_of(const tcpt_flow *flow, const tcpt_tally *tally, tcpt_crowd crowd)
{
    if (!tally->told || flow->first_ns < tally->whole.since_ns)
        return false;
    return flow->crowd == crowd || flow->first_ns <= tally->whole.told_ns;
}

static void note_outcome(tcpt_tallies *tallies, const tcpt_flow *flow, const tcpt_identity *who, tcpt_crowd crowd,
                         bool refused)
{
    tcpt_tally *tally = (tcpt_tally *)find(tallies, key_of(who, crowd));

    if (!tally)
        return;
    tally->good += !refused;
    tally->refused += refused;
    if (!is_of(flow, tally, crowd))
        return;
    tally->whole.good += !refused;
    tally->whole.refused += refused;
}

void tcpt_tallies_note_answer(tcpt_tallies *tallies, const tcpt_flow *flow, const tcpt_identity *who, bool refused)
{
    if (flow->crowd == TCPT_CROWD_FLOOD)
        return;
    note_outcome(tallies, flow, who, TCPT_CROWD_SWEEP, refused);
    note_outcome(tallies, flow, who, TCPT_CROWD_PORTS, refused);
}

void tcpt_tallies_note_complete(tcpt_tallies *tallies, const tcpt_flow *flow, const tcpt_identity *who)
{
    note_outcome(tallies, flow, who, TCPT_CROWD_FLOOD, false);
}
