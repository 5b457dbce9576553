/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcptriage/address.h"

#include <string.h>

#include <glib.h>

enum { GROUPS = 8 };

/* First of the longest run of zero groups; one alone is no run (RFC 5952, sections 4.2.2 and 4.2.3). */
static unsigned longest_zeros(const uint8_t *address, unsigned *length)
{
    unsigned best = GROUPS, run = 0;

    *length = 1;
    for (unsigned i = 0; i < GROUPS; i++) {
        run = address[(size_t)2 * i] || address[2 * i + 1] ? 0 : run + 1;
        if (run > *length) {
            *length = run;
            best = i + 1 - run;
        }
    }
    return best;
}

static void write_ipv6(char *text, const uint8_t *address)
{
    unsigned length, zeros = longest_zeros(address, &length);
    char *end = text;

    for (unsigned i = 0; i < GROUPS; i++) {
        if (i == zeros) {
            end += g_snprintf(end, 3, "::");
            i += length - 1;
            continue;
        }
        end += g_snprintf(end, 6, "%s%x", end > text && end[-1] != ':' ? ":" : "",
                          address[(size_t)2 * i] << 8 | address[2 * i + 1]);
    }
}

/* By hand: where ICMP errors come in floods each names its sender, and a printf would be most of what it costs. */
static void write_ipv4(char *text, const uint8_t *address)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned value = address[i];

        if (i > 0)
            *text++ = '.';
        if (value >= 100)
            *text++ = (char)('0' + value / 100);
        if (value >= 10)
            *text++ = (char)('0' + value / 10 % 10);
        *text++ = (char)('0' + value % 10);
    }
    *text = '\0';
}

const char *tcpt_address_text(char text[TCPT_ADDRESS_BYTES], unsigned family, const uint8_t *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* RFC 4291, section 2.5.5.2 */

    if (family == 4)
        write_ipv4(text, address);
    else if (memcmp(address, mapped, sizeof mapped) == 0)
        g_snprintf(text, TCPT_ADDRESS_BYTES, "::ffff:%u.%u.%u.%u", address[12], address[13], address[14], address[15]);
    else
        write_ipv6(text, address);
    return text;
}

const char *tcpt_socket_text(char text[TCPT_SOCKET_BYTES], unsigned family, const uint8_t *address, uint16_t port)
{
    char plain[TCPT_ADDRESS_BYTES];

    g_snprintf(text, TCPT_SOCKET_BYTES, family == 4 ? "%s:%u" : "[%s]:%u", tcpt_address_text(plain, family, address),
               port);
    return text;
}
