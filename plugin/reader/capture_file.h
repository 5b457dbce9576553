/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Capture files, of every format that libwiretap reads, record by record.
 */
#ifndef TCPTRIAGE_READER_CAPTURE_FILE_H
#define TCPTRIAGE_READER_CAPTURE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "decap/decap.h"

typedef struct tcpt_capture_file tcpt_capture_file;

/** A record of the file; lives until the next one is read. */
typedef struct tcpt_captured {
    uint32_t number; /**< from 1, as Wireshark counts: every record */
    bool packet;     /**< else it has no bytes of the network, and what follows is not filled in */
    bool has_time;
    int64_t time_ns; /**< as in tcpt_segment */
    int link_type;   /**< libwiretap's WTAP_ENCAP_ number */
    tcpt_link link;
    int fcs_bytes; /**< at the frame's end, as the file says it; negative: it does not */
    tcpt_bytes bytes;
    bool has_interface;
    uint32_t interface; /**< number in the file, from 0 */
} tcpt_captured;

/** Set up libwiretap; once. @param program  argv[0] */
void tcpt_capture_files_init(const char *program);
void tcpt_capture_files_end(void);

/**
 * Open a file, "-" for standard input.
 *
 * @param problem  set to a sentence's rest behind the file's name where it cannot be opened, to be freed
 * @return NULL then
 */
tcpt_capture_file *tcpt_capture_file_open(const char *path, char **problem);

/** Whether that was because it is of no format that libwiretap knows. */
bool tcpt_capture_file_is_other(const char *problem);

/** NULL is fine. */
void tcpt_capture_file_close(tcpt_capture_file *file);

/**
 * Read the next record.
 *
 * @param problem  set as above where the file ends before it should, else to NULL
 * @return false at the end
 */
bool tcpt_capture_file_next(tcpt_capture_file *file, tcpt_captured *captured, char **problem);

/** Name of an interface of the file, as Wireshark tells it; "unknown" where it has none. For tcpt_captured_on; `data`
 * is the tcpt_capture_file. */
const char *tcpt_capture_file_interface(uint32_t interface, void *data);

/** Share of the file that was read so far, 0 to 1; negative where that cannot be told. */
double tcpt_capture_file_progress(tcpt_capture_file *file);

/** What a link type is called. */
const char *tcpt_link_type_name(int link_type);

/** Copies of records, in a file of their own. */
typedef struct tcpt_copy_file tcpt_copy_file;

/** Begin a pcapng file with the interfaces, names and secrets of another one, which was read to its end: they may come
 * late. @return NULL, and `problem` set as above */
tcpt_copy_file *tcpt_copy_file_open(const char *path, tcpt_capture_file *like, char **problem);

/** Copy the record that was read last. @param comment  added to it, NULL for none. @return false, and `problem` set */
bool tcpt_copy_file_add(tcpt_copy_file *copy, tcpt_capture_file *from, const char *comment, char **problem);

/** @return whether all of it was written; else `problem` is set */
bool tcpt_copy_file_close(tcpt_copy_file *copy, char **problem);

#endif
