/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "standing.h"

#include "compat.h"
#include "fields.h"
#include "tcptriage/analysis.h"
#include "tcptriage/cases.h"

/* For the program's life. */
static field_info *names[TCPT_DETECTORS_MOST]; /* by the detector's number; NULL before its first */
static GPtrArray *lent; /* to one tree at a time, empty while none has it; NULL before the first */

/* What a filter may ask of the layer that an item belongs to. */
static field_info *of_layer(field_info *name, const packet_info *pinfo)
{
    name->total_layer_num = pinfo->curr_layer_num;
    name->proto_layer_num = pinfo->curr_proto_layer_num;
    return name;
}

/* A tree gives its arrays back with its packet: of one that is ours as well only what it holds. */
static GPtrArray *empty_array(void)
{
    if (!lent)
        lent = g_ptr_array_new();
    return lent->len ? g_ptr_array_new() : g_ptr_array_ref(lent);
}

static GPtrArray *array_in(GHashTable *fields)
{
    gpointer field = GINT_TO_POINTER(tcpt_hf[TCPT_HF_FINDING]);
    GPtrArray *found = g_hash_table_size(fields) ? g_hash_table_lookup(fields, field) : NULL;

    if (!found)
        g_hash_table_insert(fields, field, found = empty_array());
    return found;
}

bool tcpt_standing_add(const packet_info *pinfo, const proto_tree *tree, unsigned number)
{
    GHashTable *fields = tcpt_looked_up_in(tree);

    if (!names[number] || !fields)
        return false;
    g_ptr_array_add(array_in(fields), of_layer(names[number], pinfo));
    return true;
}

void tcpt_standing_keep(unsigned number, const proto_item *item)
{
    const field_info *made = PITEM_FINFO(item);

    if (!names[number] && made && made->hfinfo->id == tcpt_hf[TCPT_HF_FINDING])
        names[number] = tcpt_lasting_item(made, tcpt_detectors[number]->id);
}

static void end(void)
{
    g_clear_pointer(&lent, g_ptr_array_unref);
}

void tcpt_standing_register(void)
{
    register_shutdown_routine(end);
}
