/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One's-complement sums (RFC 1071). By its section 2 the word size does not matter once folded, so the largest is
 * taken. These loops are what the plugin costs on large segments. */
#include "core/segment/sum.h"

#include <stdbool.h>

#include "tcptriage/portable.h"

enum {
    STRIDE = 128,         /* bytes per round */
    RUN_BYTES = 32 * 1024 /* as long as no lane overflows: 2^11 times two halves of 16 bits */
};

/* ---- on any processor ---- */

#if TCPT_GNU_C
/* Four 32-bit words at once: the vector types of gcc and clang. */
typedef uint32_t words __attribute__((vector_size(16)));

typedef struct sums {
    words whole;
    words high; /* of the words' high halves */
} sums;

static inline void sum_words(sums *all, const uint8_t *bytes)
{
    words each;

    memcpy(&each, bytes, sizeof each);
    all->whole += each;
    all->high += each >> 16;
}

/* Both halves of each word without a mask: the low ones are what is left of the whole without the high ones. `length`
 * is a multiple of STRIDE. */
static uint64_t sum_run(const uint8_t *bytes, uint32_t length)
{
    sums all = {{0}, {0}};
    words lanes;

    for (const uint8_t *end = bytes + length; bytes < end; bytes += STRIDE) {
        sum_words(&all, bytes);
        sum_words(&all, bytes + 16);
        sum_words(&all, bytes + 32);
        sum_words(&all, bytes + 48);
        sum_words(&all, bytes + 64);
        sum_words(&all, bytes + 80);
        sum_words(&all, bytes + 96);
        sum_words(&all, bytes + 112);
    }
    lanes = all.whole - (all.high << 16) + all.high;
    return (uint64_t)lanes[0] + lanes[1] + lanes[2] + lanes[3];
}
#else
static uint64_t sum_run(const uint8_t *bytes, uint32_t length)
{
    uint64_t sum = 0;

    for (const uint8_t *end = bytes + length; bytes < end; bytes += 8)
        sum = tcpt_sum_add(sum, tcpt_sum_load(bytes));
    return sum;
}
#endif

/* What is left of at least 8 bytes of which the others are in `sum`. */
static inline uint64_t sum_rest(uint64_t sum, const uint8_t *bytes, uint32_t length)
{
    for (; length >= 32; bytes += 32, length -= 32)
        sum = tcpt_sum_add(tcpt_sum_add(tcpt_sum_add(tcpt_sum_add(sum, tcpt_sum_load(bytes)), tcpt_sum_load(bytes + 8)),
                                        tcpt_sum_load(bytes + 16)),
                           tcpt_sum_load(bytes + 24));
    for (; length >= 8; bytes += 8, length -= 8)
        sum = tcpt_sum_add(sum, tcpt_sum_load(bytes));
    return length ? tcpt_sum_add(sum, tcpt_sum_tail(bytes + length, length)) : sum;
}

uint64_t tcpt_sum_bytes_anywhere(const uint8_t *bytes, uint32_t length)
{
    uint64_t sum = 0;

    while (length >= STRIDE) {
        uint32_t run = (length < RUN_BYTES ? length : RUN_BYTES) & ~(STRIDE - 1u);

        sum = tcpt_sum_add(sum, sum_run(bytes, run));
        bytes += run;
        length -= run;
    }
    return sum_rest(sum, bytes, length);
}

/* ---- with AVX2, which nearly all x86-64 processors have since 2013: a third of the instructions ---- */

#if TCPT_GNU_C && defined(__x86_64__)
#include <immintrin.h>

typedef struct wide_sum {
    __m256i lanes;
    __m256i bias; /* 0x8000 in each 16-bit word: what is added in pairs is taken as signed */
} wide_sum;

__attribute__((target("avx2"))) static inline void sum_wide(wide_sum *all, const uint8_t *bytes)
{
    __m256i each = _mm256_xor_si256(_mm256_loadu_si256((const __m256i_u *)bytes), all->bias);

    all->lanes = _mm256_add_epi32(all->lanes, _mm256_madd_epi16(each, _mm256_set1_epi16(1)));
}

/* `length` is a multiple of 32, at most RUN_BYTES. */
__attribute__((target("avx2"))) static uint64_t sum_wide_run(const uint8_t *bytes, uint32_t length)
{
    wide_sum all = {_mm256_setzero_si256(), _mm256_set1_epi16(INT16_MIN)};
    const uint8_t *end = bytes + length;
    __m128i four;

    for (; end - bytes >= STRIDE; bytes += STRIDE) {
        sum_wide(&all, bytes);
        sum_wide(&all, bytes + 32);
        sum_wide(&all, bytes + 64);
        sum_wide(&all, bytes + 96);
    }
    for (; bytes < end; bytes += 32)
        sum_wide(&all, bytes);
    four = _mm_add_epi32(_mm256_castsi256_si128(all.lanes), _mm256_extracti128_si256(all.lanes, 1));
    four = _mm_hadd_epi32(four, four);
    four = _mm_hadd_epi32(four, four);
    return (uint64_t)(_mm_cvtsi128_si32(four) + (int64_t)(length / 2) * 0x8000);
}

static uint64_t sum_widely(const uint8_t *bytes, uint32_t length)
{
    uint64_t sum = 0;

    while (length >= 32) {
        uint32_t run = (length < RUN_BYTES ? length : RUN_BYTES) & ~31u;

        sum = tcpt_sum_add(sum, sum_wide_run(bytes, run));
        bytes += run;
        length -= run;
    }
    return sum_rest(sum, bytes, length);
}

static bool has_wide_sums(void)
{
    return __builtin_cpu_supports("avx2");
}
#else
static uint64_t sum_widely(const uint8_t *bytes, uint32_t length)
{
    return tcpt_sum_bytes_anywhere(bytes, length);
}

static bool has_wide_sums(void)
{
    return false;
}
#endif

uint64_t tcpt_sum_bytes(const uint8_t *bytes, uint32_t length)
{
    if (length >= STRIDE && has_wide_sums())
        return sum_widely(bytes, length);
    return tcpt_sum_bytes_anywhere(bytes, length);
}
