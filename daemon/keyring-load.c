/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keyring-private.h"

#include "felucca-names.h"

#include "error.h"

#define ITEM_DEADLINE_SEC 10
#define LOAD_DEADLINE_SEC 30
#define FETCHES_MAX 32   /* items at a time, with two calls each; a bus may allow a connection no more than 128 calls */
#define UNDER_WAY_MAX 12 /* of one load; there are two of them, and what is announced meanwhile has a deadline */

static void
item_free (gpointer data)
{
  FelKeyringItem *item = data;

  g_free (item->path);
  g_free (item->label);
  g_clear_pointer (&item->attributes, g_hash_table_unref);
  g_free (item);
}

/* One item: property by property, since gnome-keyring needs three times as long for all of them as for the ones that are
 * wanted. */

/* item: (transfer full) NULL when it has gone meanwhile, which is no error of ours. error: nothing is known of it */
typedef void (*Fetched) (FelKeyringOp *op, FelKeyringItem *item, const GError *error);

typedef struct
{
  FelKeyringOp *op; /* owned; whose deadline this shares */
  FelKeyringItem *item;
  GError *error;
  guint pending;
  Fetched done;
} Fetch;

static void fetch_go_on (FelKeyring *keyring);

static void
fetch_joined (Fetch *self)
{
  FelKeyringOp *op = self->op;

  if (--self->pending > 0)
    return;
  if (self->item->attributes == NULL)
    g_clear_pointer (&self->item, item_free);
  op->keyring->fetching--;
  self->done (op, self->item, self->error);
  fetch_go_on (op->keyring);
  fel_keyring_op_unref (op);
  g_clear_error (&self->error);
  g_free (self);
}

static void
fetch_ask (Fetch *self, const char *property, GAsyncReadyCallback callback)
{
  self->pending++;
  fel_keyring_op_ask (self->op, self->item->path, ITEM_IFACE, property, callback, self);
}

/* NULL: it failed, or is of another type. */
static GVariant *
fetch_finish (GObject *source, GAsyncResult *result, const GVariantType *type, GError **error)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, error);
  g_autoptr (GVariant) value = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(v)", &value);
  return value != NULL && g_variant_is_of_type (value, type) ? g_steal_pointer (&value) : NULL;
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fetch *self = user_data;
  g_autoptr (GVariant) value = fetch_finish (source, result, G_VARIANT_TYPE_UINT64, NULL);

  if (value != NULL)
    self->item->created_sec = (gint64) g_variant_get_uint64 (value);
  fetch_joined (self);
}

static void
on_attributes (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fetch *self = user_data;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GVariant) value = fetch_finish (source, result, G_VARIANT_TYPE ("a{ss}"), &foreign);
  GVariantIter iter;
  char *key, *text;

  if (foreign != NULL && !fel_keyring_is_gone (foreign))
    self->error = g_steal_pointer (&foreign);
  if (value != NULL)
    {
      self->item->attributes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      g_variant_iter_init (&iter, value);
      while (g_variant_iter_next (&iter, "{ss}", &key, &text))
        g_hash_table_insert (self->item->attributes, key, text);
      if (!g_hash_table_contains (self->item->attributes, FEL_KEY_CREATED))
        fetch_ask (self, "Created", on_created);
    }
  fetch_joined (self);
}

static void
on_label (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fetch *self = user_data;
  g_autoptr (GVariant) value = fetch_finish (source, result, G_VARIANT_TYPE_STRING, NULL);

  if (value != NULL)
    self->item->label = g_variant_dup_string (value, NULL);
  fetch_joined (self);
}

static void
fetch_go_on (FelKeyring *keyring)
{
  while (keyring->fetching < FETCHES_MAX && !g_queue_is_empty (&keyring->fetches))
    {
      Fetch *fetch = g_queue_pop_head (&keyring->fetches);

      keyring->fetching++;
      fetch_ask (fetch, "Attributes", on_attributes);
      fetch_ask (fetch, "Label", on_label);
    }
}

static void
item_fetch (FelKeyringOp *op, const char *path, Fetched done)
{
  Fetch *fetch = g_new0 (Fetch, 1);

  fetch->op = fel_keyring_op_ref (op);
  fetch->item = g_new0 (FelKeyringItem, 1);
  fetch->item->path = g_strdup (path);
  fetch->done = done;
  g_queue_push_tail (&op->keyring->fetches, fetch);
  fetch_go_on (op->keyring);
}

/* op->path: only of one that is said to be deleted, which may only mean that the service has locked, or read its file
 * anew. */
static void
on_asked (FelKeyringOp *op, FelKeyringItem *item, const GError *error)
{
  FelKeyring *keyring = op->keyring;

  if (item != NULL && !keyring->closed)
    keyring->listener.item_put (item, keyring->user_data);
  else if (op->path != NULL && error == NULL && !keyring->closed)
    keyring->listener.item_removed (op->path, keyring->user_data);
  g_clear_pointer (&item, item_free);
}

void
fel_keyring_item_ask (FelKeyring *self, const char *path, gboolean said_deleted)
{
  g_autoptr (FelKeyringOp) op = fel_keyring_op_new (self, "show an item", ITEM_DEADLINE_SEC, fel_keyring_no_answer,
                                                    NULL);

  op->path = said_deleted ? g_strdup (path) : NULL;
  item_fetch (op, path, on_asked);
}

/* All of them */

static void load_go_on (FelKeyringOp *op);

static void
on_loaded (FelKeyringOp *op, FelKeyringItem *item, const GError *error)
{
  op->pending--;
  if (item != NULL)
    g_ptr_array_add (op->items, item);
  if (fel_keyring_op_is_over (op))
    return;
  if (error != NULL)
    fel_keyring_op_fail (op, error); /* what is left out would count as deleted */
  else
    load_go_on (op);
}

static void
load_go_on (FelKeyringOp *op)
{
  while (op->paths->len > 0 && op->pending < UNDER_WAY_MAX)
    {
      g_autofree char *path = g_ptr_array_steal_index_fast (op->paths, op->paths->len - 1);

      op->pending++;
      item_fetch (op, path, on_loaded);
    }
  if (op->pending == 0)
    fel_keyring_op_succeed (op, op->items);
}

void
fel_keyring_load (FelKeyring *self, const char *schema, FelKeyringDone done, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = fel_keyring_op_new (self, "list its items", LOAD_DEADLINE_SEC, done, user_data);

  if (!fel_keyring_op_has_service (op))
    return;
  op->items = g_ptr_array_new_with_free_func (item_free);
  op->attributes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (op->attributes, g_strdup ("xdg:schema"), g_strdup (schema));
  fel_keyring_op_search (op, load_go_on);
}
