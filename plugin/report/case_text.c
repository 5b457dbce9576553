/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case_text.h"

#include <inttypes.h>
#include <string.h>

#include "tcptriage/address.h"
#include "tcptriage/outcome.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"
#include "words.h"

static char *address_of(const tcpt_flow *flow, unsigned end)
{
    char text[TCPT_ADDRESS_BYTES];

    return g_strdup(tcpt_address_text(text, flow->key.family, flow->key.address[end]));
}

static char *socket_of(const tcpt_flow *flow, unsigned end)
{
    char text[TCPT_SOCKET_BYTES];

    return g_strdup(tcpt_socket_text(text, flow->key.family, flow->key.address[end], flow->key.port[end]));
}

/* Takes both over. */
static char *join(const char *format, char *a, char *b)
{
    char *text = g_strdup_printf(format, a, b);

    g_free(a);
    g_free(b);
    return text;
}

static char *way(const tcpt_case *made)
{
    const tcpt_diagnosis *cause = made->example_count ? made->examples[0].cause : NULL;
    tcpt_value from, to;

    if (cause && tcpt_value_of(&cause->first, TCPT_F_VANTAGE_FROM, &from) &&
        tcpt_value_of(&cause->first, TCPT_F_VANTAGE_TO, &to))
        return g_strdup_printf("between %s and %s", from.text, to.text);
    if (made->ways_more && made->differs & TCPT_DIFFERENT_CLIENTS && made->differs & TCPT_DIFFERENT_SERVERS)
        return g_strdup_printf("the way to %u hosts", made->ways_more + 1);
    if (made->ways_more && made->differs & TCPT_DIFFERENT_CLIENTS)
        return join("between %s and %s", g_strdup_printf("%u clients", made->ways_more + 1),
                    socket_of(made->flow, !made->flow->client));
    if (made->ways_more)
        return join("between %s and %s", address_of(made->flow, made->flow->client),
                    g_strdup_printf("%u servers", made->ways_more + 1));
    return join("between %s and %s", address_of(made->flow, made->flow->client),
                socket_of(made->flow, !made->flow->client));
}

char *tcpt_case_blamed(const tcpt_case *made)
{
    if (!made->flow || made->scattered)
        return g_strdup("several places");
    if (made->ways_more || made->blamed_end == TCPT_WAY_BLAMED)
        return way(made);
    switch (made->detector->blames) {
    case TCPT_BLAMES_LISTENER:
        if (made->differs & TCPT_DIFFERENT_PORTS) /* of a host that answers nothing */
            return address_of(made->flow, !made->flow->client);
        return socket_of(made->flow, !made->flow->client);
    case TCPT_BLAMES_PAIR:
        return join("%s to %s", address_of(made->flow, made->flow->client), socket_of(made->flow, !made->flow->client));
    case TCPT_BLAMES_PATH:
        return way(made);
    case TCPT_BLAMES_CAPTURE:
        return g_strdup("the capture");
    default:
        return address_of(made->flow, made->blamed_end);
    }
}

const char *tcpt_severity_word(tcpt_severity severity)
{
    static const char *const words[] = {[TCPT_CHAT] = "chat", [TCPT_NOTE] = "note", [TCPT_WARN] = "warning"};

    return words[severity];
}

static double seconds_each(const tcpt_case *made)
{
    return tcpt_as_seconds(made->delay_ns / MAX(made->flow_count, 1u));
}

bool tcpt_delay_is_told(int64_t delay_ns)
{
    return delay_ns >= 50 * TCPT_MS_NS; /* what rounds to a tenth of a second */
}

static bool cost_is_told(const tcpt_case *made)
{
    return tcpt_delay_is_told(made->delay_ns / MAX(made->flow_count, 1u));
}

char *tcpt_case_cost(const tcpt_case *made)
{
    if (!cost_is_told(made))
        return g_strdup("");
    return g_strdup_printf("%.1f s%s", seconds_each(made), made->flow_count > 1 ? " each" : "");
}

static void append_cost(GString *title, const tcpt_case *made)
{
    if (made->flow_count > 1)
        g_string_append_printf(title, "; %u connections", made->flow_count);
    if (cost_is_told(made))
        g_string_append_printf(title, "%s %.1f s lost%s", made->flow_count > 1 ? "," : ";", seconds_each(made),
                               made->flow_count > 1 ? " each" : "");
}

char *tcpt_case_brief(const tcpt_model *model, const tcpt_case *made)
{
    return made->example_count ? tcpt_model_brief(model, &made->examples[0].cause->first)
                               : g_strdup(made->detector->message);
}

char *tcpt_connection_text(const tcpt_model *model, const tcpt_flow *flow)
{
    char *client = socket_of(flow, flow->client), *server = socket_of(flow, !flow->client), *text;
    bool points = tcpt_point_count(model->report.analysis) > 1;

    text = g_strdup_printf("%s%s -> %s%s%s", client, flow->client_known ? "" : " (taken for the client)", server,
                           points ? " at " : "", points ? flow->at->name : "");
    g_free(client);
    g_free(server);
    return text;
}

char *tcpt_case_title(const tcpt_model *model, const tcpt_case *made)
{
    char *blamed = tcpt_case_blamed(made);
    char *brief = tcpt_case_brief(model, made);
    GString *title = g_string_new(brief);

    g_string_append_printf(title, " (%s)", blamed);
    append_cost(title, made);
    g_free(brief);
    g_free(blamed);
    return g_string_free(title, FALSE);
}

/* ---- the first line ---- */

static uint64_t failures(const tcpt_model *model)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < TCPT_OUTCOMES; i++)
        count += tcpt_outcome_is_failure((tcpt_outcome)i) ? model->flows.outcomes[i] : 0;
    return count;
}

static void append_failures(GString *line, const tcpt_model *model)
{
    bool first = true;

    for (unsigned i = 0; i < TCPT_OUTCOMES; i++) {
        if (!model->flows.outcomes[i] || !tcpt_outcome_is_failure((tcpt_outcome)i))
            continue;
        g_string_append_printf(line, "%s%s %" PRIu64, first ? "" : ", ", tcpt_outcome_words((tcpt_outcome)i),
                               model->flows.outcomes[i]);
        first = false;
    }
}

void tcpt_append_partial(GString *line, const tcpt_model *model)
{
    uint64_t partial = model->flows.outcomes[TCPT_OUTCOME_PARTIAL];

    if (partial == 0)
        return;
    g_string_append_printf(line, " %" PRIu64 " of ", partial);
    append_count(line, model->totals.flows, "connection");
    g_string_append(line, " seen in part only (one direction, or no handshake): little can be said of these.");
}

char *tcpt_verdict_line(const tcpt_model *model)
{
    GString *line = g_string_new(NULL);
    unsigned problems = 0;
    const tcpt_case *gravest = NULL;

    for (unsigned i = 0; i < model->case_count; i++) {
        if (model->cases[i]->severity < TCPT_NOTE || !tcpt_model_tells(model, model->cases[i]))
            continue;
        gravest = gravest ? gravest : model->cases[i];
        problems += model->cases[i]->severity == gravest->severity;
    }
    if (gravest) {
        char *title = tcpt_case_title(model, gravest);

        append_count(line, problems, gravest->severity == TCPT_WARN ? "problem" : "note");
        g_string_append_printf(line, "%s: %s", problems > 1 ? ", first" : "", title);
        g_free(title);
    } else if (model->totals.segments == 0) {
        const char *why = model->report.unwatched;

        g_string_append_printf(line, "Nothing to judge: %s.", why ? why : "no TCP segment was seen");
    } else if (failures(model)) {
        append_count(line, failures(model), "connection");
        g_string_append(line, " failed, and the capture does not say why: ");
        append_failures(line, model);
    } else if (model->flows.outcomes[TCPT_OUTCOME_PARTIAL]) {
        g_string_append(line, "No warnings and no notes.");
        tcpt_append_partial(line, model);
    } else {
        g_string_append(line, "Clean: no warnings and no notes.");
    }
    return g_string_free(line, FALSE);
}
