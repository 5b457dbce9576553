/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include <inttypes.h>

#include <wsutil/json_dumper.h>

#include "case_text.h"
#include "filters.h"
#include "points.h"
#include "remedy.h"
#include "tcptriage/address.h"
#include "tcptriage/cases.h"
#include "tcptriage/outcome.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"

typedef struct writing {
    json_dumper out;
    const tcpt_model *model;
} writing;

static void text_member(json_dumper *out, const char *name, const char *text)
{
    json_dumper_set_member_name(out, name);
    json_dumper_value_string(out, text); /* NULL is null */
}

/* Takes the text over. */
static void take_text_member(json_dumper *out, const char *name, char *text)
{
    text_member(out, name, text);
    g_free(text);
}

static void number_member(json_dumper *out, const char *name, int64_t number)
{
    json_dumper_set_member_name(out, name);
    json_dumper_value_anyf(out, "%" PRId64, number);
}

static void seconds_member(json_dumper *out, const char *name, int64_t ns)
{
    json_dumper_set_member_name(out, name);
    json_dumper_value_anyf(out, "%s%" PRId64 ".%09" PRId64, ns < 0 ? "-" : "", ABS(ns) / TCPT_SECOND_NS,
                           ABS(ns) % TCPT_SECOND_NS);
}

static void time_member(json_dumper *out, const char *name, int64_t time_ns)
{
    GDateTime *time = g_date_time_new_from_unix_utc(time_ns / TCPT_SECOND_NS);
    char *second = time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S") : g_strdup("1970-01-01T00:00:00");

    take_text_member(out, name, g_strdup_printf("%s.%09" PRId64 "Z", second, time_ns % TCPT_SECOND_NS));
    g_free(second);
    if (time)
        g_date_time_unref(time);
}

static void begin_list(json_dumper *out, const char *name)
{
    json_dumper_set_member_name(out, name);
    json_dumper_begin_array(out);
}

static void begin_member(json_dumper *out, const char *name)
{
    json_dumper_set_member_name(out, name);
    json_dumper_begin_object(out);
}

static void frame_value(writing *to, const tcpt_record *record)
{
    uint32_t frame = tcpt_model_frame(to->model, record);

    if (frame)
        json_dumper_value_anyf(&to->out, "%u", frame);
}

static void ruled_out_member(json_dumper *out, const tcpt_diagnosis *diagnosis)
{
    begin_list(out, "ruled_out");
    for (unsigned i = 0; diagnosis && i < diagnosis->ruled_out_count; i++)
        json_dumper_value_string(out, diagnosis->ruled_out[i]);
    json_dumper_end_array(out);
}

static void remedy_members(json_dumper *out, tcpt_remedy remedy)
{
    tcpt_asked command;

    take_text_member(out, "remedy", tcpt_remedy_text(&remedy));
    begin_list(out, "commands");
    for (unsigned at = 0; tcpt_next_command(&remedy, &at, &command); tcpt_asked_clear(&command)) {
        json_dumper_begin_object(out);
        text_member(out, "on", command.on);
        text_member(out, "host", command.host);
        text_member(out, "command", command.line);
        text_member(out, "tells", command.tells);
        json_dumper_end_object(out);
    }
    json_dumper_end_array(out);
}

/* ---- findings ---- */

static void flow_member(writing *to, const tcpt_record *on)
{
    const tcpt_flow *flow = tcpt_flow_of(on);
    char address[TCPT_ADDRESS_BYTES];
    uint32_t stream = to->model->report.stream_of ? to->model->report.stream_of(on) : UINT32_MAX;
    json_dumper *out = &to->out;

    begin_member(out, "flow");
    if (stream != UINT32_MAX)
        number_member(out, "stream", stream);
    else
        text_member(out, "stream", NULL);
    text_member(out, "client", tcpt_address_text(address, flow->key.family, flow->key.address[flow->client]));
    number_member(out, "client_port", flow->key.port[flow->client]);
    text_member(out, "server", tcpt_address_text(address, flow->key.family, flow->key.address[!flow->client]));
    number_member(out, "server_port", flow->key.port[!flow->client]);
    text_member(out, "vantage", tcpt_has_points(to->model->report.analysis) ? flow->at->name : NULL);
    text_member(out, "outcome", tcpt_outcome_name(tcpt_outcome_of(flow)));
    json_dumper_end_object(out);
}

/* Frame numbers are told as they are shown. */
static void value_member(writing *to, const tcpt_value *value)
{
    const tcpt_field_info *field = &tcpt_fields[value->field];

    switch (field->type) {
    case TCPT_TYPE_TEXT:
        text_member(&to->out, field->filter, value->text);
        return;
    case TCPT_TYPE_DURATION:
        seconds_member(&to->out, field->filter, value->number);
        return;
    case TCPT_TYPE_FRAME:
        number_member(&to->out, field->filter,
                      to->model->report.shown ? to->model->report.shown((uint32_t)value->number) : value->number);
        return;
    case TCPT_TYPE_INTEGER:
        number_member(&to->out, field->filter, (int32_t)value->number);
        return;
    case TCPT_TYPE_NUMBER:
    case TCPT_TYPE_HEX16:
        number_member(&to->out, field->filter, (uint32_t)value->number);
        return;
    }
}

static bool is_about_padding(const tcpt_detector *detector)
{
    for (const tcpt_field *field = detector->fields; field && *field != TCPT_FIELD_COUNT; field++)
        if (*field == TCPT_F_CHECKSUM_OVER_PADDING)
            return true;
    return false;
}

static void fields_member(writing *to, const tcpt_finding *finding)
{
    tcpt_value value;

    begin_member(&to->out, "fields");
    if (is_about_padding(finding->diagnosis->detector)) /* a field of every padded frame, not a value of the finding */
        number_member(&to->out, "pad_len", finding->on->pad_bytes);
    for (unsigned at = 0; tcpt_next_value(finding, &at, &value);)
        value_member(to, &value);
    json_dumper_end_object(&to->out);
}

static void case_members(json_dumper *out, const tcpt_diagnosis *diagnosis)
{
    const tcpt_case *part_of = tcpt_case_of(diagnosis);

    if (!part_of)
        return;
    number_member(out, "case", part_of->number);
    text_member(out, "role", tcpt_role_in_case(diagnosis));
}

static void write_finding(const tcpt_finding *finding, void *data)
{
    writing *to = data;
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    const tcpt_detector *detector = diagnosis->detector;
    json_dumper *out = &to->out;
    uint32_t frame = tcpt_model_frame(to->model, finding->on);

    if (!frame || detector->severity < to->model->report.least || !tcpt_model_wants(to->model, finding->on))
        return;
    json_dumper_begin_object(out);
    text_member(out, "id", detector->id);
    text_member(out, "severity", tcpt_severity_name(detector->severity));
    text_member(out, "confidence", tcpt_confidence_name((tcpt_confidence)diagnosis->confidence));
    number_member(out, "frame", frame);
    begin_list(out, "related_frames");
    for (uint32_t i = 0; i < diagnosis->related_count; i++)
        frame_value(to, diagnosis->related[i]);
    json_dumper_end_array(out);
    time_member(out, "time", finding->time_ns);
    flow_member(to, finding->on);
    take_text_member(out, "brief", tcpt_model_brief(to->model, finding));
    take_text_member(out, "summary", tcpt_model_summary_of(to->model, finding));
    text_member(out, "explanation", detector->explanation);
    ruled_out_member(out, diagnosis);
    remedy_members(out, tcpt_remedy_of_finding(finding));
    text_member(out, "reference", detector->reference);
    take_text_member(out, "filter", g_strdup_printf("frame.number eq %u && tcptriage.%s", frame, detector->id));
    case_members(out, diagnosis);
    if (diagnosis->delay_ns)
        seconds_member(out, "delay_seconds", diagnosis->delay_ns);
    fields_member(to, finding);
    json_dumper_end_object(out);
}

/* ---- cases ---- */

static void consequences_member(json_dumper *out, const tcpt_case *made)
{
    begin_list(out, "consequences");
    for (unsigned number = 0; tcpt_detectors[number]; number++) {
        if (!made->consequences[number])
            continue;
        json_dumper_begin_object(out);
        text_member(out, "id", tcpt_detectors[number]->id);
        number_member(out, "count", (int64_t)made->consequences[number]);
        json_dumper_end_object(out);
    }
    json_dumper_end_array(out);
}

static void write_case_members(writing *to, const tcpt_case *made, uint32_t number)
{
    const tcpt_diagnosis *worst = made->example_count ? made->examples[0].cause : NULL;
    json_dumper *out = &to->out;

    number_member(out, "number", number);
    text_member(out, "id", made->detector->id);
    take_text_member(out, "title", tcpt_case_title(to->model, made));
    text_member(out, "severity", tcpt_severity_name(made->severity));
    text_member(out, "confidence", tcpt_confidence_name(made->confidence));
    take_text_member(out, "blamed", tcpt_case_blamed(made));
    number_member(out, "flow_count", made->flow_count);
    seconds_member(out, "delay_seconds", made->delay_ns);
    time_member(out, "first_time", made->first_ns);
    time_member(out, "last_time", made->last_ns);
    begin_list(out, "cause_frames");
    for (unsigned i = 0; i < made->frame_count; i++)
        frame_value(to, made->frames[i]);
    json_dumper_end_array(out);
    number_member(out, "finding_count", (int64_t)made->finding_count);
    consequences_member(out, made);
    text_member(out, "explanation", made->detector->explanation);
    ruled_out_member(out, worst);
    remedy_members(out, tcpt_remedy_of_case(made));
    text_member(out, "reference", made->detector->reference);
}

static void write_case(writing *to, const tcpt_case *made)
{
    json_dumper_begin_object(&to->out);
    write_case_members(to, made, made->number);
    take_text_member(&to->out, "filter", tcpt_filter_for_case(made));
    json_dumper_end_object(&to->out);
}

/* ---- the capture ---- */

static const tcpt_point *first_listed(const writing *to)
{
    return to->model->report.analysis ? tcpt_first_point(to->model->report.analysis) : NULL;
}

static bool is_listed(const tcpt_point *point)
{
    return point->index < TCPT_POINTS_IN_JSON;
}

static const tcpt_point *next_listed(const tcpt_point *point)
{
    return point->next && is_listed(point->next) ? point->next : NULL;
}

static void points_member(writing *to)
{
    begin_list(&to->out, "points");
    for (const tcpt_point *point = first_listed(to); point; point = next_listed(point))
        json_dumper_value_string(&to->out, point->name);
    json_dumper_end_array(&to->out);
}

static void capture_points_member(writing *to)
{
    const tcpt_report *report = &to->model->report;
    json_dumper *out = &to->out;

    begin_list(out, "capture_points");
    for (const tcpt_point *point = first_listed(to); point; point = next_listed(point)) {
        json_dumper_begin_object(out);
        text_member(out, "name", point->name);
        number_member(out, "interface", report->interface_of ? report->interface_of(point) : point->id);
        number_member(out, "depth", point->depth);
        number_member(out, "segments", (int64_t)point->segments);
        if (point->segments) {
            time_member(out, "first_time", point->first_ns);
            time_member(out, "last_time", point->newest_ns);
        }
        json_dumper_end_object(out);
    }
    json_dumper_end_array(out);
}

/* One way. */
static void way_member(json_dumper *out, const char *name, tcpt_share share, uint64_t matched, int64_t delay_ns)
{
    begin_member(out, name);
    number_member(out, "segments", share.total);
    number_member(out, "missing", share.missing);
    if (matched)
        seconds_member(out, "delay_seconds", delay_ns);
    else
        text_member(out, "delay_seconds", NULL);
    json_dumper_end_object(out);
}

static void path_value(json_dumper *out, const tcpt_path *path)
{
    int64_t offset_ns = path->clocks_differ ? path->clock_offset_ns : 0;

    json_dumper_begin_object(out);
    begin_list(out, "points");
    json_dumper_value_anyf(out, "%u", path->a->index);
    json_dumper_value_anyf(out, "%u", path->b->index);
    json_dumper_end_array(out);
    number_member(out, "connections", path->connections);
    number_member(out, "translated", path->translated);
    number_member(out, "renumbered", path->renumbered);
    way_member(out, "there", path->to_b, path->matched_to_b, path->delay_to_b_ns - offset_ns);
    way_member(out, "back", path->to_a, path->matched_to_a, path->delay_to_a_ns + offset_ns);
    if (path->clocks_differ)
        seconds_member(out, "clock_offset_seconds", path->clock_offset_ns);
    else
        text_member(out, "clock_offset_seconds", NULL);
    json_dumper_end_object(out);
}

/* Points are named by their places in the list. */
static void paths_member(writing *to)
{
    GArray *paths = to->model->paths;
    unsigned points = to->model->report.analysis ? tcpt_point_count(to->model->report.analysis) : 0, listed = 0;

    begin_list(&to->out, "paths");
    for (unsigned i = 0; i < paths->len && listed < TCPT_POINTS_IN_JSON; i++) {
        const tcpt_path *path = &g_array_index(paths, tcpt_path, i);

        if (!is_listed(path->a) || !is_listed(path->b))
            continue;
        path_value(&to->out, path);
        listed++;
    }
    json_dumper_end_array(&to->out);
    if (points > TCPT_POINTS_IN_JSON)
        number_member(&to->out, "points_left_out", points - TCPT_POINTS_IN_JSON);
    if (paths->len > listed)
        number_member(&to->out, "paths_left_out", paths->len - listed);
}

static void capture_member(writing *to)
{
    const tcpt_model *model = to->model;
    json_dumper *out = &to->out;

    begin_member(out, "capture");
    number_member(out, "segments", (int64_t)model->totals.segments);
    number_member(out, "flows", (int64_t)model->totals.flows);
    if (model->totals.segments) {
        time_member(out, "first_time", model->totals.first_ns);
        time_member(out, "last_time", model->totals.newest_ns);
    }
    seconds_member(out, "span_seconds", model->totals.newest_ns - model->totals.first_ns);
    take_text_member(out, "verdict", tcpt_verdict_line(model));
    if (model->report.files_before) {
        begin_member(out, "files_before");
        number_member(out, "files", model->report.files_before);
        number_member(out, "segments", (int64_t)model->report.segments_before);
        json_dumper_end_object(out);
    }
    points_member(to);
    capture_points_member(to);
    paths_member(to);
    begin_member(out, "outcomes");
    for (unsigned i = 0; i < TCPT_OUTCOMES; i++)
        if (model->flows.outcomes[i])
            number_member(out, tcpt_outcome_name((tcpt_outcome)i), (int64_t)model->flows.outcomes[i]);
    json_dumper_end_object(out);
    json_dumper_end_object(out);
}

static void not_judged_member(writing *to)
{
    json_dumper *out = &to->out;

    begin_list(out, "not_judged");
    for (unsigned i = 0; i < TCPT_NOT_JUDGED; i++) {
        if (!to->model->flows.not_judged[i])
            continue;
        json_dumper_begin_object(out);
        text_member(out, "reason", tcpt_not_judged_name((tcpt_not_judged)i));
        text_member(out, "text", tcpt_not_judged_words((tcpt_not_judged)i));
        number_member(out, "count", (int64_t)to->model->flows.not_judged[i]);
        json_dumper_end_object(out);
    }
    json_dumper_end_array(out);
}

void tcpt_report_json(FILE *file, const tcpt_model *model)
{
    writing to = {.out = {.output_file = file, .flags = JSON_DUMPER_FLAGS_PRETTY_PRINT}, .model = model};
    json_dumper *out = &to.out;

    json_dumper_begin_object(out);
    text_member(out, "schema", "tcptriage-report-1");
    capture_member(&to);
    begin_list(out, "cases");
    for (unsigned i = 0; i < model->case_count; i++)
        if (tcpt_model_tells(model, model->cases[i]))
            write_case(&to, model->cases[i]);
    json_dumper_end_array(out);
    begin_list(out, "findings");
    if (model->report.analysis)
        tcpt_each_found(model->report.analysis, write_finding, &to);
    json_dumper_end_array(out);
    not_judged_member(&to);
    json_dumper_end_object(out);
    json_dumper_finish(out);
}

/* ---- lines ---- */

void tcpt_json_case_line(FILE *file, const tcpt_model *model, const tcpt_case *made, uint32_t number)
{
    writing to = {.out = {.output_file = file}, .model = model};

    json_dumper_begin_object(&to.out);
    text_member(&to.out, "event", "case");
    write_case_members(&to, made, number);
    json_dumper_end_object(&to.out);
    json_dumper_finish(&to.out);
}

void tcpt_json_end_line(FILE *file, const tcpt_model *model)
{
    writing to = {.out = {.output_file = file}, .model = model};

    json_dumper_begin_object(&to.out);
    text_member(&to.out, "event", "end");
    capture_member(&to);
    not_judged_member(&to);
    json_dumper_end_object(&to.out);
    json_dumper_finish(&to.out);
}
