/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether payload asks for an answer. Looks at the first bytes of a segment only. */
#include <glib.h>
#include <string.h>

#include "core/segment/bytes.h"
#include "core/flow/tls.h"
#include "tcptriage/limits.h"
#include "tcptriage/queries.h"

enum {
    /* In TLS 1.3 an alert looks like data: 24 bytes. HTTP/2 says farewell (GOAWAY) in 39. */
    TLS_REQUEST_BYTES_LEAST = 48,
    /* What the snap length has cut off may have been such an alert: 53 bytes with a MAC of SHA-384 and a block cipher.
     */
    CUT_REQUEST_BYTES_LEAST = 80,
    /* HTTP/2 says more that nobody answers: window updates of a stream and of its connection have 48 to 55 bytes,
     * GOAWAY with the alert behind it 63. */
    TLS_LIKELY_BYTES_LEAST = 80,
    TLS_CLIENT_HELLO = 1,
    /* Modbus/TCP (its messaging guide, section 3.1): transaction, protocol 0, length of what follows, unit, function.
     * Most requests have 12 bytes. */
    MODBUS_HEADER_BYTES = 6,
    MODBUS_BYTES_LEAST = 8,
};

/* A protocol that knows no farewell, and whose requests are short. */
static bool is_modbus(const tcpt_segment *segment)
{
    const uint8_t *payload = segment->payload;

    return payload && segment->payload_bytes >= MODBUS_BYTES_LEAST &&
           segment->payload_captured_bytes >= MODBUS_HEADER_BYTES && !payload[2] && !payload[3] &&
           (uint32_t)be16(payload + 4) + MODBUS_HEADER_BYTES == segment->payload_bytes;
}

/* RFC 9110, section 9.3, and WebDAV's most common one; a request line ends with the version. */
static bool is_http(const char *payload, uint32_t bytes)
{
    static const char *const methods[] = {"GET ",     "POST ",    "PUT ",   "HEAD ",    "DELETE ",
                                          "OPTIONS ", "CONNECT ", "PATCH ", "PROPFIND "};

    if (!g_ascii_isupper(payload[0]))
        return false;
    for (unsigned i = 0; i < G_N_ELEMENTS(methods); i++)
        if (strncmp(payload, methods[i], MIN(strlen(methods[i]), bytes)) == 0)
            return g_strstr_len(payload, (gssize)bytes, " HTTP/1.") != NULL;
    return false;
}

/* Simple query of PostgreSQL (its protocol, "Message Formats"); COM_QUERY of MySQL, which begins a new sequence. */
static bool is_query(const uint8_t *payload, uint32_t bytes)
{
    enum { MYSQL_COM_QUERY = 3, MYSQL_HEADER_BYTES = 4 };
    uint32_t mysql_bytes = payload[0] | (uint32_t)payload[1] << 8 | (uint32_t)payload[2] << 16;

    return (payload[0] == 'Q' && be32(payload + 1) + 1 == bytes) ||
           (mysql_bytes + MYSQL_HEADER_BYTES == bytes && !payload[3] && payload[4] == MYSQL_COM_QUERY);
}

/* SMB over TCP: a length, then the protocol's name (MS-CIFS 2.2.3.1, MS-SMB2 2.2.1). */
static bool is_smb(const uint8_t *payload, uint32_t captured_bytes)
{
    enum { NAME_AT = 4, NAME_BYTES = 4, VERSION_1 = 0xff, VERSION_2 = 0xfe };

    return captured_bytes >= NAME_AT + NAME_BYTES && !payload[0] &&
           (payload[NAME_AT] == VERSION_1 || payload[NAME_AT] == VERSION_2) &&
           memcmp(payload + NAME_AT + 1, "SMB", NAME_BYTES - 1) == 0;
}

/* Messages to SQL Server that it answers each (MS-TDS 2.2.3.1): a batch, a call, a login, and what comes before one. */
static bool is_tds(const uint8_t *payload, uint32_t bytes, uint32_t captured_bytes)
{
    enum { HEADER_BYTES = 8, BATCH = 1, CALL = 3, LOGIN = 16, PRELOGIN = 18, LAST = 1, RESET = 8, WINDOW_AT = 7 };
    bool known = payload[0] == BATCH || payload[0] == CALL || payload[0] == LOGIN || payload[0] == PRELOGIN;

    return known && captured_bytes >= HEADER_BYTES && (payload[1] == LAST || payload[1] == (LAST | RESET)) &&
           be16(payload + 2) == bytes && !payload[WINDOW_AT];
}

static tcpt_asks tls_asks(const tcpt_segment *segment)
{
    const uint8_t *payload = segment->payload;

    if (payload[0] == TLS_ALERT)
        return TCPT_ASKS_NOTHING;
    if (payload[0] == TLS_APPLICATION_DATA && segment->payload_bytes < TLS_REQUEST_BYTES_LEAST)
        return TCPT_ASKS_NOTHING;
    if (payload[0] == TLS_APPLICATION_DATA)
        return segment->payload_bytes < TLS_LIKELY_BYTES_LEAST ? TCPT_ASKS_HARDLY : TCPT_ASKS_LIKELY;
    return payload[0] == TLS_HANDSHAKE && segment->payload_captured_bytes > TLS_HEADER_BYTES &&
                   payload[TLS_HEADER_BYTES] == TLS_CLIENT_HELLO
               ? TCPT_ASKS_SURELY
               : TCPT_ASKS_PERHAPS;
}

tcpt_asks tcpt_asks_of(const tcpt_segment *segment)
{
    const uint8_t *payload = segment->payload;
    uint32_t captured_bytes = segment->payload_captured_bytes;

    if (segment->payload_bytes < TCPT_REQUEST_BYTES_LEAST)
        return is_modbus(segment) ? TCPT_ASKS_SURELY : TCPT_ASKS_NOTHING;
    if (!payload || captured_bytes < TLS_HEADER_BYTES)
        return segment->payload_bytes < CUT_REQUEST_BYTES_LEAST ? TCPT_ASKS_NOTHING : TCPT_ASKS_PERHAPS;
    if (tcpt_is_tls(payload, captured_bytes) && payload[0] != TLS_CHANGE_CIPHER_SPEC)
        return tls_asks(segment);
    if (is_http((const char *)payload, captured_bytes) || is_query(payload, segment->payload_bytes) ||
        is_smb(payload, captured_bytes) || is_tds(payload, segment->payload_bytes, captured_bytes))
        return TCPT_ASKS_SURELY;
    return g_ascii_strncasecmp((const char *)payload, "QUIT", 4) == 0 ? TCPT_ASKS_NOTHING : TCPT_ASKS_PERHAPS;
}
