/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Whether a Wireshark that is built against is of a version or later. For the two headers that know the differences:
 * epan/compat.h and reader/wiretap.h.
 */
#ifndef TCPTRIAGE_CAPTURE_SINCE_H
#define TCPTRIAGE_CAPTURE_SINCE_H

#include <ws_version.h>

#define TCPT_WIRESHARK_SINCE(major, minor)                                                                             \
    (WIRESHARK_VERSION_MAJOR > (major) || (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

#endif
