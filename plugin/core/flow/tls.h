/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The header of TLS records (RFC 8446, section 5.1). Inside the room only.
 */
#ifndef TCPTRIAGE_CORE_FLOW_TLS_H
#define TCPTRIAGE_CORE_FLOW_TLS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    TLS_CHANGE_CIPHER_SPEC = 20,
    TLS_ALERT = 21,
    TLS_HANDSHAKE = 22,
    TLS_APPLICATION_DATA = 23,
    TLS_MAJOR = 3,
    TLS_HEADER_BYTES = 5,
};

/** Whether such a header stands there; `bytes` are readable. */
static inline bool tcpt_is_tls(const uint8_t *at, uint32_t bytes)
{
    return bytes >= TLS_HEADER_BYTES && at[0] >= TLS_CHANGE_CIPHER_SPEC && at[0] <= TLS_APPLICATION_DATA &&
           at[1] == TLS_MAJOR;
}

#endif
