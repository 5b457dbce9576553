/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sets the lost segments apart from those that arrived. */
#include <glib.h>

#include "tcptriage/limits.h"
#include "tcptriage/points.h"

/* Without others that arrived there is nothing to be told apart from. */
enum { ARRIVED_LEAST = 2 };

bool tcpt_far_capture_lacks(const tcpt_losses *losses)
{
    const tcpt_point *to = losses->to;
    uint64_t lacking = MAX(to->uncaptured, to->holes);

    if (losses->uncaptured || !lacking)
        return losses->uncaptured > 0;
    return losses->all.missing < TCPT_MISSING_LEAST ||
           losses->all.missing * to->segments <= 10 * lacking * losses->all.total;
}

static bool separates(const tcpt_losses *losses, tcpt_share with)
{
    return with.missing == losses->all.missing && with.total == with.missing;
}

/* A filter for RSTs is met more often than one that stumbles over padding: where they are all RSTs, that is named. */
static bool is_named(const tcpt_losses *losses, tcpt_loss_property property)
{
    return (property != TCPT_LOSS_PADDED && property != TCPT_LOSS_SHORT) || !tcpt_only_rsts_missing(losses);
}

tcpt_loss_property tcpt_loss_property_of(const tcpt_losses *losses)
{
    uint32_t arrived = losses->all.total - losses->all.missing;

    if (losses->all.missing < TCPT_MISSING_LEAST)
        return TCPT_LOSS_NOTHING;
    if (!arrived)
        return TCPT_LOSS_ALL;
    if (arrived < ARRIVED_LEAST)
        return TCPT_LOSS_NOTHING;
    for (unsigned i = 0; i < TCPT_LOSS_PROPERTIES; i++)
        if (is_named(losses, (tcpt_loss_property)i) && separates(losses, losses->with[i]))
            return (tcpt_loss_property)i;
    if (!losses->recut && losses->smallest_missing > losses->largest_arrived)
        return TCPT_LOSS_SIZE;
    return TCPT_LOSS_NOTHING;
}

tcpt_share tcpt_losses_with(const tcpt_losses *losses, tcpt_loss_property property)
{
    if (property < TCPT_LOSS_PROPERTIES)
        return losses->with[property];
    if (property == TCPT_LOSS_SIZE)
        return (tcpt_share){losses->all.missing, losses->all.missing};
    return losses->all;
}

const char *tcpt_loss_property_words(tcpt_loss_property property)
{
    static const char *const words[TCPT_LOSS_PROPERTIES] = {
        [TCPT_LOSS_CHECKSUM] = "with a wrong checksum",
        [TCPT_LOSS_INVALID] = "that connection tracking calls INVALID",
        [TCPT_LOSS_FRAGMENTS] = "sent as IP fragments",
        [TCPT_LOSS_PADDED] = "so short that Ethernet pads them",
        [TCPT_LOSS_SHORT] = "so short that Ethernet pads them",
        [TCPT_LOSS_FIN_OR_RST] = "with FIN or RST",
        [TCPT_LOSS_NO_TIMESTAMPS] = "without timestamps",
        [TCPT_LOSS_FAST_OPEN] = "with the Fast Open option",
        [TCPT_LOSS_MULTIPATH] = "with a Multipath TCP option",
        [TCPT_LOSS_SACK] = "with SACK blocks",
        [TCPT_LOSS_AFTER_IDLE] = "after the idle gap",
    };

    return property < TCPT_LOSS_PROPERTIES ? words[property] : NULL;
}

const char *tcpt_loss_property_name(const tcpt_losses *losses, tcpt_loss_property property)
{
    static const char *const names[] = {
        [TCPT_LOSS_CHECKSUM] = "checksum",
        [TCPT_LOSS_INVALID] = "tracker_invalid",
        [TCPT_LOSS_FRAGMENTS] = "fragment",
        [TCPT_LOSS_PADDED] = "padded",
        [TCPT_LOSS_SHORT] = "padded",
        [TCPT_LOSS_FIN_OR_RST] = "fin_or_rst",
        [TCPT_LOSS_NO_TIMESTAMPS] = "no_timestamps",
        [TCPT_LOSS_FAST_OPEN] = "option",
        [TCPT_LOSS_MULTIPATH] = "option",
        [TCPT_LOSS_SACK] = "option",
        [TCPT_LOSS_AFTER_IDLE] = "after_idle",
        [TCPT_LOSS_SIZE] = "size",
        [TCPT_LOSS_ALL] = "all",
        [TCPT_LOSS_NOTHING] = NULL,
    };

    if (property != TCPT_LOSS_FIN_OR_RST || (losses->reset_missing && losses->reset_missing < losses->all.missing))
        return names[property];
    return losses->reset_missing ? "rst" : "fin";
}
