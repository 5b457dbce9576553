/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What the capture has shown of one end of a flow, and of its host.
 *
 * For a segment, "sender" is the end it comes from and "receiver" the other. Sequence numbers are raw. What an
 * end has acknowledged (`rcv_nxt`) is by the same packets the other end's SND.UNA.
 */
#ifndef TCPTRIAGE_ENDPOINT_H
#define TCPTRIAGE_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "tcptriage/limits.h"
#include "tcptriage/portable.h"
#include "tcptriage/record.h"
#include "tcptriage/times.h"

/** A half-open range of sequence numbers. */
typedef struct tcpt_range {
    uint32_t left;
    uint32_t right;
} tcpt_range;

/** Ranges kept above a gap; more of them and the lowest gap is given up: tcpt_trouble.unsure_bytes. */
#define TCPT_RANGES 4

/** When an acknowledgment number was first reached. */
typedef struct tcpt_ack_step {
    int64_t time_ns;
    uint32_t ack;
    uint32_t record; /**< its number: tcpt_step_record() */
} tcpt_ack_step;

/** A segment that its receiver answers with a challenge ACK (RFC 5961), waiting for that answer. */
typedef struct tcpt_provocation {
    tcpt_record *record; /**< NULL when there is none */
    int64_t time_ns;
    bool by_data_too; /**< a RST at the end of bytes on their way: the same ACK may be theirs */
} tcpt_provocation;

/** A segment refused for its timestamp (RFC 7323, section 5), waiting for the duplicate ACK. */
typedef struct tcpt_refusal {
    tcpt_record *record; /**< NULL when there is none */
    int64_t time_ns;
    int32_t tsval_delta;
} tcpt_refusal;

/** A run of pure ACKs, one from each end in turn, each end's the same but for timestamps. */
typedef struct tcpt_ack_exchange {
    uint32_t count; /**< ACKs in the run, both ends together */
    uint8_t from;   /**< newest */
    bool as_sent;   /**< of the only one there is no tcpt_endpoint.pure_ack: the end itself tells it... */
    uint16_t ip_id; /**< ...but for that */
} tcpt_ack_exchange;

/** An end's part of such a run. */
typedef struct tcpt_pure_ack {
    uint32_t seq;
    uint32_t ack;
    uint16_t window;
    uint16_t ip_id; /**< newest; 0 where there is none */
} tcpt_pure_ack;

/** What a sender's payload says about closing. */
typedef enum TCPT_BYTE tcpt_said_close {
    TCPT_SAID_NOTHING,
    TCPT_SAID_HTTP_CLOSE, /**< a response with "Connection: close" */
    TCPT_SAID_HTTP_1_0,   /**< a response of HTTP/1.0 without keep-alive */
    TCPT_SAID_TLS_ALERT,  /**< its last payload ends with a TLS alert record */
} tcpt_said_close;

/** Which padded frame of an end was told of. */
typedef enum TCPT_BYTE tcpt_padding_told {
    TCPT_PADDING_UNTOLD,
    TCPT_PADDING_FIRST, /**< its first one */
    TCPT_PADDING_FIN,   /**< its FIN, in the place of that */
} tcpt_padding_told;

/** Whether what an end sent since the other one spoke asks for an answer, by the first of it;
 * a farewell behind it takes that back. */
typedef enum TCPT_BYTE tcpt_asks {
    TCPT_ASKS_NOTHING, /**< a farewell, too short to tell, or on its way already when the other one spoke */
    TCPT_ASKS_HARDLY,  /**< TLS data as short as what HTTP/2 says besides */
    TCPT_ASKS_PERHAPS,
    TCPT_ASKS_LIKELY, /**< TLS data longer than a farewell */
    TCPT_ASKS_SURELY, /**< of a protocol that leaves no such request unanswered */
} tcpt_asks;

/** How one knows that an HTTP response is complete. */
typedef enum TCPT_BYTE tcpt_reply {
    TCPT_REPLY_UNKNOWN, /**< only the close tells */
    TCPT_REPLY_LENGTH,
    TCPT_REPLY_CHUNKED, /**< last chunk not seen yet */
    TCPT_REPLY_CHUNKED_DONE,
} tcpt_reply;

/** So many connections that one host does not close are no coincidence. */
#define TCPT_PILE 3

/** One source address at one capture point, its checksums above all; shared by its flows, lives as long as the
 * analysis.
 */
typedef struct tcpt_host {
    uint32_t good;
    uint32_t wrong;                /**< neither explained nor known to be damage */
    uint32_t damaged;              /**< bytes taken for damaged of which nothing more was heard yet, by segment */
    uint32_t unverifiable;         /**< all others whose sum does not verify, offload artefacts included */
    bool sums_told;                /**< that its sums say nothing is told: once per host */
    bool bare;                     /**< it has sent a segment without payload */
    int64_t heard_ns;              /**< its newest segment of connections that were given back; 0 for none */
    tcpt_record *open;             /**< of a connection of its that is open: the oldest that was when this was asked;
                                      or NULL */
    tcpt_record *waits[TCPT_PILE]; /**< of its connections in CLOSE-WAIT, the oldest ones; NULL for none */
    tcpt_record
        *stray; /**< of the newest flow to it that began without a SYN, or whose SYN-ACK it has reset; or NULL */
} tcpt_host;

/** What a wrong checksum is taken for. */
typedef enum TCPT_BYTE tcpt_damage_kind {
    TCPT_DAMAGE_FOUND,     /**< really bad: hosts drop the segment */
    TCPT_DAMAGE_SUSPECTED, /**< perhaps: a SYN or SYN-ACK that nothing good came before */
    TCPT_DAMAGE_HABIT,     /**< no damage: the sums of this end follow the length alone. Kept to compare with */
} tcpt_damage_kind;

/** A segment with a wrong checksum, until it is known what became of its bytes. */
typedef struct tcpt_damage {
    tcpt_record *record;
    tcpt_record *sound; /**< of a SUSPECTED one: the first retry with a good sum, NULL without one */
    int64_t time_ns;
    uint32_t left; /**< what only this segment, or others like it, have shown: [left, right) */
    uint32_t right;
    uint16_t rest; /**< checksum field minus length: does not change where the sum was never made over the bytes */
    uint16_t expected;
    tcpt_damage_kind kind;
    bool cut_down; /**< a part of its bytes was sent again with a good sum */
    bool payload_only;
    bool counted; /**< in tcpt_host.damaged */
} tcpt_damage;

/** Such segments of one end, oldest first. More of them and the oldest is believed. */
#define TCPT_DAMAGES 16

typedef struct tcpt_damages {
    uint8_t count;
    uint8_t room;
    tcpt_damage at[];
} tcpt_damages;

/** A RST toward an end, of which nothing has told yet whether it had effect. */
typedef struct tcpt_rst_toward {
    tcpt_record *record; /**< NULL when there is none */
    int64_t time_ns;
    uint32_t again_seq; /**< what the end has sent again since, or probed with; valid with agains */
    uint8_t agains;
    uint8_t position;     /**< tcpt_rst_position */
    uint8_t verdict;      /**< tcpt_verdict, of the chosen stack */
    bool challenged;      /**< the end has answered it with a challenge ACK */
    bool outlived_exact;  /**< an exact RST before it had no effect on the end */
    bool lacks_signature; /**< both SYNs were signed (TCP-MD5, TCP-AO), and it is not */
} tcpt_rst_toward;

/** What few flows ever need of an end. */
typedef struct tcpt_trouble {
    struct tcpt_trouble_room *in;  /**< where it is kept, and what its flow has of that kind */
    tcpt_range above[TCPT_RANGES]; /**< seen beyond snd_contig, sorted; see above_count */
    tcpt_range hole;           /**< newest place of that kind, what is left of it when late bytes fill it; see holes */
    tcpt_range unwanted;       /**< refused for its timestamp, and not sent again so far; empty when left is right */
    uint32_t unsure_bytes;     /**< of gaps that were given up, what has not been seen since; 0 none */
    uint32_t unsure_to;        /**< where the highest of them ends: acknowledged so far it is settled */
    uint32_t sack_left;        /**< where the SACK block begins that ends at sack_edge; valid with sack_held */
    uint32_t sack_ack;         /**< the ACK number that the next two belong to */
    uint32_t sack_bytes;       /**< of all SACK blocks above it that the newest such segment carries */
    uint32_t sack_leap;        /**< by how much they have grown at once, at the most: no segment taken was longer */
    tcpt_provocation provoked; /**< by the other end, not yet answered by this one */
    tcpt_refusal refused;      /**< what this end refused and has not answered yet */
    tcpt_damages *damages;     /**< owned; NULL when there are none */
    int64_t limited_ns;        /**< when it last gave an answer that its limit counts; 0 never */
    bool limited_surely;       /**< that it did is certain */
    uint8_t limited_in;        /**< tcpt_state in which it did */
} tcpt_trouble;

/** One end of a flow: everything is what this end was seen to send, unless said otherwise. There are millions of them:
 * no holes between members of different size, and what is asked for together lies together, in lines of 64 bytes. */
typedef struct tcpt_endpoint {
    /* What every segment of an open connection asks for. Of both ends: */
    uint32_t snd_nxt;    /**< highest end_seq; valid with sent */
    uint32_t snd_contig; /**< highest end_seq without a gap before it: N of the receiver rules */
    uint32_t iss;        /**< valid with syn */
    uint32_t timed_end;  /**< end_seq of the segment that is being timed */
    uint32_t rcv_nxt;    /**< highest ACK: A of the rules for segments toward this end; valid with acked */
    uint32_t rcv_wnd;    /**< newest window, scaled where the scale is known */
    uint32_t rcv_edge;   /**< largest right edge advertised: R */
    bool sent : 1;       /**< anything that fixes snd_nxt */
    bool acked : 1;      /**< anything that fixes rcv_nxt */
    bool syn : 1;        /**< its SYN or SYN-ACK was seen */
    bool far : 1;        /**< it has sent so much that its ISS is out of the reach of comparisons: tcpt_lowest_seq() */
    bool stands : 1; /**< it said again that it expects rcv_nxt, after what was sent from there on can have arrived */
    bool sack_held : 1; /**< newest segment carries SACK blocks above its ACK */
    bool fast_open : 1; /**< its SYN had the option */
    uint8_t wscale;     /**< shift in force for its windows: 0 unless both offered it */
    uint8_t holes;      /**< places that the capture lacks bytes of, see holed; saturating */
    uint8_t state : 4;  /**< tcpt_state, inferred, taking frames as delivered; a FIN only until a repeat refutes it */
    uint8_t handshake : 4; /**< tcpt_state, LISTEN to ESTABLISHED: how far its handshake is */
    int64_t unanswered_ns; /**< first of its segments that asks for an answer; 0 none */
    int64_t timed_ns;      /**< capture time of the segment whose acknowledgment is being timed; 0 none */
    int64_t payload_ns;    /**< newest payload that was not a repeat */
    int64_t rtt_ns;        /**< capture point to this end and back: smallest seen; 0 unknown */

    /* Of its sender. Timestamps (RFC 7323): TS.Recent of the other end lies between ts_echoed there and tsval_highest
     * here. */
    int64_t last_ns; /**< newest segment */
    tcpt_record *last_record;
    tcpt_host *host;        /**< NULL until its second segment, unless the address is known already */
    int64_t tsval_ns;       /**< when tsval_highest was sent; 0 never */
    uint32_t tsval_highest; /**< valid with tsval_ns */
    uint32_t newest_tsval;
    uint32_t ts_echoed;     /**< newest TSecr, what this end held then; valid with echoes */
    uint32_t tsval_counted; /**< newest that counts for TS.Recent there, if it arrived; valid with counts */
    uint32_t segment_count;
    uint32_t checksums_good;
    uint16_t ip_id;    /**< newest */
    bool ip_id_stuck;  /**< sends the same IP ID over and over: no key for copies */
    bool echoes;       /**< ts_echoed is valid */
    bool counts;       /**< tsval_counted is valid */
    uint8_t ttl_least; /**< TTL or hop limit of its segments, RSTs excepted; 0 while none is known */
    uint8_t ttl_most;
    uint8_t syn_ttl; /**< of its first SYN or SYN-ACK */

    /* Of the sender of data, or of a new ACK: what it sent since the other end was last heard (with unanswered_ns), and
     * the history of its acknowledgments: when rcv_nxt reached what; thinned when long, so a step found may be a later
     * one than the first, never an earlier. */
    tcpt_record *payload_record;
    tcpt_record *unanswered_record; /**< the first of it */
    int64_t round_ns;       /**< newest of what is unanswered, or of the probes, that counts as a round of its own */
    int64_t idle_before_ns; /**< silence of the flow before the first of them */
    tcpt_ack_step *ack_steps;
    uint16_t ack_step_count;
    bool ending_before;  /**< the flow was closing when it began to send what is unanswered */
    bool unanswered_fin; /**< that began with a FIN without payload */
    uint32_t payload_segments;
    uint32_t max_wnd;           /**< largest window */
    uint32_t window_seq;        /**< highest SEQ that came with a window: the other end's SND.WL1 */
    tcpt_said_close said_close; /**< what its payload said */
    tcpt_reply reply;
    tcpt_asks asks;

    /* What opening and closing ask for besides. */
    const tcpt_trouble *trouble; /**< never NULL: nothing but `in` until it is needed. Owned */
    int64_t syn_ns;              /**< newest SYN or SYN-ACK */
    uint32_t syn_count;          /**< SYN or SYN-ACK, repeats included */
    uint32_t syn_tsval;
    uint32_t unanswered_repeats;    /**< payload sent again, in rounds at least an RTT apart */
    uint32_t unanswered_fins;       /**< a FIN without payload sent again */
    uint32_t unanswered_probes;     /**< keep-alive probes, at least half a second apart */
    uint32_t checksums_wrong;       /**< offload artefacts included */
    uint32_t checksums_unexplained; /**< wrong, and no offload artefact */
    uint16_t mss;                   /**< that it offered, 0 none */
    uint16_t syn_window;            /**< of its first SYN or SYN-ACK, as it stands there */
    bool reset;                     /**< closed by a RST, its own or one that it took */
    bool reset_peer;                /**< one of its RSTs was exact: the other end is taken as reset */
    bool holed;                     /**< the other end acknowledged bytes that the capture lacks, or what lies below
                                         snd_contig is unsure for now */
    bool took_payload;              /**< it acknowledged new payload after its own FIN: a half-close */
    bool fin;                       /**< its FIN was seen */
    bool fin_acked;   /**< acknowledged by the other end, its FIN (inferred too when the FIN itself was not captured) */
    bool fin_refuted; /**< one was inferred that was none */
    bool fin_delivered; /**< its FIN is taken as received: in order and not refuted by a repeat */
    bool fin_second;    /**< sent after the other end's FIN was acknowledged: passive close */
    bool syn_padded;    /**< one of its SYNs, or SYN-ACKs, was */
    uint8_t above_count;
    uint8_t syn_options;
    uint8_t fast_open_bytes;
    tcpt_padding_told padding_told;

    /* What few segments ask for. */
    int64_t rst_ns;          /**< newest RST that it sent */
    uint32_t rst_count;      /**< of all its RSTs */
    tcpt_pure_ack pure_ack;  /**< in tcpt_flow.acks */
    uint32_t short_segments; /**< IPv4 segments so short that Ethernet pads them */
    uint32_t syn_payload_bytes;
    uint16_t wrong_rest; /**< of the first of these: tcpt_damage.rest and .expected */
    uint16_t wrong_expected;
    uint32_t sack_edge;       /**< highest SACK right edge of the newest segment; valid with sack_held */
    uint32_t copies;          /**< second copies of its segments: these changed nothing else */
    uint32_t payload_repeats; /**< payload segments of bytes seen before */

    /* Its FIN. */
    uint32_t fin_end;      /**< sequence number behind it */
    uint32_t fin_last_ack; /**< ACK that the newest transmission carried */
    int64_t fin_ns;
    int64_t fin_last_ns; /**< newest transmission */
    int64_t fin_acked_ns;
    tcpt_record *fin_record;
    tcpt_record *fin_acked_record;
    uint32_t fin_crossed_ms; /**< the other end's newest segment that did not acknowledge it came so long before the one
                                that did; valid with fin_acked */
    uint32_t fin_repeats;

    tcpt_record *rst_record;
    tcpt_record *said_record; /**< of said_close: whose payload said it */
    uint32_t reply_end;       /**< sequence number behind the response; valid with TCPT_REPLY_LENGTH */
} tcpt_endpoint;

/** How far back a sequence number can be compared for certain: half of what RFC 9293, section 3.4 allows. */
#define TCPT_SEQ_REACH (UINT32_C(1) << 30)

/** The lowest sequence number that an end has used in its SYN or since, as far back as numbers compare; valid with syn.
 */
static inline uint32_t tcpt_lowest_seq(const tcpt_endpoint *end)
{
    return end->far ? end->snd_nxt - TCPT_SEQ_REACH : end->iss;
}

/** Whether the capture holds a segment without payload of an end's host. Where it has none at all it was filtered, and
 * that a bare ACK or FIN does not show proves nothing. */
static inline bool tcpt_shows_bare(const tcpt_endpoint *end)
{
    return end->segment_count > end->payload_segments || (end->host && end->host->bare);
}

/** Whether an end's FIN was acknowledged and not captured: a hypothesis. */
static inline bool tcpt_fin_is_inferred(const tcpt_endpoint *end)
{
    return end->fin_acked && !end->fin;
}

/** Whether an end takes nothing: it has advertised a window of 0, and no other since. */
static inline bool tcpt_window_is_shut(const tcpt_endpoint *end)
{
    return !end->rcv_wnd && end->acked;
}

/** Whether its newest window field is 65535, whatever its scale: the right edge may lie beyond it. */
static inline bool tcpt_window_is_full(const tcpt_endpoint *end)
{
    uint64_t lowest_bit = end->rcv_wnd & -end->rcv_wnd;

    return end->rcv_wnd && end->rcv_wnd + lowest_bit == lowest_bit << 16;
}

/** Routers that have passed a packet on, by its TTL or hop limit: hosts begin with 255, 128, 64 or 32. */
static inline unsigned tcpt_hops(uint8_t ttl)
{
    return (ttl > 128 ? 255 : ttl > 64 ? 128 : ttl > 32 ? 64 : 32) - ttl;
}

/** Whether enough of its segments were seen to tell which TTL or hop limit it uses. */
static inline bool tcpt_ttl_is_known(const tcpt_endpoint *end)
{
    enum { KNOWN_BY = 3 }; /* RSTs excepted, which others may have sent in its name */

    return end->segment_count >= end->rst_count + KNOWN_BY;
}

/** The one TTL or hop limit that its segments have, RSTs excepted; 0 where they are too few to tell, or have several.
 */
static inline uint8_t tcpt_only_ttl(const tcpt_endpoint *end)
{
    return tcpt_ttl_is_known(end) && end->ttl_least == end->ttl_most ? end->ttl_most : 0;
}

/** Whether what the end sent comes from behind a router: a device that drops what is sent to it may stand between. */
static inline bool tcpt_is_behind_router(const tcpt_endpoint *end)
{
    return end->ttl_least && tcpt_hops(end->ttl_least);
}

/** Whether the capture was taken so near to the end that what passed has reached it. On a way that is short as a whole
 * both ends are near by time: no router may lie between. */
static inline bool tcpt_is_near(const tcpt_endpoint *end)
{
    return end->rtt_ns && end->rtt_ns <= TCPT_NEAR_MS * TCPT_MS_NS && !tcpt_is_behind_router(end);
}

#endif
