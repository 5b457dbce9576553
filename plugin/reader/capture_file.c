/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture_file.h"

#include <string.h>

#include <glib.h>

#include "tcptriage/times.h"
#include "wiretap.h"

enum { ERF_FCS_BYTES = 4 }; /* Wireshark takes it for granted, by the preference erf.ethfcs */

struct tcpt_capture_file {
    wtap *file;
    tcpt_wtap_record record;
    uint32_t number;
    int64_t size_bytes; /* 0 unknown */
};

struct tcpt_copy_file {
    wtap_dumper *dumper;
    wtap_dump_params params;
};

void tcpt_capture_files_init(const char *program)
{
    g_free(tcpt_wsutil_init(program)); /* then there are no plugins that read further formats */
    wtap_init(TRUE);
}

void tcpt_capture_files_end(void)
{
    wtap_cleanup();
}

/* ---- reading ---- */

/* Takes the detail over. */
static char *problem_of(int error, char *detail)
{
    const char *what = wtap_strerror(error);
    char *text = detail ? g_strdup_printf("%s (%s)", what, detail) : g_strdup(what);

    g_free(detail);
    return text;
}

tcpt_capture_file *tcpt_capture_file_open(const char *path, char **problem)
{
    char *detail = NULL;
    int error;
    wtap *opened = wtap_open_offline(path, WTAP_TYPE_AUTO, &error, &detail, FALSE);
    tcpt_capture_file *file;

    *problem = NULL;
    if (!opened) {
        *problem = problem_of(error, detail);
        return NULL;
    }
    file = g_new0(tcpt_capture_file, 1);
    file->file = opened;
    file->size_bytes = MAX(wtap_file_size(opened, &error), 0);
    tcpt_wtap_init(&file->record);
    return file;
}

bool tcpt_capture_file_is_other(const char *problem)
{
    return g_str_has_prefix(problem, wtap_strerror(WTAP_ERR_FILE_UNKNOWN_FORMAT));
}

void tcpt_capture_file_close(tcpt_capture_file *file)
{
    if (!file)
        return;
    tcpt_wtap_cleanup(&file->record);
    wtap_close(file->file);
    g_free(file);
}

static tcpt_link link_of(int link_type)
{
    switch (link_type) {
    case WTAP_ENCAP_ETHERNET:
    case WTAP_ENCAP_NETTL_ETHERNET: /* its own header is no part of the frame */
        return TCPT_LINK_ETHERNET;
    case WTAP_ENCAP_RAW_IP:
    case WTAP_ENCAP_RAW_IP4:
    case WTAP_ENCAP_RAW_IP6:
    case WTAP_ENCAP_NETTL_RAW_IP:
        return TCPT_LINK_RAW;
    case WTAP_ENCAP_NULL:
        return TCPT_LINK_NULL;
    case WTAP_ENCAP_LOOP:
        return TCPT_LINK_LOOP;
    case WTAP_ENCAP_PPP:
        return TCPT_LINK_PPP;
    case WTAP_ENCAP_PPP_WITH_PHDR:
        return TCPT_LINK_PPP_PHDR;
    case WTAP_ENCAP_CHDLC:
        return TCPT_LINK_CHDLC;
    case WTAP_ENCAP_SLL:
        return TCPT_LINK_SLL;
    case WTAP_ENCAP_SLL2:
        return TCPT_LINK_SLL2;
    case WTAP_ENCAP_IEEE_802_11:
        return TCPT_LINK_DOT11;
    case WTAP_ENCAP_IEEE_802_11_RADIOTAP:
        return TCPT_LINK_DOT11_RADIOTAP;
    case WTAP_ENCAP_IEEE_802_11_PRISM:
        return TCPT_LINK_DOT11_PRISM;
    case WTAP_ENCAP_IEEE_802_11_AVS:
        return TCPT_LINK_DOT11_AVS;
    case WTAP_ENCAP_FDDI:
    case WTAP_ENCAP_FDDI_BITSWAPPED: /* addresses only */
        return TCPT_LINK_FDDI;
    case WTAP_ENCAP_NFLOG:
        return TCPT_LINK_NFLOG;
    default:
        return TCPT_LINK_OTHER;
    }
}

/* Records of an Endace card say themselves what they hold, behind 16 bytes that libwiretap takes off. */
static tcpt_link link_of_erf(uint8_t type)
{
    enum { ETH = 2, COLOR_ETH = 11, DSM_COLOR_ETH = 16, COLOR_HASH_ETH = 20, IPV4 = 22, IPV6 = 23, EXTENDED = 0x80 };

    switch (type & ~EXTENDED) {
    case ETH:
    case COLOR_ETH:
    case DSM_COLOR_ETH:
    case COLOR_HASH_ETH:
        return TCPT_LINK_ETHERNET;
    case IPV4:
    case IPV6:
        return TCPT_LINK_RAW;
    default:
        return TCPT_LINK_OTHER;
    }
}

/* What the bytes begin with, and how many of the frame check sequence's they end with. */
static void describe_link(tcpt_captured *captured, const wtap_packet_header *header)
{
    captured->link_type = header->pkt_encap;
    captured->link = link_of(header->pkt_encap);
    if (header->pkt_encap == WTAP_ENCAP_ETHERNET)
        captured->fcs_bytes = header->pseudo_header.eth.fcs_len;
    if (header->pkt_encap != WTAP_ENCAP_ERF)
        return;
    captured->link = link_of_erf(header->pseudo_header.erf.phdr.type);
    if (captured->link == TCPT_LINK_ETHERNET)
        captured->fcs_bytes = ERF_FCS_BYTES;
}

static void describe(tcpt_capture_file *file, tcpt_captured *captured)
{
    const wtap_rec *rec = &file->record.rec;
    const wtap_packet_header *header = &rec->rec_header.packet_header;

    *captured = (tcpt_captured){.number = ++file->number, .packet = rec->rec_type == REC_TYPE_PACKET};
    captured->has_time = rec->presence_flags & WTAP_HAS_TS;
    if (captured->has_time)
        captured->time_ns = tcpt_time_from(rec->ts.secs, rec->ts.nsecs);
    if (!captured->packet)
        return;
    describe_link(captured, header);
    captured->bytes = (tcpt_bytes){tcpt_wtap_bytes(&file->record), header->caplen, MAX(header->len, header->caplen)};
    captured->has_interface = rec->presence_flags & WTAP_HAS_INTERFACE_ID;
    if (captured->has_interface)
        captured->interface = tcpt_wtap_interface(file->file, rec);
}

bool tcpt_capture_file_next(tcpt_capture_file *file, tcpt_captured *captured, char **problem)
{
    char *detail = NULL;
    int error = 0;

    *problem = NULL;
    if (file->number == UINT32_MAX) {
        *problem = g_strdup_printf("only its first %u packets were read", UINT32_MAX);
        return false;
    }
    if (tcpt_wtap_read(file->file, &file->record, &error, &detail)) {
        describe(file, captured);
        return true;
    }
    if (error != 0)
        *problem = problem_of(error, detail);
    return false;
}

const char *tcpt_capture_file_interface(uint32_t interface, void *data)
{
    static const guint options[] = {OPT_IDB_NAME, OPT_IDB_DESCRIPTION, OPT_IDB_HARDWARE};
    tcpt_capture_file *file = data;
    wtapng_iface_descriptions_t *all = wtap_file_get_idb_info(file->file);
    wtap_block_t block = NULL;
    char *name;

    if (interface < all->interface_data->len)
        block = g_array_index(all->interface_data, wtap_block_t, interface);
    g_free(all);
    for (unsigned i = 0; block && i < G_N_ELEMENTS(options); i++)
        if (wtap_block_get_string_option_value(block, options[i], &name) == WTAP_OPTTYPE_SUCCESS)
            return name;
    return "unknown";
}

double tcpt_capture_file_progress(tcpt_capture_file *file)
{
    return file->size_bytes > 0 ? (double)wtap_read_so_far(file->file) / (double)file->size_bytes : -1;
}

const char *tcpt_link_type_name(int link_type)
{
    const char *name = wtap_encap_description(link_type);

    return name ? name : "unknown";
}

/* ---- writing ---- */

static void free_copy(tcpt_copy_file *copy)
{
    g_free(copy->params.idb_inf); /* what is in it is the file's */
    copy->params.idb_inf = NULL;
    wtap_dump_params_cleanup(&copy->params);
    g_free(copy);
}

tcpt_copy_file *tcpt_copy_file_open(const char *path, tcpt_capture_file *like, char **problem)
{
    tcpt_copy_file *copy = g_new0(tcpt_copy_file, 1);
    char *detail = NULL;
    int error = 0;

    *problem = NULL;
    wtap_dump_params_init(&copy->params, like->file);
    copy->params.encap = WTAP_ENCAP_PER_PACKET;
    copy->dumper =
        wtap_dump_open(path, wtap_pcapng_file_type_subtype(), WTAP_UNCOMPRESSED, &copy->params, &error, &detail);
    if (copy->dumper)
        return copy;
    *problem = problem_of(error, detail);
    free_copy(copy);
    return NULL;
}

bool tcpt_copy_file_add(tcpt_copy_file *copy, tcpt_capture_file *from, const char *comment, char **problem)
{
    wtap_rec *rec = &from->record.rec;
    wtap_block_t own = rec->block;
    char *detail = NULL;
    int error = 0;
    bool written;

    if (comment) {
        rec->block = own ? wtap_block_make_copy(own) : wtap_block_create(WTAP_BLOCK_PACKET);
        wtap_block_add_string_option(rec->block, OPT_COMMENT, comment, strlen(comment));
        rec->block_was_modified = TRUE;
    }
    tcpt_wtap_join_sections(from->file, rec);
    written = tcpt_wtap_dump(copy->dumper, &from->record, &error, &detail);
    if (comment) {
        wtap_block_unref(rec->block);
        rec->block = own;
    }
    if (!written)
        *problem = problem_of(error, detail);
    return written;
}

bool tcpt_copy_file_close(tcpt_copy_file *copy, char **problem)
{
    char *detail = NULL;
    int error = 0;
    bool written = tcpt_wtap_dump_close(copy->dumper, &error, &detail);

    if (!written)
        *problem = problem_of(error, detail);
    free_copy(copy);
    return written;
}
