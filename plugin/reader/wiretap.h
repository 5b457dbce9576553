/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Every difference between the versions of libwiretap that the reader builds against (4.0 to 4.6), and nowhere else.
 */
#ifndef TCPTRIAGE_READER_WIRETAP_H
#define TCPTRIAGE_READER_WIRETAP_H

#include <stdbool.h>

#include <wiretap/wtap.h>
#include <wsutil/buffer.h>
#include <wsutil/filesystem.h>
#include <wsutil/privileges.h>
#include <wsutil/wslog.h>

#include "capture/since.h"

/** What libwiretap needs of wsutil; no program is named to it since 4.6. Nobody is told what it warns of while it asks
 * which format a file has: what cannot be read is told by wtap_strerror(). @return why there are no plugins, to be
 * freed
 */
static inline char *tcpt_wsutil_init(const char *program)
{
#if TCPT_WIRESHARK_SINCE(4, 6)
    ws_log_init(NULL);
#else
    ws_log_init(program, NULL);
#endif
    ws_log_set_level(LOG_LEVEL_CRITICAL);
    init_process_policies();
#if TCPT_WIRESHARK_SINCE(4, 6)
    return configuration_init(program);
#else
    return configuration_init(program, NULL);
#endif
}

/** A record and its bytes, which are part of it since 4.6. */
typedef struct tcpt_wtap_record {
    wtap_rec rec;
#if !TCPT_WIRESHARK_SINCE(4, 6)
    Buffer bytes;
#endif
} tcpt_wtap_record;

enum { TCPT_WTAP_RECORD_BYTES = 2048 }; /* to begin with: an ordinary frame */

static inline void tcpt_wtap_init(tcpt_wtap_record *record)
{
#if TCPT_WIRESHARK_SINCE(4, 6)
    wtap_rec_init(&record->rec, TCPT_WTAP_RECORD_BYTES);
#else
    wtap_rec_init(&record->rec);
    ws_buffer_init(&record->bytes, TCPT_WTAP_RECORD_BYTES);
#endif
}

static inline void tcpt_wtap_cleanup(tcpt_wtap_record *record)
{
    wtap_rec_cleanup(&record->rec);
#if !TCPT_WIRESHARK_SINCE(4, 6)
    ws_buffer_free(&record->bytes);
#endif
}

static inline bool tcpt_wtap_read(wtap *file, tcpt_wtap_record *record, int *error, char **detail)
{
    gint64 at;

    wtap_rec_reset(&record->rec);
#if TCPT_WIRESHARK_SINCE(4, 6)
    return wtap_read(file, &record->rec, error, detail, &at);
#else
    return wtap_read(file, &record->rec, &record->bytes, error, detail, &at);
#endif
}

static inline const uint8_t *tcpt_wtap_bytes(const tcpt_wtap_record *record)
{
#if TCPT_WIRESHARK_SINCE(4, 6)
    return ws_buffer_start_ptr(&record->rec.data);
#else
    return ws_buffer_start_ptr(&record->bytes);
#endif
}

/** Number of a record's interface in the file: the record's own counts within its section since 4.2. */
static inline uint32_t tcpt_wtap_interface(wtap *file, const wtap_rec *rec)
{
#if TCPT_WIRESHARK_SINCE(4, 2)
    unsigned section = rec->presence_flags & WTAP_HAS_SECTION_NUMBER ? rec->section_number : 0;

    return wtap_file_get_shb_global_interface_id(file, section, rec->rec_header.packet_header.interface_id);
#else
    (void)file;
    return rec->rec_header.packet_header.interface_id;
#endif
}

/** The copy of a file has one section. */
static inline void tcpt_wtap_join_sections(wtap *file, wtap_rec *rec)
{
#if TCPT_WIRESHARK_SINCE(4, 2)
    if (rec->rec_type != REC_TYPE_PACKET || !(rec->presence_flags & WTAP_HAS_INTERFACE_ID))
        return;
    rec->rec_header.packet_header.interface_id = tcpt_wtap_interface(file, rec);
    rec->presence_flags &= ~(uint32_t)WTAP_HAS_SECTION_NUMBER;
    rec->section_number = 0;
#else
    (void)file, (void)rec;
#endif
}

static inline bool tcpt_wtap_dump(wtap_dumper *dumper, const tcpt_wtap_record *record, int *error, char **detail)
{
#if TCPT_WIRESHARK_SINCE(4, 6)
    return wtap_dump(dumper, &record->rec, error, detail);
#else
    return wtap_dump(dumper, &record->rec, ws_buffer_start_ptr(&record->bytes), error, detail);
#endif
}

static inline bool tcpt_wtap_dump_close(wtap_dumper *dumper, int *error, char **detail)
{
#if TCPT_WIRESHARK_SINCE(4, 4)
    bool reload;
#else
    gboolean reload;
#endif

    return wtap_dump_close(dumper, &reload, error, detail);
}

#endif
