/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tcptriage-plan: what of the captures that are named is still to be read, in batches for a worker each. For the script
 * tcptriage-fleet.
 *
 * In the folder OUT it finds results/KEY.json, of what was read before, and writes plan, everything that is to be
 * there in the end (key, kind, frames, path; a line for each file, behind one with the number of files left out), and
 * batches/NUMBER, lines of key, kind and path. It prints the names of the batches; with --apart, for a capture of one
 * file, its key, folder and name, with tabs between them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "jobs.h"
#include "reader/capture_file.h"

enum { DONE = 0, IN_THE_WAY = 1, MISUSED = 2 };

enum {
    BATCH_BYTES = 16 << 20, /* a second's work, or so: small captures are many at a time, as a process takes its time */
};

typedef struct words {
    char *out, *how, **paths;
    int batch;
    gboolean no_rings, points, apart;
} words;

typedef struct planning {
    const words *said;
    GString *plan, *batch;
    unsigned in_batch, batches;
    int64_t batch_bytes;
} planning;

/* The result of what cannot be tried. */
static bool write_file(const words *said, const char *folder, const char *name, const char *text)
{
    char *path = g_build_filename(said->out, folder, name, NULL);
    GError *error = NULL;

    if (!g_file_set_contents(path, text, -1, &error)) {
        fprintf(stderr, "tcptriage-fleet: \"%s\" cannot be written: %s\n", path, error->message);
        g_error_free(error);
    }
    g_free(path);
    return !error;
}

static bool end_batch(planning *of)
{
    char *name;
    bool written;

    if (of->in_batch == 0)
        return true;
    name = g_strdup_printf("%08u", of->batches++);
    written = write_file(of->said, "batches", name, of->batch->str);
    if (written)
        puts(name);
    g_free(name);
    g_string_truncate(of->batch, 0);
    of->in_batch = 0;
    of->batch_bytes = 0;
    return written;
}

/* Of capture points, too, a file may go on where another ends. */
static const char *kind_of_line(const tcpt_job *job, const tcpt_input *input)
{
    return tcpt_job_kind_name(input->goes_on ? TCPT_JOB_RING : job->kind);
}

static bool add_to_batch(planning *of, const tcpt_job *job)
{
    if (of->batch_bytes + job->bytes > BATCH_BYTES && !end_batch(of))
        return false;
    for (unsigned i = 0; i < job->inputs->len; i++) {
        const tcpt_input *input = job->inputs->pdata[i];

        g_string_append_printf(of->batch, "%s\t%s\t%s\n", job->key, kind_of_line(job, input), input->path);
    }
    of->batch_bytes += job->bytes;
    of->in_batch++;
    return of->in_batch < (unsigned)of->said->batch || end_batch(of);
}

static void add_to_plan(GString *plan, const tcpt_job *job)
{
    for (unsigned i = 0; i < job->inputs->len; i++) {
        const tcpt_input *input = job->inputs->pdata[i];
        char *path = g_strdup(input->path);

        g_strdelimit(path, "\n", '?');
        g_string_append_printf(plan, "%s\t%s\t%" PRIu64 "\t%s\n", job->key, tcpt_job_kind_name(job->kind),
                               input->looked_at ? input->frames : 0, path);
        g_free(path);
    }
}

static bool is_there(const words *said, const char *key)
{
    char *name = g_strconcat(key, ".json", NULL), *path = g_build_filename(said->out, "results", name, NULL);
    bool there = g_file_test(path, G_FILE_TEST_EXISTS);

    g_free(path);
    g_free(name);
    return there;
}

static bool fail(const words *said, const char *key, const char *problem)
{
    char *name = g_strconcat(key, ".failed", NULL);
    bool written = write_file(said, "results", name, problem);

    g_free(name);
    return written;
}

/* It can be sent as it is. */
static bool is_alone(const planning *of, const tcpt_job *job)
{
    return of->said->apart && job->inputs->len == 1 && !strchr(((tcpt_input *)job->inputs->pdata[0])->path, '\t');
}

static void print_alone(const tcpt_job *job)
{
    const char *path = ((tcpt_input *)job->inputs->pdata[0])->path;
    char *folder = g_path_get_dirname(path), *name = g_path_get_basename(path);

    printf("%s\t%s\t%s\n", job->key, folder, name);
    g_free(name);
    g_free(folder);
}

static bool plan_job(planning *of, const tcpt_job *job)
{
    const char *problem = ((tcpt_input *)job->inputs->pdata[0])->problem;

    add_to_plan(of->plan, job);
    if (problem)
        return fail(of->said, job->key, problem);
    if (is_there(of->said, job->key))
        return true;
    if (!is_alone(of, job))
        return add_to_batch(of, job);
    print_alone(job);
    return true;
}

static int plan(const words *said)
{
    planning of = {.said = said, .plan = g_string_new(NULL), .batch = g_string_new(NULL)};
    unsigned skipped;
    GPtrArray *inputs = tcpt_inputs_gather(said->paths, said->out, &skipped);
    GPtrArray *jobs = tcpt_jobs_of(inputs, said->how, !said->no_rings, said->points);
    bool fine = true;

    g_string_append_printf(of.plan, "skipped\t%u\n", skipped);
    for (unsigned i = 0; fine && i < jobs->len; i++)
        fine = plan_job(&of, jobs->pdata[i]);
    fine = fine && end_batch(&of) && write_file(said, "", "plan", of.plan->str);
    g_ptr_array_unref(jobs);
    g_ptr_array_unref(inputs);
    g_string_free(of.plan, TRUE);
    g_string_free(of.batch, TRUE);
    return fine && fflush(stdout) == 0 ? DONE : IN_THE_WAY;
}

static bool read_words(words *said, int argc, char **argv)
{
    const GOptionEntry entries[] = {
        {"out", 0, 0, G_OPTION_ARG_FILENAME, &said->out, "Folder of the results", "DIR"},
        {"how", 0, 0, G_OPTION_ARG_STRING, &said->how, "How captures are read: another way has other results", "TEXT"},
        {"batch", 0, 0, G_OPTION_ARG_INT, &said->batch, "Captures of a batch, at most", "COUNT"},
        {"no-rings", 0, 0, G_OPTION_ARG_NONE, &said->no_rings, "Read each file by itself", NULL},
        {"apart", 0, 0, G_OPTION_ARG_NONE, &said->apart, "Name captures of one file, instead of batches", NULL},
        {"points", 0, 0, G_OPTION_ARG_NONE, &said->points, "Join captures of the same time", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &said->paths, NULL, "CAPTURE..."},
        {NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL},
    };
    GOptionContext *context = g_option_context_new(NULL);
    bool understood;

    g_option_context_add_main_entries(context, entries, NULL);
    understood = g_option_context_parse(context, &argc, &argv, NULL);
    g_option_context_free(context);
    return understood && said->out && said->how && said->paths && said->batch > 0;
}

int main(int argc, char **argv)
{
    words said = {.batch = 1};
    int status = MISUSED;

    if (read_words(&said, argc, argv)) {
        tcpt_capture_files_init(argv[0]);
        status = plan(&said);
        tcpt_capture_files_end();
    } else
        fputs("tcptriage-plan: for tcptriage-fleet\n", stderr);
    g_free(said.out);
    g_free(said.how);
    g_strfreev(said.paths);
    return status;
}
