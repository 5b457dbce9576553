/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Every difference between the Wireshark versions this plugin builds against (4.0 to 4.6), and nowhere else.
 *
 * `config.h` is not installed with 4.0, so nothing includes it.
 */
#ifndef TCPTRIAGE_EPAN_COMPAT_H
#define TCPTRIAGE_EPAN_COMPAT_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <epan/epan.h>
#include <epan/funnel.h>
#include <epan/packet.h>
#include <epan/prefs.h>
#include <epan/prefs-int.h>
#include <epan/stats_tree_priv.h>
#include <wiretap/wtap.h> /* wtap_rec: epan/frame_data.h only declares it since 4.4 */

#include "capture/since.h"

/* The plugin says what it is: asked since 4.2. */
#if TCPT_WIRESHARK_SINCE(4, 2)
#include <wsutil/plugins.h>
#define TCPT_PLUGIN_DESCRIPTION (WS_PLUGIN_DESC_DISSECTOR | WS_PLUGIN_DESC_TAP_LISTENER)
#endif

/** Whether a field is asked for by its own name. One to be printed ("-T fields -e") is a kind of its own since 4.4,
 * HF_REF_TYPE_PRINT, which comes behind. */
static inline bool tcpt_is_asked_for(const header_field_info *field)
{
    return field->ref_type >= HF_REF_TYPE_DIRECT;
}

/** Whether one of several fields is, whose kinds of reference are put together ("|"): what is none by a field's own
 * name is 0 or 1. */
static inline bool tcpt_one_is_asked_for(unsigned kinds)
{
    _Static_assert(HF_REF_TYPE_NONE == 0 && HF_REF_TYPE_INDIRECT == 1 && HF_REF_TYPE_DIRECT == 2, "one bit apart");
    return kinds >= HF_REF_TYPE_DIRECT;
}

/** Where the fields of a tree are looked up: arrays of field_info, by the field's number; NULL before the first. The
 * tree gives the arrays back with its packet. Since 4.2 see tcpt_lasting_item(). */
static inline GHashTable *tcpt_looked_up_in(const proto_tree *tree)
{
#if TCPT_WIRESHARK_SINCE(4, 2)
    (void)tree;
    return NULL;
#else
    return PTREE_DATA(tree)->interesting_hfids;
#endif
}

/**
 * A text's item, to be looked up in the trees of many packets. NULL since 4.2, where values are opaque and printers
 * walk through what a tree has, be it visible or not.
 */
static inline field_info *tcpt_lasting_item(const field_info *made, const char *text)
{
#if TCPT_WIRESHARK_SINCE(4, 2)
    (void)made, (void)text;
    return NULL;
#else
    field_info *item = (field_info *)wmem_memdup(wmem_epan_scope(), made, sizeof *made);

    item->ds_tvb = NULL;
    item->rep = NULL;
    item->value.value.strbuf = wmem_strbuf_new(wmem_epan_scope(), text);
    return item;
#endif
}

/* What a boolean preference points to. */
#if TCPT_WIRESHARK_SINCE(4, 4)
typedef bool tcpt_pref_bool;
#else
typedef gboolean tcpt_pref_bool;
#endif

/* What the button of a text window returns: gboolean, then bool. */
typedef __typeof__(((funnel_bt_cb_t)0)(NULL, NULL)) tcpt_button_bool;

/* The init callback of a -z option tells since 4.6 whether the option was good; before, a bad one ends the program. */
#if TCPT_WIRESHARK_SINCE(4, 6)
#define TCPT_STAT_INIT      bool
#define TCPT_STAT_INIT_DONE return true
#define TCPT_STAT_INIT_FAIL return false
#else
#define TCPT_STAT_INIT      void
#define TCPT_STAT_INIT_DONE return
#define TCPT_STAT_INIT_FAIL exit(1)
#endif

/**
 * Name of a branch of a statistics tree, sorted by `key` and shown as `text`: Wireshark shows what is behind the last
 * separator of a path. That is "/" in 4.0, and two of them are one that is none; menus have "//" since. So it is asked.
 * To be freed.
 */
static inline char *tcpt_keyed_name(uint32_t key, const char *text)
{
    static const struct {
        const char *separator, *within;
    } ways[] = {{"/", "//"}, {"//", "/ /"}};

    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
        char **parts = g_strsplit(text, ways[i].separator, -1);
        char *written = g_strjoinv(ways[i].within, parts);
        char *name = g_strdup_printf("%010u%s%s", key, ways[i].separator, written);
        char *shown = stats_tree_get_displayname(name);
        bool hidden = strcmp(shown, i == 0 ? text : written) == 0;

        g_strfreev(parts);
        g_free(written);
        g_free(shown);
        if (hidden)
            return name;
        g_free(name);
    }
    return g_strdup(text);
}

/** Whether Wireshark shows sequence numbers relative to the SYN's (tcp.relative_sequence_numbers). */
static inline bool tcpt_relative_numbers(void)
{
    module_t *module = prefs_find_module("tcp");
    pref_t *relative = module ? prefs_find_preference(module, "relative_sequence_numbers") : NULL;

    return relative && prefs_get_bool_value(relative, pref_current);
}

/** Name of the interface a packet was captured on, or NULL. Interfaces are numbered per section since 4.2. */
static inline const char *tcpt_interface_name(const packet_info *pinfo, uint32_t interface_id)
{
#if TCPT_WIRESHARK_SINCE(4, 2)
    unsigned section = pinfo->rec->presence_flags & WTAP_HAS_SECTION_NUMBER ? pinfo->rec->section_number : 0;
    return epan_get_interface_name(pinfo->epan, interface_id, section);
#else
    return epan_get_interface_name(pinfo->epan, interface_id);
#endif
}

#endif
