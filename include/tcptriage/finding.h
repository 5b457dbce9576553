/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A finding: one diagnosis, on one frame, with its proof.
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
    const char *text; /**< static, or owned by the finding */
} tcpt_value;

#define TCPT_MAX_VALUES 14
/** Findings that a frame shows; no detector raises more than two on one frame. */
#define TCPT_ON_FRAME_MOST 64
/** Frames that prove a finding; end findings about many segments may name more. */
#define TCPT_MAX_RELATED   8
#define TCPT_MAX_RULED_OUT 4

/** A place in a record's list of the findings it proves; part of the finding. */
typedef struct tcpt_proof {
    const struct tcpt_finding *finding;
    struct tcpt_proof *next;
} tcpt_proof;

/**
 * A finding. Lives until the analysis is freed, except end findings (tcpt_flow.end_findings), which live until
 * the flow is settled anew. Later segments may complete its values and summary; the capture's end never does: it raises
 * an end finding in its place.
 */
typedef struct tcpt_finding {
    const struct tcpt_detector *detector;
    struct tcpt_flow *flow;
    struct tcpt_record *on;             /**< the frame that completes the evidence */
    struct tcpt_finding *next_on_frame; /**< in the order they were raised */
    struct tcpt_finding *next_in_flow;
    bool at_end;                     /**< an end finding */
    bool superseded;                 /**< an end finding stands in its place for the time being: it is not shown */
    struct tcpt_finding *instead_of; /**< of an end finding: the judged one that it supersedes, or NULL */
    int64_t time_ns;                 /**< of that frame */
    tcpt_confidence confidence;
    char *summary; /**< one sentence, owned */
    uint8_t value_count;
    uint8_t ruled_out_count;
    tcpt_value values[TCPT_MAX_VALUES];
    uint32_t related_count;
    struct tcpt_record **related; /**< frames that prove it, in order: `few`, or owned */
    struct tcpt_record *few[TCPT_MAX_RELATED];
    tcpt_proof proofs[TCPT_MAX_RELATED];       /**< of those frames; end findings leave them unused */
    const char *ruled_out[TCPT_MAX_RULED_OUT]; /**< static sentences */
    char *owned_text;                          /**< backs one text value, or NULL */
} tcpt_finding;

/** "chat", "note", "warn". */
const char *tcpt_severity_name(tcpt_severity severity);
/** "low", "medium", "high". */
const char *tcpt_confidence_name(tcpt_confidence confidence);

#endif
