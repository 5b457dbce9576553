/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/records.h"

#include <stdlib.h>
#include <string.h>

#include "core/finding/store.h"
#include "core/flow/flow.h"

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

/* A spare record has no owner; its number is where the frame's was, the next one where the notes were. */
static tcpt_record *take_spare(tcpt_records *records)
{
    tcpt_record *record = records->spare;

    records->spare = record->next_spare;
    records->spares--;
    records->newest = record->frame;
    records->reused = true;
    return record;
}

void tcpt_records_release(tcpt_records *records, uint32_t number)
{
    tcpt_record *record = tcpt_records_at(records, number);

    if (tcpt_record_is_spare(record))
        return;
    *record = (tcpt_record){.next_spare = records->spare, .frame = number};
    records->spare = record;
    records->spares++;
}

/* All but frame and time. What is compared as bytes is one word. */
static bool says_the_same(const tcpt_record *a, const tcpt_record *b)
{
    enum { SAID = offsetof(tcpt_record, same_as) + sizeof a->same_as };

    return a->owner == b->owner && a->same_as == b->same_as && tcpt_marked_alike(a, b) &&
           memcmp((const char *)a + SAID, (const char *)b + SAID, sizeof *a - SAID) == 0;
}

bool tcpt_records_share(tcpt_records *records, uint32_t number, uint32_t shared)
{
    const tcpt_record *record = tcpt_records_at(records, number);

    if (!says_the_same(record, tcpt_records_at(records, shared)))
        return false;
    records->moved(record->frame, number, shared);
    tcpt_records_release(records, number);
    return true;
}

static tcpt_record *next_place(tcpt_records *records)
{
    if (records->spare)
        return take_spare(records);
    records->newest = records->count;
    if (records->count++ % SLAB_RECORDS == 0) {
        records->next = g_new(tcpt_record, SLAB_RECORDS);
        g_ptr_array_add(records->slabs, records->next);
    }
    return records->next++;
}

tcpt_record *tcpt_records_add(tcpt_records *records, tcpt_flow *flow, const tcpt_segment *segment, unsigned from)
{
    tcpt_record *record = next_place(records);

    *record = (tcpt_record){
        .owner = flow,
        .frame = segment->frame,
        .pad_bytes = segment->pad_bytes,
        .uncut_good =
            segment->checksum_is != TCPT_CHECKSUM_GOOD || segment->checksum_over_padding == segment->checksum_expected,
        .from = (uint8_t)from & 1,
        .shape = (uint8_t)((segment->flags & (TCPT_FIN | TCPT_SYN | TCPT_RST | TCPT_ACK)) |
                           (segment->payload_bytes ? TCPT_HAS_PAYLOAD : 0)),
    };
    return record;
}

tcpt_record *tcpt_records_add_icmp(tcpt_records *records, tcpt_flow *flow, uint32_t frame, unsigned from)
{
    tcpt_record *record = next_place(records);

    *record = (tcpt_record){.owner = flow, .frame = frame, .from = (uint8_t)from & 1, .icmp = true};
    return record;
}

void tcpt_record_judged(tcpt_record *record, const tcpt_observation *seen)
{
    const tcpt_ct_view *tracker = &seen->tracker;

    record->ct_state = tracker->state;
    record->ct_current = tracker->current & 3;
    record->ct_old = tracker->before_5_18 & 3;
    record->ct_reason = tracker->reason;
    record->receiver_verdict = (uint8_t)seen->receiver.verdict & 7;
    record->receiver_drop = (uint8_t)seen->receiver.drop & 31;
    if (seen->receiver.over_limit)
        record->over_limit = true;
}

void tcpt_record_copy(tcpt_record *copy, tcpt_record *original)
{
    copy->copy = true;
    copy->same_as = original->frame;
    if (original->same_as)
        return;
    original->same_as = copy->frame;
    original->copied = true;
}

void tcpt_record_states(tcpt_record *record, const tcpt_flow *flow)
{
    record->client_state = (uint8_t)tcpt_state_but_for_rst(flow, flow->client);
    record->server_state = (uint8_t)tcpt_state_but_for_rst(flow, !flow->client);
    record->inferred = (uint8_t)(tcpt_fin_is_inferred(&flow->ends[0]) | tcpt_fin_is_inferred(&flow->ends[1]) << 1) & 3;
    record->reset = (uint8_t)(flow->ends[0].reset | flow->ends[1].reset << 1) & 3;
}

/* ---- what later segments refute ---- */

/* The end's FIN had not arrived at the other one. */
static void forget_fin(tcpt_record *record, unsigned end)
{
    if (end == tcpt_flow_of(record)->client)
        record->server_state = (uint8_t)tcpt_state_without_their_fin((tcpt_state)record->server_state);
    else
        record->client_state = (uint8_t)tcpt_state_without_their_fin((tcpt_state)record->client_state);
}

static void correct(tcpt_record *record, const tcpt_flow *flow, const tcpt_assumed *refuted)
{
    for (unsigned end = 0; end < 2; end++) {
        const tcpt_record *fin = flow->ends[end].fin_record;

        if (refuted->reset[end])
            record->reset &= (uint8_t) ~(1u << end) & 3;
        if (refuted->fin[end] && fin && record->frame >= fin->frame)
            forget_fin(record, end);
    }
}

/* A RST that its receiver has challenged, or gone on after, has not reset it. */
static void correct_rst(tcpt_record *rst, bool challenged)
{
    if (rst->receiver_verdict != TCPT_VERDICT_RESET && rst->receiver_verdict != TCPT_VERDICT_UNDETERMINED)
        return;
    rst->receiver_verdict = challenged ? TCPT_VERDICT_CHALLENGE_ACK : TCPT_VERDICT_IGNORED;
    rst->receiver_drop = challenged ? TCPT_DROP_TCP_RESET : TCPT_DROP_NONE;
}

void tcpt_records_correct(const tcpt_records *records, const tcpt_flow *flow, const tcpt_observation *seen,
                          const tcpt_assumed *assumed)
{
    tcpt_record *rst = flow->ends[!seen->from].rst_record;
    tcpt_assumed refuted = {false};

    for (unsigned end = 0; end < 2; end++) {
        refuted.reset[end] = assumed->reset[end] && !flow->ends[end].reset;
        refuted.fin[end] = assumed->fin[end] && !flow->ends[end].fin_delivered;
        refuted.any |= refuted.reset[end] || refuted.fin[end];
    }
    if (seen->outlived)
        correct_rst(seen->outlived, false);
    if (rst && (refuted.reset[seen->from] || seen->challenged == rst))
        correct_rst(rst, seen->challenged == rst);
    for (unsigned i = 0; refuted.any && i < TCPT_FINGERPRINTS; i++)
        if (tcpt_seen_at(flow, i)->hash)
            correct(tcpt_records_at(records, tcpt_seen_at(flow, i)->record), flow, &refuted);
}

/* ---- by address ---- */

struct tcpt_record_map {
    uint32_t count; /* of records */
    uint32_t slab_count;
    struct slab {
        uintptr_t first; /* address of its first record */
        uint32_t number;
    } slabs[]; /* by address */
};

enum { SLAB_BYTES = SLAB_RECORDS * sizeof(tcpt_record) };

static int compare_slabs(const void *a, const void *b)
{
    uintptr_t left = ((const struct slab *)a)->first, right = ((const struct slab *)b)->first;

    return (left > right) - (left < right);
}

tcpt_record_map *tcpt_record_map_new(const tcpt_records *records)
{
    uint32_t count = records->slabs->len;
    tcpt_record_map *map = g_malloc(sizeof *map + count * sizeof map->slabs[0]);

    map->count = records->count;
    map->slab_count = count;
    for (uint32_t i = 0; i < count; i++)
        map->slabs[i] = (struct slab){(uintptr_t)g_ptr_array_index(records->slabs, i), i * SLAB_RECORDS};
    qsort(map->slabs, count, sizeof map->slabs[0], compare_slabs);
    return map;
}

void tcpt_record_map_free(tcpt_record_map *map)
{
    g_free(map);
}

/* The last slab that begins at the address or before; there is one. */
static const struct slab *slab_of(const tcpt_record_map *map, uintptr_t address)
{
    uint32_t low = 0, high = map->slab_count;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (map->slabs[middle].first <= address)
            low = middle;
        else
            high = middle;
    }
    return &map->slabs[low];
}

bool tcpt_record_map_find(const tcpt_record_map *map, uintptr_t address, uint32_t *number)
{
    const struct slab *slab;

    if (map->slab_count == 0 || address < map->slabs[0].first ||
        address >= map->slabs[map->slab_count - 1].first + SLAB_BYTES)
        return false;
    slab = slab_of(map, address);
    if (address - slab->first >= SLAB_BYTES || (address - slab->first) % sizeof(tcpt_record) != 0)
        return false;
    *number = slab->number + (uint32_t)((address - slab->first) / sizeof(tcpt_record));
    return *number < map->count;
}
