/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seeds FOLDER SCRIPT...: two fuzz inputs per scenario, its frames as they are, and made of a few bytes each: changes
 * of those make sense more often; and the inputs that have broken the core. */
#include <stdio.h>
#include <string.h>

#include "input.h"
#include "scenario.h"

static uint8_t time_code(int64_t delta_ns)
{
    static const int64_t limits[] = {500,        10000,      200000,     700000,      3000000,
                                     8000000,    18000000,   60000000,   150000000,   400000000,
                                     1000000000, 2000000000, 7000000000, 30000000000, 300000000000};
    uint8_t code = 0;
    while (code < G_N_ELEMENTS(limits) && delta_ns > limits[code])
        code++;
    return code;
}

/** Where the TCP header begins: Ethernet, VLAN tag, IP without options. */
static unsigned tcp_at(const uint8_t *bytes, bool *ipv6)
{
    unsigned at = bytes[12] == 0x81 ? 18 : 14;
    *ipv6 = bytes[at] >> 4 == 6;
    return at + (*ipv6 ? 40 : 20);
}

/** Control byte and time of a frame. */
static void write_begin(FILE *out, const scn_frame *frame, bool server, bool ipv6, int64_t delta_ns, int more)
{
    fputc((server ? FUZZ_FROM_SERVER : 0) | (frame->point ? FUZZ_OTHER_POINT : 0) | (ipv6 ? FUZZ_IPV6 : 0) |
              (delta_ns < 0 ? FUZZ_BACKWARDS : 0) | more,
          out);
    fputc(time_code(ABS(delta_ns)) | (more & FUZZ_MADE ? FUZZ_TIME_FINE : 0), out);
}

static void write_raw(FILE *out, const scn_frame *frame, int64_t delta_ns)
{
    bool ipv6;
    unsigned at = tcp_at(frame->bytes->data, &ipv6);
    const uint8_t *tcp = frame->bytes->data + at;
    unsigned count = MIN(frame->bytes->len - at, 255);
    write_begin(out, frame, tcp[0] == 0, ipv6, delta_ns, 0);
    fputc((int)count, out);
    fwrite(tcp, count, 1, out);
}

/* ---- Made of a few bytes. */

/** What the fuzz target will know of the connection when it comes to a frame. */
typedef struct maker {
    uint32_t next[2];
    uint32_t newest[2];
    uint32_t before[2]; /**< `next` of the life before */
    bool begun[2];
} maker;

static unsigned option_code(const tcpt_segment *segment)
{
    if (segment->options & TCPT_OPTION_FAST_OPEN)
        return segment->fast_open_bytes ? 7 : 6;
    if (segment->options & TCPT_OPTION_SACK)
        return 5;
    if (segment->options & TCPT_OPTION_WSCALE)
        return 1;
    return segment->options & TCPT_OPTION_TIMESTAMPS ? 3 : segment->options & TCPT_OPTION_MSS ? 2 : 0;
}

static int seq_code(const maker *known, unsigned from, uint32_t seq)
{
    int32_t delta = (int32_t)(seq - known->next[from]);
    if (delta == 0 || !known->begun[from])
        return 0;
    if (seq == known->newest[from])
        return FUZZ_AGAIN;
    return delta > -32 && delta < 0 ? (int)(uint8_t)(delta * 4) : delta > 0 ? 0x61 : 0x81; /* fuzz_make(): distance */
}

static void write_made(FILE *out, maker *known, const scn_frame *frame, const tcpt_segment *segment, int64_t delta_ns)
{
    unsigned from = segment->src_port == 80, about = option_code(segment);
    uint32_t payload_bytes = MIN(segment->payload_bytes, 0x3f);
    int32_t away = (int32_t)(segment->seq - known->next[from]);
    bool begins = (segment->flags & TCPT_SYN) && known->begun[from] && segment->seq != known->newest[from];
    if (begins && !(segment->flags & TCPT_ACK)) {
        about |= FUZZ_ABOUT_NEW_LIFE;
        memcpy(known->before, known->next, sizeof known->before);
        known->begun[!from] = false;
    } else if (known->begun[from] && ABS((int64_t)away) > 100000) {
        about |= 1 << FUZZ_ABOUT_LIFE_SHIFT;
    }
    write_begin(out, frame, from, segment->family == 6, delta_ns, FUZZ_MADE | (segment->pad_bytes ? FUZZ_PADDED : 0));
    fputc((segment->flags & 0x3f) | (segment->checksum_is == TCPT_CHECKSUM_WRONG ? FUZZ_CHECKSUM_NONE : 0), out);
    fputc(begins ? 2 : seq_code(known, from, segment->seq), out);
    fputc(begins ? 2 : 0, out);
    fputc(segment->window >> 8, out);
    fputc((int)about, out);
    fputc(payload_bytes ? 0x80 | (int)payload_bytes : 0, out);
    if (begins || !known->begun[from] || (int32_t)(segment->end_seq - known->next[from]) > 0)
        known->next[from] = segment->end_seq;
    known->newest[from] = segment->end_seq != segment->seq ? segment->seq : known->newest[from];
    known->begun[from] = true;
}

/* ---- Scenarios. */

static void write_scenario(FILE *out, const scn_scenario *scenario, bool made)
{
    int64_t before_ns = 0;
    maker known = {0};
    fputc(scenario->across_ns ? FUZZ_MODE_EXPECT_POINTS : 0, out);
    fputc(FUZZ_WORLD_PICTURES, out);
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        int64_t delta_ns = frame->time_ns - before_ns;
        tcpt_segment segment = {0};
        if (!frame->line || !scn_decode(&segment, frame->bytes->data, frame->bytes->len, frame->wire_bytes))
            continue;
        if (made)
            write_made(out, &known, frame, &segment, delta_ns);
        else
            write_raw(out, frame, delta_ns);
        before_ns = frame->time_ns;
    }
}

static bool write_seed(const char *folder, const scn_scenario *scenario, bool made)
{
    char *path = g_strdup_printf("%s/%s-%u%s", folder, scenario->id, scenario->number, made ? "-made" : "");
    FILE *out = fopen(path, "wb");
    if (out) {
        write_scenario(out, scenario, made);
        fclose(out);
    } else {
        perror(path);
    }
    g_free(path);
    return out != NULL;
}

/* ---- What has broken the core once. */

static const struct found {
    const char *name;
    uint32_t count;
    uint8_t bytes[96];
} found[] = {
    /* one frame that holds several lost segments was a proof of the finding on itself, and stayed behind it */
    {"found-lost-in-one-frame", 61, {0x52, 0x9f, 0x83, 0x0f, 0x12, 0x00, 0x00, 0xfe, 0x0a, 0x00, 0x80, 0x80, 0x10,
                                     0x00, 0x00, 0x01, 0x00, 0x00, 0xfa, 0x48, 0xe2, 0x61, 0x64, 0x01, 0x00, 0xbf,
                                     0x81, 0x05, 0x02, 0xfc, 0x00, 0xfa, 0x43, 0xe3, 0x80, 0x4e, 0x18, 0x00, 0x00,
                                     0x01, 0x00, 0xb2, 0x80, 0x0a, 0x18, 0x50, 0x00, 0x01, 0x00, 0xbf, 0x80, 0x00,
                                     0x00, 0x01, 0x00, 0x00, 0x00, 0x4a, 0xf8, 0x00, 0x00}},
    {"found-lost-in-one-frame-settled", 27, {0xc6, 0x76, 0xba, 0x41, 0xf1, 0x91, 0x49, 0x11, 0x40,
                                             0x00, 0xc0, 0xcd, 0xe4, 0x00, 0x80, 0xae, 0x00, 0x97,
                                             0x98, 0x48, 0x11, 0x00, 0x00, 0x4e, 0x00, 0xd9, 0xfa}},
    /* a damaged SYN-ACK began a life for a SYN that had come into the one before: no record of it here */
    {"found-refused-after-damage",
     84,
     {0x0c, 0x2b, 0x81, 0x0f, 0x12, 0x81, 0x00, 0xfa, 0x00, 0xa3, 0x80, 0xc3, 0x02, 0x02, 0x02, 0xfa, 0x01,
      0x00, 0x80, 0x04, 0x02, 0x02, 0x02, 0xfa, 0x01, 0x00, 0x80, 0x08, 0xe2, 0x02, 0x02, 0xfa, 0x41, 0x00,
      0x80, 0x4c, 0x11, 0x64, 0x64, 0xfa, 0x10, 0x81, 0x80, 0x40, 0x02, 0x00, 0x00, 0xfa, 0x00, 0x00, 0x80,
      0xca, 0x12, 0x81, 0x00, 0xfa, 0x10, 0x00, 0x81, 0x09, 0xd2, 0x89, 0xc1, 0xc1, 0xc1, 0xfa, 0x81, 0x07,
      0x14, 0xfc, 0x00, 0xfa, 0x00, 0x00, 0x10, 0xd0, 0x81, 0x08, 0x04, 0xfc, 0x00, 0xfa, 0x00, 0xee}},
};

static bool write_found(const char *folder)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(found); i++) {
        char *path = g_build_filename(folder, found[i].name, NULL);
        bool written = g_file_set_contents(path, (const char *)found[i].bytes, found[i].count, NULL);
        g_free(path);
        if (!written)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc < 2 || !write_found(argv[1]))
        return 1;
    for (int i = 2; i < argc; i++) {
        GPtrArray *scenarios = scn_read(argv[i]);
        for (unsigned s = 0; s < scenarios->len; s++) {
            if (!write_seed(argv[1], scenarios->pdata[s], false) || !write_seed(argv[1], scenarios->pdata[s], true))
                return 1;
        }
        g_ptr_array_unref(scenarios);
    }
    return 0;
}
