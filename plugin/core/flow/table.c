/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/flow/table.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>

#include "tcptriage/lines.h"

enum {
    LINES_FIRST = 16,
    FULL_HALVES =
        7, /* of a line's places, when half as many lines are added: where 3.5 of 5 are taken few have to go on */
};

/* One place of a line. */
typedef struct place {
    tcpt_flow_line *line; /* NULL for none */
    unsigned at;
} place;

static uint32_t after(const tcpt_flow_table *table, uint32_t line)
{
    return (line + 1) & (table->count - 1);
}

/* What a segment asks for of its flow comes all at once, beside the key that is compared first. */
static void fetch(const void *owner)
{
    const tcpt_flow *flow = owner;

    if (tcpt_rests(owner))
        return;
    tcpt_fetch(&flow->last_ns);
    for (unsigned end = 0; end < 2; end++) {
        tcpt_fetch(&flow->ends[end]);
        tcpt_fetch(&flow->ends[end].last_ns);
        tcpt_fetch(&flow->ends[end].payload_record);
    }
}

/* The owner with that hash is nearly always the one that is looked for. */
static bool is_at(const tcpt_flow_line *line, unsigned at, const tcpt_flow_key *key, uint32_t hash)
{
    if (line->hashes[at] != hash)
        return false;
    fetch(line->owners[at]);
    return tcpt_same_key(tcpt_key_of(line->owners[at]), key);
}

static place place_of(const tcpt_flow_table *table, const tcpt_flow_key *key, uint32_t hash)
{
    uint32_t home = hash & (table->count - 1), at = home;

    do {
        tcpt_flow_line *line = &table->lines[at];

        for (unsigned i = 0; i < TCPT_LINE_OWNERS; i++)
            if (is_at(line, i, key, hash))
                return (place){line, i};
        if (!line->passed)
            break;
        at = after(table, at);
    } while (at != home);
    return (place){NULL, 0};
}

void *tcpt_flow_table_find(const tcpt_flow_table *table, const tcpt_flow_key *key, uint32_t hash)
{
    place found;

    if (!table->count)
        return NULL;
    found = place_of(table, key, hash);
    return found.line ? found.line->owners[found.at] : NULL;
}

static unsigned free_in(const tcpt_flow_line *line)
{
    unsigned at = 0;

    while (at < TCPT_LINE_OWNERS && line->hashes[at])
        at++;
    return at;
}

/* There is room. */
static void **put(tcpt_flow_table *table, void *owner, uint32_t hash)
{
    uint32_t to = hash & (table->count - 1);
    tcpt_flow_line *line = &table->lines[to];
    unsigned at;

    while ((at = free_in(line)) == TCPT_LINE_OWNERS) {
        line->passed++;
        to = after(table, to);
        line = &table->lines[to];
    }
    line->hashes[at] = hash;
    line->owners[at] = owner;
    return &line->owners[at];
}

/* Of a free place the owner is never looked at. */
static void open_lines(tcpt_flow_table *table, uint32_t count)
{
    table->lines = tcpt_lines_new(count * sizeof(tcpt_flow_line), &table->room);
    table->count = count;
    for (uint32_t i = 0; i < count; i++)
        memset(&table->lines[i], 0, offsetof(tcpt_flow_line, owners));
}

static void grow(tcpt_flow_table *table)
{
    tcpt_flow_table old = *table;

    open_lines(table, old.count ? old.count * 2 : LINES_FIRST);
    for (uint32_t i = 0; i < old.count; i++) {
        const tcpt_flow_line *line = &old.lines[i];

        for (unsigned at = 0; at < TCPT_LINE_OWNERS; at++)
            if (line->hashes[at])
                put(table, line->owners[at], line->hashes[at]);
    }
    g_free(old.room);
}

void **tcpt_flow_table_add(tcpt_flow_table *table, void *owner, uint32_t hash)
{
    if ((uint64_t)table->used * 2 >= (uint64_t)table->count * FULL_HALVES)
        grow(table);
    table->used++;
    return put(table, owner, hash);
}

void **tcpt_flow_table_replace(tcpt_flow_table *table, void *owner, uint32_t hash)
{
    place at = place_of(table, tcpt_key_of(owner), hash);

    if (!at.line)
        return tcpt_flow_table_add(table, owner, hash);
    at.line->owners[at.at] = owner;
    return &at.line->owners[at.at];
}

void tcpt_flow_table_exchange(const tcpt_flow_table *table, const void *was, void *owner, uint32_t hash)
{
    place at = place_of(table, tcpt_key_of(owner), hash);

    if (at.line && at.line->owners[at.at] == was)
        at.line->owners[at.at] = owner;
}

void tcpt_flow_table_remove(tcpt_flow_table *table, const void *owner, uint32_t hash)
{
    place found = table->count ? place_of(table, tcpt_key_of(owner), hash) : (place){NULL, 0};

    if (!found.line || found.line->owners[found.at] != owner)
        return;
    for (uint32_t at = hash & (table->count - 1); &table->lines[at] != found.line; at = after(table, at))
        table->lines[at].passed--;
    found.line->hashes[found.at] = 0;
    table->used--;
}

void tcpt_flow_table_clear(tcpt_flow_table *table)
{
    g_free(table->room);
    *table = (tcpt_flow_table){0};
}
