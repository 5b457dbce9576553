/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What to do about a case, or a finding: the detector's remedy and commands, without what the capture has answered
 * already, or cannot be, and with its addresses and ports filled in.
 */
#ifndef TCPTRIAGE_REPORT_REMEDY_H
#define TCPTRIAGE_REPORT_REMEDY_H

#include "tcptriage/cases.h"

/** What it is for. */
typedef struct tcpt_remedy {
    const tcpt_detector *detector;
    const tcpt_flow *flow; /**< whose addresses and ports are filled in; NULL for none */
    unsigned blamed;       /**< end of the flow */
    uint8_t differs;       /**< TCPT_DIFFERENT_ bits */
    bool elsewhere;        /**< the capture has the other end as well */
    bool loopback;         /**< there is no way between a host and itself */
} tcpt_remedy;

tcpt_remedy tcpt_remedy_of_case(const tcpt_case *made);
tcpt_remedy tcpt_remedy_of_finding(const tcpt_finding *finding);

/** The sentences alone. To be freed. */
char *tcpt_remedy_advice(const tcpt_remedy *remedy);

/** Those of them that ask for a further capture, or the others. To be freed. */
char *tcpt_remedy_advice_on(const tcpt_remedy *remedy, bool capture);

/** The sentences, and the commands behind them. To be freed. */
char *tcpt_remedy_text(const tcpt_remedy *remedy);

/** A command, filled in. */
typedef struct tcpt_asked {
    const char *on;    /**< "client", "server", "way" */
    char *host;        /**< its address, NULL for the way; to be freed */
    char *line;        /**< to be freed */
    const char *tells; /**< what it says, or the question that it answers */
} tcpt_asked;

/** The commands one by one: *at begins with 0. @return false when there are no more */
bool tcpt_next_command(const tcpt_remedy *remedy, unsigned *at, tcpt_asked *command);

/** Whether it makes a further capture. */
bool tcpt_asks_for_capture(const tcpt_asked *command);

void tcpt_asked_clear(tcpt_asked *command);

#endif
