/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decapsulator on frames that nobody sends: what it hands over lies inside of what it was given. That it takes
 * apart what people send tests/reader shows, beside Wireshark. */
#include <glib.h>
#include <string.h>

#include "decap/decap.h"

enum { ROOM = 2048, RANDOM_FRAMES = 200000, LINKS = TCPT_LINK_NFLOG + 1 };

/* What came out. */
typedef struct seen {
    unsigned segments;
    unsigned messages;
    tcpt_bytes frame;
    tcpt_packet last;
    uint32_t sum; /* every byte is read: a sanitizer sees where none is */
} seen;

static void read_all(seen *to, const uint8_t *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        to->sum = to->sum * 31 + at[i];
}

static void take_tcp(const tcpt_packet *packet, void *data)
{
    seen *to = data;

    to->segments++;
    to->last = *packet;
    g_assert_cmpuint(packet->tcp.captured, <=, packet->tcp.reported);
    g_assert_cmpuint(packet->source.captured, <=, packet->source.reported);
    g_assert_true(packet->tcp.at >= packet->source.at);
    g_assert_true(packet->tcp.at + packet->tcp.captured <= packet->source.at + packet->source.captured);
    g_assert_true(packet->family == 4 || packet->family == 6);
    g_assert_cmpuint(packet->depth, >, 0);
    g_assert_true(!packet->ip == !packet->ip_bytes);
    g_assert_true(!packet->ip || packet->ip + packet->ip_bytes == packet->tcp.at);
    if (packet->whole_frame)
        g_assert_true(packet->source.at == to->frame.at && packet->source.captured == to->frame.captured);
    read_all(to, packet->tcp.at, packet->tcp.captured);
    read_all(to, packet->src, packet->family == 4 ? 4 : 16);
    read_all(to, packet->dst, packet->family == 4 ? 4 : 16);
}

static void take_icmp(const tcpt_message *message, void *data)
{
    seen *to = data;

    to->messages++;
    g_assert_cmpuint(message->datagram.captured, <=, message->datagram.reported);
    read_all(to, message->datagram.at, message->datagram.captured);
}

static tcpt_decap *begin(seen *to)
{
    *to = (seen){0};
    return tcpt_decap_new(&(tcpt_decap_visitor){take_tcp, take_icmp, to});
}

/* In a block of just its size, for the sanitizer. */
static void take(tcpt_decap *decap, seen *to, tcpt_link link, const uint8_t *bytes, uint32_t captured,
                 uint32_t reported)
{
    uint8_t *copy = g_memdup2(bytes, captured);

    to->frame = (tcpt_bytes){copy, captured, reported};
    tcpt_decap_frame(decap, link, &to->frame);
    g_free(copy);
}

/* ---- frames made of headers that fit, and of others ---- */

typedef struct draft {
    uint8_t bytes[ROOM];
    uint32_t length;
    GRand *random;
} draft;

static void add(draft *to, const void *bytes, uint32_t count)
{
    if (to->length + count > ROOM)
        return;
    memcpy(to->bytes + to->length, bytes, count);
    to->length += count;
}

static void add_ipv4(draft *to, uint8_t protocol)
{
    uint8_t header[20] = {0x45, 0, 0, 0, 0, 1, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1};

    header[2] = (uint8_t)g_rand_int_range(to->random, 0, 8);
    header[3] = (uint8_t)g_rand_int(to->random);
    if (g_rand_int_range(to->random, 0, 4) == 0) { /* a fragment */
        header[6] = g_rand_boolean(to->random) ? 0x20 : 0;
        header[7] = (uint8_t)g_rand_int_range(to->random, 0, 6);
    }
    add(to, header, sizeof header);
}

static void add_ipv6(draft *to, uint8_t next)
{
    uint8_t header[40] = {0x60, 0, 0, 0, 0, 0, next, 64};

    header[4] = (uint8_t)g_rand_int_range(to->random, 0, 8);
    header[5] = (uint8_t)g_rand_int(to->random);
    add(to, header, sizeof header);
}

static void add_extension(draft *to, uint8_t next)
{
    uint8_t header[24] = {next, (uint8_t)g_rand_int_range(to->random, 0, 3),
                          (uint8_t)g_rand_int_range(to->random, 0, 5), 1};

    add(to, header, 8U * (header[1] + 1U));
}

/* IP protocols that are looked into, and one that is not. */
static uint8_t any_protocol(GRand *random)
{
    static const uint8_t all[] = {0, 1, 4, 6, 6, 6, 17, 41, 43, 44, 47, 51, 58, 60, 135, 137, 99};

    return all[g_rand_int_range(random, 0, G_N_ELEMENTS(all))];
}

static void add_anything(draft *to)
{
    static const uint16_t types[] = {0x0800, 0x86dd, 0x8100, 0x88a8, 0x8847, 0x8864, 0x6558,
                                     0x88be, 0x22eb, 0x880b, 0x88e7, 0x8926, 0x0020};
    static const uint16_t ports[] = {4789, 8472, 4790, 6081, 2152, 3544, 4754, 53};
    uint16_t type = GUINT16_TO_BE(types[g_rand_int_range(to->random, 0, G_N_ELEMENTS(types))]);
    uint16_t port = GUINT16_TO_BE(ports[g_rand_int_range(to->random, 0, G_N_ELEMENTS(ports))]);
    uint8_t bytes[16];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)g_rand_int(to->random);
    switch (g_rand_int_range(to->random, 0, 9)) {
    case 0:
        add_ipv4(to, any_protocol(to->random));
        break;
    case 1:
        add_ipv6(to, any_protocol(to->random));
        break;
    case 2:
        add_extension(to, any_protocol(to->random));
        break;
    case 3: /* Ethernet */
        add(to, bytes, 12);
        add(to, &type, 2);
        break;
    case 4: /* a tag, or GRE */
        add(to, bytes, 2);
        add(to, &type, 2);
        break;
    case 5: /* UDP */
        add(to, bytes, 2);
        add(to, &port, 2);
        add(to, "\0\0\0", 4);
        break;
    case 6: /* LLC */
        add(to, "\xaa\xaa\3\0\0", 6);
        add(to, &type, 2);
        break;
    case 7: /* 802.11 data */
        add(to, g_rand_boolean(to->random) ? "\x08\1" : "\x88\1", 2);
        add(to, bytes, 16);
        add(to, bytes, 8);
        break;
    default:
        add(to, bytes, (uint32_t)g_rand_int_range(to->random, 1, sizeof bytes));
    }
}

static void test_random(void)
{
    draft made = {.random = g_rand_new_with_seed(4711)};
    uint64_t segments = 0;
    seen to;
    tcpt_decap *decap = begin(&to);

    for (unsigned i = 0; i < RANDOM_FRAMES; i++) {
        uint32_t captured;

        made.length = 0;
        for (int layers = g_rand_int_range(made.random, 1, 12); layers > 0; layers--)
            add_anything(&made);
        captured = (uint32_t)g_rand_int_range(made.random, 0, (gint32)made.length + 1);
        if (g_rand_boolean(made.random))
            captured = made.length;
        take(decap, &to, (tcpt_link)g_rand_int_range(made.random, 0, LINKS), made.bytes, captured, made.length);
    }
    segments = to.segments;
    tcpt_decap_free(decap);
    g_rand_free(made.random);
    g_assert_cmpuint(segments, >, RANDOM_FRAMES / 1000); /* they are not all nonsense */
}

/* ---- depth, and what is kept ---- */

/* IP in IP in IP: no deeper than anybody sends, and no stack that grows. */
static void test_deep(void)
{
    enum { LAYERS = 100, HEADER = 20 };
    uint8_t bytes[LAYERS * HEADER];
    seen to;
    tcpt_decap *decap = begin(&to);

    for (unsigned i = 0; i < LAYERS; i++) {
        uint32_t total = (LAYERS - i) * HEADER;
        uint8_t header[HEADER] = {0x45, 0,  (uint8_t)(total >> 8), (uint8_t)total, 0, 0, 0,
                                  0,    64, i + 2 < LAYERS ? 4 : 6};

        memcpy(bytes + (size_t)i * HEADER, header, HEADER);
    }
    take(decap, &to, TCPT_LINK_RAW, bytes, sizeof bytes, sizeof bytes);
    g_assert_cmpuint(to.segments, ==, 0);
    take(decap, &to, TCPT_LINK_RAW, bytes + 80 * HEADER, 20 * HEADER, 20 * HEADER);
    g_assert_cmpuint(to.segments, ==, 1);
    g_assert_cmpuint(to.last.depth, ==, 19);
    tcpt_decap_free(decap);
}

static void take_fragment(tcpt_decap *decap, seen *to, uint16_t id, unsigned offset, bool more)
{
    uint8_t bytes[28] = {
        0x45, 0, 0, 28, (uint8_t)(id >> 8), (uint8_t)id, (uint8_t)((more ? 0x20 : 0) | offset >> 8), (uint8_t)offset,
        64,   6};

    take(decap, to, TCPT_LINK_RAW, bytes, sizeof bytes, sizeof bytes);
}

static void test_fragments(void)
{
    seen to;
    tcpt_decap *decap = begin(&to);

    take_fragment(decap, &to, 1, 1, true);
    take_fragment(decap, &to, 1, 0, true);
    g_assert_cmpuint(to.segments, ==, 0);
    take_fragment(decap, &to, 1, 2, false);
    g_assert_cmpuint(to.segments, ==, 1);
    g_assert_cmpuint(to.last.tcp.reported, ==, 24);
    g_assert_false(to.last.whole_frame);
    tcpt_decap_free(decap);
}

/* First fragments that nobody follows: the oldest are given up, and that is counted. */
static void test_fragments_bounded(void)
{
    seen to;
    tcpt_decap *decap = begin(&to);

    for (unsigned id = 0; id < 3000; id++)
        take_fragment(decap, &to, (uint16_t)id, 0, true);
    g_assert_cmpuint(tcpt_decap_given_up(decap), ==, 3000 - 1024);
    take_fragment(decap, &to, 2999, 1, false);
    take_fragment(decap, &to, 0, 1, false);
    g_assert_cmpuint(to.segments, ==, 1);
    /* One datagram in more pieces than anybody makes, each of them the same again. */
    for (unsigned i = 0; i < 5000; i++)
        take_fragment(decap, &to, 4000, 5, true);
    g_assert_cmpuint(to.segments, ==, 1);
    tcpt_decap_free(decap);
}

/* ---- ordinary frames: a short way, and the steps ---- */

enum { ADDRESSES = 12, TAG = 4, IPV4 = 20, IPV6 = 40 };

static void told_alike(const seen *plain, const seen *tagged)
{
    const tcpt_packet *a = &plain->last, *b = &tagged->last;

    g_assert_cmpuint(plain->segments, ==, tagged->segments);
    g_assert_cmpuint(plain->messages, ==, tagged->messages);
    if (!plain->segments)
        return;
    g_assert_cmpuint(plain->sum, ==, tagged->sum);
    g_assert_cmpuint(a->tcp.captured, ==, b->tcp.captured);
    g_assert_cmpuint(a->tcp.reported, ==, b->tcp.reported);
    g_assert_cmpuint(a->source.captured + TAG, ==, b->source.captured);
    g_assert_cmpuint(a->source.reported + TAG, ==, b->source.reported);
    g_assert_cmpint(a->tcp.at - a->source.at + TAG, ==, b->tcp.at - b->source.at);
    g_assert_cmpint(a->tcp.at - a->src, ==, b->tcp.at - b->src);
    g_assert_cmpint(a->tcp.at - a->dst, ==, b->tcp.at - b->dst);
    g_assert_cmpuint(a->ip_bytes, ==, b->ip_bytes);
    g_assert_cmpuint(a->family, ==, b->family);
    g_assert_cmpuint(a->depth, ==, b->depth);
    g_assert_true(a->ip_cut == b->ip_cut && a->fragment == b->fragment && a->pads == b->pads &&
                  a->whole_frame == b->whole_frame);
}

/* A frame that is nearly ordinary, cut somewhere. */
static void nearly_ordinary(draft *to, bool tagged, GRand *random)
{
    static const uint8_t addresses[ADDRESSES], tag[TAG] = {0x81, 0, 0, 1}, types[2][2] = {{8, 0}, {0x86, 0xdd}};
    uint8_t ip[2][IPV6] = {{0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1},
                           {0x60, 0, 0, 0, 0, 0, 6, 64, 0x20, 1, 0x0d, 0xb8}};
    uint8_t tcp[40];
    unsigned six = g_rand_boolean(random), length_at = six ? 5 : 3;

    to->length = 0;
    for (unsigned i = 0; i < sizeof tcp; i++)
        tcp[i] = (uint8_t)g_rand_int(random);
    ip[six][length_at] = (uint8_t)g_rand_int_range(random, 0, 80);
    if (g_rand_int_range(random, 0, 2)) /* any of the bytes that decide */
        ip[six][g_rand_int_range(random, 0, 10)] ^= (uint8_t)(1 << g_rand_int_range(random, 0, 8));
    add(to, addresses, sizeof addresses);
    if (tagged)
        add(to, tag, sizeof tag);
    add(to, types[six], sizeof types[six]);
    add(to, ip[six], six ? IPV6 : IPV4);
    add(to, tcp, sizeof tcp);
}

static void test_ordinary(void)
{
    unsigned segments = 0;

    for (uint32_t seed = 0; seed < RANDOM_FRAMES / 4; seed++) {
        seen told[2];
        uint32_t cut = seed % 16 ? 0 : seed / 16 % 74; /* the shorter ones have so many */

        for (unsigned tagged = 0; tagged < 2; tagged++) {
            draft made = {.random = g_rand_new_with_seed(seed)};
            tcpt_decap *decap = begin(&told[tagged]);

            nearly_ordinary(&made, tagged, made.random);
            take(decap, &told[tagged], TCPT_LINK_ETHERNET, made.bytes, made.length - cut, made.length);
            tcpt_decap_free(decap);
            g_rand_free(made.random);
        }
        told_alike(&told[0], &told[1]);
        segments += told[0].segments;
    }
    g_assert_cmpuint(segments, >, RANDOM_FRAMES / 16);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decap/random", test_random);
    g_test_add_func("/decap/deep", test_deep);
    g_test_add_func("/decap/fragments", test_fragments);
    g_test_add_func("/decap/fragments-bounded", test_fragments_bounded);
    g_test_add_func("/decap/ordinary", test_ordinary);
    return g_test_run();
}
