/* SPDX-License-Identifier: GPL-2.0-or-later */
/** @file
 * Findings as a tree: cases, what was found of each, on which connections, on which frames.
 *
 * It counts every finding that it is given, and lists as many as a reader opens.
 */
#ifndef TCPTRIAGE_REPORT_CASE_TREE_H
#define TCPTRIAGE_REPORT_CASE_TREE_H

#include <stdint.h>

#include <glib.h>

#include "model.h"

typedef struct tcpt_branch {
    struct tcpt_branch *parent; /**< NULL of the root */
    const char *name;
    uint64_t count;  /**< findings in it */
    uint32_t number; /**< of the case, or of the frame: the order among its siblings; 0 as they came */
    int mark;        /**< the caller's */
} tcpt_branch;

typedef struct tcpt_case_tree tcpt_case_tree;

/** Who else counts; both are optional. */
typedef struct tcpt_counter {
    /** Called for each branch that a finding is counted in, the root first. */
    void (*count)(tcpt_branch *branch, void *data);
    /** The name that a branch gets in place of its own, but for the root; to be freed by the tree. */
    char *(*name)(const tcpt_branch *branch);
    void *data;
} tcpt_counter;

/** @param model  lives as long as the tree is added to */
tcpt_case_tree *tcpt_case_tree_new(const tcpt_model *model, tcpt_counter counter);

void tcpt_case_tree_free(tcpt_case_tree *tree);

/** Count a finding, if it is one that the model tells of. Settle everything first. */
void tcpt_case_tree_add(tcpt_case_tree *tree, const tcpt_finding *finding);

/** All that the model tells of, as text. */
void tcpt_report_case_tree(GString *out, const tcpt_model *model);

#endif
