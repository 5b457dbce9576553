/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts, drop reasons and positions in words. */
#include "tcptriage/observation.h"

const char *tcpt_verdict_name(tcpt_verdict verdict)
{
    static const char *const names[] = {
        [TCPT_VERDICT_UNDETERMINED] = "undetermined",   [TCPT_VERDICT_RESET] = "reset",
        [TCPT_VERDICT_CHALLENGE_ACK] = "challenge_ack", [TCPT_VERDICT_IGNORED] = "ignored",
        [TCPT_VERDICT_ACCEPTED] = "accepted",           [TCPT_VERDICT_DUPLICATE_ACK] = "duplicate_ack",
    };

    return names[verdict];
}

const char *tcpt_drop_name(tcpt_drop drop)
{
    static const char *const names[] = {
        [TCPT_DROP_NONE] = NULL,
#define TCPT_DROP(name) [TCPT_DROP_##name] = #name,
#include "tcptriage/drops.def"
#undef TCPT_DROP
    };

    return names[drop];
}

const char *tcpt_rst_position_name(tcpt_rst_position position)
{
    static const char *const names[] = {
        [TCPT_RST_NONE] = "none",
        [TCPT_RST_EXACT] = "exact",
        [TCPT_RST_EXACT_UNACKED] = "exact",
        [TCPT_RST_AT_ACK] = "exact",
        [TCPT_RST_OFF_BY_ONE_AFTER_FIN] = "off_by_one_after_fin",
        [TCPT_RST_OFF_BY_ONE_FIN_UNACKED] = "off_by_one_fin_unacked",
        [TCPT_RST_SACK_EDGE] = "sack_edge",
        [TCPT_RST_IN_FLIGHT] = "in_flight",
        [TCPT_RST_IN_WINDOW] = "in_window",
        [TCPT_RST_STALE] = "stale",
        [TCPT_RST_BEYOND_WINDOW] = "beyond_window",
        [TCPT_RST_SYN_SENT_OK] = "exact",
        [TCPT_RST_SYN_SENT_BAD_ACK] = "syn_sent_bad_ack",
        [TCPT_RST_SYN_SENT_NO_ACK] = "syn_sent_no_ack",
    };

    return names[position];
}
