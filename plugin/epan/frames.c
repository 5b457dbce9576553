/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frames.h"

#include <glib.h>

/* From one init routine to the next. */
static uint32_t newest;        /* as Wireshark numbers it */
static int64_t newest_at;      /* its place in the file tells it from another of that number */
static uint32_t highest_shown; /* again; 0 none so far */
static GArray *left_out;       /* uint32_t, numbers in the file, ascending; NULL while there are none */

static uint32_t left_out_count(void)
{
    return left_out ? left_out->len : 0;
}

static void leave_out_newest(void)
{
    uint32_t frame = newest + left_out_count();

    if (!left_out)
        left_out = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_array_append_val(left_out, frame);
}

uint32_t tcpt_frames_note(const packet_info *pinfo, bool *again)
{
    *again = false;
    if (pinfo->num == newest) {
        *again = pinfo->fd->file_off == newest_at;
        if (!*again)
            leave_out_newest();
    }
    newest = pinfo->num;
    newest_at = pinfo->fd->file_off;
    return newest + left_out_count();
}

void tcpt_frames_note_shown(uint32_t number)
{
    highest_shown = MAX(highest_shown, number);
}

void tcpt_frames_end(void)
{
    bool one_pass = highest_shown == 0 && left_out_count() == 0;

    if (one_pass || highest_shown >= newest)
        return;
    leave_out_newest();
    newest = highest_shown;
}

uint32_t tcpt_frames_shown(uint32_t frame)
{
    uint32_t below = 0, above = left_out_count();

    while (below < above) {
        uint32_t middle = below + (above - below) / 2;

        if (g_array_index(left_out, uint32_t, middle) < frame)
            below = middle + 1;
        else
            above = middle;
    }
    if (below < left_out_count() && g_array_index(left_out, uint32_t, below) == frame)
        return 0;
    return frame - below;
}

uint32_t tcpt_frames_in_file(uint32_t shown)
{
    uint32_t below = 0, above = left_out_count();

    while (below < above) {
        uint32_t middle = below + (above - below) / 2;

        if (g_array_index(left_out, uint32_t, middle) - middle <= shown)
            below = middle + 1;
        else
            above = middle;
    }
    return shown + below;
}

bool tcpt_frames_left_out(void)
{
    return left_out_count() > 0;
}

void tcpt_frames_forget(void)
{
    g_clear_pointer(&left_out, g_array_unref);
    newest = 0;
    newest_at = 0;
    highest_shown = 0;
}
