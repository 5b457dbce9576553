/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A RST that is judged as the one before it (flow/rst_again.h). For the analysis only, while nobody watches its points
 * and no pictures are drawn.
 */
#ifndef TCPTRIAGE_CORE_REPEATED_H
#define TCPTRIAGE_CORE_REPEATED_H

#include "core/state.h"
#include "tcptriage/analysis.h"

/** Keep the judgement of a RST that was taken in, where the next one may be treated alike. */
void tcpt_keep_rst(const tcpt_analysis *analysis, tcpt_flow *flow, const tcpt_segment *segment,
                   const tcpt_observation *seen, tcpt_record *record, const tcpt_rst_marks *before);

/** Judge and take in one that tcpt_rst_comes_again(). @return false where it has to go the long way: nothing has
 * changed by then */
bool tcpt_take_rst_again(tcpt_analysis *analysis, tcpt_flow *flow, const tcpt_segment *segment,
                         const tcpt_packet_id *packet, tcpt_record *record);

#endif
