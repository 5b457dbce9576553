/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "remedy.h"

#include <stdarg.h>
#include <string.h>

#include <glib.h>

#include "tcptriage/address.h"

/* The other side is in the file as well. Clocks of two points tell nothing: any life of the tuple there counts. */
static bool seen_elsewhere(const tcpt_flow *flow)
{
    enum { LOOKED_MOST = 64 };
    const tcpt_flow *twin = tcpt_next_twin(flow);

    for (unsigned looked = 0; twin != flow && looked < LOOKED_MOST; twin = tcpt_next_twin(twin), looked++)
        if (twin->at != flow->at)
            return true;
    return false;
}

/* A host speaks with itself: all that both ends see is in the capture, and no device is between them. */
static bool on_loopback(const tcpt_flow *flow)
{
    enum { LOOPBACK_NET = 127 }; /* RFC 1122, section 3.2.1.3 */
    const uint8_t *a = flow->key.address[0], *b = flow->key.address[1];

    return memcmp(a, b, sizeof flow->key.address[0]) == 0 ||
           (flow->key.family == 4 && a[0] == LOOPBACK_NET && b[0] == LOOPBACK_NET);
}

tcpt_remedy tcpt_remedy_of_finding(const tcpt_finding *finding)
{
    const tcpt_flow *flow = tcpt_flow_of(finding->on);
    bool loopback = on_loopback(flow);

    return (tcpt_remedy){
        .detector = finding->diagnosis->detector,
        .flow = flow,
        .blamed = tcpt_blamed_end(finding),
        .elsewhere = loopback || seen_elsewhere(flow),
        .loopback = loopback,
    };
}

tcpt_remedy tcpt_remedy_of_case(const tcpt_case *made)
{
    tcpt_remedy remedy;

    if (!made->example_count || made->scattered)
        return (tcpt_remedy){.detector = made->detector};
    remedy = tcpt_remedy_of_finding(&made->examples[0].cause->first);
    remedy.differs = made->differs;
    return remedy;
}

/* ---- commands ---- */

/* A command while it is filled in. */
typedef struct filling {
    const tcpt_remedy *remedy;
    const tcpt_flow *flow;
    unsigned client; /* ends of the flow */
    unsigned host;   /* where it is run; the client's for the way */
} filling;

static void append_address(GString *line, const filling *with, unsigned end)
{
    char text[TCPT_ADDRESS_BYTES];

    g_string_append(line, tcpt_address_text(text, with->flow->key.family, with->flow->key.address[end]));
}

static void append_port(GString *line, const filling *with)
{
    g_string_append_printf(line, "%u", with->flow->key.port[!with->client]);
}

static void append_client(GString *line, const filling *with)
{
    append_address(line, with, with->client);
}

static void append_server(GString *line, const filling *with)
{
    append_address(line, with, !with->client);
}

static void append_host(GString *line, const filling *with)
{
    append_address(line, with, with->host);
}

static void append_other(GString *line, const filling *with)
{
    append_address(line, with, !with->host);
}

static void append_family(GString *line, const filling *with)
{
    g_string_append_printf(line, "ipv%u", with->flow->key.family);
}

/* The client's port is another one with the next connection. */
static void append_traffic(GString *line, const filling *with)
{
    uint8_t differs = with->remedy->differs;

    g_string_append(line, "tcp");
    if (!(differs & TCPT_DIFFERENT_PORTS)) {
        g_string_append(line, " port ");
        append_port(line, with);
    }
    if (!(differs & TCPT_DIFFERENT_SERVERS)) {
        g_string_append(line, " and host ");
        append_server(line, with);
    }
    if (!(differs & TCPT_DIFFERENT_CLIENTS) && !with->remedy->loopback) {
        g_string_append(line, " and host ");
        append_client(line, with);
    }
}

/* ss has an address of IPv6 in brackets. */
static void append_socket(GString *line, const filling *with)
{
    bool on_server = with->host != with->client, v6 = with->flow->key.family != 4;
    uint8_t differs = with->remedy->differs;

    if (!(differs & TCPT_DIFFERENT_PORTS)) {
        g_string_append(line, on_server ? "sport = :" : "dport = :");
        append_port(line, with);
    }
    if (differs & (on_server ? TCPT_DIFFERENT_CLIENTS : TCPT_DIFFERENT_SERVERS))
        return;
    g_string_append_printf(line, "%sdst %s", differs & TCPT_DIFFERENT_PORTS ? "" : " and ", v6 ? "[" : "");
    append_other(line, with);
    g_string_append(line, v6 ? "]" : "");
}

static const struct placeholder {
    const char *name;
    void (*append)(GString *line, const filling *with);
} placeholders[] = {
    {"%client%", append_client}, {"%server%", append_server}, {"%host%", append_host},
    {"%other%", append_other},   {"%port%", append_port},     {"%traffic%", append_traffic},
    {"%socket%", append_socket}, {"%family%", append_family},
};

static const struct placeholder *placeholder_at(const char *text)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(placeholders); i++)
        if (g_str_has_prefix(text, placeholders[i].name))
            return &placeholders[i];
    return NULL;
}

static char *fill(const filling *with, const char *text)
{
    GString *line = g_string_new(NULL);

    for (const char *at = strchr(text, '%'); at; at = strchr(at, '%')) {
        const struct placeholder *known = placeholder_at(at);

        if (!known) {
            at++;
            continue;
        }
        g_string_append_len(line, text, at - text);
        known->append(line, with);
        at += strlen(known->name);
        text = at;
    }
    g_string_append(line, text);
    return g_string_free(line, FALSE);
}

static bool captures(const char *line)
{
    return g_str_has_prefix(line, "tcpdump ");
}

static bool is_asked(const tcpt_remedy *remedy, const tcpt_command *command)
{
    if (!remedy->flow && (command->where != TCPT_ON_THE_WAY || strchr(command->line, '%')))
        return false; /* whose? */
    if (remedy->loopback && (command->where == TCPT_ON_THE_WAY || g_str_has_prefix(command->line, "traceroute ")))
        return false;
    return !remedy->elsewhere || !captures(command->line);
}

static unsigned end_for(const tcpt_remedy *remedy, tcpt_where where)
{
    switch (where) {
    case TCPT_ON_SERVER:
        return !remedy->flow->client;
    case TCPT_ON_BLAMED:
        return remedy->blamed;
    case TCPT_ON_OTHER:
        return !remedy->blamed;
    case TCPT_ON_CLIENT:
    case TCPT_ON_THE_WAY:
        break;
    }
    return remedy->flow->client;
}

static void fill_in(const tcpt_remedy *remedy, const tcpt_command *from, tcpt_asked *command)
{
    filling with = {.remedy = remedy, .flow = remedy->flow};
    GString *host;

    *command = (tcpt_asked){.on = "way", .tells = from->tells};
    if (!remedy->flow) {
        command->line = g_strdup(from->line);
        return;
    }
    with.client = remedy->flow->client;
    with.host = end_for(remedy, from->where);
    command->line = fill(&with, from->line);
    if (from->where == TCPT_ON_THE_WAY)
        return;
    host = g_string_new(NULL);
    append_host(host, &with);
    command->host = g_string_free(host, FALSE);
    command->on = with.host == with.client ? "client" : "server";
}

bool tcpt_next_command(const tcpt_remedy *remedy, unsigned *at, tcpt_asked *command)
{
    const tcpt_command *rows = remedy->detector->commands;

    for (; rows && rows[*at].line; ++*at)
        if (is_asked(remedy, &rows[*at])) {
            fill_in(remedy, &rows[(*at)++], command);
            return true;
        }
    return false;
}

bool tcpt_asks_for_capture(const tcpt_asked *command)
{
    return captures(command->line);
}

void tcpt_asked_clear(tcpt_asked *command)
{
    g_clear_pointer(&command->host, g_free);
    g_clear_pointer(&command->line, g_free);
}

/* ---- sentences ---- */

/* Of the one that a text begins with, its full stop included. */
static size_t sentence_bytes(const char *text)
{
    const char *end = strstr(text, ". ");

    return end ? (size_t)(end - text) + 1 : strlen(text);
}

/* Whether a sentence asks for what need not be done. */
static bool is_idle(const tcpt_remedy *remedy, const char *sentence, size_t bytes)
{
    static const char *const way[] = {"the path", "the way", "firewall", "device", "middlebox"};

    if (remedy->elsewhere && g_str_has_prefix(sentence, "Capture "))
        return true;
    for (unsigned i = 0; remedy->loopback && i < G_N_ELEMENTS(way); i++)
        if (g_strstr_len(sentence, (gssize)bytes, way[i]))
            return true;
    return false;
}

static bool asks_for_any(const tcpt_remedy *remedy)
{
    for (const tcpt_command *row = remedy->detector->commands; row && row->line; row++)
        if (is_asked(remedy, row))
            return true;
    return false;
}

char *tcpt_remedy_advice(const tcpt_remedy *remedy)
{
    const char *text = remedy->detector->remedy;
    GString *left = g_string_new(NULL);

    while (*text) {
        size_t bytes = sentence_bytes(text);

        if (!is_idle(remedy, text, bytes)) {
            g_string_append(left, left->len ? " " : "");
            g_string_append_len(left, text, (gssize)bytes);
        }
        text += bytes;
        text += strspn(text, " ");
    }
    if (left->len == 0 && !asks_for_any(remedy)) /* better too much than nothing */
        g_string_assign(left, remedy->detector->remedy);
    return g_string_free(left, FALSE);
}

/* A sentence that begins with "If" or "Its" goes on with what is captured. */
static bool is_on_capture(const char *sentence, bool before)
{
    return g_str_has_prefix(sentence, "Capture ") ||
           (before && (g_str_has_prefix(sentence, "If ") || g_str_has_prefix(sentence, "Its ")));
}

char *tcpt_remedy_advice_on(const tcpt_remedy *remedy, bool capture)
{
    char *advice = tcpt_remedy_advice(remedy);
    GString *chosen = g_string_new(NULL);
    bool on_capture = false;

    for (const char *text = advice; *text;) {
        size_t bytes = sentence_bytes(text);

        on_capture = is_on_capture(text, on_capture);
        if (on_capture == capture)
            g_string_append_printf(chosen, "%s%.*s", chosen->len ? " " : "", (int)bytes, text);
        text += bytes;
        text += strspn(text, " ");
    }
    g_free(advice);
    return g_string_free(chosen, FALSE);
}

/* Up to a NULL. Trees and exports write a remedy for every finding: this takes a tenth of what a format does. */
static void G_GNUC_NULL_TERMINATED append_all(GString *text, ...)
{
    va_list parts;

    va_start(parts, text);
    for (const char *part = va_arg(parts, const char *); part; part = va_arg(parts, const char *))
        g_string_append(text, part);
    va_end(parts);
}

char *tcpt_remedy_text(const tcpt_remedy *remedy)
{
    char *advice = tcpt_remedy_advice(remedy);
    GString *text = g_string_new(advice);
    tcpt_asked command;

    g_free(advice);
    for (unsigned at = 0; tcpt_next_command(remedy, &at, &command); tcpt_asked_clear(&command)) {
        append_all(text, text->len ? " " : "", "On the ", command.on, command.host ? " " : "",
                   command.host ? command.host : "", ": ", command.line, " (", command.tells, ").", NULL);
    }
    return g_string_free(text, FALSE);
}
