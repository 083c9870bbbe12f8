/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whose the intents are, while several daemons live: one leaves, the next is there, and both mint. Two locks in one file
 * (F_OFD_SETLK, fcntl(2)), which end with the process. Nothing here waits; one call at a time. */
#pragma once

#include <glib.h>

typedef struct FelIntentLock FelIntentLock;

FelIntentLock *fel_intent_lock_new (const char *path);
void fel_intent_lock_free (FelIntentLock *self); /* (nullable) */

/* The calls below give 0, EAGAIN when another daemon is in the way, or what else made them fail. */

/* We have intents there: nobody takes them over before fel_intent_lock_rest(). EAGAIN: somebody is just looking. Fine to
 * call again; where the file system has no locks nobody can take over, and there is none. */
int fel_intent_lock_write (FelIntentLock *self);
void fel_intent_lock_rest (FelIntentLock *self);

/* What is there is ours or was left behind, until the end of the look: nobody else writes. */
int fel_intent_lock_look (FelIntentLock *self);
/* has_taken_over: from now on nobody else does. */
void fel_intent_lock_end_look (FelIntentLock *self, gboolean has_taken_over);

/* Does no other daemon have intents there? */
gboolean fel_intent_lock_is_alone (const FelIntentLock *self);

/* Has somebody deleted what is open there? Of the lock, and of the folder beside it. */
gboolean fel_intent_fd_was_deleted (int fd);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelIntentLock, fel_intent_lock_free)
