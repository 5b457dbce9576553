/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What is under Statistics in Wireshark's menu; sharkd serves it too.
 *
 * A window is filled once, when it is opened or when its filter is applied: Wireshark shows it the frames of the
 * capture again then. Cases and outcomes are known before the first of them.
 */
#ifndef TCPTRIAGE_EPAN_TABLES_H
#define TCPTRIAGE_EPAN_TABLES_H

/** Statistics > TCP Triage: Cases. */
void tcpt_case_window_register(void);

/** Statistics > TCP Triage: Connections. */
void tcpt_flow_window_register(void);

/** Statistics > TCP Triage: ways to the frames of a case, and of a connection. */
void tcpt_windows_register(int proto);

#endif
