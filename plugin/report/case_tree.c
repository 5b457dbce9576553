/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "case_tree.h"

#include "case_text.h"
#include "filters.h"
#include "tcptriage/address.h"
#include "tcptriage/outcome.h"
#include "tcptriage/points.h"
#include "tcptriage/times.h"
#include "words.h"

enum {
    /* What a reader looks through. All of it is five hundred branches: Wireshark's window measures all of the tree's
     * texts for each branch that is added, which takes 2 s for so many, 6 s for a thousand. */
    CASES_LISTED = 50,
    CASES_IN_FULL = 8,
    FLOWS_LISTED = 10, /* of one kind of finding in a case */
    FRAMES_LISTED = 5, /* of one connection there */
    ROOM_IN_FULL = 30, /* branches of a case, all in all */
    ROOM_IN_SHORT = 3, /* of one behind those: a finding, its connection, its frame */
};

/* A branch, and what is needed to find and to fill it. */
typedef struct node {
    tcpt_branch shown; /* first: they are taken for each other */
    const void *what;  /* that it stands for, compared only; NULL for what is not listed */
    bool consequence;
    unsigned listed;      /* children */
    struct node *of_case; /* the branch of its case, or itself; NULL above cases */
    unsigned room;        /* of a case: branches that there may be in it */
    unsigned taken;       /* and that there are */
    char *name;
    GPtrArray *children;
} node;

struct tcpt_case_tree {
    const tcpt_model *model;
    tcpt_counter counter;
    GHashTable *nodes; /* set of node */
    node root;
};

static unsigned hash_node(gconstpointer of)
{
    const node *at = of;

    return g_direct_hash(at->what) * 31 + g_direct_hash(at->shown.parent) * 2 + at->consequence;
}

static gboolean same_node(gconstpointer a, gconstpointer b)
{
    const node *left = a, *right = b;

    return left->what == right->what && left->shown.parent == right->shown.parent &&
           left->consequence == right->consequence;
}

static void free_node(void *data)
{
    node *at = data;

    g_ptr_array_free(at->children, TRUE);
    g_free(at->name);
    g_free(at);
}

tcpt_case_tree *tcpt_case_tree_new(const tcpt_model *model, tcpt_counter counter)
{
    tcpt_case_tree *tree = g_new0(tcpt_case_tree, 1);

    *tree = (tcpt_case_tree){.model = model, .counter = counter};
    tree->nodes = g_hash_table_new_full(hash_node, same_node, free_node, NULL);
    tree->root.shown.name = "Cases";
    tree->root.children = g_ptr_array_new();
    return tree;
}

void tcpt_case_tree_free(tcpt_case_tree *tree)
{
    g_hash_table_destroy(tree->nodes);
    g_ptr_array_free(tree->root.children, TRUE);
    g_free(tree);
}

/* ---- names ---- */

static char *name_of_case(const tcpt_model *model, const tcpt_finding *finding)
{
    const tcpt_case *made = tcpt_case_of(finding->diagnosis);
    char *title = tcpt_case_title(model, made);
    char *name =
        g_strdup_printf("%3u. %s %s: %s", made->number, tcpt_severity_name(made->severity), made->detector->id, title);

    g_free(title);
    return name;
}

static char *name_of_kind(const tcpt_model *model, const tcpt_finding *finding)
{
    (void)model;
    return g_strdup_printf("%s: %s", tcpt_role_in_case(finding->diagnosis), finding->diagnosis->detector->id);
}

static char *name_of_flow(const tcpt_model *model, const tcpt_finding *finding)
{
    const tcpt_flow *flow = tcpt_flow_of(finding->on);
    const tcpt_flow_key *key = &flow->key;
    uint32_t stream = model->report.stream_of ? model->report.stream_of(finding->on) : UINT32_MAX;
    char client[TCPT_SOCKET_BYTES], server[TCPT_SOCKET_BYTES];
    GString *name = g_string_new(NULL);

    g_string_append_printf(name, "%s -> %s (%s",
                           tcpt_socket_text(client, key->family, key->address[flow->client], key->port[flow->client]),
                           tcpt_socket_text(server, key->family, key->address[!flow->client], key->port[!flow->client]),
                           tcpt_outcome_words(tcpt_outcome_of(flow)));
    if (stream != UINT32_MAX)
        g_string_append_printf(name, ", stream %u", stream);
    if (tcpt_has_points(model->report.analysis) && flow->at->name)
        g_string_append_printf(name, ", at %s", flow->at->name);
    g_string_append_c(name, ')');
    return g_string_free(name, FALSE);
}

static char *name_of_frame(const tcpt_model *model, const tcpt_finding *finding)
{
    char *brief = tcpt_model_brief(model, finding);
    char *name = g_strdup_printf("frame %6u, %.6f s: %s", tcpt_model_frame(model, finding->on),
                                 tcpt_as_seconds(finding->time_ns - model->report.zero_ns), brief);

    g_free(brief);
    return name;
}

/* ---- branches ---- */

static node *new_node(tcpt_case_tree *tree, const node *key, char *name)
{
    node *made = g_new0(node, 1), *parent = (node *)key->shown.parent;

    *made = *key;
    made->name = name;
    made->shown.name = name;
    if (tree->counter.name) {
        made->name = tree->counter.name(&made->shown);
        made->shown.name = made->name;
        g_free(name);
    }
    made->children = g_ptr_array_new();
    made->of_case = parent->of_case ? parent->of_case : made;
    made->room = made->shown.number <= CASES_IN_FULL ? ROOM_IN_FULL : ROOM_IN_SHORT;
    g_hash_table_add(tree->nodes, made);
    g_ptr_array_add(parent->children, made);
    return made;
}

static void count_in(const tcpt_case_tree *tree, node *at)
{
    at->shown.count++;
    if (tree->counter.count)
        tree->counter.count(&at->shown, tree->counter.data);
}

/* A level of the tree. */
typedef struct level {
    const char *things;
    unsigned most;
    char *(*name)(const tcpt_model *model, const tcpt_finding *finding);
} level;

static bool is_full(const node *of_case)
{
    return of_case && of_case->taken >= of_case->room;
}

/* What is counted, and why it is not listed. */
static void count_rest(tcpt_case_tree *tree, node *parent, const level *down)
{
    node key = {.shown = {.parent = &parent->shown, .number = UINT32_MAX}};
    node *rest = g_hash_table_lookup(tree->nodes, &key);

    if (!rest)
        rest = new_node(tree, &key,
                        is_full(parent->of_case) ? g_strdup_printf("more %s: %u rows are listed of this case",
                                                                   down->things, parent->of_case->room)
                                                 : g_strdup_printf("more %s: %u are listed", down->things, down->most));
    count_in(tree, rest);
}

/* Counts the finding one level deeper. @return NULL where that is not listed */
static node *step(tcpt_case_tree *tree, node key, const level *down, const tcpt_finding *finding)
{
    node *parent = (node *)key.shown.parent, *at = g_hash_table_lookup(tree->nodes, &key);

    if (!at) {
        if (parent->listed >= down->most || is_full(parent->of_case)) {
            count_rest(tree, parent, down);
            return NULL;
        }
        parent->listed++;
        if (parent->of_case)
            parent->of_case->taken++;
        at = new_node(tree, &key, down->name(tree->model, finding));
    }
    count_in(tree, at);
    return at;
}

/* Numbers order the siblings. */
static node key_of(node *parent, const void *what, uint32_t number)
{
    return (node){.shown = {.parent = &parent->shown, .number = number}, .what = what};
}

/* Causes before consequences. */
static node kind_key_of(node *parent, const tcpt_diagnosis *diagnosis)
{
    node key = key_of(parent, diagnosis->detector, parent->children->len + (diagnosis->consequence ? G_MAXUINT16 : 0));

    key.consequence = diagnosis->consequence;
    return key;
}

void tcpt_case_tree_add(tcpt_case_tree *tree, const tcpt_finding *finding)
{
    static const level cases = {"cases, none graver", CASES_LISTED, name_of_case};
    static const level kinds = {"findings", G_MAXUINT, name_of_kind};
    static const level flows = {"connections", FLOWS_LISTED, name_of_flow};
    static const level frames = {"findings of this connection", FRAMES_LISTED, name_of_frame};
    const tcpt_diagnosis *diagnosis = finding->diagnosis;
    const tcpt_case *made = tcpt_case_of(diagnosis);
    uint32_t frame = tcpt_model_frame(tree->model, finding->on);
    node *at = &tree->root;

    if (!made || !frame || diagnosis->detector->severity < tree->model->report.least)
        return;
    count_in(tree, at);
    if (made->number > CASES_LISTED) {
        count_rest(tree, at, &cases);
        return;
    }
    at = step(tree, key_of(at, GUINT_TO_POINTER(made->number), made->number), &cases, finding);
    if (at)
        at = step(tree, kind_key_of(at, diagnosis), &kinds, finding);
    if (at)
        at = step(tree, key_of(at, tcpt_flow_of(finding->on), at->children->len), &flows, finding);
    if (at)
        step(tree, key_of(at, GUINT_TO_POINTER(frame), frame), &frames, finding);
}

/* ---- as text ---- */

static int compare_nodes(gconstpointer a, gconstpointer b)
{
    const node *left = *(const node *const *)a, *right = *(const node *const *)b;

    return (left->shown.number > right->shown.number) - (left->shown.number < right->shown.number);
}

/* A filter is pasted: it is on a line of its own. */
static void write_filter(GString *out, const tcpt_model *model, const node *at)
{
    char *filter;

    if (at->shown.parent->parent || at->shown.number > model->case_count)
        return;
    filter = tcpt_filter_for_case(model->cases[at->shown.number - 1]);
    g_string_append_printf(out, "       %s\n", filter);
    g_free(filter);
}

static unsigned depth_of(const node *at)
{
    unsigned depth = 0;

    for (const tcpt_branch *above = at->shown.parent; above->parent; above = above->parent)
        depth++;
    return depth;
}

static void write_node(GString *out, const tcpt_model *model, const node *at)
{
    GString *line = g_string_new(at->name);
    unsigned depth = depth_of(at), column = depth ? 3 + 2 * depth : 0;

    if (at->children->len || at->shown.number == UINT32_MAX)
        g_string_append_printf(line, " [%" PRIu64 "]", at->shown.count);
    g_string_append_printf(out, "%*s", column, "");
    write_wrapped(out, line->str, column, column + 5);
    g_string_free(line, TRUE);
    if (depth == 0)
        write_filter(out, model, at);
}

/* The last one comes off first. */
static void push_children(GPtrArray *waiting, const node *at)
{
    g_ptr_array_sort(at->children, compare_nodes);
    for (unsigned i = at->children->len; i > 0; i--)
        g_ptr_array_add(waiting, at->children->pdata[i - 1]);
}

static void write_tree(GString *out, const tcpt_case_tree *tree)
{
    GPtrArray *waiting = g_ptr_array_new();

    push_children(waiting, &tree->root);
    while (waiting->len) {
        const node *at = g_ptr_array_steal_index(waiting, waiting->len - 1);

        write_node(out, tree->model, at);
        push_children(waiting, at);
    }
    g_ptr_array_free(waiting, TRUE);
}

static void add_wanted(const tcpt_finding *finding, void *data)
{
    tcpt_case_tree *tree = data;

    if (tcpt_model_wants(tree->model, finding->on))
        tcpt_case_tree_add(tree, finding);
}

void tcpt_report_case_tree(GString *out, const tcpt_model *model)
{
    tcpt_case_tree *tree = tcpt_case_tree_new(model, (tcpt_counter){0});

    if (model->report.analysis)
        tcpt_each_found(model->report.analysis, add_wanted, tree);
    append_count(out, tree->root.shown.count, "finding");
    g_string_append(out, " in ");
    append_count(out, tree->root.listed, "case");
    g_string_append(out, tree->root.shown.count ? ", the gravest first; [findings]\n" : "\n");
    write_tree(out, tree);
    tcpt_case_tree_free(tree);
}
