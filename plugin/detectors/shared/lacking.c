/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detectors/shared/lacking.h"

#include <inttypes.h>

#include <glib.h>

#include "tcptriage/points.h"

char *tcpt_end_of_capture(const tcpt_flow *flow, int64_t since_ns)
{
    const tcpt_point *at = flow->at;

    if (!tcpt_capture_lacks_since(flow, since_ns))
        return g_strdup("the end of the capture");
    return g_strdup_printf("the end of a capture that lacks %" PRIu64 " of %" PRIu64 " segments", at->holes,
                           at->holes + at->segments);
}
