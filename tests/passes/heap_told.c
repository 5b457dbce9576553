/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loaded before a program (LD_PRELOAD): at each SIGUSR1 it appends to the file that HEAP_TOLD names how many bytes are
 * allocated in the program, and mapped beside that. A thread of its own waits for the signal: a handler might interrupt
 * malloc(). What malloc() maps it asks of the kernel itself, so that nothing counts twice. */
#define _GNU_SOURCE /* NOLINT(bugprone-reserved-identifier): RTLD_NEXT */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SEEN __attribute__((visibility("default")))

static sigset_t asked;
static atomic_llong mapped; /* may fall below zero: what was mapped before, or by other means, is given back, too */

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the system's are reserved words */
SEEN void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    void *(*next)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, "mmap");
    void *room = next(address, bytes, protection, flags, fd, offset);

    if (room != MAP_FAILED && !(flags & MAP_FIXED))
        atomic_fetch_add(&mapped, (long long)bytes);
    return room;
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
SEEN void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off64_t offset)
{
    return mmap(address, bytes, protection, flags, fd, offset);
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
SEEN int munmap(void *address, size_t bytes)
{
    int (*next)(void *, size_t) = dlsym(RTLD_NEXT, "munmap");
    int result = next(address, bytes);

    if (result == 0)
        atomic_fetch_sub(&mapped, (long long)bytes);
    return result;
}

static void *tell(void *path)
{
    int signal_number;

    while (sigwait(&asked, &signal_number) == 0) {
        struct mallinfo2 info = mallinfo2();
        FILE *file = fopen(path, "a");

        if (!file)
            break;
        fprintf(file, "%lld\n", (long long)(info.uordblks + info.hblkhd) + atomic_load(&mapped));
        fclose(file);
    }
    return NULL;
}

/* Threads that come later have the signal blocked, too. */
__attribute__((constructor)) static void begin(void)
{
    char *path = getenv("HEAP_TOLD");
    pthread_t thread;

    sigemptyset(&asked);
    sigaddset(&asked, SIGUSR1);
    if (!path || pthread_sigmask(SIG_BLOCK, &asked, NULL) || pthread_create(&thread, NULL, tell, path))
        return;
    pthread_detach(thread);
}
