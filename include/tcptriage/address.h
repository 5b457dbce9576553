/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Addresses as text, the same in reports, findings and filters.
 */
#ifndef TCPTRIAGE_ADDRESS_H
#define TCPTRIAGE_ADDRESS_H

#include <stdint.h>

/** Room for the longest text, its end included: eight groups of four digits; with brackets, a colon and a port. */
#define TCPT_ADDRESS_BYTES 40
#define TCPT_SOCKET_BYTES  (TCPT_ADDRESS_BYTES + 8)

/**
 * "192.0.2.1", or an IPv6 address in the one form of RFC 5952, which Wireshark and the tools of Linux write too.
 *
 * @param family   4 or 6
 * @param address  4 or 16 bytes
 * @return `text`
 */
const char *tcpt_address_text(char text[TCPT_ADDRESS_BYTES], unsigned family, const uint8_t *address);

/** "192.0.2.1:80" or "[2001:db8::1]:80" (RFC 5952, section 6). */
const char *tcpt_socket_text(char text[TCPT_SOCKET_BYTES], unsigned family, const uint8_t *address, uint16_t port);

#endif
