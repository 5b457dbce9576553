/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP errors of scenario scripts, read and built. */

#include <string.h>

#include "scenario.h"

enum { ETHERNET_BYTES = 14, QUOTED_USUALLY = 8 };

/** Kinds by name: type and code of ICMP (RFC 792) and of ICMPv6 (RFC 4443). */
static const struct kind {
    const char *name;
    uint8_t v4[2];
    uint8_t v6[2];
} kinds[] = {
    {"host_unreachable", {3, 1}, {1, 3}},     {"port_unreachable", {3, 3}, {1, 4}}, {"prohibited", {3, 13}, {1, 1}},
    {"fragmentation_needed", {3, 4}, {2, 0}}, {"ttl_exceeded", {11, 0}, {3, 0}},    {"other", {12, 0}, {4, 0}},
    {"redirect", {5, 1}, {137, 0}},           {"echo", {8, 0}, {128, 0}},
};

static const struct kind *kind_named(const scn_line *line, const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    scn_error(line, "no kind of ICMP error: %s", name);
}

static const scn_frame *frame_labelled(const scn_line *line, const scn_scenario *scenario, const char *label)
{
    unsigned number = *label == '@' ? scn_labelled(scenario, label + 1) : 0;
    if (!number)
        scn_error(line, "what is quoted is the @label of a line before, not %s", label);
    return scenario->frames->pdata[number - 1];
}

static uint16_t sum_of(uint32_t sum, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void set16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/** A router (RFC 5737, RFC 3849) answers whoever sent what it quotes. */
static void put_ip(GByteArray *frame, const uint8_t *quoted, bool ipv6, uint32_t icmp_bytes)
{
    static const uint8_t router4[4] = {203, 0, 113, 1}, router6[16] = {0x20, 0x01, 0x0d, 0xb8, 0xff, [15] = 1};
    uint8_t header[40] = {ipv6 ? 0x60 : 0x45};
    uint32_t bytes = ipv6 ? 40 : 20;
    if (ipv6) {
        set16(header + 4, icmp_bytes);
        header[6] = 58;
        header[7] = 64;
        memcpy(header + 8, router6, 16);
        memcpy(header + 24, quoted + 8, 16);
    } else {
        set16(header + 2, bytes + icmp_bytes);
        header[8] = 64;
        header[9] = 1;
        memcpy(header + 12, router4, 4);
        memcpy(header + 16, quoted + 12, 4);
        set16(header + 10, (uint16_t)~sum_of(0, header, bytes));
    }
    g_byte_array_append(frame, header, bytes);
}

static void put_icmp(GByteArray *frame, const scn_icmp *icmp, const uint8_t *quoted, uint32_t quoted_bytes, bool ipv6)
{
    uint8_t header[8] = {icmp->type, icmp->code};
    guint at = frame->len;
    header[4] = (uint8_t)(ipv6 ? icmp->mtu >> 24 : 0);
    header[5] = (uint8_t)(ipv6 ? icmp->mtu >> 16 : 0);
    set16(header + 6, icmp->mtu & 0xffff);
    g_byte_array_append(frame, header, sizeof header);
    g_byte_array_append(frame, quoted, quoted_bytes);
    uint32_t pseudo = 0;
    if (ipv6)
        pseudo = sum_of(58 + frame->len - at, frame->data + at - 32, 32);
    set16(frame->data + at + 2, (uint16_t)~sum_of(pseudo, frame->data + at, frame->len - at));
}

static GByteArray *build(const scn_icmp *icmp)
{
    GByteArray *frame = g_byte_array_new();
    const uint8_t *sent = icmp->of->bytes->data, *datagram = sent + ETHERNET_BYTES;
    bool ipv6 = datagram[0] >> 4 == 6;
    uint32_t ip_bytes = ipv6 ? 40 : 20, rest = icmp->of->bytes->len - ETHERNET_BYTES - ip_bytes;
    uint32_t quoted_bytes = ip_bytes + MIN(icmp->quoted_bytes, rest);
    uint8_t *quoted = g_memdup2(datagram, quoted_bytes);
    uint32_t seq = 0;
    for (unsigned i = 0; i < 4; i++)
        seq = seq << 8 | quoted[ip_bytes + 4 + i];
    seq += icmp->seq_delta;
    set16(quoted + ip_bytes + 4, seq >> 16);
    set16(quoted + ip_bytes + 6, seq & 0xffff);
    g_byte_array_append(frame, sent + 6, 6); /* back to who sent it */
    g_byte_array_append(frame, sent, 6);
    g_byte_array_append(frame, sent + 12, 2);
    put_ip(frame, quoted, ipv6, 8 + quoted_bytes);
    put_icmp(frame, icmp, quoted, quoted_bytes, ipv6);
    g_free(quoted);
    return frame;
}

/** icmp KIND of @LABEL [mtu N] [quote BYTES] [seq N] [at POINT] [@OWN-LABEL] */
void scn_icmp_read(scn_line *line, const scn_scenario *scenario, scn_frame *frame)
{
    const struct kind *kind = kind_named(line, scn_need(line, "the kind of error"));
    scn_icmp icmp = {.quoted_bytes = QUOTED_USUALLY};
    while (line->words[line->at] && *line->words[line->at] != '!') {
        const char *word = scn_next(line);
        if (*word == '@')
            frame->label = g_strdup(word + 1);
        else if (!strcmp(word, "mtu"))
            icmp.mtu = scn_number(line, scn_need(line, "the MTU"));
        else if (!strcmp(word, "quote"))
            icmp.quoted_bytes = scn_number(line, scn_need(line, "how many bytes"));
        else if (!strcmp(word, "seq"))
            icmp.seq_delta = scn_number(line, scn_need(line, "what is added"));
        else if (!strcmp(word, "at"))
            frame->point = scn_number(line, scn_need(line, "the capture point"));
        else if (!strcmp(word, "of"))
            icmp.of = frame_labelled(line, scenario, scn_need(line, "@label"));
        else
            scn_error(line, "not understood: %s", word);
    }
    frame->placed = true;
    if (!icmp.of || icmp.of->bytes->data[12] == 0x81)
        scn_error(line, "'of @label' is missing, or what it names has a VLAN tag");
    bool ipv6 = icmp.of->bytes->data[ETHERNET_BYTES] >> 4 == 6;
    icmp.type = ipv6 ? kind->v6[0] : kind->v4[0];
    icmp.code = ipv6 ? kind->v6[1] : kind->v4[1];
    if (icmp.quoted_bytes < 8)
        scn_error(line, "at least the eight bytes of RFC 792 are quoted");
    frame->bytes = build(&icmp);
    frame->wire_bytes = frame->bytes->len;
}
