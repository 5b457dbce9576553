/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * How a connection failed of which no other finding says why: parts of connection_failed.c. What they raise is that
 * detector's.
 */
#ifndef TCPTRIAGE_DETECTORS_SHARED_FAILED_H
#define TCPTRIAGE_DETECTORS_SHARED_FAILED_H

#include "tcptriage/detector.h"
#include "tcptriage/outcome.h"

/** What is told as one beside the outcomes. */
typedef enum tcpt_failed_kind {
    TCPT_FAILED_UNKNOWN = TCPT_OUTCOMES,
    TCPT_FAILED_OTHER_TTL,
    TCPT_FAILED_ABORT,
    TCPT_FAILED_IDLE_ABORT,
    TCPT_FAILED_OTHER_ABORT,
    TCPT_FAILED_CLOSE,
    TCPT_FAILED_CLOSE_AT_ONCE,
    TCPT_FAILED_NO_PATIENCE,
    TCPT_FAILED_TOO_SOON,
    TCPT_FAILED_UPLOAD,
    TCPT_FAILED_UPLOAD_ANSWERED,
    TCPT_FAILED_UPLOAD_TTL,
    TCPT_FAILED_UPLOAD_SOON,
    TCPT_FAILED_LACKS_REPEAT,
    TCPT_FAILED_NOT_REPEATED,
    TCPT_FAILED_NO_REPEAT,
} tcpt_failed_kind;

/** Of the server's RST. */
typedef struct tcpt_failed_memory {
    tcpt_record *nobody;   /**< of a host that has no such connection, in answer to payload; NULL for none */
    tcpt_record *asked;    /**< that payload */
    tcpt_record *abort;    /**< of a server that has its client's request, and answers nothing; NULL for none */
    tcpt_record *upload;   /**< in the middle of what the client sends; NULL for none */
    int64_t abort_ns;      /**< of any of them */
    uint32_t upload_bytes; /**< sent and not acknowledged then; valid with upload, as the next is */
    bool answered;         /**< the server had just answered something */
    bool too_soon;         /**< no host so far away has sent it */
    uint8_t ttl; /**< of the RST, and the only one that the server has used before; both 0 where they are alike */
    uint8_t usual_ttl;
} tcpt_failed_memory;

/** A RST came for a SYN, but not as its answer. */
tcpt_finding *tcpt_raise_refused(const tcpt_context *context, tcpt_confidence confidence);

/** Nothing came back for the SYNs. */
tcpt_finding *tcpt_raise_no_answer(const tcpt_context *context, tcpt_confidence confidence);

/** Something came back, and no connection of it. */
tcpt_finding *tcpt_raise_handshake_failed(const tcpt_context *context, tcpt_confidence confidence);

/** Whether the context's RST, the server's, acknowledges a request that it owes an answer. */
bool tcpt_aborts_request(const tcpt_context *context);

/** Such a RST was noted: whose is it, the server's or a device's? */
tcpt_finding *tcpt_raise_abort(const tcpt_context *context, tcpt_confidence confidence, const tcpt_failed_memory *mine);

/** Notes the context's RST, the server's, where it ends the connection in the middle of what its client sends. */
void tcpt_note_upload(const tcpt_context *context, tcpt_failed_memory *mine);

/** Such a RST was noted: what was under way, and had it been answered? */
tcpt_finding *tcpt_raise_upload(const tcpt_context *context, tcpt_confidence confidence,
                                const tcpt_failed_memory *mine);

/** What `sender` sent last is not acknowledged, and it has not sent it again (tcpt_is_abandoned()). */
tcpt_finding *tcpt_raise_abandoned(const tcpt_context *context, unsigned sender);

/** The connection ended in order, for TCP: raises what is to be said where its request got no answer, if anything. */
void tcpt_raise_unanswered(const tcpt_context *context, tcpt_confidence confidence);

#endif
