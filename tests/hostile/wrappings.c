/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames, headers and interfaces that are odd. */
#include <stdio.h>
#include <string.h>

#include "kinds.h"

enum { IP = 14 /* where it begins in an Ethernet frame */, ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd };

/* ---- frames ---- */

/* Each header in the one before: IPv4 in IPv4, GRE, VXLAN in turn. */
static void nested(uint32_t number)
{
    enum { DEEP = 30, GRE_BYTES = 4, UDP_BYTES = 8, VXLAN_BYTES = 8, IPIP = 4, UDP = 17, GRE = 47, VXLAN_PORT = 4789 };
    static uint8_t inner[FRAME_MOST];
    talk *of = open_talk(number);
    uint32_t address[2] = {0xac100001, 0xac100002}, begin = FRAME_MOST / 2, end;
    packet made;

    if (!of)
        return;
    made = segment(of, number / TALKS % 2, PSH | ACK, 10);
    of->seq[number / TALKS % 2] += 10;
    end = begin + put_frame(inner + begin, &made);
    begin += IP;
    for (unsigned depth = 1; depth < DEEP; depth++) {
        unsigned protocol = depth % 3 == 0 ? IPIP : depth % 3 == 1 ? GRE : UDP;

        if (protocol == GRE) {
            begin -= GRE_BYTES;
            put32(inner + begin, ETHERTYPE_IPV4);
        } else if (protocol == UDP) {
            begin -= IP;
            memset(inner + begin, 4, 12);
            put16(inner + begin + 12, ETHERTYPE_IPV4);
            begin -= UDP_BYTES + VXLAN_BYTES;
            put16(inner + begin, 49152 + number % 1024);
            put16(inner + begin + 2, VXLAN_PORT);
            put16(inner + begin + 4, end - begin);
            put16(inner + begin + 6, 0); /* no checksum */
            put32(inner + begin + UDP_BYTES, 0x08000000);
            put32(inner + begin + UDP_BYTES + 4, depth << 8);
        }
        begin -= 20;
        put_ipv4(inner + begin, end - begin - 20, protocol, number, address);
    }
    memset(frame, 2, 12);
    put16(frame + 12, ETHERTYPE_IPV4);
    memcpy(frame + IP, inner + begin, end - begin);
    send_frame(0, IP + end - begin);
}

static uint32_t put_ipv6(uint8_t *ip, uint32_t payload_bytes, unsigned next)
{
    memset(ip, 0, 40);
    ip[0] = 0x60;
    put16(ip + 4, payload_bytes);
    put16(ip + 6, next << 8 | 64);
    put32(ip + 8, 0x20010db8);
    put32(ip + 24, 0x20010db8);
    ip[23] = 1;
    ip[39] = 2;
    return 40;
}

/* All of a frame of 262 kB: a datagram of 65,535 bytes with a trailer, one whose length is 0 as network cards see it
 * before they cut it up, a jumbogram (RFC 2675), one without its option. */
static void large(uint32_t number)
{
    enum { HOP_BY_HOP = 0, TCP = 6, JUMBO = 0xc2, IPV4_MOST = 65535 };
    static talk of;
    packet made = segment(&of, 0, ACK, 0);
    uint8_t *ip = frame + IP, *tcp;
    uint32_t form = number % 4;

    if (form < 2) {
        made.payload_bytes = form == 0 ? IPV4_MOST - 40 : FRAME_MOST - IP - 40;
        put_frame(frame, &made);
        if (form == 1)
            put16(ip + 2, 0);
    } else {
        put16(frame + 12, ETHERTYPE_IPV6);
        tcp = ip + put_ipv6(ip, 0, form == 2 ? HOP_BY_HOP : TCP);
        if (form == 2) {
            put32(tcp, TCP << 24 | JUMBO << 8 | 4);
            put32(tcp + 4, FRAME_MOST - IP - 40);
            tcp += 8;
        }
        made.payload_bytes = FRAME_MOST - 20 - (uint32_t)(tcp - frame);
        put_tcp(tcp, &made, ip + 8, 32);
    }
    send_frame(0, FRAME_MOST);
    of.seq[0] += made.payload_bytes;
}

/* Errors that quote a segment, most of them of no connection that there is. */
static void unreachable(uint32_t number)
{
    enum { ICMP = 1, UNREACHABLE = 3, QUOTED = 28 };
    talk *of = open_talk(number);
    packet made;

    if (!of)
        return;
    made = segment(of, 0, ACK, 0);
    if (chance() % 2)
        made.port[0] = (uint16_t)chance();
    else
        made.seq += chance() % 100000;
    put_frame(frame + IP + 28 - IP, &made);
    memset(frame, 2, 12);
    put16(frame + 12, ETHERTYPE_IPV4);
    put_ipv4(frame + IP, 8 + QUOTED, ICMP, number, (uint32_t[]){made.address[1], made.address[0]});
    put32(frame + IP + 20, UNREACHABLE << 24 | chance() % 16 << 16);
    put32(frame + IP + 24, 0);
    send_frame(0, IP + 28 + QUOTED);
}

/* ---- interfaces ---- */

static void many_interfaces(uint32_t frames)
{
    for (uint32_t number = 0; number < frames; number++) {
        char name[16];

        write_interface(LINK_ETHERNET, name, (size_t)snprintf(name, sizeof name, "if%u", (unsigned)number));
    }
}

static void one_name(uint32_t frames)
{
    for (uint32_t number = 0; number < frames; number++)
        write_interface(LINK_ETHERNET, "eth0", 4);
}

/* A connection each, or the same one everywhere. */
static void everywhere(uint32_t number)
{
    talk made = {.number = number % 2 ? number : 0, .seq = {77, 0}};
    packet syn = segment(&made, 0, SYN, 0);

    send_at(&made, 0, &syn, number);
}

static void cooked(uint32_t frames)
{
    (void)frames;
    write_interface(LINK_SLL2, "any", 3);
}

/* An "any" capture of a machine with as many interfaces as packets. */
static void indexes(uint32_t number)
{
    enum { SLL2_BYTES = 20 };
    talk made = {.number = number % 2 ? number : 0, .seq = {77, 0}};
    packet syn = segment(&made, 0, SYN, 0);
    uint32_t bytes = put_frame(frame + SLL2_BYTES - IP, &syn);

    memset(frame, 0, SLL2_BYTES);
    put16(frame, ETHERTYPE_IPV4);
    put32(frame + 4, number + 1);
    put32(frame + 8, 1 << 16 | 6);
    send_frame(0, bytes + SLL2_BYTES - IP);
}

static const char *const names[] = {
    "\033]0;owned\007\033[31mred\033[2J",
    "\302\23331mC1",
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</style></svg>&lt;&#60;",
    "\342\200\256live\342\200\254\342\201\246x\342\201\251",
    "e\342\200\213th\357\273\2770",
    "eth0\n\n  WARNING rst_ignored (confidence high): forged\r\n",
    "\"},{\"id\":\"forged\",\"a\":\"\\",
    "\377\376\200\355\240\200bad",
    "ne\0ar",
    "%s%s%n%n%1000000d",
    "`e$(f);|&",
    "",
};

enum { NAMES = sizeof names / sizeof *names, NAME_MOST = 60000 };

/* By pairs, of the same kind each; those of a further kind are long. */
static void hostile_names(uint32_t frames)
{
    static char longest[NAME_MOST];

    (void)frames;
    memset(longest, '<', sizeof longest);
    for (unsigned at = 0; at < NAMES; at++)
        for (unsigned end = 0; end < 2; end++)
            write_interface(LINK_ETHERNET, names[at], names[at][0] == 'n' ? 5 : strlen(names[at]));
    write_interface(LINK_ETHERNET, longest, sizeof longest);
    write_interface(LINK_ETHERNET, longest, sizeof longest);
}

/* Near and far of a way. */
static void two_points(uint32_t frames)
{
    (void)frames;
    write_interface(LINK_ETHERNET, "near", 4);
    write_interface(LINK_ETHERNET, "far", 3);
}

static void pass(talk *of, unsigned from, unsigned flags, uint32_t payload_bytes, uint32_t near, int arrives)
{
    packet made = segment(of, from, flags, payload_bytes);

    send_at(of, from, &made, near + from);
    if (arrives)
        send_at(of, from, &made, near + !from);
}

/* A packet is lost between the two points of each pair of names. */
static void lossy(uint32_t number)
{
    uint32_t near = number % (NAMES + 1) * 2;
    talk of = {.number = number, .seq = {number, 77}};

    pass(&of, 0, SYN, 0, near, 1);
    pass(&of, 1, SYN | ACK, 0, near, 1);
    pass(&of, 0, ACK, 0, near, 1);
    pass(&of, 0, PSH | ACK, 100, near, 0);
    now_us += 200000;
    of.seq[0] -= 100;
    pass(&of, 0, PSH | ACK, 100, near, 1);
    pass(&of, 1, FIN | ACK, 0, near, 1);
    pass(&of, 0, FIN | ACK, 0, near, 1);
    pass(&of, 1, ACK, 0, near, 1);
}

/* Cut anew on the way, at bytes that fit nothing, and most of it lost. */
static void recut(uint32_t number)
{
    static talk of[2] = {{.seq = {77, 99}}, {.seq = {77, 99}}};

    if (number == 0) {
        for (unsigned end = 0; end < 2; end++)
            pass(&of[0], 0, SYN, 0, 0, 1), pass(&of[0], 1, SYN | ACK, 0, 0, 1);
        of[1] = of[0];
    }
    for (unsigned end = 0; end < 2; end++) {
        packet made = segment(&of[end], 0, PSH | ACK, end ? 600 + chance() % 900 : MSS);

        send_at(&of[end], 0, &made, end);
        if (end && chance() % 2)
            of[end].seq[0] -= made.payload_bytes;
    }
}

/* The very same segment again and again, at both points. */
static void alike(uint32_t number)
{
    static talk of = {.seq = {77, 99}};
    packet made;

    if (number == 0) {
        pass(&of, 0, SYN, 0, 0, 1);
        of.seq[0] = 78;
        pass(&of, 1, SYN | ACK, 0, 0, 1);
        of.seq[1] = 100;
    }
    made = segment(&of, 0, PSH | ACK, 100);
    made.id = 1;
    made.seq = 78;
    send_at(&of, 0, &made, number / 1000 % 2);
}

const kind wrappings[] = {{"nested", nested, 0},
                          {"large", large, 0},
                          {"unreachable", unreachable, 0},
                          {"interfaces", everywhere, many_interfaces},
                          {"one-name", everywhere, one_name},
                          {"indexes", indexes, cooked},
                          {"names", lossy, hostile_names},
                          {"recut", recut, two_points},
                          {"alike", alike, two_points},
                          {0}};
