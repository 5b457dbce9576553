/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libFuzzer asks for beside the fuzz target: changes that keep records whole, and now and then its own. */
#include "change.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
    return seed % 4 ? fuzz_change(data, size, room, seed) : LLVMFuzzerMutate(data, size, room);
}
