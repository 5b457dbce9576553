/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jobs.h"

#include <inttypes.h>
#include <string.h>

#include "ring.h"
#include "tcptriage/times.h"

enum {
    NAME_MOST = 60,     /* bytes of a key that are for people */
    KEY_HEX_DIGITS = 16 /* of its sum: a million captures meet by chance with 1 in 10^7 */
};

/* Packets of several interfaces, or of several processors, are written in a little disorder. */
#define DISORDER_NS TCPT_SECOND_NS

/* A quiet minute between two files of a ring is nothing; files of a night apart are two captures. */
#define QUIET_NS (60 * TCPT_SECOND_NS)

/* A file with its name taken apart. */
typedef struct member {
    tcpt_input *input;
    tcpt_ring_name name;
} member;

const char *tcpt_job_kind_name(tcpt_job_kind kind)
{
    static const char *const names[] = {"single", "ring", "points"};

    return names[kind];
}

static void free_job(void *data)
{
    tcpt_job *job = data;

    g_ptr_array_unref(job->inputs);
    g_free(job->key);
    g_free(job);
}

static tcpt_job *new_job(GPtrArray *jobs, tcpt_job_kind kind)
{
    tcpt_job *job = g_new0(tcpt_job, 1);

    job->kind = kind;
    job->inputs = g_ptr_array_new();
    g_ptr_array_add(jobs, job);
    return job;
}

static void add_single(GPtrArray *jobs, tcpt_input *input)
{
    g_ptr_array_add(new_job(jobs, TCPT_JOB_SINGLE)->inputs, input);
}

/* ---- rings ---- */

static void clear_member(void *data)
{
    g_free(((member *)data)->name.stem);
}

static gint by_stem(gconstpointer a, gconstpointer b)
{
    const member *one = a, *other = b;
    int order = g_strcmp0(one->name.stem, other->name.stem);

    return order ? order : strcmp(one->input->path, other->input->path);
}

static gint by_time(gconstpointer a, gconstpointer b)
{
    const tcpt_input *one = ((const member *)a)->input, *other = ((const member *)b)->input;

    return (one->first_ns > other->first_ns) - (one->first_ns < other->first_ns);
}

static int64_t span_of(const tcpt_input *input)
{
    return input->last_ns - input->first_ns;
}

/* By name, time and what is in them. */
static bool goes_on(const member *before, const member *next, uint64_t least)
{
    const tcpt_input *a = before->input, *b = next->input;
    int64_t quiet = MAX(QUIET_NS, MAX(span_of(a), span_of(b)));

    return tcpt_ring_follows(&before->name, &next->name, least) && a->link_type == b->link_type && !a->cut &&
           b->first_ns >= a->last_ns - DISORDER_NS && b->first_ns - a->last_ns <= quiet;
}

/* Files whose names have a stem in common: those that could be read in the order of their times. */
static void add_rings(GPtrArray *jobs, const member *members, unsigned count)
{
    GArray *timed = g_array_new(FALSE, FALSE, sizeof(member));
    uint64_t least = UINT64_MAX;
    tcpt_job *job = NULL;

    for (unsigned i = 0; i < count; i++) {
        if (count > 1 && tcpt_input_look(members[i].input)) {
            g_array_append_val(timed, members[i]);
            least = MIN(least, members[i].name.number);
        } else
            add_single(jobs, members[i].input);
    }
    g_array_sort(timed, by_time);
    for (unsigned i = 0; i < timed->len; i++) {
        const member *one = &g_array_index(timed, member, i);

        one->input->goes_on = job && goes_on(one - 1, one, least);
        if (one->input->goes_on)
            job->kind = TCPT_JOB_RING;
        else
            job = new_job(jobs, TCPT_JOB_SINGLE);
        g_ptr_array_add(job->inputs, one->input);
    }
    g_array_unref(timed);
}

static unsigned stem_ends(const GArray *members, unsigned at)
{
    const char *stem = g_array_index(members, member, at).name.stem;

    while (at < members->len && g_strcmp0(g_array_index(members, member, at).name.stem, stem) == 0)
        at++;
    return at;
}

static void find_rings(GPtrArray *jobs, const GPtrArray *inputs)
{
    GArray *members = g_array_new(FALSE, FALSE, sizeof(member));

    g_array_set_clear_func(members, clear_member);
    for (unsigned i = 0; i < inputs->len; i++) {
        tcpt_input *input = inputs->pdata[i];
        member one = {input, tcpt_ring_name_of(input->path)};

        g_array_append_val(members, one);
    }
    g_array_sort(members, by_stem);
    for (unsigned at = 0, end; at < members->len; at = end) {
        end = stem_ends(members, at);
        add_rings(jobs, &g_array_index(members, member, at), end - at);
    }
    g_array_unref(members);
}

/* ---- capture points ---- */

/* The time of a job, all of whose files were looked at: mergecap ends with the first one that is cut. */
typedef struct span {
    tcpt_job *job;
    int64_t first_ns, last_ns;
} span;

static gint by_first(gconstpointer a, gconstpointer b)
{
    const span *one = a, *other = b;

    return (one->first_ns > other->first_ns) - (one->first_ns < other->first_ns);
}

static bool time_of(tcpt_job *job, span *time)
{
    *time = (span){.job = job};
    for (unsigned i = 0; i < job->inputs->len; i++) {
        tcpt_input *input = job->inputs->pdata[i];

        if (!tcpt_input_look(input) || input->cut)
            return false;
        time->first_ns = i == 0 ? input->first_ns : MIN(time->first_ns, input->first_ns);
        time->last_ns = i == 0 ? input->last_ns : MAX(time->last_ns, input->last_ns);
    }
    return true;
}

/* Half of the shorter one's time is the other one's, too. */
static bool overlap(const span *a, const span *b)
{
    int64_t common = MIN(a->last_ns, b->last_ns) - MAX(a->first_ns, b->first_ns);
    int64_t shorter = MIN(a->last_ns - a->first_ns, b->last_ns - b->first_ns);

    return common >= 0 && common >= shorter - shorter / 2;
}

/* What came first takes in what was captured meanwhile. */
static void join(span *into, const span *other)
{
    for (unsigned i = 0; i < other->job->inputs->len; i++)
        g_ptr_array_add(into->job->inputs, other->job->inputs->pdata[i]);
    g_ptr_array_set_size(other->job->inputs, 0);
    into->job->kind = TCPT_JOB_POINTS;
    into->first_ns = MAX(into->first_ns, other->first_ns);
    into->last_ns = MIN(into->last_ns, other->last_ns);
}

static void remove_empty(GPtrArray *jobs)
{
    for (unsigned i = jobs->len; i > 0; i--)
        if (((tcpt_job *)jobs->pdata[i - 1])->inputs->len == 0)
            g_ptr_array_remove_index_fast(jobs, i - 1);
}

static void find_points(GPtrArray *jobs)
{
    GArray *spans = g_array_new(FALSE, FALSE, sizeof(span));
    span one, *joined = NULL;

    for (unsigned i = 0; i < jobs->len; i++)
        if (time_of(jobs->pdata[i], &one))
            g_array_append_val(spans, one);
    g_array_sort(spans, by_first);
    for (unsigned i = 0; i < spans->len; i++) {
        span *each = &g_array_index(spans, span, i);

        if (joined && overlap(joined, each))
            join(joined, each);
        else
            joined = each;
    }
    g_array_unref(spans);
    remove_empty(jobs);
}

/* ---- keys ---- */

/* Letters that no shell, no link and no other system minds. */
static char *plain_name(const char *path)
{
    char *name = g_path_get_basename(path);

    g_strcanon(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-", '_');
    if (*name == '.' || *name == '-')
        *name = '_';
    if (strlen(name) > NAME_MOST)
        name[NAME_MOST] = '\0';
    return name;
}

static void finish(tcpt_job *job, const char *how)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    char *name = plain_name(((tcpt_input *)job->inputs->pdata[0])->path);

    g_checksum_update(sum, (const guchar *)how, (gssize)strlen(how) + 1);
    for (unsigned i = 0; i < job->inputs->len; i++) {
        const tcpt_input *input = job->inputs->pdata[i];
        char *facts = g_strdup_printf("%s/%s/%" PRId64 "/%" PRId64, tcpt_job_kind_name(job->kind), input->path,
                                      input->bytes, input->changed);

        job->bytes += input->bytes;
        g_checksum_update(sum, (const guchar *)facts, (gssize)strlen(facts) + 1);
        g_free(facts);
    }
    job->key = g_strdup_printf("%s-%.*s", name, KEY_HEX_DIGITS, g_checksum_get_string(sum));
    g_checksum_free(sum);
    g_free(name);
}

/* A large one that is begun last is waited for. */
static gint by_bytes(gconstpointer a, gconstpointer b)
{
    const tcpt_job *one = *(tcpt_job *const *)a, *other = *(tcpt_job *const *)b;

    return one->bytes == other->bytes ? strcmp(one->key, other->key) : one->bytes < other->bytes ? 1 : -1;
}

GPtrArray *tcpt_jobs_of(GPtrArray *inputs, const char *how, bool rings, bool points)
{
    GPtrArray *jobs = g_ptr_array_new_with_free_func(free_job);

    if (rings)
        find_rings(jobs, inputs);
    else
        for (unsigned i = 0; i < inputs->len; i++)
            add_single(jobs, inputs->pdata[i]);
    if (points)
        find_points(jobs);
    for (unsigned i = 0; i < jobs->len; i++)
        finish(jobs->pdata[i], how);
    g_ptr_array_sort(jobs, by_bytes);
    return jobs;
}
