/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To be loaded before a program that is counted: Wireshark's tables hash with a number that GLib draws by chance, so
 * that the same run takes a few hundred instructions a packet more or less, with the plugin or without. */
#include <stdint.h>

uint32_t g_random_int(void);

uint32_t g_random_int(void)
{
    return 0x9e3779b9; /* keys are multiplied by it, and the highest bits are taken: a small number gives long chains */
}
