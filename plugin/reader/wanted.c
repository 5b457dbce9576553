/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wanted.h"

#include <string.h>

#include <wsutil/inet_addr.h>

static bool read_port(const char *text, uint16_t *port)
{
    char *end;
    guint64 number;

    if (!g_ascii_isdigit(*text))
        return false;
    number = g_ascii_strtoull(text, &end, 10);
    *port = (uint16_t)number;
    return *end == '\0' && number > 0 && number <= UINT16_MAX;
}

static bool read_address(const char *text, tcpt_wanted_end *end)
{
    ws_in4_addr ipv4;
    ws_in6_addr ipv6;

    if (ws_inet_pton4(text, &ipv4)) {
        end->family = 4;
        memcpy(end->address, &ipv4, 4);
        return true;
    }
    if (!ws_inet_pton6(text, &ipv6))
        return false;
    end->family = 6;
    memcpy(end->address, &ipv6, 16);
    return true;
}

bool tcpt_wanted_add(tcpt_wanted *wanted, const char *text)
{
    const char *slash = strrchr(text, '/');
    char *host = slash ? g_strndup(text, (gsize)(slash - text)) : g_strdup(text);
    tcpt_wanted_end end = {0};
    bool good = (!slash || read_port(slash + 1, &end.port)) && (slash && !*host ? true : read_address(host, &end));

    g_free(host);
    if (!good)
        return false;
    if (!wanted->ends)
        wanted->ends = g_array_new(FALSE, FALSE, sizeof end);
    g_array_append_val(wanted->ends, end);
    return true;
}

static bool is_end(const tcpt_wanted_end *end, const tcpt_flow_key *key, unsigned of)
{
    if (end->port && end->port != key->port[of])
        return false;
    return !end->family ||
           (end->family == key->family && memcmp(end->address, key->address[of], key->family == 4 ? 4 : 16) == 0);
}

bool tcpt_wanted_has(const tcpt_wanted *wanted, const tcpt_flow *flow)
{
    for (guint i = 0; wanted->ends && i < wanted->ends->len; i++)
        for (unsigned of = 0; of < 2; of++)
            if (is_end(&g_array_index(wanted->ends, tcpt_wanted_end, i), &flow->key, of))
                return true;
    return !wanted->ends;
}

void tcpt_wanted_clear(tcpt_wanted *wanted)
{
    if (wanted->ends)
        g_array_unref(wanted->ends);
    wanted->ends = NULL;
}
