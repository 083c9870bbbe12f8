/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every mint that has not come to its end: those under way, and those whose outcome is not known. In memory here, on
 * the disk as intents, so that the next daemon knows of them too. Main thread only; what touches the disk is done by a
 * worker, in order for each intent, with a deadline. */
#pragma once

#include "intent-folder.h"
#include "work.h"

#define FEL_UNRESOLVED_MAX 5 /* at one instance; with more of them nothing is minted there */

typedef struct FelLedger FelLedger;

typedef enum
{
  FEL_LEDGER_MINTING,    /* a request is at work on it */
  FEL_LEDGER_UNRESOLVED, /* nobody is */
  FEL_LEDGER_SETTLING,   /* somebody finds out what became of it */
} FelLedgerState;

typedef struct FelLedgerEntry
{
  grefcount refs;
  FelIntent *intent; /* owned; its latest step */
  FelLedgerState state;
  gboolean ended;           /* not in the ledger any more */
  gboolean writing;         /* a worker has its file */
  GPtrArray *candidates;    /* of char *, ids at the provider that could be it; NULL: not looked yet */
  GPtrArray *listed;        /* the candidates that were last listed to somebody; NULL: never */
  char *detail;             /* (nullable) why it could not be settled */
  struct FelSettle *settle; /* SETTLING: who is at it */
  guint retry_sec;          /* after which looking again may tell more; 0: the usual */
  gint64 seen_usec;         /* monotonic; since when we know of it */
  gboolean shown;           /* the user was told */
} FelLedgerEntry;

/* entry: lent; NULL when error is set. */
typedef void (*FelLedgerDone) (FelLedgerEntry *entry, const GError *error, gpointer user_data);

FelLedger *fel_ledger_new (const char *folder, FelWork *work);
void fel_ledger_free (FelLedger *self); /* (nullable) */

/* The worker's side of it. */
FelIntentFolder *fel_ledger_folder (FelLedger *self); /* (transfer none) */

/* Takes over what an earlier daemon has left, once that has ended; fine to call again. Blocks for the time of reading a
 * few small files. ret_broken: of char *, files that were set aside; NULL when nothing was read. */
gboolean fel_ledger_take_over (FelLedger *self, GPtrArray **ret_broken, GError **error);

/* Puts a new one on the disk, MINTING. Answers once that is certain. */
void fel_ledger_prepare (FelLedger *self, FelIntent *intent /* (transfer full) */, FelLedgerDone done,
                         gpointer user_data);

/* The id is known: puts it on the disk. In memory it is there at once. */
void fel_ledger_put_id (FelLedger *self, FelLedgerEntry *entry, const char *id, FelLedgerDone done, gpointer user_data);

/* Nothing is left to be found out: it goes, from the disk as soon as it may. */
void fel_ledger_end (FelLedger *self, FelLedgerEntry *entry);

/* Its request lets go of it without having ended it. It was sent. */
void fel_ledger_leave_open (FelLedger *self, FelLedgerEntry *entry);

FelLedgerEntry *fel_ledger_find (FelLedger *self, const char *uuid); /* (transfer none) (nullable) */

/* The unresolved one, or the one being settled, that was asked for under this id. (transfer none) (nullable) */
FelLedgerEntry *fel_ledger_find_request (FelLedger *self, const char *request_id);

/* Of FelLedgerEntry, owned, the oldest first: all but those under way. */
GPtrArray *fel_ledger_unresolved (FelLedger *self);
guint fel_ledger_count_unresolved (FelLedger *self, const char *backend); /* backend: NULL is any */

/* Is a mint under way there? */
gboolean fel_ledger_is_minting (FelLedger *self, const char *backend);

/* Does no other daemon mint, or know of a mint that is open? */
gboolean fel_ledger_is_alone (FelLedger *self);

/* How many mints were begun so far: two equal answers mean that none was begun between. */
guint64 fel_ledger_begun (const FelLedger *self);

/* Ids that intents of this instance, other than this one, are known by: a set of char *. */
GHashTable *fel_ledger_ids (FelLedger *self, const FelLedgerEntry *except);

FelLedgerEntry *fel_ledger_entry_ref (FelLedgerEntry *self);
void fel_ledger_entry_unref (FelLedgerEntry *self); /* (nullable) */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelLedger, fel_ledger_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelLedgerEntry, fel_ledger_entry_unref)
