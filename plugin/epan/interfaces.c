/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "interfaces.h"

#include <string.h>

#include "compat.h"
#include "link.h"
#include "tcptriage/label.h"

enum { SLL2_IFINDEX_AT = 4 }; /* LINKTYPE_LINUX_SLL2: protocol, reserved, interface index, ... */

#define UNNAMED_INTERFACE "unknown" /* what Wireshark calls an interface without a name, or none */

/* An interface of the file, or one of those behind an "any" capture. */
struct point {
    gint64 key; /* interface and index */
    uint32_t id;
    char *name;
};

/* One capture file. */
static GHashTable *points;               /* key -> struct point; NULL before the first */
static GHashTable *taken_names;          /* of them; borrowed */
static const struct point *newest_point; /* NULL before the first */

/* Interface index in the cooked header of an "any" capture, 0 when there is none. */
static uint32_t cooked_ifindex(const packet_info *pinfo)
{
    tvbuff_t *frame;

    if (tcpt_link_type(pinfo) != WTAP_ENCAP_SLL2 || !pinfo->data_src)
        return 0;
    frame = get_data_source_tvb(pinfo->data_src->data);
    if (tvb_captured_length(frame) < SLL2_IFINDEX_AT + 4)
        return 0;
    return tvb_get_ntohl(frame, SLL2_IFINDEX_AT);
}

static bool is_named(const packet_info *pinfo, uint32_t interface_id)
{
    const char *name = tcpt_interface_name(pinfo, interface_id);

    return name && strcmp(name, UNNAMED_INTERFACE) != 0;
}

/* NULL when the capture does not tell. Anybody may have written it. */
static char *interface_label(const packet_info *pinfo, uint32_t interface_id)
{
    char *label;

    if (!is_named(pinfo, interface_id))
        return NULL;
    label = tcpt_label(tcpt_interface_name(pinfo, interface_id));
    if (!*label)
        g_clear_pointer(&label, g_free);
    return label;
}

static char *plain_name(const packet_info *pinfo, uint32_t interface_id, uint32_t ifindex)
{
    char *name = interface_label(pinfo, interface_id), *indexed;

    if (!ifindex)
        return name ? name : g_strdup_printf("interface %u", interface_id);
    indexed = name && interface_id ? g_strdup_printf("%s, interface index %u", name, ifindex)
                                   : g_strdup_printf("interface index %u", ifindex);
    g_free(name);
    return indexed;
}

/* Interfaces of several machines may all be called eth0. */
static char *own_name(const packet_info *pinfo, uint32_t interface_id, uint32_t ifindex)
{
    char *name = plain_name(pinfo, interface_id, ifindex);

    while (g_hash_table_contains(taken_names, name)) {
        char *longer = g_strdup_printf("%s (interface %u)", name, interface_id);

        g_free(name);
        name = longer;
    }
    return name;
}

static void free_point(void *data)
{
    struct point *point = data;

    g_free(point->name);
    g_free(point);
}

static const struct point *point_of(const packet_info *pinfo, uint32_t interface_id, uint32_t ifindex)
{
    gint64 key = (gint64)((uint64_t)interface_id << 32 | ifindex);
    struct point *point;

    if (newest_point && newest_point->key == key)
        return newest_point;
    newest_point = g_hash_table_lookup(points, &key);
    if (newest_point)
        return newest_point;
    point = g_new0(struct point, 1);
    point->key = key;
    point->id = g_hash_table_size(points);
    point->name = own_name(pinfo, interface_id, ifindex);
    g_hash_table_insert(points, &point->key, point);
    g_hash_table_add(taken_names, point->name);
    newest_point = point;
    return point;
}

/* Is this to be a capture with several points? Cooked frames with an index come from all interfaces of a machine. A
 * second interface can be asked for when it has a name. Where even the first one has none, as in captures without
 * interfaces that were joined into one with them, only its first packet would tell: too late for all before it. */
static void expect_points(tcpt_analysis *analysis, const packet_info *pinfo, uint32_t interface_id, uint32_t ifindex)
{
    if (ifindex)
        tcpt_expect_points(analysis);
    if (!(pinfo->rec->presence_flags & WTAP_HAS_INTERFACE_ID))
        return;
    if (is_named(pinfo, 1))
        tcpt_expect_points(analysis);
    else if (!is_named(pinfo, interface_id))
        tcpt_suspect_points(analysis);
}

uint32_t tcpt_interfaces_point(tcpt_analysis *analysis, const packet_info *pinfo, const char **name)
{
    uint32_t interface_id = 0, ifindex;
    const struct point *point;

    *name = NULL;
    if (!tcpt_is_packet(pinfo))
        return 0;
    if (pinfo->rec->presence_flags & WTAP_HAS_INTERFACE_ID)
        interface_id = pinfo->rec->rec_header.packet_header.interface_id;
    ifindex = cooked_ifindex(pinfo);
    if (!points) {
        points = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, free_point);
        taken_names = g_hash_table_new(g_str_hash, g_str_equal);
        expect_points(analysis, pinfo, interface_id, ifindex);
    }
    point = point_of(pinfo, interface_id, ifindex);
    *name = point->name;
    return point->id;
}

uint32_t tcpt_interfaces_number(const tcpt_point *of)
{
    const struct point *point;
    GHashTableIter each;

    if (!points)
        return 0; /* capture points are not told apart */
    g_hash_table_iter_init(&each, points);
    while (g_hash_table_iter_next(&each, NULL, (gpointer *)&point))
        if (point->id == of->id)
            return (uint32_t)(point->key >> 32);
    return 0;
}

void tcpt_interfaces_forget(void)
{
    g_clear_pointer(&taken_names, g_hash_table_destroy);
    g_clear_pointer(&points, g_hash_table_destroy);
    newest_point = NULL;
}
