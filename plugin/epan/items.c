/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "items.h"

#include <string.h>

#include <glib.h>

#include "compat.h"
#include "fields.h"
#include "frames.h"
#include "renumber.h"

enum { LINE_BYTES = 120 }; /* what a pane as wide as a window of 1280 pixels shows without scrolling */

void tcpt_add_string(const tcpt_stage *stage, proto_tree *tree, unsigned field, const char *text)
{
    if (text && tcpt_is_wanted(stage, field))
        proto_item_set_generated(proto_tree_add_string(tree, tcpt_hf[field], stage->tvb, 0, 0, text));
}

/* Bytes of `text` that make a line: up to the last space that fits, or the last whole character. */
static size_t line_bytes(const char *text)
{
    size_t bytes = strlen(text);

    if (bytes <= LINE_BYTES)
        return bytes;
    for (bytes = LINE_BYTES; bytes > 0 && text[bytes] != ' '; bytes--)
        ;
    return bytes > 0 ? bytes : (size_t)(g_utf8_find_prev_char(text, text + LINE_BYTES) - text);
}

void tcpt_add_line(const tcpt_stage *stage, proto_tree *tree, const char *text)
{
    proto_tree_add_string_format(tree, tcpt_hf[TCPT_HF_LINE], stage->tvb, 0, 0, text, "    %s", text);
}

void tcpt_add_lines(const tcpt_stage *stage, proto_tree *tree, unsigned field, const char *value, const char *text)
{
    size_t bytes;

    if (!stage->visible) {
        tcpt_add_string(stage, tree, field, value);
        return;
    }
    bytes = line_bytes(text);
    if (text == value && text[bytes] == '\0') {
        proto_tree_add_string(tree, tcpt_hf[field], stage->tvb, 0, 0, value); /* its label may wait until it is read */
        return;
    }
    proto_tree_add_string_format_value(tree, tcpt_hf[field], stage->tvb, 0, 0, value, "%.*s", (int)bytes, text);
    for (text += bytes; *text; text += bytes) {
        text += strspn(text, " ");
        bytes = line_bytes(text);
        tcpt_add_line(stage, tree, wmem_strndup(stage->pinfo->pool, text, bytes));
    }
}

void tcpt_add_number(const tcpt_stage *stage, proto_tree *tree, unsigned field, uint32_t number)
{
    if (tcpt_is_wanted(stage, field))
        proto_item_set_generated(proto_tree_add_uint(tree, tcpt_hf[field], stage->tvb, 0, 0, number));
}

proto_item *tcpt_add_frame(const tcpt_stage *stage, proto_tree *tree, unsigned field, uint32_t frame)
{
    uint32_t shown = tcpt_is_wanted(stage, field) ? tcpt_frames_shown(frame) : 0;
    proto_item *item;

    if (!shown)
        return NULL;
    item = proto_tree_add_uint(tree, tcpt_hf[field], stage->tvb, 0, 0, shown);
    proto_item_set_generated(item);
    return item;
}

void tcpt_add_duration(const tcpt_stage *stage, proto_tree *tree, unsigned field, int64_t ns)
{
    nstime_t time = {.secs = (time_t)(ns / 1000000000), .nsecs = (int)(ns % 1000000000)};

    if (tcpt_is_wanted(stage, field))
        proto_item_set_generated(proto_tree_add_time(tree, tcpt_hf[field], stage->tvb, 0, 0, &time));
}

/* Wireshark counts from the SYN, which the capture must have for that. */
static void add_sequence(const tcpt_stage *stage, proto_tree *tree, unsigned field, const tcpt_finding *finding,
                         uint32_t number)
{
    const tcpt_endpoint *sender = &tcpt_flow_of(finding->on)->ends[finding->on->from];

    if (!stage->visible || !sender->syn || !tcpt_relative_numbers()) {
        tcpt_add_number(stage, tree, field, number);
        return;
    }
    proto_item_set_generated(proto_tree_add_uint_format_value(tree, tcpt_hf[field], stage->tvb, 0, 0, number,
                                                              "relative %u (raw %u)", number - sender->iss, number));
}

void tcpt_add_value(const tcpt_stage *stage, proto_tree *tree, const tcpt_finding *finding, const tcpt_value *value)
{
    unsigned field = TCPT_HF_VALUES + value->field;

    if (!tcpt_is_wanted(stage, field))
        return;
    switch (tcpt_fields[value->field].type) {
    case TCPT_TYPE_INTEGER:
        proto_item_set_generated(proto_tree_add_int(tree, tcpt_hf[field], stage->tvb, 0, 0, (int32_t)value->number));
        return;
    case TCPT_TYPE_NUMBER:
        if (value->field == TCPT_F_RST_EXPECTED_SEQ)
            add_sequence(stage, tree, field, finding, (uint32_t)value->number);
        else
            tcpt_add_number(stage, tree, field, (uint32_t)value->number);
        return;
    case TCPT_TYPE_HEX16:
        tcpt_add_number(stage, tree, field, (uint32_t)value->number);
        return;
    case TCPT_TYPE_FRAME:
        tcpt_add_frame(stage, tree, field, (uint32_t)value->number);
        return;
    case TCPT_TYPE_DURATION:
        tcpt_add_duration(stage, tree, field, value->number);
        return;
    case TCPT_TYPE_TEXT:
        if (value->field != TCPT_F_CONNTRACK_REASON) /* the frame itself shows it */
            tcpt_add_string(stage, tree, field, value->text);
        return;
    }
}

const char *tcpt_shown_text(const tcpt_stage *stage, char *text)
{
    const char *kept;

    if (tcpt_frames_left_out()) {
        char *renumbered = tcpt_renumbered(text, tcpt_frames_shown);

        g_free(text);
        text = renumbered;
    }
    kept = wmem_strdup(stage->pinfo->pool, text);
    g_free(text);
    return kept;
}
