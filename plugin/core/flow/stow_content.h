/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What is stowed away of a flow, in parts of 64 bits, and which of them are alike. Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_STOW_CONTENT_H
#define TCPTRIAGE_CORE_FLOW_STOW_CONTENT_H

#include "core/tracker/tracker.h"
#include "tcptriage/flow.h"

enum {
    TCPT_STOW_PART = sizeof(uint64_t),
    TCPT_STOW_GROUP = 4 * TCPT_STOW_PART, /**< bytes that are looked at together */
    TCPT_STOW_ACK_STEPS = 4,              /**< of an end: one that has more keeps them where they are */
};

/** A member in whole groups, of which the rest is all zero. */
#define TCPT_STOW_MEMBER(type, name)                                                                                   \
    union {                                                                                                            \
        type name;                                                                                                     \
        uint8_t name##_bytes[(sizeof(type) + TCPT_STOW_GROUP - 1) / TCPT_STOW_GROUP * TCPT_STOW_GROUP];                \
    }

/** RSTs toward both ends. */
typedef struct tcpt_stow_toward {
    tcpt_rst_toward at[2];
} tcpt_stow_toward;

/** All that is stowed away. */
typedef struct tcpt_stow_content {
    TCPT_STOW_MEMBER(tcpt_flow, flow);
    TCPT_STOW_MEMBER(tcpt_tracker, tracker);
    struct {
        TCPT_STOW_MEMBER(tcpt_trouble, trouble);
        union {
            tcpt_ack_step ack_steps[TCPT_STOW_ACK_STEPS];
            uint8_t ack_step_bytes[TCPT_STOW_ACK_STEPS * TCPT_STOW_PART * 2];
        };
    } ends[2];
    TCPT_STOW_MEMBER(tcpt_stow_toward, toward);
} tcpt_stow_content;

/** The part that a member begins in, or is all of. */
#define TCPT_STOW_PART_OF(member) (offsetof(tcpt_stow_content, member) / TCPT_STOW_PART)

enum {
    TCPT_STOW_FLOW_PARTS = sizeof(((tcpt_stow_content *)0)->flow_bytes) / TCPT_STOW_PART,
    TCPT_STOW_PARTS = sizeof(tcpt_stow_content) / TCPT_STOW_PART,
};

/**
 * Say of each part which one of the flow before it is often nearly the same: what differs is stowed. Of the first part,
 * which all others are told to be like, nothing is stowed: it is of the key.
 */
void tcpt_stow_alike(uint8_t like[TCPT_STOW_PARTS]);

#endif
