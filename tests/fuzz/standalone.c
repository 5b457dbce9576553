/* SPDX-License-Identifier: GPL-2.0-or-later */
/* standalone RUNS SEED-FILE...: the fuzz target without libFuzzer. Runs every seed, then RUNS inputs that are seeds
 * with random changes or made of nothing; the same ones every time. Prints TAP. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "input.h"

enum { LONGEST = 1500 };

static gsize from_seed(GRand *random, const GPtrArray *seeds, uint8_t *bytes)
{
    const GBytes *seed = seeds->pdata[g_rand_int_range(random, 0, (gint32)seeds->len)];
    gsize size;
    const void *data = g_bytes_get_data((GBytes *)seed, &size);
    size = MIN(size, LONGEST);
    memcpy(bytes, data, size);
    if (g_rand_int_range(random, 0, 4))
        return fuzz_change(bytes, size, LONGEST, g_rand_int(random));
    for (int changes = g_rand_int_range(random, 0, 12); changes > 0 && size; changes--)
        bytes[g_rand_int_range(random, 0, (gint32)size)] = (uint8_t)g_rand_int(random);
    return size;
}

/** Records of sensible headers, mostly with ordinary flags, times and numbers. */
static gsize from_nothing(GRand *random, uint8_t *bytes)
{
    static const uint8_t flags[] = {0x02, 0x12, 0x10, 0x10, 0x18, 0x18, 0x11, 0x04, 0x14, 0x29};
    gsize size = (gsize)g_rand_int_range(random, 2, LONGEST);
    for (gsize i = 0; i < size; i++)
        bytes[i] = (uint8_t)g_rand_int(random);
    for (gsize i = 2; i + 8 < size; i += 8) {
        bytes[i] = (uint8_t)(FUZZ_MADE | (bytes[i] & (g_rand_int_range(random, 0, 8) ? FUZZ_FROM_SERVER : 0x7f)));
        if (g_rand_int_range(random, 0, 8)) {
            bytes[i + 1] &= (uint8_t)~FUZZ_TIME_LIMIT;
            bytes[i + 6] &= 0x1f;
        }
        bytes[i + 2] = flags[bytes[i + 2] % sizeof flags] | (g_rand_int_range(random, 0, 30) ? 0 : FUZZ_CHECKSUM_NONE);
    }
    return size;
}

int main(int argc, char **argv)
{
    long runs = argc > 1 ? atol(argv[1]) : 20000;
    GPtrArray *seeds = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    GRand *random = g_rand_new_with_seed(20240607);
    uint8_t *bytes = g_malloc(LONGEST);
    puts("1..2");
    for (int i = 2; i < argc; i++) {
        char *text;
        gsize size;
        if (!g_file_get_contents(argv[i], &text, &size, NULL))
            return 1;
        LLVMFuzzerTestOneInput((const uint8_t *)text, size);
        g_ptr_array_add(seeds, g_bytes_new_take(text, size));
    }
    printf("ok 1 /fuzz/seeds\n");
    for (long i = 0; i < runs; i++) {
        gsize size = seeds->len && i % 2 ? from_seed(random, seeds, bytes) : from_nothing(random, bytes);
        LLVMFuzzerTestOneInput(bytes, size);
    }
    printf("ok 2 /fuzz/random\n");
    g_free(bytes);
    g_rand_free(random);
    g_ptr_array_unref(seeds);
    return 0;
}
