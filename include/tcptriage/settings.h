/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * What a user may choose (preferences of protocol "tcptriage"): settings.def has the rows. Numbers are plain seconds
 * here; code asks tcpt_seconds_ns().
 */
#ifndef TCPTRIAGE_SETTINGS_H
#define TCPTRIAGE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

/** Whose rules the receiver of a segment follows. */
typedef enum tcpt_stack {
    TCPT_STACK_LINUX,   /**< Linux 4.11 and later */
    TCPT_STACK_RFC5961, /**< strict RFC 5961, Linux 3.6 to 4.10 */
    TCPT_STACK_RFC793,
    TCPT_STACK_FREEBSD,
} tcpt_stack;

/** A stack in a user's words. */
typedef struct tcpt_stack_name {
    const char *name;        /**< "linux": what is written in preferences */
    const char *description; /**< "Linux 4.11 and later" */
} tcpt_stack_name;

/** By tcpt_stack; ends with NULLs. */
extern const tcpt_stack_name tcpt_stack_names[];

/* The members' types, by the rows' words. */
#define TCPT_SETTING_OF_NUMBER uint32_t
#define TCPT_SETTING_OF_SWITCH bool
#define TCPT_SETTING_OF_STACK  tcpt_stack

typedef struct tcpt_settings {
#define TCPT_SETTING(name, type, usual, least, most, title, text) TCPT_SETTING_OF_##type name;
#include "tcptriage/settings.def"
#undef TCPT_SETTING
} tcpt_settings;

/** The rows' numbers. */
typedef enum tcpt_setting {
#define TCPT_SETTING(name, type, usual, least, most, title, text) TCPT_SETTING_##name,
#include "tcptriage/settings.def"
#undef TCPT_SETTING
    TCPT_SETTINGS
} tcpt_setting;

typedef enum tcpt_setting_type {
    TCPT_SETTING_NUMBER,
    TCPT_SETTING_SWITCH,
    TCPT_SETTING_STACK,
} tcpt_setting_type;

/** One row. */
typedef struct tcpt_setting_row {
    const char *name; /**< without "tcptriage." */
    tcpt_setting_type type;
    uint32_t usual;
    uint32_t least;
    uint32_t most;
    const char *title;
    const char *text;
} tcpt_setting_row;

/** By tcpt_setting. */
extern const tcpt_setting_row tcpt_setting_rows[TCPT_SETTINGS];

/** Every setting at its usual value. */
tcpt_settings tcpt_settings_default(void);

/** Change one setting. @return false when the value is out of bounds: nothing is changed */
bool tcpt_settings_set(tcpt_settings *settings, tcpt_setting setting, uint32_t value);

/** The row of a name, or TCPT_SETTINGS. */
tcpt_setting tcpt_setting_named(const char *name);

/** Read a value as it is written in preferences: a number, TRUE or FALSE, the name of a stack.
 *  @return false when it is none, or out of bounds */
bool tcpt_setting_read(tcpt_setting setting, const char *word, uint32_t *value);

#endif
