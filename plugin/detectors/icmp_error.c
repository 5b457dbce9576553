/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A router or host says by ICMP that a segment got no farther. */
#include "tcptriage/icmp.h"

#include <glib.h>

#include "detectors/detectors.h"
#include "tcptriage/address.h"

static char *sender_of(const tcpt_icmp *icmp)
{
    char text[TCPT_ADDRESS_BYTES];

    return g_strdup(tcpt_address_text(text, icmp->family, icmp->from));
}

static void judge(const tcpt_context *context, void *memory)
{
    const tcpt_icmp *icmp = context->seen->icmp;
    const tcpt_endpoint *sender = &context->flow->ends[context->seen->from];
    bool syn = sender->syn && icmp->seq == sender->iss;
    const char *what = !syn ? "segment" : context->seen->from == context->flow->client ? "SYN" : "SYN-ACK";
    const char *role = tcpt_role(context->flow, context->seen->from), *says = tcpt_icmp_kind_words(icmp->kind);
    char *from = sender_of(icmp);
    tcpt_finding *finding;

    (void)memory;
    if (icmp->mtu) {
        finding = tcpt_raise(context, TCPT_HIGH, "The %s's %s drew an ICMP error from %s: %s, MTU %u", role, what, from,
                             says, icmp->mtu);
        tcpt_brief(finding, "ICMP: %s, MTU %u", says, icmp->mtu);
        tcpt_set_number(finding, TCPT_F_ICMP_MTU, icmp->mtu);
    } else {
        finding = tcpt_raise(context, TCPT_HIGH, "The %s's %s drew an ICMP error from %s: %s", role, what, from, says);
        tcpt_brief(finding, "ICMP: %s", says);
    }
    tcpt_set_text(finding, TCPT_F_ICMP_KIND, tcpt_icmp_kind_name(icmp->kind));
    tcpt_take_text(finding, TCPT_F_ICMP_FROM, from);
    tcpt_relate(finding, context->seen->quoted ? context->seen->quoted : sender->last_record);
}

static const tcpt_field fields[] = {TCPT_F_ICMP_KIND, TCPT_F_ICMP_MTU, TCPT_F_ICMP_FROM, TCPT_FIELD_COUNT};

static const tcpt_command commands[] = {
    {TCPT_ON_CLIENT, "traceroute -n -T -p %port% %server%", "how far it gets, and who answers there"},
    {TCPT_ON_CLIENT, "ip route get %server%", "the route, and the MTU that was learned for it"},
    {0},
};

const tcpt_detector tcpt_icmp_error = {
    .id = "icmp_error",
    .message = "ICMP says that a segment got no farther",
    .mistaken = "no answer at all",
    .explanation =
        "A router or the other host quotes a segment of this connection in an ICMP error: \"host unreachable\" (no "
        "way, "
        "or nobody answers ARP there), \"port unreachable\" (a filter that rejects, as a rule), \"prohibited\" (a "
        "filter "
        "that says so), \"fragmentation needed\" (the MTU of the next link), \"TTL exceeded\" (a loop). The segment "
        "that it "
        "quotes is in flight, so it was not made up blindly. TCP takes most of these for a hint and goes on trying: "
        "path MTU discovery works by the fourth of them.",
    .remedy = "Look at the sender of the ICMP (icmp.from): its route to the target, its ARP or neighbour table, its "
              "filter rules. \"Fragmentation needed\" is no fault where the sender then sends shorter packets.",
    .commands = commands,
    .reference = "RFC 792; RFC 4443; RFC 1191; RFC 5927 section 4.1; Linux tcp_v4_err()",
    .group = TCPT_GROUP_PROTOCOL,
    .severity = TCPT_NOTE,
    .blames = TCPT_BLAMES_PATH,
    .wants = TCPT_TRAIT_ICMP,
    .fields = fields,
    .judge = judge,
};
