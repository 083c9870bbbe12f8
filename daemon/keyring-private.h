/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Shared by the files of the keyring: keyring.c (the service and its state), keyring-op.c (one call with its deadline),
 * keyring-unlock.c (its prompt), keyring-search.c (finding items), keyring-load.c (what is there), keyring-item.c (reading
 * and deleting items), keyring-store.c (storing one for certain). For nobody else. */
#pragma once

#define SECRET_WITH_UNSTABLE 1
#define SECRET_API_SUBJECT_TO_CHANGE 1
#include <libsecret/secret.h>

#include "error.h"
#include "keyring.h"

#define SECRETS_NAME "org.freedesktop.secrets"
#define SERVICE_IFACE "org.freedesktop.Secret.Service"
#define COLLECTION_IFACE "org.freedesktop.Secret.Collection"
#define ITEM_IFACE "org.freedesktop.Secret.Item"
#define PROPERTIES_IFACE "org.freedesktop.DBus.Properties"
#define OPEN_DEADLINE_SEC 10
#define PROMPT_DEADLINE_SEC 120

struct FelKeyring
{
  grefcount refs;
  FelKeyringState state;
  FelKeyringListener listener;
  gpointer user_data;
  GDBusConnection *connection; /* NULL before the first open */
  SecretService *service;      /* NULL while there is none */
  gboolean in_doubt;           /* does it still know our session? The next open makes another one */
  char *collection;            /* path of the default one; NULL: not known */
  gint64 seen_usec;            /* when the service last said that it is unlocked; 0: that is in doubt */
  guint subscriptions[4];
  guint created_subscription;
  guint name_watch;
  guint look_id;             /* the next look at a service that has just come; 0: none is due */
  gint64 look_until_usec;    /* at it; 0: it was not new */
  GPtrArray *open_waiters;   /* of FelKeyringOp */
  GPtrArray *prompt_waiters; /* of FelKeyringOp */
  guint n_secrets_held;      /* by stores that are not over to the last callback */
  GPtrArray *stores;         /* under way; of keyring-store.c */
  GPtrArray *said_deleted;   /* paths, until it is known whether they only went out of sight; NULL: none */
  GQueue fetches;            /* of keyring-load.c: items to be asked for */
  guint fetching;            /* items that are asked for */
  gboolean closed;
};

typedef struct FelKeyringOp FelKeyringOp;

/* What comes next of a call; it is not over yet. */
typedef void (*FelKeyringStep) (FelKeyringOp *op);

/* One call: answers its caller once, by its deadline; what libsecret says later is dropped. */
struct FelKeyringOp
{
  grefcount refs;
  FelKeyring *keyring; /* owned */
  FelKeyringDone done; /* NULL: nobody waits any more */
  gpointer user_data;
  const char *doing; /* for messages: "store the password" */
  GCancellable *cancellable;
  guint deadline_id;
  char *path;             /* read, store: of the item */
  FelError late;          /* what it is when its deadline passes */
  GHashTable *attributes; /* load, find: what is looked for */
  FelKeyringStep found;
  FelKeyringStep opened;
  GPtrArray *items; /* load: what came so far */
  GPtrArray *paths; /* load, find: what was found, of a load what is not asked for yet */
  guint pending;    /* load: items that are still asked for */
  gboolean interactive;
  gboolean prompted;    /* read: the user was asked for this item */
  gboolean asked_again; /* after the default collection was deleted, or after our session was in doubt */
};

FelKeyring *fel_keyring_ref (FelKeyring *self);
void fel_keyring_unref (FelKeyring *self);

FelKeyringOp *fel_keyring_op_new (FelKeyring *keyring, const char *doing, guint deadline_sec, FelKeyringDone done,
                                  gpointer user_data);
FelKeyringOp *fel_keyring_op_ref (FelKeyringOp *self);
void fel_keyring_op_unref (FelKeyringOp *self);
void fel_keyring_op_prompts (FelKeyringOp *self); /* the user is asked from now on: the deadline is that of a prompt */
void fel_keyring_op_succeed (FelKeyringOp *self, gpointer result);
void fel_keyring_op_fail (FelKeyringOp *self, const GError *foreign); /* translates it */
void fel_keyring_op_fail_with (FelKeyringOp *self, const GError *error);
gboolean fel_keyring_op_is_over (const FelKeyringOp *self);
gboolean fel_keyring_op_has_service (FelKeyringOp *self); /* FALSE: there is none to ask, and the call has ended so */

/* Opens, then goes on: the service may be another one now, or has to be started. opened: there is one to ask. */
void fel_keyring_op_open (FelKeyringOp *self, FelKeyringStep opened);

/* Asks the service for one property, of a collection or an item; callback gets the reply, (v). */
void fel_keyring_op_ask (FelKeyringOp *self, const char *path, const char *interface, const char *property,
                         GAsyncReadyCallback callback, gpointer user_data);

gboolean fel_keyring_is_gone (const GError *foreign); /* does the service say that there is no such item? */

/* Could it be that the service has forgotten our session? Then the next open makes another one. */
gboolean fel_keyring_doubt (FelKeyring *self, const GError *foreign);

/* And tells the listener, if it is another one. */
void fel_keyring_set_state (FelKeyring *self, FelKeyringState state);

/* Answers all of them with the same and empties the list. */
void fel_keyring_op_answer_all (GPtrArray *waiters, const GError *error);

/* Is this an item of the default collection? It has to be known. */
gboolean fel_keyring_has_item_path (const FelKeyring *self, const char *path);

/* Searches for op->attributes; found: op->paths are there. Not called when op ends before. */
void fel_keyring_op_search (FelKeyringOp *op, FelKeyringStep found);

/* result: GPtrArray of paths in the default collection, perhaps empty. Opens first. */
void fel_keyring_search (FelKeyring *self, GHashTable *attributes, guint deadline_sec, FelKeyringDone done,
                         gpointer user_data);

/* (transfer full) */
GHashTable *fel_keyring_copy_attributes (GHashTable *attributes);

/* As the Secret Service wants them, a{ss}. (transfer floating) */
GVariant *fel_keyring_item_attributes (GHashTable *attributes);

/* Asks for one item, then tells the listener: what it is, or whether what is said to be deleted is. */
void fel_keyring_item_ask (FelKeyring *self, const char *path, gboolean said_deleted);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FelKeyringOp, fel_keyring_op_unref)
