/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Facts across flows: what one address did with one server port, at one capture point.
 */
#ifndef TCPTRIAGE_PEERS_H
#define TCPTRIAGE_PEERS_H

#include <stdbool.h>
#include <stdint.h>

struct tcpt_record;

/** TIME-WAIT entries are counted by the second they began in; this many seconds are kept at the most. */
#define TCPT_WAIT_SECONDS 256

/** Ports in TIME-WAIT, by the second of their start (modulo TCPT_WAIT_SECONDS). */
typedef struct tcpt_waiting {
    int64_t second[TCPT_WAIT_SECONDS];
    uint32_t count[TCPT_WAIT_SECONDS];
    uint32_t total; /**< of the counts, those that are over included */
} tcpt_waiting;

/** Timestamp clocks told apart behind one address. */
#define TCPT_CLOCKS 4

/** A timestamp clock: SYNs whose TSval fit one rate. */
typedef struct tcpt_clock {
    int64_t time_ns; /**< newest sample */
    uint32_t tsval;
    uint32_t samples;
    uint32_t hz; /**< 0 until a second sample fitted */
} tcpt_clock;

/** What is remembered only of sources that connect repeatedly. */
typedef struct tcpt_busy {
    tcpt_waiting waiting;
    tcpt_clock clocks[TCPT_CLOCKS];
    bool closed_by_server;     /**< the two below are valid */
    bool takes_older;          /**< a SYN that lay behind was answered: the server does not compare */
    uint32_t closed_tsval;     /**< last TSval of a connection that the server closed first */
    int64_t closed_ns;
    struct tcpt_record *closed_record;
} tcpt_busy;

/** A source address and a server port. */
typedef struct tcpt_pair {
    uint64_t hash; /**< of addresses, port, capture point, depth; 0: no entry */
    int64_t touched_ns;
    struct tcpt_record *answered_record; /**< newest SYN-ACK, NULL without one */
    int64_t answered_ns;
    uint32_t answered;  /**< SYNs answered in the last 60 s or so: forgotten after as long without any */
    uint32_t open;      /**< ports of connections that are open */
    uint32_t first_tsval; /**< of the first SYN that was answered, with its time; valid with first_ns */
    int64_t first_ns;
    bool above;         /**< in use: at or above the line of port_exhaustion */
    tcpt_busy *busy;    /**< from the second connection on, owned */
} tcpt_pair;

/** No fewer ports than tcpt_ports_in_use() would count, at once. */
static inline uint32_t tcpt_ports_at_most(const tcpt_pair *pair)
{
    return pair->open + (pair->busy ? pair->busy->waiting.total : 0);
}

/** Ports of a pair that are open or in the source's TIME-WAIT at `now_ns`. */
uint32_t tcpt_ports_in_use(const tcpt_pair *pair, int64_t now_ns, uint32_t time_wait_seconds);

/** Clocks that at least two connections fitted. */
uint32_t tcpt_clock_count(const tcpt_pair *pair);

#endif
