/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keyring-private.h"

#include <string.h>

#include "error.h"

/* Two attempts of a service that hangs and is asked in between, or three of one that fails at once. */
#define STORE_TOTAL_SEC 20
#define STORE_ATTEMPT_SEC 8
#define STORE_LOOK_SEC 4

/* After each attempt, before the look. The long one is for a service that was killed and is started again. */
static const guint pauses_msec[] = { 100, 1000, 0 };

#define STORE_ATTEMPTS_MAX G_N_ELEMENTS (pauses_msec)

typedef struct Store
{
  grefcount refs;
  FelKeyring *keyring;   /* owned, like all here */
  FelKeyringOp *total;   /* the whole of it, with its deadline */
  FelKeyringOp *attempt; /* not owned: the one under way, or NULL */
  FelKeyringDone done;
  gpointer user_data;
  char *label;
  GHashTable *attributes;
  FelSecret *secret;
  gboolean replace;
  gboolean superseded; /* by a later store of the same attributes: what is older must not overwrite it */
  guint attempts;
  GError *first_error;
} Store;

static void
store_unref (Store *self)
{
  if (!g_ref_count_dec (&self->refs))
    return;
  fel_keyring_op_unref (self->total);
  fel_secret_unref (self->secret);
  g_hash_table_unref (self->attributes);
  g_free (self->label);
  g_clear_error (&self->first_error);
  self->keyring->n_secrets_held--;
  fel_keyring_unref (self->keyring);
  g_free (self);
}

static Store *
store_ref (Store *self)
{
  g_ref_count_inc (&self->refs);
  return self;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Store, store_unref)

static gboolean
attributes_equal (GHashTable *a, GHashTable *b)
{
  GHashTableIter iter;
  gpointer key, value;

  if (g_hash_table_size (a) != g_hash_table_size (b))
    return FALSE;
  g_hash_table_iter_init (&iter, a);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (g_strcmp0 (g_hash_table_lookup (b, key), value) != 0)
      return FALSE;
  return TRUE;
}

/* Storing: attempt → pause → look → attempt … */

static void store_attempt (Store *self);

static gboolean
store_is_over (const Store *self)
{
  return fel_keyring_op_is_over (self->total);
}

/* Once, by the deadline of the whole: what comes later finds it over. */
static void
on_total (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (Store) self = user_data;

  g_ptr_array_remove_fast (self->keyring->stores, self);
  if (self->attempt != NULL)
    g_cancellable_cancel (self->attempt->cancellable); /* it holds the secret */
  self->done (result, error != NULL && self->first_error != NULL ? self->first_error : error, self->user_data);
}

/* It was not there when it was looked for, or could not be looked for. */
static void
store_try_again (Store *self)
{
  if (self->attempts == STORE_ATTEMPTS_MAX || self->superseded)
    {
      fel_keyring_op_fail_with (self->total, self->first_error);
      return;
    }
  /* An attempt that was given up may be carried out yet, before this one: then this must not make a second item. */
  self->replace = TRUE;
  store_attempt (self);
}

static const char *
store_find_secret (const Store *self, GHashTable *values)
{
  GHashTableIter iter;
  gpointer path, value;

  g_hash_table_iter_init (&iter, values);
  while (g_hash_table_iter_next (&iter, &path, &value))
    {
      gsize len;
      const char *bytes = secret_value_get (value, &len);

      if (len == self->secret->len && memcmp (bytes, self->secret->bytes, len) == 0)
        return path;
    }
  return NULL;
}

static void
on_secrets (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GHashTable) values = secret_service_get_secrets_for_dbus_paths_finish (SECRET_SERVICE (source), result,
                                                                                    &foreign);

  if (fel_keyring_op_is_over (op))
    return;
  if (values == NULL)
    fel_keyring_op_fail (op, foreign);
  else
    fel_keyring_op_succeed (op, (gpointer) store_find_secret (op->user_data, values));
}

static void
on_read_back (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (Store) self = user_data;

  if (store_is_over (self))
    return;
  if (result != NULL)
    fel_keyring_op_succeed (self->total, result);
  else
    store_try_again (self);
}

static void
store_read_back (Store *self, GPtrArray *paths)
{
  g_autoptr (FelKeyringOp) op = fel_keyring_op_new (self->keyring, "read back a secret", STORE_LOOK_SEC, on_read_back,
                                                    store_ref (self));

  if (!fel_keyring_op_has_service (op))
    return;
  g_ptr_array_add (paths, NULL);
  secret_service_get_secrets_for_dbus_paths (self->keyring->service, (const char **) paths->pdata, op->cancellable,
                                             on_secrets, fel_keyring_op_ref (op));
}

static void
on_looked (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (Store) self = user_data;
  GPtrArray *paths = result;

  if (store_is_over (self))
    return;
  if (paths != NULL && paths->len > 0)
    store_read_back (self, paths);
  else
    store_try_again (self);
}

static gboolean
on_pause_over (gpointer user_data)
{
  g_autoptr (Store) self = user_data;

  if (!store_is_over (self))
    fel_keyring_search (self->keyring, self->attributes, STORE_LOOK_SEC, on_looked, store_ref (self));
  return G_SOURCE_REMOVE;
}

static void
on_attempted (gpointer result, const GError *error, gpointer user_data)
{
  g_autoptr (Store) self = user_data;

  self->attempt = NULL;
  if (store_is_over (self))
    return;
  if (error == NULL)
    {
      fel_keyring_op_succeed (self->total, result);
      return;
    }
  if (self->first_error == NULL)
    self->first_error = g_error_copy (error);
  if (g_error_matches (error, FEL_ERROR, FEL_ERROR_PROMPT_DISMISSED))
    {
      fel_keyring_op_fail_with (self->total, error); /* somebody has said no: that is not asked again */
      return;
    }
  g_timeout_add (pauses_msec[self->attempts - 1], on_pause_over, store_ref (self));
}

static void
on_confirmed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &foreign);

  if (fel_keyring_op_is_over (op))
    return;
  if (reply == NULL)
    fel_keyring_op_fail (op, foreign);
  else
    fel_keyring_op_succeed (op, op->path);
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GError) dismissed = NULL;

  g_free (op->path);
  op->path = secret_service_create_item_dbus_path_finish (SECRET_SERVICE (source), result, &foreign);
  if (fel_keyring_op_is_over (op))
    return;
  if (foreign != NULL)
    {
      fel_keyring_op_fail (op, foreign);
      return;
    }
  /* libsecret takes the result of a dismissed prompt for a path. */
  if (op->path == NULL || g_str_equal (op->path, "/"))
    {
      dismissed = g_error_new (FEL_ERROR, FEL_ERROR_PROMPT_DISMISSED,
                               "the keyring asked before it would store the secret, and its prompt was dismissed");
      fel_keyring_op_fail_with (op, dismissed);
      return;
    }
  fel_keyring_op_ask (op, op->path, ITEM_IFACE, "Locked", on_confirmed, fel_keyring_op_ref (op));
}

static GHashTable *
item_properties (const char *label, GHashTable *attributes)
{
  GHashTable *properties = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_variant_unref);

  g_hash_table_insert (properties, (char *) ITEM_IFACE ".Attributes",
                       g_variant_ref_sink (fel_keyring_item_attributes (attributes)));
  g_hash_table_insert (properties, (char *) ITEM_IFACE ".Label", g_variant_ref_sink (g_variant_new_string (label)));
  return properties;
}

static void
store_attempt (Store *self)
{
  g_autoptr (FelKeyringOp) op = fel_keyring_op_new (self->keyring, "store a secret", STORE_ATTEMPT_SEC, on_attempted,
                                                    store_ref (self));
  g_autoptr (GHashTable) properties = NULL;
  SecretValue *value;

  self->attempts++;
  self->attempt = op;
  if (!fel_keyring_op_has_service (op))
    return;
  properties = item_properties (self->label, self->attributes);
  value = secret_value_new (self->secret->bytes, (gssize) self->secret->len, "text/plain");
  secret_service_create_item_dbus_path (self->keyring->service, self->keyring->collection, properties, value,
                                        self->replace ? SECRET_ITEM_CREATE_REPLACE : SECRET_ITEM_CREATE_NONE,
                                        op->cancellable, on_created, fel_keyring_op_ref (op));
  secret_value_unref (value);
}

static void
store_supersede (FelKeyring *keyring, GHashTable *attributes)
{
  for (guint i = 0; i < keyring->stores->len; i++)
    {
      Store *other = keyring->stores->pdata[i];

      other->superseded |= attributes_equal (other->attributes, attributes);
    }
}

gboolean
fel_keyring_holds_secrets (const FelKeyring *self)
{
  return self->n_secrets_held > 0;
}

void
fel_keyring_store (FelKeyring *self, const char *label, GHashTable *attributes, const FelSecret *secret,
                   gboolean replace, FelKeyringDone done, gpointer user_data)
{
  Store *store = g_new0 (Store, 1);

  g_ref_count_init (&store->refs);
  store->keyring = fel_keyring_ref (self);
  store->total = fel_keyring_op_new (self, "store a secret", STORE_TOTAL_SEC, on_total, store);
  store->done = done;
  store->user_data = user_data;
  store->label = g_strdup (label);
  store->attributes = fel_keyring_copy_attributes (attributes);
  store->secret = fel_secret_ref ((FelSecret *) secret);
  store->replace = replace;
  store_supersede (self, store->attributes);
  self->n_secrets_held++;
  g_ptr_array_add (self->stores, store);
  store_attempt (store);
}
