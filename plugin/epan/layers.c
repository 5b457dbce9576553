/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "layers.h"

#include <glib.h>

#include "tcptriage/analysis.h"

static void note_gravest(const tcpt_finding *finding, void *data)
{
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    int *gravity = data;

    *gravity = MAX(*gravity, 1 + (int)diagnosis->detector->severity * (TCPT_HIGH + 1) + (int)diagnosis->confidence);
}

/* 0 without a finding. */
static int gravity_of(const tcpt_record *record)
{
    int gravity = 0;

    tcpt_each_finding(record, note_gravest, &gravity);
    return gravity;
}

void tcpt_layers_sort(tcpt_record **records, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        tcpt_record *moved = records[i];
        int gravity = gravity_of(moved);
        unsigned to = i;

        for (; to > 0 && gravity_of(records[to - 1]) < gravity; to--)
            records[to] = records[to - 1];
        records[to] = moved;
    }
}

const char *tcpt_layer_name(char text[TCPT_LAYER_BYTES], const tcpt_record *record)
{
    const tcpt_flow_key *key = &tcpt_flow_of(record)->key;
    unsigned from = record->from, to = !from;
    char source[TCPT_SOCKET_BYTES], target[TCPT_SOCKET_BYTES];

    g_snprintf(text, TCPT_LAYER_BYTES, "%s -> %s",
               tcpt_socket_text(source, key->family, key->address[from], key->port[from]),
               tcpt_socket_text(target, key->family, key->address[to], key->port[to]));
    return text;
}
