/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inputs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

#include "reader/capture_file.h"

enum { LOOKED_AT_MOST = 1000 }; /* records: what else a capture file may begin with is a few */

typedef struct gathering {
    GPtrArray *inputs;
    GHashTable *known; /* paths, borrowed */
    GQueue folders;    /* paths */
    GStatBuf besides;
    bool has_besides;
    unsigned skipped;
} gathering;

static void free_input(void *data)
{
    tcpt_input *input = data;

    g_free(input->path);
    g_free(input->problem);
    g_free(input);
}

/* Takes the path over. */
static tcpt_input *add(gathering *to, char *path, bool named, const GStatBuf *found)
{
    tcpt_input *input;

    if (g_hash_table_contains(to->known, path)) {
        g_free(path);
        return NULL;
    }
    input = g_new0(tcpt_input, 1);
    input->path = path;
    input->named = named;
    if (found) {
        input->bytes = found->st_size;
        input->changed = found->st_mtime;
    }
    if (strchr(path, '\n'))
        input->problem = g_strdup("its name has a line break");
    g_ptr_array_add(to->inputs, input);
    g_hash_table_add(to->known, input->path);
    return input;
}

/* What the first records say: a picture is a file of a format that libwiretap reads, too, but its records have no time.
 * A text may look like a format without a signature, and is damaged soon. A file without a record may be a capture of a
 * quiet hour. */
static bool looks_like_capture(tcpt_capture_file *file)
{
    tcpt_captured record;
    char *problem = NULL;
    bool any = false, timed = false, known = false;

    for (unsigned i = 0; i < LOOKED_AT_MOST && !known && tcpt_capture_file_next(file, &record, &problem); i++) {
        any = true;
        timed = timed || (record.packet && record.has_time);
        known = timed && record.link != TCPT_LINK_OTHER;
    }
    if (problem && !known) { /* nothing of what can be read is of a network that is known */
        timed = false;
        any = true;
    }
    g_free(problem);
    return timed || !any;
}

/* What cannot be opened for another reason than its format is for the reader to tell. */
static bool may_be_capture(const char *path)
{
    char *problem;
    tcpt_capture_file *file = tcpt_capture_file_open(path, &problem);
    bool may_be;

    if (!file) {
        may_be = !tcpt_capture_file_is_other(problem);
        g_free(problem);
        return may_be;
    }
    may_be = looks_like_capture(file);
    tcpt_capture_file_close(file);
    return may_be;
}

static bool is_same(const GStatBuf *one, const GStatBuf *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Takes the path over. Links to folders are not followed: they may lead round in a circle. */
static void add_found(gathering *to, char *path)
{
    GStatBuf found;
    bool link = g_file_test(path, G_FILE_TEST_IS_SYMLINK);

    if (g_stat(path, &found) != 0)
        g_free(path);
    else if (S_ISDIR(found.st_mode) && !link && !(to->has_besides && is_same(&found, &to->besides)))
        g_queue_push_tail(&to->folders, path);
    else if (S_ISREG(found.st_mode) && may_be_capture(path))
        add(to, path, false, &found);
    else {
        to->skipped += S_ISREG(found.st_mode);
        g_free(path);
    }
}

/* Takes the path over. */
static void add_folder(gathering *to, char *path)
{
    GError *error = NULL;
    GDir *folder = g_dir_open(path, 0, &error);
    const char *name;
    tcpt_input *input;

    if (!folder) {
        input = add(to, path, true, NULL);
        if (input && !input->problem)
            input->problem = g_strdup(error->message);
        g_error_free(error);
        return;
    }
    while ((name = g_dir_read_name(folder)))
        add_found(to, g_build_filename(path, name, NULL));
    g_dir_close(folder);
    g_free(path);
}

static void add_named(gathering *to, const char *name)
{
    char *path = g_canonicalize_filename(name, NULL);
    GStatBuf found;
    tcpt_input *input;

    if (g_stat(path, &found) == 0) {
        if (S_ISDIR(found.st_mode))
            g_queue_push_tail(&to->folders, path);
        else
            add(to, path, true, &found);
    } else {
        int problem = errno;

        input = add(to, path, true, NULL);
        if (input && !input->problem)
            input->problem = g_strdup(g_strerror(problem));
    }
}

static void add_list(gathering *to, FILE *list)
{
    GString *line = g_string_new(NULL);
    int c;

    do {
        c = getc(list);
        if (c != '\n' && c != EOF) {
            g_string_append_c(line, (char)c);
            continue;
        }
        if (line->len > 0)
            add_named(to, line->str);
        g_string_truncate(line, 0);
    } while (c != EOF);
    g_string_free(line, TRUE);
}

static gint by_path(gconstpointer a, gconstpointer b)
{
    return strcmp((*(tcpt_input *const *)a)->path, (*(tcpt_input *const *)b)->path);
}

GPtrArray *tcpt_inputs_gather(char **paths, const char *besides, unsigned *skipped)
{
    gathering to = {.inputs = g_ptr_array_new_with_free_func(free_input),
                    .known = g_hash_table_new(g_str_hash, g_str_equal),
                    .folders = G_QUEUE_INIT};

    to.has_besides = g_stat(besides, &to.besides) == 0;
    for (char **path = paths; *path; path++) {
        if (strcmp(*path, "-") == 0)
            add_list(&to, stdin);
        else
            add_named(&to, *path);
    }
    while (!g_queue_is_empty(&to.folders))
        add_folder(&to, g_queue_pop_head(&to.folders));
    g_hash_table_destroy(to.known);
    g_ptr_array_sort(to.inputs, by_path);
    *skipped = to.skipped;
    return to.inputs;
}

static void note(tcpt_input *input, const tcpt_captured *record)
{
    input->frames++;
    if (!record->packet || !record->has_time)
        return;
    if (!input->looked_at)
        input->link_type = record->link_type;
    if (!input->looked_at || record->time_ns < input->first_ns)
        input->first_ns = record->time_ns;
    if (!input->looked_at || record->time_ns > input->last_ns)
        input->last_ns = record->time_ns;
    input->looked_at = true;
}

bool tcpt_input_look(tcpt_input *input)
{
    char *problem = NULL;
    tcpt_capture_file *file;
    tcpt_captured record;

    if (input->looked_at || input->problem)
        return input->looked_at;
    input->frames = 0;
    file = tcpt_capture_file_open(input->path, &problem);
    while (file && tcpt_capture_file_next(file, &record, &problem))
        note(input, &record);
    input->cut = problem != NULL;
    g_free(problem);
    tcpt_capture_file_close(file);
    return input->looked_at;
}
