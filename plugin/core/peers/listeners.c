/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/peers/listeners.h"

#include <stddef.h>

#include "tcptriage/limits.h"
#include "tcptriage/times.h"

enum { PLACES = 4 };

/* Its place, or the one that it may take. */
static unsigned place_of(const tcpt_listeners *listeners, uint64_t hash)
{
    unsigned oldest = (unsigned)(hash % TCPT_LISTENERS);

    for (unsigned i = 0; i < PLACES; i++) {
        unsigned at = (unsigned)((hash + i) % TCPT_LISTENERS);

        if (listeners->places[at].hash == hash)
            return at;
        if (listeners->places[at].since_ns < listeners->places[oldest].since_ns)
            oldest = at;
    }
    return oldest;
}

const tcpt_listener *tcpt_listeners_find(const tcpt_listeners *listeners, uint64_t hash)
{
    const tcpt_listener *listener = &listeners->places[place_of(listeners, hash)];

    return listener->hash == hash ? listener : NULL;
}

tcpt_listener *tcpt_listeners_touch(tcpt_listeners *listeners, uint64_t hash, int64_t now_ns)
{
    tcpt_listener *listener = &listeners->places[place_of(listeners, hash)];

    if (listener->hash != hash)
        *listener = (tcpt_listener){.hash = hash, .since_ns = now_ns};
    if (now_ns - listener->since_ns <= tcpt_seconds_ns(TCPT_SIBLING_SECONDS))
        return listener;
    listener->since_ns = now_ns;
    listener->answered = listener->finished = 0;
    return listener;
}
