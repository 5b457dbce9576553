/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "interfaces.h"

#include <string.h>

#include <glib.h>

#include "tcptriage/label.h"

#define UNNAMED_INTERFACE "unknown" /* what Wireshark calls an interface without a name, or none */

/* An interface of the file, or one of those behind an "any" capture. */
struct point {
    gint64 key; /* interface and index */
    uint32_t id;
    char *name;
};

struct tcpt_interfaces {
    GHashTable *points;         /* key -> struct point */
    GPtrArray *by_id;           /* the same, and `others` */
    GHashTable *taken_names;    /* of them; borrowed */
    const struct point *newest; /* NULL before the first */
    struct point *others;       /* all behind TCPT_POINTS_MOST; NULL before the first */
};

static const char *name_of(const tcpt_captured_on *where, uint32_t interface)
{
    return where->name_of(interface, where->data);
}

static bool is_name(const char *name)
{
    return name && strcmp(name, UNNAMED_INTERFACE) != 0;
}

static bool is_named(const tcpt_captured_on *where, uint32_t interface)
{
    return is_name(name_of(where, interface));
}

/* NULL when the capture does not tell. */
static char *interface_label(const tcpt_captured_on *where)
{
    const char *name = name_of(where, where->interface);
    char *label;

    if (!is_name(name))
        return NULL;
    label = tcpt_label(name);
    if (!*label)
        g_clear_pointer(&label, g_free);
    return label;
}

static char *plain_name(const tcpt_captured_on *where)
{
    char *label, *name;

    if (where->cooked_index && !where->interface)
        return g_strdup_printf("interface index %u", where->cooked_index);
    label = interface_label(where);
    if (!where->cooked_index)
        return label ? label : g_strdup_printf("interface %u", where->interface);
    name = label ? g_strdup_printf("%s, interface index %u", label, where->cooked_index)
                 : g_strdup_printf("interface index %u", where->cooked_index);
    g_free(label);
    return name;
}

/* Interfaces of several machines may all be called eth0. */
static char *own_name(const tcpt_interfaces *interfaces, const tcpt_captured_on *where)
{
    char *name = plain_name(where);

    while (g_hash_table_contains(interfaces->taken_names, name)) {
        char *longer = g_strdup_printf("%s (interface %u)", name, where->interface);

        g_free(name);
        name = longer;
    }
    return name;
}

/* g_int64_hash() looks at the lower half alone until GLib 2.76: all interfaces were in one place. */
static guint key_hash(gconstpointer key)
{
    return (guint)((*(const uint64_t *)key * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static void free_point(void *data)
{
    struct point *point = data;

    g_free(point->name);
    g_free(point);
}

/* With the next id. */
static struct point *new_point(tcpt_interfaces *interfaces, gint64 key, char *name)
{
    struct point *point = g_new0(struct point, 1);

    point->key = key;
    point->id = interfaces->by_id->len;
    point->name = name;
    g_ptr_array_add(interfaces->by_id, point);
    return point;
}

/* Its key is that of the first interface in it. */
static const struct point *all_others(tcpt_interfaces *interfaces, gint64 key)
{
    if (!interfaces->others)
        interfaces->others = new_point(interfaces, key, g_strdup("all other interfaces"));
    return interfaces->others;
}

static const struct point *point_of(tcpt_interfaces *interfaces, const tcpt_captured_on *where)
{
    gint64 key = (gint64)((uint64_t)where->interface << 32 | where->cooked_index);
    struct point *point;

    if (interfaces->newest && interfaces->newest->key == key)
        return interfaces->newest;
    interfaces->newest = g_hash_table_lookup(interfaces->points, &key);
    if (interfaces->newest)
        return interfaces->newest;
    if (g_hash_table_size(interfaces->points) == TCPT_POINTS_MOST)
        return interfaces->newest = all_others(interfaces, key);
    point = new_point(interfaces, key, own_name(interfaces, where));
    g_hash_table_insert(interfaces->points, &point->key, point);
    g_hash_table_add(interfaces->taken_names, point->name);
    interfaces->newest = point;
    return point;
}

/* Is this to be a capture with several points? Cooked frames with an index come from all interfaces of a machine. A
 * second interface can be asked for when it has a name. Where even the first one has none, as in captures without
 * interfaces that were joined into one with them, only its first packet would tell: too late for all before it. */
static void expect_points(tcpt_analysis *analysis, const tcpt_captured_on *where)
{
    if (where->cooked_index)
        tcpt_expect_points(analysis);
    if (!where->known)
        return;
    if (is_named(where, 1))
        tcpt_expect_points(analysis);
    else if (!is_named(where, where->interface))
        tcpt_suspect_points(analysis);
}

tcpt_interfaces *tcpt_interfaces_new(void)
{
    tcpt_interfaces *interfaces = g_new0(tcpt_interfaces, 1);

    interfaces->points = g_hash_table_new_full(key_hash, g_int64_equal, NULL, free_point);
    interfaces->by_id = g_ptr_array_new();
    interfaces->taken_names = g_hash_table_new(g_str_hash, g_str_equal);
    return interfaces;
}

void tcpt_interfaces_free(tcpt_interfaces *interfaces)
{
    if (!interfaces)
        return;
    g_hash_table_destroy(interfaces->taken_names);
    g_ptr_array_free(interfaces->by_id, TRUE);
    g_hash_table_destroy(interfaces->points);
    if (interfaces->others)
        free_point(interfaces->others);
    g_free(interfaces);
}

uint32_t tcpt_interfaces_point(tcpt_interfaces *interfaces, tcpt_analysis *analysis, const tcpt_captured_on *where,
                               const char **name)
{
    const struct point *point;

    if (!interfaces->newest)
        expect_points(analysis, where);
    point = point_of(interfaces, where);
    *name = point->name;
    return point->id;
}

uint32_t tcpt_interfaces_number(const tcpt_interfaces *interfaces, const tcpt_point *of)
{
    const struct point *point;

    if (!interfaces || of->id >= interfaces->by_id->len)
        return 0; /* capture points are not told apart */
    point = interfaces->by_id->pdata[of->id];
    return (uint32_t)(point->key >> 32);
}

uint32_t tcpt_cooked_index(const uint8_t *frame, uint32_t captured_bytes)
{
    enum { INDEX_AT = 4 }; /* LINKTYPE_LINUX_SLL2: protocol, reserved, interface index, ... */
    uint32_t index;

    if (captured_bytes < INDEX_AT + sizeof index)
        return 0;
    memcpy(&index, frame + INDEX_AT, sizeof index);
    return GUINT32_FROM_BE(index);
}
