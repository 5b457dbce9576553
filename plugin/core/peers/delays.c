/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does a pair lose the first SYN of each connection? */
#include "tcptriage/peers.h"
#include "tcptriage/portable.h"
#include "tcptriage/sequence.h"
#include "tcptriage/times.h"

/* Of ten connections one or two may have got through by a device's entry that lived on (rule K.1). */
static bool is_always(unsigned delayed, unsigned connections)
{
    return delayed >= TCPT_DELAYS_LEAST && delayed * 5 >= connections * 4;
}

tcpt_pair_delays tcpt_delays_with(const tcpt_pair *pair, bool delayed, int64_t first_ns)
{
    tcpt_pair_delays with = {0};

    if (pair) {
        with.delays = pair->delays;
        with.connections = pair->connections;
    }
    if (delayed && with.delays && seq_before((uint32_t)(first_ns / TCPT_MS_NS), pair->delayed_ms))
        return with;
    with.delays = (uint8_t)((with.delays << 1 | (delayed ? 1 : 0)) & ((1 << TCPT_DELAYS_KNOWN) - 1));
    with.connections += with.connections < TCPT_DELAYS_KNOWN;
    with.always = delayed && is_always(tcpt_bit_count(with.delays), with.connections);
    return with;
}
