/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Kinds of hostile captures: each a function that makes its packets one after the other.
 */
#ifndef TCPTRIAGE_HOSTILE_KINDS_H
#define TCPTRIAGE_HOSTILE_KINDS_H

#include "capture.h"

typedef struct kind {
    const char *name;
    void (*step)(uint32_t number);       /**< from 0, until enough frames are written */
    void (*interfaces)(uint32_t frames); /**< NULL: one, eth0 */
} kind;

/** A connection under way. */
typedef struct talk {
    uint32_t number;
    uint32_t sent; /**< packets */
    uint32_t seq[2];
} talk;

enum { TALKS = 20, MSS = 1448, STEP_US = 137 };

extern uint8_t frame[FRAME_MOST];
extern uint64_t now_us;

/** The same for the same capture. */
uint32_t chance(void);

/** From client (0) or server (1) of a talk, at its next number. */
packet segment(const talk *of, unsigned from, unsigned flags, uint32_t payload_bytes);

/** Write it, at capture point `interface`, and advance its sender. */
void send_at(talk *of, unsigned from, const packet *what, uint32_t interface);
void send_segment(talk *of, unsigned from, unsigned flags, uint32_t payload_bytes);

/** Anything, and let time pass. */
void send_frame(uint32_t interface, uint32_t bytes);
void send_packet(const packet *what);

/** The talk whose turn it is: those of its handshake are sent first. @return NULL if that was done */
talk *open_talk(uint32_t number);

/** Connections, and what lies about them: floods. */
extern const kind floods[];
/** Numbers, options and times that lie. */
extern const kind liars[];
/** Frames, headers and interfaces that are odd. */
extern const kind wrappings[];

#endif
