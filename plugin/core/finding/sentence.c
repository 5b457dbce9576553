/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/sentence.h"

#include <inttypes.h>
#include <string.h>

#include "core/finding/store.h"

/* One conversion of a format. */
typedef struct conversion {
    char kind; /* u d x s f % */
    int width;
    int precision;
    const char *behind; /* in the format */
} conversion;

static int read_number(const char **at)
{
    int number = 0;

    for (; g_ascii_isdigit(**at); ++*at)
        number = 10 * number + (**at - '0');
    return number;
}

static conversion read_conversion(const char *at)
{
    conversion next = {.precision = 6}; /* what printf takes for %f */

    next.width = read_number(&at);
    if (*at == '.') {
        at++;
        next.precision = read_number(&at);
    }
    next.kind = *at;
    next.behind = at + 1;
    return next;
}

/* No text takes what all numbers of a sentence may need: twenty of eight bytes, and some more. */
enum { NUMBERS_BYTES = 256 };

/* Bytes of `text` that are kept, its end not counted: whole characters (UTF-8). */
static size_t kept_bytes(const char *text, size_t left)
{
    size_t bytes = strlen(text), most = left > NUMBERS_BYTES ? (left - NUMBERS_BYTES) / 2 : 0;

    if (bytes <= most)
        return bytes;
    for (bytes = most; bytes > 0 && ((uint8_t)text[bytes] & 0xc0) == 0x80; bytes--)
        ;
    return bytes;
}

/* What a packed string begins with. */
enum { TEXT_HERE, TEXT_KEPT };

/* A pointer is shorter than the first; no detector's own text is longer than the other. */
enum { SHORT_TEXT_BYTES = 16, LONG_TEXT_BYTES = 512 };

static size_t pack_text(uint8_t *room, size_t left, tcpt_findings *store, const char *text)
{
    size_t bytes = kept_bytes(text, left);
    bool own = text[bytes] == '\0' && bytes >= SHORT_TEXT_BYTES && bytes <= LONG_TEXT_BYTES;
    const char *kept = store && own ? tcpt_text_keep(store, text) : NULL;

    room[0] = kept ? TEXT_KEPT : TEXT_HERE;
    if (kept) {
        memcpy(room + 1, &kept, sizeof kept);
        return 1 + sizeof kept;
    }
    memcpy(room + 1, text, bytes);
    room[1 + bytes] = '\0';
    return 1 + bytes + 1;
}

/* @return behind the text */
static const uint8_t *write_text(GString *out, const uint8_t *packed)
{
    const char *text = (const char *)packed + 1;

    if (packed[0] == TEXT_HERE) {
        g_string_append(out, text);
        return packed + 1 + strlen(text) + 1;
    }
    memcpy(&text, packed + 1, sizeof text);
    g_string_append(out, text);
    return packed + 1 + sizeof text;
}

/* What a format asks for, one letter each; they are literals, so that each is read once. */
enum { FORMATS = 64, KINDS_MOST = 31 };

typedef struct kinds_of_format {
    const char *format;
    char kinds[KINDS_MOST + 1]; /* ends with a NUL */
} kinds_of_format;

static void read_kinds(kinds_of_format *of, const char *format)
{
    unsigned count = 0;

    for (const char *at = strchr(format, '%'); at;) {
        conversion next = read_conversion(at + 1);

        if (next.kind != '%') {
            g_assert(count < KINDS_MOST); /* formats are the program's own */
            of->kinds[count++] = next.kind;
        }
        at = strchr(next.behind, '%');
    }
    of->kinds[count] = '\0';
    of->format = format;
}

static const char *kinds_of(const char *format)
{
    static kinds_of_format known[FORMATS]; /* by where the format lies */
    kinds_of_format *of = &known[((uintptr_t)format >> 4) % FORMATS];

    if (of->format != format)
        read_kinds(of, format);
    return of->kinds;
}

size_t tcpt_sentence_pack(uint8_t room[TCPT_SENTENCE_MOST_BYTES], tcpt_findings *store, const char *format,
                          va_list arguments)
{
    size_t used = 0;

    for (const char *kind = kinds_of(format); *kind; kind++) {
        unsigned number;
        double fraction;

        switch (*kind) {
        case 'f':
            fraction = va_arg(arguments, double);
            memcpy(room + used, &fraction, sizeof fraction);
            used += sizeof fraction;
            break;
        case 's':
            used += pack_text(room + used, TCPT_SENTENCE_MOST_BYTES - used, store, va_arg(arguments, const char *));
            break;
        case 'u':
        case 'd':
        case 'x':
            number = va_arg(arguments, unsigned);
            memcpy(room + used, &number, sizeof number);
            used += sizeof number;
            break;
        default:
            g_assert_not_reached(); /* formats are the program's own */
        }
    }
    return used;
}

static void write_number(GString *out, const conversion *next, unsigned number)
{
    switch (next->kind) {
    case 'x':
        g_string_append_printf(out, "%0*x", next->width, number);
        break;
    case 'd':
        g_string_append_printf(out, "%0*d", next->width, (int)number);
        break;
    default:
        g_string_append_printf(out, "%0*u", next->width, number);
    }
}

/* @return behind the argument */
static const uint8_t *write_argument(GString *out, const conversion *next, const uint8_t *argument)
{
    unsigned number;
    double fraction;

    switch (next->kind) {
    case 'f':
        memcpy(&fraction, argument, sizeof fraction);
        g_string_append_printf(out, "%.*f", next->precision, fraction);
        return argument + sizeof fraction;
    case 's':
        return write_text(out, argument);
    case '%':
        g_string_append_c(out, '%');
        return argument;
    default:
        memcpy(&number, argument, sizeof number);
        write_number(out, next, number);
        return argument + sizeof number;
    }
}

static bool is_named(tcpt_field field, const char *name, size_t length)
{
    const char *filter = tcpt_fields[field].filter;

    return strncmp(filter, name, length) == 0 && filter[length] == '\0';
}

/* As it is now. @return behind its name */
static const char *write_value(GString *out, const tcpt_diagnosis *of, const char *name)
{
    size_t length = strcspn(name, "}");
    tcpt_value value;

    for (unsigned at = 0; of && tcpt_next_value(&of->first, &at, &value);) {
        if (!is_named(value.field, name, length))
            continue;
        if (tcpt_fields[value.field].type == TCPT_TYPE_DURATION)
            g_string_append_printf(out, "%.1f", tcpt_as_seconds(value.number));
        else
            g_string_append_printf(out, "%" PRId64, value.number);
    }
    return name + length + 1;
}

char *tcpt_sentence_text(const char *format, const uint8_t *arguments, const tcpt_diagnosis *of)
{
    GString *out = g_string_new(NULL);

    for (;;) {
        size_t plain = strcspn(format, "%{");
        conversion next;

        g_string_append_len(out, format, (gssize)plain);
        switch (format[plain]) {
        case '%':
            next = read_conversion(format + plain + 1);
            arguments = write_argument(out, &next, arguments);
            format = next.behind;
            break;
        case '{':
            format = write_value(out, of, format + plain + 1);
            break;
        default:
            return g_string_free(out, FALSE);
        }
    }
}
