/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TURN_US = 100000, /* how long a signal waits to be noticed, and the end to be told */
    LOOK_US = 1000000,
    GRACE_US = 1000000,
    SHARE = 10, /* looking takes no more than one in so many parts of the time */
};

struct tcpt_live {
    tcpt_live_calls calls;
    GMutex lock;
    GThread *thread;
    bool over; /* by itself; under the lock */
    gint64 next_look_us;
    gint over_for_reader;
};

static volatile sig_atomic_t asked_to_end;

static void note_signal(int number)
{
    (void)number;
    asked_to_end = 1;
}

/* A signal that was ignored when the process began, as nohup does, stays so. */
static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM,
#ifdef SIGHUP
                                  SIGHUP
#endif
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (signal(numbers[i], note_signal) == SIG_IGN)
            signal(numbers[i], SIG_IGN);
}

static void look(tcpt_live *live)
{
    gint64 begin_us = g_get_monotonic_time(), end_us;

    if (!live->calls.look || begin_us < live->next_look_us)
        return;
    live->calls.look(live->calls.data);
    end_us = g_get_monotonic_time();
    live->next_look_us = end_us + MAX(LOOK_US, SHARE * (end_us - begin_us));
}

/* The reader waits for a frame that does not come. */
static void finish(tcpt_live *live)
{
    int status = live->calls.finish(live->calls.data);

    fflush(stdout);
    fflush(stderr);
    _Exit(status);
}

static gpointer watch(gpointer data)
{
    tcpt_live *live = data;
    gint64 asked_us = 0;

    for (bool over = false; !over;) {
        gint64 now_us;

        g_usleep(TURN_US);
        now_us = g_get_monotonic_time();
        if (asked_to_end && !asked_us)
            asked_us = now_us;
        if (asked_us && now_us - asked_us >= GRACE_US)
            g_atomic_int_set(&live->over_for_reader, 1);
        g_mutex_lock(&live->lock);
        over = live->over;
        if (!over)
            look(live);
        if (!over && asked_us && now_us - asked_us >= GRACE_US + TURN_US)
            finish(live);
        g_mutex_unlock(&live->lock);
    }
    return NULL;
}

tcpt_live *tcpt_live_begin(const tcpt_live_calls *calls)
{
    tcpt_live *live = g_new0(tcpt_live, 1);

    live->calls = *calls;
    live->next_look_us = g_get_monotonic_time() + LOOK_US;
    g_mutex_init(&live->lock);
    catch_signals();
    live->thread = g_thread_new("live", watch, live);
    return live;
}

GMutex *tcpt_live_lock(tcpt_live *live)
{
    return &live->lock;
}

bool tcpt_live_is_over(const tcpt_live *live)
{
    return g_atomic_int_get(&live->over_for_reader);
}

void tcpt_live_end(tcpt_live *live)
{
    g_mutex_lock(&live->lock);
    live->over = true;
    g_mutex_unlock(&live->lock);
    g_thread_join(live->thread);
    g_mutex_clear(&live->lock);
    g_free(live);
}
