/* SPDX-License-Identifier: GPL-2.0-or-later */
/* States, verdicts and reasons in the words of the kernel's log, so that a frame and a log line find each other. */
#include "tcptriage/tracker.h"

#include <stdio.h>

static const char *const state_names[] = {
    [TCPT_CT_OFF] = "UNKNOWN",         [TCPT_CT_UNKNOWN] = "UNKNOWN",       [TCPT_CT_NONE] = "NONE",
    [TCPT_CT_SYN_SENT] = "SYN_SENT",   [TCPT_CT_SYN_RECV] = "SYN_RECV",     [TCPT_CT_ESTABLISHED] = "ESTABLISHED",
    [TCPT_CT_FIN_WAIT] = "FIN_WAIT",   [TCPT_CT_CLOSE_WAIT] = "CLOSE_WAIT", [TCPT_CT_LAST_ACK] = "LAST_ACK",
    [TCPT_CT_TIME_WAIT] = "TIME_WAIT", [TCPT_CT_CLOSE] = "CLOSE",           [TCPT_CT_SYN_SENT2] = "SYN_SENT2",
};

const char *tcpt_ct_state_name(tcpt_ct_state state)
{
    return state_names[state];
}

const char *tcpt_ct_verdict_name(tcpt_ct_verdict verdict)
{
    static const char *const names[] = {"UNKNOWN", "VALID", "IGNORED", "INVALID"};

    return names[verdict];
}

static const struct {
    const char *current;
    const char *before_5_18; /* NULL: the same words */
} words[] = {
    [TCPT_CT_TRUNCATED] = {"truncated packet", NULL},
    [TCPT_CT_BAD_CHECKSUM] = {"bad checksum", NULL},
    [TCPT_CT_BAD_FLAGS] = {"invalid tcp flag combination", NULL},
    [TCPT_CT_INVALID_NEW] = {"invalid new", NULL},
    [TCPT_CT_INVALID_RST] = {"invalid rst", NULL},
    [TCPT_CT_CHALLENGE_ACK] = {"challenge-ack ignored", NULL},
    [TCPT_CT_SEQ_OVER] = {"SEQ is over upper bound", "SEQ is over the upper bound (over the window of the receiver)"},
    [TCPT_CT_OVERSHOOT] = {"bytes more than expected", NULL},
    [TCPT_CT_ACK_OVER] = {"ACK is over upper bound", "ACK is over the upper bound (ACKed data not seen yet)"},
    [TCPT_CT_SEQ_UNDER] = {"SEQ is under lower bound",
                           "SEQ is under the lower bound (already ACKed data retransmitted)"},
    [TCPT_CT_ACK_UNDER] = {"ignored ACK under lower bound",
                           "ACK is under the lower bound (possible overly delayed ACK)"},
};

static const char *table_text(unsigned table, tcpt_ct_rules rules, char text[TCPT_CT_REASON_BYTES])
{
    unsigned class = table % 6, state = table / 6 % 10 + TCPT_CT_NONE, dir = table / 60 % 2;
    bool ignored = table / 120;

    if (rules == TCPT_CT_CURRENT)
        snprintf(text, TCPT_CT_REASON_BYTES, "packet (index %u) in dir %u %s, state %s", class, dir,
                 ignored ? "ignored" : "invalid", tcpt_ct_state_name((tcpt_ct_state)state));
    else if (ignored)
        snprintf(text, TCPT_CT_REASON_BYTES, "invalid packet ignored in state %s",
                 tcpt_ct_state_name((tcpt_ct_state)state));
    else
        snprintf(text, TCPT_CT_REASON_BYTES, "invalid state");
    return text;
}

const char *tcpt_ct_reason_text(uint8_t reason, tcpt_ct_rules rules, char text[TCPT_CT_REASON_BYTES])
{
    const char *word;

    if (reason >= TCPT_CT_REASON_TABLE)
        return table_text(reason - TCPT_CT_REASON_TABLE, rules, text);
    if (reason == TCPT_CT_REASON_NONE || reason >= sizeof words / sizeof *words)
        return NULL;
    word = rules == TCPT_CT_BEFORE_5_18 ? words[reason].before_5_18 : NULL;
    snprintf(text, TCPT_CT_REASON_BYTES, "%s", word ? word : words[reason].current);
    return text;
}
