/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * A capture that comes while it is read: somebody has to look up when nothing comes, and when the user wants it to end.
 */
#ifndef TCPTRIAGE_READER_LIVE_H
#define TCPTRIAGE_READER_LIVE_H

#include <stdbool.h>

#include <glib.h>

/** Whom to call. Both are called with `lock` held, from another thread than the reader's. */
typedef struct tcpt_live_calls {
    void (*look)(void *data);  /**< every second, or less often where that takes its time; NULL */
    int (*finish)(void *data); /**< no more can be waited for: tell what there is. @return the process's exit status */
    void *data;
} tcpt_live_calls;

typedef struct tcpt_live tcpt_live;

/**
 * From now on SIGINT, SIGTERM and SIGHUP ask the reader to end. Whoever sends the capture has usually got the same
 * signal: what it still sends within a second is read. Then, at the next frame, tcpt_live_is_over() says that it is
 * over; when none comes `finish` is called, and the process ends.
 */
tcpt_live *tcpt_live_begin(const tcpt_live_calls *calls);

/** Held by the reader while it works on a frame, not while it waits for one. */
GMutex *tcpt_live_lock(tcpt_live *live);

/** Whether the reader should end. */
bool tcpt_live_is_over(const tcpt_live *live);

/** The reader has come to the end by itself: nobody is called any more. */
void tcpt_live_end(tcpt_live *live);

#endif
