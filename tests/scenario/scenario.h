/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Scenario scripts: traffic that reads like tcpdump, with the findings expected on the lines that must raise them.
 *
 * captures/scenarios/README.md describes the format.
 */
#ifndef TCPTRIAGE_TESTS_SCENARIO_H
#define TCPTRIAGE_TESTS_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "tcptriage/icmp.h"
#include "tcptriage/segment.h"

/** One side of a scripted flow. Sequence numbers in scripts are relative to `isn`. */
typedef struct scn_end {
    uint8_t address[16];
    uint16_t port;
    uint32_t isn;
    uint32_t next;   /**< relative: highest end of what it has sent */
    uint16_t window; /**< newest, the default of its next line */
    uint16_t ip_id;  /**< of its next packet */
    bool padded;     /**< its short frames are filled up to 60 bytes */
} scn_end;

typedef struct scn_flow {
    char *name;
    bool ipv6;
    uint16_t vlan;   /**< 0 untagged */
    scn_end ends[2]; /**< client, server */
} scn_flow;

/** What the checksum field is to hold. */
typedef enum scn_checksum {
    SCN_CHECKSUM_RIGHT,
    SCN_CHECKSUM_BROKEN,
    SCN_CHECKSUM_PARTIAL,      /**< the folded pseudo-header sum */
    SCN_CHECKSUM_OVER_PADDING, /**< padding counted in, in sum and length */
    SCN_CHECKSUM_REWRITTEN,    /**< the pseudo-header sum of other addresses */
} scn_checksum;

/** A packet as scripted; build.c turns it into bytes. */
typedef struct scn_packet {
    unsigned from; /**< 0 client, 1 server */
    uint8_t flags;
    uint32_t seq; /**< raw */
    uint32_t ack; /**< raw */
    uint16_t window;
    uint16_t vlan;
    uint16_t ip_id;
    uint8_t ttl;
    bool fragment;
    bool ip_sum_bad;
    scn_checksum checksum;
    uint32_t payload_bytes;
    GByteArray *payload; /**< its first bytes; the rest is filler */
    GByteArray *options;
    int pad_bytes;           /**< -1: as its sender's `padded` says */
    GByteArray *pad_pattern; /**< what padding is made of, repeated; empty for zeros */
    uint32_t snap_bytes;     /**< captured at most; 0 all */
} scn_packet;

/** A finding expected on a frame. */
typedef struct scn_expectation {
    char *id;
    unsigned line;     /**< of the script */
    bool at_end;       /**< needs the capture's end */
    bool optional;     /**< may be raised, and is then as said */
    bool taken_back;   /**< raised at once, and gone at the capture's end */
    char *by;          /**< label of the line that takes it back, or NULL */
    GPtrArray *fields; /**< char *: "name=value" */
} scn_expectation;

typedef struct scn_frame {
    int64_t time_ns;        /**< since the scenario's start */
    unsigned point;         /**< capture point */
    bool placed;            /**< the script says where: seen there only */
    bool lost;              /**< does not come to the other point */
    struct scn_frame *copy; /**< the same segment at the other point, behind this one; NULL none */
    unsigned line;          /**< of the script; 0 for the filler that prolongs the capture */
    unsigned part;          /**< of `open` or `close`, from 1; 0 elsewhere */
    GByteArray *bytes;
    uint32_t wire_bytes;
    char *label;         /**< or NULL */
    char *states;        /**< "CLIENT/SERVER" after this frame, or NULL */
    char *final_states;  /**< the same once the whole capture is known, or NULL: as `states` */
    GPtrArray *expected; /**< scn_expectation * */
} scn_frame;

typedef struct scn_scenario {
    char *file; /**< path of the script */
    char *id;   /**< finding: the script's name without suffix */
    char *name;
    unsigned line;
    unsigned number; /**< position in the script, from 1 */
    bool hit;        /**< says that the finding is expected at least once; else it must not be */
    bool alone;      /**< what else a capture holds matters: it gets one of its own */
    bool strict_chats;
    bool flooded;         /**< to be found in the middle of a flood too (flood_test.c) */
    GPtrArray *settings;  /**< char *: "name:value", as in tshark's -o without "tcptriage." */
    GPtrArray *flows;     /**< scn_flow * */
    GPtrArray *frames;    /**< scn_frame * */
    GPtrArray *somewhere; /**< scn_expectation *: raised once on whichever frame settles it, or optional */
    int64_t end_ns;       /**< when the capture ends */
    int64_t across_ns;    /**< from one capture point to the other; 0: each line is seen once */
} scn_scenario;

/** Paths of a folder's scripts, sorted. @return char *, freed with the array */
GPtrArray *scn_scripts(const char *folder);

/** Read a script; on an error say where and exit. @return scn_scenario *, freed with the array */
GPtrArray *scn_read(const char *path);

/** Call `visit` for each scenario of a folder's scripts. It is freed afterwards. */
void scn_each(const char *folder, void (*visit)(const scn_scenario *scenario, void *data), void *data);

/** True for a finding of the script's own that must be raised. */
bool scn_own(const scn_scenario *scenario, const scn_expectation *expectation);
/** True when there is one, and it is not taken back. */
bool scn_expects_own(const scn_scenario *scenario, const GPtrArray *expected);

/** Frame number (1-based) of a label, or of "LABEL.copy" at the other point; 0 when there is none. */
unsigned scn_labelled(const scn_scenario *scenario, const char *label);

/** An expected value with its labels, or a relative sequence number, resolved. `numbers[i]` is the number of the
 *  scenario's i-th frame; NULL to number them from 1. @return g_free() it */
char *scn_resolve(const scn_scenario *scenario, const char *value, const unsigned *numbers);

/** Bytes of an Ethernet frame with its padding. */
GByteArray *scn_build(const scn_flow *flow, const scn_packet *packet);

/**
 * Read an Ethernet frame as Wireshark's plugin would: VLAN tags, IPv4 and IPv6 without extension headers.
 *
 * @param segment  time, frame number and point are filled in already; pointers lead into `bytes`
 * @return false when there is no TCP segment in it
 */
bool scn_decode(tcpt_segment *segment, const uint8_t *bytes, uint32_t captured_bytes, uint32_t wire_bytes);

/** Parse one traffic line of a script into a frame (script.c calls it). */
typedef struct scn_line {
    const char *path;
    unsigned number;
    char **words;
    unsigned at; /**< next word */
} scn_line;

G_GNUC_NORETURN void scn_error(const scn_line *line, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Next word, or NULL. */
const char *scn_next(scn_line *line);
/** Next word; an error when there is none. */
const char *scn_need(scn_line *line, const char *what);
/** A number in decimal or 0x notation. */
uint32_t scn_number(const scn_line *line, const char *word);
/** "text" with \r \n \t \" \\ \xNN, or hexadecimal digits. */
GByteArray *scn_bytes(const scn_line *line, const char *word);
/** TCP options "<mss 1460,nop,ws 7>"; SACK edges are relative to `sack_base`. */
GByteArray *scn_options(const scn_line *line, const char *word, uint32_t sack_base);
/** "id field=value ..." behind a mark, up to the next mark. */
scn_expectation *scn_expectation_read(scn_line *line, const char *mark);
/** What stands on a traffic line behind the packet. */
void scn_expectations_read(scn_line *line, scn_frame *frame);
void scn_expectation_free(void *data);
/** Flags, sequence numbers and everything behind them up to the expectations. `previous` for copies, or NULL. */
scn_packet *scn_packet_read(scn_line *line, scn_flow *flow, const scn_packet *previous, scn_frame *frame);
void scn_packet_free(scn_packet *packet);

/** An ICMP error as scripted. */
typedef struct scn_icmp {
    const scn_frame *of; /**< what it quotes */
    uint8_t type;        /**< by the family of that */
    uint8_t code;
    uint32_t mtu;
    uint32_t quoted_bytes; /**< of TCP header and payload, at most */
    uint32_t seq_delta;    /**< added to the SEQ that is quoted */
} scn_icmp;

/** Read such a line behind "icmp"; its frame is filled in. */
void scn_icmp_read(scn_line *line, const scn_scenario *scenario, scn_frame *frame);

/**
 * Read an Ethernet frame with an ICMP error, as scn_decode() does. Time, frame number and point are filled in already.
 */
bool scn_decode_icmp(tcpt_icmp *icmp, const uint8_t *bytes, uint32_t captured_bytes);

#endif
