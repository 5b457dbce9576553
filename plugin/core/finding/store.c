/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/finding/store.h"

#include <string.h>

/* ---- places on records' lists: there may be some for each packet ---- */

tcpt_finding *tcpt_finding_take(tcpt_findings *store)
{
    tcpt_finding *finding = store->spare;

    if (finding) {
        store->spare = finding->next;
        return finding;
    }
    if (!store->slabs)
        store->slabs = g_ptr_array_new_with_free_func(g_free);
    if (store->slabs->len == 0 || store->slab_used == TCPT_SLAB_FINDINGS) {
        g_ptr_array_add(store->slabs, g_new(tcpt_finding, TCPT_SLAB_FINDINGS));
        store->slab_used = 0;
    }
    return (tcpt_finding *)g_ptr_array_index(store->slabs, store->slabs->len - 1) + store->slab_used++;
}

void tcpt_finding_give_back(tcpt_findings *store, tcpt_finding *finding)
{
    *finding = (tcpt_finding){.next = store->spare}; /* refers to nothing any more */
    store->spare = finding;
}

/* ---- diagnoses ---- */

static unsigned field_count(const tcpt_detector *detector)
{
    unsigned count = 0;

    while (detector->fields && detector->fields[count] != TCPT_FIELD_COUNT)
        count++;
    return count;
}

static size_t bytes_with_values(const tcpt_detector *detector)
{
    return sizeof(tcpt_diagnosis) + field_count(detector) * sizeof(tcpt_stored);
}

size_t tcpt_diagnosis_bytes(const tcpt_diagnosis *diagnosis)
{
    return bytes_with_values(diagnosis->detector) + diagnosis->own_room;
}

static uint8_t number_of(tcpt_findings *store, const tcpt_detector *detector)
{
    uint8_t *number = &store->numbers[((uintptr_t)detector >> 5) % G_N_ELEMENTS(store->numbers)];

    if (tcpt_detectors[*number] != detector)
        *number = (uint8_t)tcpt_detector_number(detector);
    return *number;
}

tcpt_diagnosis *tcpt_diagnosis_new(tcpt_findings *store, const tcpt_detector *detector, const char *summary,
                                   const uint8_t *arguments, size_t argument_bytes)
{
    size_t bytes = bytes_with_values(detector);
    tcpt_diagnosis *made = tcpt_piece_take(&store->pieces, bytes + argument_bytes);

    memset(made, 0, bytes);
    made->detector = detector;
    made->number = number_of(store, detector);
    made->store = store;
    made->related = made->few;
    made->arguments = (uint8_t *)made + bytes;
    made->argument_room = made->own_room = (uint16_t)argument_bytes;
    tcpt_diagnosis_count(made, bytes + argument_bytes);
    tcpt_set_summary(made, summary, arguments, argument_bytes);
    return made;
}

/* Those that have a place of their own. */
static void free_arguments(tcpt_diagnosis *diagnosis)
{
    if (diagnosis->argument_room == diagnosis->own_room)
        return; /* a place of its own would have more, and may lie right behind by chance */
    tcpt_piece_give_back(&diagnosis->store->pieces, diagnosis->arguments, diagnosis->argument_room);
    tcpt_diagnosis_count(diagnosis, -(size_t)diagnosis->argument_room);
}

void tcpt_set_summary(tcpt_diagnosis *diagnosis, const char *summary, const uint8_t *arguments, size_t argument_bytes)
{
    if (argument_bytes > diagnosis->argument_room) {
        free_arguments(diagnosis);
        diagnosis->arguments = tcpt_piece_take(&diagnosis->store->pieces, argument_bytes);
        tcpt_diagnosis_count(diagnosis, argument_bytes);
        diagnosis->argument_room = (uint16_t)argument_bytes;
    }
    if (argument_bytes)
        memcpy(diagnosis->arguments, arguments, argument_bytes);
    diagnosis->argument_bytes = (uint16_t)argument_bytes;
    diagnosis->summary = summary;
}

void tcpt_set_brief_arguments(tcpt_diagnosis *diagnosis, const uint8_t *arguments, size_t bytes)
{
    tcpt_pieces *pieces = &diagnosis->store->pieces;

    tcpt_piece_give_back(pieces, diagnosis->brief_arguments, diagnosis->brief_bytes);
    diagnosis->brief_arguments = bytes ? memcpy(tcpt_piece_take(pieces, bytes), arguments, bytes) : NULL;
    diagnosis->brief_bytes = (uint16_t)bytes;
}

/* A detector says the same again and again, mostly from the same place: spares counting up the text's hash. Two that
 * fall together do not drive each other out. */
static const char **recent_places(tcpt_findings *store, const char *text)
{
    return store->recent[((uintptr_t)text >> 4) % G_N_ELEMENTS(store->recent)];
}

static bool holds(const char *kept, const char *text)
{
    return kept && strcmp(kept, text) == 0;
}

const char *tcpt_text_keep(tcpt_findings *store, const char *text)
{
    const char **places = recent_places(store, text);

    enum { TEXTS_MOST = 1024 }; /* detectors have some hundred; names and numbers of a capture are in others */
    char *kept;

    for (unsigned i = 0; i < 2; i++)
        if (holds(places[i], text))
            return places[i];
    if (!store->texts)
        store->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    kept = g_hash_table_lookup(store->texts, text);
    if (!kept && g_hash_table_size(store->texts) < TEXTS_MOST) {
        kept = g_strdup(text);
        g_hash_table_add(store->texts, kept);
    }
    if (kept) {
        places[1] = places[0];
        places[0] = kept;
    }
    return kept;
}

uint32_t *tcpt_told_apart(tcpt_findings *store, const tcpt_detector *detector, unsigned kind)
{
    const char *key = (const char *)detector + kind; /* within the row: another one's are elsewhere */
    uint32_t *count;

    g_return_val_if_fail(kind < sizeof *detector, NULL);
    if (!store->apart)
        store->apart = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    count = g_hash_table_lookup(store->apart, key);
    if (!count) {
        count = g_new0(uint32_t, 1);
        g_hash_table_insert(store->apart, (gpointer)key, count);
    }
    return count;
}

void tcpt_text_free(tcpt_findings *store, const char *text)
{
    tcpt_piece_give_back(&store->pieces, (char *)text, strlen(text) + 1);
}

void tcpt_diagnosis_free(tcpt_diagnosis *diagnosis)
{
    tcpt_findings *store = diagnosis->store;
    tcpt_pieces *pieces = &store->pieces;

    if (store->undrawn) {
        g_ptr_array_remove_fast(store->undrawn, diagnosis);
        g_hash_table_remove(store->scenes, diagnosis);
    }
    for (unsigned at = 0; diagnosis->owned >> at; at++)
        if (diagnosis->owned >> at & 1)
            tcpt_text_free(store, diagnosis->values[at].text);
    free_arguments(diagnosis);
    tcpt_piece_give_back(pieces, diagnosis->run, sizeof *diagnosis->run);
    if (diagnosis->related != diagnosis->few)
        tcpt_piece_give_back(pieces, diagnosis->related, diagnosis->related_room * sizeof *diagnosis->related);
    tcpt_piece_give_back(pieces, diagnosis->ruled_out, TCPT_MAX_RULED_OUT * sizeof *diagnosis->ruled_out);
    tcpt_piece_give_back(pieces, diagnosis->brief_arguments, diagnosis->brief_bytes);
    store->bytes -= diagnosis->bytes;
    tcpt_piece_give_back(pieces, diagnosis, tcpt_diagnosis_bytes(diagnosis));
}

void tcpt_findings_open(tcpt_findings *store, size_t most_bytes)
{
    *store = (tcpt_findings){.most_bytes = most_bytes};
}

void tcpt_findings_clear(tcpt_findings *store)
{
    tcpt_pieces_clear(&store->pieces);
    if (store->texts)
        g_hash_table_destroy(store->texts);
    if (store->apart)
        g_hash_table_destroy(store->apart);
    if (store->slabs)
        g_ptr_array_unref(store->slabs);
}
