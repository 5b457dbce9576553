/* SPDX-License-Identifier: GPL-2.0-or-later */
/* traffic MIX PACKETS [PACKETS-PER-FLOW [FLOWS-AT-ONCE [MICROSECONDS-APART]]] > CAPTURE: TCP traffic for measurements;
 * without arguments it lists the mixes.
 *
 * Flows that are alive at once take turns packet by packet; with a time between packets they do not end all at once,
 * but one by one. The same capture for the same arguments. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIN = 0x01,
    SYN = 0x02,
    RST = 0x04,
    PSH = 0x08,
    ACK = 0x10,
    MSS = 1448,          /* what timestamps leave of 1460 */
    MERGED = 10 * MSS,   /* segments that the receiving host's network card or kernel has put together */
    CLOSING = 4,         /* packets */
    STEP_US = 137,       /* from packet to packet, as a rule */
    WIRE_US = 5,         /* from one capture point to the other */
    ETHERNET_LEAST = 60, /* bytes of a frame without its check sequence */
    VXLAN_BYTES = 50,    /* Ethernet, IPv4, UDP, VXLAN */
    FOREVER = 1 << 30,
    WRITTEN_AT_ONCE = 1 << 16, /* bytes: what a pipe holds */
};

/** What is peculiar to the packets of a mix. */
enum {
    IPV6 = 1 << 0,
    VXLAN = 1 << 1,
    SHORT = 1 << 2,     /**< no timestamps: the frames are padded */
    PARTIAL = 1 << 3,   /**< the checksum field has the sum of the pseudo-header only, as its host's kernel leaves it */
    POINTS = 1 << 4,    /**< captured at both ends of a wire */
    ADDRESSES = 1 << 5, /**< each flow has a client address of its own */
};

/** One flow under way. */
typedef struct flow {
    uint32_t number;
    uint32_t per_flow;
    uint32_t packet;   /**< of this flow, from 0 */
    uint32_t seq[2];   /**< next of the client and of the server */
    uint32_t tsval[2]; /**< newest of both */
} flow;

typedef struct mix {
    const char *name;
    int (*step)(flow *f); /**< the flow's next packet; false after its last */
    uint32_t per_flow;
    uint32_t at_once;
    unsigned peculiar;
} mix;

static uint8_t frame[1 << 16];
static uint64_t time_us = UINT64_C(1700000000000000);
static unsigned peculiar;
static uint32_t frames_left;
static uint32_t step_us;

static void put16(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void put32(uint8_t *bytes, uint32_t value)
{
    put16(bytes, value >> 16);
    put16(bytes + 2, value & 0xffff);
}

static uint16_t folded(const uint8_t *bytes, size_t count, uint32_t sum)
{
    for (size_t i = 0; i < count; i++)
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static uint16_t checksum(const uint8_t *bytes, size_t count, uint32_t sum)
{
    return (uint16_t)~folded(bytes, count, sum);
}

/* ---- the file: pcap, or pcapng with two interfaces ---- */

static void write_words(const uint32_t *words, size_t count)
{
    fwrite(words, sizeof *words, count, stdout);
}

static void write_file_header(void)
{
    static const uint32_t pcap[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
    static const uint32_t section[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX, 28};
    uint32_t interface[] = {1, 32, 1, 65535, 4 << 16 | 2, 0, 0, 32}; /* option 2: a name of 4 bytes */

    if (!(peculiar & POINTS)) {
        write_words(pcap, sizeof pcap / sizeof *pcap);
        return;
    }
    write_words(section, sizeof section / sizeof *section);
    for (unsigned i = 0; i < 2; i++) {
        memcpy(&interface[5], i ? "far." : "near", 4);
        write_words(interface, sizeof interface / sizeof *interface);
    }
}

static void write_enhanced_block(uint32_t interface, uint64_t at_us, uint32_t bytes)
{
    uint32_t length = 32 + (bytes + 3) / 4 * 4;
    uint32_t head[] = {6, length, interface, (uint32_t)(at_us >> 32), (uint32_t)at_us, bytes, bytes};

    memset(frame + bytes, 0, 4);
    write_words(head, sizeof head / sizeof *head);
    fwrite(frame, length - 32, 1, stdout);
    write_words(&length, 1);
}

static void write_frame(unsigned from, uint32_t bytes)
{
    uint32_t head[] = {(uint32_t)(time_us / 1000000), (uint32_t)(time_us % 1000000), bytes, bytes};

    if (peculiar & POINTS) {
        write_enhanced_block(from, time_us, bytes);
        if (frames_left > 1)
            write_enhanced_block(!from, time_us + WIRE_US, bytes);
        frames_left -= frames_left > 1;
    } else {
        write_words(head, sizeof head / sizeof *head);
        fwrite(frame, bytes, 1, stdout);
    }
    frames_left--;
    time_us += step_us;
}

/* ---- one packet ---- */

static uint32_t put_options(uint8_t *at, flow *f, unsigned from, unsigned syn)
{
    static const uint8_t opening[] = {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7};
    static const uint8_t later[] = {1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0};
    uint32_t count = syn ? sizeof opening : sizeof later;

    if (peculiar & SHORT) {
        memcpy(at, opening, 4);
        return syn ? 4 : 0;
    }
    memcpy(at, syn ? opening : later, count);
    f->tsval[from] = (uint32_t)(time_us / 1000) + f->number;
    put32(at + (syn ? 8 : 4), f->tsval[from]);
    put32(at + (syn ? 12 : 8), f->tsval[!from]);
    return count;
}

/* An IPv4 header without options. */
static void put_ipv4(uint8_t *ip, uint32_t total, uint32_t id, uint32_t ttl_and_protocol, uint32_t source,
                     uint32_t target)
{
    memset(ip, 0, 20);
    put16(ip, 0x4500);
    put16(ip + 2, total);
    put16(ip + 4, id);
    put16(ip + 6, 0x4000);
    put16(ip + 8, ttl_and_protocol);
    put32(ip + 12, source);
    put32(ip + 16, target);
    put16(ip + 10, checksum(ip, 20, 0));
}

static void put_ipv6(uint8_t *ip, uint32_t payload, uint32_t source, uint32_t target)
{
    memset(ip, 0, 40);
    put32(ip, 0x60000000);
    put16(ip + 4, payload);
    put16(ip + 6, 6 << 8 | 64);
    put32(ip + 8, 0x20010db8);
    put32(ip + 20, source);
    put32(ip + 24, 0x20010db8);
    put32(ip + 36, target);
}

static void put_vxlan(uint32_t inner_bytes, uint32_t id)
{
    memset(frame, 4, 12);
    put16(frame + 12, 0x0800);
    put_ipv4(frame + 14, 36 + inner_bytes, id, 64 << 8 | 17, 0xac100001, 0xac100002);
    put16(frame + 34, 49152 + id % 1024);
    put16(frame + 36, 4789);
    put16(frame + 38, 16 + inner_bytes);
    put16(frame + 40, 0); /* no checksum */
    put32(frame + 42, 0x08000000);
    put32(frame + 46, 42 << 8);
}

static uint32_t client_address(const flow *f)
{
    return peculiar & ADDRESSES ? 0x0b000000 + f->number : 0x0a000001 + f->number / 40000 + (f->number % 50 << 8);
}

static uint32_t server_address(const flow *f)
{
    return 0xc6336401 + (peculiar & ADDRESSES ? 0 : f->number % 20);
}

/** @return bytes of the header, whose addresses are then checksummed with the segment */
static uint32_t put_ip(uint8_t *ip, const flow *f, unsigned from, uint32_t tcp_bytes)
{
    uint32_t source = from ? server_address(f) : client_address(f);
    uint32_t target = from ? client_address(f) : server_address(f);

    if (peculiar & IPV6) {
        put_ipv6(ip, tcp_bytes, source, target);
        return 40;
    }
    put_ipv4(ip, 20 + tcp_bytes, f->packet + 1, 64 << 8 | 6, source, target);
    return 20;
}

static void put_checksum(uint8_t *tcp, uint32_t bytes, const uint8_t *addresses, int partial)
{
    uint32_t pseudo = folded(addresses, (size_t)(tcp - addresses), 6 + bytes);

    put16(tcp + 16, 0);
    put16(tcp + 16, partial ? pseudo : checksum(tcp, bytes, pseudo));
}

/** @return bytes of the header */
static uint32_t put_tcp(uint8_t *tcp, flow *f, unsigned from, unsigned flags)
{
    uint32_t port = 20000 + f->number % 40000, bytes = 20 + put_options(tcp + 20, f, from, flags & SYN);

    put16(tcp, from ? 443 : port);
    put16(tcp + 2, from ? port : 443);
    put32(tcp + 4, f->seq[from]);
    put32(tcp + 8, flags & ACK ? f->seq[!from] : 0);
    put16(tcp + 12, bytes / 4 << 12 | flags);
    put16(tcp + 14, flags & SYN ? 64240 : 501);
    put16(tcp + 18, 0);
    return bytes;
}

/** Emit a segment of the client (0) or the server (1) at its next sequence number. */
static void emit(flow *f, unsigned from, unsigned flags, uint32_t payload_bytes)
{
    uint8_t *ethernet = frame + (peculiar & VXLAN ? VXLAN_BYTES : 0), *ip = ethernet + 14;
    uint8_t *tcp = ip + (peculiar & IPV6 ? 40 : 20);
    uint32_t header_bytes = put_tcp(tcp, f, from, flags), tcp_bytes = header_bytes + payload_bytes;
    uint32_t bytes = 14 + put_ip(ip, f, from, tcp_bytes) + tcp_bytes;

    memset(ethernet, 2, 12);
    put16(ethernet + 12, peculiar & IPV6 ? 0x86dd : 0x0800);
    memset(tcp + header_bytes, 'a' + (int)(f->number % 26), payload_bytes);
    put_checksum(tcp, tcp_bytes, ip + (peculiar & IPV6 ? 8 : 12),
                 peculiar & PARTIAL && (from == 0 || payload_bytes > MSS));
    f->seq[from] += payload_bytes + !!(flags & SYN) + !!(flags & FIN);
    for (; peculiar & SHORT && bytes < ETHERNET_LEAST; bytes++)
        ethernet[bytes] = 0;
    if (peculiar & VXLAN) {
        put_vxlan(bytes, f->packet + 1);
        bytes += VXLAN_BYTES;
    }
    write_frame(from, bytes);
    f->packet++;
}

/** The same at another sequence number than the next. */
static void emit_at(flow *f, unsigned from, unsigned flags, uint32_t payload_bytes, uint32_t seq)
{
    uint32_t next = f->seq[from];

    f->seq[from] = seq;
    emit(f, from, flags, payload_bytes);
    f->seq[from] = next;
}

/* ---- what flows do ---- */

/** Handshake and request; false when they are over. */
static int open_flow(flow *f)
{
    switch (f->packet) {
    case 0:
        emit(f, 0, SYN, 0);
        return 1;
    case 1:
        emit(f, 1, SYN | ACK, 0);
        return 1;
    case 2:
        emit(f, 0, ACK, 0);
        return 1;
    case 3:
        emit(f, 0, PSH | ACK, peculiar & SHORT ? 1 : 200 + f->number % 600);
        return 1;
    default:
        return 0;
    }
}

/** Close by both; false with the last packet. */
static int close_flow(flow *f)
{
    switch (f->per_flow - f->packet) {
    case 4:
        emit(f, 0, ACK, 0);
        return 1;
    case 3:
        emit(f, 1, FIN | ACK, 0);
        return 1;
    case 2:
        emit(f, 0, FIN | ACK, 0);
        return 1;
    default:
        emit(f, 1, ACK, 0);
        return 0;
    }
}

/** A response of full segments, every second one acknowledged. */
static int respond(flow *f)
{
    uint32_t payload_bytes = peculiar & PARTIAL ? MERGED : MSS;

    if (open_flow(f))
        return 1;
    if (f->packet + CLOSING >= f->per_flow)
        return close_flow(f);
    emit(f, f->packet % 3 != 0, ACK, f->packet % 3 ? payload_bytes : 0);
    return 1;
}

/** Keystrokes, echoed and acknowledged. */
static int type(flow *f)
{
    if (open_flow(f))
        return 1;
    if (f->packet + CLOSING >= f->per_flow)
        return close_flow(f);
    switch (f->packet % 3) {
    case 1:
        emit(f, 1, PSH | ACK, 1);
        return 1;
    case 2:
        emit(f, 0, ACK, 0);
        return 1;
    default:
        emit(f, 0, PSH | ACK, 1);
        return 1;
    }
}

/** A SYN that nobody answers. */
static int knock(flow *f)
{
    emit(f, 0, SYN, 0);
    return 0;
}

/** A segment of the server's is acknowledged again and again, and sent again and again. */
static int repeat(flow *f)
{
    if (open_flow(f))
        return 1;
    if (f->packet == 4)
        emit(f, 1, ACK, MSS);
    else if (f->packet % 2)
        emit(f, 0, ACK, 0);
    else
        emit_at(f, 1, PSH | ACK, MSS, f->seq[1] - MSS);
    return 1;
}

/** RSTs that fall into the window, each beside the mark. */
static int shoot(flow *f)
{
    if (!open_flow(f))
        emit_at(f, 1, RST, 0, f->seq[1] + 1 + f->packet * 100 % 60000);
    return 1;
}

/** A RST beside the mark ends the flow. */
static int reset(flow *f)
{
    if (open_flow(f))
        return 1;
    emit_at(f, 1, RST, 0, f->seq[1] + 1000);
    return 0;
}

static const mix mixes[] = {
    {"fat", respond, FOREVER, 8, 0},        {"short", respond, 20, 400, 0},       {"syn", knock, 1, 1, ADDRESSES},
    {"storm", repeat, FOREVER, 20, 0},      {"rst", shoot, FOREVER, 50, 0},       {"reset", reset, 5, 400, 0},
    {"ipv6", respond, 100, 80, IPV6},       {"vxlan", respond, 100, 80, VXLAN},   {"padded", type, 100, 80, SHORT},
    {"offload", respond, 100, 80, PARTIAL}, {"points", respond, 100, 40, POINTS},
};

static flow begin(uint32_t number, uint32_t per_flow)
{
    return (flow){.number = number, .per_flow = per_flow, .seq = {number * 2654435761u, number * 40503u + 77}};
}

/** The first ones are of different lengths, so that they end one by one, and so do those that follow them. */
static uint32_t staggered(uint32_t per_flow, uint32_t number, uint32_t at_once)
{
    uint32_t least = per_flow < 4 + CLOSING ? per_flow : 4 + CLOSING;

    return least + (uint32_t)((uint64_t)(per_flow - least) * (number + 1) / at_once);
}

static void run(const mix *of, uint32_t per_flow, uint32_t at_once, int one_by_one)
{
    flow *flows = calloc(at_once, sizeof *flows);
    uint32_t begun = 0;

    if (!flows)
        exit(1);
    for (; begun < at_once; begun++)
        flows[begun] = begin(begun, one_by_one ? staggered(per_flow, begun, at_once) : per_flow);
    write_file_header();
    for (uint32_t turn = 0; frames_left > 0; turn = (turn + 1) % at_once)
        if (!of->step(&flows[turn]))
            flows[turn] = begin(begun++, per_flow);
    free(flows);
}

static const mix *find(const char *name)
{
    for (unsigned i = 0; i < sizeof mixes / sizeof *mixes; i++)
        if (strcmp(mixes[i].name, name) == 0)
            return &mixes[i];
    return NULL;
}

static uint32_t number(int argc, char **argv, int at, uint32_t usual)
{
    return argc > at ? (uint32_t)strtoul(argv[at], NULL, 10) : usual;
}

int main(int argc, char **argv)
{
    const mix *of = argc > 2 ? find(argv[1]) : NULL;

    for (unsigned i = 0; argc == 1 && i < sizeof mixes / sizeof *mixes; i++)
        puts(mixes[i].name);
    if (argc == 1)
        return 0;
    uint32_t per_flow = number(argc, argv, 3, of ? of->per_flow : 0),
             at_once = number(argc, argv, 4, of ? of->at_once : 0);
    if (!of || at_once == 0 || per_flow < (of->per_flow < 4 + CLOSING ? of->per_flow : 4 + CLOSING)) {
        fputs("usage: traffic MIX PACKETS [PACKETS-PER-FLOW, at least 8 [FLOWS-AT-ONCE [MICROSECONDS-APART]]]\n",
              stderr);
        return 2;
    }
    peculiar = of->peculiar;
    frames_left = number(argc, argv, 2, 0);
    step_us = number(argc, argv, 5, STEP_US);
    setvbuf(stdout, NULL, _IOFBF, WRITTEN_AT_ONCE);
    run(of, per_flow, at_once, argc > 5);
    return ferror(stdout) || fclose(stdout);
}
