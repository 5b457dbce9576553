/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "states.h"

#include <string.h>

/** A member of a structure. */
typedef struct member {
    const char *name;
    size_t at;
    size_t bytes;                           /**< 0: a record */
    int64_t (*tell)(const void *structure); /**< where it has no address; else NULL */
} member;

#define NUMBER(type, name) {#name, offsetof(type, name), sizeof(((type *)NULL)->name), NULL},
#define RECORD(type, name) {#name, offsetof(type, name), 0, NULL},

#define END_TELLS(name, value)                                                                                         \
    static int64_t end_##name(const void *structure)                                                                   \
    {                                                                                                                  \
        const tcpt_endpoint *end = structure;                                                                          \
        return value;                                                                                                  \
    }
END_TELLS(sent, end->sent)
END_TELLS(acked, end->acked)
END_TELLS(syn, end->syn)
END_TELLS(far, end->far)
END_TELLS(stands, end->stands)
END_TELLS(sack_held, end->sack_held)
END_TELLS(fast_open, end->fast_open)
END_TELLS(state, end->state)
END_TELLS(handshake, end->handshake)
END_TELLS(window_full, tcpt_window_is_full(end))

#define FLOW_TELLS(name)                                                                                               \
    static int64_t flow_##name(const void *structure)                                                                  \
    {                                                                                                                  \
        const tcpt_flow *flow = structure;                                                                             \
        return flow->name;                                                                                             \
    }
FLOW_TELLS(early_data)
FLOW_TELLS(reordered)
FLOW_TELLS(duplicates)
FLOW_TELLS(both_ways)
FLOW_TELLS(scale_reset)

static const member end_members[] = {
#define END(name)        NUMBER(tcpt_endpoint, name)
#define END_TOLD(name)   {#name, 0, 0, end_##name},
#define END_RECORD(name) RECORD(tcpt_endpoint, name)
#include "members.def"
};

static const member trouble_members[] = {
#define TROUBLE(name)        NUMBER(tcpt_trouble, name)
#define TROUBLE_RECORD(name) RECORD(tcpt_trouble, name)
#include "members.def"
};

static const member damage_members[] = {
#define DAMAGE(name)        NUMBER(tcpt_damage, name)
#define DAMAGE_RECORD(name) RECORD(tcpt_damage, name)
#include "members.def"
};

static const member host_members[] = {
#define HOST(name)        NUMBER(tcpt_host, name)
#define HOST_RECORD(name) RECORD(tcpt_host, name)
#include "members.def"
};

static const member toward_members[] = {
#define TOWARD(name)        NUMBER(tcpt_rst_toward, name)
#define TOWARD_RECORD(name) RECORD(tcpt_rst_toward, name)
#include "members.def"
};

static const member again_members[] = {
#define AGAIN(name)        NUMBER(tcpt_again, name)
#define AGAIN_RECORD(name) RECORD(tcpt_again, name)
#include "members.def"
};

static const member rare_members[] = {
#define RARE(name)        NUMBER(tcpt_rarities, name)
#define RARE_RECORD(name) RECORD(tcpt_rarities, name)
#include "members.def"
};

static const member flow_members[] = {
#define FLOW(name)        NUMBER(tcpt_flow, name)
#define FLOW_TOLD(name)   {#name, 0, 0, flow_##name},
#define FLOW_RECORD(name) RECORD(tcpt_flow, name)
#include "members.def"
};

static int64_t value_of(const member *of, const void *structure)
{
    const char *at = (const char *)structure + of->at;
    tcpt_record *record = NULL;
    uint64_t number = 0;
    uint32_t four = 0;
    uint16_t two = 0;
    if (of->tell)
        return of->tell(structure);
    switch (of->bytes) {
    case 0:
        memcpy(&record, at, sizeof record);
        return record ? record->frame : 0;
    case sizeof two:
        memcpy(&two, at, sizeof two);
        return two;
    case sizeof four:
        memcpy(&four, at, sizeof four);
        return four;
    case sizeof number:
        memcpy(&number, at, sizeof number);
        return (int64_t)number;
    default:
        return *(const uint8_t *)at;
    }
}

/** What is known of one flow, and where it is told. */
typedef struct teller {
    GArray *known; /**< of int64_t, in the order of telling */
    unsigned at;
    GString *text;
} teller;

static void tell(teller *told, const char *what, const member *members, size_t count, const void *structure)
{
    for (size_t i = 0; i < count; i++, told->at++) {
        if (told->at == told->known->len)
            g_array_set_size(told->known, told->at + 1);
        int64_t *before = &g_array_index(told->known, int64_t, told->at);
        int64_t now = structure ? value_of(&members[i], structure) : 0;
        if (now != *before)
            g_string_append_printf(told->text, " %s%s=%" G_GINT64_FORMAT, what, members[i].name, now);
        *before = now;
    }
}

#define TELL(what, members, structure) tell(told, what, members, G_N_ELEMENTS(members), structure)

static void tell_end(teller *told, const tcpt_flow *flow, unsigned number)
{
    const tcpt_endpoint *end = &flow->ends[number];
    const tcpt_damages *damages = end->trouble->damages;
    g_string_append_printf(told->text, " [%u]", number);
    TELL("", end_members, end);
    TELL("", trouble_members, end->trouble);
    TELL("newest damage ", damage_members, damages && damages->count ? &damages->at[damages->count - 1] : NULL);
    TELL("host ", host_members, end->host);
    TELL("toward ", toward_members, flow->toward ? &flow->toward[number] : NULL);
}

states *states_new(void)
{
    return g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
}

void states_free(states *known)
{
    g_hash_table_unref(known);
}

void states_append_changes(states *known, const tcpt_flow *flow, GString *text)
{
    GArray *values = g_hash_table_lookup(known, flow);
    if (!values) {
        values = g_array_new(FALSE, TRUE, sizeof(int64_t));
        g_hash_table_insert(known, (gpointer)flow, values);
    }
    teller telling = {.known = values, .text = text}, *told = &telling;
    g_string_append_printf(text, "flow %u:", flow->number);
    TELL("", flow_members, flow);
    TELL("", rare_members, flow->rare);
    TELL("again ", again_members, flow->again);
    tell_end(told, flow, 0);
    tell_end(told, flow, 1);
    g_string_append_c(text, '\n');
}
