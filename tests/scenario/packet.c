/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the packets of scenario scripts: flags, numbers, options, modifiers. */

#include <stdlib.h>
#include <string.h>

#include "scenario.h"

GByteArray *scn_bytes(const scn_line *line, const char *word)
{
    GByteArray *bytes = g_byte_array_new();
    bool quoted = *word == '"';
    size_t end = strlen(word) - quoted;
    for (size_t i = quoted; i < end; i++) {
        uint8_t byte = (uint8_t)word[i];
        bool hex = !quoted;
        if (quoted && byte == '\\') {
            const char *known = strchr("r\rn\nt\t\"\"\\\\", word[++i]);
            hex = word[i] == 'x';
            byte = known ? (uint8_t)known[1] : 0;
            i += hex;
        }
        if (hex) {
            int high = g_ascii_xdigit_value(word[i]);
            int low = high < 0 ? -1 : g_ascii_xdigit_value(word[i + 1]);
            if (low < 0)
                scn_error(line, "two hexadecimal digits expected in %s", word);
            byte = (uint8_t)(high << 4 | low);
            i++;
        }
        g_byte_array_append(bytes, &byte, 1);
    }
    return bytes;
}

/* ---- Options. */

static void append(GByteArray *bytes, uint32_t value, unsigned count)
{
    while (count--) {
        uint8_t byte = (uint8_t)(value >> (8 * count));
        g_byte_array_append(bytes, &byte, 1);
    }
}

/** "sack 1:101 201:301" behind its kind and length. */
static void append_sack(const scn_line *line, GByteArray *bytes, char **words, uint32_t base)
{
    unsigned count = g_strv_length(words) - 1;
    append(bytes, 5, 1);
    append(bytes, 2 + 8 * count, 1);
    for (unsigned i = 1; i <= count; i++) {
        char *rest;
        append(bytes, base + (uint32_t)strtoul(words[i], &rest, 10), 4);
        if (*rest != ':')
            scn_error(line, "a SACK block is LEFT:RIGHT, not %s", words[i]);
        append(bytes, base + (uint32_t)strtoul(rest + 1, NULL, 10), 4);
    }
}

/** Fast Open, with its own kind or the experimental one; no cookie is a request. */
static void append_fast_open(const scn_line *line, GByteArray *bytes, char **words, bool experimental)
{
    GByteArray *cookie = words[1] ? scn_bytes(line, words[1]) : g_byte_array_new();
    append(bytes, experimental ? 254 : 34, 1);
    append(bytes, cookie->len + (experimental ? 4 : 2), 1);
    if (experimental)
        append(bytes, 0xf989, 2);
    g_byte_array_append(bytes, cookie->data, cookie->len);
    g_byte_array_unref(cookie);
}

static void append_raw(const scn_line *line, GByteArray *bytes, const char *digits)
{
    GByteArray *raw = scn_bytes(line, digits);
    g_byte_array_append(bytes, raw->data, raw->len);
    g_byte_array_unref(raw);
}

static void append_option(const scn_line *line, GByteArray *bytes, char **words, uint32_t base)
{
    unsigned count = g_strv_length(words);
    if (!strcmp(words[0], "nop"))
        append(bytes, 1, 1);
    else if (!strcmp(words[0], "sackOK"))
        append(bytes, 0x0402, 2);
    else if (!strcmp(words[0], "mss") && count == 2)
        append(bytes, 0x02040000 | scn_number(line, words[1]), 4);
    else if (!strcmp(words[0], "ws") && count == 2)
        append(bytes, 0x030300 | scn_number(line, words[1]), 3);
    else if (!strcmp(words[0], "TS") && count == 5) {
        append(bytes, 0x080a, 2);
        append(bytes, scn_number(line, words[2]), 4);
        append(bytes, scn_number(line, words[4]), 4);
    } else if (!strcmp(words[0], "sack") && count > 1)
        append_sack(line, bytes, words, base);
    else if (!strcmp(words[0], "fo") || !strcmp(words[0], "fo254"))
        append_fast_open(line, bytes, words, words[0][2] != '\0');
    else if (!strcmp(words[0], "raw") && count == 2)
        append_raw(line, bytes, words[1]);
    else
        scn_error(line, "option not understood: %s", words[0]);
}

GByteArray *scn_options(const scn_line *line, const char *word, uint32_t sack_base)
{
    GByteArray *bytes = g_byte_array_new();
    char *inside = g_strndup(word + 1, strlen(word) - 2);
    char **options = g_strsplit(inside, ",", -1);
    for (unsigned i = 0; options[i]; i++) {
        char **words = g_strsplit(g_strstrip(options[i]), " ", -1);
        append_option(line, bytes, words, sack_base);
        g_strfreev(words);
    }
    while (bytes->len % 4)
        append(bytes, 0, 1);
    if (bytes->len > 40)
        scn_error(line, "more than 40 bytes of options");
    g_strfreev(options);
    g_free(inside);
    return bytes;
}

/* ---- Flags and numbers. */

static uint8_t read_flags(const scn_line *line, const char *word)
{
    static const char letters[] = "FSRP.UEW"; /* as tcpdump has them */
    uint8_t flags = 0;
    if (!strcmp(word, "none"))
        return 0;
    for (; *word; word++) {
        const char *letter = strchr(letters, *word);
        if (!letter)
            scn_error(line, "not a flag: %c", *word);
        flags |= (uint8_t)(1u << (letter - letters));
    }
    return flags;
}

/** "1:101(100)", "1:101" or "1", relative; returns the payload's length. */
static uint32_t read_range(const scn_line *line, const char *word, uint32_t *seq)
{
    char *rest;
    uint32_t length = 0;
    *seq = (uint32_t)strtoll(word, &rest, 10);
    if (*rest == ':') {
        length = (uint32_t)strtoll(rest + 1, &rest, 10) - *seq;
        if (*rest == '(' && (uint32_t)strtoul(rest + 1, &rest, 10) != length)
            scn_error(line, "length does not fit: %s", word);
        rest += *rest == ')';
    }
    if (rest == word || *rest || length > 65000)
        scn_error(line, "not a sequence range: %s", word);
    return length;
}

/* ---- Modifiers: each reads its own arguments. */

typedef struct target {
    scn_line *line;
    scn_flow *flow;
    scn_packet *packet;
    scn_frame *frame;
} target;

static uint32_t argument(const target *to)
{
    return scn_number(to->line, scn_need(to->line, "a number"));
}

static void set_ack(const target *to)
{
    to->packet->ack = to->flow->ends[!to->packet->from].isn + argument(to);
}

static void set_win(const target *to)
{
    to->packet->window = (uint16_t)argument(to);
}

static void set_ip_id(const target *to)
{
    to->packet->ip_id = (uint16_t)argument(to);
}

static void set_ttl(const target *to)
{
    to->packet->ttl = (uint8_t)argument(to);
}

static void set_vlan(const target *to)
{
    to->packet->vlan = (uint16_t)argument(to);
}

static void set_snap(const target *to)
{
    to->packet->snap_bytes = argument(to);
}

static void set_point(const target *to)
{
    to->frame->point = argument(to);
    to->frame->placed = true;
}

static void set_lost(const target *to)
{
    to->frame->lost = true;
}

static void set_fragment(const target *to)
{
    to->packet->fragment = true;
}

static void set_ip_sum_bad(const target *to)
{
    to->packet->ip_sum_bad = true;
}

/** pad N: zeros behind the datagram; pad N/HEX: that pattern, repeated */
static void set_pad(const target *to)
{
    const char *word = scn_need(to->line, "bytes of padding");
    char *rest;
    to->packet->pad_bytes = (int)strtol(word, &rest, 10);
    if (*rest != '/')
        return;
    g_byte_array_unref(to->packet->pad_pattern);
    to->packet->pad_pattern = scn_bytes(to->line, rest + 1);
}

/** csum bad|partial|over-padding|rewritten */
static void set_checksum(const target *to)
{
    static const char *const kinds[] = {"right", "bad", "partial", "over-padding", "rewritten"};
    const char *word = scn_need(to->line, "kind of checksum");
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!strcmp(kinds[i], word)) {
            to->packet->checksum = (scn_checksum)i;
            return;
        }
    }
    scn_error(to->line, "checksum: right, bad, partial, over-padding or rewritten, not %s", word);
}

/** text "..." or hex 15030300: the payload's first bytes; its length too where the range has none */
static void set_payload(const target *to)
{
    g_byte_array_unref(to->packet->payload);
    to->packet->payload = scn_bytes(to->line, scn_need(to->line, "the payload"));
    if (!to->packet->payload_bytes)
        to->packet->payload_bytes = to->packet->payload->len;
    if (to->packet->payload->len > to->packet->payload_bytes)
        scn_error(to->line, "the payload is longer than the range");
}

static const struct modifier {
    const char *word;
    void (*set)(const target *);
} modifiers[] = {
    {"ack", set_ack},      {"win", set_win},
    {"ipid", set_ip_id},   {"ttl", set_ttl},
    {"vlan", set_vlan},    {"snap", set_snap},
    {"at", set_point},     {"fragment", set_fragment},
    {"pad", set_pad},      {"csum", set_checksum},
    {"text", set_payload}, {"hex", set_payload},
    {"lost", set_lost},    {"ipsum-bad", set_ip_sum_bad},
};

static void read_modifier(const target *to, const char *word)
{
    scn_packet *packet = to->packet;
    if (*word == '@') {
        to->frame->label = g_strdup(word + 1);
        return;
    }
    if (*word == '<') {
        g_byte_array_unref(packet->options);
        packet->options = scn_options(to->line, word, to->flow->ends[!packet->from].isn);
        return;
    }
    if (!strcmp(word, "~") || !strcmp(word, "~>")) {
        *(word[1] ? &to->frame->final_states : &to->frame->states) =
            g_strdup(scn_need(to->line, "CLIENT/SERVER states"));
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(modifiers); i++) {
        if (!strcmp(modifiers[i].word, word)) {
            modifiers[i].set(to);
            return;
        }
    }
    scn_error(to->line, "not understood: %s", word);
}

static void read_modifiers(const target *to)
{
    scn_line *line = to->line;
    while (line->words[line->at] && *line->words[line->at] != '!')
        read_modifier(to, scn_next(line));
}

/** A packet of its own: flags, range, modifiers. */
static scn_packet *read_new(scn_line *line, scn_flow *flow, unsigned from, scn_frame *frame)
{
    scn_packet *packet = g_new0(scn_packet, 1);
    scn_end *end = &flow->ends[from];
    const target to = {line, flow, packet, frame};
    uint32_t seq = end->next;
    packet->from = from;
    packet->flags = read_flags(line, scn_need(line, "flags"));
    if (packet->flags & TCPT_SYN)
        seq = 0;
    if (line->words[line->at] && (g_ascii_isdigit(*line->words[line->at]) || *line->words[line->at] == '-'))
        packet->payload_bytes = read_range(line, scn_next(line), &seq);
    packet->seq = end->isn + seq;
    packet->window = end->window;
    packet->vlan = flow->vlan;
    packet->ip_id = end->ip_id;
    packet->ttl = 64;
    packet->pad_bytes = end->padded ? -1 : 0;
    packet->payload = g_byte_array_new();
    packet->options = g_byte_array_new();
    packet->pad_pattern = g_byte_array_new();
    unsigned first = line->at;
    read_modifiers(&to);
    while (first < line->at && strcmp(line->words[first], "ack") != 0)
        first++;
    if ((packet->flags & TCPT_ACK) && first == line->at)
        scn_error(line, "a segment with '.' needs an ack");
    uint32_t end_seq = seq + packet->payload_bytes + !!(packet->flags & TCPT_SYN) + !!(packet->flags & TCPT_FIN);
    if (!(packet->flags & TCPT_RST) && (int32_t)(end_seq - end->next) > 0)
        end->next = end_seq;
    end->window = packet->flags & TCPT_RST ? end->window : packet->window;
    end->ip_id++;
    return packet;
}

/** The packet before once more, as another tap or router shows it. */
static scn_packet *read_copy(scn_line *line, scn_flow *flow, const scn_packet *previous, scn_frame *frame)
{
    if (!previous)
        scn_error(line, "nothing to copy yet");
    scn_packet *packet = g_memdup2(previous, sizeof *previous);
    const target to = {line, flow, packet, frame};
    g_byte_array_ref(packet->payload);
    g_byte_array_ref(packet->options);
    g_byte_array_ref(packet->pad_pattern);
    read_modifiers(&to);
    return packet;
}

scn_packet *scn_packet_read(scn_line *line, scn_flow *flow, const scn_packet *previous, scn_frame *frame)
{
    const char *word = scn_need(line, "direction");
    if (!strcmp(word, "copy"))
        return read_copy(line, flow, previous, frame);
    if (strcmp(word, ">") != 0 && strcmp(word, "<") != 0)
        scn_error(line, "'>' (client sends), '<' (server sends) or 'copy' expected, not %s", word);
    return read_new(line, flow, *word == '<', frame);
}

void scn_packet_free(scn_packet *packet)
{
    g_byte_array_unref(packet->payload);
    g_byte_array_unref(packet->options);
    g_byte_array_unref(packet->pad_pattern);
    g_free(packet);
}
