/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What is known of a source address at a capture point. Inside the core only.
 */
#ifndef TCPTRIAGE_CORE_PEERS_HOSTS_H
#define TCPTRIAGE_CORE_PEERS_HOSTS_H

#include <glib.h>
#include <stdbool.h>

#include "tcptriage/blocks.h"
#include "tcptriage/flow.h"

typedef struct tcpt_hosts {
    GHashTable *entries; /**< address at a capture point -> tcpt_host */
    GHashTable *lone;    /**< tcpt_host of one end of one flow, where the table is full: a set */
} tcpt_hosts;

void tcpt_hosts_open(tcpt_hosts *hosts);
void tcpt_hosts_clear(tcpt_hosts *hosts);

/** The host of a flow's end, or NULL. Lives until tcpt_hosts_clear(). */
tcpt_host *tcpt_hosts_find(const tcpt_hosts *hosts, const tcpt_flow_key *key, unsigned end);

/** Whether there is no room for more: of those that are not found nothing is known. */
bool tcpt_hosts_are_full(const tcpt_hosts *hosts);

/** Make the host of a flow's end, that is not there yet. */
tcpt_host *tcpt_hosts_add(tcpt_hosts *hosts, const tcpt_flow_key *key, unsigned end);

/** Free what is kept for one end of one flow, that is given back; others' hosts are left alone. */
void tcpt_hosts_forget(tcpt_hosts *hosts, tcpt_host *host);

/** Call `visit` for each piece of memory that may refer to flows. */
void tcpt_hosts_each_block(const tcpt_hosts *hosts, tcpt_block_visit visit, void *data);

/** Note that an end of a flow waits for its application to close, if few of its host's do so far. */
void tcpt_host_note_wait(tcpt_host *host, const tcpt_flow *flow);

/** Bytes that the table takes. */
size_t tcpt_hosts_bytes(const tcpt_hosts *hosts);

#endif
