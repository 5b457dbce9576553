/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * One expert info per detector.
 */
#ifndef TCPTRIAGE_EPAN_EXPERTS_H
#define TCPTRIAGE_EPAN_EXPERTS_H

#include <epan/packet.h>
#include <epan/expert.h>

#include "tcptriage/detector.h"

void tcpt_experts_register(int proto);

/** @param detector  a row of tcpt_detectors */
expert_field *tcpt_expert_of(const tcpt_detector *detector);

#endif
