/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads scenario scripts: directives, times and expectations. packet.c reads what is on the wire. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"

#include "tcptriage/settings.h"

/** State of the reader; lives for one file. */
typedef struct reader {
    GPtrArray *scenarios;
    scn_scenario *scenario; /**< being read, or NULL */
    scn_flow *flow;         /**< in use */
    scn_packet *previous;   /**< of the line before, or NULL */
    scn_frame *frame;       /**< of the newest traffic line */
    int64_t time_ns;
    char *id;
    bool flooded;
} reader;

void scn_error(const scn_line *line, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "%s:%u: ", line->path, line->number);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

const char *scn_next(scn_line *line)
{
    return line->words[line->at] ? line->words[line->at++] : NULL;
}

const char *scn_need(scn_line *line, const char *what)
{
    const char *word = scn_next(line);
    if (!word)
        scn_error(line, "%s is missing", what);
    return word;
}

uint32_t scn_number(const scn_line *line, const char *word)
{
    char *rest;
    long long number = strtoll(word, &rest, 0);
    if (rest == word || *rest || number < -1 || number > UINT32_MAX)
        scn_error(line, "not a number: %s", word);
    return (uint32_t)number;
}

/** Length of the word at `text`: option lists are one word, and quotes hold a word together. */
static size_t word_length(const char *text)
{
    size_t length = 0;
    bool quoted = false;
    if (*text == '<' && text[1] && !strchr(" \t", text[1]))
        return strcspn(text, ">") + 1;
    for (; text[length] && (quoted || !strchr(" \t", text[length])); length++) {
        if (text[length] == '"')
            quoted = !quoted;
        else if (quoted && text[length] == '\\' && text[length + 1])
            length++;
    }
    return length;
}

/** Words of a line without its comment. @return g_strfreev() it */
static char **split(const char *text)
{
    GPtrArray *words = g_ptr_array_new();
    for (text += strspn(text, " \t"); *text && *text != '#'; text += strspn(text, " \t")) {
        size_t length = MIN(word_length(text), strlen(text));
        g_ptr_array_add(words, g_strndup(text, length));
        text += length;
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

/** Seconds with up to nine decimals. */
static int64_t read_seconds(const scn_line *line, const char *word)
{
    char *rest;
    int64_t seconds = strtoll(word, &rest, 10) * 1000000000;
    int64_t unit = 100000000;
    if (rest == word)
        scn_error(line, "not a time: %s", word);
    if (*rest == '.') {
        for (rest++; g_ascii_isdigit(*rest); rest++, unit /= 10)
            seconds += (*rest - '0') * unit;
    }
    if (*rest)
        scn_error(line, "not a time: %s", word);
    return seconds;
}

static void free_frame(void *data)
{
    scn_frame *frame = data;
    g_byte_array_unref(frame->bytes);
    g_ptr_array_unref(frame->expected);
    g_free(frame->label);
    g_free(frame->states);
    g_free(frame->final_states);
    g_free(frame);
}

static void free_flow(void *data)
{
    scn_flow *flow = data;
    g_free(flow->name);
    g_free(flow);
}

static void free_scenario(void *data)
{
    scn_scenario *scenario = data;
    g_ptr_array_unref(scenario->somewhere);
    g_ptr_array_unref(scenario->frames);
    g_ptr_array_unref(scenario->flows);
    g_ptr_array_unref(scenario->settings);
    g_free(scenario->name);
    g_free(scenario->id);
    g_free(scenario->file);
    g_free(scenario);
}

/** Addresses of the documentation blocks (RFC 5737, RFC 3849), one pair per scenario. */
static void set_addresses(scn_flow *flow, unsigned number, bool ipv6)
{
    static const uint8_t v4[2][4] = {{192, 0, 2}, {198, 51, 100}};
    static const uint8_t v6[4] = {0x20, 0x01, 0x0d, 0xb8};
    flow->ipv6 = ipv6;
    for (unsigned end = 0; end < 2; end++) {
        uint8_t *address = flow->ends[end].address;
        memset(address, 0, 16);
        memcpy(address, ipv6 ? v6 : v4[end], 4);
        address[ipv6 ? 7 : 3] = (uint8_t)number;
        address[ipv6 ? 15 : 3] = (uint8_t)(ipv6 ? end + 1 : number);
    }
}

static scn_flow *add_flow(scn_scenario *scenario, const char *name)
{
    static const uint32_t isn[2] = {1000000, 5000000};
    scn_flow *flow = g_new0(scn_flow, 1);
    flow->name = g_strdup(name);
    set_addresses(flow, scenario->number, false);
    for (unsigned end = 0; end < 2; end++) {
        flow->ends[end].isn = isn[end];
        flow->ends[end].window = 65535;
        flow->ends[end].ip_id = (uint16_t)(1000 + 20000 * end);
    }
    flow->ends[0].port = (uint16_t)(40000 + scenario->flows->len);
    flow->ends[1].port = 80;
    g_ptr_array_add(scenario->flows, flow);
    return flow;
}

/** scenario "name" hit | scenario "name" near miss */
static void read_scenario(reader *state, scn_line *line)
{
    const char *name = scn_need(line, "the scenario's name");
    const char *kind = scn_need(line, "'hit' or 'near miss'");
    scn_scenario *scenario = g_new0(scn_scenario, 1);
    if (strlen(name) < 3 || *name != '"')
        scn_error(line, "the scenario's name needs quotes");
    scenario->file = g_strdup(line->path);
    scenario->id = g_strdup(state->id);
    scenario->name = g_strndup(name + 1, strlen(name) - 2);
    scenario->line = line->number;
    scenario->number = state->scenarios->len + 1;
    scenario->flooded = state->flooded;
    scenario->hit = !strcmp(kind, "hit");
    if (!scenario->hit && (strcmp(kind, "near") != 0 || strcmp(scn_need(line, "'miss'"), "miss") != 0))
        scn_error(line, "'hit' or 'near miss' expected");
    scenario->settings = g_ptr_array_new_with_free_func(g_free);
    scenario->flows = g_ptr_array_new_with_free_func(free_flow);
    scenario->frames = g_ptr_array_new_with_free_func(free_frame);
    scenario->somewhere = g_ptr_array_new_with_free_func(scn_expectation_free);
    g_ptr_array_add(state->scenarios, scenario);
    state->scenario = scenario;
    state->flow = add_flow(scenario, "a");
    state->time_ns = 0;
    g_clear_pointer(&state->previous, scn_packet_free);
}

/** set PREFERENCE VALUE */
static void read_set(reader *state, scn_line *line)
{
    const char *name = scn_need(line, "the preference");
    const char *value = scn_need(line, "its value");
    tcpt_setting which = tcpt_setting_named(name);
    uint32_t read;
    if (which == TCPT_SETTINGS)
        scn_error(line, "there is no preference %s", name);
    if (!tcpt_setting_read(which, value, &read))
        scn_error(line, "%s cannot be %s", name, value);
    g_ptr_array_add(state->scenario->settings, g_strdup_printf("%s:%s", name, value));
}

/** flow NAME: go on with another flow between the same hosts, made at its first mention */
static void read_flow(reader *state, scn_line *line)
{
    const char *name = scn_need(line, "the flow's name");
    for (unsigned i = 0; i < state->scenario->flows->len; i++) {
        state->flow = state->scenario->flows->pdata[i];
        if (!strcmp(state->flow->name, name))
            return;
    }
    state->flow = add_flow(state->scenario, name);
}

/** isn CLIENT SERVER: what relative zero means; a later life of the flow starts with new ones */
static void read_isn(reader *state, scn_line *line)
{
    for (unsigned end = 0; end < 2; end++) {
        state->flow->ends[end].isn = scn_number(line, scn_need(line, "the initial sequence number"));
        state->flow->ends[end].next = 0;
    }
}

static void read_ports(reader *state, scn_line *line)
{
    for (unsigned end = 0; end < 2; end++)
        state->flow->ends[end].port = (uint16_t)scn_number(line, scn_need(line, "the port"));
}

/** padded client|server|both */
static void read_padded(reader *state, scn_line *line)
{
    const char *who = scn_need(line, "who pads");
    if (strcmp(who, "server") != 0)
        state->flow->ends[0].padded = true;
    if (strcmp(who, "client") != 0)
        state->flow->ends[1].padded = true;
}

static void read_ipv6(reader *state, scn_line *line)
{
    (void)line;
    set_addresses(state->flow, state->scenario->number, true);
}

/** client N: the flow's client is another host, N of a block per scenario (RFC 2544 for IPv4) */
static void read_client(reader *state, scn_line *line)
{
    static const uint8_t v4[2] = {198, 18};
    uint8_t *address = state->flow->ends[0].address;
    uint8_t host = (uint8_t)scn_number(line, scn_need(line, "the client's number"));
    if (state->flow->ipv6) {
        address[14] = host;
        return;
    }
    memcpy(address, v4, sizeof v4);
    address[2] = (uint8_t)state->scenario->number;
    address[3] = host;
}

static void read_vlan(reader *state, scn_line *line)
{
    state->flow->vlan = (uint16_t)scn_number(line, scn_need(line, "the VLAN"));
}

static void read_alone(reader *state, scn_line *line)
{
    (void)line;
    state->scenario->alone = true;
}

static void read_strict(reader *state, scn_line *line)
{
    if (strcmp(scn_need(line, "'chats'"), "chats") != 0)
        scn_error(line, "'strict chats' expected");
    state->scenario->strict_chats = true;
}

/** end SECONDS: other traffic shows that the capture went on until then */
/** points SECONDS: the client's lines are seen at point 0 and so much later at point 1, the server's the other way */
static void read_points(reader *state, scn_line *line)
{
    state->scenario->across_ns = read_seconds(line, scn_need(line, "the time from one to the other"));
}

static void read_end(reader *state, scn_line *line)
{
    state->scenario->end_ns = read_seconds(line, scn_need(line, "the time"));
}

/** somewhere ID field=value ...: the rule leaves open which frame settles it */
static void read_somewhere(reader *state, scn_line *line)
{
    g_ptr_array_add(state->scenario->somewhere, scn_expectation_read(line, "!end"));
}

/** maybe ID field=value ...: what is as said wherever it is raised, but need not be */
static void read_maybe(reader *state, scn_line *line)
{
    g_ptr_array_add(state->scenario->somewhere, scn_expectation_read(line, "!may"));
}

static void read_line(reader *state, scn_line *line);

/** [server] [@label] behind `open` and `close` */
static bool read_side(scn_line *line, const char **label)
{
    const char *word = scn_next(line);
    bool server = word && !strcmp(word, "server");
    if (server)
        word = scn_next(line);
    if (word && *word != '@')
        scn_error(line, "'server' or @label expected, not %s", word);
    *label = word ? word + 1 : NULL;
    return server;
}

/** Three lines that the directive stands for; their frames are labelled label.1 to label.3. */
static void read_three(reader *state, const scn_line *line, const char *const *lines, const char *label)
{
    for (unsigned i = 0; i < 3; i++) {
        scn_line part = {.path = line->path, .number = line->number};
        part.words = split(lines[i]);
        read_line(state, &part);
        state->frame->part = i + 1;
        if (label)
            state->frame->label = g_strdup_printf("%s.%u", label, i + 1);
        g_strfreev(part.words);
    }
}

/** open: a handshake with window scale 7 and a round trip of 20 ms, captured at the client or the server */
static void read_open(reader *state, scn_line *line)
{
    static const char *const lines[2][3] = {
        {"+0 > S 0:0(0) win 64240 <mss 1460,sackOK,nop,ws 7>",
         "+0.02 < S. 0:0(0) ack 1 win 65160 <mss 1460,nop,nop,sackOK,nop,ws 7>", "+0.0001 > . ack 1 win 502"},
        {"+0 > S 0:0(0) win 64240 <mss 1460,sackOK,nop,ws 7>",
         "+0.0001 < S. 0:0(0) ack 1 win 65160 <mss 1460,nop,nop,sackOK,nop,ws 7>", "+0.02 > . ack 1 win 502"},
    };
    const char *label;
    bool server = read_side(line, &label);
    read_three(state, line, lines[server], label);
}

/** close: FIN, FIN and ACK at a round trip of 20 ms; the client, or the server, closes first */
static void read_close(reader *state, scn_line *line)
{
    const char *label;
    bool server = read_side(line, &label);
    const scn_end *first = &state->flow->ends[server];
    const scn_end *second = &state->flow->ends[!server];
    char marks[2] = {server ? '<' : '>', server ? '>' : '<'};
    char *lines[3] = {g_strdup_printf("+0.1 %c F. ack %u", marks[0], second->next),
                      g_strdup_printf("+0.02 %c F. ack %u", marks[1], first->next + 1),
                      g_strdup_printf("+0.0001 %c . ack %u", marks[0], second->next + 1)};
    read_three(state, line, (const char *const *)lines, label);
    for (unsigned i = 0; i < 3; i++)
        g_free(lines[i]);
}

/** Of the whole script, before its first scenario. */
static void read_flooded(reader *state, scn_line *line)
{
    if (state->scenario)
        scn_error(line, "'flooded' stands before the first scenario");
    state->flooded = true;
}

static const struct directive {
    const char *word;
    void (*read)(reader *, scn_line *);
} directives[] = {
    {"flooded", read_flooded}, {"scenario", read_scenario},   {"set", read_set},       {"flow", read_flow},
    {"isn", read_isn},         {"ports", read_ports},         {"padded", read_padded}, {"ipv6", read_ipv6},
    {"vlan", read_vlan},       {"alone", read_alone},         {"strict", read_strict}, {"end", read_end},
    {"open", read_open},       {"somewhere", read_somewhere}, {"maybe", read_maybe},   {"client", read_client},
    {"close", read_close},     {"points", read_points},
};

static scn_frame *new_frame(unsigned line)
{
    scn_frame *frame = g_new0(scn_frame, 1);
    frame->line = line;
    frame->expected = g_ptr_array_new_with_free_func(scn_expectation_free);
    return frame;
}

/** Seen near its sender, and unless it is lost at the other point too. */
static void let_pass(scn_scenario *scenario, scn_frame *frame, unsigned near)
{
    frame->point = near;
    if (frame->lost)
        return;
    scn_frame *copy = new_frame(frame->line);
    copy->time_ns = frame->time_ns + scenario->across_ns;
    copy->point = !near;
    copy->bytes = g_byte_array_ref(frame->bytes);
    copy->wire_bytes = frame->wire_bytes;
    frame->copy = copy;
    g_ptr_array_add(scenario->frames, copy);
}

/** TIME icmp ... [expectations] */
static void read_icmp(reader *state, scn_line *line)
{
    scn_frame *frame = state->frame;
    scn_icmp_read(line, state->scenario, frame);
    scn_expectations_read(line, frame);
    g_ptr_array_add(state->scenario->frames, frame);
}

/** TIME packet [expectations] */
static void read_traffic(reader *state, scn_line *line)
{
    const char *word = scn_next(line);
    scn_frame *frame = state->frame = new_frame(line->number);
    if (!state->scenario)
        scn_error(line, "no scenario yet");
    state->time_ns = *word == '+' ? state->time_ns + read_seconds(line, word + 1) : read_seconds(line, word);
    frame->time_ns = state->time_ns;
    if (line->words[line->at] && !strcmp(line->words[line->at], "icmp")) {
        scn_next(line);
        read_icmp(state, line);
        return;
    }
    scn_packet *packet = scn_packet_read(line, state->flow, state->previous, frame);
    frame->bytes = scn_build(state->flow, packet);
    frame->wire_bytes = frame->bytes->len;
    if (packet->snap_bytes && packet->snap_bytes < frame->bytes->len)
        g_byte_array_set_size(frame->bytes, packet->snap_bytes);
    scn_expectations_read(line, frame);
    g_ptr_array_add(state->scenario->frames, frame);
    if (state->scenario->across_ns && !frame->placed)
        let_pass(state->scenario, frame, packet->from);
    g_clear_pointer(&state->previous, scn_packet_free);
    state->previous = packet;
}

static void read_line(reader *state, scn_line *line)
{
    const char *word = line->words[0];
    if (!word)
        return;
    if (g_ascii_isdigit(*word) || *word == '+') {
        read_traffic(state, line);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(directives); i++) {
        if (strcmp(directives[i].word, word) != 0)
            continue;
        if (i > 1 && !state->scenario) /* behind the first two */
            scn_error(line, "no scenario yet");
        line->at = 1;
        directives[i].read(state, line);
        if (scn_next(line))
            scn_error(line, "too much on this line");
        return;
    }
    scn_error(line, "not understood: %s", word);
}

/** Another flow's acknowledgment at the end of a capture that goes on after the scenario's last frame. */
static void add_filler(scn_scenario *scenario, unsigned point)
{
    scn_packet packet = {.flags = TCPT_ACK, .seq = 7000, .ack = 9000, .window = 512, .ttl = 64, .ip_id = 7};
    scn_flow other = {.ends = {{.port = 50022}, {.port = 22}}};
    set_addresses(&other, scenario->number, false);
    other.ends[0].address[2] = other.ends[1].address[2] = 3; /* neither host of the scenario */
    packet.payload = g_byte_array_new();
    packet.options = g_byte_array_new();
    packet.pad_pattern = g_byte_array_new();
    scn_frame *frame = new_frame(0);
    frame->time_ns = scenario->end_ns;
    frame->point = point;
    frame->bytes = scn_build(&other, &packet);
    frame->wire_bytes = frame->bytes->len;
    g_ptr_array_add(scenario->frames, frame);
    g_byte_array_unref(packet.payload);
    g_byte_array_unref(packet.options);
    g_byte_array_unref(packet.pad_pattern);
}

/** Copies pass lines behind them. The order of the rest stays: the sort is stable. */
static gint by_time(gconstpointer a, gconstpointer b)
{
    const scn_frame *left = *(const scn_frame *const *)a, *right = *(const scn_frame *const *)b;
    return (left->time_ns > right->time_ns) - (left->time_ns < right->time_ns);
}

static void finish(scn_scenario *scenario, const scn_line *line)
{
    int64_t last_ns = 0;
    bool expected = scn_expects_own(scenario, scenario->somewhere);
    for (unsigned i = 0; i < scenario->frames->len; i++) {
        const scn_frame *frame = scenario->frames->pdata[i];
        last_ns = MAX(last_ns, frame->time_ns);
        expected |= scn_expects_own(scenario, frame->expected);
    }
    if (!scenario->frames->len)
        scn_error(line, "scenario \"%s\" has no traffic", scenario->name);
    if (expected != scenario->hit)
        scn_error(line, "scenario \"%s\": a hit expects its finding, a near miss does not", scenario->name);
    if (scenario->end_ns > last_ns)
        for (unsigned point = 0; point <= (scenario->across_ns > 0); point++)
            add_filler(scenario, point);
    if (scenario->across_ns)
        g_ptr_array_sort(scenario->frames, by_time);
    scenario->end_ns = MAX(last_ns, scenario->end_ns);
}

static gint by_path(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *scn_scripts(const char *folder)
{
    const char *name;
    GDir *opened = g_dir_open(folder, 0, NULL);
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_assert_nonnull(opened);
    while ((name = g_dir_read_name(opened))) {
        if (g_str_has_suffix(name, ".pkt"))
            g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
    }
    g_ptr_array_sort(paths, by_path);
    g_dir_close(opened);
    return paths;
}

GPtrArray *scn_read(const char *path)
{
    char *base = g_path_get_basename(path);
    reader state = {.scenarios = g_ptr_array_new_with_free_func(free_scenario)};
    scn_line line = {.path = path};
    char *text = NULL;
    if (!g_str_has_suffix(base, ".pkt") || !g_file_get_contents(path, &text, NULL, NULL))
        scn_error(&line, "cannot be read, or its name does not end in .pkt");
    state.id = g_strndup(base, strlen(base) - 4);
    char **lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        line.number = i + 1;
        line.at = 0;
        line.words = split(lines[i]);
        read_line(&state, &line);
        g_strfreev(line.words);
    }
    for (unsigned i = 0; i < state.scenarios->len; i++)
        finish(state.scenarios->pdata[i], &line);
    g_clear_pointer(&state.previous, scn_packet_free);
    g_strfreev(lines);
    g_free(text);
    g_free(state.id);
    g_free(base);
    return state.scenarios;
}

void scn_each(const char *folder, void (*visit)(const scn_scenario *scenario, void *data), void *data)
{
    GPtrArray *paths = scn_scripts(folder);
    for (unsigned i = 0; i < paths->len; i++) {
        GPtrArray *scenarios = scn_read(paths->pdata[i]);
        for (unsigned s = 0; s < scenarios->len; s++)
            visit(scenarios->pdata[s], data);
        g_ptr_array_unref(scenarios);
    }
    g_ptr_array_unref(paths);
}
