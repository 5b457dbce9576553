/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Numbers of frames: those of the file, by which the core names frames, and those that Wireshark shows.
 *
 * They differ with a read filter (`tshark -2 -R`, `wireshark -R`): frames that do not pass are dissected, bear the
 * number of the next one that does, and are never shown again.
 */
#ifndef TCPTRIAGE_EPAN_FRAMES_H
#define TCPTRIAGE_EPAN_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <epan/packet.h>

/**
 * Note a frame that is dissected for the first time: every one, at least once, unless there can be no read filter.
 *
 * @param again  set when it is the newest one dissected once more: the GUI does that with what has passed a read filter
 * @return its number in the file
 */
uint32_t tcpt_frames_note(const packet_info *pinfo, bool *again);

/** Note a frame that is shown again. */
void tcpt_frames_note_shown(uint32_t number);

/** Say that everything was shown again that ever will be, if anything was. */
void tcpt_frames_end(void);

/** Number that a frame of the file is shown under, 0 when it was left out. Of the file's last frame nothing tells that
 * before tcpt_frames_end(): until then it has the number behind all others. */
uint32_t tcpt_frames_shown(uint32_t frame);

/** Number in the file of the frame that is shown under one. */
uint32_t tcpt_frames_in_file(uint32_t shown);

/** Whether any frame was left out. */
bool tcpt_frames_left_out(void);

/** Begin a file. */
void tcpt_frames_forget(void);

#endif
