/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Writes a pcapng file to stdout, and headers to bytes.
 */
#ifndef TCPTRIAGE_HOSTILE_CAPTURE_H
#define TCPTRIAGE_HOSTILE_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

/** LINKTYPE_ETHERNET, LINKTYPE_LINUX_SLL2. */
enum { LINK_ETHERNET = 1, LINK_SLL2 = 276 };

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10 };

enum { FRAME_MOST = 262144 /* what capture programs keep of one at most */ };

/** An IPv4 segment; its payload is of letters. */
typedef struct packet {
    uint32_t address[2]; /**< sender's, receiver's */
    uint16_t port[2];
    uint16_t id;
    uint32_t seq;
    uint32_t ack;
    unsigned flags;
    unsigned window;
    const uint8_t *options;
    unsigned option_bytes; /**< a multiple of four */
    uint32_t payload_bytes;
    int wrong_sum;
} packet;

void put16(uint8_t *bytes, uint32_t value);
void put32(uint8_t *bytes, uint32_t value);

/** An IPv4 header without options. @return its bytes */
uint32_t put_ipv4(uint8_t *ip, uint32_t payload_bytes, unsigned protocol, uint32_t id, const uint32_t address[2]);

/** @return bytes of header and payload, whose sum with the addresses before it is right */
uint32_t put_tcp(uint8_t *tcp, const packet *of, const uint8_t *addresses, unsigned address_bytes);

/** @return bytes of the Ethernet frame */
uint32_t put_frame(uint8_t *frame, const packet *of);

void begin_capture(void);

/** Without a name where it is NULL: the plugin suspects that others follow, then. */
void write_interface(unsigned link_type, const void *name, size_t name_bytes);

void write_frame(uint32_t interface, uint64_t time_us, const uint8_t *frame, uint32_t bytes);

#endif
