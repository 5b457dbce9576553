/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seeds FOLDER SCRIPT...: one fuzz input per scenario, its frames as they are. */
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

static void write_scenario(FILE *out, const scn_scenario *scenario)
{
    int64_t before_ns = 0;
    fputc(scenario->across_ns ? FUZZ_MODE_EXPECT_POINTS : 0, out);
    fputc(0, out);
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        bool ipv6;
        unsigned at = tcp_at(frame->bytes->data, &ipv6);
        int64_t delta_ns = frame->time_ns - before_ns;
        if (!frame->line || at + 20 > frame->bytes->len)
            continue;
        const uint8_t *tcp = frame->bytes->data + at;
        unsigned count = MIN(frame->bytes->len - at, 255);
        fputc((tcp[0] == 0 ? FUZZ_FROM_SERVER : 0) | (frame->point ? FUZZ_OTHER_POINT : 0) | (ipv6 ? FUZZ_IPV6 : 0) |
                  (delta_ns < 0 ? FUZZ_BACKWARDS : 0),
              out);
        fputc(time_code(ABS(delta_ns)), out);
        fputc((int)count, out);
        fwrite(tcp, count, 1, out);
        before_ns = frame->time_ns;
    }
}

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        GPtrArray *scenarios = scn_read(argv[i]);
        for (unsigned s = 0; s < scenarios->len; s++) {
            const scn_scenario *scenario = scenarios->pdata[s];
            char *path = g_strdup_printf("%s/%s-%u", argv[1], scenario->id, scenario->number);
            FILE *out = fopen(path, "wb");
            if (!out) {
                perror(path);
                return 1;
            }
            write_scenario(out, scenario);
            fclose(out);
            g_free(path);
        }
        g_ptr_array_unref(scenarios);
    }
    return 0;
}
