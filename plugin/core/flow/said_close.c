/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What payload says about closing: HTTP responses (RFC 9112, section 9.3 and 9.6) and TLS alerts (RFC 8446,
 * section 6.1). Looks at the first bytes of a segment only; a message that begins inside one goes unseen. */
#include "core/flow/said_close.h"

#include <glib.h>
#include <string.h>

#include "core/segment/bytes.h"
#include "core/flow/tls.h"
#include "tcptriage/queries.h"

/* Whether the TLS records of a segment, walked from its start, end with an alert exactly at its end. */
static bool ends_with_alert(const uint8_t *payload, uint32_t bytes)
{
    uint32_t at = 0;

    while (at + TLS_HEADER_BYTES <= bytes) {
        uint32_t length = be16(payload + at + 3);

        if (!tcpt_is_tls(payload + at, bytes - at))
            return false;
        if (at + TLS_HEADER_BYTES + length == bytes)
            return payload[at] == TLS_ALERT;
        at += TLS_HEADER_BYTES + length;
    }
    return false;
}

/* The value of a header field in [lines, end), or NULL; `name` with its colon. */
static const char *field_value(const char *lines, const char *end, const char *name)
{
    size_t name_bytes = strlen(name);

    while (lines + name_bytes < end) {
        const char *line_end = memchr(lines, '\n', (size_t)(end - lines));

        if (g_ascii_strncasecmp(lines, name, name_bytes) == 0) {
            lines += name_bytes;
            while (lines < end && *lines == ' ')
                lines++;
            return lines;
        }
        if (!line_end)
            return NULL;
        lines = line_end + 1;
    }
    return NULL;
}

static bool value_is(const char *value, const char *end, const char *wanted)
{
    size_t bytes = strlen(wanted);

    return value && (size_t)(end - value) >= bytes && g_ascii_strncasecmp(value, wanted, bytes) == 0;
}

/* Digits only; 0 when there are none or the number does not fit the sequence space. */
static bool read_length(const char *value, const char *end, uint32_t *length)
{
    uint64_t number = 0;
    const char *at = value;

    for (; at < end && g_ascii_isdigit(*at) && number <= UINT32_MAX; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    *length = (uint32_t)number;
    return at > value && number <= INT32_MAX;
}

static void read_reply_length(tcpt_endpoint *sender, const tcpt_segment *segment, const char *text, const char *end,
                              unsigned status)
{
    uint32_t header_bytes = (uint32_t)(end - text), length;
    const char *value = field_value(text, end, "content-length:");

    sender->reply = TCPT_REPLY_UNKNOWN;
    if (status == 204 || status == 304) {
        sender->reply = TCPT_REPLY_LENGTH;
        sender->reply_end = segment->seq + header_bytes;
    } else if (value_is(field_value(text, end, "transfer-encoding:"), end, "chunked")) {
        sender->reply = TCPT_REPLY_CHUNKED;
    } else if (value && read_length(value, end, &length)) {
        sender->reply = TCPT_REPLY_LENGTH;
        sender->reply_end = segment->seq + header_bytes + length;
    }
}

/* "HTTP/1.x nnn ..." up to the empty line, all of it in this segment. */
static void read_response(tcpt_endpoint *sender, const tcpt_segment *segment, tcpt_record *record)
{
    const char *text = (const char *)segment->payload;
    const char *empty = g_strstr_len(text, (gssize)segment->payload_captured_bytes, "\r\n\r\n");
    const char *end, *connection;
    unsigned status;

    sender->said_close = TCPT_SAID_NOTHING;
    sender->reply = TCPT_REPLY_UNKNOWN;
    if (!empty || empty - text < 12)
        return;
    end = empty + 4;
    status = (unsigned)(text[9] - '0') * 100 + (unsigned)(text[10] - '0') * 10 + (unsigned)(text[11] - '0');
    if (status < 200)
        return; /* interim: the response proper follows */
    connection = field_value(text, end, "connection:");
    if (value_is(connection, end, "close"))
        sender->said_close = TCPT_SAID_HTTP_CLOSE;
    else if (text[7] == '0' && !value_is(connection, end, "keep-alive"))
        sender->said_close = TCPT_SAID_HTTP_1_0;
    if (sender->said_close == TCPT_SAID_NOTHING)
        return;
    sender->said_record = record;
    read_reply_length(sender, segment, text, end, status);
}

static bool ends_chunked(const uint8_t *payload, uint32_t bytes)
{
    return bytes >= 5 && memcmp(payload + bytes - 5, "0\r\n\r\n", 5) == 0;
}

/* Was it on its way already when the receiver spoke: the rest of an upload that was answered early? */
static bool under_way(const tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment)
{
    return receiver->payload_ns &&
           (receiver->rcv_nxt != segment->seq || segment->time_ns - receiver->payload_ns < sender->rtt_ns);
}

/* A TLS record as short as that: what was said before waits for no answer then. */
static bool bids_farewell(const tcpt_segment *segment)
{
    return tcpt_is_tls(segment->payload, segment->payload_captured_bytes) && tcpt_asks_of(segment) == TCPT_ASKS_NOTHING;
}

void tcpt_read_payload(tcpt_endpoint *sender, const tcpt_endpoint *receiver, const tcpt_segment *segment,
                       tcpt_record *record)
{
    const uint8_t *payload = segment->payload;
    uint32_t bytes = segment->payload_captured_bytes;

    if (sender->payload_ns <= receiver->payload_ns)
        sender->asks = under_way(sender, receiver, segment) ? TCPT_ASKS_NOTHING : tcpt_asks_of(segment);
    else if (sender->asks == TCPT_ASKS_LIKELY && bids_farewell(segment))
        sender->asks = TCPT_ASKS_NOTHING;
    if (sender->said_close == TCPT_SAID_TLS_ALERT)
        sender->said_close = TCPT_SAID_NOTHING; /* an alert counts only as the last payload */
    if (bytes >= 12 && payload[0] == 'H' && memcmp(payload, "HTTP/1.", 7) == 0)
        read_response(sender, segment, record);
    if (tcpt_is_tls(payload, bytes) && bytes == segment->payload_bytes && ends_with_alert(payload, bytes)) {
        sender->said_close = TCPT_SAID_TLS_ALERT;
        sender->reply = TCPT_REPLY_UNKNOWN;
        sender->said_record = record;
    }
    if (sender->reply == TCPT_REPLY_CHUNKED && bytes == segment->payload_bytes && ends_chunked(payload, bytes))
        sender->reply = TCPT_REPLY_CHUNKED_DONE;
}
