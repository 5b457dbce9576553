/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "where.h"

#include <string.h>

#include "capture/interfaces.h"
#include "compat.h"
#include "link.h"
#include "tcptriage/portable.h"

enum { KNOWN = 8 }; /* interfaces whose points are at hand: each packet asks */

/* One capture file. */
static tcpt_interfaces *interfaces; /* NULL before the first packet */
static struct {
    const char *name; /* NULL before its first packet */
    uint32_t point;
} known_points[KNOWN]; /* of interfaces of the file, by their numbers */

static const char *name_of(uint32_t interface, void *data)
{
    return tcpt_interface_name(data, interface);
}

static bool is_cooked(const packet_info *pinfo)
{
    return pinfo->rec->rec_header.packet_header.pkt_encap == WTAP_ENCAP_SLL2;
}

static uint32_t cooked_index(const packet_info *pinfo)
{
    tvbuff_t *frame;
    uint32_t bytes;

    if (!is_cooked(pinfo) || !pinfo->data_src)
        return 0;
    frame = get_data_source_tvb(pinfo->data_src->data);
    bytes = tvb_captured_length(frame);
    return bytes > 0 ? tcpt_cooked_index(tvb_get_ptr(frame, 0, (int)bytes), bytes) : 0;
}

static uint32_t TCPT_NOINLINE captured(tcpt_analysis *analysis, const packet_info *pinfo, bool known,
                                       uint32_t interface, const char **name)
{
    tcpt_captured_on where = {.known = known,
                              .interface = interface,
                              .cooked_index = cooked_index(pinfo),
                              .name_of = name_of,
                              .data = (void *)pinfo};
    uint32_t point;

    if (!interfaces)
        interfaces = tcpt_interfaces_new();
    point = tcpt_interfaces_point(interfaces, analysis, &where, name);
    if (interface < KNOWN && !is_cooked(pinfo)) {
        known_points[interface].point = point;
        known_points[interface].name = *name;
    }
    return point;
}

uint32_t tcpt_where_captured(tcpt_analysis *analysis, const packet_info *pinfo, const char **name)
{
    bool known;
    uint32_t interface;

    *name = NULL;
    if (!tcpt_is_packet(pinfo))
        return 0;
    known = pinfo->rec->presence_flags & WTAP_HAS_INTERFACE_ID;
    interface = known ? pinfo->rec->rec_header.packet_header.interface_id : 0;
    if (interface >= KNOWN || !known_points[interface].name || is_cooked(pinfo))
        return captured(analysis, pinfo, known, interface, name);
    *name = known_points[interface].name;
    return known_points[interface].point;
}

uint32_t tcpt_where_interface(const tcpt_point *of)
{
    return tcpt_interfaces_number(interfaces, of);
}

void tcpt_where_forget(void)
{
    tcpt_interfaces_free(interfaces);
    interfaces = NULL;
    memset(known_points, 0, sizeof known_points);
}
