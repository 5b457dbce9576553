/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow.h"

#include <glib.h>

#include "case_text.h"
#include "json.h"
#include "tcptriage/times.h"

struct tcpt_follow {
    GHashTable *told; /* what a case is known by while others come and go, text -> struct told */
};

struct told {
    uint32_t number; /* by which it is told, always the same */
    uint64_t findings;
};

tcpt_follow *tcpt_follow_new(void)
{
    tcpt_follow *follow = g_new(tcpt_follow, 1);

    follow->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return follow;
}

void tcpt_follow_free(tcpt_follow *follow)
{
    if (!follow)
        return;
    g_hash_table_destroy(follow->told);
    g_free(follow);
}

/* A problem is one of its kind at one place. */
static struct told *told_of(tcpt_follow *follow, const tcpt_case *made)
{
    char *blamed = tcpt_case_blamed(made);
    char *key = g_strdup_printf("%s %s", made->detector->id, blamed ? blamed : "");
    struct told *told = g_hash_table_lookup(follow->told, key);

    g_free(blamed);
    if (told) {
        g_free(key);
        return told;
    }
    told = g_new0(struct told, 1);
    told->number = g_hash_table_size(follow->told) + 1;
    g_hash_table_insert(follow->told, key, told);
    return told;
}

bool tcpt_follow_print(tcpt_follow *follow, FILE *to, const tcpt_model *model, int64_t now_ns)
{
    for (unsigned i = 0; i < model->case_count; i++) {
        const tcpt_case *made = model->cases[i];
        struct told *told;

        if (!tcpt_model_tells(model, made) || now_ns - TCPT_SETTLED_SECONDS * TCPT_SECOND_NS < made->last_ns)
            continue;
        told = told_of(follow, made);
        if (told->findings == made->finding_count)
            continue;
        told->findings = made->finding_count;
        tcpt_json_case_line(to, model, made, told->number);
    }
    if (now_ns == INT64_MAX)
        tcpt_json_end_line(to, model);
    return fflush(to) == 0 && !ferror(to);
}
