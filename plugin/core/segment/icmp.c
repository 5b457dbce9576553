/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcptriage/icmp.h"

#include "core/segment/bytes.h"
#include "tcptriage/limits.h"

/* Protocol numbers and header lengths: RFC 791, RFC 8200; RFC 792, RFC 4443. */
enum {
    PROTO_ICMP = 1,
    PROTO_TCP = 6,
    PROTO_ICMPV6 = 58,
    IPV6_HEADER_BYTES = 40,
    ICMP_HEADER_BYTES = 8,
    QUOTED_LEAST = 8, /* ports and SEQ: all that RFC 792 asks for */
};

/* What an IP header says, as far as it matters here. */
typedef struct ip_view {
    uint32_t bytes;
    uint8_t protocol;
    const uint8_t *src;
    const uint8_t *dst;
} ip_view;

static bool read_ip(ip_view *ip, const uint8_t *at, uint32_t captured_bytes, unsigned family)
{
    if (captured_bytes < (family == 4 ? TCPT_IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) || at[0] >> 4 != family)
        return false;
    if (family == 6) {
        *ip = (ip_view){IPV6_HEADER_BYTES, at[6], at + 8, at + 24};
        return true;
    }
    *ip = (ip_view){(at[0] & 0xfu) * 4, at[9], at + 12, at + 16};
    return ip->bytes >= TCPT_IPV4_HEADER_BYTES && ip->bytes <= captured_bytes &&
           (be16(at + 6) & 0x1fff) == 0; /* not behind a first fragment */
}

/* RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1. */
static bool is_error_v4(uint8_t type)
{
    return type == 3 || type == 4 || type == 11 || type == 12;
}

static tcpt_icmp_kind kind_of_v4(uint8_t type, uint8_t code)
{
    if (type == 11)
        return code == 0 ? TCPT_ICMP_TTL_EXCEEDED : TCPT_ICMP_OTHER;
    if (type != 3)
        return TCPT_ICMP_OTHER;
    switch (code) {
    case 0: /* network */
    case 1: /* host */
    case 5: /* source route failed */
    case 6: /* unknown network, host; isolated */
    case 7:
    case 8:
    case 11: /* for this type of service */
    case 12:
        return TCPT_ICMP_HOST_UNREACHABLE;
    case 2:
    case 3:
        return TCPT_ICMP_PORT_UNREACHABLE;
    case 4:
        return TCPT_ICMP_FRAGMENTATION_NEEDED;
    case 9:
    case 10:
    case 13:
        return TCPT_ICMP_PROHIBITED;
    default:
        return TCPT_ICMP_OTHER;
    }
}

/* RFC 4443, sections 3.1 to 3.4. */
static tcpt_icmp_kind kind_of_v6(uint8_t type, uint8_t code)
{
    if (type == 2)
        return TCPT_ICMP_FRAGMENTATION_NEEDED;
    if (type == 3)
        return code == 0 ? TCPT_ICMP_TTL_EXCEEDED : TCPT_ICMP_OTHER;
    if (type != 1)
        return TCPT_ICMP_OTHER;
    switch (code) {
    case 0: /* no route */
    case 2: /* beyond the scope of the source */
    case 3: /* address */
        return TCPT_ICMP_HOST_UNREACHABLE;
    case 1: /* administratively */
    case 5: /* source address failed policy */
    case 6: /* reject route */
        return TCPT_ICMP_PROHIBITED;
    case 4:
        return TCPT_ICMP_PORT_UNREACHABLE;
    default:
        return TCPT_ICMP_OTHER;
    }
}

static bool read_header(tcpt_icmp *icmp, const uint8_t *at)
{
    icmp->type = at[0];
    icmp->code = at[1];
    icmp->mtu = 0;
    if (icmp->family == 4 ? !is_error_v4(icmp->type) : icmp->type < 1 || icmp->type > 4)
        return false;
    icmp->kind = icmp->family == 4 ? kind_of_v4(icmp->type, icmp->code) : kind_of_v6(icmp->type, icmp->code);
    if (icmp->kind == TCPT_ICMP_FRAGMENTATION_NEEDED)
        icmp->mtu = icmp->family == 4 ? be16(at + 6) : be32(at + 4); /* RFC 1191, section 4 */
    return true;
}

bool tcpt_icmp_parse(tcpt_icmp *icmp, const uint8_t *datagram, uint32_t captured_bytes)
{
    uint32_t at;
    ip_view ip;

    icmp->family = captured_bytes > 0 && datagram[0] >> 4 == 6 ? 6 : 4;
    if (!read_ip(&ip, datagram, captured_bytes, icmp->family) ||
        ip.protocol != (icmp->family == 4 ? PROTO_ICMP : PROTO_ICMPV6))
        return false;
    icmp->from = ip.src;
    at = ip.bytes;
    if (captured_bytes - at < ICMP_HEADER_BYTES || !read_header(icmp, datagram + at))
        return false;
    at += ICMP_HEADER_BYTES;
    if (!read_ip(&ip, datagram + at, captured_bytes - at, icmp->family) || ip.protocol != PROTO_TCP)
        return false;
    at += ip.bytes;
    if (captured_bytes - at < QUOTED_LEAST)
        return false;
    icmp->src = ip.src;
    icmp->dst = ip.dst;
    icmp->ip_id = icmp->family == 4 ? be16(ip.src - 8) : 0; /* bytes 4 and 12 of the header */
    icmp->src_port = be16(datagram + at);
    icmp->dst_port = be16(datagram + at + 2);
    icmp->seq = be32(datagram + at + 4);
    icmp->tcp_at = at;
    return true;
}

static const struct {
    const char *name;
    const char *words;
} kinds[] = {
    [TCPT_ICMP_OTHER] = {"other", "another error"},
    [TCPT_ICMP_HOST_UNREACHABLE] = {"host_unreachable", "host unreachable"},
    [TCPT_ICMP_PORT_UNREACHABLE] = {"port_unreachable", "port unreachable"},
    [TCPT_ICMP_PROHIBITED] = {"prohibited", "prohibited by a filter"},
    [TCPT_ICMP_FRAGMENTATION_NEEDED] = {"fragmentation_needed", "packet too big"},
    [TCPT_ICMP_TTL_EXCEEDED] = {"ttl_exceeded", "TTL exceeded"},
};

const char *tcpt_icmp_kind_name(unsigned kind)
{
    return kinds[kind < sizeof kinds / sizeof *kinds ? kind : TCPT_ICMP_OTHER].name;
}

const char *tcpt_icmp_kind_words(unsigned kind)
{
    return kinds[kind < sizeof kinds / sizeof *kinds ? kind : TCPT_ICMP_OTHER].words;
}
