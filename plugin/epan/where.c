/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "where.h"

#include "capture/interfaces.h"
#include "compat.h"
#include "link.h"

static tcpt_interfaces *interfaces; /* of the capture file; NULL before the first packet */

static const char *name_of(uint32_t interface, void *data)
{
    return tcpt_interface_name(data, interface);
}

static uint32_t cooked_index(const packet_info *pinfo)
{
    tvbuff_t *frame;
    uint32_t bytes;

    if (tcpt_link_type(pinfo) != WTAP_ENCAP_SLL2 || !pinfo->data_src)
        return 0;
    frame = get_data_source_tvb(pinfo->data_src->data);
    bytes = tvb_captured_length(frame);
    return bytes > 0 ? tcpt_cooked_index(tvb_get_ptr(frame, 0, (int)bytes), bytes) : 0;
}

uint32_t tcpt_where_captured(tcpt_analysis *analysis, const packet_info *pinfo, const char **name)
{
    tcpt_captured_on where = {.name_of = name_of, .data = (void *)pinfo};

    *name = NULL;
    if (!tcpt_is_packet(pinfo))
        return 0;
    where.known = pinfo->rec->presence_flags & WTAP_HAS_INTERFACE_ID;
    where.interface = where.known ? pinfo->rec->rec_header.packet_header.interface_id : 0;
    where.cooked_index = cooked_index(pinfo);
    if (!interfaces)
        interfaces = tcpt_interfaces_new();
    return tcpt_interfaces_point(interfaces, analysis, &where, name);
}

uint32_t tcpt_where_interface(const tcpt_point *of)
{
    return tcpt_interfaces_number(interfaces, of);
}

void tcpt_where_forget(void)
{
    tcpt_interfaces_free(interfaces);
    interfaces = NULL;
}
