/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Fragments of IP datagrams that wait for each other: RFC 791, section 3.2, and RFC 8200, section 4.5.
 */
#ifndef TCPTRIAGE_READER_FRAGMENTS_H
#define TCPTRIAGE_READER_FRAGMENTS_H

#include "packet.h"

typedef struct tcpt_fragments tcpt_fragments;

/** One fragment; all of it was captured. */
typedef struct tcpt_fragment {
    const uint8_t *src;
    const uint8_t *dst;
    uint8_t address_bytes; /**< 4 or 16 */
    uint8_t protocol;      /**< of what is put together */
    bool more;             /**< it is not the last one */
    uint32_t id;
    uint32_t offset; /**< in the datagram's payload */
    tcpt_bytes bytes;
} tcpt_fragment;

tcpt_fragments *tcpt_fragments_new(void);
void tcpt_fragments_free(tcpt_fragments *fragments);

/**
 * Add a fragment.
 *
 * @param length  set to the payload's
 * @return the datagram's payload where it completes it, to be freed; else NULL
 */
uint8_t *tcpt_fragments_add(tcpt_fragments *fragments, const tcpt_fragment *fragment, uint32_t *length);

/** How many datagrams were given up: more were waiting than are kept. */
uint64_t tcpt_fragments_given_up(const tcpt_fragments *fragments);

#endif
