/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core_speed CAPTURE: segments per second through the core alone. Wall time: for information only. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "scenario.h"
#include "tcptriage/analysis.h"

static GArray *read_segments(const char *bytes, gsize size)
{
    GArray *segments = g_array_new(FALSE, FALSE, sizeof(tcpt_segment));
    for (gsize at = 24; at + 16 <= size;) {
        uint32_t record[4];
        memcpy(record, bytes + at, sizeof record);
        tcpt_segment segment = {.time_ns = record[0] * INT64_C(1000000000) + record[1] * INT64_C(1000),
                                .frame = segments->len + 1};
        if (scn_decode(&segment, (const uint8_t *)bytes + at + 16, record[2], record[3]))
            g_array_append_val(segments, segment);
        at += 16 + record[2];
    }
    return segments;
}

int main(int argc, char **argv)
{
    char *bytes;
    gsize size;
    tcpt_settings settings = tcpt_settings_default();
    if (argc < 2 || !g_file_get_contents(argv[1], &bytes, &size, NULL))
        return 2;
    GArray *segments = read_segments(bytes, size);
    tcpt_analysis *analysis = tcpt_analysis_new(&settings);
    clock_t start = clock();
    for (unsigned i = 0; i < segments->len; i++)
        tcpt_analyse(analysis, &g_array_index(segments, tcpt_segment, i));
    tcpt_settle_all(analysis);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("%.2f\n", segments->len / seconds / 1e6);
    tcpt_analysis_free(analysis);
    g_array_unref(segments);
    g_free(bytes);
    return 0;
}
