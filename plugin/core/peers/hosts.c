/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums by source address, shared by an address's flows. */
#include "core/peers/hosts.h"

#include <string.h>

#include "core/segment/bytes.h"

typedef struct host_key {
    uint8_t address[16];
    uint32_t point;
    uint8_t depth;
    uint8_t family;
    uint16_t unused;
} host_key;

typedef struct host_entry {
    host_key key;
    tcpt_host host;
} host_entry;

G_STATIC_ASSERT(sizeof(host_key) % 8 == 0);

/* Flows point to their hosts, so none is ever forgotten: once there are so many, the flows of new addresses are judged
 * by their own checksums alone. */
enum { HOSTS_MAX = 1 << 16 };

/* What one takes: itself, the allocator's share, and its place in a table that is a quarter full at the least. */
enum { HOST_BYTES = sizeof(host_entry) + 8 + 4 * (2 * sizeof(void *) + sizeof(guint)) };

static guint host_hash(gconstpointer key)
{
    return tcpt_hash_words(key, sizeof(host_key));
}

static gboolean host_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(host_key)) == 0;
}

static host_key key_of(const tcpt_flow_key *key, unsigned end)
{
    host_key host = {.point = key->point, .depth = key->depth, .family = key->family};

    memcpy(host.address, key->address[end], sizeof host.address);
    return host;
}

tcpt_host *tcpt_hosts_find(const tcpt_hosts *hosts, const tcpt_flow_key *key, unsigned end)
{
    host_key wanted = key_of(key, end);
    host_entry *entry = g_hash_table_lookup(hosts->entries, &wanted);

    return entry ? &entry->host : NULL;
}

bool tcpt_hosts_are_full(const tcpt_hosts *hosts)
{
    return g_hash_table_size(hosts->entries) >= HOSTS_MAX;
}

tcpt_host *tcpt_hosts_add(tcpt_hosts *hosts, const tcpt_flow_key *key, unsigned end)
{
    host_entry *entry;
    tcpt_host *lone;

    if (tcpt_hosts_are_full(hosts)) {
        lone = g_new0(tcpt_host, 1);
        g_hash_table_add(hosts->lone, lone);
        return lone;
    }
    entry = g_new0(host_entry, 1);
    entry->key = key_of(key, end);
    g_hash_table_insert(hosts->entries, &entry->key, entry);
    return &entry->host;
}

static bool waits(const tcpt_record *record, const tcpt_host *host)
{
    const tcpt_flow *flow = tcpt_flow_of(record);

    for (unsigned end = 0; end < 2; end++)
        if (flow->ends[end].host == host && flow->ends[end].state == TCPT_CLOSE_WAIT)
            return true;
    return false;
}

void tcpt_host_note_wait(tcpt_host *host, const tcpt_flow *flow)
{
    for (unsigned i = 0; i < TCPT_PILE; i++) {
        if (host->waits[i] && host->waits[i] != flow->record && waits(host->waits[i], host))
            continue;
        host->waits[i] = flow->record;
        return;
    }
}

void tcpt_hosts_open(tcpt_hosts *hosts)
{
    hosts->entries = g_hash_table_new_full(host_hash, host_equal, NULL, g_free);
    hosts->lone = g_hash_table_new_full(NULL, NULL, g_free, NULL);
}

void tcpt_hosts_clear(tcpt_hosts *hosts)
{
    g_hash_table_destroy(hosts->entries);
    g_hash_table_destroy(hosts->lone);
}

void tcpt_hosts_forget(tcpt_hosts *hosts, tcpt_host *host)
{
    g_hash_table_remove(hosts->lone, host);
}

void tcpt_hosts_each_block(const tcpt_hosts *hosts, tcpt_block_visit visit, void *data)
{
    GHashTableIter each;
    gpointer at;

    g_hash_table_iter_init(&each, hosts->entries);
    while (g_hash_table_iter_next(&each, NULL, &at))
        visit(&((const host_entry *)at)->host, sizeof(tcpt_host), data);
    g_hash_table_iter_init(&each, hosts->lone);
    while (g_hash_table_iter_next(&each, &at, NULL))
        visit(at, sizeof(tcpt_host), data);
}

size_t tcpt_hosts_bytes(const tcpt_hosts *hosts)
{
    return (size_t)g_hash_table_size(hosts->entries) * HOST_BYTES;
}
