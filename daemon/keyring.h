/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The desktop keyring: the default collection of whatever Secret Service is on the session bus.
 * Everything is asynchronous and has a deadline: each call answers exactly once, on the main thread, perhaps before it
 * has returned. Object paths of items are the handles. (Secret Service API, freedesktop.org, draft 0.2) */
#pragma once

#include <glib.h>

#include "secret.h"

typedef struct FelKeyring FelKeyring;

typedef enum
{
  FEL_KEYRING_ABSENT,
  FEL_KEYRING_LOCKED,
  FEL_KEYRING_UNLOCKED,
} FelKeyringState;

typedef struct FelKeyringItem
{
  char *path;
  char *label;
  GHashTable *attributes; /* char * → char *, xdg:schema among them */
  gint64 created_sec;
} FelKeyringItem;

/* What happens there without our doing. state_changed comes before the answer of the call that saw it. */
typedef struct FelKeyringListener
{
  void (*state_changed) (FelKeyringState state, gpointer user_data);
  void (*item_put) (const FelKeyringItem *item, gpointer user_data);
  void (*item_removed) (const char *path, gpointer user_data);
  void (*secret_stale) (const char *path,
                        gpointer user_data); /* what was read before holds no more; NULL: of any item */
} FelKeyringListener;

/* result: NULL, or what the call says; lent. error: NULL on success; lent, of FEL_ERROR. */
typedef void (*FelKeyringDone) (gpointer result, const GError *error, gpointer user_data);

/* For a call whose outcome nobody waits for. */
void fel_keyring_no_answer (gpointer result, const GError *error, gpointer user_data);

FelKeyring *fel_keyring_new (const FelKeyringListener *listener, gpointer user_data);
void fel_keyring_close (FelKeyring *self); /* (nullable) no listener is called any more; ends the caller's reference */

FelKeyringState fel_keyring_state (const FelKeyring *self);
/* Is it unlocked, seen so with our own eyes a second ago at most? Not every service tells when it locks. */
gboolean fel_keyring_was_seen_unlocked (const FelKeyring *self, gint64 now_usec);
const char *fel_keyring_state_name (FelKeyringState state);

/* Finds the service and its default collection; fine to call again. */
void fel_keyring_open (FelKeyring *self, FelKeyringDone done, gpointer user_data);

/* Opens, then makes sure that the collection is unlocked; asks the user only when interactive. */
void fel_keyring_unlock (FelKeyring *self, gboolean interactive, FelKeyringDone done, gpointer user_data);

/* result: GPtrArray of FelKeyringItem. Locked items count; a collection that is locked and shows none is KeyringLocked. */
void fel_keyring_load (FelKeyring *self, const char *schema, FelKeyringDone done, gpointer user_data);

/* result: const char *path of the one item that holds the secret now. replace: an item with the same attributes gets the
 * new secret instead.
 *
 * Success is certain as far as a service can be asked: the item that it says it made has been seen there. An attempt
 * that fails or is in doubt is followed by a look whether the item is there all the same, then by another attempt, at
 * most three in all and within 20 s. Attempts after the first replace, so that one that was given up and is carried
 * out late makes no second item; the attributes must therefore be the item's own (an id). A later store of the same
 * attributes ends these attempts. The error is that of the first attempt. After an error the item may still turn up. */
void fel_keyring_store (FelKeyring *self, const char *label, GHashTable *attributes, const FelSecret *secret,
                        gboolean replace, FelKeyringDone done, gpointer user_data);

/* result: const char *path of an item in the default collection whose attributes include these, locked or not; NULL when
 * the service has answered that there is none. Whatever keeps it from answering is an error. Opens first. */
void fel_keyring_find (FelKeyring *self, GHashTable *attributes, FelKeyringDone done, gpointer user_data);

/* A store that was given up is being cancelled. It ends soon, or by its deadline. */
gboolean fel_keyring_holds_secrets (const FelKeyring *self);

typedef struct FelKeyringLook
{
  gboolean locked;
  gint64 modified_sec; /* 0: the service does not tell */
} FelKeyringLook;

/* result: FelKeyringLook. Tells whether what was read of an item would be read again. */
void fel_keyring_look (FelKeyring *self, const char *path, FelKeyringDone done, gpointer user_data);

/* result: FelSecret. interactive: a service that wants to ask its user for this item alone may do so. */
void fel_keyring_read (FelKeyring *self, const char *path, gboolean interactive, FelKeyringDone done,
                       gpointer user_data);

/* The item gets these attributes instead of what it has. */
void fel_keyring_change (FelKeyring *self, const char *path, GHashTable *attributes, FelKeyringDone done,
                         gpointer user_data);

/* An item that is gone already is success. A service may ask its user first. */
void fel_keyring_delete (FelKeyring *self, const char *path, FelKeyringDone done, gpointer user_data);
