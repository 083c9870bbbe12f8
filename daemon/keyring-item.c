/* SPDX-FileCopyrightText: The felucca authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "keyring-private.h"

#include "error.h"

#define ITEM_DEADLINE_SEC 10

/* Looking */

static void
on_looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &foreign);
  g_autoptr (GVariant) properties = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
  FelKeyringLook look = { .locked = TRUE };
  guint64 modified = 0;

  if (fel_keyring_op_is_over (op))
    return;
  if (reply == NULL)
    {
      fel_keyring_op_fail (op, foreign);
      return;
    }
  g_variant_lookup (properties, "Locked", "b", &look.locked);
  if (g_variant_lookup (properties, "Modified", "t", &modified))
    look.modified_sec = (gint64) modified;
  if (!look.locked && op->keyring->collection != NULL && fel_keyring_has_item_path (op->keyring, op->path))
    op->keyring->seen_usec = g_get_monotonic_time ();
  fel_keyring_op_succeed (op, &look);
}

void
fel_keyring_look (FelKeyring *self, const char *path, FelKeyringDone done, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = fel_keyring_op_new (self, "show an item", ITEM_DEADLINE_SEC, done, user_data);

  op->path = g_strdup (path);
  if (fel_keyring_op_has_service (op))
    g_dbus_connection_call (self->connection, SECRETS_NAME, path, PROPERTIES_IFACE, "GetAll",
                            g_variant_new ("(s)", ITEM_IFACE), G_VARIANT_TYPE ("(a{sv})"),
                            G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, op->cancellable, on_looked, fel_keyring_op_ref (op));
}

/* Read, delete */

static void read_ask (FelKeyringOp *op);

static void
read_fail (FelKeyringOp *op, FelError code, const char *why)
{
  g_autoptr (GError) error = g_error_new_literal (FEL_ERROR, (int) code, why);

  fel_keyring_op_fail_with (op, error);
}

static void
on_item_unlocked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  int n = secret_service_unlock_dbus_paths_finish (SECRET_SERVICE (source), result, NULL, &foreign);

  if (fel_keyring_op_is_over (op))
    return;
  if (foreign != NULL)
    fel_keyring_op_fail (op, foreign);
  else if (n <= 0)
    read_fail (op, FEL_ERROR_PROMPT_DISMISSED,
               "the keyring does not hand out the item: its prompt was dismissed or could not be shown");
  else if (fel_keyring_op_has_service (op))
    read_ask (op);
}

/* Some ask for each item and each program that wants it, though the collection is unlocked. */
static void
read_prompt (FelKeyringOp *op)
{
  const char *paths[] = { op->path, NULL };

  op->prompted = TRUE;
  fel_keyring_op_prompts (op);
  secret_service_unlock_dbus_paths (op->keyring->service, paths, op->cancellable, on_item_unlocked,
                                    fel_keyring_op_ref (op));
}

/* The service may not know ours, or have got its keys wrong: KWallet 5.103 does now and then, and shows nothing. */
static void
read_in_another_session (FelKeyringOp *op)
{
  op->asked_again = TRUE;
  op->keyring->in_doubt = TRUE;
  fel_keyring_op_open (op, read_ask);
}

/* The service left the item out of its answer, which it does with locked ones and with ones that are gone. */
static void
on_item_lock (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &foreign);
  g_autoptr (GVariant) value = NULL;
  gboolean is_open;

  if (fel_keyring_op_is_over (op))
    return;
  if (reply == NULL)
    {
      fel_keyring_op_fail (op, foreign);
      return;
    }
  if (!fel_keyring_op_has_service (op))
    return;
  g_variant_get (reply, "(v)", &value);
  is_open = g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN) && !g_variant_get_boolean (value);
  if (is_open && !op->asked_again)
    read_in_another_session (op);
  else if (is_open)
    read_fail (op, FEL_ERROR_NOT_FOUND, "the keyring does not hand out the item");
  else if (op->keyring->state != FEL_KEYRING_UNLOCKED)
    read_fail (op, FEL_ERROR_KEYRING_LOCKED, "the keyring is locked; unlock it and try again");
  else if (op->interactive && !op->prompted)
    read_prompt (op);
  else
    read_fail (op, FEL_ERROR_KEYRING_LOCKED,
               "the keyring wants to ask before it hands out the item; try again with prompts");
}

static void
read_ask_lock (FelKeyringOp *op)
{
  fel_keyring_op_ask (op, op->path, ITEM_IFACE, "Locked", on_item_lock, fel_keyring_op_ref (op));
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  SecretValue *value = secret_service_get_secret_for_dbus_path_finish (SECRET_SERVICE (source), result, &foreign);
  g_autoptr (FelSecret) secret = NULL;

  if (value != NULL)
    {
      gsize len;
      const char *bytes = secret_value_get (value, &len);

      secret = fel_secret_new (bytes, len);
      secret_value_unref (value);
    }
  if (fel_keyring_op_is_over (op))
    return;
  /* Some write what an item says of itself at once, and its secret later: killed in between, they come back with nothing
   * in it. Nothing that we store is empty. */
  if (secret != NULL && secret->len == 0)
    read_fail (op, FEL_ERROR_NOT_FOUND, "the keyring has lost what the item held");
  else if (secret != NULL)
    fel_keyring_op_succeed (op, secret);
  else if (foreign == NULL || g_error_matches (foreign, SECRET_ERROR, SECRET_ERROR_IS_LOCKED))
    read_ask_lock (op);
  else if (!op->asked_again && fel_keyring_doubt (op->keyring, foreign))
    read_in_another_session (op);
  else
    fel_keyring_op_fail (op, foreign);
}

static void
read_ask (FelKeyringOp *op)
{
  secret_service_get_secret_for_dbus_path (op->keyring->service, op->path, op->cancellable, on_read,
                                           fel_keyring_op_ref (op));
}

void
fel_keyring_read (FelKeyring *self, const char *path, gboolean interactive, FelKeyringDone done, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = fel_keyring_op_new (self, "read a secret", ITEM_DEADLINE_SEC, done, user_data);

  op->path = g_strdup (path);
  op->interactive = interactive;
  if (fel_keyring_op_has_service (op))
    read_ask (op);
}

GVariant *
fel_keyring_item_attributes (GHashTable *attributes)
{
  GVariantBuilder builder;
  GHashTableIter iter;
  gpointer key, value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_hash_table_iter_init (&iter, attributes);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_variant_builder_add (&builder, "{ss}", key, value);
  return g_variant_builder_end (&builder);
}

static void
on_changed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &foreign);

  if (fel_keyring_op_is_over (op))
    return;
  if (reply != NULL)
    fel_keyring_op_succeed (op, NULL);
  else
    fel_keyring_op_fail (op, foreign);
}

void
fel_keyring_change (FelKeyring *self, const char *path, GHashTable *attributes, FelKeyringDone done, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = fel_keyring_op_new (self, "change an item", ITEM_DEADLINE_SEC, done, user_data);

  if (fel_keyring_op_has_service (op))
    g_dbus_connection_call (self->connection, SECRETS_NAME, path, PROPERTIES_IFACE, "Set",
                            g_variant_new ("(ssv)", ITEM_IFACE, "Attributes", fel_keyring_item_attributes (attributes)),
                            NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, op->cancellable, on_changed,
                            fel_keyring_op_ref (op));
}

/* What the prompt says is not the same everywhere, and one that could not be shown looks like a dismissed one. */
static void
on_delete_looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &foreign);

  if (fel_keyring_op_is_over (op))
    return;
  if (reply != NULL)
    read_fail (op, FEL_ERROR_PROMPT_DISMISSED,
               "the keyring keeps the item: its prompt was dismissed or could not be shown");
  else if (fel_keyring_is_gone (foreign))
    fel_keyring_op_succeed (op, NULL);
  else
    fel_keyring_op_fail (op, foreign);
}

static void
on_delete_prompted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  G_GNUC_UNUSED g_autoptr (GVariant) said = secret_service_prompt_at_dbus_path_finish (SECRET_SERVICE (source), result,
                                                                                       &foreign);

  if (fel_keyring_op_is_over (op))
    return;
  fel_keyring_op_ask (op, op->path, ITEM_IFACE, "Locked", on_delete_looked, fel_keyring_op_ref (op));
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = user_data;
  g_autoptr (GError) foreign = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &foreign);
  const char *prompt;

  if (fel_keyring_op_is_over (op))
    return;
  if (reply == NULL && fel_keyring_is_gone (foreign))
    {
      fel_keyring_op_succeed (op, NULL);
      return;
    }
  if (reply == NULL)
    {
      fel_keyring_op_fail (op, foreign);
      return;
    }
  g_variant_get (reply, "(&o)", &prompt);
  if (g_str_equal (prompt, "/"))
    fel_keyring_op_succeed (op, NULL);
  else if (fel_keyring_op_has_service (op))
    {
      fel_keyring_op_prompts (op);
      secret_service_prompt_at_dbus_path (op->keyring->service, prompt, NULL, op->cancellable, on_delete_prompted,
                                          fel_keyring_op_ref (op));
    }
}

/* Not libsecret's: it does not tell a dismissed prompt from a deleted item, nor waiting for it from a service that hangs. */
void
fel_keyring_delete (FelKeyring *self, const char *path, FelKeyringDone done, gpointer user_data)
{
  g_autoptr (FelKeyringOp) op = fel_keyring_op_new (self, "delete an item", ITEM_DEADLINE_SEC, done, user_data);

  op->path = g_strdup (path);
  if (fel_keyring_op_has_service (op))
    g_dbus_connection_call (self->connection, SECRETS_NAME, path, ITEM_IFACE, "Delete", NULL, G_VARIANT_TYPE ("(o)"),
                            G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, op->cancellable, on_deleted, fel_keyring_op_ref (op));
}
