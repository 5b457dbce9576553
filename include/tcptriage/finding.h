/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Findings: a diagnosis on a frame, with its proof.
 */
#ifndef TCPTRIAGE_FINDING_H
#define TCPTRIAGE_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tcpt_detector;
struct tcpt_flow;
struct tcpt_record;

typedef enum tcpt_severity { TCPT_CHAT, TCPT_NOTE, TCPT_WARN } tcpt_severity;
typedef enum tcpt_confidence { TCPT_LOW, TCPT_MEDIUM, TCPT_HIGH } tcpt_confidence;
typedef enum tcpt_group { TCPT_GROUP_SEQUENCE, TCPT_GROUP_CHECKSUM, TCPT_GROUP_PROTOCOL } tcpt_group;

/** How a field's value is to be read. */
typedef enum tcpt_field_type {
    TCPT_TYPE_INTEGER,  /**< signed, 32 bits */
    TCPT_TYPE_NUMBER,   /**< unsigned, 32 bits */
    TCPT_TYPE_HEX16,    /**< unsigned, 16 bits, shown in hexadecimal */
    TCPT_TYPE_FRAME,    /**< a frame number */
    TCPT_TYPE_DURATION, /**< nanoseconds */
    TCPT_TYPE_TEXT,
} tcpt_field_type;

typedef enum tcpt_field {
#define TCPT_FIELD(name, filter, type, label) TCPT_F_##name,
#include "tcptriage/fields.def"
#undef TCPT_FIELD
    TCPT_FIELD_COUNT
} tcpt_field;

/** A field's static description; `filter` is the name without the leading "tcptriage.". */
typedef struct tcpt_field_info {
    const char *filter;
    const char *label;
    tcpt_field_type type;
} tcpt_field_info;

/** Descriptions in the order of tcpt_field. */
extern const tcpt_field_info tcpt_fields[TCPT_FIELD_COUNT];

typedef struct tcpt_value {
    tcpt_field field;
    int64_t number;   /**< every type but text */
    const char *text; /**< lives as long as the finding */
} tcpt_value;

/** The longest delay that is told, of one finding or of all in a case: two of them can be added. */
#define TCPT_DELAY_MOST_NS (INT64_MAX / 2)

/** Counts and sizes. */
enum {
    /** Frames that prove a finding; end findings about many segments may name more. */
    TCPT_MAX_RELATED = 8,
    TCPT_MAX_RULED_OUT = 4,
    /** tcpt_diagnosis.blamed of tcpt_blame_way(): no end's. */
    TCPT_WAY_BLAMED = 3,
    /** Characters of a brief: what a column shows beside Wireshark's own. */
    TCPT_BRIEF_MOST = 60,
    /** Findings that a frame shows; there are fewer detectors, and none raises two on one frame as a rule. */
    TCPT_ON_FRAME_MOST = 64,
    /** Findings that one frame is shown as a proof of. A reader follows a few; Wireshark gives a frame up that has a
     *  million items. */
    TCPT_PROOFS_MOST = 16,
    /** Findings of one detector, about one sender, that a flow keeps apart. What comes behind them is told as one: a
     *  reader who has seen so many alike asks how many more there are, not for each one's numbers. */
    TCPT_ALIKE_MOST = 16,
    /** Findings of one detector and kind, over all flows, that are told apart where a flood may bring any number
     *  (tcpt_raise_among()): more places than a report lists. */
    TCPT_APART_MOST = 256,
    /** What findings may take in all but for their marks on frames: some hundred thousand of them. */
    TCPT_DIAGNOSES_MOST_BYTES = 32 << 20,
};

/**
 * A finding: a diagnosis on the frame that completes its evidence. Every frame of a capture may have some: what
 * findings can share is in the diagnosis. Lives until the analysis is freed, except end findings, which live until
 * their flow is settled anew. Later segments may complete what it says; the capture's end never does: it raises an end
 * finding in its place.
 */
typedef struct tcpt_finding {
    struct tcpt_diagnosis *diagnosis;
    struct tcpt_record *on;
    struct tcpt_finding *next; /**< of the same tcpt_record.notes */
    int64_t time_ns;           /**< of that frame */
} tcpt_finding;

typedef union tcpt_stored {
    int64_t number;
    const char *text;
} tcpt_stored;

/** What findings have in common that are told as one: those of one detector and sender beyond TCPT_ALIKE_MOST, or of
 * one detector and kind in all the capture beyond TCPT_APART_MOST or TCPT_DIAGNOSES_MOST_BYTES. */
typedef struct tcpt_run {
    uint32_t count;              /**< findings that share the diagnosis */
    uint32_t joined;             /**< as count, those taken back included */
    int64_t last_ns;             /**< time of the newest */
    uint16_t late;               /**< values that were set for all of them, as bits: not for those to come */
    tcpt_finding newest;         /**< the last that joined, until the next: core/finding/notes.h; `on` NULL for none */
    tcpt_finding shown;          /**< one that only a mark is left of, while it is looked at */
    struct tcpt_diagnosis *next; /**< the flow's next run */
} tcpt_run;

/** What is said of one frame, or of a run of them. */
typedef struct tcpt_diagnosis {
    const struct tcpt_detector *detector;
    struct tcpt_findings *store;
    struct tcpt_diagnosis *next;     /**< in the flow, oldest first */
    struct tcpt_diagnosis *previous; /**< of the first: the last */
    tcpt_finding first;              /**< the finding that it was made for */
    int64_t time_ns;                 /**< of that frame */
    tcpt_run *run;                   /**< NULL while no other may join */
    tcpt_finding *instead_of;        /**< of an end finding: the judged one whose place it takes, or NULL */
    const char *summary;             /**< format of the sentence; tcpt_summary() writes it out */
    uint8_t *arguments;              /**< of the summary */
    struct tcpt_record **related;    /**< frames that prove it, in the order they were named: `few`, or owned */
    struct tcpt_record *few[2];      /**< as many as most findings have */
    const char **ruled_out;          /**< static sentences; NULL for none */
    const char *brief;         /**< format of a few words; NULL: the detector's. tcpt_brief_text() writes it out */
    uint8_t *brief_arguments;  /**< of them, owned; NULL for none */
    struct tcpt_case *part_of; /**< its case; NULL until cases are made (cases.h) */
    int64_t delay_ns;          /**< what it cost on this flow; 0 where that cannot be told */
    int64_t until_ns;          /**< how long what it tells of went on; 0: it is of that frame */
    uint32_t related_count;
    uint32_t bytes;      /**< that it takes, and what hangs on it */
    uint32_t superseded; /**< how many of its findings end findings stand in for: those are not shown */
    uint16_t set;        /**< bits, by place in detector->fields: the values that there are */
    uint16_t differs;    /**< of a run: those that are not the same for all */
    uint16_t owned;      /**< texts that are its own */
    uint16_t brief_bytes;
    uint16_t argument_bytes;
    uint16_t argument_room;
    uint16_t own_room; /**< of these, what lies behind the values */
    uint8_t number;    /**< the detector's place in tcpt_detectors */
    uint8_t ruled_out_count;
    uint8_t next_place;   /**< behind the value that was set last: most are set in their order */
    uint8_t confidence;   /**< tcpt_confidence; the least of a run's */
    bool at_end;          /**< an end finding */
    bool consequence;     /**< of another finding in its case */
    bool wide;            /**< a run over all flows */
    bool first_gone;      /**< `first` was taken back, others of the run were not */
    bool unseen;          /**< on no frame: what nobody has room for */
    bool refuted;         /**< an end finding that only takes another's place: nothing is said any more */
    uint8_t related_room; /**< of `related` where it is no more `few`; saturating */
    uint8_t kind;         /**< of those that may come in floods: tcpt_raise_among(); else 0 */
    uint8_t blamed;       /**< end of the flow to blame plus one, TCPT_WAY_BLAMED; 0: as the detector's row says */
    tcpt_stored values[]; /**< by place in detector->fields; the summary's arguments may lie behind */
} tcpt_diagnosis;

/** What a flow has; flows without a finding have none of this. */
typedef struct tcpt_found {
    tcpt_diagnosis *first;     /**< raised on segments; its `previous` is the newest */
    tcpt_diagnosis *end_first; /**< raised when the flow was settled */
    tcpt_finding *end_wide;    /**< copies of those that joined a run over all flows then */
    tcpt_diagnosis *runs;      /**< those of `first` that others may join */
    uint32_t weighty[2];       /**< notes and warnings on its frames: raised on segments, raised at the end */
} tcpt_found;

/** What was told as one, and left out. */
typedef struct tcpt_folding {
    uint64_t in_flows; /**< findings that share a diagnosis with others of their flow */
    uint64_t wide;     /**< findings without one of their own: TCPT_DIAGNOSES_MOST_BYTES, TCPT_APART_MOST */
    uint64_t proofs;   /**< frames not shown as a proof, as they are one of TCPT_PROOFS_MOST others */
} tcpt_folding;

/** Whether a finding's diagnosis is told of several frames, of which this is not the first. */
static inline bool tcpt_is_folded(const tcpt_finding *finding)
{
    return finding->on != finding->diagnosis->first.on;
}

/** How many findings a diagnosis is told of; 0 while an end finding stands in its place. */
static inline uint32_t tcpt_alike(const tcpt_diagnosis *diagnosis)
{
    return diagnosis->refuted ? 0 : (diagnosis->run ? diagnosis->run->count : 1) - diagnosis->superseded;
}

/** What a detector has said of a diagnosis. @return g_free() it */
char *tcpt_sentence_of(const tcpt_diagnosis *diagnosis);

/** The sentence that a finding's frame shows. @return g_free() it */
char *tcpt_summary(const tcpt_finding *finding);

/** At most TCPT_BRIEF_MOST characters, the cause first, for a column. @return g_free() it */
char *tcpt_brief_text(const tcpt_finding *finding);

/** The values that hold for this finding, one by one, in the order of the detector's fields: *at begins with 0.
 *  @return false when there are no more */
bool tcpt_next_value(const tcpt_finding *finding, unsigned *at, tcpt_value *value);

/** @return false when the finding has no such value */
bool tcpt_value_of(const tcpt_finding *finding, tcpt_field field, tcpt_value *value);

/** "chat", "note", "warn". */
const char *tcpt_severity_name(tcpt_severity severity);
/** "low", "medium", "high". */
const char *tcpt_confidence_name(tcpt_confidence confidence);

#endif
