/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/records.h"

enum { SLAB_RECORDS = 1024 };

void tcpt_records_open(tcpt_records *records)
{
    *records = (tcpt_records){.slabs = g_ptr_array_new_with_free_func(g_free)};
}

void tcpt_records_clear(tcpt_records *records)
{
    g_ptr_array_free(records->slabs, TRUE);
}

tcpt_record *tcpt_records_at(const tcpt_records *records, uint32_t number)
{
    return (tcpt_record *)g_ptr_array_index(records->slabs, number / SLAB_RECORDS) + number % SLAB_RECORDS;
}

tcpt_record *tcpt_records_add(tcpt_records *records)
{
    tcpt_record *record;

    if (records->count % SLAB_RECORDS == 0)
        g_ptr_array_add(records->slabs, g_new(tcpt_record, SLAB_RECORDS));
    record = tcpt_records_at(records, records->count++);
    *record = (tcpt_record){0}; /* one by one is cheaper: a few stores, in memory that is written to anyway */
    return record;
}

void tcpt_record_tracker(tcpt_record *record, const tcpt_ct_view *view)
{
    record->ct_state = view->state;
    record->ct_current = view->current & 3;
    record->ct_old = view->before_5_18 & 3;
    record->ct_reason = view->reason;
}

void tcpt_record_states(tcpt_record *record, const tcpt_flow *flow)
{
    record->client_state = (uint8_t)flow->ends[flow->client].state;
    record->server_state = (uint8_t)flow->ends[!flow->client].state;
}
