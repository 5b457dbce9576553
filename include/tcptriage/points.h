/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Capture points, and what became of a connection's segments between them.
 *
 * The same segment may be seen at several points of its way. It is recognised by what does not change on the way
 * (addresses, ports, SEQ, ACK, flags, length, IP ID), by its bytes where it was cut or joined on the way, and
 * through devices that rewrite addresses, ports or sequence numbers where the handshake was seen on both sides.
 */
#ifndef TCPTRIAGE_POINTS_H
#define TCPTRIAGE_POINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcptriage/flow.h"
#include "tcptriage/limits.h"
#include "tcptriage/times.h"

/** A part of a capture without jumps of the clock. */
typedef struct tcpt_piece {
    int64_t first_ns; /**< of its first segment */
    int64_t newest_ns;
} tcpt_piece;

/** Interfaces that are capture points of their own. All behind them are one, whose id this is: each takes a few hundred
 * bytes, and a capture may name a million. */
#define TCPT_POINTS_MOST 2048

/** A capture point: an interface, and how many IP headers are around the segment there. Lives as long as the analysis.
 */
typedef struct tcpt_point {
    const char *name; /**< for texts, never NULL */
    uint32_t id;      /**< tcpt_segment.point */
    uint8_t depth;    /**< tcpt_segment.depth */
    uint32_t index;   /**< in the order of appearance, from 0 */
    int64_t first_ns; /**< earliest and newest time of its clock; valid with segments */
    int64_t newest_ns;
    int64_t back_step_ns; /**< largest step back of its clock */
    tcpt_piece *pieces;   /**< owned; valid with segments */
    uint16_t piece;       /**< number of the one that is being read */
    uint64_t segments;
    uint64_t sums[TCPT_CHECKSUM_WRONG + 1]; /**< of those, by what their checksums are (tcpt_checksum) */
    uint64_t bare;                          /**< of those, without payload */
    uint64_t ports[8];   /**< of servers, those that were seen here: a bit for all that are alike modulo 512 */
    bool paired;         /**< a segment seen here was seen elsewhere too */
    uint64_t uncaptured; /**< segments that passed it for certain and are not in the capture */
    uint64_t holes;   /**< places where bytes were acknowledged that it lacks: of its own flows, at most 255 an end */
    int64_t holed_ns; /**< when the newest of these showed; valid with holes */
    int64_t ahead_ns; /**< how much later than here copies show at other points, at most: clocks and ways */
    struct tcpt_point *next;
    struct tcpt_flows *flows; /**< those captured here are among them */
    struct tcpt_points *all;  /**< what it is one of */
} tcpt_point;

/** Pieces of a capture that are told apart, per point: more of them, and the clock is of no use. */
#define TCPT_PIECES 1024

/**
 * Whether a segment begins another piece of what was captured: files were joined, or a clock was set. Times on both
 * sides do not compare, and what lies between is no silence. A pause of more than a day is taken for that, and a step
 * back by more than packets come out of order within one capture (rule I.6).
 */
static inline bool tcpt_begins_piece(const tcpt_point *point, int64_t time_ns)
{
    int64_t since_ns = point->segments ? time_ns - point->pieces[point->piece].newest_ns : 0;

    return since_ns > TCPT_JUMP_SECONDS * TCPT_SECOND_NS || since_ns < -TCPT_STEP_BACK_SECONDS * TCPT_SECOND_NS;
}

/** Whether what the capture of a flow's point has not seen proves little: it lacks a segment in fifty and more, by the
 * bytes alone that were acknowledged unseen. As many ACKs and FINs are missing then, of which nothing tells: a FIN and
 * what acknowledges it are both gone in one of some hundred closes. Two places may be one accident. */
static inline bool tcpt_capture_is_holed(const tcpt_flow *flow)
{
    enum { HOLES_LEAST = 3, SEGMENTS_A_HOLE = 50 };

    return flow->at->holes >= HOLES_LEAST && flow->at->holes * SEGMENTS_A_HOLE >= flow->at->segments;
}

/** Whether a hole of that capture has shown since a time, on whichever connection, and it lacks a segment in a thousand
 * and more: what was due since may lie in it. One hole of a long capture is no reason to doubt all that it shows. */
static inline bool tcpt_capture_lacks_since(const tcpt_flow *flow, int64_t since_ns)
{
    enum { SEGMENTS_A_HOLE = 1000 };

    return flow->at->holes && flow->at->holed_ns >= since_ns && flow->at->holes * SEGMENTS_A_HOLE >= flow->at->segments;
}

/** How long the capture is known to go on for a flow: newest time of the piece that holds the flow's last segment. The
 * clock of its own point: another one may be hours ahead. */
static inline int64_t tcpt_now_ns(const tcpt_flow *flow)
{
    return flow->at->pieces[flow->piece].newest_ns;
}

/** How long a flow was silent before a segment; 0 where clocks do not compare. Asks the point only where that can be.
 */
static inline int64_t tcpt_silence_ns(const tcpt_flow *flow, int64_t time_ns)
{
    int64_t since_ns = time_ns - flow->last_ns;

    if (since_ns > TCPT_JUMP_SECONDS * TCPT_SECOND_NS &&
        (flow->piece != flow->at->piece || tcpt_begins_piece(flow->at, time_ns)))
        return 0;
    return since_ns > 0 ? since_ns : 0;
}

/** What lost segments may have in common, as bits of their number. In the order in which they are named. */
typedef enum tcpt_loss_property {
    TCPT_LOSS_CHECKSUM,      /**< its checksum is wrong */
    TCPT_LOSS_INVALID,       /**< today's tracker model calls it INVALID */
    TCPT_LOSS_FRAGMENTS,     /**< sent as IP fragments */
    TCPT_LOSS_PADDED,        /**< padded by Ethernet */
    TCPT_LOSS_SHORT,         /**< so short that it will be */
    TCPT_LOSS_FIN_OR_RST,    /**< FIN or RST */
    TCPT_LOSS_NO_TIMESTAMPS, /**< without timestamps, where others carry them */
    TCPT_LOSS_FAST_OPEN,     /**< with that option */
    TCPT_LOSS_MULTIPATH,     /**< with an option of Multipath TCP */
    TCPT_LOSS_SACK,          /**< with SACK blocks */
    TCPT_LOSS_AFTER_IDLE,    /**< behind a silence of idle_seconds */
    TCPT_LOSS_PROPERTIES,
    TCPT_LOSS_SIZE = TCPT_LOSS_PROPERTIES, /**< longer than all that arrived */
    TCPT_LOSS_ALL,                         /**< nothing arrived */
    TCPT_LOSS_NOTHING,                     /**< no property separates them */
} tcpt_loss_property;

/** Segments, and how many of them were lost. */
typedef struct tcpt_share {
    uint32_t missing;
    uint32_t total;
} tcpt_share;

/** A segment that was seen at the nearer point and not at the farther one. */
typedef struct tcpt_lost {
    tcpt_record *record;
    int64_t time_ns;
    bool padded;
} tcpt_lost;

/** What one end sent, counted between a point and the next one behind it. */
typedef struct tcpt_losses {
    const tcpt_point *from; /**< nearer to the sender */
    const tcpt_point *to;
    int64_t arrived_ns; /**< when the newest of those that arrived was at the nearer point; 0 for none */
    tcpt_share all;
    tcpt_share with[TCPT_LOSS_PROPERTIES];
    uint32_t reset_missing;    /**< of TCPT_LOSS_FIN_OR_RST, those with RST */
    uint32_t smallest_missing; /**< IP bytes; valid with all.missing */
    uint32_t largest_arrived;  /**< IP bytes, 0 when nothing arrived */
    uint32_t arrived_since;    /**< the same of those sent behind the first that is missing, as far as is known */
    uint32_t bare_missing;     /**< of all.missing, those without a byte: nobody acknowledges them */
    uint32_t unmissed;         /**< of all.missing: nothing was sent again for the want of these, all is acknowledged */
    uint32_t uncaptured;       /**< acknowledged there and not captured: the farther capture itself lacks packets */
    uint32_t astray;           /**< came there under another address or port: not lost, in none of the counts above */
    tcpt_lost first_astray;    /**< valid with astray */
    tcpt_record *stray;        /**< the same there; valid with astray */
    bool recut;                /**< segments were cut or joined on the way: sizes do not compare */
    bool unwatched;     /**< the farther point has captured nothing since: it may have ended. Nobody answers them */
    bool order_assumed; /**< which point is nearer rests on both clocks being one */
    bool other_port;    /**< the farther point has captured nothing of that server's port: its capture filter may leave
                             that out */
    tcpt_lost *lost;    /**< in the order of the file, owned; at most TCPT_LOST_LISTED */
    uint32_t lost_count;
} tcpt_losses;

/** Lost segments listed per direction and pair of points; further ones are counted. */
#define TCPT_LOST_LISTED 4096

/**
 * Count what end `from` of a flow sent and what of it was not seen at the next point on its way.
 *
 * @param losses  filled on success; tcpt_losses_clear() it
 * @return false when nothing can be said: one point only, or the order of the points is not known
 */
bool tcpt_tally_losses(const tcpt_flow *flow, unsigned from, tcpt_losses *losses);

void tcpt_losses_clear(tcpt_losses *losses);

/** Whether the farther capture itself may have lost what it lacks: it has lost packets of this direction, or others,
 * and the missing ones are fewer than three or less than ten times as frequent as those. */
bool tcpt_far_capture_lacks(const tcpt_losses *losses);

/** What sets the missing segments apart from all others, by TCPT_LOSS_NOTHING if nothing does. */
tcpt_loss_property tcpt_loss_property_of(const tcpt_losses *losses);

/** Whether all that is missing are RSTs. */
static inline bool tcpt_only_rsts_missing(const tcpt_losses *losses)
{
    return losses->reset_missing && losses->reset_missing == losses->all.missing;
}

/** "padded", "fin", ...; NULL for TCPT_LOSS_NOTHING. The value of tcptriage.loss.property. */
const char *tcpt_loss_property_name(const tcpt_losses *losses, tcpt_loss_property property);

/** What segments with a property are, behind their number: "with FIN or RST"; NULL from TCPT_LOSS_PROPERTIES on. */
const char *tcpt_loss_property_words(tcpt_loss_property property);

/** Missing and total with a property (all of them for TCPT_LOSS_ALL). */
tcpt_share tcpt_losses_with(const tcpt_losses *losses, tcpt_loss_property property);

/** Whether a segment that end `from` of this flow sent was seen at a point nearer to it as well. */
bool tcpt_has_nearer_point(const tcpt_flow *flow, unsigned from);

/** The flow that is the same connection at the next point toward one of its ends, or NULL. */
const tcpt_flow *tcpt_flow_nearer(const tcpt_flow *flow, unsigned end, bool *order_assumed);

/** Whether most packets of a flow were captured twice, and it is the first one of the capture of which that is so. */
bool tcpt_is_first_captured_twice(const tcpt_flow *flow);

/** Whether a device between two capture points shifts the connection's sequence numbers. */
bool tcpt_is_renumbered(const tcpt_flow *flow);

/** Why a RST that a point nearer to its host lacks was not sent by that host. One capture may lack one packet; it takes
 *  more than that. From TCPT_RST_ANSWERS_MISSING on it is a question. */
typedef enum tcpt_rst_proof {
    TCPT_RST_HOST_GOES_ON,    /**< the host goes on there */
    TCPT_RST_BOTH_WAYS,       /**< another one, which names the other host, shows there alone */
    TCPT_RST_TOO_SOON,        /**< what it answers did not come there either, and the host is too far for it */
    TCPT_RST_BEFORE_SYN,      /**< the SYN that it answers came there later */
    TCPT_RST_BEFORE_ASKED,    /**< what it answers cannot have come there yet, whatever was captured there */
    TCPT_RST_ANSWERS_MISSING, /**< what it answers did not come there either: a gap in the capture looks the same */
    TCPT_RST_PORT_UNSEEN, /**< the same, and nothing of that port came there: its capture filter may leave that out */
    TCPT_RST_SYN_ALONE,   /**< the SYN that it answers came there, and no answer: nothing more speaks against it */
} tcpt_rst_proof;

typedef struct tcpt_rst_origin {
    const tcpt_point *nearer; /**< the point that lacks it */
    tcpt_rst_proof proof;
    tcpt_record *proved_by; /**< that segment; never NULL */
} tcpt_rst_origin;

/** Whether nothing but times speaks for it: a queue or a clock may deceive, the rest is proof. */
static inline bool tcpt_rst_proof_is_by_times(tcpt_rst_proof proof)
{
    return proof == TCPT_RST_TOO_SOON || proof == TCPT_RST_BEFORE_SYN || proof == TCPT_RST_BEFORE_ASKED;
}

/** Whether the newest RST that names an end begins between this flow's point and one nearer to that end. Without two
 *  points, or where the nearer one has a RST of that end: false. Of one that has ended only times count; of one that is
 *  known to lack packets also what its host still sends. A refused SYN that the nearer point lacks is judged by other
 *  connections to that port. */
bool tcpt_rst_begins_on_the_way(const tcpt_flow *flow, unsigned from, tcpt_rst_origin *origin);

/** A segment with a wrong checksum, which a point nearer to its sender has seen with a right one. */
typedef struct tcpt_sound_copy {
    tcpt_record *damaged;
    tcpt_record *sound;
    const tcpt_point *at; /**< where it is sound */
    bool order_assumed;   /**< which point is nearer rests on both clocks being one */
} tcpt_sound_copy;

/** The number-th of them that end `from` of a flow has sent, from 0; false when there are no more. */
bool tcpt_sound_copy_of(const tcpt_flow *flow, unsigned from, unsigned number, tcpt_sound_copy *copy);

/** A segment with another timestamp at a point nearer to its sender: not the one that its sender gave it. */
typedef struct tcpt_retimed_copy {
    tcpt_record *record; /**< there */
    const tcpt_point *at;
    bool order_assumed; /**< which point is nearer rests on both clocks being one */
} tcpt_retimed_copy;

/** Whether a segment of a flow is such a one, of the newest eight of its connection; a device that adds the same to all
 *  timestamps of a connection does not count. */
bool tcpt_retimed_copy_of(const tcpt_flow *flow, const tcpt_record *record, tcpt_retimed_copy *copy);

/** The flow that is the same connection at another point, as the number-th of them from 0; NULL when there are no more.
 */
const tcpt_flow *tcpt_flow_elsewhere(const tcpt_flow *flow, unsigned number);

/** Whether a point farther from a flow's end has its FIN, which has passed this one then. */
bool tcpt_fin_is_behind(const tcpt_flow *flow, unsigned end);

/** The FIN of a flow's end that another capture point saw and that was due at the flow's own until `until_ns` of its
 *  clock; or NULL. */
tcpt_record *tcpt_fin_elsewhere(const tcpt_flow *flow, unsigned end, int64_t until_ns);

/** Two capture points, over all connections that were seen at both. */
typedef struct tcpt_path {
    const tcpt_point *a;
    const tcpt_point *b;
    uint32_t connections;
    uint32_t translated;        /**< of those, addresses or ports differ */
    uint32_t renumbered;        /**< of those, sequence numbers are shifted by a constant */
    uint32_t sack_not_adjusted; /**< of those, SACK blocks keep the old numbers */
    tcpt_share to_b;            /**< segments on their way from a to b; missing: not seen at b */
    tcpt_share to_a;
    uint64_t uncaptured;   /**< seen at one of them and acknowledged at the other, whose capture lacks packets: not
                              counted   above, as nobody knows whether they came there */
    uint64_t matched_to_b; /**< seen at both, with a known direction */
    uint64_t matched_to_a;
    uint64_t matched_unordered; /**< seen at both, and nothing tells which point is nearer to the sender */
    int64_t delay_to_b_ns;      /**< smallest, by the clocks of the file; valid with matched_to_b */
    int64_t delay_to_a_ns;
    bool clocks_differ;      /**< a delay would be negative otherwise */
    int64_t clock_offset_ns; /**< how far b's clock is ahead of a's, give or take half of both delays */
} tcpt_path;

struct tcpt_analysis;

/** Call `visit` for each pair of points between which segments were recognised. Settle everything first. */
void tcpt_each_path(const struct tcpt_analysis *analysis, void (*visit)(const tcpt_path *, void *), void *data);

/** Whether there are several capture points, or there will be. */
bool tcpt_has_points(const struct tcpt_analysis *analysis);

/** First of the capture points seen so far, linked by `next`; NULL without any segment. */
const tcpt_point *tcpt_first_point(const struct tcpt_analysis *analysis);

/** Number of capture points seen so far. */
unsigned tcpt_point_count(const struct tcpt_analysis *analysis);

#endif
