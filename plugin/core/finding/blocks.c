/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/store.h"

static void each_of_list(const tcpt_diagnosis *diagnosis, tcpt_block_visit visit, void *data)
{
    for (; diagnosis; diagnosis = diagnosis->next) {
        visit(diagnosis, sizeof *diagnosis, data);
        if (diagnosis->run)
            visit(diagnosis->run, sizeof *diagnosis->run, data);
        if (diagnosis->related_count)
            visit(diagnosis->related, diagnosis->related_count * sizeof(struct tcpt_record *), data);
    }
}

void tcpt_found_each_block(const tcpt_flow *flow, tcpt_block_visit visit, void *data)
{
    if (!flow->found)
        return;
    each_of_list(flow->found->first, visit, data);
    each_of_list(flow->found->end_first, visit, data);
}

/* Places that were given back may keep a record or two. */
void tcpt_findings_each_block(const tcpt_findings *store, tcpt_block_visit visit, void *data)
{
    for (unsigned i = 0; store->slabs && i < store->slabs->len; i++)
        visit(g_ptr_array_index(store->slabs, i),
              (i + 1 < store->slabs->len ? TCPT_SLAB_FINDINGS : store->slab_used) * sizeof(tcpt_finding), data);
    each_of_list(store->wide, visit, data);
    each_of_list(store->unseen, visit, data);
}
