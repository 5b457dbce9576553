/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a detector is, and what it may do: look at a segment against the flow before it, and raise findings.
 *
 * One detector is one file in plugin/detectors with a `const tcpt_detector`, and one line in detectors.def.
 */
#ifndef TCPTRIAGE_DETECTOR_H
#define TCPTRIAGE_DETECTOR_H

#include "tcptriage/finding.h"
#include "tcptriage/flow.h"
#include "tcptriage/observation.h"
#include "tcptriage/portable.h"
#include "tcptriage/segment.h"
#include "tcptriage/settings.h"
#include "tcptriage/times.h"

/** What a detector sees; everything but the sink is read only. */
typedef struct tcpt_context {
    const tcpt_settings *settings;
    const tcpt_flow *flow;        /**< as it was before the segment */
    const tcpt_segment *segment;  /**< NULL when a flow is settled */
    const tcpt_observation *seen; /**< NULL when a flow is settled */
    tcpt_record *record;          /**< of the segment, or the flow's last */
    int64_t now_ns;               /**< time of the segment, or the newest of the piece that holds the flow */
    int64_t piece_ns;             /**< when that contiguous piece of the capture began: for tcpt_since_ns() */
    const struct tcpt_detector *detector;
    struct tcpt_findings *store; /**< where tcpt_raise() keeps what it makes */
} tcpt_context;

/** How much time has passed since then, as far as clocks compare: a jump of the capture's clock is none. */
static inline int64_t tcpt_since_ns(const tcpt_context *context, int64_t then_ns)
{
    int64_t from_ns = then_ns > context->piece_ns ? then_ns : context->piece_ns;

    return context->now_ns > from_ns ? context->now_ns - from_ns : 0;
}

/** What a finding puts the blame on: findings of several flows are one case when cause and place agree. */
typedef enum tcpt_blame {
    TCPT_BLAMES_SENDER,   /**< the host that sent the frame */
    TCPT_BLAMES_RECEIVER, /**< the host that it was sent to */
    TCPT_BLAMES_LISTENER, /**< the server's address and port */
    TCPT_BLAMES_PAIR,     /**< a client's address together with the server's address and port */
    TCPT_BLAMES_SOURCE,   /**< the client's address */
    TCPT_BLAMES_PATH,     /**< the way between two hosts, or between two capture points */
    TCPT_BLAMES_CAPTURE,  /**< the capture itself */
} tcpt_blame;

/** Where a command is run. */
typedef enum tcpt_where {
    TCPT_ON_CLIENT,
    TCPT_ON_SERVER,
    TCPT_ON_BLAMED,  /**< the end that is blamed; where none is, the one that sent the finding's frame */
    TCPT_ON_OTHER,   /**< the other end */
    TCPT_ON_THE_WAY, /**< a device between them: not where a host speaks with itself */
} tcpt_where;

/**
 * A command with which the reader looks further, ready to be pasted: placeholders stand for the addresses and ports of
 * what was found, of many connections for the worst one's.
 *
 * %client% %server% %host% (of the end that it is run on) %other% (of the other end): addresses
 * %port%: the server's
 * %traffic%: capture filter (pcap-filter(7)) of all that was hit: what its connections have in common
 * %socket%: filter of ss(8) for the same, on the end that it is run on
 * %family%: "ipv4" or "ipv6"
 *
 * Where the capture holds the other end too, nobody is asked for another one: no "tcpdump". Where a host speaks with
 * itself nobody looks for the way: no "traceroute".
 */
typedef struct tcpt_command {
    tcpt_where where;
    const char *line;
    const char *tells; /**< what its output says, or the question that it answers */
} tcpt_command;

/** What shows a finding best. */
typedef enum tcpt_drawn_as {
    TCPT_DRAWN_AS_LADDER,   /**< the decisive segments between both ends */
    TCPT_DRAWN_AS_SEQUENCE, /**< sequence numbers over time: what was sent, acknowledged, and room for more */
    TCPT_DRAWN_AS_WAY,      /**< capture points, and where segments get lost between them */
    TCPT_DRAWN_AS_PORTS,    /**< ports in use over time */
} tcpt_drawn_as;

/** What says of a host that it answers nothing: cases of one that is never heard again are one. What says most comes
 * first. */
typedef enum tcpt_silence {
    TCPT_SILENCE_NONE,
    TCPT_SILENCE_OF_DATA,   /**< a connection that was alive */
    TCPT_SILENCE_OF_PROBES, /**< one that was idle */
    TCPT_SILENCE_OF_HOST,   /**< one that is begun, as all others are */
    TCPT_SILENCE_OF_SYN,    /**< one that is begun, others were answered */
} tcpt_silence;

/** A flow of which only an ordinary SYN was seen, at the end of what was captured. */
typedef struct tcpt_lone_syn {
    int64_t waited_ns;
    uint8_t options; /**< TCPT_OPTION_... */
    tcpt_crowd crowd;
} tcpt_lone_syn;

/** A detector's row: its texts, when it wants to be asked, and its functions. */
typedef struct tcpt_detector {
    const char *id;          /**< filter name behind "tcptriage." */
    const char *message;     /**< constant text of the expert info */
    const char *brief;       /**< the same in at most TCPT_BRIEF_MOST characters; NULL: the message is that short */
    const char *mistaken;    /**< what it is easily taken for at first sight, as a noun; NULL for nothing */
    const char *explanation; /**< what it means */
    const char *remedy;      /**< what to change, or what to capture next */
    const tcpt_command
        *commands;         /**< to look further, the first to run first; ended by one without a line, NULL for none */
    const char *reference; /**< RFC section, kernel function, version */
    tcpt_group group;
    tcpt_severity severity;
    tcpt_blame blames;
    tcpt_silence silence;
    tcpt_drawn_as picture;
    const char *const *explains; /**< ids of findings that are consequences of its own where they follow it, or surround
                                      it, on the same 4-tuple; ended by NULL, NULL for none */
    uint64_t wants;              /**< traits (observation.h) of which one is enough to be asked */
    uint64_t follows;            /**< the same once it has noted something of the flow; 0 for none besides */
    bool repeats_itself;   /**< on a RST that differs from the segment before it in time, IP ID and where in the window
                            * it lies, and in nothing else that the rules ask for, it does as on that one: see
                            * plugin/core/flow/rst_again.h */
    uint16_t memory_bytes; /**< memory per flow, zero until judge() writes to it; 0 for none */
    const tcpt_field *fields; /**< fields it may set, ended by TCPT_FIELD_COUNT; NULL for none */

    /** Judge one segment. `memory`, here and below, is NULL when memory_bytes is 0. */
    void (*judge)(const tcpt_context *context, void *memory);
    /** Judge a flow at the end of what was captured, or NULL. May run again when more segments came:
     *  what it raises is forgotten first, and it must not change `memory`, nor a finding that
     *  is kept there: see tcpt_instead_of(). */
    void (*settle)(const tcpt_context *context, const void *memory);
    /** Whether settle() may raise anything for such a flow; NULL: it never does. Floods have millions of them. */
    bool (*settles_lone_syn)(const tcpt_lone_syn *syn);
} tcpt_detector;

/** Every detector, in the order of detectors.def, ended by NULL. */
extern const tcpt_detector *const tcpt_detectors[];

/** What a detector's own judge() has noted of a flow, such as the life before (tcpt_flow.previous); NULL for nothing.
 */
void *tcpt_memory_of(const tcpt_flow *flow, const tcpt_detector *detector);

/**
 * Raise a finding on the current frame.
 *
 * Where there are many alike it joins the others of its kind (tcpt_run): what is set below is then told as far as it
 * is the same for all of them. The detector need not know.
 *
 * @param summary  printf format of the one sentence, a literal; conversions: core/finding/sentence.h
 * @return the finding, to be completed; owned by the analysis. A judge may keep it in its memory to complete it later;
 *         one that has no memory finds it again by tcpt_raised_on() only.
 */
tcpt_finding *tcpt_raise(const tcpt_context *context, tcpt_confidence confidence, const char *summary, ...)
    TCPT_PRINTF(3, 4);

/**
 * Raise an end finding on the flow's last frame that floods may bring in any number. Of one kind TCPT_APART_MOST flows
 * have one of their own; those of further flows are told as one.
 *
 * @param kind  what those have in common that may be told as one, from 1
 */
tcpt_finding *tcpt_raise_among(const tcpt_context *context, unsigned kind, tcpt_confidence confidence,
                               const char *summary, ...) TCPT_PRINTF(4, 5);

/** The finding that the same detector has raised on a frame of the flow before, or NULL. No end findings. */
tcpt_finding *tcpt_raised_on(const tcpt_context *context, const tcpt_record *record);

/** Take back a finding that a later segment has refuted: it is forgotten, and freed. Not for end findings. */
void tcpt_withdraw(const tcpt_context *context, tcpt_finding *finding);

/** Replace the summary of a finding when a later segment has told more. */
void tcpt_resummarise(tcpt_finding *finding, const char *summary, ...) TCPT_PRINTF(2, 3);

/** Raise an end finding on another frame of the flow than its last. Else as tcpt_raise(). */
tcpt_finding *tcpt_raise_on(const tcpt_context *context, tcpt_record *on, int64_t time_ns, tcpt_confidence confidence,
                            const char *summary, ...) TCPT_PRINTF(5, 6);

/**
 * Raise an end finding in the place of one that judge() has raised, to be completed by what the end tells: it starts
 * with all that the judged one says, on the same frame. That one is as it was when the flow is settled anew.
 */
tcpt_finding *tcpt_instead_of(const tcpt_context *context, tcpt_finding *judged);

/** Take back at the end what judge() has raised, until the flow is settled anew. One that is told of many flows as one
 * stays. */
void tcpt_refute(const tcpt_context *context, tcpt_finding *judged);

/** Say it in at most TCPT_BRIEF_MOST characters, the cause first; without this the row's brief is shown.
 *  @param brief  as the summary of tcpt_raise() */
void tcpt_brief(tcpt_finding *finding, const char *brief, ...) TCPT_PRINTF(2, 3);

/** What the finding cost on its flow (a stall, a wait for a retry), in nanoseconds; less than none, by a clock that
 * went back, is 0. */
void tcpt_set_delay(tcpt_finding *finding, int64_t delay_ns);

/** How long what it tells of went on, where that is longer than until its frame, or its run's last one. */
void tcpt_set_until(tcpt_finding *finding, int64_t until_ns);

/** Whom it blames, where the row's place is an end: index of the flow's end. */
void tcpt_set_blamed(tcpt_finding *finding, unsigned end);

/** The way between the hosts is to blame, whatever the row says: what an end does shows only that. */
void tcpt_blame_way(tcpt_finding *finding);

void tcpt_set_confidence(tcpt_finding *finding, tcpt_confidence confidence);

/** Name a frame that proves the finding; NULL, the finding's own frame and repetitions are passed over, and what goes
 * beyond TCPT_MAX_RELATED. */
void tcpt_relate(tcpt_finding *finding, tcpt_record *record);

/** Name many frames that an end finding is about, each once and none of them its own. */
void tcpt_relate_all(tcpt_finding *finding, tcpt_record *const *records, uint32_t count);

/** Set or replace a number, hexadecimal, frame number or duration (nanoseconds). */
void tcpt_set_number(tcpt_finding *finding, tcpt_field field, int64_t value);

/** The same for every finding that the detector has raised so far in this flow on segments of this sender. */
void tcpt_set_number_of_all(const tcpt_context *context, tcpt_field field, int64_t value);

/** Set or replace a text; `text` is static. */
void tcpt_set_text(tcpt_finding *finding, tcpt_field field, const char *text);

/** As tcpt_set_text(), taking over an allocated text (g_free). NULL is passed over. */
void tcpt_take_text(tcpt_finding *finding, tcpt_field field, char *text);

/** Say what the frames rule out; `sentence` is static. */
void tcpt_rule_out(tcpt_finding *finding, const char *sentence);

/** Forget what was ruled out: it is said anew. */
void tcpt_rule_out_nothing(tcpt_finding *finding);

#endif
