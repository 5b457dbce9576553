/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a capture through the core and says of each frame what its receiver does with it, one line each:
 * frame, verdict, drop reason (or "-"), states of client and server after the frame.
 *
 * receiver-driver FILE.pcap [linux|rfc5961|rfc793|freebsd]; nanosecond pcap, Ethernet, as receiver.py writes it. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"
#include "tcptriage/analysis.h"

enum { FILE_HEADER = 24, FRAME_HEADER = 16, NANOSECOND_MAGIC = (int)0xa1b23c4d };

static uint32_t le32(const gchar *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return GUINT32_FROM_LE(value);
}

static tcpt_stack stack_named(const char *name)
{
    static const char *const names[] = {"linux", "rfc5961", "rfc793", "freebsd"};

    for (unsigned i = 0; name && i < G_N_ELEMENTS(names); i++)
        if (!strcmp(names[i], name))
            return (tcpt_stack)i;
    return TCPT_STACK_LINUX;
}

static void print(const tcpt_record *record)
{
    const char *drop = tcpt_drop_name((tcpt_drop)record->receiver_drop);

    printf("%u %s %s %s %s\n", record->frame, tcpt_verdict_name((tcpt_verdict)record->receiver_verdict),
           drop ? drop : "-", tcpt_state_name(tcpt_state_in(record, tcpt_flow_of(record)->client)),
           tcpt_state_name(tcpt_state_in(record, !tcpt_flow_of(record)->client)));
}

int main(int argc, char **argv)
{
    tcpt_settings settings = tcpt_settings_default();
    tcpt_analysis *analysis;
    gchar *bytes = NULL;
    gsize length = 0;
    uint32_t frame = 0;

    if (argc < 2 || !g_file_get_contents(argv[1], &bytes, &length, NULL) || length < FILE_HEADER ||
        le32(bytes) != (uint32_t)NANOSECOND_MAGIC) {
        fprintf(stderr, "usage: receiver-driver FILE.pcap [STACK]\n");
        return 2;
    }
    settings.receiver_stack = stack_named(argc > 2 ? argv[2] : NULL);
    analysis = tcpt_analysis_new(&settings);
    for (gsize at = FILE_HEADER; at + FRAME_HEADER <= length;) {
        uint32_t captured = le32(bytes + at + 8);
        tcpt_segment segment = {.frame = ++frame,
                                .time_ns = le32(bytes + at) * INT64_C(1000000000) + le32(bytes + at + 4)};

        at += FRAME_HEADER;
        if (captured > length - at)
            break;
        if (scn_decode(&segment, (const uint8_t *)bytes + at, captured, captured))
            print(tcpt_analyse(analysis, &segment));
        at += captured;
    }
    tcpt_analysis_free(analysis);
    g_free(bytes);
    return 0;
}
