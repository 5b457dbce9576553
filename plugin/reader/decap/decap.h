/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Frames taken apart as far as TCP and the ICMP errors that tell of it: link layers, tunnels, IP, its fragments.
 *
 * It follows Wireshark's dissectors at their usual preferences, so that both name the same segments. It knows nothing
 * of Wireshark, and nothing of files.
 */
#ifndef TCPTRIAGE_READER_DECAP_H
#define TCPTRIAGE_READER_DECAP_H

#include "packet.h"

/** Who is told of what is found. */
typedef struct tcpt_decap_visitor {
    void (*tcp)(const tcpt_packet *packet, void *data);
    void (*icmp)(const tcpt_message *message, void *data);
    void *data;
} tcpt_decap_visitor;

typedef struct tcpt_decap tcpt_decap;

/** @return what keeps the fragments of a capture; tcpt_decap_free() it */
tcpt_decap *tcpt_decap_new(const tcpt_decap_visitor *visitor);

/** NULL is fine. */
void tcpt_decap_free(tcpt_decap *decap);

/** Take a frame apart. Odd bytes end it where they are. */
void tcpt_decap_frame(tcpt_decap *decap, tcpt_link link, const tcpt_bytes *frame);

/** Fragments that were given up because too many were waiting for their others: of the whole capture. */
uint64_t tcpt_decap_given_up(const tcpt_decap *decap);

#endif
