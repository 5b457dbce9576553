/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A frame with several TCP layers: which is shown first, and which is which.
 */
#ifndef TCPTRIAGE_EPAN_LAYERS_H
#define TCPTRIAGE_EPAN_LAYERS_H

#include "tcptriage/address.h"
#include "tcptriage/flow.h"

/** Room for tcpt_layer_name(). */
#define TCPT_LAYER_BYTES (2 * TCPT_SOCKET_BYTES + 4)

/** Put the records of a frame in the order of their gravest findings, so that columns show that first; settle their
 * flows before. Others stay as they are, outermost first. */
void tcpt_layers_sort(tcpt_record **records, unsigned count);

/** "192.0.2.1:40000 -> 198.51.100.1:80": sender and receiver of the segment. */
const char *tcpt_layer_name(char text[TCPT_LAYER_BYTES], const tcpt_record *record);

#endif
