/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "talk.h"

#include <glib.h>
#include <string.h>

#include "input.h"
#include "tcptriage/segment.h"

/** What a letter stands for, capital from the client, else from the server. */
typedef struct letter {
    char letter;
    uint8_t flags;
    uint8_t seq;
    uint8_t payload;
    uint8_t control;
    uint8_t option; /**< of made.c; without it that of the conversation */
} letter;

enum {
    SOME_BYTES = 0x98,
    ONE_BELOW = 0xfc,
    SYN_OPTIONS = 1,
    STAMPS_BEHIND = 4,
    FAST_OPEN_COOKIE = 7,
    LOST = FUZZ_OTHER_POINT, /* where packets pass several points */
    DATA = TCPT_PSH | TCPT_ACK,
};

static const letter letters[] = {
    {'S', TCPT_SYN, 0, 0, 0, SYN_OPTIONS},
    {'O', TCPT_SYN, 0, SOME_BYTES, 0, FAST_OPEN_COOKIE},
    {'A', TCPT_ACK, 0, 0, 0, 0},
    {'D', DATA, 0, SOME_BYTES, 0, 0},
    {'X', DATA, FUZZ_AGAIN, SOME_BYTES, 0, 0}, /* the newest data again */
    {'G', DATA, 0, FUZZ_LARGE, 0, 0},
    {'F', TCPT_FIN | TCPT_ACK, 0, 0, 0, 0},
    {'Z', TCPT_FIN | TCPT_ACK, FUZZ_AGAIN, 0, 0, 0}, /* the FIN again */
    {'R', TCPT_RST, 0, 0, 0, 0},
    {'Q', TCPT_RST, ONE_BELOW, 0, 0, 0},
    {'P', TCPT_ACK, ONE_BELOW, 0, 0, 0}, /* a keep-alive probe */
    {'B', DATA, 0, SOME_BYTES, 0, STAMPS_BEHIND},
    {'W', DATA | FUZZ_CHECKSUM_NONE, 0, SOME_BYTES, 0, 0},
    {'C', TCPT_ACK | FUZZ_CHECKSUM_OVER_PADDING, 0, 0, FUZZ_PADDED, 0},
    {'L', DATA, 0, SOME_BYTES, LOST, 0},
    {'M', TCPT_ACK, 0, 0, LOST | FUZZ_PADDED, 0},
    {'N', DATA, FUZZ_AGAIN, FUZZ_LARGE, LOST, 0},
    {'\0', 0, 0, 0, 0, 0},
};

/** Before a letter a digit: another time passes, its number in world.c plus six; or a colon and a hexadecimal digit: a
 * limit of world.c. */
static const char *const talks[] = {
    "",
    "SsADadADadADadAFfA",
    "SsADadAFaF6f6f6fA",
    "SsADadA9P9P9P9PdA",
    "SsADXX6X7X7XadAFfA",
    "S6S7S8S8SsADaR",
    "SsAda6d6dA8DaDaDaFaRr",
    "SsADadA9D6X7X8X8X",
    "SsADadAF8f8f8faAS9SsA",
    "Ss6s7s8sADXXaF",
    "DaDadAdAdARdd",
    "SsADaFaS7S8SsADadARSsADa",
    "SsADadAF6Z7Z8Z",
    "SsADadAf6z7z:3z:4zR",
    "SsADadA:7P:7P:7P:7P:7P",
    "SsADadA:1p:1p:1p:7R",
    "SsADadAaAaAaAaAaAaAaAaAaAaAaAaAa",
    "SsADadABbaD7BbD",
    "OsADX7O8X9X",
    "O7O8SsADadA",
    "SsADaCcCcFfA",
    "SsADaLaXL7X8XDaFfA",
    "SsADaM7M8MdAFfA",
    "SsADadAGaNN7N8N9NDa",
    "SsADQ6Q7QFaq8q",
    "SsWADWaX7XdW8X",
    "SsADadA:bD6X7X8X9XR",
    "SsADadFaf6D7R:2SsADa",
};

unsigned talk_count(void)
{
    return G_N_ELEMENTS(talks);
}

static const letter *letter_of(char character)
{
    const letter *at = letters;
    while (at->letter != g_ascii_toupper(character))
        at++;
    return at;
}

/** @param time  set to the byte of the time that is to pass. @return where the letter is */
static const char *read_time(const char *text, uint8_t *time)
{
    enum { USUAL = 5 };
    *time = USUAL;
    if (*text == ':') {
        *time = (uint8_t)(FUZZ_TIME_LIMIT | g_ascii_xdigit_value(text[1]));
        return text + 2;
    }
    if (!g_ascii_isdigit(*text))
        return text;
    *time = (uint8_t)(*text - '0' + 6);
    return text + 1;
}

size_t talk_write(uint8_t *data, unsigned number, uint8_t control, uint8_t option)
{
    enum { WINDOW = 0xfa };
    size_t size = 2;
    uint8_t time;
    for (const char *text = talks[number]; *text; text++) {
        text = read_time(text, &time);
        const letter *said = letter_of(*text);
        bool server = g_ascii_islower(*text), syn = said->flags & TCPT_SYN;
        uint8_t stamped = said->option == STAMPS_BEHIND ? 0 : option & FUZZ_ABOUT_STAMPED;
        uint8_t made[] = {(uint8_t)(FUZZ_MADE | control | said->control | (server ? FUZZ_FROM_SERVER : 0)),
                          time,
                          (uint8_t)(said->flags | (syn && server ? TCPT_ACK : 0)),
                          said->seq,
                          0,
                          WINDOW,
                          said->option ? said->option | stamped : option,
                          said->payload};
        memcpy(data + size, made, sizeof made);
        size += sizeof made;
    }
    return size;
}
