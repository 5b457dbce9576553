/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of an input that keep its records whole. */
#include "change.h"

#include <stdbool.h>
#include <string.h>

#include "input.h"
#include "made.h"
#include "tcptriage/segment.h"

enum { HEAD_BYTES = 2, MADE_BYTES = 2 + FUZZ_MADE_BYTES, RECORDS = 400 };

/** Bytes of a made record. */
enum { CONTROL, TIME, FLAGS, SEQ, ACK, WINDOW, ABOUT, PAYLOAD };

/** An input, its records, and the source of chance. */
typedef struct change {
    uint8_t *data;
    size_t size;
    size_t room;
    size_t starts[RECORDS + 1]; /**< of the records, and behind the last */
    unsigned records;
    uint32_t state;
} change;

static uint32_t chance(change *input, uint32_t below)
{
    input->state ^= input->state << 13; /* xorshift (Marsaglia) */
    input->state ^= input->state >> 17;
    input->state ^= input->state << 5;
    return input->state % below;
}

static size_t record_bytes(const change *input, size_t at)
{
    if (input->data[at] & FUZZ_MADE)
        return MADE_BYTES;
    return at + 2 < input->size ? 3 + (size_t)input->data[at + 2] : 3;
}

static void find_records(change *input)
{
    size_t at = HEAD_BYTES;
    input->records = 0;
    while (at < input->size && input->records < RECORDS) {
        input->starts[input->records++] = at;
        at += record_bytes(input, at);
    }
    input->starts[input->records] = at < input->size ? at : input->size;
}

static bool insert(change *input, unsigned before, const uint8_t *bytes, size_t count)
{
    size_t at = input->starts[before];
    if (input->size + count > input->room)
        return false;
    memmove(input->data + at + count, input->data + at, input->size - at);
    memcpy(input->data + at, bytes, count);
    input->size += count;
    find_records(input);
    return true;
}

static void cut(change *input, unsigned record)
{
    size_t at = input->starts[record], behind = input->starts[record + 1];
    memmove(input->data + at, input->data + behind, input->size - behind);
    input->size -= behind - at;
    find_records(input);
}

/* ---- What stands in a record. */

static uint8_t pick_flags(change *input)
{
    static const uint8_t flags[] = {TCPT_SYN,
                                    TCPT_SYN,
                                    TCPT_SYN | TCPT_ACK,
                                    TCPT_SYN | TCPT_ACK,
                                    TCPT_ACK,
                                    TCPT_ACK,
                                    TCPT_ACK,
                                    TCPT_PSH | TCPT_ACK,
                                    TCPT_PSH | TCPT_ACK,
                                    TCPT_FIN | TCPT_ACK,
                                    TCPT_RST,
                                    TCPT_RST | TCPT_ACK,
                                    0};
    return flags[chance(input, sizeof flags)];
}

static uint8_t pick_distance(change *input)
{
    static const uint8_t codes[] = {0,    0,   0, FUZZ_AGAIN, FUZZ_OLDER, 0xfc /* one below */, 0x64 /* 25 above */,
                                    0x61, 0x81};
    return codes[chance(input, sizeof codes)];
}

static uint8_t pick_time(change *input)
{
    static const uint8_t scales[] = {0, 0, 0, 0, FUZZ_TIME_FINE, FUZZ_TIME_LIMIT, FUZZ_TIME_FAR};
    return (uint8_t)(scales[chance(input, sizeof scales)] | chance(input, 16));
}

/** What it is about: another life now and then, or late segments of one before. */
static uint8_t pick_about(change *input)
{
    uint8_t option = (uint8_t)(chance(input, 3) ? 0 : chance(input, 16));
    switch (chance(input, 6)) {
    case 0:
        return option | FUZZ_ABOUT_NEW_LIFE;
    case 1:
        return (uint8_t)(option | (1 + chance(input, FUZZ_LIVES - 1)) << FUZZ_ABOUT_LIFE_SHIFT);
    default:
        return option;
    }
}

static uint8_t pick_payload(change *input)
{
    static const uint8_t kinds[] = {0, 0, 0x80, 0xc0};
    uint8_t kind = kinds[chance(input, sizeof kinds)];
    return kind ? (uint8_t)(kind | chance(input, 64)) : 0;
}

static void make_record(change *input, uint8_t *record)
{
    record[CONTROL] = (uint8_t)(FUZZ_MADE | chance(input, 2));
    record[TIME] = pick_time(input);
    record[FLAGS] = (uint8_t)(pick_flags(input) | (chance(input, 12) ? 0 : FUZZ_CHECKSUM_NONE));
    record[SEQ] = pick_distance(input);
    record[ACK] = (uint8_t)(chance(input, 4) ? 0 : pick_distance(input));
    record[WINDOW] = 0xfa;
    record[ABOUT] = pick_about(input);
    record[PAYLOAD] = pick_payload(input);
}

/** One field of a made record. */
static void change_field(change *input, uint8_t *record)
{
    static const uint8_t controls[] = {FUZZ_FROM_SERVER, FUZZ_OTHER_POINT, FUZZ_BACKWARDS,
                                       FUZZ_PADDED,      FUZZ_SETTLE,      FUZZ_LONGER};
    switch (chance(input, 9)) {
    case 0:
        record[CONTROL] ^= controls[chance(input, sizeof controls)];
        break;
    case 1:
        record[TIME] = (uint8_t)(pick_time(input) | (record[TIME] & 0x30));
        break;
    case 2:
        record[TIME] = (uint8_t)((record[TIME] & ~0x30) | chance(input, FUZZ_CONNECTIONS) << 4);
        break;
    case 3:
        record[FLAGS] = pick_flags(input);
        break;
    case 4:
        record[FLAGS] ^= FUZZ_CHECKSUM_NONE;
        break;
    case 5:
        record[SEQ] = pick_distance(input);
        break;
    case 6:
        record[ACK] = pick_distance(input);
        break;
    case 7:
        record[ABOUT] = pick_about(input);
        break;
    default:
        record[chance(input, 2) ? PAYLOAD : WINDOW] = (uint8_t)chance(input, 256);
        break;
    }
}

/* ---- Changes. */

/** A handshake, so that what follows has something to be about. */
static void add_handshake(change *input, unsigned before)
{
    uint8_t three[3][MADE_BYTES] = {{FUZZ_MADE, 4, TCPT_SYN, 0, 0, 0xfa, 1, 0},
                                    {FUZZ_MADE | FUZZ_FROM_SERVER, 6, TCPT_SYN | TCPT_ACK, 0, 0, 0xfa, 1, 0},
                                    {FUZZ_MADE, 2, TCPT_ACK, 0, 0, 0xfa, 0, 0}};
    uint8_t about = (uint8_t)(chance(input, 2) ? FUZZ_ABOUT_NEW_LIFE : 0);
    three[0][ABOUT] |= about;
    insert(input, before, three[0], sizeof three);
}

/** Lives that begin one behind the other, some with a damaged segment, and a segment of one of them that comes late. */
static void add_lives(change *input, unsigned before)
{
    enum { MOST = 3 };
    uint8_t all[2 * MOST + 1][MADE_BYTES] = {0};
    unsigned count = 0;
    for (uint32_t lives = 1 + chance(input, MOST); lives; lives--) {
        uint8_t about = chance(input, 4) ? FUZZ_ABOUT_NEW_LIFE : 0;
        uint8_t syn[MADE_BYTES] = {FUZZ_MADE, pick_time(input), TCPT_SYN, 2, 2, 0xfa, (uint8_t)(1 | about), 0};
        uint8_t answer[MADE_BYTES] = {FUZZ_MADE | FUZZ_FROM_SERVER, 4, TCPT_SYN | TCPT_ACK, 0, 0, 0xfa, 1, 0};
        syn[FLAGS] |= (uint8_t)(chance(input, 3) ? 0 : FUZZ_CHECKSUM_NONE);
        answer[FLAGS] |= (uint8_t)(chance(input, 3) ? 0 : FUZZ_CHECKSUM_NONE);
        memcpy(all[count++], syn, sizeof syn);
        if (chance(input, 2))
            memcpy(all[count++], answer, sizeof answer);
    }
    make_record(input, all[count]);
    all[count][ABOUT] = (uint8_t)((1 + chance(input, FUZZ_LIVES - 1)) << FUZZ_ABOUT_LIFE_SHIFT);
    insert(input, before, all[0], (count + 1) * sizeof all[0]);
}

static void add_copy(change *input, unsigned before)
{
    uint8_t copy[3 + 255];
    unsigned from = chance(input, input->records);
    size_t count = input->starts[from + 1] - input->starts[from];
    memcpy(copy, input->data + input->starts[from], count);
    insert(input, before, copy, count);
}

static void change_once(change *input)
{
    uint8_t record[MADE_BYTES];
    unsigned at = chance(input, input->records + 1);
    unsigned what = chance(input, 12);
    if (what == 0) {
        input->data[chance(input, HEAD_BYTES)] ^= (uint8_t)(1u << chance(input, 8));
    } else if (what <= 2 || !input->records) {
        make_record(input, record);
        insert(input, at, record, sizeof record);
    } else if (what == 3) {
        if (chance(input, 2))
            add_handshake(input, at);
        else
            add_lives(input, at);
    } else if (what <= 5) {
        add_copy(input, at);
    } else if (what == 6) {
        cut(input, at % input->records);
    } else {
        size_t start = input->starts[at % input->records], behind = input->starts[at % input->records + 1];
        if (!(input->data[start] & FUZZ_MADE) || behind - start < MADE_BYTES)
            input->data[start + chance(input, (uint32_t)(behind - start))] = (uint8_t)chance(input, 256);
        else
            change_field(input, input->data + start);
        find_records(input);
    }
}

size_t fuzz_change(uint8_t *data, size_t size, size_t room, uint32_t seed)
{
    change input = {.data = data, .size = size, .room = room, .state = seed | 1};
    if (room < HEAD_BYTES + MADE_BYTES)
        return size;
    for (; input.size < HEAD_BYTES; input.size++)
        data[input.size] = 0;
    find_records(&input);
    for (uint32_t changes = 1 + chance(&input, 6); changes; changes--)
        change_once(&input);
    return input.size;
}
