/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keyring-private.h"

#include "error.h"

#define FIND_DEADLINE_SEC 15 /* opening may be part of it */

typedef struct
{
  FelKeyringDone done;
  gpointer user_data;
} Find;

GHashTable *
fel_keyring_copy_attributes (GHashTable *attributes)
{
  GHashTable *copy = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer key, value;

  g_hash_table_iter_init (&iter, attributes);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_hash_table_insert (copy, g_strdup (key), g_strdup (value));
  return copy;
}

static void
search_add (FelKeyringOp *op, char **found)
{
  for (; found != NULL && *found != NULL; found++)
    if (fel_keyring_has_item_path (op->keyring, *found))
      g_ptr_array_add (op->paths, g_strdup (*found));
}

static void
on_searched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_auto (GStrv) unlocked = NULL;
  g_auto (GStrv) locked = NULL;
  g_autoptr (GError) foreign = NULL;
  gboolean answered = secret_service_search_for_dbus_paths_finish (SECRET_SERVICE (source), result, &unlocked, &locked,
                                                                   &foreign);

  if (fel_keyring_op_is_over (op))
    return;
  if (!answered)
    {
      fel_keyring_op_fail (op, foreign);
      return;
    }
  /* Without knowing the collection, nothing can be said of what is in it. */
  if (!fel_keyring_op_has_service (op))
    return;
  op->paths = g_ptr_array_new_with_free_func (g_free);
  search_add (op, unlocked);
  search_add (op, locked);
  op->found (op);
}

static void
search_ask (FelKeyringOp *op)
{
  secret_service_search_for_dbus_paths (op->keyring->service, NULL, op->attributes, op->cancellable, on_searched,
                                        fel_keyring_op_ref (op));
}

static void
on_items_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &foreign);
  g_autoptr (GVariant) items = NULL;
  g_autoptr (GError) hidden = NULL;

  if (fel_keyring_op_is_over (op))
    return;
  if (reply == NULL)
    {
      fel_keyring_op_fail (op, foreign);
      return;
    }
  if (!fel_keyring_op_has_service (op))
    return;
  g_variant_get (reply, "(v)", &items);
  if (g_variant_is_of_type (items, G_VARIANT_TYPE ("ao")) && g_variant_n_children (items) > 0)
    {
      search_ask (op);
      return;
    }
  hidden = g_error_new (FEL_ERROR, FEL_ERROR_KEYRING_LOCKED,
                        "the keyring is locked and does not show what is in it; unlock it and try again");
  fel_keyring_op_fail_with (op, hidden);
}

/* A collection may show nothing while it is locked. To search it then finds nothing, which is no answer, and makes some
 * services show their prompt and leave every caller waiting for it. */
void
fel_keyring_op_search (FelKeyringOp *op, FelKeyringStep found)
{
  FelKeyring *self = op->keyring;

  op->found = found;
  if (self->state != FEL_KEYRING_LOCKED)
    search_ask (op);
  else
    fel_keyring_op_ask (op, self->collection, COLLECTION_IFACE, "Items", on_items_shown, fel_keyring_op_ref (op));
}

static void
search_found (FelKeyringOp *op)
{
  fel_keyring_op_succeed (op, op->paths);
}

static void
search_opened (FelKeyringOp *op)
{
  fel_keyring_op_search (op, search_found);
}

void
fel_keyring_search (FelKeyring *self, GHashTable *attributes, guint deadline_sec, FelKeyringDone done,
                    gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = fel_keyring_op_new (self, "look for an item", deadline_sec, done, user_data);

  op->attributes = fel_keyring_copy_attributes (attributes);
  fel_keyring_op_open (op, search_opened);
}

static void
on_find_searched (gpointer result, const GError *error, gpointer user_data)
{
  g_autofree Find *find = user_data;
  GPtrArray *paths = result;

  find->done (paths != NULL && paths->len > 0 ? paths->pdata[0] : NULL, error, find->user_data);
}

void
fel_keyring_find (FelKeyring *self, GHashTable *attributes, FelKeyringDone done, gpointer user_data)
{
  Find *find = g_new (Find, 1);

  find->done = done;
  find->user_data = user_data;
  fel_keyring_search (self, attributes, FIND_DEADLINE_SEC, on_find_searched, find);
}
