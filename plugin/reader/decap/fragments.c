/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fragments.h"

#include <string.h>

#include <glib.h>

enum {
    /* A host keeps 4 MiB of them (Linux, ipfrag_high_thresh), for 30 s. A capture has those of many hosts, and of
     * datagrams that lost one, which wait for ever. */
    WAITING_MOST = 1024,
    PIECES_MOST = 1024, /* of a datagram: 64 KiB in parts of 64 bytes; a network with a smaller MTU is not known */
    DATAGRAM_MOST = 65535,
};

typedef struct key {
    uint8_t addresses[32];
    uint32_t id;
    uint8_t address_bytes;
    uint8_t protocol;
    uint8_t unused[2]; /* zero: keys are compared as bytes */
} key;

typedef struct piece {
    uint32_t offset;
    uint32_t length;
    uint8_t *bytes;
} piece;

typedef struct datagram {
    key key;
    GArray *pieces;  /* by offset, those that came first before others of the same */
    uint32_t length; /* 0 until the last one came */
    GList by_age;
} datagram;

struct tcpt_fragments {
    GHashTable *waiting; /* key -> datagram */
    GQueue by_age;       /* oldest first */
    uint64_t given_up;
};

static guint hash_key(gconstpointer at)
{
    const uint8_t *bytes = at;
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (size_t i = 0; i < sizeof(key); i++)
        hash = (hash ^ bytes[i]) * 16777619U;
    return hash;
}

static gboolean same_key(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(key)) == 0;
}

static void free_piece(void *data)
{
    g_free(((piece *)data)->bytes);
}

static void free_datagram(void *data)
{
    datagram *of = data;

    g_array_unref(of->pieces);
    g_free(of);
}

tcpt_fragments *tcpt_fragments_new(void)
{
    tcpt_fragments *fragments = g_new0(tcpt_fragments, 1);

    fragments->waiting = g_hash_table_new_full(hash_key, same_key, NULL, free_datagram);
    return fragments;
}

void tcpt_fragments_free(tcpt_fragments *fragments)
{
    if (!fragments)
        return;
    g_hash_table_destroy(fragments->waiting);
    g_free(fragments);
}

static void forget(tcpt_fragments *fragments, datagram *of)
{
    g_queue_unlink(&fragments->by_age, &of->by_age);
    g_hash_table_remove(fragments->waiting, &of->key);
}

static key key_of(const tcpt_fragment *fragment)
{
    key made;

    memset(&made, 0, sizeof made);
    memcpy(made.addresses, fragment->src, fragment->address_bytes);
    memcpy(made.addresses + 16, fragment->dst, fragment->address_bytes);
    made.id = fragment->id;
    made.address_bytes = fragment->address_bytes;
    /* RFC 791 tells them apart by protocol, RFC 8200 does not. */
    made.protocol = fragment->address_bytes == 4 ? fragment->protocol : 0;
    return made;
}

static datagram *begin(tcpt_fragments *fragments, const key *of)
{
    datagram *begun = g_new0(datagram, 1);

    if (fragments->by_age.length >= WAITING_MOST) {
        forget(fragments, fragments->by_age.head->data);
        fragments->given_up++;
    }
    begun->key = *of;
    begun->pieces = g_array_new(FALSE, FALSE, sizeof(piece));
    g_array_set_clear_func(begun->pieces, free_piece);
    begun->by_age.data = begun;
    g_queue_push_tail_link(&fragments->by_age, &begun->by_age);
    g_hash_table_insert(fragments->waiting, &begun->key, begun);
    return begun;
}

static void add_piece(datagram *to, const tcpt_fragment *fragment)
{
    piece added = {fragment->offset, fragment->bytes.captured, NULL};
    guint at = to->pieces->len;

    added.bytes = g_memdup2(fragment->bytes.at, added.length);
    while (at > 0 && g_array_index(to->pieces, piece, at - 1).offset > added.offset)
        at--;
    g_array_insert_val(to->pieces, at, added);
    if (!fragment->more && to->length == 0)
        to->length = added.offset + added.length;
}

static bool is_whole(const datagram *of)
{
    uint32_t end = 0;

    for (guint i = 0; of->length && i < of->pieces->len; i++) {
        const piece *next = &g_array_index(of->pieces, piece, i);

        if (next->offset > end)
            return false;
        end = MAX(end, next->offset + next->length);
    }
    return of->length && end >= of->length;
}

/* Where they overlap the lower one's bytes stand, as in Wireshark. */
static uint8_t *put_together(const datagram *of)
{
    uint8_t *whole = g_malloc(of->length);
    uint32_t end = 0;

    for (guint i = 0; i < of->pieces->len; i++) {
        const piece *next = &g_array_index(of->pieces, piece, i);
        uint32_t from = MAX(end, next->offset), to = MIN(next->offset + next->length, of->length);

        if (to <= from)
            continue;
        memcpy(whole + from, next->bytes + (from - next->offset), to - from);
        end = to;
    }
    return whole;
}

uint8_t *tcpt_fragments_add(tcpt_fragments *fragments, const tcpt_fragment *fragment, uint32_t *length)
{
    key of = key_of(fragment);
    uint8_t *whole;
    datagram *to;

    if (fragment->offset + fragment->bytes.captured > DATAGRAM_MOST)
        return NULL;
    to = g_hash_table_lookup(fragments->waiting, &of);
    if (!to)
        to = begin(fragments, &of);
    if (to->pieces->len >= PIECES_MOST)
        return NULL;
    add_piece(to, fragment);
    if (!is_whole(to))
        return NULL;
    whole = put_together(to);
    *length = to->length;
    forget(fragments, to);
    return whole;
}

uint64_t tcpt_fragments_given_up(const tcpt_fragments *fragments)
{
    return fragments->given_up;
}
