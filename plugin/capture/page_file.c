/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "page_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <sys/stat.h>

/* Names come from anywhere: what steers a terminal is not printed. Takes the reason over as it is. */
static char *refusal(const char *path, const char *reason)
{
    char *shown = g_filename_display_name(path), *told;

    for (char *at = shown; *at; at++)
        if (g_ascii_iscntrl(*at))
            *at = '?';
    told = g_strdup_printf("\"%s\" cannot be written: %s.", shown, reason);
    g_free(shown);
    return told;
}

/* Where a link leads to: the file there is replaced, not the link. */
static char *target_of(const char *path)
{
#ifdef _WIN32
    return g_strdup(path);
#else
    char *real = realpath(path, NULL);
    char *target = g_strdup(real ? real : path);

    free(real);
    return target;
#endif
}

/* Only pages are replaced, and files without a byte: the capture that is read may be named by mistake, or any other
 * file that nobody has twice. */
static char *refusal_of_other_files(const char *path, const char *target)
{
    static const char begins[] = "<!DOCTYPE html>";
    char found[sizeof begins - 1];
    FILE *file = g_fopen(target, "rb");
    size_t bytes;

    if (!file)
        return errno == ENOENT ? NULL : refusal(path, g_strerror(errno));
    bytes = fread(found, 1, sizeof found, file);
    fclose(file);
    if (bytes == 0 || (bytes == sizeof found && memcmp(found, begins, bytes) == 0))
        return NULL;
    return refusal(path, "there is a file of that name already, which is no page");
}

static char *refusal_of_place(const char *path, const char *target, const char *folder)
{
    GStatBuf found;
    bool exists = g_stat(target, &found) == 0;

    if (exists && S_ISDIR(found.st_mode))
        return refusal(path, "it is a folder");
    if (exists && !S_ISREG(found.st_mode))
        return refusal(path, "it is no ordinary file");
    if (!exists && errno == ENOENT && g_file_test(path, G_FILE_TEST_IS_SYMLINK))
        return refusal(path, "it is a link that leads nowhere");
    if (!exists && errno != ENOENT)
        return refusal(path, g_strerror(errno));
    if (g_str_has_suffix(path, "/"))
        return refusal(path, "there is no such folder");
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR))
        return refusal(path, "its folder does not exist");
    if (exists && g_access(target, W_OK) != 0)
        return refusal(path, g_strerror(errno));
    if (g_access(folder, W_OK | X_OK) != 0)
        return refusal(path, "new files may not be made in its folder");
    return exists ? refusal_of_other_files(path, target) : NULL;
}

char *tcpt_page_refusal(const char *path)
{
    char *target = target_of(path), *folder = g_path_get_dirname(target);
    char *refused = refusal_of_place(path, target, folder);

    g_free(folder);
    g_free(target);
    return refused;
}

/* All of it, and on its way to the disk; the stream is closed whatever happens. @return 0 or an errno */
static int fill(int descriptor, void (*write)(FILE *, const tcpt_model *), const tcpt_model *model)
{
    FILE *file = fdopen(descriptor, "w");
    int problem;

    if (!file) {
        problem = errno;
        close(descriptor);
        return problem;
    }
    errno = 0;
    write(file, model);
    problem = fflush(file) != 0 || ferror(file) ? errno ? errno : EIO : 0;
    if (fclose(file) != 0 && problem == 0)
        problem = errno;
    return problem;
}

/* As the file that is replaced; else as the user has it for new ones. */
static void keep_mode(int descriptor, const char *target)
{
#ifdef _WIN32
    (void)descriptor, (void)target; /* it inherits what its folder has */
#else
    GStatBuf found;

    if (g_stat(target, &found) == 0 && fchmod(descriptor, found.st_mode & 0777) != 0)
        errno = 0; /* no reason to lose the page */
#endif
}

/* Written beside it under the name `made`, then moved there: what is there is a whole page at any time. */
static char *replace(const char *path, const char *target, char *made, void (*write)(FILE *, const tcpt_model *),
                     const tcpt_model *model)
{
    enum { PERMISSIONS = 0666 };                          /* less what umask(2) takes */
    char *refused = refusal_of_other_files(path, target); /* it may have come meanwhile: what tshark was to write */
    int descriptor, problem;

    if (refused)
        return refused;
    descriptor = g_mkstemp_full(made, O_RDWR, PERMISSIONS);
    if (descriptor < 0)
        return refusal(path, g_strerror(errno));
    keep_mode(descriptor, target);
    problem = fill(descriptor, write, model);
    if (problem == 0 && g_rename(made, target) != 0)
        problem = errno;
    if (problem == 0)
        return NULL;
    g_unlink(made);
    return refusal(path, g_strerror(problem));
}

char *tcpt_page_write(const char *path, void (*write)(FILE *, const tcpt_model *), const tcpt_model *model)
{
    char *target = target_of(path), *made = g_strconcat(target, ".XXXXXX", NULL);
    char *refused = replace(path, target, made, write, model);

    g_free(made);
    g_free(target);
    return refused;
}
