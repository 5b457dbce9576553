/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * The link layer of a captured packet.
 */
#ifndef TCPTRIAGE_EPAN_LINK_H
#define TCPTRIAGE_EPAN_LINK_H

#include <stdbool.h>

#include "compat.h"

static inline bool tcpt_is_packet(const packet_info *pinfo)
{
    return pinfo->rec && pinfo->rec->rec_type == REC_TYPE_PACKET;
}

/** WTAP_ENCAP_UNKNOWN when it is no captured packet. */
static inline int tcpt_link_type(const packet_info *pinfo)
{
    return tcpt_is_packet(pinfo) ? pinfo->rec->rec_header.packet_header.pkt_encap : WTAP_ENCAP_UNKNOWN;
}

#endif
