/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/close_due.h"

#include "tcptriage/sequence.h"

bool tcpt_close_unseen(const tcpt_flow *flow, unsigned end)
{
    const tcpt_endpoint *closer = &flow->ends[end];

    return flow->both_ways && !closer->fin && !closer->fin_acked && !closer->rst_count && !closer->holed;
}

tcpt_close_due tcpt_close_due_from(const tcpt_flow *flow, unsigned end)
{
    const tcpt_endpoint *closer = &flow->ends[end];

    if (closer->said_close == TCPT_SAID_NOTHING || closer->above_count || !tcpt_close_unseen(flow, end))
        return TCPT_CLOSE_NOT_DUE;
    switch (closer->reply) {
    case TCPT_REPLY_LENGTH:
        return seq_before(closer->snd_contig, closer->reply_end) ? TCPT_CLOSE_NOT_DUE : TCPT_CLOSE_DUE_COMPLETE;
    case TCPT_REPLY_CHUNKED:
        return TCPT_CLOSE_NOT_DUE;
    case TCPT_REPLY_CHUNKED_DONE:
        return TCPT_CLOSE_DUE_COMPLETE;
    default:
        return TCPT_CLOSE_DUE_MAYBE;
    }
}

const char *tcpt_close_due_reason(const tcpt_flow *flow, unsigned end)
{
    switch (flow->ends[end].said_close) {
    case TCPT_SAID_HTTP_CLOSE:
        return "its response said Connection: close";
    case TCPT_SAID_HTTP_1_0:
        return "its response was HTTP/1.0 without keep-alive";
    case TCPT_SAID_TLS_ALERT:
        return "its last payload was a TLS alert";
    default:
        return "";
    }
}
