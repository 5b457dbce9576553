/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What compilers spell differently: gcc and clang (MinGW's too) one way, all others not at all. Defining TCPT_PLAIN_C
 * makes every compiler one of the others, for tests.
 */
#ifndef TCPTRIAGE_PORTABLE_H
#define TCPTRIAGE_PORTABLE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TCPT_ADDRESS_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define TCPT_ADDRESS_SANITIZER 1
#endif
#ifdef TCPT_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

#if defined(__GNUC__) && !defined(TCPT_PLAIN_C)
#define TCPT_GNU_C 1
/** Arguments from `first` on are printed by the format that is argument `text`; both count from 1. */
#ifdef _WIN32
#define TCPT_PRINTF(text, first) __attribute__((format(gnu_printf, text, first)))
#else
#define TCPT_PRINTF(text, first) __attribute__((format(printf, text, first)))
#endif
/** Not to be inlined: what is rarely called stays out of the way. */
#define TCPT_NOINLINE __attribute__((noinline))
/** To be inlined wherever it is called: what every segment passes. */
#define TCPT_INLINE static inline __attribute__((always_inline))
/** Enumerations that flows hold are one byte long; elsewhere flows are larger. */
#define TCPT_BYTE __attribute__((packed))
#else
#define TCPT_GNU_C 0
#define TCPT_PRINTF(text, first)
#define TCPT_NOINLINE
#define TCPT_INLINE static inline
#define TCPT_BYTE
#endif

/** What Wireshark's plugin loader looks up. */
#if defined(_WIN32)
#define TCPT_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define TCPT_EXPORT __attribute__((visibility("default")))
#else
#define TCPT_EXPORT
#endif

/** Let memory come into the cache that is about to be asked for; any address does. */
static inline void tcpt_fetch(const void *at)
{
#if TCPT_GNU_C
    __builtin_prefetch(at);
#else
    (void)at;
#endif
}

/** What was given back to a pool: under the address sanitizer, touching it is reported as a use after free. Elsewhere
 * nothing. */
static inline void tcpt_forbid(const void *at, size_t bytes)
{
#ifdef TCPT_ADDRESS_SANITIZER
    __asan_poison_memory_region(at, bytes);
#else
    (void)at, (void)bytes;
#endif
}

/** It is somebody's again, or about to go. */
static inline void tcpt_allow(const void *at, size_t bytes)
{
#ifdef TCPT_ADDRESS_SANITIZER
    __asan_unpoison_memory_region(at, bytes);
#else
    (void)at, (void)bytes;
#endif
}

/** Place of the lowest bit that is set; there is one. */
static inline unsigned tcpt_lowest_bit(uint64_t bits)
{
#if TCPT_GNU_C
    return (unsigned)__builtin_ctzll(bits);
#else
    unsigned at = 0;

    for (; !(bits & 1); bits >>= 1)
        at++;
    return at;
#endif
}

/** Place of the highest bit that is set; there is one. */
static inline unsigned tcpt_highest_bit(uint64_t bits)
{
#if TCPT_GNU_C
    return 63 ^ (unsigned)__builtin_clzll(bits);
#else
    unsigned at = 0;

    while (bits >>= 1)
        at++;
    return at;
#endif
}

/** How many bits are set. */
static inline unsigned tcpt_bit_count(uint32_t bits)
{
#if TCPT_GNU_C
    return (unsigned)__builtin_popcount(bits);
#else
    unsigned count = 0;

    for (; bits; bits &= bits - 1)
        count++;
    return count;
#endif
}

#endif
