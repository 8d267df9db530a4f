/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classes.h - states that are alike to whatever comes next.
 *
 * A state is judged under each of the host's actions, and each judgement asks for
 * some of the flash's pages (bp_flash_asked). A state that owes the same and answers
 * all these questions alike comes to the same ends by the same flash operations: it
 * is of the same class, and its own cuts need not be made, if only what they lead to
 * asks for nothing in which the two differ. That is not assumed. The classes that
 * cuts within a class's recoveries lead to are kept, and in the end it is worked out
 * which pages anybody asks for after any number of cuts, as they stood at the class's
 * own state: bp_classes_unproven() counts the classes whose states differ in one of
 * these. None: every state that was left out would have told nothing new.
 *
 * What pages hold is given as hashes by page; the caller may have taken out of them
 * what a written rule says not to matter (explore/records.h).
 */
#ifndef BP_EXPLORE_CLASSES_H
#define BP_EXPLORE_CLASSES_H

#include "base/arena.h"
#include "vboard/flash.h"

#define BP_CLASS_PAGES 64u         /* of a flash with more pages no classes are made */
#define BP_NO_CLASS UINT32_MAX

struct bp_classes;

/* None yet. All of it is the arena's but what bp_classes_free() gives back. NULL: no memory. */
struct bp_classes *bp_classes_new(struct bp_arena *a, uint32_t n_pages);
void bp_classes_free(struct bp_classes *k);

/* The class of a state that owes `root`, when it has been met; else BP_NO_CLASS. What the state differs in is kept. */
uint32_t bp_classes_find(struct bp_classes *k, struct bp_hash128 root, const struct bp_hash128 *content);

/*
 * A state that was judged: it asked for these pages, in this order; tag: the caller's
 * own, kept with the class of which it is the first. *class: a new one,
 * or that of a state like it (*is_new tells; whether they asked alike, too, is the
 * caller's to see). 0, BP_ENOMEM, or BP_EINTERNAL: states alike so far asked otherwise
 * then, a defect of the rig.
 */
int bp_classes_add(struct bp_classes *k, struct bp_hash128 root, const struct bp_hash128 *content, const uint8_t *asked, uint32_t n_asked,
		   uint32_t tag, uint32_t *class, bool *is_new);

/* Of the class's first state. */
uint32_t bp_classes_tag(const struct bp_classes *k, uint32_t class);

/*
 * A cut in a recovery of class `from` led to class `to`; the pages in the mask had been
 * erased whole by then. BP_NO_CLASS: to a state that did not tell what it looked at. 0
 * or BP_ENOMEM.
 */
int bp_classes_lead(struct bp_classes *k, uint32_t from, uint32_t to, uint64_t erased);

/* How many classes have states that a later cut could tell apart. */
uint32_t bp_classes_unproven(struct bp_classes *k);

uint32_t bp_classes_count(const struct bp_classes *k);

#endif
