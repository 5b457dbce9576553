/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core_speed < CAPTURE: million segments per second through the core alone. Wall time: for information only. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "scenario.h"
#include "tcptriage/analysis.h"

/* Packets are read by the batch, into the same room: what the core has in the cache stays there. */
enum { BATCH = 256, ROOM = 1 << 19, FRAME_MOST = 1 << 16 };

typedef struct batch {
    unsigned count;
    tcpt_segment segments[BATCH];
    uint8_t frames[ROOM];
} batch;

static bool read_frame(uint8_t *frame, uint32_t record[4])
{
    return fread(record, 16, 1, stdin) == 1 && record[2] <= FRAME_MOST && fread(frame, record[2], 1, stdin) == 1;
}

static bool read_batch(batch *in, uint32_t *frames)
{
    uint32_t record[4];
    uint8_t *frame = in->frames;

    for (in->count = 0; in->count < BATCH && frame + FRAME_MOST <= in->frames + ROOM && read_frame(frame, record);) {
        tcpt_segment *segment = &in->segments[in->count];

        *segment =
            (tcpt_segment){.time_ns = record[0] * INT64_C(1000000000) + record[1] * INT64_C(1000), .frame = ++*frames};
        in->count += scn_decode(segment, frame, record[2], record[3]);
        frame += record[2];
    }
    return in->count > 0;
}

/* By its name what happens in here is counted apart: bench.py. */
static void TCPT_NOINLINE core_takes_batch(tcpt_analysis *analysis, const batch *in)
{
    for (unsigned i = 0; i < in->count; i++)
        tcpt_analyse(analysis, &in->segments[i]);
}

int main(void)
{
    tcpt_settings settings = tcpt_settings_default();
    tcpt_analysis *analysis = tcpt_analysis_new(&settings);
    batch *in = g_new(batch, 1);
    uint32_t frames = 0;
    clock_t spent = 0;
    uint8_t header[24];

    if (fread(header, sizeof header, 1, stdin) != 1)
        return 2;
    while (read_batch(in, &frames)) {
        clock_t start = clock();

        core_takes_batch(analysis, in);
        spent += clock() - start;
    }
    printf("%.2f\n", (double)frames * CLOCKS_PER_SEC / (double)MAX(spent, 1) / 1e6);
    tcpt_analysis_free(analysis);
    g_free(in);
    return 0;
}
