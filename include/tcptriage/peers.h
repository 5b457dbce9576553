/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Facts across flows: what one address did with one server port, at one capture point.
 */
#ifndef TCPTRIAGE_PEERS_H
#define TCPTRIAGE_PEERS_H

#include <stdbool.h>
#include <stdint.h>

struct tcpt_record;

/** TIME-WAIT is counted in steps of this part of its length: fine enough for a share of a port range, and small. */
#define TCPT_TIME_WAIT_STEPS 64

/** Ports in TIME-WAIT, by the step in which they entered it. */
typedef struct tcpt_time_wait_ports {
    int64_t newest; /**< step, counted from the epoch; those TCPT_TIME_WAIT_STEPS before it are over */
    uint32_t total; /**< of the counts */
    uint16_t count[TCPT_TIME_WAIT_STEPS]; /**< by step, modulo TCPT_TIME_WAIT_STEPS */
} tcpt_time_wait_ports;

/** Timestamp clocks told apart behind one address. */
#define TCPT_CLOCKS 4

/** A timestamp clock: SYNs whose TSval fit one rate. */
typedef struct tcpt_clock {
    int64_t time_ns; /**< newest sample */
    uint32_t tsval;
    uint32_t samples;
    uint32_t hz; /**< 0 until a second sample fitted */
} tcpt_clock;

/** What is remembered only of sources that connect repeatedly, or closed first. */
typedef struct tcpt_busy {
    tcpt_time_wait_ports time_wait;
    tcpt_clock clocks[TCPT_CLOCKS];
    bool closed_by_server; /**< the two below are valid */
    bool takes_older;      /**< a SYN that lay behind was answered: the server does not compare */
    uint32_t closed_tsval; /**< last TSval of a connection that the server closed first */
    int64_t closed_ns;
    struct tcpt_record *closed_record;
} tcpt_busy;

/** A source address and a server port. */
typedef struct tcpt_pair {
    uint64_t hash;                       /**< of addresses, port, capture point, depth; 0: no entry */
    struct tcpt_record *answered_record; /**< newest SYN-ACK, NULL without one */
    int64_t answered_ns;
    uint32_t answered;    /**< SYNs answered in the last 60 s or so: forgotten after as long without any */
    uint32_t open;        /**< ports of connections that are open */
    uint32_t first_tsval; /**< of the first SYN that was answered, with its time; valid with first_ns */
    uint32_t delayed_ms;  /**< when the newest delayed one was answered, modulo 2^32; valid with delays */
    int64_t first_ns;
    uint8_t delays;      /**< newest connections, newest first, as bits: those whose first SYN was lost */
    uint8_t connections; /**< how many of them `delays` knows, at most TCPT_DELAYS_KNOWN */
    bool delays_told;    /**< that the first SYN gets lost each time is told */
    bool above;          /**< in use: at or above the line of port_exhaustion */
    bool proven;         /**< it spoke on after the SYN-ACK: the address is no flood's invention */
    tcpt_busy *busy;     /**< only of proven ones, owned */
} tcpt_pair;

/** Connections of a pair that are compared with each other, and the least that are. */
enum { TCPT_DELAYS_KNOWN = 5, TCPT_DELAYS_LEAST = 3 };

/** A pair's newest connections, and how many of them were delayed, with the one whose SYN was answered just now. */
typedef struct tcpt_pair_delays {
    uint8_t delays; /**< as tcpt_pair has them */
    uint8_t connections;
    bool always; /**< so many that it cannot be chance */
} tcpt_pair_delays;

/**
 * One outage delays all that begin in it: of those only the first counts.
 *
 * @param pair      as it was before, or NULL
 * @param delayed   this one was: it began at first_ns
 */
tcpt_pair_delays tcpt_delays_with(const tcpt_pair *pair, bool delayed, int64_t first_ns);

/** A server's port, as far as the SYNs that it leaves unanswered need it. */
typedef struct tcpt_listener {
    uint64_t hash;       /**< of address, port, capture point, depth; 0: no entry */
    int64_t since_ns;    /**< when counting began, a minute ago at the most: a half-open connection lasts no longer */
    int64_t answered_ns; /**< newest SYN-ACK */
    uint32_t answered;   /**< SYNs answered since then */
    uint32_t finished;   /**< handshakes completed or reset since then */
    uint8_t given;       /**< options that a SYN-ACK had: window scale, SACK, timestamps */
    uint8_t given_ttl;   /**< TTL of the newest that had some */
    bool cookie_told;    /**< that it answers with SYN cookies is told */
    uint8_t ecn_failed;  /**< SYNs with ECN since one was answered; saturating */
    int64_t ecn_ns;      /**< newest of them */
    int64_t ecn_answered_ns;        /**< newest SYN-ACK to one; 0 never */
    struct tcpt_record *ecn_record; /**< the newest that failed, until a SYN without ECN has fared as well or better */
    struct tcpt_record *given_record;
    int64_t ignored_ns; /**< newest SYN-ACK that came again although its final ACK and data had been sent */
    struct tcpt_record *ignored_record; /**< NULL without one */
} tcpt_listener;

/** Connections that were answered and neither completed nor given up, as far as they were captured. */
static inline uint32_t tcpt_half_open(const tcpt_listener *listener)
{
    return listener->answered > listener->finished ? listener->answered - listener->finished : 0;
}

/** So many different ports, addresses or sources make a crowd. */
#define TCPT_CROWD_MEMBERS 50
/** Of how many members a tally knows each. */
#define TCPT_TALLY_MEMBERS 64
/** How finely a tally knows when its attempts were made. */
#define TCPT_TALLY_MARKS 5

/** What a crowd that was told of has come to: all of it, from its first attempt on. */
typedef struct tcpt_crowd_sum {
    int64_t since_ns;
    int64_t told_ns; /**< the attempt that it was told of */
    int64_t last_ns; /**< the newest one */
    uint32_t attempts;
    uint32_t members; /**< different ones, as tcpt_tally_members() */
    uint32_t good;    /**< of these attempts, however late */
    uint32_t refused;
    bool about; /**< `members` is an estimate */
} tcpt_crowd_sum;

/** Attempts to connect that have something in common (tcpt_crowd): first SYNs of flows, within a while. */
typedef struct tcpt_tally {
    uint64_t hash;                     /**< of that, 0: no entry */
    int64_t since_ns;                  /**< when counting began */
    int64_t over_ns;                   /**< when they were a crowd last; 0 never */
    int64_t mark_ns[TCPT_TALLY_MARKS]; /**< ring: at that time there were ... */
    uint32_t mark[TCPT_TALLY_MARKS];   /**< ... so many attempts */
    uint32_t
        member[TCPT_TALLY_MEMBERS]; /**< what sets them apart (ports, addresses), as hashes: a sample of them. Of a
                                       crowd that goes on it outlasts the while: the highest bit tells the newest's */
    uint32_t attempts;
    uint32_t good; /**< answered; of a flood: completed */
    uint32_t refused;
    uint8_t members; /**< in `member` */
    uint8_t fresh;   /**< of them those of the newest while */
    uint8_t level;   /**< one in 2^level is in the sample */
    uint8_t newest_mark;
    bool told;
    tcpt_crowd_sum whole; /**< where `told` */
} tcpt_tally;

/** How many different ones there are, about; exact up to TCPT_TALLY_MEMBERS. */
static inline uint32_t tcpt_tally_members(const tcpt_tally *tally)
{
    return (uint32_t)tally->members << tally->level;
}

/** The most ports that a client had in use at once toward one server port. */
typedef struct tcpt_pressure {
    uint64_t pair; /**< its hash */
    uint32_t in_use;
    uint32_t range; /**< ports that a client has */
    int64_t time_ns;
    const struct tcpt_record *at; /**< the frame that opened the last of them, at that time */
} tcpt_pressure;

/** Of how many pairs the highest pressure is kept. */
#define TCPT_PRESSURES 5

/** No fewer ports than tcpt_ports_in_use() would count, at once. */
static inline uint32_t tcpt_ports_at_most(const tcpt_pair *pair)
{
    return pair->open + (pair->busy ? pair->busy->time_wait.total : 0);
}

/** Ports of a pair that are open or in the source's TIME-WAIT at `now_ns`. */
uint32_t tcpt_ports_in_use(const tcpt_pair *pair, int64_t now_ns, uint32_t time_wait_seconds);

/** Clocks that at least two connections fitted. */
uint32_t tcpt_clock_count(const tcpt_pair *pair);

#endif
